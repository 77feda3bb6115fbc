//! The brain of the player: a state machine without I/O and without a clock.
//!
//! ```text
//! for command in engine.handle(now, event) { carry it out }
//! wake up at engine.deadline() with Event::Tick
//! ```
//!
//! | file | what it decides |
//! | --- | --- |
//! | `session`, `load`, `start` | one presentation, from its address to its start |
//! | `stream`, `track` | what there is to play; what is under way |
//! | `fetch`, `answer`, `failure` | what to ask for next, and what becomes of it |
//! | `live`, `latency` | the live edge, how far behind it to play, newer manifests, the end of a broadcast |
//! | `away` | a network that was gone, a machine that slept |
//! | `buffer`, `watch`, `element` | room, stalls, holes |
//! | `abr`, `decision` | which quality, and why |
//! | `captions` | which captions, and which of them are kept |
//! | `merge` | text of other manifests |
//! | `key_frames` | what thumbnails and fast play need |
//! | `data` | events, script commands, chapters |
//! | `protection` | which keys are needed |
//! | `control` | what the viewer wants |

#![warn(clippy::indexing_slicing)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod abr;
mod answer;
mod away;
mod buffer;
mod captions;
mod command;
mod control;
mod data;
mod decision;
mod element;
mod event;
mod failure;
mod fetch;
mod key_frames;
mod latency;
mod live;
mod load;
mod merge;
mod notice;
mod protection;
mod session;
mod settings;
#[cfg(test)]
mod sim;
mod start;
mod stream;
mod time;
mod track;
mod watch;

pub use command::{CaptionDocument, Command, Purpose, RequestId, TextTrackId};
pub use decision::Decision;
pub use event::{AppendFailure, Event, Failure, Media, Range};
pub use notice::{Code, GapCause, Notice, Problem, Severity, SwitchReason};
pub use settings::Settings;

use session::{Phase, Session};
use smooth::Timescale;
use smooth::manifest::Kind;

/// The player's decisions.
///
/// Feed one [`Event`] to [`handle`](Self::handle), carry its commands out, then ask
/// [`deadline`](Self::deadline). `now` is the time since the session began, in seconds; it never goes back.
/// The same events at the same times give the same commands.
#[derive(Debug)]
pub struct Engine {
    session: Session,
}

impl Engine {
    /// An engine that plays nothing yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { session: Session::new(settings) }
    }

    /// Takes in one event at `now`. Says what to do next, in this order.
    #[must_use]
    pub fn handle(&mut self, now: f64, event: Event<'_>) -> Vec<Command> {
        let session = &mut self.session;
        let away = now - session.now;
        session.now = session.now.max(now);
        if let Event::Load { url, start } = event {
            session.load(url, start);
        } else if matches!(event, Event::Online) {
            session.online();
        } else if !matches!(session.phase, Phase::Idle | Phase::Over) {
            session.was_away(away);
            Self::dispatch(session, event);
        }
        session.drive();
        core::mem::take(&mut session.out.queue)
    }

    fn dispatch(session: &mut Session, event: Event<'_>) {
        match event {
            Event::Load { .. } | Event::Online | Event::Tick => {}
            Event::Opened => session.source_opened(),
            Event::Supported { mime, supported } => session.supported(mime, supported),
            Event::ManifestLoaded { request, url, bytes } => session.manifest_loaded(request, url, bytes),
            Event::ResponseStarted { request } => session.response_started(request),
            Event::Pointers(header) => session.pointed(header),
            Event::Head { request, moof } => session.head(request, moof),
            Event::Received { request, total } => session.received(request, total),
            Event::Finished { request, body } => session.finished(request, body),
            Event::Failed { request, failure } => session.failed(request, failure),
            Event::Appended { kind, request } => session.appended(kind, request),
            Event::AppendFailed { kind, reason } => session.append_failed(kind, reason),
            Event::Evicted { kind } => session.evicted(kind),
            Event::Media(media) => session.media_told(media),
            Event::Seeking { position } => session.seeking(position),
            Event::SelectLevel { kind, bitrate } => session.select_level(kind, bitrate),
            Event::SelectStream { kind, name } => session.select_stream(kind, name),
            Event::Merge(url) => session.merge(url),
            Event::Viewport { width, height } => session.viewport = (width, height),
            Event::Streaming { wanted } => session.streaming = wanted,
            Event::TargetLatency { seconds } => session.settings.target_latency = seconds,
            Event::WaitingForKey => {
                session.protection.waiting = Some(session.element.position);
            }
            Event::CaptionsUnreadable { time, url } => session.captions_failed(Some(time), url.to_owned()),
            Event::Stop => session.stop(),
        }
    }

    /// When, in seconds, to call [`handle`](Self::handle) with [`Event::Tick`], if no other event comes before. May change
    /// with every call of `handle`.
    #[must_use]
    pub const fn deadline(&self) -> Option<f64> {
        self.session.wake
    }

    /// What there is to choose from; `None` before [`Notice::ManifestReady`].
    #[must_use]
    pub fn presentation(&self) -> Option<Presentation<'_>> {
        self.session.presentation()
    }

    /// Address, start and duration (in seconds) of the fragment of the stream of data `name` at `position`.
    #[must_use]
    pub fn fragment_at(&self, name: &str, position: f64) -> Option<(String, f64, f64)> {
        self.session.fragment_at(name, position)
    }

    /// The choice behind a request for media, as long as it is under way.
    #[must_use]
    pub fn decision(&self, request: RequestId) -> Option<Decision> {
        self.session.decision(request)
    }

    /// Figures for a page's statistics.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.session.stats()
    }
}

