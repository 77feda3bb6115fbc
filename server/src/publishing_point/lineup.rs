//! The streams that a broadcast is made of, as an encoder lists them before it posts them (StreamManifest,
//! [MS-SSTR] 2.2.7): viewers get nothing until all have come, but for so long at most.

use std::collections::BTreeSet;
use std::time::Duration;

use smooth::ingest::StreamRef;

/// What was listed, and when first.
#[derive(Debug, Default)]
pub(super) struct Lineup {
    listed: BTreeSet<String>,
    since: Option<Duration>,
}

/// Whether a broadcast can start.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// Everybody is there.
    Complete,
    /// These are missing, and waited for.
    Wait(Vec<String>),
    /// These are missing, and have had their time.
    Overdue(Vec<String>),
}

impl Lineup {
    /// Adds the streams of `event` that `streams` lists; one without an event is of any.
    pub(super) fn add(&mut self, event: Option<&str>, streams: &[StreamRef], now: Duration) {
        let own = |s: &&StreamRef| s.event.is_none() || s.event.as_deref() == event;
        let before = self.listed.len();
        self.listed.extend(streams.iter().filter(own).map(|s| s.id.clone()));
        if self.listed.len() > before {
            self.since.get_or_insert(now);
        }
    }

    /// When those that are missing have had their time; `None` if nobody is.
    pub(super) fn deadline(&self, most: Duration, came: impl Fn(&str) -> bool) -> Option<Duration> {
        self.listed.iter().any(|id| !came(id)).then(|| self.since.unwrap_or_default().saturating_add(most))
    }

    /// Who is missing at `now`, where `came` says whether a stream has come and `most` how long they are
    /// waited for.
    pub(super) fn call(&self, now: Duration, most: Duration, came: impl Fn(&str) -> bool) -> Call {
        let missing: Vec<_> = self.listed.iter().filter(|id| !came(id)).cloned().collect();
        match self.since {
            _ if missing.is_empty() => Call::Complete,
            Some(since) if now.saturating_sub(since) < most => Call::Wait(missing),
            _ => Call::Overdue(missing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Duration = Duration::from_secs(30);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn listed_streams_are_waited_for_and_not_for_ever() {
        let one = |event: Option<&str>, id: &str| StreamRef { event: event.map(Into::into), id: id.into() };
        let mut lineup = Lineup::default();
        assert_eq!(lineup.call(at(0), MOST, |_| false), Call::Complete);
        // What another event consists of says nothing.
        lineup.add(Some("1"), &[one(Some("2"), "x")], at(1));
        assert_eq!(lineup.call(at(1), MOST, |_| false), Call::Complete);
        lineup.add(Some("1"), &[one(None, "a"), one(Some("1"), "b")], at(5));
        lineup.add(Some("1"), &[one(None, "b"), one(None, "c")], at(20));
        let missing = vec!["b".to_owned(), "c".to_owned()];
        assert_eq!(lineup.deadline(MOST, |id| id == "a"), Some(at(35)));
        assert_eq!(lineup.deadline(MOST, |_| true), None);
        assert_eq!(lineup.call(at(34), MOST, |id| id == "a"), Call::Wait(missing.clone()));
        assert_eq!(lineup.call(at(35), MOST, |id| id == "a"), Call::Overdue(missing));
        assert_eq!(lineup.call(at(35), MOST, |_| true), Call::Complete);
        assert!(matches!(lineup.call(at(20), Duration::ZERO, |_| false), Call::Overdue(_)));
    }
}
