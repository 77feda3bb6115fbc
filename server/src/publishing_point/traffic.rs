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
}

impl Output {
    /// Counts one answer with `bytes` of body.
    pub fn count(&self, bytes: u64) {
        self.requests.add(1);
        self.bytes.add(bytes);
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

    /// Amount a second, over the last five whole seconds.
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

/// Seconds over which a rate is taken.
const OVER: u64 = 5;

/// More than `OVER`, so that the second that is running has a place of its own.
const SLOTS: usize = 8;

/// Bits of a slot's amount.
const AMOUNT: u32 = 40;

const LARGEST: u64 = (1 << AMOUNT) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_that_of_the_last_whole_seconds() {
        let meter = Meter::default();
        for second in 10..15 {
            meter.add_in(second, 100);
            meter.add_in(second, 20);
        }
        meter.add_in(15, 1_000_000);
        assert_eq!(meter.rate_in(15), 120.0);
        assert_eq!(meter.total(), 1_000_600);
        assert_eq!(meter.rate_in(17), (3.0 * 120.0 + 1_000_000.0) / 5.0);
        assert_eq!(meter.rate_in(100), 0.0);
        assert_eq!(meter.rate_in(0), 0.0);
        // A slot is used again, and holds what fits.
        meter.add_in(23, u64::MAX);
        assert_eq!(meter.rate_in(24), LARGEST as f64 / 5.0);
    }
}
