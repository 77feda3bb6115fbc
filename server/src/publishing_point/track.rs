//! One track: a quality level of a stream, and the fragments that came for it.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Serialize;
use smooth::ingest::TrackInfo;
use smooth::manifest::{Kind, ProtectionHeader, QualityLevel};
use smooth::{Span, Timescale};

use super::blocks::{Blocks, Timed};
use super::broadcast::Outcome;
use super::traffic::Meter;
use crate::archive::{Media, Place};

/// Number of an encoder connection; never used twice in a process, and never part of what is served.
pub type SessionId = u64;

/// What a push stream's header says about a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackSpec {
    /// `trackID`: what its fragments call it.
    pub id: u32,
    /// What it carries.
    pub kind: Kind,
    /// `trackName`: the stream it is a level of.
    pub name: String,
    /// `Subtype`, upper case.
    pub subtype: String,
    /// `systemLanguage`; empty if unknown.
    pub language: String,
    /// Ticks per second of its fragments.
    pub timescale: Timescale,
    /// `parentTrackName`: it is sparse.
    pub parent: Option<String>,
    /// `manifestOutput`.
    pub manifest_output: bool,
    /// `DisplayWidth` and `DisplayHeight` in pixels; 0 if absent.
    pub display: (u32, u32),
    /// Codec and bitrate. `index` is not set.
    pub level: QualityLevel,
    /// Where licences for it come from, if it is protected.
    pub protection: Vec<ProtectionHeader>,
}

impl TrackSpec {
    /// What a header says of it.
    #[must_use]
    pub fn track(&self) -> TrackInfo {
        TrackInfo {
            id: self.id,
            kind: self.kind,
            name: self.name.clone(),
            language: self.language.clone(),
            timescale: self.timescale,
            subtype: self.subtype.clone(),
            parent: self.parent.clone(),
            manifest_output: self.manifest_output,
            display_width: self.display.0,
            display_height: self.display.1,
            level: self.level.clone(),
            protection: self.protection.clone(),
        }
    }

    /// Whether both name the same track: kind, name, bitrate and custom attributes.
    #[must_use]
    pub fn same_identity(&self, other: &Self) -> bool {
        self.same_stream(other)
            && self.level.bitrate == other.level.bitrate
            && self.level.custom_attributes == other.level.custom_attributes
    }

    /// Whether both are levels of one stream.
    #[must_use]
    pub fn same_stream(&self, other: &Self) -> bool {
        self.kind == other.kind && self.name == other.name
    }

    /// What keeps a track with this header from going on as `known`, which has the same identity.
    #[must_use]
    pub fn conflict(&self, known: &Self) -> Option<&'static str> {
        if self.timescale != known.timescale {
            Some("its timescale changed")
        } else if self.level.fourcc != known.level.fourcc {
            Some("its codec changed")
        } else if self.level.private_data != known.level.private_data {
            Some("its codec private data changed")
        } else {
            None
        }
    }
}

impl From<&TrackInfo> for TrackSpec {
    fn from(track: &TrackInfo) -> Self {
        Self {
            id: track.id,
            kind: track.kind,
            name: track.name.clone(),
            subtype: track.subtype.clone(),
            language: track.language.clone(),
            timescale: track.timescale,
            parent: track.parent.clone(),
            manifest_output: track.manifest_output,
            display: (track.display_width, track.display_height),
            level: track.level.clone(),
            protection: track.protection.clone(),
        }
    }
}

/// A fragment at its place on the broadcast's timeline.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Start and duration, in ticks of the stream.
    pub span: Span,
    /// Of its `mdat`, see [`Media::hash`].
    pub hash: u64,
    /// The fragment; `None` once it is to be read from the log.
    pub media: Option<Arc<Media>>,
    /// Where the log keeps it; `None` while it does not.
    pub place: Option<Place>,
}

impl Entry {
    /// Bytes of memory that it takes.
    pub(super) fn cost(&self) -> u64 {
        INDEX + self.media_cost()
    }

    /// Those that are free once its media has gone.
    pub(super) fn media_cost(&self) -> u64 {
        self.media.as_ref().map_or(0, |m| m.size() + OVERHEAD)
    }
}

/// A fragment that waits for the other levels.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The fragment.
    pub entry: Entry,
    /// The encoder's start, mapped but not clipped, in ticks.
    pub raw: i64,
    /// Who sent it.
    pub session: SessionId,
}

impl std::ops::Deref for Waiting {
    type Target = Entry;

    fn deref(&self) -> &Entry {
        &self.entry
    }
}

impl Timed for Entry {
    fn time(&self) -> u64 {
        self.span.time
    }
}

