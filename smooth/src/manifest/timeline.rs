//! The chunks of a stream, run-length encoded: a day of two-second chunks is one entry.

use crate::time::Span;

/// `count` chunks of the same duration, back to back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Start of the first chunk, in ticks of the stream's timescale.
    pub time: u64,
    /// Duration of each, in ticks.
    pub duration: u64,
    /// How many; never 0.
    pub count: u64,
}

impl Run {
    /// First tick after the last chunk; saturates.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.time.saturating_add(self.duration.saturating_mul(self.count))
    }

    /// The chunk at `index` of the run; the last one for an index beyond it.
    #[must_use]
    const fn chunk(&self, index: u64) -> Span {
        let index = if index < self.count { index } else { self.count.saturating_sub(1) };
        Span { time: self.time.saturating_add(self.duration.saturating_mul(index)), duration: self.duration }
    }
}

/// Chunks of one stream in order of their start. Gaps are allowed, so are small overlaps; two chunks
/// never start at the same tick.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    runs: Vec<Run>,
    len: u64,
}

impl Timeline {
    /// An empty timeline.
    #[must_use]
    pub const fn new() -> Self {
        Self { runs: Vec::new(), len: 0 }
    }

    /// Appends a chunk. Returns false, and changes nothing, unless it starts after the last one.
    pub fn push(&mut self, chunk: Span) -> bool {
        self.push_run(Run { time: chunk.time, duration: chunk.duration, count: 1 })
    }

    /// Appends `run`. Returns false, and changes nothing, if it is empty, does not start after the last
    /// chunk, repeats without a duration, or ends after the last tick there is.
    pub fn push_run(&mut self, run: Run) -> bool {
        let Some(end) = run.duration.checked_mul(run.count).and_then(|d| run.time.checked_add(d)) else {
            return false;
        };
        if run.count == 0 || (run.count > 1 && run.duration == 0) || end < run.time {
            return false;
        }
        if let Some(last) = self.runs.last_mut() {
            if run.time <= last.chunk(u64::MAX).time {
                return false;
            }
            if last.end() == run.time && last.duration == run.duration {
                last.count = last.count.saturating_add(run.count);
                self.len = self.len.saturating_add(run.count);
                return true;
            }
        }
        self.runs.push(run);
        self.len = self.len.saturating_add(run.count);
        true
    }

    /// Sets the duration of the last chunk, in ticks.
    pub fn set_last_duration(&mut self, duration: u64) {
        if let Some(last) = self.last() {
            self.pop();
            self.push(Span { time: last.time, duration });
        }
    }

    /// Removes the chunks that end at `time` or before.
    pub fn remove_before(&mut self, time: u64) {
        let mut gone = 0;
        for run in &mut self.runs {
            if run.end() <= time && run.duration > 0 || run.duration == 0 && run.time < time {
                self.len = self.len.saturating_sub(run.count);
                gone += 1;
                continue;
            }
            if let Some(passed) = time.checked_sub(run.time).and_then(|d| d.checked_div(run.duration)) {
                let passed = passed.min(run.count.saturating_sub(1));
                run.time = run.chunk(passed).time;
                run.count = run.count.saturating_sub(passed);
                self.len = self.len.saturating_sub(passed);
            }
            break;
        }
        self.runs.drain(..gone);
    }

    fn pop(&mut self) {
        if let Some(last) = self.runs.last_mut() {
            self.len = self.len.saturating_sub(1);
            last.count = last.count.saturating_sub(1);
            if last.count == 0 {
                self.runs.pop();
            }
        }
    }

    /// The runs, for a writer.
    #[must_use]
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// How many chunks there are.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no chunk.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The oldest chunk.
    #[must_use]
    pub fn first(&self) -> Option<Span> {
        self.runs.first().map(|run| run.chunk(0))
    }

    /// The newest chunk.
    #[must_use]
    pub fn last(&self) -> Option<Span> {
        self.runs.last().map(|run| run.chunk(u64::MAX))
    }

