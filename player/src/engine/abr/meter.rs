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
    /// Seconds per bit over a longer time.
    pub(in crate::engine) calm: f64,
}

impl Pace {
    /// Nothing is known yet but a mean.
    fn guess(mean: f64) -> Self {
        Self { mean, spread: UNKNOWN, calm: mean }
    }

    /// As it counts while `ahead` seconds are buffered: the more there is, the less a dent matters, which is
    /// over before the buffer is.
    pub(in crate::engine) fn with(mut self, ahead: f64) -> Self {
        let share = ((ahead - PRESSED) / EASED).at_least(0.0).at_most(CALM);
        self.mean += (self.calm - self.mean).at_most(0.0) * share;
        self
    }
}

/// What a bit took on average, over a time of its own.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    /// Seconds per bit.
    mean: f64,
    /// By what part the next fragment differed from it, lately.
    miss: f64,
}

impl Memory {
    fn add(&mut self, pace: f64, weight: f64, memory: f64) {
        let miss = ((pace / self.mean).at_least(self.mean / pace) - 1.0).at_most(FARTHEST);
        self.miss += (miss - self.miss) * weight / (weight + MISS_MEMORY);
        self.mean += (pace - self.mean) * weight / (weight + memory);
    }

    /// What it counts for: the less the worse it was.
    fn doubt(&self) -> f64 {
        let square = self.miss * self.miss;
        square * square
    }
}

/// The last moments of receiving.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    seconds: f64,
    bits: f64,
}

impl Moments {
    /// `memory` seconds at the pace of `mean`, to begin with.
    fn at(mean: f64, memory: f64) -> Self {
        Self { seconds: memory, bits: memory / mean }
    }

    fn pass(&mut self, seconds: f64, memory: f64) {
        let kept = memory / (memory + seconds);
        self.seconds = self.seconds * kept + seconds;
        self.bits *= kept;
    }

    /// Seconds per bit.
    fn pace(&self) -> f64 {
        self.seconds / self.bits.at_least(1.0)
    }
}

/// How long a bit takes at this moment, in seconds.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Present {
    /// Over a few moments.
    pub(in crate::engine) usual: f64,
    /// Over the last alone.
    pub(in crate::engine) sudden: f64,
}

/// Measures a [`Pace`].
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Meter {
    /// Its mean is 0 before a fragment has come.
    pace: Pace,
    /// The last fragment, nearly, for networks that change and stay changed …
    fast: Memory,
    /// … and the last few, for those that waver. The better prophet of late counts for more.
    slow: Memory,
    /// 0 before a first byte has come.
    latency: f64,
    receiving: u32,
    since: f64,
    /// Since the last fragment: bytes, and seconds in which they came.
    bytes: u64,
    busy: f64,
    /// Seconds since the last byte.
    silent: f64,
    usual: Moments,
    sudden: Moments,
}

impl Meter {
    /// A response begins at `now`.
    pub(in crate::engine) fn start(&mut self, now: f64) {
        self.account(now);
        self.silent = 0.0;
        if self.receiving == 0 && self.pace.mean > 0.0 {
            self.usual = Moments::at(self.pace.mean, USUAL);
            self.sudden = Moments::at(self.pace.mean, SUDDEN);
        }
        self.receiving = self.receiving.saturating_add(1);
    }

    /// How long a request waited for its first byte, where nothing held it.
    pub(in crate::engine) fn first_byte(&mut self, waited: f64) {
        self.latency += (waited - self.latency) * 0.5;
    }

