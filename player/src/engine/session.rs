//! One presentation from its address to its start: manifest, streams, buffers.

use core::time::Duration;
use std::collections::VecDeque;

use smooth::manifest::{self, Kind, Manifest, Skipped};
use smooth::{Timescale, url};

use super::abr::Meter;
use super::captions::Captions;
use super::command::{Command, Purpose, RequestId, TextTrackId};
use super::element::Element;
use super::event::Failure;
use super::live::Live;
use super::notice::{Code, Notice, Problem, Severity};
use super::stream::Stream;
use super::time::Zero;
use super::track::{Cursor, Track};
use super::watch::Watch;
use super::{Presentation, Settings, Stats};

/// What has happened so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing to play.
    Idle,
    /// The manifest is on its way.
    Loading,
    /// The browser is asked what it plays, and the media source opens.
    Probing,
    /// Fragments are asked for.
    Playing,
    /// A fatal error was told.
    Over,
}

/// The state behind [`Engine`](super::Engine).
#[derive(Debug)]
pub(super) struct Session {
    pub(super) settings: Settings,
    pub(super) now: Duration,
    pub(super) wake: Option<Duration>,
    pub(super) out: Out,
    pub(super) phase: Phase,
    pub(super) opened: bool,
    pub(super) loader: Loader,
    probes: Vec<(String, Option<bool>)>,
    skipped: Vec<Skipped>,
    start: Option<f64>,
    pub(super) zero: Zero,
    /// How long the origin is willing to hold a request, in milliseconds; 0 if it is not.
    pub(super) hold: u32,
    pub(super) live: Option<Live>,
    pub(super) streams: Vec<Stream>,
    pub(super) tracks: Vec<Track>,
    pub(super) element: Element,
    pub(super) meter: Meter,
    pub(super) watch: Watch,
    pub(super) captions: Captions,
    pub(super) viewport: (u32, u32),
    /// A managed media source wants data.
    pub(super) streaming: bool,
    /// Seconds to buffer ahead; shrinks when the browser's memory is full.
    pub(super) goal: f64,
    /// `EndOfStream` was sent, and nothing appended since.
    pub(super) ended: bool,
    /// How often the browser failed to decode.
    pub(super) decode_failures: u32,
    pub(super) presentation: Option<Presentation>,
}

/// Requests for the manifest.
#[derive(Debug, Default)]
pub(super) struct Loader {
    /// Address asked for.
    pub(super) url: String,
    /// Where fragment addresses start.
    pub(super) base: String,
    pub(super) request: Option<RequestId>,
    pub(super) failures: u32,
    pub(super) retry_at: Option<Duration>,
    /// When the last one arrived.
    pub(super) loaded_at: Duration,
}

impl Session {
    pub(super) fn new(settings: Settings) -> Self {
        let goal = settings.buffer_goal.as_secs_f64();
        Self {
            settings,
            now: Duration::ZERO,
            wake: None,
            out: Out::default(),
            phase: Phase::Idle,
            opened: false,
            loader: Loader::default(),
            probes: Vec::new(),
            skipped: Vec::new(),
            start: None,
            zero: Zero::default(),
            hold: 0,
            live: None,
            streams: Vec::new(),
            tracks: Vec::new(),
            element: Element::default(),
            meter: Meter::default(),
            watch: Watch::default(),
            captions: Captions::default(),
            viewport: (0, 0),
            streaming: true,
            goal,
            ended: false,
            decode_failures: 0,
            presentation: None,
        }
    }

    /// Starts over with `address`. What was measured and counted stays.
    pub(super) fn load(&mut self, address: &str, start: Option<f64>) {
        self.stop();
        let mut fresh = Self::new(self.settings.clone());
        core::mem::swap(&mut fresh.out, &mut self.out);
        core::mem::swap(&mut fresh.meter, &mut self.meter);
        (fresh.now, fresh.viewport) = (self.now, self.viewport);
        fresh.start = start.filter(|s| s.is_finite());
        fresh.phase = Phase::Loading;
        fresh.loader.url = url::manifest_url(address.trim());
        *self = fresh;
        self.out.push(Command::Open);
        self.request_manifest();
    }

    /// Gives everything up.
    pub(super) fn stop(&mut self) {
        self.phase = Phase::Idle;
        self.abort_all();
    }

