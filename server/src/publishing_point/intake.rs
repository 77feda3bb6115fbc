//! How a fragment gets into a broadcast: whether its encoder is aligned with the others, where it belongs,
//! and what it releases. The rules are those of `alignment` and `placement`.

use std::sync::Arc;
use std::time::Duration;

use smooth::Span;
use smooth::boxes::delivery;
use smooth::manifest::Kind;

use super::alignment::Standing;
use super::broadcast::{Arrival, Broadcast, LONGEST, Outcome, RANGE, kept, patience};
use super::placement::Verdict;
use super::runs::from_units;
use super::session::Mark;
use super::track::{Entry, SessionId, rounding};
use crate::archive::{Media, Published, TrackId};

impl Broadcast {
    /// Takes in one fragment that connection `session` brought at `now`, a time since any fixed moment.
    pub fn accept(&mut self, now: Duration, session: SessionId, id: TrackId, arrival: Arrival) -> Outcome {
        self.absorb();
        self.now = now;
        let Some(track) = self.tracks.get(id) else { return Outcome::Unusable };
        let (kind, timescale) = (track.spec.kind, track.spec.timescale);
        let per_second = u64::from(timescale.get());
        let longest = per_second.saturating_mul(LONGEST);
        let empty = arrival.duration == 0 && kind != Kind::Text;
        if empty || arrival.duration > longest || arrival.time.unsigned_abs() > RANGE {
            return Outcome::Unusable;
        }
        let own = Mark { start: arrival.time, duration: arrival.duration };
        let fresh = self.sessions.arrived(session, id, &own);
        let step = arrival.duration.max(track.step());
        let patience = patience(step, timescale);
        let mapped = self.mapped(session, id, &arrival, step);
        let mark = Mark { start: mapped, duration: arrival.duration };
        let tolerance = (per_second / 10).min(arrival.duration / 4);
        let contested = kind != Kind::Text && self.sessions.rival(now, session, id, patience);
        // It may show where others belong, whose fragments may come before it.
        let matched = kind != Kind::Text && self.matches(session, id, mark, tolerance);
        self.release_others(now, id);
        let outcome = if contested {
            match self.standing(now, session, id, mark, tolerance, patience, matched) {
                Standing::Aligned => self.place(now, session, id, arrival, fresh),
                Standing::Unknown => self.hold(session, id, arrival, fresh),
                Standing::Misaligned(misfit) => Outcome::Misaligned(misfit),
            }
        } else {
            self.release(now, session, id);
            self.place_alone(now, session, id, arrival, fresh)
        };
        self.tracks[id].counters.count(outcome);
        // A copy tells, too, that nobody fills the hole behind which others wait.
        if let Some(at) = self.streams.iter().position(|s| s.levels.contains(&id))
            && !matches!(outcome, Outcome::Accepted { .. })
        {
            self.settle(at, Some(now));
        }
        // How far this encoder has got, and what viewers see of it, is what captions wait for.
        self.settle_text(now);
        outcome
    }

    /// Where the encoder's time is on the timeline of the broadcast, in ticks.
    fn mapped(&self, session: SessionId, id: TrackId, arrival: &Arrival, step: u64) -> i64 {
        let offset = self.sessions.offset(session).unwrap_or_else(|| self.nearest_run(id, arrival, step));
        arrival.time.saturating_add(from_units(offset, self.tracks[id].spec.timescale))
    }

    /// Keeps a fragment until it is known whether its encoder is aligned with the one that delivers.
    fn hold(&mut self, session: SessionId, id: TrackId, arrival: Arrival, fresh: bool) -> Outcome {
        let most = self.rules.max_unaligned as usize;
        let waiting = &mut self.sessions.feed(session, id).waiting;
        waiting.push_back((arrival, fresh));
        if waiting.len() > most {
            waiting.pop_front();
            self.tracks[id].counters.unaligned += 1;
        }
        Outcome::Held
    }

    /// Places what `session` brought while it was not known where that belongs: it is alone now.
    pub(super) fn release(&mut self, now: Duration, session: SessionId, id: TrackId) {
        for (arrival, fresh) in std::mem::take(&mut self.sessions.feed(session, id).waiting) {
            let outcome = self.place_alone(now, session, id, arrival, fresh);
            self.tracks[id].counters.count(outcome);
        }
    }

    /// Places what waited of encoders that are known to be aligned now.
    fn release_others(&mut self, now: Duration, id: TrackId) {
        while let Some((session, arrival, fresh)) = self.sessions.release(id) {
            let outcome = self.place(now, session, id, arrival, fresh);
            self.tracks[id].counters.count(outcome);
        }
    }

