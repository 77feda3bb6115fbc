//! What viewers ask of a publishing point, counted without a lock on the way of the media.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Requests and bytes of every output, over the life of the point.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Smooth Streaming: manifests and fragments.
    pub smooth: Output,
    /// HTTP Live Streaming, in both forms: playlists and segments.
    pub apple: Output,
    /// DASH: manifests and segments.
    pub dash: Output,
}

/// One output.
#[derive(Debug, Default)]
pub struct Output {
    /// Answers.
    pub requests: Meter,
    /// Their bodies, in bytes.
    pub bytes: Meter,
    /// Answers by the hundreds of their status, from 200 on.
    statuses: [AtomicU64; 4],
}

/// What [`Output::statuses`] counts, in order.
pub const STATUSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

impl Output {
    /// Counts one answer with this `status` and `bytes` of body.
    pub fn count(&self, status: u16, bytes: u64) {
        self.requests.add(1);
        self.bytes.add(bytes);
        let class = usize::from(status / 100).checked_sub(2);
        if let Some(count) = class.and_then(|at| self.statuses.get(at)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Answers so far, by [`STATUSES`].
    #[must_use]
    pub fn statuses(&self) -> [u64; 4] {
        self.statuses.each_ref().map(|count| count.load(Ordering::Relaxed))
    }
}

/// A sum, and how fast it grew in the last seconds.
#[derive(Debug, Default)]
pub struct Meter {
    total: AtomicU64,
    /// One a second, in turn: the second in the upper bits, what came in it in the lower `AMOUNT`.
    slots: [AtomicU64; SLOTS],
}

impl Meter {
    /// Adds `amount` now.
    pub fn add(&self, amount: u64) {
        self.add_in(second(), amount);
    }

    /// Everything so far.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Amount a second, over the last ten whole seconds.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.rate_in(second())
    }

    fn add_in(&self, second: u64, amount: u64) {
        self.total.fetch_add(amount, Ordering::Relaxed);
        let Some(slot) = self.slots.get(second as usize % SLOTS) else { return };
        let change = |old: u64| {
            let before = if old >> AMOUNT == second { old & LARGEST } else { 0 };
            Some(second << AMOUNT | before.saturating_add(amount).min(LARGEST))
        };
        let _ = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
    }

    fn rate_in(&self, second: u64) -> f64 {
        let span = OVER.min(second);
        let slots = self.slots.iter().map(|s| s.load(Ordering::Relaxed));
        let recent = slots.filter(|s| (second - span..second).contains(&(s >> AMOUNT)));
        let sum: u64 = recent.map(|s| s & LARGEST).sum();
        if span == 0 { 0.0 } else { sum as f64 / span as f64 }
    }
}

/// Seconds since the process first asked.
fn second() -> u64 {
    static BORN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BORN.elapsed().as_secs() & (u64::MAX >> AMOUNT)
}

/// Seconds over which a rate is taken: a multiple of the usual lengths of fragments, or it would go up and
/// down with the one fragment that just is in or out.
const OVER: u64 = 10;

/// More than `OVER`, so that the second that is running has a place of its own.
const SLOTS: usize = 12;

/// Bits of a slot's amount.
const AMOUNT: u32 = 40;

const LARGEST: u64 = (1 << AMOUNT) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart_by_status() {
        let output = Output::default();
        for status in [200, 204, 304, 404, 412, 503, 100, 999] {
            output.count(status, 10);
        }
        assert_eq!(output.statuses(), [2, 1, 2, 1]);
        assert_eq!((output.requests.total(), output.bytes.total()), (8, 80));
    }

    #[test]
    fn a_rate_is_that_of_the_last_whole_seconds() {
        let meter = Meter::default();
        for second in 10..20 {
            meter.add_in(second, 100);
            meter.add_in(second, 20);
        }
        meter.add_in(20, 1_000_000);
        assert_eq!(meter.rate_in(20), 120.0);
        assert_eq!(meter.total(), 1_001_200);
        assert_eq!(meter.rate_in(22), (8.0 * 120.0 + 1_000_000.0) / 10.0);
        assert_eq!(meter.rate_in(100), 0.0);
        assert_eq!(meter.rate_in(0), 0.0);
        // A slot is used again, and holds what fits.
        meter.add_in(32, u64::MAX);
        assert_eq!(meter.rate_in(33), LARGEST as f64 / 10.0);
    }
}
