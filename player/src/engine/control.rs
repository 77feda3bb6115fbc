//! What the viewer wants: seek, quality, language.

use smooth::manifest::Kind;

use super::Stats;
use super::command::Command;
use super::event::Media;
use super::notice::{Code, GapCause, Notice, SwitchReason};
use super::session::{Phase, Session};
use super::time::Bound;

impl Session {
    /// `currentTime` was set.
    pub(super) fn seeking(&mut self, position: f64) {
        if !position.is_finite() {
            return;
        }
        let position = position.at_least(0.0);
        self.element.seeking = true;
        self.watch.reset(self.now);
        if self.element.target.is_some_and(|target| (target - position).abs() < 0.01) {
            return; // Our own.
        }
        let to = self.clamp(position);
        if to == position {
            self.element.target = Some(position);
            self.element.asked_at = self.now;
            self.forget_stale();
            self.move_tracks(position);
        } else {
            self.out.notify(Notice::GapJump { from: position, to, cause: GapCause::BeyondEdge });
            self.jump(to);
        }
    }

    /// The nearest position that can be played.
    fn clamp(&self, position: f64) -> f64 {
        match self.window() {
            Some(window) if position > window.target + CLAMP_SLACK => window.target,
            Some(window) => position.at_least(window.start),
            None => position.at_least(self.settings.clip.start).at_most(self.settings.clip.end),
        }
    }

    /// A newer manifest shows where the edge really is.
    pub(super) fn clamp_pending_seek(&mut self, target: f64) {
        let to = self.clamp(target);
        if to != target {
            self.out.notify(Notice::GapJump { from: target, to, cause: GapCause::BeyondEdge });
            self.jump(to);
        }
    }

    /// Moves the playhead and every track.
    pub(super) fn jump(&mut self, to: f64) {
        self.set_position(to);
        self.forget_stale();
        self.move_tracks(to);
    }

    /// Moves the playhead alone.
    pub(super) fn set_position(&mut self, to: f64) {
        self.element.target = Some(to);
        self.element.asked_at = self.now;
        self.watch.reset(self.now);
        self.out.push(Command::SeekTo(to));
    }

    /// The viewer chooses a quality.
    pub(super) fn select_level(&mut self, kind: Kind, bitrate: Option<u32>) {
        let Some(track) = self.tracks.iter_mut().find(|t| t.kind == kind) else { return self.no_such(kind) };
        let Some(stream) = self.streams.get(track.stream) else { return };
        let there = |bitrate| stream.levels.iter().any(|level| level.model.bitrate == bitrate);
        if bitrate.is_some_and(|bitrate| !there(bitrate)) {
            return self.no_such(kind);
        }
        track.chosen = bitrate;
        if bitrate.is_some() {
            track.fallback = None;
        }
    }

    /// The viewer chooses a stream.
    pub(super) fn select_stream(&mut self, kind: Kind, name: Option<&str>) {
        if kind == Kind::Text {
            return self.select_captions(name);
        }
        let Some(name) = name else { return };
        let found = self.find_stream(kind, name);
        let track = self.tracks.iter().position(|t| t.kind == kind);
        let (Some(stream), Some(i)) = (found, track) else { return self.no_such(kind) };
        if self.tracks.get(i).is_some_and(|t| t.stream == stream) {
            return;
        }
        // What is under way is another language, and so is what is buffered. That plays on until the new one,
        // appended over it, has taken its place.
        self.cancel(i);
        self.reset_parser(i);
        let playhead = self.element.playhead();
        let stale = self.element.ranges(kind).iter().fold(0.0, |end: f64, range| end.at_least(range.end));
        if let Some(track) = self.tracks.get_mut(i) {
            track.stream = stream;
            track.level = None;
            track.chosen = None;
            track.shown = None;
            track.shift = 0.0;
            track.reason = SwitchReason::Stream;
            track.stale = stale;
        }
        self.move_tracks(playhead);
        self.forget_behind(i, playhead);
        let name = self.streams.get(stream).map(|s| s.name.clone());
        self.out.notify(Notice::StreamChange { kind, name });
    }

    /// Removes what another stream left before the chunk that plays at `playhead`.
    fn forget_behind(&mut self, i: usize, playhead: f64) {
        let Some(track) = self.tracks.get(i) else { return };
        let Some(stream) = self.streams.get(track.stream) else { return };
        let chunk = track.cursor.chunk(&stream.chunks);
        let start = chunk.map_or(playhead, |chunk| stream.place(chunk, self.zero).0).at_most(playhead);
        if self.element.ranges(track.kind).iter().any(|range| range.start < start) {
            self.remove(i, 0.0, start);
        }
    }

    /// The playhead goes elsewhere: what another stream left in a buffer must not be met there.
    fn forget_stale(&mut self) {
        for i in 0..self.tracks.len() {
            let Some(track) = self.tracks.get_mut(i) else { continue };
            if core::mem::take(&mut track.stale) > 0.0 {
                match track.kind {
                    Kind::Video => self.element.video.clear(),
                    Kind::Audio | Kind::Text => self.element.audio.clear(),
                }
                self.evict_all(i);
            }
        }
    }

    /// There is nothing of that name.
    pub(super) fn no_such(&mut self, kind: Kind) {
        self.out.problem(Code::NoSuchChoice, kind, String::new(), None);
    }
}

impl Session {
    /// The element told its state.
    pub(super) fn media_told(&mut self, media: &Media<'_>) {
        self.element.update(media);
        if self.phase != Phase::Playing || !self.opened {
            return;
        }
        for i in 0..self.tracks.len() {
            self.consider_abandoning(i);
        }
        self.look();
    }

    /// Figures for the page.
    pub(super) fn stats(&self) -> Stats {
        let bitrate = |kind| {
            let track = self.tracks.iter().find(|t| t.kind == kind);
            track.and_then(|t| t.shown).unwrap_or(0)
        };
        let playhead = self.element.playhead();
        let reach = |k: Kind| self.element.reach(k, playhead) - playhead;
        let buffered = self.media().map(|(t, _)| reach(t.kind)).fold(f64::INFINITY, Bound::at_most);
        let stalled_now = self.watch.stalled_for(self.now);
        Stats {
            throughput: self.meter.throughput() as u64,
            video_bitrate: bitrate(Kind::Video),
            audio_bitrate: bitrate(Kind::Audio),
            buffered: if buffered.is_finite() { buffered } else { 0.0 },
            latency: self.latency().unwrap_or(0.0),
            rate: self.rate,
            stalled: self.out.stats.stalled + stalled_now,
            ..self.out.stats
        }
    }
}

/// Seconds beyond the newest position that a seek may go.
const CLAMP_SLACK: f64 = 0.25;
