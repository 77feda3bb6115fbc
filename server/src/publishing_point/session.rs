//! What is known of the encoder connections of a broadcast.

use std::collections::BTreeMap;
use std::time::Duration;

use super::track::SessionId;
use crate::archive::TrackId;

/// One encoder connection.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Offset of its run, in units of 100 ns; `None` until its first fragment.
    pub(super) offset: Option<i64>,
    feeds: BTreeMap<TrackId, Feed>,
}

/// What a connection did for one track.
#[derive(Debug, Default)]
struct Feed {
    /// Encoder time of its newest fragment, in ticks.
    last: Option<i64>,
    /// When it last delivered something that was taken or would have been.
    delivered: Option<Duration>,
}

/// All connections.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    open: BTreeMap<SessionId, Session>,
}

impl Sessions {
    /// Adds a connection, if it is not there.
    pub(super) fn open(&mut self, id: SessionId) {
        self.open.entry(id).or_default();
    }

    /// Forgets a connection.
    pub(super) fn close(&mut self, id: SessionId) {
        self.open.remove(&id);
    }

    /// Notes that `id` brought a fragment of `track` that starts at the encoder's `time`. Returns
    /// whether it is the first, or does not follow the one before.
    pub(super) fn arrived(&mut self, id: SessionId, track: TrackId, time: i64) -> bool {
        let feed = self.open.entry(id).or_default().feeds.entry(track).or_default();
        feed.last.replace(time).is_none_or(|last| time <= last)
    }

    /// Notes that the fragment was good.
    pub(super) fn delivered(&mut self, now: Duration, id: SessionId, track: TrackId) {
        let feed = self.open.entry(id).or_default().feeds.entry(track).or_default();
        feed.delivered = Some(now);
    }

    /// Whether a connection other than `id` delivered to `track` within `patience`.
    pub(super) fn rival(&self, now: Duration, id: SessionId, track: TrackId, patience: Duration) -> bool {
        self.open.keys().any(|&other| other != id && self.alive(now, other, track, patience))
    }

    /// Whether a connection other than `id` delivered to any track within `patience`.
    pub(super) fn company(&self, now: Duration, id: SessionId, patience: Duration) -> bool {
        let recent = |feed: &Feed| feed.recent(now, patience);
        self.open.iter().any(|(&other, session)| other != id && session.feeds.values().any(recent))
    }

    /// Whether `id` delivered to `track` within `patience`.
    pub(super) fn alive(&self, now: Duration, id: SessionId, track: TrackId, patience: Duration) -> bool {
        self.open.get(&id).and_then(|s| s.feeds.get(&track)).is_some_and(|feed| feed.recent(now, patience))
    }

    /// Offset of the run of `id`.
    pub(super) fn offset(&self, id: SessionId) -> Option<i64> {
        self.open.get(&id)?.offset
    }

    /// Puts `id` on the run with `offset`.
    pub(super) fn join(&mut self, id: SessionId, offset: i64) {
        self.open.entry(id).or_default().offset = Some(offset);
    }
}

impl Feed {
    fn recent(&self, now: Duration, patience: Duration) -> bool {
        self.delivered.is_some_and(|at| now.saturating_sub(at) <= patience)
    }
}
