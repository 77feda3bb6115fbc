//! Runs: how the times of encoders that begin anew are mapped to one timeline. See `placement` for the
//! rules and `broadcast` for the idea; here they meet the tracks and connections of a broadcast.

use std::time::Duration;

use smooth::manifest::Kind;
use smooth::{Span, Timescale};

use super::broadcast::{Arrival, Broadcast};
use super::placement::{Bounds, Candidate, Verdict};
use super::session::Mark;
use super::track::SessionId;
use crate::archive::TrackId;

impl Broadcast {
    #[allow(clippy::too_many_arguments, reason = "the facts of one arrival, gathered once")]
    pub(super) fn judge(
        &self,
        now: Duration,
        session: SessionId,
        id: TrackId,
        arrival: &Arrival,
        mapped: i64,
        step: u64,
        patience: Duration,
        fresh: bool,
    ) -> Verdict {
        let track = &self.tracks[id];
        let text = track.spec.kind == Kind::Text;
        let timescale = track.spec.timescale;
        let per_second = u64::from(timescale.get());
        let mut bounds = Bounds {
            end: 0,
            resend: self.resend_window(step, timescale, text),
            jump: self.rules.max_jump.saturating_mul(per_second),
            tolerance: if text { 0 } else { per_second / 10 },
        };
        let mut candidate = Candidate {
            mapped,
            duration: arrival.duration,
            rival: false,
            fresh,
            twin: None,
            bridge: None,
            fits: false,
            known: false,
        };
        let Some(end) = track.end() else {
            // A track without a fragment begins wherever its encoder is, but not before the broadcast,
            // and not with a restarted encoder's first times under the run of the one before.
            let edge = to_ticks(self.end(), timescale);
            bounds.end = to_ticks(self.begin, timescale);
            bounds.jump =
                if self.is_empty() { u64::MAX } else { bounds.jump.saturating_add(edge - bounds.end) };
            let lag = i64::try_from(edge).unwrap_or(i64::MAX).saturating_sub(mapped);
            let behind = u64::try_from(lag).is_ok_and(|lag| lag > bounds.resend);
            // Captions may begin at any time, on a connection of their own.
            let alone = !text
                && self.sessions.offset(session).is_none()
                && !self.sessions.company(now, session, patience);
            if behind && alone {
                return Verdict::Restart;
            }
            candidate.fresh = true;
            return candidate.judge(&bounds);
        };
        bounds.end = end;
        candidate.rival = self.sessions.rival(now, session, id, patience);
        candidate.known = !fresh && self.sessions.is_aligned(session, id);
        let slack = (arrival.duration / 4).max(bounds.tolerance);
        candidate.twin = track.with_raw(mapped, slack).map(|e| {
            let same = e.media.as_ref().is_none_or(|m| m.mdat == arrival.media.mdat);
            e.hash == arrival.media.hash && same
        });
        if !text {
            // Aligned encoders may be a frame apart.
            let mark = Mark { start: mapped, duration: arrival.duration };
            let apart = bounds.tolerance.min(arrival.duration / 4);
            if candidate.twin.is_none() && (candidate.rival || !fresh) && track.has_twin(&mark, apart) {
                candidate.twin = Some(false);
            }
            let floor = self.stream(id).map_or(0, |s| s.end);
            candidate.bridge = track.bridge(session, &mark, apart, floor);
        }
        candidate.fits = u64::try_from(mapped).is_ok_and(|time| {
            let stream = self.stream(id);
            let span = Span { time, duration: arrival.duration };
            let place = stream.is_some_and(|s| {
                time >= s.end || s.chunks.at(time).is_some() || s.has_room(span, self.rules.look_ahead)
            });
            // Captions may overlap.
            place && if text { track.is_free_at(time) } else { track.is_free(span) }
        });
        candidate.judge(&bounds)
    }