    /// `bytes` more arrived until `now`.
    pub(in crate::engine) fn receive(&mut self, now: f64, bytes: u64) {
        self.account(now);
        if bytes > 0 {
            self.silent = 0.0;
        }
        self.bytes = self.bytes.saturating_add(bytes);
        let bits = bytes as f64 * 8.0;
        self.usual.bits += bits;
        self.sudden.bits += bits;
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
            self.pace = Pace::guess(mean);
            self.fast = Memory { mean, miss: UNKNOWN };
            self.slow = Memory { mean, miss: UNKNOWN * 1.4 };
        }
        // One that was there sooner than it plays weighs as much as one that took its duration.
        self.add(mean, seconds.at_least(duration));
        self.bytes = 0;
        self.busy = 0.0;
    }

    fn add(&mut self, pace: f64, weight: f64) {
        let late = (pace / self.pace.mean - 1.0).at_least(0.0).at_most(FARTHEST);
        self.pace.spread += (late - self.pace.spread) * weight / (weight + SPREAD_MEMORY);
        self.pace.calm += (pace - self.pace.calm) * weight / (weight + CALM_MEMORY);
        self.fast.add(pace, weight, FAST);
        self.slow.add(pace, weight, SLOW);
        let (fast, slow) = (self.fast.doubt() + 1e-9, self.slow.doubt() + 1e-9);
        self.pace.mean = (self.fast.mean * slow + self.slow.mean * fast) / (fast + slow);
    }

    /// What came since the last fragment says nothing: nobody looked at the clock.
    pub(in crate::engine) fn forget(&mut self) {
        (self.receiving, self.bytes, self.busy) = (0, 0, 0.0);
    }

    /// What was measured; before that, what `initial` bits/s would say.
    pub(in crate::engine) fn pace(&self, initial: f64) -> Pace {
        if self.pace.mean > 0.0 { self.pace } else { Pace::guess(1.0 / initial.at_least(1.0)) }
    }

    /// What `now` holds for a fragment that has not ended. Silence says nothing of it: no level comes
    /// through that, and after it the network may be as it was.
    pub(in crate::engine) fn present(&mut self, now: f64) -> Present {
        self.account(now);
        Present { usual: self.usual.pace(), sudden: self.sudden.pace() }
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
        let passed = now - self.since;
        self.since = now;
        if self.receiving > 0 {
            self.busy += passed;
            let flowing = passed.at_most((SILENCE - self.silent).at_least(0.0));
            self.silent += passed;
            self.usual.pass(flowing, USUAL);
            self.sudden.pass(flowing, SUDDEN);
        }
    }
}

/// Seconds of downloading after which a memory has forgotten half …
const FAST: f64 = 0.5;
const SLOW: f64 = 5.5;
/// … the longest one …
const CALM_MEMORY: f64 = 20.0;
/// … the spread …
const SPREAD_MEMORY: f64 = 40.0;
/// … how well a memory foretold …
const MISS_MEMORY: f64 = 30.0;
/// … and the moments of a fragment under way.
const USUAL: f64 = 2.5;
const SUDDEN: f64 = 1.0;
/// Seconds without a byte after which it is silent.
const SILENCE: f64 = 0.5;
/// Up to so many seconds buffered a dent counts in full …
const PRESSED: f64 = 2.0;
/// … and with so many more it hardly does: to this part the long memory takes its place.
const EASED: f64 = 8.0;
const CALM: f64 = 0.9;
/// No fragment counts as farther from what was thought.
const FARTHEST: f64 = 3.0;
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
        meter.receive(from + seconds, bytes);
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
        meter.receive(0.5, 250_000);
        meter.stop(0.5, 20_000, 2.0);
        meter.receive(1.0, 250_000);
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
        // At 40 Gbit/s: believed three times as fast at most, and only until the network speaks again.
        transfer(&mut meter, 90.0, 5_000_000, 0.001);
        assert!(meter.throughput() < 3e6, "{}", meter.throughput());
        transfer(&mut meter, 91.0, 125_000, 1.0);
        assert!(meter.throughput() < 1.3e6, "{}", meter.throughput());
    }

    #[test]
    fn what_wavers_is_averaged_and_what_changes_is_followed() {
        let mut meter = Meter::default();
        let mut at = 0.0;
        let mut fragment = |meter: &mut Meter, rate: f64| {
            transfer(meter, at, (rate * 0.25) as u64, 2.0);
            at += 2.0;
            meter.throughput()
        };
        // Twice as fast every other time: the mean of the times is 3.6 Mbit/s.
        let wavering: Vec<f64> =
            (0..40).map(|i| fragment(&mut meter, if i % 2 == 0 { 2.7e6 } else { 5.4e6 })).collect();
        assert!(wavering[20..].iter().all(|rate| (3e6..4.5e6).contains(rate)), "{wavering:?}");
        let steady: Vec<f64> = (0..20).map(|_| fragment(&mut meter, 3.6e6)).collect();
        assert!((steady[19] - 3.6e6).abs() < 1e5);
        fragment(&mut meter, 1e6);
        assert!(fragment(&mut meter, 1e6) < 1.3e6);
    }

    #[test]
    fn the_present_follows_what_arrives_and_not_silence() {
        let mut meter = Meter::default();
        for i in 0..5 {
            transfer(&mut meter, f64::from(i) * 2.0, 750_000, 1.0);
        }
        meter.start(10.0);
        let before = meter.present(10.0);
        assert!((before.usual * 6e6 - 1.0).abs() < 0.1 && (before.sudden * 6e6 - 1.0).abs() < 0.1);
        let silent = meter.present(16.0);
        assert!(silent.usual < before.usual * 1.5, "{silent:?}");
        for step in 1..=20 {
            meter.receive(16.0 + f64::from(step) * 0.1, 12_500);
        }
        let slow = meter.present(18.0);
        assert!(slow.usual < slow.sudden && slow.sudden > 0.5e-6, "{slow:?}");
    }
}
