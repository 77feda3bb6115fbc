//! The brain of the player: a state machine without I/O and without a clock.
//!
//! ```text
//! engine.handle(now, event);
//! while let Some(command) = engine.poll() { carry it out }
//! wake up at engine.deadline() with Event::Tick
//! ```

mod command;
mod event;
mod notice;
mod settings;

use core::time::Duration;
use std::collections::VecDeque;

pub use command::{Command, Cue, Purpose, RequestId, TextTrackId};
pub use event::{AppendFailure, Event, Failure, Media, Range};
pub use notice::{Code, GapCause, Notice, Problem, Severity, SwitchReason};
pub use settings::Settings;

use smooth::Timescale;
use smooth::manifest::Kind;

/// The player's decisions.
///
/// Feed one [`Event`] to [`handle`](Self::handle), call [`poll`](Self::poll) until it says `None`, then ask
/// [`deadline`](Self::deadline). `now` is the time since the session began; it never goes back. The same
/// events at the same times give the same commands.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    commands: VecDeque<Command>,
    presentation: Option<Presentation>,
}

impl Engine {
    /// An engine that plays nothing yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, commands: VecDeque::new(), presentation: None }
    }

    /// Takes in one event at `now`.
    pub fn handle(&mut self, now: Duration, event: Event<'_>) {
        let _ = (now, event, &self.settings);
    }

    /// What to do next; `None` when there is nothing until the next event.
    #[must_use]
    pub fn poll(&mut self) -> Option<Command> {
        self.commands.pop_front()
    }

    /// When to call [`handle`](Self::handle) with [`Event::Tick`], if no other event comes before. May change
    /// with every call of `handle`.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        None
    }

    /// What there is to choose from; `None` before [`Notice::ManifestReady`].
    #[must_use]
    pub fn presentation(&self) -> Option<&Presentation> {
        self.presentation.as_ref()
    }

    /// Figures for a page's statistics.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats::default()
    }
}

/// What a presentation offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presentation {
    /// Whether it is a broadcast that still runs.
    pub live: bool,
    /// Absolute time of position 0, in ticks of [`timescale`](Self::timescale).
    pub zero: u64,
    /// Ticks per second of `zero`.
    pub timescale: Timescale,
    /// What can be played, in document order. Of captions, those that can be shown.
    pub streams: Vec<StreamInfo>,
}

/// A stream to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamInfo {
    /// Audio, video, or captions.
    pub kind: Kind,
    /// Unique name.
    pub name: String,
    /// As written in the manifest; may be empty.
    pub language: String,
    /// Whether it is the one that plays.
    pub selected: bool,
    /// Playable levels, lowest bitrate first.
    pub levels: Vec<LevelInfo>,
}

/// A quality level to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelInfo {
    /// Bits/s.
    pub bitrate: u32,
    /// Pixels; 0 if unknown.
    pub width: u32,
    /// Pixels; 0 if unknown.
    pub height: u32,
    /// Type with codecs.
    pub mime: String,
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
    /// Seconds behind the end of the newest chunk; 0 on demand.
    pub latency: f64,
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
