//! From a manifest to the first request: what the browser plays, which streams, where to begin.

use smooth::manifest::Kind;

use super::Presentation;
use super::command::Command;
use super::key_frames::NOUNS;
use super::notice::{Code, Notice};
use super::session::{Phase, Session};
use super::stream::Stream;
use super::time::{Bound, Zero};
use super::track::Track;

impl Session {
    /// The browser said whether it plays `mime`.
    pub(super) fn supported(&mut self, mime: &str, supported: bool) {
        for probe in self.probes.iter_mut().filter(|probe| probe.0 == mime) {
            probe.1 = Some(supported);
        }
        self.start_if_ready();
    }

    /// The media source opened, for the first time or after a decoder failed.
    pub(super) fn source_opened(&mut self) {
        if matches!(self.phase, Phase::Idle | Phase::Over) || self.opened {
            return;
        }
        self.opened = true;
        if self.phase == Phase::Playing {
            self.create_buffers();
            self.jump(self.element.playhead());
        } else {
            self.start_if_ready();
        }
    }

    /// Starts once the browser has said what it plays and the media source is open.
    pub(super) fn start_if_ready(&mut self) {
        if self.phase != Phase::Probing || !self.opened || self.probes.iter().any(|(_, yes)| yes.is_none()) {
            return;
        }
        let answers = core::mem::take(&mut self.probes);
        for stream in &mut self.streams {
            stream.keep_supported(&answers, self.settings.change_type, &mut self.skipped);
        }
        self.streams.retain(|s| s.kind == Kind::Text || !s.levels.is_empty() && !s.chunks.is_empty());
        for skipped in core::mem::take(&mut self.skipped) {
            self.out.notify(Notice::Skipped(skipped));
        }
        if self.settings.key_frames {
            self.streams.retain(|s| s.kind == Kind::Video);
            self.ask_for(NOUNS[1]);
        }
        self.choose_streams();
        if self.tracks.is_empty() {
            self.fatal(self.manifest_problem(Code::NothingPlayable, 0));
            return;
        }
        self.phase = Phase::Playing;
        self.set_zero();
        self.select_captions_at_start();
        let (zero, now) = (self.zero, self.loader.loaded_at);
        for stream in &mut self.streams {
            if let Some(last) = stream.chunks.last() {
                stream.serve(last.time, now, zero, false);
            }
        }
        let live = self.live.is_some();
        let duration = (!live).then(|| self.end());
        self.out.notify(Notice::ManifestReady { live, duration });
        self.ask_for_keys();
        self.create_buffers();
        self.add_text_tracks();
        self.follow_data();
        self.start_position();
    }

    /// One video and one audio stream.
    fn choose_streams(&mut self) {
        let both = [Kind::Video, Kind::Audio];
        for kind in if self.settings.key_frames { &both[..1] } else { &both[..] }.iter().copied() {
            let wanted = if kind == Kind::Audio { self.settings.audio.clone() } else { None };
            let stream = wanted
                .and_then(|name| self.find_stream(kind, &name))
                .or_else(|| self.streams.iter().position(|s| s.kind == kind));
            if let Some(stream) = stream {
                self.tracks.push(Track::new(kind, stream));
            }
        }
    }

    /// A stream by name, else by language.
    pub(super) fn find_stream(&self, kind: Kind, wanted: &str) -> Option<usize> {
        let wanted = wanted.trim_ascii();
        let mut spoken = None;
        for (i, stream) in self.streams.iter().enumerate().filter(|(_, s)| s.kind == kind && s.data.is_none())
        {
            if stream.name.eq_ignore_ascii_case(wanted) {
                return Some(i);
            }
            if spoken.is_none() && stream.language.eq_ignore_ascii_case(wanted) {
                spoken = Some(i);
            }
        }
        spoken
    }

    fn set_zero(&mut self) {
        self.zero = earliest(self.streams.iter()).unwrap_or_default();
    }

