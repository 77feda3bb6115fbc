//! Which fragment each track asks for next, and when.

use smooth::manifest::Kind;
use smooth::{Span, text, url};

use super::abr::{self, Input, Rung};
use super::command::{Command, Purpose};
use super::element::SLACK;
use super::notice::SwitchReason;
use super::session::{Phase, Session};
use super::time::Bound;
use super::track::{Cursor, Flight, Track};

/// What a track does now.
enum Step {
    /// Nothing, until something happens.
    Wait,
    /// Nothing, until this time.
    Until(f64),
    /// Wait for news of the broadcast.
    Starve,
    /// There is nothing more.
    Complete,
    /// Pass the chunk over: it is buffered.
    Skip(u64),
    /// Ask for the chunk; `true` if it is not known to be served yet.
    Fetch(Span, bool),
}

impl Session {
    pub(super) fn schedule_all(&mut self) {
        for i in 0..self.tracks.len() {
            self.schedule(i);
        }
    }

    fn schedule(&mut self, i: usize) {
        loop {
            let step = self.step(i);
            let Some(track) = self.tracks.get_mut(i) else { return };
            match step {
                Step::Wait => return,
                Step::Until(at) => return self.wake_at(at),
                Step::Starve => {
                    track.starved = true;
                    return;
                }
                Step::Complete => {
                    track.complete = true;
                    return;
                }
                Step::Skip(time) => track.go_to(Cursor::After(time)),
                Step::Fetch(chunk, early) => {
                    if self.fetch(i, chunk, early) {
                        return;
                    }
                    // In no level: the failure rules have moved the track on, or put a pause in.
                    self.leave_out(i, chunk);
                }
            }
        }
    }

    fn step(&self, i: usize) -> Step {
        let Some(track) = self.tracks.get(i) else { return Step::Wait };
        let Some(stream) = self.streams.get(track.stream) else { return Step::Wait };
        let full = track.appending.len() >= MAX_APPENDING;
        if self.phase != Phase::Playing || track.flight.is_some() || track.evicting || full || !self.streaming
        {
            return Step::Wait;
        }
        if track.retry_at > self.now {
            return Step::Until(track.retry_at);
        }
        let guess = || stream.guess(self.now).filter(|_| self.live.is_some() && self.hold > 0);
        let Some(chunk) = track.cursor.chunk(&stream.chunks).or_else(guess) else {
            return if self.live.is_some() { Step::Starve } else { Step::Complete };
        };
        let (start, end) = stream.place(chunk, self.zero);
        if self.live.is_none() && start >= self.settings.clip.end {
            return Step::Complete;
        }
        if self.holds(track, start, end) || stream.told.binary_search(&chunk.time).is_ok() {
            return Step::Skip(chunk.time);
        }
        let playhead = self.element.playhead();
        let (ahead, goal) = if track.is_media() {
            // What has arrived but is not appended yet is as good as buffered.
            (self.element.held_between(track.kind, playhead, start) + self.arrived(track), self.goal)
        } else if self.live.is_some() && stream.data.is_none() {
            // Late enough that the broadcast has gone on, and the fragment tells what follows it.
            (start - playhead, self.goal.at_most(self.fragment() * 1.5))
        } else {
            (start - playhead, self.goal)
        };
        if let Some(better) = self.upgrade(i, chunk) {
            return Step::Fetch(better, false);
        }
        let alone = track.kind == Kind::Audio && ahead > LEAD && self.is_before_picture(start);
        if ahead > goal || alone {
            return Step::Wait;
        }
        let oldest = stream.chunks.first() == Some(chunk);
        if self.live.is_some() && oldest && start > playhead + self.fragment() + SLACK {
            // The window slid past what comes next. It goes on sliding: the playhead has to move first.
            return Step::Wait;
        }
        let early = self.live.is_some() && stream.served.is_none_or(|served| chunk.time > served);
        if early {
            let expected = stream.expected(chunk.time, self.zero) - f64::from(self.hold) / 1000.0;
            let at = expected;
            if at > self.now {
                return Step::Until(at);
            }
        }
        Step::Fetch(chunk, early)
    }

