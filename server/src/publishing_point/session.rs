//! What is known of the encoder connections of a broadcast.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use smooth::Span;

use super::broadcast::Arrival;
use super::track::SessionId;
use crate::archive::TrackId;

/// One encoder connection.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Offset of its run, in units of 100 ns; `None` until its first fragment.
    pub(super) offset: Option<i64>,
    /// By the tracks of its header.
    feeds: BTreeMap<TrackId, Feed>,
}

/// What a connection did for one track.
#[derive(Debug, Default)]
pub(super) struct Feed {
    /// Encoder time of its newest fragment, in ticks.
    last: Option<i64>,
    /// When it last delivered something that was taken or would have been.
    delivered: Option<Duration>,
    /// Its latest fragments.
    pub(super) recent: VecDeque<Mark>,
    /// Those among them that no other encoder had, since the last that one had.
    pub(super) unmatched: VecDeque<Mark>,
    /// Its fragments start where those of the others do.
    pub(super) aligned: bool,
    /// Fragments that wait until that is known, and whether each was the first or jumped back.
    pub(super) waiting: VecDeque<(Arrival, bool)>,
}

/// Place of a fragment on the broadcast's timeline, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) start: i64,
    pub(super) duration: u64,
}

impl From<Span> for Mark {
    fn from(span: Span) -> Self {
        Self { start: i64::try_from(span.time).unwrap_or(i64::MAX), duration: span.duration }
    }
}

impl Mark {
    /// Where the next one would be if it lasted as long.
    pub(super) const fn next(&self) -> Self {
        Self { start: self.start.saturating_add_unsigned(self.duration), ..*self }
    }

    /// Whether both start and last alike, give or take `tolerance` ticks.
    pub(super) const fn is_like(&self, other: &Self, tolerance: u64) -> bool {
        self.start.abs_diff(other.start) <= tolerance && self.duration.abs_diff(other.duration) <= tolerance
    }
}

/// All connections.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    open: BTreeMap<SessionId, Session>,
}

impl Sessions {
    /// Adds a connection, if it is not there, with `tracks`.
    pub(super) fn open(&mut self, id: SessionId, tracks: &[TrackId]) {
        let session = self.open.entry(id).or_default();
        for &track in tracks {
            session.feeds.entry(track).or_default();
        }
    }

    /// Forgets a connection.
    pub(super) fn close(&mut self, id: SessionId) {
        self.open.remove(&id);
    }

    /// `id` delivers nothing any more.
    pub(super) fn fall_silent(&mut self, id: SessionId) {
        let feeds = self.open.get_mut(&id).map(|session| session.feeds.values_mut());
        feeds.into_iter().flatten().for_each(|feed| feed.delivered = None);
    }

    /// Who has fragments that wait, and of which tracks.
    pub(super) fn waiting(&self) -> Vec<(SessionId, TrackId)> {
        let feeds =
            self.open.iter().flat_map(|(&id, s)| s.feeds.iter().map(move |(&track, f)| (id, track, f)));
        feeds.filter(|(_, _, feed)| !feed.waiting.is_empty()).map(|(id, track, _)| (id, track)).collect()
    }

    /// Notes that `id` brought a fragment of `track` at `mark`, which starts at the encoder's time. Returns
    /// whether its encoder may have begun anew: it does not follow the one before, or is the first and at
    /// the beginning of all time. The first one elsewhere is of an encoder that was away, or stood by.
    pub(super) fn arrived(&mut self, id: SessionId, track: TrackId, mark: &Mark) -> bool {
        let feed = self.feed(id, track);
        let (before, follows) = (feed.last, feed.last.is_some_and(|last| mark.start > last));
        if !follows {
            // Whatever it was before, it has to show anew where it belongs.
            *feed = Feed { delivered: feed.delivered, ..Feed::default() };
        }
        feed.last = Some(mark.start);
        let begins = mark.start < i64::try_from(mark.duration).unwrap_or(i64::MAX);
        !follows && (begins || before.is_some())
    }

    /// Notes that the fragment was good.
    pub(super) fn delivered(&mut self, now: Duration, id: SessionId, track: TrackId) {
        self.feed(id, track).delivered = Some(now);
    }

    /// What `id` did for `track`.
    pub(super) fn feed(&mut self, id: SessionId, track: TrackId) -> &mut Feed {
        self.open.entry(id).or_default().feeds.entry(track).or_default()
    }

    /// What connections other than `id` did for `track`.
    pub(super) fn others(
        &mut self,
        id: SessionId,
        track: TrackId,
    ) -> impl Iterator<Item = (SessionId, &mut Feed)> {
        let others = self.open.iter_mut().filter(move |(other, _)| **other != id);
        others.filter_map(move |(&other, session)| Some((other, session.feeds.get_mut(&track)?)))
    }

