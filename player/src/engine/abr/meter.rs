//! What the network carries, measured while bytes arrive.
//!
//! Requests run beside each other on one link, so their bytes are counted together, over the time in
//! which at least one of them receives. The time to the first byte is kept apart: an origin may hold a
//! request until the fragment exists, and that says nothing about the network.

use crate::engine::time::Bound;

/// Estimates throughput in bits/s.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Meter {
    receiving: u32,
    since: f64,
    busy: f64,
    bytes: u64,
    fast: Mean,
    slow: Mean,
    latency: Mean,
}

impl Meter {
    /// A response begins at `now`.
    pub(in crate::engine) fn start(&mut self, now: f64) {
        self.account(now);
        self.receiving = self.receiving.saturating_add(1);
    }

    /// How long a request waited for its first byte, where nothing held it.
    pub(in crate::engine) fn first_byte(&mut self, waited: f64) {
        self.latency.add(waited, 1.0, 4.0);
    }

    /// `bytes` more arrived.
    pub(in crate::engine) fn receive(&mut self, now: f64, bytes: u64) {
        self.account(now);
        self.bytes = self.bytes.saturating_add(bytes);
        if self.busy >= SAMPLE && self.bytes >= SMALL {
            self.close();
        }
    }

    /// A response ended, or was given up.
    pub(in crate::engine) fn stop(&mut self, now: f64) {
        self.account(now);
        self.receiving = self.receiving.saturating_sub(1);
        if self.receiving == 0 {
            if self.bytes >= SMALL || (self.slow.weight == 0.0 && self.bytes > 0) {
                self.busy = self.busy.at_least(QUICK);
                self.close();
            }
            self.bytes = 0;
            self.busy = 0.0;
        }
    }

    /// Nothing but time passed: silence on an open response counts too.
    pub(in crate::engine) fn tick(&mut self, now: f64) {
        self.account(now);
        if self.busy >= SILENCE {
            self.close();
        }
    }

    /// Bits/s; `None` before the first measurement. The lower of a quick and a calm estimate: down at
    /// once, up with care.
    pub(in crate::engine) fn throughput(&self) -> Option<f64> {
        (self.slow.weight > 0.0).then(|| self.fast.value.at_most(self.slow.value))
    }

    /// Seconds to the first byte.
    pub(in crate::engine) fn latency(&self) -> f64 {
        self.latency.value
    }

    fn account(&mut self, now: f64) {
        if self.receiving > 0 {
            self.busy += now - self.since;
        }
        self.since = now;
    }

    fn close(&mut self) {
        let seconds = self.busy;
        let mut rate = self.bytes as f64 * 8.0 / seconds;
        if self.slow.weight > 0.0 {
            // A response from a cache arrives at no network's speed: no sample counts for more than this.
            rate = rate.at_most(self.slow.value.at_least(1.0) * OUTLIER);
        }
        self.fast.add(rate, seconds, 1.0);
        self.slow.add(rate, seconds, 3.0);
        self.bytes = 0;
        self.busy = 0.0;
    }
}

/// A mean that forgets: what was measured long ago weighs no more than `cap` together.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    value: f64,
    weight: f64,
}

impl Mean {
    fn add(&mut self, value: f64, weight: f64, cap: f64) {
        let total = self.weight + weight;
        if total > 0.0 {
            self.value += (value - self.value) * weight / total;
            self.weight = total.at_most(cap);
        }
    }
}

/// Length of a sample.
const SAMPLE: f64 = 0.2;
/// No sample is shorter: bytes that wait in buffers arrive all at once.
const QUICK: f64 = 0.05;
/// An open response that brings nothing for this long is a sample of its own.
const SILENCE: f64 = 0.5;
/// Fewer bytes measure the latency, not the throughput.
const SMALL: u64 = 16 << 10;
/// How many times the estimate one sample may be.
const OUTLIER: f64 = 8.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> f64 {
        n as f64 / 1000.0
    }

    fn transfer(meter: &mut Meter, from: u64, bytes_per_ms: u64, for_ms: u64) {
        meter.start(ms(from));
        for t in 1..=for_ms / 50 {
            meter.receive(ms(from + t * 50), bytes_per_ms * 50);
        }
        meter.stop(ms(from + for_ms));
    }

    #[test]
    fn a_falling_rate_shows_within_two_seconds() {
        let mut meter = Meter::default();
        for i in 0..5 {
            transfer(&mut meter, i * 2000, 750, 1000);
        }
        assert!((meter.throughput().unwrap() - 6e6).abs() < 1e5);
        transfer(&mut meter, 10_000, 125, 2000);
        assert!(meter.throughput().unwrap() < 2e6);
    }

    #[test]
    fn responses_beside_each_other_count_together() {
        let mut meter = Meter::default();
        meter.start(ms(0));
        meter.start(ms(0));
        for t in 1..=20 {
            meter.receive(ms(t * 50), 12_500);
            meter.receive(ms(t * 50), 12_500);
        }
        assert!((meter.throughput().unwrap() - 4e6).abs() < 3e5);
    }

    #[test]
    fn idle_time_and_cached_answers_do_not_count() {
        let mut meter = Meter::default();
        transfer(&mut meter, 0, 125, 1000);
        transfer(&mut meter, 60_000, 125, 1000);
        assert!((meter.throughput().unwrap() - 1e6).abs() < 1e4);
        meter.start(ms(90_000));
        meter.receive(ms(90_001), 5_000_000);
        meter.stop(ms(90_001));
        assert!(meter.throughput().unwrap() < 1.3e6);
    }

    #[test]
    fn a_link_that_went_silent_shows_without_bytes() {
        let mut meter = Meter::default();
        transfer(&mut meter, 0, 750, 2000);
        meter.start(ms(3000));
        for t in 1..=12 {
            meter.tick(ms(3000 + t * 250));
        }
        assert!(meter.throughput().unwrap() < 1e6);
    }
}