    /// What may be chosen now; `None` before the start.
    pub(super) fn presentation(&self) -> Option<Presentation<'_>> {
        if self.tracks.is_empty() {
            return None;
        }
        let mut streams = Vec::new();
        for (i, stream) in self.streams.iter().enumerate() {
            streams.push(stream.info(self.tracks.iter().any(|t| t.stream == i)));
        }
        let (zero, timescale) = (self.zero.ticks, self.zero.scale);
        Some(Presentation { live: self.live.is_some(), zero, timescale, streams })
    }

    /// Source buffers for all media tracks, and the duration.
    fn create_buffers(&mut self) {
        for i in 0..self.tracks.len() {
            let Some(track) = self.tracks.get(i).filter(|t| t.is_media()) else { continue };
            // The type of the level that comes first, where that is known already.
            let stream = self.streams.get(track.stream);
            let level =
                stream.and_then(|s| track.level.and_then(|l| s.levels.get(l)).or_else(|| s.levels.first()));
            let Some(mime) = level.map(|level| level.mime.clone()) else { continue };
            let kind = track.kind;
            if let Some(track) = self.tracks.get_mut(i) {
                track.buffer = Some(mime.clone());
                track.init = None;
            }
            let until = if self.live.is_some() { f64::INFINITY } else { self.settings.clip.end };
            self.out.push(Command::CreateBuffer { kind, mime, until });
        }
        let duration = if self.live.is_some() { f64::INFINITY } else { self.end() };
        self.out.push(Command::SetDuration(duration));
    }

    /// Where to begin, and all tracks moved there.
    fn start_position(&mut self) {
        let position = match self.window() {
            Some(window) => {
                let wanted = self.start.unwrap_or(window.target);
                wanted.at_most(window.target).at_least(window.start)
            }
            None => {
                let clip = self.settings.clip;
                let wanted = self.start.unwrap_or(0.0).at_least(clip.start);
                wanted.at_least(self.ragged_start()).at_most(self.end())
            }
        };
        if position > 0.0 {
            self.jump(position);
        }
        // Picture and sound from the start, if one of them is: what WebKitGTK has there it shows before it seeks.
        if position < self.ragged_end() {
            self.move_tracks(0.0);
        }
    }

    /// Where the first chunks of all media tracks have ended.
    fn ragged_end(&self) -> f64 {
        let firsts =
            self.media().filter_map(|(_, stream)| Some(stream.place(stream.chunks.first()?, self.zero).1));
        firsts.fold(0.0, Bound::at_least)
    }

    /// The first position at which all media tracks have something.
    fn ragged_start(&self) -> f64 {
        let mut start = 0.0_f64;
        for (_, stream) in self.media() {
            if let Some(first) = stream.chunks.first() {
                start = start.at_least(stream.place(first, self.zero).0);
            }
        }
        start
    }

    /// End of the longest media track, in seconds.
    pub(super) fn end(&self) -> f64 {
        let mut end = 0.0_f64;
        for (_, stream) in self.media() {
            if let Some(last) = stream.chunks.last() {
                end = end.at_least(stream.place(last, self.zero).1);
            }
        }
        if self.live.is_some() { end } else { end.at_most(self.settings.clip.end) }
    }

    /// Kinds that feed a buffer.
    pub(super) fn media_kinds(&self) -> &'static [Kind] {
        let has = |kind| self.tracks.iter().any(|t| t.kind == kind);
        match (has(Kind::Video), has(Kind::Audio)) {
            (true, true) => &[Kind::Video, Kind::Audio],
            (true, false) => &[Kind::Video],
            (false, _) => &[Kind::Audio],
        }
    }
}

/// Where the first of `streams` starts, captions aside.
pub(super) fn earliest<'a>(streams: impl Iterator<Item = &'a Stream>) -> Option<Zero> {
    let mut zero = None::<Zero>;
    for stream in streams {
        if let Some(first) = stream.chunks.first().filter(|_| stream.kind != Kind::Text) {
            let start = Zero { ticks: first.time, scale: stream.timescale };
            zero = Some(zero.map_or(start, |zero| zero.min(start)));
        }
    }
    zero
}
