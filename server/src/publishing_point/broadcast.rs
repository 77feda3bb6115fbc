//! A broadcast: what the encoders delivered, in order, without a clock.
//!
//! Everything here is a function of the settings and of the fragments in their order; the time `now` that
//! the caller passes decides only whether another connection counts as alive. Where a fragment belongs is
//! said in `placement`, when it is published in `stream`.
//!
//! A new run starts where the broadcast ends: its offset is the end over all tracks less the first time
//! of the fragment that opened it. What dead connections left unpublished is forgotten first, so that no
//! level has a hole where another one was quicker; not so captions of what is published. All connections of
//! an encoder that began anew land on one run, for each joins the run under which its first time is nearest
//! to the end of its track.

use std::sync::Arc;
use std::time::Duration;

use smooth::manifest::Kind;
use smooth::{Span, Timescale};

use super::alignment::Misfit;
use super::runs::{to_ticks, to_units, units_up};
use super::session::Sessions;
use super::stream::{Stream, Wait};
use super::track::{Entry, SessionId, Track, TrackSpec};
use crate::archive::{FragmentLog, Kept, Media, NewTrack, Published, TrackId};

/// The settings of a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How many of the newest chunks are held back.
    pub look_ahead: u32,
    /// Seconds of media that stay available; 0 for all.
    pub window: u64,
    /// Seconds of media that stay in memory when they are archived.
    pub live_cache: u64,
    /// See [`Settings::resend_fragments`](crate::config::Settings::resend_fragments).
    pub resend_fragments: u32,
    /// See [`Settings::max_jump_seconds`](crate::config::Settings::max_jump_seconds).
    pub max_jump: u64,
    /// Bytes of media to keep at most.
    pub max_bytes: u64,
    /// Tracks at most.
    pub max_tracks: usize,
    /// Seconds of media that redundant encoders may be apart.
    pub max_lag: u64,
    /// Fragments in a row that need not fit to those of another encoder.
    pub max_unaligned: u32,
}

/// A fragment on its way in.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The encoder's start in ticks; may be negative.
    pub time: i64,
    /// Duration in ticks.
    pub duration: u64,
    /// Its bytes.
    pub media: Arc<Media>,
}

/// What became of a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Taken in.
    Accepted {
        /// Ticks that are missing before it.
        gap: u64,
        /// Its encoder began anew, and a new run starts with it.
        restarted: bool,
    },
    /// It was there.
    Duplicate,
    /// Other bytes were there; they stay.
    Conflict,
    /// Behind the end of the track.
    Late,
    /// Its start is not that of a chunk of its stream.
    Unaligned,
    /// Kept until it is known whether its encoder is aligned with the one that delivers.
    Held,
    /// Its encoder cuts elsewhere than the one that delivers, again and again.
    Misaligned(Misfit),
    /// No duration, or a time out of all range.
    Unusable,
}

/// Why a push stream's header is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A track that is known came with other parameters.
    #[error(
        "track {name} at {bitrate} bit/s is known, but {reason}; shut the publishing point down, or use another name"
    )]
    Changed {
        /// Its name.
        name: String,
        /// Its bitrate in bits/s.
        bitrate: u32,
        /// What is different.
        reason: &'static str,
    },
    /// Levels of one stream have to count time alike.
    #[error("track {name} has another timescale than the other levels of its stream")]
    Timescale {
        /// Its name.
        name: String,
    },
    /// Too many tracks.
    #[error("the publishing point has {max} tracks, which is the limit")]
    TooMany {
        /// The limit.
        max: usize,
    },
}

/// Something an operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A chunk was published although levels lack it.
    Incomplete {
        /// Name of the stream.
        stream: String,
        /// Start of the chunk in ticks.
        time: u64,
        /// How many levels lack it.
        lacking: usize,
    },
    /// The window no longer fits into memory: the oldest fragments go early. Said once.
    MemoryFull,
}

/// See the module.
pub struct Broadcast {
    /// Its settings.
    pub rules: Rules,
    /// Its tracks, in order of first appearance.
    pub tracks: Vec<Track>,
    /// Its streams, in the order of the manifest.
    pub streams: Vec<Stream>,
    /// Whether something changed that viewers can see. Reset by whoever shows it to them.
    pub changed: bool,
    /// What an operator should know. Drained by whoever tells them.
    pub notes: Vec<Note>,
    pub(super) log: Arc<dyn FragmentLog>,
    pub(super) sessions: Sessions,
    /// Offsets of the latest runs, in units of 100 ns.
    pub(super) runs: Vec<i64>,
    /// Where it starts, in units of 100 ns: the end of the one before it, so that no URL is used twice.
    pub(super) begin: i64,
    /// Tracks that the log has not heard of, with their places in the header.
    pub(super) fresh: Vec<(TrackId, usize)>,
    full: bool,
    /// When the last fragment came.
    pub(super) now: Duration,
}

