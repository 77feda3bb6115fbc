//! Where a stored fragment lies, in eight bytes: an index has one of these for each.

use std::num::NonZeroU64;

/// A file of the log, and a byte in it. An `Option` of it takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place(NonZeroU64);

impl Place {
    /// Byte `offset` of file `file`; `None` beyond a million files or 16 TiB.
    #[must_use]
    pub fn new(file: u32, offset: u64) -> Option<Self> {
        let high = u64::from(file).checked_add(1).filter(|&f| f < 1 << (64 - OFFSET_BITS))?;
        let low = Some(offset).filter(|&o| o < 1 << OFFSET_BITS)?;
        NonZeroU64::new(high << OFFSET_BITS | low).map(Self)
    }

    /// Number of the file in the log.
    #[must_use]
    pub fn file(self) -> u32 {
        // Made from a `u32` and one, in 20 bits.
        u32::try_from((self.0.get() >> OFFSET_BITS) - 1).unwrap_or(u32::MAX)
    }

    /// Where the `moof` begins in it.
    #[must_use]
    pub const fn offset(self) -> u64 {
        self.0.get() & ((1 << OFFSET_BITS) - 1)
    }
}

const OFFSET_BITS: u32 = 44;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_halves_come_back_and_what_does_not_fit_is_refused() {
        for (file, offset) in [(0, 0), (7, 12), ((1 << 20) - 2, (1 << 44) - 1)] {
            let place = Place::new(file, offset).unwrap();
            assert_eq!((place.file(), place.offset()), (file, offset));
        }
        assert_eq!(Place::new((1 << 20) - 1, 0), None);
        assert_eq!(Place::new(0, 1 << 44), None);
        assert_eq!(size_of::<Option<Place>>(), 8);
    }
}