    /// All chunks, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Span> + '_ {
        self.runs.iter().flat_map(|run| (0..run.count).map(|i| run.chunk(i)))
    }

    /// The chunk that starts exactly at `time`.
    #[must_use]
    pub fn at(&self, time: u64) -> Option<Span> {
        self.floor(time).filter(|chunk| chunk.time == time)
    }

    /// The last chunk that starts at `time` or before.
    #[must_use]
    pub fn floor(&self, time: u64) -> Option<Span> {
        let after = self.runs.partition_point(|run| run.time <= time);
        let run = self.runs.get(after.checked_sub(1)?)?;
        let index = time.saturating_sub(run.time).checked_div(run.duration).unwrap_or(0);
        Some(run.chunk(index))
    }

    /// The first chunk that starts after `time`.
    #[must_use]
    pub fn after(&self, time: u64) -> Option<Span> {
        let later = self.runs.partition_point(|run| run.time <= time);
        if let Some(run) = later.checked_sub(1).and_then(|i| self.runs.get(i)) {
            let index = time.saturating_sub(run.time).checked_div(run.duration).unwrap_or(u64::MAX);
            if let Some(next) = index.checked_add(1).filter(|&next| next < run.count) {
                return Some(run.chunk(next));
            }
        }
        self.runs.get(later).map(|run| run.chunk(0))
    }

    /// The chunk that plays at `time`: the one that contains it or starts there, else the first one after it.
    #[must_use]
    pub fn playing(&self, time: u64) -> Option<Span> {
        self.floor(time).filter(|chunk| time < chunk.end() || time == chunk.time).or_else(|| self.after(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(chunks: &[(u64, u64)]) -> Timeline {
        let mut t = Timeline::new();
        for &(time, duration) in chunks {
            assert!(t.push(Span { time, duration }), "{time}");
        }
        t
    }

    #[test]
    fn equal_chunks_share_a_run() {
        let t = timeline(&[(0, 2), (2, 2), (4, 2), (6, 1), (9, 2)]);
        assert_eq!(t.runs().len(), 3);
        assert_eq!(t.len(), 5);
        let back: Vec<_> = t.iter().map(|c| (c.time, c.duration)).collect();
        assert_eq!(back, [(0, 2), (2, 2), (4, 2), (6, 1), (9, 2)]);
    }

    #[test]
    fn finds_chunks_beside_a_gap() {
        let t = timeline(&[(0, 2), (2, 2), (6, 2)]);
        assert_eq!(t.at(2).unwrap().time, 2);
        assert_eq!(t.at(3), None);
        assert_eq!(t.floor(5).unwrap().time, 2);
        assert_eq!(t.after(2).unwrap().time, 6);
        assert_eq!(t.after(0).unwrap().time, 2);
        assert_eq!(t.after(6), None);
        assert_eq!(t.playing(5).unwrap().time, 6);
        assert_eq!(t.playing(3).unwrap().time, 2);
        assert_eq!(t.playing(8), None);
        let events = timeline(&[(3, 0), (7, 0)]);
        assert_eq!((events.playing(3).unwrap().time, events.playing(4).unwrap().time), (3, 7));
    }

    #[test]
    fn a_window_slides() {
        let mut t = timeline(&[(0, 2), (2, 2), (4, 2), (8, 2)]);
        t.remove_before(3);
        assert_eq!(t.first().unwrap().time, 2);
        assert_eq!(t.len(), 3);
        t.remove_before(6);
        assert_eq!(t.first().unwrap().time, 8);
        t.remove_before(u64::MAX);
        assert!(t.is_empty());
    }

    #[test]
    fn refuses_what_does_not_follow() {
        let mut t = timeline(&[(4, 2), (6, 2)]);
        assert!(!t.push(Span { time: 6, duration: 9 }));
        assert!(!t.push_run(Run { time: 10, duration: 0, count: 2 }));
        assert!(!t.push_run(Run { time: u64::MAX - 1, duration: 1, count: 3 }));
        t.set_last_duration(3);
        assert_eq!(t.last(), Some(Span { time: 6, duration: 3 }));
    }
}