    /// The next chunk that is buffered in a much lower quality than `next` would be asked for now, if a better
    /// one is there in time and leaves the buffer comfortable.
    fn upgrade(&self, i: usize, next: Span) -> Option<Span> {
        let track = self.tracks.get(i).filter(|t| t.kind == Kind::Video)?;
        let stream = self.streams.get(track.stream)?;
        let (level, _) = self.pick(i, next)?;
        let better = f64::from(stream.levels.get(level)?.model.bitrate);
        let input = self.input(i, next);
        let takes = input.takes(better, CAREFUL);
        if input.ahead - takes < self.goal * COMFORTABLE {
            return None;
        }
        let playhead = self.element.playhead();
        let mut cursor = Cursor::At(self.zero.ticks(playhead, stream.timescale));
        // One after the other: what stays worse stays in one piece, for every change is seen.
        let (mut begun, mut follows) = (false, true);
        loop {
            let chunk = cursor.chunk(&stream.chunks).filter(|chunk| chunk.time < next.time)?;
            let worse = track.is_below(chunk, better / BETTER);
            if worse && follows && stream.place(chunk, self.zero).0 - playhead > takes + 1.0 {
                return Some(chunk);
            }
            begun |= !worse;
            follows = !(worse && begun);
            cursor = Cursor::After(chunk.time);
        }
    }

    /// Whether sound from `start` on is of no use yet: the picture before it is still to come, and needs the link.
    fn is_before_picture(&self, start: f64) -> bool {
        let mut pictures = self.media().filter(|(track, _)| track.kind == Kind::Video);
        let next = pictures
            .find_map(|(track, stream)| Some(stream.place(track.cursor.chunk(&stream.chunks)?, self.zero).0));
        next.is_some_and(|next| start > next + LEAD)
    }

    /// Seconds of what has arrived and is not appended yet.
    fn arrived(&self, track: &Track) -> f64 {
        let Some(stream) = self.streams.get(track.stream) else { return 0.0 };
        let mut seconds = 0.0;
        for (_, chunk) in &track.appending {
            seconds += stream.timescale.seconds(chunk.duration);
        }
        seconds
    }

    /// Sends the request. False if no level is left that may have the chunk.
    fn fetch(&mut self, i: usize, chunk: Span, early: bool) -> bool {
        let Some((level, reason)) = self.pick(i, chunk) else { return false };
        let Some(track) = self.tracks.get_mut(i) else { return true };
        let Some(stream) = self.streams.get(track.stream) else { return true };
        let Some(model) = stream.levels.get(level).map(|level| &level.model) else { return false };
        let Ok(path) = url::expand(&stream.url, model, chunk.time) else {
            track.tried.push(level);
            return self.fetch(i, chunk, early);
        };
        let mut address = self.loader.address(&path);
        let mut timeout = self.settings.timeout;
        let held = early && self.hold > 0;
        if held {
            // Long enough for the fragment to come a whole duration late. An answer "not yet" leaves
            // time to try another quality, so the full time is asked for only when that was in vain.
            let expected = stream.expected(chunk.time, self.zero) - self.now;
            let patience = (expected.at_least(0.0) + stream.timescale.seconds(chunk.duration)) * 1000.0;
            let wait =
                if track.not_yet >= 2 { self.hold } else { (patience as u32).clamp(500, self.hold.max(500)) };
            address.push_str(if address.contains('?') { "&wait=" } else { "?wait=" });
            text::push_decimal(&mut address, wait.into());
            timeout += f64::from(wait) / 1000.0;
        }
        let request = self.out.request();
        track.asked(chunk, model.bitrate);
        track.level = Some(level);
        track.fallback = None;
        track.starved = false;
        track.reason = reason;
        track.last_url.clone_from(&address);
        track.flight = Some(Flight {
            request,
            chunk,
            level,
            sent: self.now,
            early,
            held,
            started: None,
            received: 0,
            size: None,
            head: false,
        });
        // From now on the chunk is named by its start, whatever the timeline learns meanwhile.
        track.cursor = Cursor::At(chunk.time);
        let kind = track.kind;
        let purpose = if track.is_media() { Purpose::Media { kind } } else { Purpose::Whole { kind } };
        self.out.stats.fragment_requests = self.out.stats.fragment_requests.saturating_add(1);
        self.out.push(Command::Fetch { request, url: address, purpose, timeout });
        true
    }

    /// The level for a chunk; `None` if every level is known not to have it.
    fn pick(&self, i: usize, chunk: Span) -> Option<(usize, SwitchReason)> {
        let track = self.tracks.get(i)?;
        let stream = self.streams.get(track.stream)?;
        if let Some(level) = track.fallback.filter(|level| !track.tried.contains(level)) {
            return Some((level, track.reason));
        }
        let rungs = self.rungs(i);
        let chosen = track.chosen.and_then(|bitrate| rungs.iter().find(|rung| rung.bitrate == bitrate));
        if let Some(rung) = chosen {
            return Some((rung.level, SwitchReason::Chosen));
        }
        let current = track.level.and_then(|level| stream.levels.get(level)).map(|l| l.model.bitrate);
        let input = self.input(i, chunk);
        let (rung, reason) = abr::choose(&rungs, current, &input)?;
        Some((rung.level, reason))
    }