    /// Places a fragment of an encoder that has no rival, so that it says how the track is cut.
    fn place_alone(
        &mut self,
        now: Duration,
        session: SessionId,
        id: TrackId,
        arrival: Arrival,
        fresh: bool,
    ) -> Outcome {
        let (time, duration) = (arrival.time, arrival.duration);
        let step = duration.max(self.tracks[id].step());
        let mapped = self.mapped(session, id, &arrival, step);
        let outcome = self.place(now, session, id, arrival, fresh);
        let has_place = matches!(outcome, Outcome::Accepted { .. } | Outcome::Duplicate);
        // Captions are never measured against those of another encoder: this says how far it has got.
        if has_place || self.tracks[id].spec.kind == Kind::Text {
            let timescale = self.tracks[id].spec.timescale;
            // Who is always second never joins a run.
            let joined = self.sessions.offset(session);
            let start = joined.map_or(mapped, |offset| time.saturating_add(from_units(offset, timescale)));
            let feed = self.sessions.feed(session, id);
            feed.note(Mark { start, duration }, true);
            feed.aligned |= has_place;
        }
        outcome
    }

    fn place(
        &mut self,
        now: Duration,
        session: SessionId,
        id: TrackId,
        arrival: Arrival,
        fresh: bool,
    ) -> Outcome {
        let track = &self.tracks[id];
        let timescale = track.spec.timescale;
        let step = arrival.duration.max(track.step());
        let patience = patience(step, timescale);
        let mut restarted = false;
        let outcome = loop {
            let offset = match self.sessions.offset(session) {
                Some(offset) => offset,
                None => self.nearest_run(id, &arrival, step),
            };
            let mapped = arrival.time.saturating_add(from_units(offset, timescale));
            let verdict = self.judge(now, session, id, &arrival, mapped, step, patience, fresh);
            let start = match verdict {
                Verdict::Append(start) | Verdict::Insert(start) => start,
                Verdict::Replace(start) => {
                    let end = u64::try_from(mapped.saturating_add_unsigned(arrival.duration)).unwrap_or(0);
                    let track = &mut self.tracks[id];
                    track.abandon(|w| w.span.end() <= start || w.span.time >= end);
                    track.counters.conflicts += 1;
                    start
                }
                Verdict::Restart if !restarted => {
                    restarted = true;
                    self.restart(now, session, timescale, arrival.time, patience);
                    continue;
                }
                Verdict::Duplicate => break Outcome::Duplicate,
                Verdict::Conflict => break Outcome::Conflict,
                Verdict::Late | Verdict::Restart => break Outcome::Late,
            };
            self.sessions.join(session, offset);
            let end = u64::try_from(mapped.saturating_add_unsigned(arrival.duration)).unwrap_or(0);
            let span = Span { time: start, duration: end.saturating_sub(start) };
            let media = self.named(id, arrival.media);
            let hash = media.hash;
            let entry = Entry { span, hash, media: Some(media), place: None };
            break self.store(now, id, session, (entry, mapped), verdict, restarted);
        };
        if matches!(outcome, Outcome::Accepted { .. } | Outcome::Duplicate | Outcome::Conflict) {
            self.sessions.delivered(now, session, id);
        }
        outcome
    }

    /// `media` as the first header called its track: encoders may number tracks differently.
    fn named(&self, id: TrackId, media: Arc<Media>) -> Arc<Media> {
        match delivery::renumber(&media.moof, self.tracks[id].spec.id) {
            Some(moof) => Arc::new(Media { moof: moof.into(), ..Media::clone(&media) }),
            None => media,
        }
    }

    fn store(
        &mut self,
        now: Duration,
        id: TrackId,
        session: SessionId,
        (entry, raw): (Entry, i64),
        verdict: Verdict,
        restarted: bool,
    ) -> Outcome {
        let Some(at) = self.streams.iter().position(|s| s.levels.contains(&id)) else {
            return Outcome::Unusable;
        };
        let (stream, track) = (&mut self.streams[at], &mut self.tracks[id]);
        let span = entry.span;
        let gap = match (verdict, track.end()) {
            (Verdict::Append(start), Some(end)) => start.saturating_sub(end),
            _ => 0,
        };
        // Silence between captions is none.
        let gap = if stream.kind != Kind::Text && gap > rounding(stream.timescale) { gap } else { 0 };
        if span.time < stream.end {
            let kept = kept(id, &entry, raw);
            let fits = stream.chunks.at(span.time).is_some() || stream.has_room(span, self.rules.look_ahead);
            if !fits || !track.attach(entry, raw) {
                return Outcome::Unaligned;
            }
            let chunk = stream.chunks.insert(span).then(|| (stream.levels[0], span));
            self.log.append(Published { chunk, fragments: kept.into_iter().collect() });
            self.changed = true;
        } else {
            track.wait(entry, raw, session);
            self.settle(at, Some(now));
        }
        self.trim();
        Outcome::Accepted { gap, restarted }
    }
}
