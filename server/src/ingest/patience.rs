//! How long an encoder may take.

use std::time::Duration;

use tokio::time::Instant;

/// Why it took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// Nothing came.
    Idle,
    /// What came did not become a fragment.
    Slow,
    /// The server stops, and the fragment did not end.
    Stopping,
}

/// The deadlines of one connection.
#[derive(Debug)]
pub(super) struct Patience {
    idle: Duration,
    fragment: Duration,
    /// When the last bytes came.
    last: Instant,
    /// When the fragment (or header) that is not whole yet began.
    begun: Option<Instant>,
    /// Until when a stopping server waits for its end.
    stop: Option<Instant>,
}

impl Patience {
    /// `idle` without a byte, `fragment` from the first byte of one to its last.
    pub(super) const fn new(idle: Duration, fragment: Duration, now: Instant) -> Self {
        Self { idle, fragment, last: now, begun: None, stop: None }
    }

    /// The encoder sends a fragment every `duration`: three of them without a byte are enough, and one
    /// and a half are granted whatever the setting. Returns whether that changes the deadlines.
    pub(super) fn expect(&mut self, duration: Duration, setting: Duration) -> bool {
        let idle = (duration * 3).max(SHORTEST).min(setting).max(duration * 3 / 2);
        std::mem::replace(&mut self.idle, idle) != idle
    }

    /// Bytes have come; `is_whole` says whether they end with a fragment.
    pub(super) fn heard(&mut self, is_whole: bool, now: Instant) {
        self.last = now;
        self.begun = if is_whole { None } else { self.begun.or(Some(now)) };
    }

    /// The server stops: the fragment on its way is waited for, until `by` at most.
    pub(super) const fn stop(&mut self, by: Instant) {
        self.stop = Some(by);
    }

    pub(super) const fn is_stopping(&self) -> bool {
        self.stop.is_some()
    }

    /// When to look again if nothing comes.
    pub(super) fn alarm(&self) -> Instant {
        // A fragment may begin before the alarm goes off.
        let slow = self.begun.unwrap_or(self.last) + self.fragment;
        let late = slow.min(self.last + self.idle);
        self.stop.map_or(late, |by| by.min(late))
    }

    /// Whether patience has ended at `now`.
    pub(super) fn ends(&self, now: Instant) -> Option<Late> {
        if self.stop.is_some_and(|by| self.begun.is_none() || now >= by) {
            return Some(Late::Stopping);
        }
        if now >= self.last + self.idle {
            return Some(Late::Idle);
        }
        self.begun.is_some_and(|begun| now >= begun + self.fragment).then_some(Late::Slow)
    }
}

/// Of all silences that end a connection.
const SHORTEST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_fragments_of_silence_are_enough() {
        let setting = Duration::from_secs(15);
        let mut patience = Patience::new(setting, Duration::from_secs(60), Instant::now());
        for (millis, idle) in [(200, 1000), (2000, 6000), (6000, 15_000), (25_000, 37_500)] {
            assert!(patience.expect(Duration::from_millis(millis), setting));
            assert_eq!(patience.idle, Duration::from_millis(idle));
            assert!(!patience.expect(Duration::from_millis(millis), setting));
        }
    }

    #[test]
    fn silence_slowness_and_stopping_each_have_their_end() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut patience = Patience::new(Duration::from_secs(15), Duration::from_secs(60), start);
        assert_eq!((patience.alarm(), patience.ends(at(14))), (at(15), None));
        assert_eq!(patience.ends(at(15)), Some(Late::Idle));
        // A byte now and then keeps it from being idle, not from being slow.
        for now in (10..=60).step_by(10) {
            patience.heard(false, at(now));
            assert_eq!(patience.ends(at(now)), None);
        }
        assert_eq!((patience.alarm(), patience.ends(at(69))), (at(70), None));
        assert_eq!(patience.ends(at(70)), Some(Late::Slow));
        patience.heard(true, at(69));
        assert_eq!((patience.alarm(), patience.ends(at(70))), (at(84), None));
        // A stopping server waits for the end of a fragment that has begun, and for no other.
        patience.heard(false, at(72));
        patience.stop(at(75));
        assert_eq!((patience.alarm(), patience.ends(at(74))), (at(75), None));
        assert_eq!(patience.ends(at(75)), Some(Late::Stopping));
        patience.heard(true, at(74));
        assert_eq!(patience.ends(at(74)), Some(Late::Stopping));
    }
}