/// What happened on a track since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Counters {
    /// Fragments taken in.
    pub accepted: u64,
    /// Copies of fragments that are there.
    pub duplicates: u64,
    /// Other bytes for a time that is there.
    pub conflicts: u64,
    /// Fragments behind the end, with no place for them.
    pub late: u64,
    /// Fragments whose start no other level of the stream has, when it came to publishing, or that do not
    /// fit to those of another encoder.
    pub unaligned: u64,
    /// Jumps forward.
    pub gaps: u64,
    /// New runs that began here.
    pub restarts: u64,
}

impl Counters {
    pub(super) fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Accepted { gap, restarted } => {
                self.accepted += 1;
                self.gaps += u64::from(gap > 0);
                self.restarts += u64::from(restarted);
            }
            Outcome::Duplicate => self.duplicates += 1,
            Outcome::Conflict => self.conflicts += 1,
            Outcome::Late | Outcome::Unusable => self.late += 1,
            Outcome::Unaligned | Outcome::Misaligned(_) => self.unaligned += 1,
            // Counted when its place is known.
            Outcome::Held => {}
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Track {
    /// Its header.
    pub spec: Arc<TrackSpec>,
    /// Fragments that belong to a published chunk of the stream.
    pub entries: Blocks<Entry>,
    /// Fragments that wait for the other levels, in order of time.
    pub pending: VecDeque<Waiting>,
    /// Bytes of both, with what keeping them costs.
    pub bytes: u64,
    /// Chunks published since this level last had one in time.
    pub misses: u32,
    /// What happened.
    pub counters: Counters,
    /// Requests for its fragments.
    pub requests: Arc<Meter>,
    pub(super) settled_end: Option<u64>,
    clips: Clips,
    /// No published fragment that starts before is in memory.
    pub(super) hot: u64,
}

impl Track {
    pub(super) fn new(spec: TrackSpec) -> Self {
        Self {
            spec: Arc::new(spec),
            entries: Blocks::default(),
            pending: VecDeque::new(),
            bytes: 0,
            misses: 0,
            counters: Counters::default(),
            requests: Arc::default(),
            settled_end: None,
            clips: Clips::default(),
            hot: u64::MAX,
        }
    }

    /// Adds a fragment that waits for the other levels.
    pub(super) fn wait(&mut self, entry: Entry, raw: i64, session: SessionId) {
        self.bytes += entry.cost();
        let at = self.pending.partition_point(|e| e.span.time < entry.span.time);
        self.pending.insert(at, Waiting { entry, raw, session });
    }

    /// Adds a fragment to a published chunk; `raw` is the encoder's start, mapped but not clipped. Returns
    /// false if there is one.
    pub(super) fn attach(&mut self, entry: Entry, raw: i64) -> bool {
        let time = entry.span.time;
        let (end, cost) = (self.reach(&entry), entry.cost());
        let hot = if entry.media.is_some() { time } else { u64::MAX };
        let added = self.entries.insert(entry);
        if added {
            self.bytes += cost;
            self.hot = self.hot.min(hot);
            self.settled_end = self.settled_end.max(Some(end));
            self.clips.note(time, raw);
        }
        added
    }

    /// Takes out the oldest fragment that waits, if it starts before `time`.
    pub(super) fn next_before(&mut self, time: u64) -> Option<Waiting> {
        self.pending.front().filter(|e| e.span.time < time)?;
        let waiting = self.pending.pop_front()?;
        self.bytes = self.bytes.saturating_sub(waiting.cost());
        Some(waiting)
    }

    /// Forgets waiting fragments that `keep` refuses.
    pub(super) fn abandon(&mut self, keep: impl Fn(&Waiting) -> bool) {
        self.pending.retain(|e| {
            let kept = keep(e);
            self.bytes = self.bytes.saturating_sub(if kept { 0 } else { e.cost() });
            kept
        });
    }

    /// Forgets the published fragment that starts at `time`.
    pub(super) fn forget(&mut self, time: u64) {
        if let Some(gone) = self.entries.remove(time) {
            self.bytes = self.bytes.saturating_sub(gone.cost());
        }
    }

    /// Forgets published fragments that start before `time`.
    pub(super) fn release(&mut self, time: u64) {
        while self.entries.first().is_some_and(|e| e.span.time < time) {
            let gone = self.entries.pop_first();
            self.bytes = self.bytes.saturating_sub(gone.map_or(0, |e| e.cost()));
        }
    }

    /// Whether the stream waits for this level before it publishes a chunk.
    pub(super) const fn active(&self) -> bool {
        self.misses < MISSES
    }

    /// First tick where the next fragment may start: the end of the newest one. Captions may overlap,
    /// so for text it is the tick after the newest start. `None` before the first fragment.
    pub(super) fn end(&self) -> Option<u64> {
        self.pending.back().map(|e| self.reach(e)).max(self.settled_end)
    }

