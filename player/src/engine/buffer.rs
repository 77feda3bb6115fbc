//! What stays in the source buffers, and what happens when they refuse more.

use smooth::manifest::Kind;

use super::command::Command;
use super::event::AppendFailure;
use super::failure::FAILING;
use super::notice::{Code, Problem, Severity};
use super::session::Session;
use super::time::Bound;
use super::track::Cursor;

impl Session {
    /// Removes what lies too far behind the playhead, and islands far ahead of it.
    pub(super) fn evict(&mut self) {
        let playhead = self.element.playhead();
        let behind = playhead.at_most(self.element.position) - self.settings.back_buffer;
        for i in 0..self.tracks.len() {
            let Some(track) = self.tracks.get(i).filter(|t| t.is_media() && !t.evicting) else { continue };
            let ranges = self.element.ranges(track.kind);
            let old = ranges.first().is_some_and(|r| r.start < behind - EVICT_STEP);
            let far = playhead + self.goal + FAR_AHEAD;
            if old {
                self.remove(i, 0.0, behind);
            } else if ranges.iter().any(|r| r.start > far) {
                self.remove(i, far, f64::INFINITY);
            }
        }
        self.clear_old_cues(behind - EVICT_STEP);
    }

    pub(super) fn remove(&mut self, i: usize, start: f64, end: f64) {
        let Some(track) = self.tracks.get_mut(i) else { return };
        track.evicting = true;
        let kind = track.kind;
        // Removing opens a media source that had ended: its end has to be declared again.
        self.ended = false;
        self.out.push(Command::Evict { kind, start, end });
    }

    /// Empties the buffer of a track.
    pub(super) fn evict_all(&mut self, i: usize) {
        if self.tracks.get(i).is_some_and(|t| t.is_media() && t.buffer.is_some()) {
            self.remove(i, 0.0, f64::INFINITY);
        }
    }

    pub(super) fn evicted(&mut self, kind: Kind) {
        if let Some(track) = self.tracks.iter_mut().find(|t| t.kind == kind) {
            track.evicting = false;
        }
    }

    /// A buffer refused bytes.
    pub(super) fn append_failed(&mut self, kind: Kind, reason: AppendFailure) {
        let Some(i) = self.tracks.iter().position(|t| t.kind == kind && t.is_media()) else { return };
        let lost = self.tracks.get(i).and_then(super::track::Track::oldest_pending);
        let level = self.tracks.get(i).and_then(|t| t.flight.as_ref().map(|f| f.level).or(t.level));
        match reason {
            AppendFailure::Quota => self.full(i),
            AppendFailure::Decode | AppendFailure::Closed => {
                let url = self.tracks.get(i).map(|t| t.last_url.clone()).unwrap_or_default();
                let time = lost.map(|chunk| chunk.time);
                self.decode_failures = self.decode_failures.saturating_add(1);
                if self.decode_failures > MAX_DECODE_FAILURES {
                    let (code, severity) = (Code::DecodeFailed, Severity::Fatal);
                    return self.fatal(Problem { code, severity, kind: Some(kind), url, status: 0, time });
                }
                self.out.problem(Code::DecodeFailed, kind, url, time);
                // Another level next time, where there is one.
                let stream = self.tracks.get(i).map(|t| t.stream);
                let stream = stream.and_then(|s| self.streams.get_mut(s));
                let level = stream.and_then(|s| level.and_then(|l| s.levels.get_mut(l)));
                if let Some(level) = level.filter(|_| reason == AppendFailure::Decode) {
                    level.failing_until = self.now + FAILING;
                }
                // The same place again and again: go past it.
                let position = lost.zip(self.tracks.get(i).and_then(|t| self.streams.get(t.stream)));
                let position = position.map(|(chunk, stream)| stream.place(chunk, self.zero).1);
                self.reopen(position.filter(|_| self.decode_failures > 1));
            }
        }
    }

    /// The browser has no room: keep less.
    fn full(&mut self, i: usize) {
        if let Some(flight) = self.land(i) {
            self.out.push(Command::Abort { request: flight.request });
            if let Some(track) = self.tracks.get_mut(i) {
                track.cursor = Cursor::At(flight.chunk.time);
            }
        }
        self.reset_parser(i);
        let playhead = self.element.playhead();
        let Some(kind) = self.tracks.get(i).map(|t| t.kind) else { return };
        let ahead = self.element.reach(kind, playhead) - playhead;
        let least = self.fragment() * 2.0;
        let goal = (ahead.at_most(self.goal) * 0.75).at_least(least);
        if goal < self.goal {
            self.goal = goal;
            self.out.problem(Code::BufferFull, kind, String::new(), None);
        }
        if let Some(track) = self.tracks.get_mut(i) {
            track.retry_at = self.now + QUOTA_PAUSE;
        }
        self.settings.back_buffer = self.settings.back_buffer.at_most(SMALL_BACK_BUFFER);
        if playhead > KEEP_BEHIND {
            self.remove(i, 0.0, playhead - KEEP_BEHIND);
        }
    }

    /// Starts over with a new media source, at the playhead or at `past`.
    pub(super) fn reopen(&mut self, past: Option<f64>) {
        for i in 0..self.tracks.len() {
            self.cancel_silently(i);
        }
        let playhead = self.element.playhead();
        self.element.target = Some(past.map_or(playhead, |past| past.at_least(playhead)));
        self.element.video.clear();
        self.element.audio.clear();
        self.ended = false;
        self.opened = false;
        self.rate = 1.0;
        self.out.push(Command::Open);
    }

    /// Gives up what is under way, for a buffer that is going away.
    fn cancel_silently(&mut self, i: usize) {
        let flight = self.land(i);
        if let Some(flight) = flight {
            self.out.push(Command::Abort { request: flight.request });
        }
        let Some(track) = self.tracks.get_mut(i) else { return };
        track.appending.clear();
        track.evicting = false;
        track.init = None;
        track.buffer = None;
    }
}

/// Removal is work: not for less than this, in seconds.
const EVICT_STEP: f64 = 5.0;
/// Seconds beyond the goal at which an island is of no use.
const FAR_AHEAD: f64 = 60.0;
/// Seconds kept behind the playhead when there is no room: a frame needs its key frame.
const KEEP_BEHIND: f64 = 4.0;
/// What is kept behind from then on.
const SMALL_BACK_BUFFER: f64 = 10.0;
/// Before a full buffer is tried again.
const QUOTA_PAUSE: f64 = 0.5;
/// So often the media source is made anew.
const MAX_DECODE_FAILURES: u32 = 4;
