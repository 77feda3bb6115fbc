//! Position 0: where the element's seconds meet the presentation's ticks.

use smooth::Timescale;

/// The absolute time of position 0: the earliest start of the audio and video streams in the first
/// manifest. Subtracted in ticks, so that no `f64` ever sees an absolute time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Zero {
    /// Ticks of `scale`.
    pub(super) ticks: u64,
    /// Ticks per second.
    pub(super) scale: Timescale,
}

impl Zero {
    /// The earlier of the two.
    pub(super) fn min(self, other: Self) -> Self {
        let wide = |a: Self, b: Self| u128::from(a.ticks).saturating_mul(b.scale.get().into());
        if wide(other, self) < wide(self, other) { other } else { self }
    }

    /// In ticks of `scale`, rounded down.
    pub(super) fn in_ticks(self, scale: Timescale) -> u64 {
        self.scale.rescale(self.ticks, scale)
    }

    /// Position in seconds of an absolute time; negative before position 0.
    pub(super) fn position(self, time: u64, scale: Timescale) -> f64 {
        let zero = self.in_ticks(scale);
        if time >= zero {
            scale.seconds(time.saturating_sub(zero))
        } else {
            -scale.seconds(zero.saturating_sub(time))
        }
    }

    /// Absolute time of a position, in ticks of `scale`; positions before 0 count as 0.
    pub(super) fn ticks(self, position: f64, scale: Timescale) -> u64 {
        self.in_ticks(scale).saturating_add(scale.ticks(position))
    }

    /// Absolute time of a chunk in milliseconds since position 0, saturating.
    pub(super) fn millis(self, time: u64, scale: Timescale) -> u64 {
        let since = time.saturating_sub(self.in_ticks(scale));
        Timescale::new(1000).map_or(0, |ms| scale.rescale(since, ms))
    }
}

/// Bounds of a number of seconds. `f64::max` and `f64::min` weigh both sides for NaN, at twice the code; here
/// only a NaN in front gives way.
pub(super) trait Bound: Sized {
    /// The larger of the two.
    fn at_least(self, least: Self) -> Self;
    /// The smaller of the two.
    fn at_most(self, most: Self) -> Self;
}

impl Bound for f64 {
    fn at_least(self, least: Self) -> Self {
        if self > least { self } else { least }
    }

    fn at_most(self, most: Self) -> Self {
        if self < most { self } else { most }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_near_an_epoch_time_keep_every_tick() {
        let scale = Timescale::DEFAULT;
        let zero = Zero { ticks: 17_472_959_488_675_333, scale };
        assert_eq!(zero.position(17_472_959_488_675_334, scale), 1e-7);
        assert_eq!(zero.ticks(2.0, scale), 17_472_959_508_675_333);
        assert_eq!(zero.position(17_472_959_488_675_332, scale), -1e-7);
    }

    #[test]
    fn the_earlier_start_wins_across_timescales() {
        let ms = Timescale::new(1000).unwrap();
        let a = Zero { ticks: 20_000_001, scale: Timescale::DEFAULT };
        let b = Zero { ticks: 2000, scale: ms };
        assert_eq!(a.min(b), b);
        assert_eq!(b.min(a), b);
    }
}
