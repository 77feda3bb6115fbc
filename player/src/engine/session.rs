//! The state of one presentation, and what is done after each event.

use smooth::manifest::{Kind, Skipped};
use smooth::url;

use super::abr::Meter;
use super::captions::Captions;
use super::command::{Command, RequestId, TextTrackId};
use super::element::Element;
use super::live::Live;
use super::load::Loader;
use super::notice::{Code, Notice, Problem, Severity};
use super::protection::Protection;
use super::stream::Stream;
use super::time::{Bound, Zero};
use super::track::{Cursor, Track};
use super::watch::Watch;
use super::{Settings, Stats};

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
    pub(super) now: f64,
    pub(super) wake: Option<f64>,
    pub(super) out: Out,
    pub(super) phase: Phase,
    pub(super) opened: bool,
    pub(super) loader: Loader,
    pub(super) probes: Vec<(String, Option<bool>)>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) start: Option<f64>,
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
    /// Manifests of others that are asked for.
    pub(super) merging: Vec<(RequestId, String)>,
    /// How often a pointer named a stream that the manifest does not have.
    pub(super) strangers: u32,
    pub(super) protection: Protection,
    pub(super) viewport: (u32, u32),
    /// A managed media source wants data.
    pub(super) streaming: bool,
    /// Seconds to buffer ahead; shrinks when the browser's memory is full.
    pub(super) goal: f64,
    /// `EndOfStream` was sent, and nothing appended since.
    pub(super) ended: bool,
    /// The rate of playback last asked for.
    pub(super) rate: f64,
    /// How often the browser failed to decode.
    pub(super) decode_failures: u32,
}

impl Session {
    pub(super) fn new(settings: Settings) -> Self {
        let goal = settings.buffer_goal;
        Self {
            settings,
            now: 0.0,
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
            merging: Vec::new(),
            strangers: 0,
            protection: Protection::default(),
            viewport: (0, 0),
            streaming: true,
            goal,
            ended: false,
            rate: 1.0,
            decode_failures: 0,
        }
    }

    /// Starts over with `address`. What was measured and counted stays.
    pub(super) fn load(&mut self, address: &str, start: Option<f64>) {
        self.stop();
        let mut fresh = Self::new(core::mem::take(&mut self.settings));
        core::mem::swap(&mut fresh.out, &mut self.out);
        core::mem::swap(&mut fresh.meter, &mut self.meter);
        (fresh.now, fresh.viewport) = (self.now, self.viewport);
        fresh.start = start.filter(|s| s.is_finite());
        fresh.phase = Phase::Loading;
        fresh.loader.url = url::manifest_url(address);
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
        for (request, _) in core::mem::take(&mut self.merging) {
            self.out.push(Command::Abort { request });
        }
        for i in 0..self.tracks.len() {
            if let Some(flight) = self.land(i) {
                self.out.push(Command::Abort { request: flight.request });
            }
        }
    }

    /// Ends playback with an error.
    pub(super) fn fatal(&mut self, problem: Problem) {
        self.abort_all();
        self.phase = Phase::Over;
        self.out.notify(Notice::Error(Problem { severity: Severity::Fatal, ..problem }));
    }

    /// Wakes the engine at `at`, if nothing wakes it before.
    pub(super) fn wake_at(&mut self, at: f64) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.at_most(at)));
    }

    /// Carries on with whatever is due.
    pub(super) fn drive(&mut self) {
        self.wake = None;
        if self.phase == Phase::Playing && self.opened {
            self.drive_live();
            self.steer();
            self.schedule_all();
            self.evict();
            self.drive_end();
        }
        self.drive_manifest();
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

/// Commands on their way out, and the numbers they carry.
#[derive(Debug, Default)]
pub(super) struct Out {
    pub(super) queue: Vec<Command>,
    requests: u32,
    text_tracks: u32,
    pub(super) stats: Stats,
}

impl Out {
    #[inline(never)]
    pub(super) fn push(&mut self, command: Command) {
        self.queue.push(command);
    }

    /// Tells of a problem that playback survives.
    #[inline(never)]
    pub(super) fn problem(&mut self, code: Code, kind: Kind, url: String, time: Option<u64>) {
        let (severity, kind) = (Severity::Recovered, Some(kind));
        self.notify(Notice::Error(Problem { code, severity, kind, url, status: 0, time }));
    }

    #[inline(never)]
    pub(super) fn notify(&mut self, notice: Notice) {
        self.push(Command::Notify(notice));
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
