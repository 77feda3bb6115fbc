//! Where one segment of an archive ends and the next begins.
//!
//! A segment is full when any stream of picture or sound has so much of it. The cut is set where the
//! stream that is furthest ends: no fragment on or after it is stored yet, so every one lies whole in one
//! segment, and all tracks change over at their first fragment there.

use std::collections::BTreeMap;

/// See the module. Times are in units of 100 ns.
#[derive(Clone, Debug)]
pub(super) struct Segments {
    /// Length of a segment; 0 for a single one.
    length: i64,
    /// The newest segment, from 1.
    pub(super) number: u32,
    /// Where it begins.
    pub(super) from: i64,
    /// The first start in it.
    first: Option<i64>,
    /// Ends of the streams of picture and sound.
    ends: BTreeMap<u32, i64>,
    /// Newest segment that nothing is added to.
    pub(super) finished: u32,
}

impl Segments {
    pub(super) fn new(length: i64) -> Self {
        Self { length, number: 1, from: i64::MIN, first: None, ends: BTreeMap::new(), finished: 0 }
    }

    /// The segment of a fragment that starts at `start`.
    pub(super) const fn of(&self, start: i64) -> u32 {
        if start < self.from && self.number - 1 > self.finished { self.number - 1 } else { self.number }
    }

    /// A fragment of `stream` was stored, of picture or sound.
    pub(super) fn stored(&mut self, stream: u32, start: i64, end: i64) {
        let furthest = self.ends.entry(stream).or_insert(end);
        *furthest = end.max(*furthest);
        if start >= self.from {
            self.first.get_or_insert(start);
        }
    }

    /// Where the next segment has to begin, if this one is full.
    pub(super) fn cut(&self) -> Option<i64> {
        let end = *self.ends.values().max()?;
        let full = self.length > 0 && end.saturating_sub(self.first?) >= self.length;
        (full && self.idle().is_none()).then_some(end)
    }

    /// Segment `number` begins at `from`.
    pub(super) fn begin(&mut self, number: u32, from: i64) {
        (self.number, self.from, self.first) = (number, from, None);
    }

    /// The segment before the newest, once nothing is to come for it: all streams have left it, or half
    /// of the newest is over.
    pub(super) fn idle(&self) -> Option<u32> {
        let before = Some(self.number - 1).filter(|&n| n > self.finished)?;
        let left = self.ends.values().all(|&end| end >= self.from);
        let late = self.ends.values().any(|&end| end >= self.from.saturating_add(self.length / 2));
        (left || late).then_some(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fragment_lies_in_one_segment_and_all_streams_change_over_at_the_cut() {
        let mut segments = Segments::new(100);
        let mut seen = Vec::new();
        // Picture of 20, sound of 19 that is stored as soon as it is over.
        let each =
            |stream: u32, length: i64| (0..600 / length).map(move |n| ((n + 1) * length, stream, length));
        let mut stored: Vec<_> = each(0, 20).chain(each(1, 19)).collect();
        stored.sort_unstable();
        for (end, stream, length) in stored {
            let start = end - length;
            seen.push((segments.of(start), stream, start));
            segments.stored(stream, start, end);
            if let Some(from) = segments.cut() {
                let number = segments.number + 1;
                segments.begin(number, from);
            }
            while let Some(idle) = segments.idle() {
                assert_eq!(idle, segments.finished + 1);
                segments.finished = idle;
            }
        }
        assert!(segments.number >= 5, "{segments:?}");
        let newest = seen.iter().map(|s| s.0).max().unwrap();
        for stream in [0, 1] {
            let of = |n: u32| seen.iter().filter(move |s| s.0 == n && s.1 == stream).map(|s| s.2);
            for n in 1..newest {
                assert!(of(n).max() < of(n + 1).min(), "{n}: {seen:?}");
                let (first, last) = (of(n).min().unwrap(), of(n).max().unwrap());
                assert!((60..=140).contains(&(last - first)), "{n} of {stream}: {first} to {last}");
            }
        }
        assert_eq!(Segments::new(0).of(i64::MAX), 1);
    }
}
