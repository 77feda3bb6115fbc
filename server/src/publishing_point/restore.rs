//! A broadcast put together again from what its archive says happened.

use std::sync::Arc;

use smooth::Span;
use smooth::manifest::Kind;

use super::broadcast::Broadcast;
use super::track::{Entry, TrackSpec};
use crate::archive::{FragmentLog, Indexed, TrackId};

impl Broadcast {
    /// Adds tracks, each with its place in the header that brought it. Returns their numbers.
    pub(crate) fn restore_tracks(&mut self, tracks: &[(usize, TrackSpec)]) -> Vec<TrackId> {
        let numbers = tracks.iter().map(|(rank, spec)| self.register(*rank, spec)).collect();
        self.fresh.clear();
        numbers
    }

    /// Offsets of its latest runs, in units of 100 ns.
    pub(crate) fn runs(&self) -> &[i64] {
        &self.runs
    }

    /// Adds a run.
    pub(crate) fn restore_run(&mut self, offset: i64) {
        self.add_run(offset);
    }

    /// Adds a chunk of the stream that has track `chunk.0`, and fragments of chunks that are there.
    pub(crate) fn restore(&mut self, chunk: Option<(TrackId, Span)>, fragments: &[Indexed]) {
        if let Some((id, span)) = chunk
            && let Some(stream) = self.streams.iter_mut().find(|s| s.levels.contains(&id))
        {
            stream.chunks.insert(span);
            stream.end = if stream.kind == Kind::Text { span.time.saturating_add(1) } else { span.end() };
            for &level in &stream.levels {
                let had = fragments.iter().any(|f| f.track == level);
                let track = &mut self.tracks[level];
                track.misses = if had { 0 } else { track.misses.saturating_add(1) };
            }
        }
        for f in fragments {
            let entry = Entry { span: f.span, hash: f.hash, media: None, place: Some(f.place) };
            if let Some(track) = self.tracks.get_mut(f.track) {
                track.attach(entry, f.raw);
            }
        }
        self.trim();
    }

    /// Forgets a fragment whose bytes are not there.
    pub(crate) fn forget(&mut self, track: TrackId, time: u64) {
        if let Some(track) = self.tracks.get_mut(track) {
            track.forget(time);
        }
    }

    /// Goes on with `log`.
    pub(crate) fn resume(&mut self, log: Arc<dyn FragmentLog>) {
        self.log = log;
        self.changed = true;
    }
}