    /// Aborts every request under way.
    pub(super) fn abort_all(&mut self) {
        if let Some(request) = self.loader.request.take() {
            self.out.push(Command::Abort { request });
        }
        for i in 0..self.tracks.len() {
            if let Some(flight) = self.land(i) {
                self.out.push(Command::Abort { request: flight.request });
            }
        }
    }

    pub(super) fn request_manifest(&mut self) {
        let request = self.out.request();
        self.loader.request = Some(request);
        self.loader.retry_at = None;
        self.out.stats.manifest_requests = self.out.stats.manifest_requests.saturating_add(1);
        self.out.push(Command::Fetch {
            request,
            url: self.loader.url.clone(),
            purpose: Purpose::Manifest,
            timeout: self.settings.timeout,
        });
    }

    /// A manifest arrived.
    pub(super) fn manifest_loaded(&mut self, request: RequestId, address: &str, bytes: &[u8]) {
        if self.loader.request != Some(request) {
            return;
        }
        self.loader.request = None;
        let read = manifest::read(bytes, &self.settings.limits);
        let first = self.phase == Phase::Loading;
        match read {
            Ok(manifest) => {
                self.loader.failures = 0;
                self.loader.loaded_at = self.now;
                if first {
                    self.loader.base = String::from(url::base(address));
                    self.first_manifest(manifest);
                } else {
                    self.next_manifest(manifest);
                }
            }
            Err(_) if first => self.fatal(self.manifest_problem(Code::ManifestInvalid, 0)),
            Err(_) => self.manifest_retry(Code::ManifestInvalid, 0),
        }
    }

    /// A manifest did not arrive.
    pub(super) fn manifest_failed(&mut self, failure: Failure) {
        self.loader.request = None;
        let (code, status) = match failure {
            Failure::Http(status @ (404 | 410)) => (Code::ManifestNotFound, status),
            Failure::Http(status) => (Code::ManifestRefused, status),
            Failure::Network | Failure::Timeout => (Code::ManifestUnreachable, 0),
            Failure::Malformed => (Code::ManifestInvalid, 0),
        };
        if self.phase == Phase::Playing {
            self.reload_failed(code);
            self.manifest_retry(code, status);
            return;
        }
        // A broadcast may be about to start; anything else that says no will say no again.
        let broadcast = self.loader.url.to_ascii_lowercase().contains(".isml");
        let again = match failure {
            Failure::Network | Failure::Timeout => true,
            Failure::Http(404 | 410 | 412) => broadcast,
            Failure::Http(status) => status >= 500 || status == 408 || status == 429,
            Failure::Malformed => false,
        };
        if again && self.loader.failures < self.settings.retries {
            self.manifest_retry(code, status);
        } else {
            self.fatal(self.manifest_problem(code, status));
        }
    }

    fn manifest_retry(&mut self, code: Code, status: u16) {
        if self.loader.failures == 0 {
            let problem = self.manifest_problem(code, status);
            self.out.notify(Notice::Error(problem));
        }
        self.loader.retry_at = Some(self.now.saturating_add(self.backoff(self.loader.failures)));
        self.loader.failures = self.loader.failures.saturating_add(1);
    }

    /// Pause after `failures` earlier failures.
    pub(super) fn backoff(&self, failures: u32) -> Duration {
        let factor = 1_u32 << failures.min(10);
        self.settings.backoff.saturating_mul(factor).min(self.settings.max_backoff)
    }

    fn manifest_problem(&self, code: Code, status: u16) -> Problem {
        let url = self.loader.url.clone();
        Problem { code, severity: Severity::Recovered, kind: None, url, status, time: None }
    }

    /// Ends playback with an error.
    pub(super) fn fatal(&mut self, problem: Problem) {
        self.abort_all();
        self.phase = Phase::Over;
        self.out.notify(Notice::Error(Problem { severity: Severity::Fatal, ..problem }));
    }