    /// The levels of a track that may be chosen now, lowest first.
    pub(super) fn rungs(&self, i: usize) -> Vec<Rung> {
        let Some(track) = self.tracks.get(i) else { return Vec::new() };
        let Some(stream) = self.streams.get(track.stream) else { return Vec::new() };
        let mut rungs = Vec::new();
        // Those that failed lately only if there is no other.
        for until in [self.now, f64::INFINITY] {
            for (level, l) in stream.levels.iter().enumerate() {
                if l.failing_until <= until && !track.tried.contains(&level) {
                    rungs.push(Rung { level, bitrate: l.model.bitrate });
                }
            }
            if !rungs.is_empty() {
                break;
            }
        }
        if track.kind == Kind::Video && track.chosen.is_none() {
            let highest = self.settings.max_bitrate.unwrap_or(u32::MAX);
            let (width, height) = self.viewport;
            let capped = self.settings.cap_to_viewport && width > 0 && height > 0;
            let mut kept = 0_usize;
            let mut covered = false;
            for rung in &rungs {
                if kept > 0 && (rung.bitrate > highest || covered) {
                    break;
                }
                kept = kept.saturating_add(1);
                let size = stream.levels.get(rung.level).map_or((0, 0), |l| (l.model.width, l.model.height));
                covered = capped && size.0 >= width && size.1 >= height;
            }
            rungs.truncate(kept);
        }
        rungs
    }

    /// What the choice of a level is made from.
    pub(super) fn input(&self, i: usize, chunk: Span) -> Input {
        let mut input = Input {
            pace: self.meter.pace(f64::from(self.settings.initial_throughput)),
            others: 0.0,
            latency: self.meter.latency(),
            duration: 2.0,
            ahead: 0.0,
            room: self.goal,
        };
        let Some(track) = self.tracks.get(i) else { return input };
        let Some(stream) = self.streams.get(track.stream) else { return input };
        input.duration = stream.timescale.seconds(chunk.duration).at_least(SHORTEST);
        let playhead = self.element.playhead();
        input.ahead = self.element.reach(track.kind, playhead) - playhead;
        input.ahead += self.arrived(track);
        input.pace = input.pace.with(input.ahead);
        // The next fragment is asked for when not more than the goal is there; a broadcast has no more than
        // has been made.
        let edge =
            stream.chunks.last().filter(|_| self.live.is_some()).map(|last| stream.place(last, self.zero).1);
        input.room =
            edge.map_or(self.goal + input.duration, |edge| (edge - playhead).at_least(input.duration));
        // There is one other at most: the sound of a picture, or the picture of a sound.
        let Some((other, model)) = self.media().find(|(t, _)| t.kind != track.kind) else { return input };
        if track.kind == Kind::Audio {
            // Sound beside a picture: a fifth of what there is.
            input.pace.mean *= 5.0;
        } else if let Some(level) = model.levels.get(other.level.unwrap_or(0)) {
            input.others = f64::from(level.model.bitrate);
        }
        input
    }

    /// From `cursor` on, the first chunk that is not buffered; `None` at the end.
    pub(super) fn first_missing(&self, i: usize, mut cursor: Cursor) -> Option<Cursor> {
        let track = self.tracks.get(i)?;
        let stream = self.streams.get(track.stream)?;
        loop {
            let chunk = cursor.chunk(&stream.chunks)?;
            let (start, end) = stream.place(chunk, self.zero);
            if !self.holds(track, start, end) {
                return Some(cursor);
            }
            cursor = Cursor::After(chunk.time);
        }
    }

    /// Whether the chunk from `start` to `end` is buffered.
    fn holds(&self, track: &Track, start: f64, end: f64) -> bool {
        start >= track.stale
            && track.is_media()
            && self.element.holds(track.kind, start + track.shift, end + track.shift)
    }
}

/// Fragments received and not yet appended, at most.
const MAX_APPENDING: usize = 3;

/// Seconds that sound may be ahead of the picture.
const LEAD: f64 = 1.0;
/// Seconds of a fragment at least: nothing is divided by less.
const SHORTEST: f64 = 0.125;
/// Part of the goal that has to stay buffered while something is replaced by better.
const COMFORTABLE: f64 = 0.15;
/// By what factor it has to be better.
const BETTER: f64 = 2.5;
/// Spreads by which the network may be slower for it.
const CAREFUL: f64 = 5.0;