impl Broadcast {
    /// An empty broadcast that starts at `begin`, in units of 100 ns, or later.
    #[must_use]
    pub fn new(rules: Rules, log: Arc<dyn FragmentLog>, begin: i64) -> Self {
        Self {
            rules,
            tracks: Vec::new(),
            streams: Vec::new(),
            changed: false,
            notes: Vec::new(),
            log,
            sessions: Sessions::default(),
            runs: vec![0],
            begin,
            fresh: Vec::new(),
            full: false,
            now: Duration::ZERO,
        }
    }

    /// Takes in the header of connection `session`. Returns the number of each of its tracks.
    ///
    /// # Errors
    ///
    /// See [`Refusal`]; nothing changes then.
    pub fn open(&mut self, session: SessionId, specs: &[TrackSpec]) -> Result<Vec<TrackId>, Refusal> {
        let mut fresh = 0;
        for spec in specs {
            let name = || spec.name.clone();
            if let Some(known) = self.tracks.iter().find(|t| t.spec.same_identity(spec)) {
                if let Some(reason) = spec.conflict(&known.spec) {
                    return Err(Refusal::Changed { name: name(), bitrate: spec.level.bitrate, reason });
                }
                continue;
            }
            fresh += 1;
            let others = self.tracks.iter().map(|t| &*t.spec).chain(specs);
            if others.filter(|o| o.same_stream(spec)).any(|o| o.timescale != spec.timescale) {
                return Err(Refusal::Timescale { name: name() });
            }
        }
        if self.tracks.len().saturating_add(fresh) > self.rules.max_tracks {
            return Err(Refusal::TooMany { max: self.rules.max_tracks });
        }
        let tracks: Vec<_> = specs.iter().enumerate().map(|(rank, spec)| self.register(rank, spec)).collect();
        self.sessions.open(session, &tracks);
        Ok(tracks)
    }

    pub(super) fn register(&mut self, rank: usize, spec: &TrackSpec) -> TrackId {
        if let Some(id) = self.tracks.iter().position(|t| t.spec.same_identity(spec)) {
            return id;
        }
        self.changed = true;
        let id = self.tracks.len();
        self.tracks.push(Track::new(spec.clone()));
        self.fresh.push((id, rank));
        if let Some(stream) = self.streams.iter_mut().find(|s| s.kind == spec.kind && s.name == spec.name) {
            stream.rank = stream.rank.min(rank);
            stream.levels.push(id);
            stream.levels.sort_by_key(|&id| {
                let level = &self.tracks[id].spec.level;
                (level.bitrate, level.custom_attributes.clone())
            });
        } else {
            self.streams.push(Stream::new(spec, rank, id));
        }
        // Known from the headers alone, so that two origins list streams alike.
        self.streams.sort_by(|a, b| (a.kind, a.rank, &a.name).cmp(&(b.kind, b.rank, &b.name)));
        id
    }

    /// Tells the log of the tracks that push stream `stream` of `event` brought.
    pub fn describe(&mut self, event: Option<&str>, stream: &str) {
        let new =
            |(id, rank): (TrackId, usize)| NewTrack { id, rank, spec: Arc::clone(&self.tracks[id].spec) };
        let tracks: Vec<_> = std::mem::take(&mut self.fresh).into_iter().map(new).collect();
        if !tracks.is_empty() {
            self.log.describe(event, stream, &tracks);
        }
    }

    /// Forgets the connection; what it delivered stays. What waited to be known as aligned with it, or
    /// with nobody, is placed.
    pub fn close(&mut self, session: SessionId) {
        self.sessions.fall_silent(session);
        for (waiting, id) in self.sessions.waiting() {
            let track = &self.tracks[id];
            let patience = patience(track.step(), track.spec.timescale);
            if !self.sessions.rival(self.now, waiting, id, patience) {
                self.release(self.now, waiting, id);
            }
        }
        self.sessions.close(session);
        self.settle_text(self.now);
    }

    /// Publishes what waits in every stream: the broadcast is over.
    pub fn finish(&mut self) {
        for at in 0..self.streams.len() {
            self.settle(at, None);
        }
        self.log.seal();
        self.changed = true;
    }

