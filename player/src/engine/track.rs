//! One stream in play: what to ask for next, and what is under way.

use smooth::Span;
use smooth::manifest::{Kind, Timeline};

use super::command::RequestId;
use super::notice::SwitchReason;

/// Where a track stands on its timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cursor {
    /// At the chunk that plays at this time.
    At(u64),
    /// After the chunk that starts at this time.
    After(u64),
}

impl Cursor {
    /// The chunk to ask for.
    pub(super) fn chunk(self, chunks: &Timeline) -> Option<Span> {
        match self {
            Self::At(time) => chunks.playing(time),
            Self::After(time) => chunks.after(time),
        }
    }
}

/// A request under way. Its address is [`Track::last_url`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    pub(super) request: RequestId,
    pub(super) chunk: Span,
    pub(super) level: usize,
    pub(super) sent: f64,
    /// Asked for before it was known to be served.
    pub(super) early: bool,
    /// The origin was asked to hold it.
    pub(super) held: bool,
    /// When status and headers came.
    pub(super) started: Option<f64>,
    /// Bytes of the body so far.
    pub(super) received: u64,
    /// Bytes of the whole, from its head.
    pub(super) size: Option<u64>,
    /// Its head was appended.
    pub(super) head: bool,
}

/// One stream in play.
#[derive(Clone, Debug)]
pub(super) struct Track {
    pub(super) kind: Kind,
    /// Index of the stream.
    pub(super) stream: usize,
    pub(super) cursor: Cursor,
    pub(super) flight: Option<Flight>,
    /// Received whole, not yet appended whole; oldest first.
    pub(super) appending: Vec<(RequestId, Span)>,
    /// Nothing is asked for before this time.
    pub(super) retry_at: f64,
    /// Failures in a row of the network or the server, for the chunk at the cursor.
    pub(super) failures: u32,
    /// Answers "not yet" in a row, for the chunk at the cursor.
    pub(super) not_yet: u32,
    /// Levels that do not have the chunk at the cursor.
    pub(super) tried: Vec<usize>,
    /// The level that first answered "not yet" too often.
    pub(super) doubted: Option<usize>,
    /// Address of the last request.
    pub(super) last_url: String,
    /// Chunks left out in a row.
    pub(super) skipped: u32,
    /// A manifest was asked for since the chunk at the cursor was first missing.
    pub(super) reloaded: bool,
    /// The level of the last request.
    pub(super) level: Option<usize>,
    /// The level whose init segment was appended last.
    pub(super) init: Option<usize>,
    /// Type of the source buffer; `None` before there is one.
    pub(super) buffer: Option<String>,
    /// The viewer's choice, in bits/s.
    pub(super) chosen: Option<u32>,
    /// Why `level` was chosen.
    pub(super) reason: SwitchReason,
    /// The level to start over with, after one was given up.
    pub(super) fallback: Option<usize>,
    /// The last announced level, for the page.
    pub(super) shown: Option<u32>,
    /// Start and bitrate of the chunks asked for lately, see [`slot`]; `u32::MAX` where no better one is to be had.
    asked: [(u64, u32); ASKED as usize],
    /// An eviction is under way.
    pub(super) evicting: bool,
    /// Live, and no further chunk is known.
    pub(super) starved: bool,
    /// On demand, and everything is appended.
    pub(super) complete: bool,
    /// Fragments are decoded earlier than they are shown, by their first composition offset. Decided once.
    pub(super) early: Option<bool>,
    /// Pictures come this much later than their chunk says (first composition offset), in seconds.
    pub(super) shift: f64,
    /// The next head is the first after a seek.
    pub(super) fresh: bool,
    /// Up to here the buffer may hold another stream, in seconds: what begins before is asked for all the same.
    pub(super) stale: f64,
}

impl Track {
    pub(super) const fn new(kind: Kind, stream: usize) -> Self {
        Self {
            kind,
            stream,
            cursor: Cursor::At(0),
            flight: None,
            appending: Vec::new(),
            retry_at: 0.0,
            failures: 0,
            not_yet: 0,
            tried: Vec::new(),
            doubted: None,
            last_url: String::new(),
            skipped: 0,
            reloaded: false,
            level: None,
            init: None,
            buffer: None,
            chosen: None,
            reason: SwitchReason::Start,
            fallback: None,
            shown: None,
            asked: [(u64::MAX, 0); ASKED as usize],
            evicting: false,
            starved: false,
            complete: false,
            early: None,
            shift: 0.0,
            fresh: true,
            stale: 0.0,
        }
    }

    /// Whether it feeds a source buffer.
    pub(super) fn is_media(&self) -> bool {
        self.kind != Kind::Text
    }

    /// Moves to `cursor`, with a clean slate for what is found there.
    pub(super) fn go_to(&mut self, cursor: Cursor) {
        self.cursor = cursor;
        self.retry_at = 0.0;
        self.failures = 0;
        self.not_yet = 0;
        self.tried.clear();
        self.doubted = None;
        self.reloaded = false;
        self.starved = false;
        self.complete = false;
    }

    /// Remembers that `chunk` was asked for with `bitrate`. One that was asked for before is not to be had
    /// better, or was replaced already.
    pub(super) fn asked(&mut self, chunk: Span, bitrate: u32) {
        if let Some(asked) = self.asked.get_mut(slot(chunk)) {
            *asked = (chunk.time, if asked.0 == chunk.time { u32::MAX } else { bitrate });
        }
    }

    /// Whether `chunk` was asked for, not long ago, with less than `bitrate`.
    pub(super) fn is_below(&self, chunk: Span, bitrate: f64) -> bool {
        self.asked.get(slot(chunk)).is_some_and(|asked| asked.0 == chunk.time && f64::from(asked.1) < bitrate)
    }

    /// The oldest chunk that is not appended whole, among those asked for.
    pub(super) fn oldest_pending(&self) -> Option<Span> {
        self.appending.first().map(|(_, chunk)| *chunk).or_else(|| self.flight.as_ref().map(|f| f.chunk))
    }

    /// Whether it waits for the broadcast to go on.
    pub(super) fn waits_for_news(&self) -> bool {
        self.starved
            || self.not_yet > 0
            || self.flight.as_ref().is_some_and(|f| f.early && f.started.is_none())
    }
}

/// Where the bitrate of a chunk is remembered. Neighbours have places of their own.
fn slot(chunk: Span) -> usize {
    let number = chunk.time.checked_div(chunk.duration).unwrap_or(0);
    usize::try_from(number % ASKED).unwrap_or(0)
}

/// Chunks whose bitrate is remembered: more than any buffer goal ahead of the playhead.
const ASKED: u64 = 64;
