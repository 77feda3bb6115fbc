//! Ticks and their timescale. Time is `u64` ticks everywhere; seconds exist only at the very edge.

use core::num::NonZeroU32;

/// Ticks per second. Never zero, so a division by it needs no check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timescale(NonZeroU32);

impl Timescale {
    /// 10 000 000 ticks per second (100 ns), the format's default.
    pub const DEFAULT: Self = match NonZeroU32::new(10_000_000) {
        Some(n) => Self(n),
        None => unreachable!(),
    };

    /// 1000 ticks per second, the unit of captions.
    pub const MILLISECONDS: Self = match NonZeroU32::new(1000) {
        Some(n) => Self(n),
        None => unreachable!(),
    };

    /// 90 000 ticks per second, the unit of transport streams.
    pub const NINETY_KILOHERTZ: Self = match NonZeroU32::new(90_000) {
        Some(n) => Self(n),
        None => unreachable!(),
    };

    /// A timescale of `ticks` per second; `None` for zero and for more than 32 bits, which no media
    /// header can carry.
    #[must_use]
    pub fn new(ticks: u64) -> Option<Self> {
        u32::try_from(ticks).ok().and_then(NonZeroU32::new).map(Self)
    }

    /// Ticks per second.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// `ticks` of this timescale in seconds. Exact to the nanosecond below 2^53 ticks; for later times
    /// subtract an origin first.
    #[must_use]
    pub fn seconds(self, ticks: u64) -> f64 {
        let per_second = u64::from(self.get());
        // Whole seconds and the rest apart: an absolute time of 1.7e16 ticks keeps its fraction.
        (ticks / per_second) as f64 + (ticks % per_second) as f64 / per_second as f64
    }

    /// `seconds` in ticks of this timescale, to the nearest tick; saturates, and is zero for negative
    /// numbers and NaN.
    #[must_use]
    pub fn ticks(self, seconds: f64) -> u64 {
        (seconds * f64::from(self.get()) + 0.5) as u64
    }

    /// `ticks` of this timescale in ticks of `to`, rounded down; saturates.
    #[must_use]
    pub fn rescale(self, ticks: u64, to: Self) -> u64 {
        if self == to {
            return ticks;
        }
        // In two parts, for the product may not fit; that of the second always does.
        let (from, to) = (u64::from(self.get()), u64::from(to.get()));
        let part = (ticks % from) * to / from;
        (ticks / from).saturating_mul(to).saturating_add(part)
    }
}

impl Default for Timescale {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// When a fragment begins and how long it lasts, in ticks of its stream's timescale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Start, in ticks since the zero point of the presentation.
    pub time: u64,
    /// Duration in ticks.
    pub duration: u64,
}

impl Span {
    /// First tick after the span; saturates.
    #[must_use]
    pub const fn end(self) -> u64 {
        self.time.saturating_add(self.duration)
    }

    /// The start as a signed number. An encoder whose sound begins before zero (AAC priming) writes a
    /// negative start in two's complement: 2^64 - 213 333 is 213 333 ticks before zero, not 58,000 years
    /// after it.
    #[must_use]
    pub const fn signed_time(self) -> i64 {
        self.time.cast_signed()
    }

    /// Whether `time` lies in the span.
    #[must_use]
    pub const fn contains(self, time: u64) -> bool {
        self.time <= time && time < self.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_above_2_to_the_53_keep_every_tick() {
        let t = 17_472_959_488_675_333;
        assert_eq!(Timescale::DEFAULT.rescale(t, Timescale::DEFAULT), t);
        let ms = Timescale::new(1000).unwrap();
        assert_eq!(Timescale::DEFAULT.rescale(t, ms), 1_747_295_948_867);
        assert_eq!(ms.rescale(1_747_295_948_867, Timescale::DEFAULT), 17_472_959_488_670_000);
    }

    proptest::proptest! {
        #[test]
        fn rescaling_is_exact_for_every_number(ticks: u64, from in 1..=u32::MAX, to in 1..=u32::MAX) {
            let wide = u128::from(ticks) * u128::from(to) / u128::from(from);
            let (from, to) = (Timescale::new(from.into()).unwrap(), Timescale::new(to.into()).unwrap());
            proptest::prop_assert_eq!(from.rescale(ticks, to), u64::try_from(wide).unwrap_or(u64::MAX));
        }
    }

    #[test]
    fn seconds_round_trip_and_saturate() {
        assert_eq!(Timescale::DEFAULT.ticks(2.0), 20_000_000);
        assert_eq!(Timescale::DEFAULT.ticks(-1.0), 0);
        assert_eq!(Timescale::DEFAULT.ticks(f64::NAN), 0);
        assert_eq!(Timescale::DEFAULT.ticks(f64::INFINITY), u64::MAX);
        assert!((Timescale::DEFAULT.seconds(17_000_000_000_000_001) - 1.7e9).abs() < 1e-3);
        assert_eq!(Timescale::new(0), None);
        assert_eq!(Timescale::new(1 << 32), None);
    }
}