    /// Publishes the chunks of a stream whose time has come at `now`; all that wait, if there is no more
    /// to wait for.
    pub(super) fn settle(&mut self, at: usize, now: Option<Duration>) {
        let is_text = self.streams[at].kind == Kind::Text;
        let shown = if is_text { self.shown() } else { 0 };
        let stream = &mut self.streams[at];
        let (levels, timescale) = (stream.levels.clone(), stream.timescale);
        let text = is_text.then(|| (to_ticks(shown, timescale), stream.chunks.last().map(|c| c.time)));
        let reach = self.rules.max_lag.saturating_mul(timescale.get().into());
        let sessions = &self.sessions;
        let may_fill = |chunk: Span, missing: u64| {
            if let Some((shown, last)) = text {
                return chunk.time >= shown && sessions.may_caption(&levels, last, chunk.time, reach);
            }
            // Who has lost two fragments is not gone. But the seam before an encoder that began anew waits
            // no longer than that one was held for the other.
            let is_seam = missing < chunk.duration / 2;
            let patience = patience(chunk.duration, timescale) * if is_seam { 1 } else { 2 };
            now.is_some_and(|now| sessions.may_fill(now, &levels, chunk.time, patience))
        };
        let wait = Wait { all: now.is_none(), may_fill: &may_fill, reach };
        let published = stream.settle(&mut self.tracks, &wait);
        for (chunk, lacking) in published {
            self.changed = true;
            let stream = &self.streams[at];
            let fragment = |&id: &TrackId| {
                let track = &self.tracks[id];
                kept(id, track.entries.at(chunk.time)?, track.raw(chunk.time))
            };
            let fragments = stream.levels.iter().filter_map(fragment).collect();
            self.log.append(Published { chunk: Some((stream.levels[0], chunk)), fragments });
            if lacking > 0 {
                self.notes.push(Note::Incomplete { stream: stream.name.clone(), time: chunk.time, lacking });
            }
        }
    }

    /// Publishes captions whose time has come at `now`.
    pub(super) fn settle_text(&mut self, now: Duration) {
        for at in 0..self.streams.len() {
            let stream = &self.streams[at];
            let waits = || stream.levels.iter().any(|&id| !self.tracks[id].pending.is_empty());
            if stream.kind == Kind::Text && waits() {
                self.settle(at, Some(now));
            }
        }
    }

    /// How far viewers see picture and sound, in units of 100 ns: what is held back is none of it. Where
    /// there is to be neither, captions have nothing to wait for.
    fn shown(&self) -> i64 {
        if self.streams.iter().all(|s| s.kind == Kind::Text) {
            return i64::MAX;
        }
        let media = self.streams.iter().filter(|s| s.kind != Kind::Text && !s.chunks.is_empty());
        let held = usize::try_from(self.rules.look_ahead).unwrap_or(usize::MAX);
        let ends = media.filter_map(|s| {
            let end = s.chunks.iter().rev().nth(held).map(|c| c.end()).or(s.gone)?;
            Some(to_units(i64::try_from(end).unwrap_or(i64::MAX), s.timescale))
        });
        ends.max().unwrap_or(0)
    }

    pub(super) fn stream(&self, id: TrackId) -> Option<&Stream> {
        self.streams.iter().find(|s| s.levels.contains(&id))
    }

    /// Whether no track has a fragment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tracks.iter().all(|t| t.end().is_none())
    }

    /// Where the broadcast ends, in units of 100 ns: over all tracks but text, unless there is only text.
    #[must_use]
    pub fn end(&self) -> i64 {
        let end = |text: bool| {
            let tracks = self.tracks.iter().filter(move |t| (t.spec.kind == Kind::Text) == text);
            tracks.filter_map(|t| Some(units_up(t.end()?, t.spec.timescale))).max()
        };
        end(false).or_else(|| end(true)).unwrap_or(self.begin).max(self.begin)
    }

    /// Bytes of memory that its fragments take.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.tracks.iter().map(|t| t.bytes).sum::<u64>() + self.sessions.bytes()
    }

    pub(super) fn is_full(&self) -> bool {
        self.memory() > self.rules.max_bytes
    }

    pub(super) fn note_full(&mut self) {
        if !std::mem::replace(&mut self.full, true) {
            self.notes.push(Note::MemoryFull);
        }
    }
}

/// A fragment for the log, with the encoder's start; `None` once it is there.
pub(super) fn kept(track: TrackId, entry: &Entry, raw: i64) -> Option<Kept> {
    Some(Kept { track, span: entry.span, raw, media: Arc::clone(entry.media.as_ref()?) })
}

/// How long after its last fragment, which lasted `step` ticks, an encoder counts as alive.
pub(super) fn patience(step: u64, timescale: Timescale) -> Duration {
    Duration::from_secs_f64(timescale.seconds(step) * 2.5)
}

/// Seconds of the longest fragment: a day, for a caption that stays.
pub(super) const LONGEST: u64 = 86_400;

/// The largest encoder time in ticks; leaves room for all sums.
pub(super) const RANGE: u64 = 1 << 61;