    /// Starts a run at the end of the broadcast, with the encoder's `time` in ticks.
    pub(super) fn restart(
        &mut self,
        now: Duration,
        session: SessionId,
        timescale: Timescale,
        time: i64,
        patience: Duration,
    ) {
        let media = self.streams.iter().filter(|s| s.kind != Kind::Text);
        let published = media.map(|s| units_up(s.end, s.timescale)).max().unwrap_or(0);
        for id in 0..self.tracks.len() {
            let (sessions, spec) = (&self.sessions, &self.tracks[id].spec);
            // Captions of pictures that are out go with them.
            let out = if spec.kind == Kind::Text { to_ticks(published, spec.timescale) } else { 0 };
            self.tracks[id].abandon(|e| {
                e.span.time < out || e.session != session && sessions.alive(now, e.session, id, patience)
            });
        }
        // Priming before zero belongs to zero.
        let zero = if (-i64::from(timescale.get()) / 2..0).contains(&time) { 0 } else { time };
        let offset = self.end().saturating_sub(to_units(zero, timescale));
        self.add_run(offset);
        self.log.run(offset);
        self.sessions.join(session, offset);
    }

    pub(super) fn add_run(&mut self, offset: i64) {
        if self.runs.len() >= RUNS {
            self.runs.remove(0);
        }
        self.runs.push(offset);
    }

    /// Offset of the run under which `arrival` is nearest to the end of its track, the latest of equals;
    /// that of the latest run if it is near under none.
    pub(super) fn nearest_run(&self, id: TrackId, arrival: &Arrival, step: u64) -> i64 {
        let spec = &self.tracks[id].spec;
        let jump = self.rules.max_jump.saturating_mul(spec.timescale.get().into());
        let edge = to_ticks(self.end(), spec.timescale);
        // Captions are rare: where the broadcast is says more than where they were.
        let (end, back) = if spec.kind == Kind::Text {
            (edge, jump)
        } else {
            let resend = self.resend_window(step, spec.timescale, false);
            (self.tracks[id].end().unwrap_or(edge), resend)
        };
        let distance = |offset: i64| {
            let mapped = arrival.time.saturating_add(from_units(offset, spec.timescale));
            let ahead = i128::from(mapped) - i128::from(end);
            (-i128::from(back) <= ahead && ahead <= i128::from(jump)).then_some(ahead.abs())
        };
        let near = self.runs.iter().rev().filter_map(|&offset| Some((distance(offset)?, offset)));
        near.min_by_key(|&(distance, _)| distance)
            .or_else(|| self.runs.last().map(|&o| (0, o)))
            .map_or(0, |(_, o)| o)
    }

    /// In ticks, for a track whose fragments last `step` of them.
    fn resend_window(&self, step: u64, timescale: Timescale, text: bool) -> u64 {
        // Captions may last any time; what counts is that of the media around them.
        let step = if text { step.max(u64::from(timescale.get()) * 2) } else { step };
        step.saturating_mul(self.rules.resend_fragments.into())
    }
}

/// Ticks in units of 100 ns, rounded down.
pub(super) fn to_units(ticks: i64, timescale: Timescale) -> i64 {
    let units = (i128::from(ticks) * UNITS).div_euclid(timescale.get().into());
    i64::try_from(units).unwrap_or(if ticks < 0 { i64::MIN } else { i64::MAX })
}

/// Ticks in units of 100 ns, rounded up.
pub(super) fn units_up(ticks: u64, timescale: Timescale) -> i64 {
    let units = (i128::from(ticks) * UNITS + i128::from(timescale.get()) - 1) / i128::from(timescale.get());
    i64::try_from(units).unwrap_or(i64::MAX)
}

/// Units of 100 ns in ticks, rounded down.
pub(super) fn from_units(units: i64, timescale: Timescale) -> i64 {
    let ticks = (i128::from(units) * i128::from(timescale.get())).div_euclid(UNITS);
    i64::try_from(ticks).unwrap_or(if units < 0 { i64::MIN } else { i64::MAX })
}

pub(super) fn to_ticks(units: i64, timescale: Timescale) -> u64 {
    u64::try_from(from_units(units, timescale)).unwrap_or(0)
}

/// Per second.
const UNITS: i128 = 10_000_000;

/// Runs that a connection can still join.
const RUNS: usize = 16;
