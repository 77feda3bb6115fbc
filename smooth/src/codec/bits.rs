//! Bit fields: fixed widths and Exp-Golomb codes.

/// Reads bits, most significant first. Every read is `None` past the end.
#[derive(Clone)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// Next bit, from the start of `bytes`.
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn bit(&mut self) -> Option<u32> {
        let byte = self.bytes.get(self.at >> 3)?;
        let shift = 7 ^ (self.at & 7);
        self.at = self.at.saturating_add(1);
        Some(u32::from(byte >> shift & 1))
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        self.bit().map(|bit| bit == 1)
    }

    /// `count` bits, at most 32.
    pub(super) fn bits(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0_u32, |value, _| Some(value << 1 | self.bit()?))
    }

    pub(super) fn skip(&mut self, count: usize) -> Option<()> {
        self.at = self.at.checked_add(count).filter(|&at| at <= self.bytes.len().saturating_mul(8))?;
        Some(())
    }

    /// `ue(v)`, ITU-T H.264 9.1.
    pub(super) fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0_u32;
        while !self.flag()? {
            zeros = zeros.saturating_add(1);
        }
        if zeros > 31 {
            return None;
        }
        (1_u32 << zeros).checked_sub(1)?.checked_add(self.bits(zeros)?)
    }

    /// `se(v)`, ITU-T H.264 9.1.1.
    pub(super) fn se(&mut self) -> Option<i64> {
        let code = i64::from(self.ue()?);
        let half = code.saturating_add(1) >> 1;
        Some(if code & 1 == 1 { half } else { half.saturating_neg() })
    }

    /// Bits not read yet.
    pub(super) const fn left(&self) -> usize {
        self.bytes.len().saturating_mul(8).saturating_sub(self.at)
    }
}

/// Writes bits, most significant first; the last byte is filled with zeros.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    free: u32,
}

impl BitWriter {
    /// The low `count` bits of `value`.
    pub(super) fn bits(&mut self, value: u32, count: u32) {
        for shift in (0..count.min(32)).rev() {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            self.free = self.free.saturating_sub(1);
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> shift & 1) as u8) << self.free;
            }
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_golomb() {
        // 1, 010, 011, 00100, 00101, and a code that does not end
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        assert_eq!([bits.ue(), bits.ue(), bits.ue()], [Some(0), Some(1), Some(2)]);
        assert_eq!([bits.se(), bits.se()], [Some(2), Some(-2)]);
        assert_eq!(bits.left(), 7);
        assert_eq!(bits.ue(), None);
        assert_eq!(Bits::new(&[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff]).ue(), None);
        assert_eq!(Bits::new(&[0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]).ue(), Some(u32::MAX - 1));
    }

    #[test]
    fn what_is_written_is_read() {
        let mut out = BitWriter::default();
        out.bits(5, 3);
        out.bits(0x1234, 13);
        out.bits(1, 1);
        let bytes = out.finish();
        assert_eq!(bytes, [0b1011_0010, 0b0011_0100, 0b1000_0000]);
        let mut bits = Bits::new(&bytes);
        assert_eq!([bits.bits(3), bits.bits(13), bits.bits(1)], [Some(5), Some(0x1234), Some(1)]);
    }
}