    fn first_manifest(&mut self, mut manifest: Manifest) {
        let (streams, skipped) = Stream::read_all(&mut manifest);
        let chunks = streams.iter().any(|s| s.kind != Kind::Text && !s.chunks.is_empty());
        let media = streams.iter().any(|s| s.kind != Kind::Text);
        if media && !chunks && manifest.is_live {
            // Not started: ask again until something is there.
            if self.loader.failures == 0 {
                let problem = self.manifest_problem(Code::NotStarted, 0);
                self.out.notify(Notice::Error(problem));
            }
            self.loader.failures = 1;
            self.loader.retry_at = Some(self.now.saturating_add(NOT_STARTED_POLL));
            return;
        }
        self.streams = streams;
        self.skipped = skipped;
        self.hold = hold(&manifest);
        self.live = manifest.is_live.then(|| Live::new(&manifest, self.now));
        self.presentation = Some(Presentation {
            live: manifest.is_live,
            zero: 0,
            timescale: Timescale::DEFAULT,
            streams: Vec::new(),
        });
        self.phase = Phase::Probing;
        for stream in self.streams.iter().filter(|s| s.kind != Kind::Text) {
            for level in &stream.levels {
                if !self.probes.iter().any(|(mime, _)| *mime == level.mime) {
                    self.probes.push((level.mime.clone(), None));
                    self.out.push(Command::Probe { mime: level.mime.clone() });
                }
            }
        }
        self.start_if_ready();
    }

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

    fn start_if_ready(&mut self) {
        if self.phase != Phase::Probing || !self.opened || self.probes.iter().any(|(_, yes)| yes.is_none()) {
            return;
        }
        let answers: Vec<_> = self.probes.drain(..).map(|(mime, yes)| (mime, yes == Some(true))).collect();
        for stream in &mut self.streams {
            stream.keep_supported(&answers, &mut self.skipped);
        }
        self.streams.retain(|s| !s.levels.is_empty() && (s.kind == Kind::Text || !s.chunks.is_empty()));
        for skipped in self.skipped.drain(..) {
            self.out.notify(Notice::Skipped(skipped));
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
        self.refresh_presentation();
        let live = self.live.is_some();
        let duration = (!live).then(|| self.end());
        self.out.notify(Notice::ManifestReady { live, duration });
        self.create_buffers();
        self.add_text_tracks();
        self.start_position();
    }

    /// One video and one audio stream.
    fn choose_streams(&mut self) {
        for kind in [Kind::Video, Kind::Audio] {
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
        let wanted = wanted.trim();
        let by = |test: &dyn Fn(&Stream) -> bool| self.streams.iter().position(|s| s.kind == kind && test(s));
        by(&|s| s.is_called(wanted)).or_else(|| by(&|s| s.language.eq_ignore_ascii_case(wanted)))
    }

    fn set_zero(&mut self) {
        let starts = self.streams.iter().filter(|s| s.kind != Kind::Text);
        let starts = starts.filter_map(|s| Some(Zero { ticks: s.chunks.first()?.time, scale: s.timescale }));
        self.zero = starts.reduce(Zero::min).unwrap_or_default();
    }

    /// Tells the page what may be chosen now.
    pub(super) fn refresh_presentation(&mut self) {
        let tracks = &self.tracks;
        let infos = self.streams.iter().enumerate();
        let streams = infos.map(|(i, s)| s.info(tracks.iter().any(|t| t.stream == i))).collect();
        let (zero, timescale) = (self.zero.ticks, self.zero.scale);
        self.presentation = Some(Presentation { live: self.live.is_some(), zero, timescale, streams });
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
            self.out.push(Command::CreateBuffer { kind, mime });
        }
        let duration = if self.live.is_some() { f64::INFINITY } else { self.end() };
        self.out.push(Command::SetDuration(duration));
    }

    /// Where to begin, and all tracks moved there.
    fn start_position(&mut self) {
        let position = match self.window() {
            Some(window) => {
                let wanted = self.start.unwrap_or(window.target);
                wanted.min(window.target).max(window.start)
            }
            None => self.start.unwrap_or(0.0).max(self.ragged_start()).min(self.end()),
        };
        if position > 0.0 {
            self.jump(position);
        } else {
            self.move_tracks(0.0);
        }
    }

    /// The first position at which all media tracks have something.
    fn ragged_start(&self) -> f64 {
        let first = |t: &Track| {
            let stream = self.streams.get(t.stream)?;
            Some(self.zero.position(stream.chunks.first()?.time, stream.timescale))
        };
        self.tracks.iter().filter(|t| t.is_media()).filter_map(first).fold(0.0, f64::max)
    }

    /// End of the longest media track, in seconds.
    pub(super) fn end(&self) -> f64 {
        let end = |t: &Track| {
            let stream = self.streams.get(t.stream)?;
            Some(self.zero.position(stream.chunks.last()?.end(), stream.timescale))
        };
        self.tracks.iter().filter(|t| t.is_media()).filter_map(end).fold(0.0, f64::max)
    }

    /// Kinds that feed a buffer.
    pub(super) fn media_kinds(&self) -> Vec<Kind> {
        self.tracks.iter().filter(|t| t.is_media()).map(|t| t.kind).collect()
    }

    /// Wakes the engine at `at`, if nothing wakes it before.
    pub(super) fn wake_at(&mut self, at: Duration) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }

