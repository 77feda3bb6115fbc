//! What the network carries, measured fragment by fragment.
//!
//! Requests run beside each other on one link, so their bytes are counted together, over the time in
//! which at least one of them receives. The time to the first byte is kept apart: an origin may hold a
//! request until the fragment exists, and that says nothing about the network. Time for each bit is what is
//! averaged, not bits in a time: it adds up, and a moment of great speed does not hide a slow one.

use crate::engine::time::Bound;

/// How long a bit takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::engine) struct Pace {
    /// Seconds per bit.
    pub(in crate::engine) mean: f64,
    /// By what part of it the last fragments took longer than was thought before.
    pub(in crate::engine) spread: f64,
}

impl Pace {
    /// Takes in the `pace` of a fragment. One that was there sooner than it plays weighs as much as one that
    /// took its duration.
    fn add(&mut self, pace: f64, weight: f64) {
        let late = (pace / self.mean - 1.0).at_least(0.0).at_most(LATEST);
        self.spread += (late - self.spread) * weight / (weight + SPREAD_MEMORY);
        self.mean += (pace - self.mean) * weight / (weight + MEAN_MEMORY);
    }
}

/// Measures a [`Pace`].
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Meter {
    /// Its mean is 0 before a fragment has come.
    pace: Pace,
    /// 0 before a first byte has come.
    latency: f64,
    receiving: u32,
    since: f64,
    /// Since the last fragment: bytes, and seconds in which they came.
    bytes: u64,
    busy: f64,
}

impl Meter {
    /// A response begins at `now`.
    pub(in crate::engine) fn start(&mut self, now: f64) {
        self.account(now);
        self.receiving = self.receiving.saturating_add(1);
    }

    /// How long a request waited for its first byte, where nothing held it.
    pub(in crate::engine) fn first_byte(&mut self, waited: f64) {
        self.latency += (waited - self.latency) * 0.5;
    }

    /// `bytes` more arrived.
    pub(in crate::engine) fn receive(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// A response ended, or was given up: `bytes` of a fragment of `duration` seconds.
    pub(in crate::engine) fn stop(&mut self, now: f64, bytes: u64, duration: f64) {
        self.account(now);
        self.receiving = self.receiving.saturating_sub(1);
        // A small one beside a large one says little of its own.
        if self.bytes < SMALL || bytes.saturating_mul(2) < self.bytes {
            return;
        }
        let seconds = self.busy.at_least(QUICK);
        // A response from a cache arrives at no network's speed: none counts for more than this.
        let mean = (seconds / (self.bytes as f64 * 8.0)).at_least(self.pace.mean / OUTLIER);
        if self.pace.mean == 0.0 {
            self.pace = Pace { mean, spread: UNKNOWN };
        }
        self.pace.add(mean, seconds.at_least(duration));
        self.bytes = 0;
        self.busy = 0.0;
    }

    /// What came since the last fragment says nothing: nobody looked at the clock.
    pub(in crate::engine) fn forget(&mut self) {
        (self.receiving, self.bytes, self.busy) = (0, 0, 0.0);
    }

    /// What was measured; before that, what `initial` bits/s would say.
    pub(in crate::engine) fn pace(&self, initial: f64) -> Pace {
        if self.pace.mean > 0.0 {
            self.pace
        } else {
            Pace { mean: 1.0 / initial.at_least(1.0), spread: UNKNOWN }
        }
    }

    /// Bits/s; 0 before the first measurement.
    pub(in crate::engine) fn throughput(&self) -> f64 {
        if self.pace.mean > 0.0 { 1.0 / self.pace.mean } else { 0.0 }
    }

    /// Seconds to the first byte.
    pub(in crate::engine) fn latency(&self) -> f64 {
        self.latency
    }

    fn account(&mut self, now: f64) {
        if self.receiving > 0 {
            self.busy += now - self.since;
        }
        self.since = now;
    }
}

/// Seconds of downloading after which the mean has forgotten half …
const MEAN_MEMORY: f64 = 1.8;
/// … and the spread.
const SPREAD_MEMORY: f64 = 20.0;
/// No fragment counts as later than by so many times what was thought.
const LATEST: f64 = 3.0;
/// Spread of a network that is not known yet.
const UNKNOWN: f64 = 0.5;
/// No fragment comes in fewer seconds: bytes that wait in buffers arrive all at once.
const QUICK: f64 = 0.05;
/// Fewer bytes measure the latency, not the network.
const SMALL: u64 = 16 << 10;
/// How many times as fast as thought one fragment may be.
const OUTLIER: f64 = 8.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn transfer(meter: &mut Meter, from: f64, bytes: u64, seconds: f64) {
        meter.start(from);
        meter.receive(bytes);
        meter.stop(from + seconds, bytes, 2.0);
    }

    #[test]
    fn a_falling_rate_shows_with_the_next_fragment() {
        let mut meter = Meter::default();
        for i in 0..5 {
            transfer(&mut meter, f64::from(i) * 2.0, 750_000, 1.0);
        }
        assert!((meter.throughput() - 6e6).abs() < 1e5);
        let steady = meter.pace(1e6).spread;
        transfer(&mut meter, 10.0, 250_000, 2.0);
        assert!(meter.throughput() < 2.5e6, "{}", meter.throughput());
        assert!(meter.pace(1e6).spread > steady);
    }

    #[test]
    fn responses_beside_each_other_count_together() {
        let mut meter = Meter::default();
        meter.start(0.0);
        meter.start(0.0);
        meter.receive(250_000);
        meter.stop(0.5, 20_000, 2.0);
        meter.receive(250_000);
        meter.stop(1.0, 480_000, 2.0);
        assert!((meter.throughput() - 4e6).abs() < 1e5, "{}", meter.throughput());
    }

    #[test]
    fn idle_time_and_cached_answers_do_not_count() {
        let mut meter = Meter::default();
        assert_eq!((meter.throughput(), meter.pace(1e6).mean), (0.0, 1e-6));
        transfer(&mut meter, 0.0, 125_000, 1.0);
        transfer(&mut meter, 60.0, 125_000, 1.0);
        assert!((meter.throughput() - 1e6).abs() < 1e4);
        transfer(&mut meter, 90.0, 5_000_000, 0.001);
        assert!(meter.throughput() < 2e6, "{}", meter.throughput());
    }
}
