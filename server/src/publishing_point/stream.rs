//! A stream: levels of the same content, and the chunks that are published for all of them.
//!
//! A chunk is published once every active level has its fragment, or 1.5 durations of media later; a
//! level that missed three in a row is not waited for until it is in time again. So all levels announce
//! the same chunks, and what is published is never taken back. A chunk behind a hole waits for the
//! encoder that may still fill it. Text is published as it comes; of two encoders that bring it, the one
//! that lags may have what the other lost, so it waits for that one until viewers see the picture.

use smooth::manifest::Kind;
use smooth::{Span, Timescale};

use super::blocks::Blocks;
use super::track::{Track, TrackSpec, Waiting, rounding};
use crate::archive::TrackId;

/// What a stream waits for before it publishes a chunk.
pub(super) struct Wait<'a> {
    /// Nothing: the broadcast is over.
    pub(super) all: bool,
    /// Whether an encoder that is connected may still bring so many ticks that are missing before a chunk.
    pub(super) may_fill: &'a dyn Fn(Span, u64) -> bool,
    /// Ticks of media after which nobody waits for that any more.
    pub(super) reach: u64,
}

/// See the module.
#[derive(Debug)]
pub struct Stream {
    /// What it carries.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Ticks per second.
    pub timescale: Timescale,
    /// Place of its first track in the header that brought it: the order in the manifest.
    pub rank: usize,
    /// Its levels, lowest bitrate first.
    pub levels: Vec<TrackId>,
    /// Published chunks.
    pub chunks: Blocks<Span>,
    /// Start of the newest chunk that has left, in ticks.
    pub gone: Option<u64>,
    /// First tick after the newest chunk ever published (for text, after its start).
    pub end: u64,
}

impl Stream {
    pub(super) fn new(spec: &TrackSpec, rank: usize, level: TrackId) -> Self {
        Self {
            kind: spec.kind,
            name: spec.name.clone(),
            timescale: spec.timescale,
            rank,
            levels: vec![level],
            chunks: Blocks::default(),
            gone: None,
            end: 0,
        }
    }

    /// Publishes every chunk whose time has come. Returns them with the number of levels that lack each.
    pub(super) fn settle(&mut self, tracks: &mut [Track], wait: &Wait<'_>) -> Vec<(Span, usize)> {
        let mut published = Vec::new();
        while let Some(chunk) = self.next(tracks, wait) {
            let mut lacking = 0;
            self.end = if self.kind == Kind::Text { chunk.time.saturating_add(1) } else { chunk.end() };
            self.chunks.insert(chunk);
            for &id in &self.levels {
                let Some(track) = tracks.get_mut(id) else { continue };
                let mut had = false;
                while let Some(Waiting { entry, raw, .. }) = track.next_before(self.end) {
                    if entry.span.time == chunk.time {
                        had = track.attach(entry, raw);
                    } else {
                        track.counters.unaligned += 1;
                    }
                }
                track.misses = if had { 0 } else { track.misses.saturating_add(1) };
                lacking += usize::from(!had);
            }
            published.push((chunk, lacking));
        }
        published
    }

    /// The next chunk to publish. Where levels differ in its duration, the lowest says.
    fn next(&self, tracks: &[Track], wait: &Wait<'_>) -> Option<Span> {
        let levels = || self.levels.iter().filter_map(|&id| tracks.get(id));
        let chunk = levels().filter_map(|t| Some(t.pending.front()?.span)).min_by_key(|span| span.time)?;
        let in_time = |t: &Track| t.pending.front().is_some_and(|e| e.span.time == chunk.time);
        let complete = levels().filter(|t| t.active()).all(in_time);
        let newest = levels().filter_map(|t| Some(t.pending.back()?.span.end())).max()?;
        let patience = chunk.duration.saturating_add(chunk.duration / 2);
        let waited = newest >= chunk.end().saturating_add(patience);
        if wait.all {
            return Some(chunk);
        }
        if self.kind == Kind::Text {
            // Silence is no hole, so any caption may have lost the one before it.
            return (!(wait.may_fill)(chunk, 0)).then_some(chunk);
        }
        // However small: the copy of another encoder may reach further back.
        let missing = chunk.time.saturating_sub(self.end);
        let hole = self.end > 0 && missing > rounding(self.timescale);
        if hole && newest < chunk.end().saturating_add(wait.reach) && (wait.may_fill)(chunk, missing) {
            return None;
        }
        (complete || waited).then_some(chunk)
    }

    /// Whether a chunk may come in at `span`, behind the newest: while none is listed, nothing that was
    /// said of its neighbours changes.
    pub(super) fn has_room(&self, span: Span, look_ahead: u32) -> bool {
        let before = self.chunks.floor(span.time).is_none_or(|c| c.end() <= span.time);
        let after = self.chunks.from(span.time).next().is_none_or(|c| c.time >= span.end());
        self.chunks.len() <= look_ahead as usize && before && after
    }
}