/// What a presentation offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presentation<'a> {
    /// Whether it is a broadcast that still runs.
    pub live: bool,
    /// Absolute time of position 0, in ticks of [`timescale`](Self::timescale).
    pub zero: u64,
    /// Ticks per second of `zero`.
    pub timescale: Timescale,
    /// What can be played, in document order. Of captions, those that can be shown.
    pub streams: Vec<StreamInfo<'a>>,
}

/// A stream to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamInfo<'a> {
    /// Audio, video, or text.
    pub kind: Kind,
    /// `Subtype` of text that is no captions: `SCMD`, `CHAP`, `DATA`, …
    pub data: Option<&'a str>,
    /// Unique name.
    pub name: &'a str,
    /// As written in the manifest; may be empty.
    pub language: &'a str,
    /// Whether it is the one that plays.
    pub selected: bool,
    /// Playable levels, lowest bitrate first.
    pub levels: Vec<LevelInfo<'a>>,
}

/// A quality level to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelInfo<'a> {
    /// Bits/s.
    pub bitrate: u32,
    /// Pixels; 0 if unknown.
    pub width: u32,
    /// Pixels; 0 if unknown.
    pub height: u32,
    /// Type with codecs.
    pub mime: &'a str,
}

/// Figures for a page's statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stats {
    /// Estimate of what the network carries, in bits/s; 0 before a measurement.
    pub throughput: u64,
    /// Bitrate of the video level in use, in bits/s; 0 if there is none.
    pub video_bitrate: u32,
    /// Bitrate of the audio level in use, in bits/s; 0 if there is none.
    pub audio_bitrate: u32,
    /// Seconds buffered ahead of the playhead, in all buffers.
    pub buffered: f64,
    /// Seconds behind the live edge, which moves with the clock; 0 on demand.
    pub latency: f64,
    /// The rate that keeps the latency; 1 while nothing is to be corrected.
    pub rate: f64,
    /// How often playback stood still.
    pub stalls: u32,
    /// For how long, in seconds.
    pub stalled: f64,
    /// Requests for a manifest.
    pub manifest_requests: u32,
    /// Requests for fragments.
    pub fragment_requests: u32,
    /// Answers 412: not yet.
    pub not_yet: u32,
    /// Bytes of fragments received.
    pub bytes: u64,
}
