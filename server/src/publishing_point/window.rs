//! What stays available: the DVR window, and the cap on memory.

use super::broadcast::Broadcast;
use super::runs::to_units;

impl Broadcast {
    /// Lets go of what has left the window, and of the oldest chunks while memory is full. The newest
    /// chunks of a stream stay: those held back, and one more.
    pub(super) fn trim(&mut self) {
        if self.rules.window > 0 {
            let newest = self
                .streams
                .iter()
                .filter_map(|s| Some(to_units(s.chunks.last()?.end().cast_signed(), s.timescale)))
                .max();
            let window = i64::try_from(self.rules.window.saturating_mul(10_000_000)).unwrap_or(i64::MAX);
            let floor = newest.unwrap_or(0).saturating_sub(window);
            let keep = self.rules.look_ahead as usize + 1;
            for at in 0..self.streams.len() {
                while self.streams[at].chunks.len() > keep
                    && self.oldest_end(at).is_some_and(|end| end <= floor)
                {
                    self.drop_oldest(at);
                }
            }
        }
        self.cool();
        while self.is_full() {
            if self.cool_oldest() {
                continue;
            }
            self.note_full();
            let oldest = (0..self.streams.len())
                .filter(|&at| self.streams[at].chunks.len() > 1)
                .filter_map(|at| Some((self.oldest_end(at)?, at)))
                .min();
            match oldest {
                Some((_, at)) => self.drop_oldest(at),
                None if self.tracks.iter().any(|t| !t.pending.is_empty()) => {
                    (0..self.streams.len()).for_each(|at| self.settle(at, None));
                }
                None => break,
            }
        }
    }

    /// Lets go of chunks that end `age` or more before the broadcast does, in units of 100 ns.
    pub(super) fn drop_beyond(&mut self, age: i64) {
        let floor = self.end().saturating_sub(age);
        let keep = self.rules.look_ahead as usize + 1;
        for at in 0..self.streams.len() {
            while self.streams[at].chunks.len() > keep && self.oldest_end(at).is_some_and(|end| end <= floor)
            {
                self.note_full();
                self.drop_oldest(at);
            }
        }
    }

    /// End of the oldest chunk, in units of 100 ns.
    fn oldest_end(&self, at: usize) -> Option<i64> {
        let stream = &self.streams[at];
        Some(to_units(stream.chunks.first()?.end().cast_signed(), stream.timescale))
    }

    fn drop_oldest(&mut self, at: usize) {
        let stream = &mut self.streams[at];
        let Some(gone) = stream.chunks.pop_first() else { return };
        stream.gone = Some(gone.time);
        self.changed = true;
        let from = stream.chunks.first().map_or(u64::MAX, |c| c.time);
        for &id in &stream.levels {
            self.tracks[id].release(from);
        }
    }
}
