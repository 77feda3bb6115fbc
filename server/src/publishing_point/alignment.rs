//! Redundant encoders: which of them fit together.
//!
//! While one encoder delivers a track, another one has to show that both cut alike before its fragments
//! count: one of them starts and ends where one of the other's does, or goes on exactly where the other
//! has got to and lasts as long as its last. Until then they wait: none is lost should the first encoder die
//! meanwhile. So who is skewed, or cuts elsewhere, never harms the encoder that was there.
//!
//! A fragment that begins inside one that is there, or further away than redundant encoders may be
//! apart, is a misfit. After so many of them in a row the encoder is sent away. The younger one, even if
//! it was aligned once: clocks drift.

use std::time::Duration;

use smooth::Span;

use super::broadcast::Broadcast;
use super::session::Mark;
use super::track::{SessionId, Track, Waiting, rounding};
use crate::archive::TrackId;

/// How an encoder stands to those that deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It cuts as they do.
    Aligned,
    /// Not known yet.
    Unknown,
    /// It does not.
    Misaligned(Misfit),
}

/// The latest fragment of an encoder that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Its start on the broadcast's timeline, in ticks.
    pub start: i64,
    /// The nearest start of a fragment that is there, or where the track ends; in ticks.
    pub nearest: i64,
}

impl Broadcast {
    /// Whether a fragment of `session` at `mark` shows that it is aligned with others on track `id`; it
    /// shows as much of them. Starts and ends that are `tolerance` ticks apart are the same.
    pub(super) fn matches(&mut self, session: SessionId, id: TrackId, mark: Mark, tolerance: u64) -> bool {
        let track = &self.tracks[id];
        let reach = self.rules.max_lag.saturating_mul(track.spec.timescale.get().into());
        if !track.is_near(&mark, reach) {
            return false;
        }
        let mut matched = track.has_twin(&mark, tolerance);
        for (_, other) in self.sessions.others(session, id) {
            if other.recent.iter().any(|m| m.is_like(&mark, tolerance)) {
                matched = true;
                other.aligned = true;
                other.unmatched.clear();
            }
            // Or it goes on where the other has got to.
            matched |= other.recent.back().is_some_and(|m| m.next().is_like(&mark, tolerance));
        }
        self.sessions.feed(session, id).aligned |= matched;
        matched
    }

    /// How `session` stands on track `id`, after a fragment at `mark` that [`matches`](Self::matches) or
    /// not.
    #[allow(clippy::too_many_arguments, reason = "the facts of one arrival, gathered once")]
    pub(super) fn standing(
        &mut self,
        now: Duration,
        session: SessionId,
        id: TrackId,
        mark: Mark,
        tolerance: u64,
        patience: Duration,
        matched: bool,
    ) -> Standing {
        let track = &self.tracks[id];
        let reach = self.rules.max_lag.saturating_mul(track.spec.timescale.get().into());
        let feed = self.sessions.feed(session, id);
        feed.note(mark, matched);
        let misfits = feed.unmatched.iter().filter(|m| track.misfits(m, tolerance, reach)).count();
        let aligned = feed.aligned;
        if misfits < self.rules.max_unaligned as usize {
            return if aligned { Standing::Aligned } else { Standing::Unknown };
        }
        let mut is_elder = false;
        for (_, other) in self.sessions.others(session, id).filter(|(other, _)| *other > session) {
            if aligned && other.aligned && other.is_recent(now, patience) {
                is_elder = true;
                other.aligned = false;
            }
        }
        if is_elder {
            // It was kept out by the younger one, but it did deliver.
            self.sessions.delivered(now, session, id);
            self.sessions.feed(session, id).unmatched.clear();
            return Standing::Aligned;
        }
        Standing::Misaligned(Misfit { start: mark.start, nearest: track.nearest(mark.start) })
    }
}

impl Track {
    /// Whether `mark` is not further from the end than `reach`.
    fn is_near(&self, mark: &Mark, reach: u64) -> bool {
        mark.start.abs_diff(signed(self.end().unwrap_or(0))) <= reach
    }

    /// Whether a fragment is there that starts and lasts like `mark`.
    pub(super) fn has_twin(&self, mark: &Mark, tolerance: u64) -> bool {
        let from = u64::try_from(mark.start).unwrap_or(0).saturating_sub(tolerance);
        self.after(from).take(2).any(|m| m.is_like(mark, tolerance))
    }

    /// Where a fragment of `session` at `mark` starts in place of a copy by another encoder that waits
    /// behind a hole, because it begins nearer to what is before, and not before `floor`. Copies are no
    /// more than `apart` ticks apart.
    pub(super) fn bridge(&self, session: SessionId, mark: &Mark, apart: u64, floor: u64) -> Option<u64> {
        let like = |w: &Waiting| w.session != session && Mark::from(w.span).is_like(mark, apart);
        let at = self.pending.iter().position(like)?;
        let before = match at.checked_sub(1) {
            Some(before) => self.pending.get(before)?.span.end(),
            None => self.settled_end?,
        };
        let start = u64::try_from(mark.start).unwrap_or(0).max(before).max(floor);
        let nearer = start.saturating_add(rounding(self.spec.timescale)) < self.pending.get(at)?.span.time;
        let next = self.pending.get(at.saturating_add(1)).map_or(u64::MAX, |w| w.span.time);
        let end = u64::try_from(mark.next().start).unwrap_or(0);
        (nearer && (start + 1..=next).contains(&end)).then_some(start)
    }

    /// Whether `mark`, which no other encoder had, cannot belong to what they deliver.
    fn misfits(&self, mark: &Mark, tolerance: u64, reach: u64) -> bool {
        let Ok(start) = u64::try_from(mark.start) else { return true };
        if !self.is_near(mark, reach) {
            return true;
        }
        let from = start.saturating_add(tolerance);
        let before = self.entries.floor(from).map(|e| e.span);
        let waiting = self.pending.iter().map(|w| w.span).take_while(|s| s.time <= from).last();
        let own = |s: &Span| Mark::from(*s).is_like(mark, tolerance);
        [before, waiting].into_iter().flatten().any(|s| s.end() > from && !own(&s))
    }

    /// See [`Misfit::nearest`].
    fn nearest(&self, start: i64) -> i64 {
        let from = u64::try_from(start).unwrap_or(0);
        let before = self.entries.floor(from).map(|e| signed(e.span.time));
        let after = self.after(from).next().map(|m| m.start);
        let end = self.end().map(signed);
        [before, after, end].into_iter().flatten().min_by_key(|t| t.abs_diff(start)).unwrap_or(0)
    }

    /// Fragments that start at `time` or later, by their places.
    fn after(&self, time: u64) -> impl Iterator<Item = Mark> {
        let published = self.entries.from(time).map(|e| e.span);
        let waiting = self.pending.iter().map(|w| w.span).filter(move |s| s.time >= time);
        published.chain(waiting).map(Mark::from)
    }
}

fn signed(ticks: u64) -> i64 {
    i64::try_from(ticks).unwrap_or(i64::MAX)
}