    /// Duration of the newest fragment in ticks.
    pub(super) fn step(&self) -> u64 {
        let newest = self.pending.back().map(|w| &w.entry).or_else(|| self.entries.last());
        newest.map_or(0, |e| e.span.duration)
    }

    /// The fragment whose mapped start was `raw`. Clipping moves a start forward by `slack` ticks at most.
    pub(super) fn with_raw(&self, raw: i64, slack: u64) -> Option<&Entry> {
        let from = u64::try_from(raw).unwrap_or(0);
        let near = |e: &&Entry| e.span.time <= from.saturating_add(slack);
        let published = self.entries.from(from).take_while(near).find(|e| self.raw(e.span.time) == raw);
        published.or_else(|| self.pending.iter().find(|w| w.raw == raw).map(|w| &w.entry))
    }

    /// The encoder's start of the published fragment that starts at `time`, mapped but not clipped.
    pub(super) fn raw(&self, time: u64) -> i64 {
        self.clips.raw(time)
    }

    /// Whether no fragment starts at `time`.
    pub(super) fn is_free_at(&self, time: u64) -> bool {
        self.entries.at(time).is_none() && self.pending.iter().all(|w| w.span.time != time)
    }

    /// Whether no fragment lies between `span`'s start and end.
    pub(super) fn is_free(&self, span: Span) -> bool {
        let before = self
            .entries
            .floor(span.time)
            .is_none_or(|e| e.span.end() <= span.time && e.span.time != span.time);
        let after = self.entries.from(span.time).next().is_none_or(|e| e.span.time >= span.end());
        let clear = |e: &Waiting| e.span.end() <= span.time || e.span.time >= span.end();
        before && after && self.pending.iter().all(clear)
    }

    fn reach(&self, entry: &Entry) -> u64 {
        if self.spec.kind == Kind::Text { entry.span.time.saturating_add(1) } else { entry.span.end() }
    }
}

/// Encoder's starts of the newest fragments whose own start was clipped; all others start where their
/// encoder says.
///
/// Only copies of fragments that came lately are told by it, so an index of a long event does without.
#[derive(Debug, Default)]
struct Clips(VecDeque<(u64, i64)>);

impl Clips {
    fn note(&mut self, time: u64, raw: i64) {
        if time.cast_signed() == raw {
            return;
        }
        if self.0.len() >= CLIPS {
            self.0.pop_front();
        }
        let at = self.0.partition_point(|&(t, _)| t < time);
        self.0.insert(at, (time, raw));
    }

    fn raw(&self, time: u64) -> i64 {
        let found = self.0.binary_search_by_key(&time, |&(t, _)| t).ok().and_then(|at| self.0.get(at));
        found.map_or_else(|| time.cast_signed(), |&(_, raw)| raw)
    }
}

/// Ticks by which one fragment may miss the end of the one before without there being a hole: timescales
/// round, and no player minds.
pub(super) fn rounding(timescale: Timescale) -> u64 {
    u64::from(timescale.get()) / 100
}

/// Far more fragments than redundant encoders are apart, or a reconnect sends again.
const CLIPS: usize = 512;

/// After so many chunks without a fragment in time, a level is not waited for any more.
const MISSES: u32 = 3;

/// Bytes that keeping a fragment in memory costs beside its media, generously: a flood of tiny ones
/// counts too.
const OVERHEAD: u64 = 448;

/// Bytes that knowing a fragment costs: an entry, and a chunk of its own in the worst case.
const INDEX: u64 = (size_of::<Entry>() + size_of::<Span>()) as u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knowing_a_fragment_takes_at_most_64_bytes() {
        // Its entry, a chunk of its own, and what blocks of 256 cost beside their items.
        let block = size_of::<Arc<Vec<Entry>>>() + size_of::<Vec<Entry>>() + 4 * size_of::<usize>();
        assert_eq!(INDEX, 56);
        assert!(INDEX + (2 * block as u64).div_ceil(256) <= 64);
    }

    #[test]
    fn starts_that_were_clipped_are_known_for_a_while() {
        let mut clips = Clips::default();
        for n in 0..2 * CLIPS as u64 {
            clips.note(n * 10, (n * 10).cast_signed() - i64::from(n % 3 == 0));
        }
        assert_eq!([0, 10, 30, 33, 10_230].map(|time| clips.raw(time)), [-1, 10, 29, 33, 10_229]);
        (0..CLIPS as u64).for_each(|n| clips.note(100_000 + n, 0));
        assert_eq!((clips.0.len(), clips.raw(30), clips.raw(100_000)), (CLIPS, 30, 0));
    }
}