    /// Carries on with whatever is due.
    pub(super) fn drive(&mut self) {
        self.wake = None;
        if self.phase == Phase::Playing && self.opened {
            self.meter.tick(self.now);
            self.drive_live();
            self.schedule_all();
            self.evict();
            self.drive_end();
        }
        self.drive_manifest();
    }

    fn drive_manifest(&mut self) {
        if self.loader.request.is_some() || matches!(self.phase, Phase::Idle | Phase::Over) {
            return;
        }
        if let Some(at) = self.loader.retry_at.or_else(|| self.reload_at()) {
            if at > self.now {
                self.wake_at(at);
            } else {
                self.request_manifest();
            }
        }
    }

    /// On demand: ends the stream when all tracks are appended to their end.
    fn drive_end(&mut self) {
        let done = |t: &Track| t.complete && t.flight.is_none() && t.appending.is_empty();
        let complete = self.tracks.iter().filter(|t| t.is_media()).all(done);
        if complete && !self.ended && self.live.is_none() {
            self.ended = true;
            self.out.push(Command::EndOfStream);
        }
    }

    /// Moves every track to `position`; requests that still serve are kept.
    pub(super) fn move_tracks(&mut self, position: f64) {
        for i in 0..self.tracks.len() {
            let Some(track) = self.tracks.get(i) else { continue };
            let Some(stream) = self.streams.get(track.stream) else { continue };
            let time = self.zero.ticks(position - track.shift, stream.timescale);
            let cursor = if track.is_media() {
                Cursor::At(time)
            } else {
                // A caption may last much longer than its chunk.
                Cursor::At(stream.chunks.floor(time).map_or(time, |chunk| chunk.time))
            };
            let wanted = self.first_missing(i, cursor).and_then(|cursor| cursor.chunk(&stream.chunks));
            if track.flight.as_ref().is_some_and(|f| wanted == Some(f.chunk)) {
                continue;
            }
            self.cancel(i);
            if let Some(track) = self.tracks.get_mut(i) {
                track.go_to(cursor);
                track.fresh = true;
            }
        }
    }
}

/// What the origin announces at the root of the manifest: how long it may hold a request, in ms.
fn hold(manifest: &Manifest) -> u32 {
    let mut attributes = manifest.custom_attributes.iter();
    let value = attributes.find(|(name, _)| name.eq_ignore_ascii_case("silverlane-wait"));
    value.and_then(|(_, value)| value.trim().parse::<u32>().ok()).unwrap_or(0).min(MAX_HOLD_MS)
}

/// Commands on their way out, and the numbers they carry.
#[derive(Debug, Default)]
pub(super) struct Out {
    pub(super) queue: VecDeque<Command>,
    requests: u32,
    text_tracks: u32,
    pub(super) stats: Stats,
}

impl Out {
    pub(super) fn push(&mut self, command: Command) {
        self.queue.push_back(command);
    }

    pub(super) fn notify(&mut self, notice: Notice) {
        self.queue.push_back(Command::Notify(notice));
    }

    pub(super) const fn request(&mut self) -> RequestId {
        self.requests = self.requests.wrapping_add(1);
        RequestId(self.requests)
    }

    pub(super) const fn text_track(&mut self) -> TextTrackId {
        self.text_tracks = self.text_tracks.wrapping_add(1);
        TextTrackId(self.text_tracks)
    }
}

/// How often a broadcast that has not begun is asked.
const NOT_STARTED_POLL: Duration = Duration::from_secs(2);
/// No request is held longer, whatever an origin announces.
const MAX_HOLD_MS: u32 = 30_000;