    /// Whether `id` is known to be aligned on `track`.
    pub(super) fn is_aligned(&self, id: SessionId, track: TrackId) -> bool {
        self.open.get(&id).and_then(|s| s.feeds.get(&track)).is_some_and(|feed| feed.aligned)
    }

    /// A fragment of `track` that has waited and can be placed now.
    pub(super) fn release(&mut self, track: TrackId) -> Option<(SessionId, Arrival, bool)> {
        self.open.iter_mut().find_map(|(&id, session)| {
            let feed = session.feeds.get_mut(&track).filter(|feed| feed.aligned)?;
            let (arrival, fresh) = feed.waiting.pop_front()?;
            Some((id, arrival, fresh))
        })
    }

    /// Bytes of fragments that wait.
    pub(super) fn bytes(&self) -> u64 {
        let feeds = self.open.values().flat_map(|session| session.feeds.values());
        feeds.flat_map(|feed| &feed.waiting).map(|(arrival, _)| arrival.media.size()).sum()
    }

    /// Whether an encoder of some of `tracks`, one that delivers or has just come, has not got to `time`, in
    /// ticks, on any of them: it may still bring what is before.
    pub(super) fn may_fill(&self, now: Duration, tracks: &[TrackId], time: u64, patience: Duration) -> bool {
        // Aligned encoders may be a little apart.
        let near = |m: &Mark| m.start.saturating_add_unsigned(m.duration / 4);
        let reached = |m: &Mark| u64::try_from(near(m)).is_ok_and(|start| start >= time);
        self.open.values().any(|session| {
            let feeds = || tracks.iter().filter_map(|id| session.feeds.get(id));
            let is_new = feeds().next().is_some() && feeds().all(|f| f.delivered.is_none());
            (is_new || feeds().any(|f| f.is_recent(now, patience)))
                && !feeds().any(|f| f.recent.back().is_some_and(reached))
        })
    }

    /// Whether an encoder of the text tracks `tracks` has not got to `time`, in ticks, and may bring what is
    /// before: its newest is no more than `reach` ticks behind, or no older than `last`, the newest one that
    /// is published.
    pub(super) fn may_caption(&self, tracks: &[TrackId], last: Option<u64>, time: u64, reach: u64) -> bool {
        let lags = |mark: &Mark| {
            let start = u64::try_from(mark.start).unwrap_or(0);
            start < time && (time - start <= reach || last.is_none_or(|last| start >= last))
        };
        let feeds = self.open.values().flat_map(|s| tracks.iter().filter_map(|id| s.feeds.get(id)));
        feeds.filter_map(|feed| feed.recent.back()).any(lags)
    }

    /// Whether a connection other than `id` delivered to `track` within `patience`.
    pub(super) fn rival(&self, now: Duration, id: SessionId, track: TrackId, patience: Duration) -> bool {
        self.open.keys().any(|&other| other != id && self.alive(now, other, track, patience))
    }

    /// Whether a connection other than `id` delivered to any track within `patience`.
    pub(super) fn company(&self, now: Duration, id: SessionId, patience: Duration) -> bool {
        let recent = |feed: &Feed| feed.is_recent(now, patience);
        self.open.iter().any(|(&other, session)| other != id && session.feeds.values().any(recent))
    }

    /// Whether `id` delivered to `track` within `patience`.
    pub(super) fn alive(&self, now: Duration, id: SessionId, track: TrackId, patience: Duration) -> bool {
        self.open.get(&id).and_then(|s| s.feeds.get(&track)).is_some_and(|feed| feed.is_recent(now, patience))
    }

    /// Offset of the run of `id`.
    pub(super) fn offset(&self, id: SessionId) -> Option<i64> {
        self.open.get(&id)?.offset
    }

    /// Puts `id` on the run with `offset`.
    pub(super) fn join(&mut self, id: SessionId, offset: i64) {
        let session = self.open.entry(id).or_default();
        if session.offset.replace(offset).is_some_and(|before| before != offset) {
            // What is remembered is on the timeline of the run before.
            for feed in session.feeds.values_mut() {
                feed.recent.clear();
                feed.unmatched.clear();
            }
        }
    }
}

impl Feed {
    /// Whether it delivered within `patience`.
    pub(super) fn is_recent(&self, now: Duration, patience: Duration) -> bool {
        self.delivered.is_some_and(|at| now.saturating_sub(at) <= patience)
    }

    /// Remembers a fragment, and for how long it stays unmatched.
    pub(super) fn note(&mut self, mark: Mark, matched: bool) {
        remember(&mut self.recent, mark);
        if matched {
            self.unmatched.clear();
        } else {
            remember(&mut self.unmatched, mark);
        }
    }
}

fn remember(marks: &mut VecDeque<Mark>, mark: Mark) {
    if marks.len() >= MARKS {
        marks.pop_front();
    }
    marks.push_back(mark);
}

/// Fragments of a connection that are remembered by their place.
const MARKS: usize = 32;
