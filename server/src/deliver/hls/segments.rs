//! Where segments begin and end: whole chunks, joined on a grid of time.
//!
//! ```text
//! cell           170000000        170000001        170000002
//! chunks       ├──┼──┼──┼──┼──┤├──┼──┼──┼──┼──┤├──┼──┼──┼
//! segments     [ 5 chunks     ][ 5 chunks     ][ not complete yet
//! ```
//! The cells of the grid are as long as segments shall be, counted from time zero. A chunk belongs to the
//! cell in which it starts, a segment is all chunks of a cell, and its media sequence number is the
//! cell's. So segments and their numbers are the same on every origin, whenever it joined and whatever
//! has left its window. Cells begin a little before the whole second: encoders place chunks on whole
//! seconds, give or take a tick.
//!
//! A segment is complete once the stream has reached the end of its cell, or the broadcast is over. What
//! the origin holds back for Smooth Streaming is not held back here: playlists name what comes next.

use smooth::Span;

use crate::deliver::smooth::fragment::Miss;
use crate::publishing_point::snapshot::{Snapshot, StreamView};

/// The cells of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Ticks of a cell.
    cell: u64,
    /// Ticks by which cells begin early.
    lead: u64,
    /// Longest duration that segments have by rule, in ticks.
    nominal: u64,
    /// More is to come.
    live: bool,
    /// Seconds of media that stay available; 0 for all.
    window: u64,
}

/// One segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Media sequence number.
    pub number: u64,
    /// From the start of its first chunk to the end of its last, in ticks.
    pub span: Span,
}

/// The segments that a playlist names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Oldest first; at least one. Numbers may skip where there is no media.
    pub segments: Vec<Segment>,
    /// `EXT-X-TARGETDURATION` in seconds.
    pub target: u64,
    /// Nothing has left, and nothing will.
    pub grows: bool,
}

impl Grid {
    /// The grid of `stream` for segments of `seconds`, or of a quarter of the window where that is less:
    /// a playlist wants three segments. Where most chunks are longer than that, cells are so many times
    /// as long that hardly one stays empty.
    #[must_use]
    pub fn of(snapshot: &Snapshot, stream: &StreamView, seconds: u32) -> Self {
        Self::new(stream, seconds, snapshot.window, snapshot.is_live())
    }

    fn new(stream: &StreamView, seconds: u32, window: u64, live: bool) -> Self {
        let second = u64::from(stream.timescale.get());
        let most = if window > 0 { window / 4 } else { u64::MAX };
        let wanted = u64::from(seconds).min(most).max(SHORTEST).saturating_mul(second);
        let usual = stream.usual_duration();
        let cells = usual.saturating_sub(tolerance(second)).div_ceil(wanted).max(1);
        let cell = wanted.saturating_mul(cells);
        Self { cell, lead: second / 4, nominal: nominal(cell, usual, second), live, window }
    }

    /// The same cells for `stream`, which accompanies `leading`, the stream of this grid: so segments of both
    /// begin and end together, give or take a chunk. Where its chunks are much longer, so are its cells.
    #[must_use]
    pub fn beside(&self, leading: &StreamView, stream: &StreamView) -> Self {
        let second = u64::from(stream.timescale.get());
        let one = leading.timescale.rescale(self.cell, stream.timescale).max(1);
        let usual = stream.usual_duration();
        let cell = one.saturating_mul((usual.saturating_add(one / 2) / one).max(1));
        Self { cell, lead: second / 4, nominal: nominal(cell, usual, second), ..*self }
    }

    /// The cell of what starts at `time`, in ticks.
    #[must_use]
    pub const fn number(&self, time: u64) -> u64 {
        time.saturating_add(self.lead) / self.cell
    }

    /// The complete segment of `stream` that starts at `time`. `reach` tells whether what goes into it
    /// beside the stream has come that far, in ticks.
    ///
    /// # Errors
    ///
    /// [`Miss::NotYet`] for one that is not complete, [`Miss::Gone`] if no segment starts there.
    pub fn find(
        &self,
        stream: &StreamView,
        time: u64,
        reach: impl Fn(u64) -> Reach,
    ) -> Result<Segment, Miss> {
        let later = if self.live { Miss::NotYet } else { Miss::Gone };
        let last = stream.chunks.last().ok_or(later)?;
        if time >= last.end() {
            return Err(later);
        }
        let first = stream.chunks.at(time).ok_or(Miss::Gone)?;
        let number = self.number(time);
        let before = time.checked_sub(1).and_then(|t| stream.chunks.floor(t)).map(|c| c.time).or(stream.gone);
        if before.is_some_and(|before| self.number(before) == number) {
            return Err(Miss::Gone);
        }
        let chunks = stream.chunks.from(time).take_while(|c| self.number(c.time) == number);
        let end = chunks.last().unwrap_or(first).end();
        let segment = Segment { number, span: Span { time, duration: end.saturating_sub(time) } };
        if self.is_complete(stream, &segment) && self.is_covered(stream, &segment, reach) {
            Ok(segment)
        } else {
            Err(later)
        }
    }

    /// What a playlist of `stream` names now. `None` while it is too short to be shown: clients want
    /// three segments of a live playlist and some give up on a first one with fewer.
    ///
    /// Of a window that slides, the oldest complete segment is left out: who has just read a playlist
    /// that named it still gets it.
    #[must_use]
    pub fn list(&self, stream: &StreamView, reach: impl Fn(u64) -> Reach) -> Option<Listing> {
        let mut segments = self.segments(stream);
        let second = u64::from(stream.timescale.get());
        let rounded = |ticks: u64| ticks.saturating_add(second / 2) / second;
        let longest = segments.iter().map(|s| s.span.duration).max()?;
        let target = rounded(longest).max(rounded(self.nominal)).max(1);
        let cut = stream.gone.map(|time| self.number(time));
        segments.retain(|s| Some(s.number) != cut && self.is_complete(stream, s));
        let covered = |s: &&Segment| self.is_covered(stream, s, &reach);
        let listed = segments.iter().take_while(covered).count();
        segments.truncate(listed);
        if self.live {
            match cut {
                Some(_) if segments.len() > ENOUGH => drop(segments.remove(0)),
                None if segments.len() < ENOUGH => return None,
                _ => {}
            }
        }
        let grows = self.window == 0 && cut.is_none();
        (!segments.is_empty()).then_some(Listing { segments, target, grows })
    }

    /// Every segment of which there is a chunk.
    fn segments(&self, stream: &StreamView) -> Vec<Segment> {
        let mut segments: Vec<Segment> = Vec::new();
        for chunk in stream.chunks.iter() {
            let number = self.number(chunk.time);
            match segments.last_mut() {
                Some(last) if last.number == number => {
                    last.span.duration = chunk.end().saturating_sub(last.span.time);
                }
                _ => segments.push(Segment { number, span: *chunk }),
            }
        }
        segments
    }

    /// Whether no further chunk can belong to `segment`.
    fn is_complete(&self, stream: &StreamView, segment: &Segment) -> bool {
        let end = stream.chunks.last().map_or(0, |c| c.end());
        !self.live || self.number(end) > segment.number
    }

    /// Whether what accompanies the stream is there up to the end of `segment`. What is not here at all is
    /// waited for no longer than another segment lasts.
    fn is_covered(&self, stream: &StreamView, segment: &Segment, reach: impl Fn(u64) -> Reach) -> bool {
        let end = segment.span.end();
        let newest = stream.chunks.last().map_or(0, |c| c.end());
        !self.live
            || match reach(end) {
                Reach::There => true,
                Reach::Held => false,
                Reach::Behind => newest >= end.saturating_add(self.cell),
            }
    }
}

/// Whether what accompanies a stream has come as far as a segment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It has.
    There,
    /// Some of what is before is here, and will be published.
    Held,
    /// It has not, and perhaps there is nothing.
    Behind,
}

impl Reach {
    /// Of what is published up to `end`, and `waiting` from there on, to `time`.
    #[must_use]
    pub fn to(time: u64, end: Option<u64>, waiting: Option<u64>) -> Self {
        if waiting.is_some_and(|waiting| waiting < time) {
            Self::Held
        } else if end.is_some_and(|end| end >= time) {
            Self::There
        } else {
            Self::Behind
        }
    }
}

/// How long segments of a cell can be where chunks have their `usual` duration.
fn nominal(cell: u64, usual: u64, second: u64) -> u64 {
    let chunks = cell.saturating_sub(tolerance(second)).checked_div(usual).map_or(1, |whole| whole + 1);
    chunks.saturating_mul(usual).max(cell)
}

/// By how much chunks may be longer than cells and still be counted as one.
const fn tolerance(second: u64) -> u64 {
    second.saturating_mul(3) / 2000
}

/// Segments of a live playlist before it is shown.
const ENOUGH: usize = 3;

/// Seconds of the shortest segment, as IIS had it.
pub const SHORTEST: u64 = 2;

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use smooth::Timescale;
    use smooth::manifest::Kind;

    use super::*;
    use crate::publishing_point::blocks::Blocks;

    /// A stream in milliseconds.
    fn stream(chunks: impl IntoIterator<Item = (u64, u64)>) -> StreamView {
        let mut all = Blocks::default();
        for (time, duration) in chunks {
            assert!(all.insert(Span { time, duration }));
        }
        let timescale = Timescale::new(1000).unwrap();
        let name = "video".to_owned();
        StreamView {
            kind: Kind::Video,
            name,
            timescale,
            chunks: all,
            gone: None,
            waiting: None,
            levels: Vec::new(),
            usual: OnceLock::new(),
        }
    }

    fn regular(range: std::ops::Range<u64>, duration: u64) -> StreamView {
        stream(range.map(|i| (i * duration, duration)))
    }

    fn list(stream: &StreamView, window: u64, live: bool) -> Option<Listing> {
        Grid::new(stream, 10, window, live).list(stream, |_| Reach::There)
    }

    fn numbers(listing: Option<Listing>) -> Vec<u64> {
        listing.map_or_else(Vec::new, |l| l.segments.iter().map(|s| s.number).collect())
    }

    /// Lets go of the oldest `count` chunks.
    fn slide(stream: &mut StreamView, count: usize) {
        for _ in 0..count {
            stream.gone = stream.chunks.pop_first().map(|c| c.time);
        }
        stream.usual = OnceLock::new();
    }

    #[test]
    fn chunks_are_joined_and_numbered_by_their_time() {
        let start = 170_000_000;
        let listing = list(&regular(start * 5..start * 5 + 18, 2000), 0, true).unwrap();
        let spans: Vec<_> =
            listing.segments.iter().map(|s| (s.number, s.span.time, s.span.duration)).collect();
        let expected = [0, 1, 2].map(|i| (start + i, (start + i) * 10_000, 10_000));
        assert_eq!(spans, expected);
        assert_eq!((listing.target, listing.grows), (10, true));
    }

    #[test]
    fn a_segment_is_complete_when_its_cell_is_full() {
        assert_eq!(list(&regular(0..14, 2000), 0, true), None);
        assert_eq!(numbers(list(&regular(0..15, 2000), 0, true)), [0, 1, 2]);
        // When the broadcast is over, everything is there; before, what accompanies it has to come as far.
        let all = regular(0..16, 2000);
        assert_eq!(numbers(list(&all, 0, false)), [0, 1, 2, 3]);
        let grid = Grid::new(&all, 10, 0, true);
        assert_eq!(grid.list(&all, |end| Reach::to(end, Some(20_000), None)), None);
        // … but not for ever.
        let more = regular(0..22, 2000);
        assert_eq!(numbers(grid.list(&more, |end| Reach::to(end, Some(20_000), None))), [0, 1, 2]);
        // What is known to come is.
        assert_eq!(grid.list(&more, |end| Reach::to(end, Some(40_000), Some(25_000))), None);
        assert_eq!(grid.find(&all, 30_000, |_| Reach::There), Err(Miss::NotYet));
        assert_eq!(grid.find(&all, 40_000, |_| Reach::There), Err(Miss::NotYet));
        assert_eq!(grid.find(&all, 20_000, |_| Reach::There).unwrap().number, 2);
        assert_eq!(grid.find(&all, 22_000, |_| Reach::There), Err(Miss::Gone));
        assert_eq!(grid.find(&all, 20_001, |_| Reach::There), Err(Miss::Gone));
    }

    #[test]
    fn a_window_slides_by_whole_segments_and_one_is_served_longer_than_listed() {
        let mut sliding = regular(0..35, 2000);
        assert_eq!(numbers(list(&sliding, 60, true)), [0, 1, 2, 3, 4, 5, 6]);
        slide(&mut sliding, 5);
        assert_eq!(numbers(list(&sliding, 60, true)), [2, 3, 4, 5, 6]);
        let grid = Grid::new(&sliding, 10, 60, true);
        assert!(grid.find(&sliding, 10_000, |_| Reach::There).is_ok());
        slide(&mut sliding, 1);
        assert_eq!(numbers(list(&sliding, 60, true)), [3, 4, 5, 6]);
        assert_eq!(grid.find(&sliding, 12_000, |_| Reach::There), Err(Miss::Gone));
        assert!(!list(&sliding, 60, true).unwrap().grows);
        // Over: what is whole stays.
        assert_eq!(numbers(list(&sliding, 60, false)), [2, 3, 4, 5, 6]);
    }

    #[test]
    fn another_origin_that_joined_later_names_the_same_segments() {
        let early = list(&regular(0..60, 2000), 0, true).unwrap();
        for first in 1..20 {
            let late = list(&regular(first..60, 2000), 0, true).unwrap();
            // Its first may lack what was before it joined.
            assert!(early.segments.ends_with(&late.segments[1..]), "{first}");
            assert_eq!(late.target, early.target);
        }
    }

    #[test]
    fn a_short_window_has_short_segments() {
        let mut short = regular(0..40, 2000);
        slide(&mut short, 30);
        let listing = list(&short, 20, true).unwrap();
        assert_eq!(listing.target, 6);
        assert!(listing.segments.len() >= 2, "{listing:?}");
    }

    #[test]
    fn times_a_little_beside_the_second_change_nothing() {
        let uneven = stream((1..50).map(|i| (i * 2000 - i % 3, 2000 + i % 3 - (i + 1) % 3)));
        let listing = list(&uneven, 0, false).unwrap();
        assert_eq!(listing.target, 10);
        assert!(listing.segments[1..9].iter().all(|s| s.span.duration.abs_diff(10_000) < 3), "{listing:?}");
    }

    #[test]
    fn the_target_duration_is_there_from_the_start() {
        // Three seconds: four, three, three chunks a cell.
        for chunks in [12, 20, 100] {
            assert_eq!(list(&regular(0..chunks, 3000), 0, true).unwrap().target, 12);
        }
        // 60 frames of 30000/1001.
        assert_eq!(list(&regular(0..100, 2002), 0, true).unwrap().target, 10);
    }

    #[test]
    fn long_chunks_have_long_cells() {
        let listing = list(&regular(0..100, 12_000), 0, false).unwrap();
        let numbers = numbers(Some(listing.clone()));
        assert!(numbers.iter().zip(0..).all(|(&n, i)| n == i), "{numbers:?}");
        assert_eq!(listing.target, 24);
    }

    #[test]
    fn a_gap_leaves_numbers_out() {
        let gap = stream((0..10).chain(20..30).map(|i| (i * 2000, 2000)));
        assert_eq!(numbers(list(&gap, 0, false)), [0, 1, 4, 5]);
    }

    proptest::proptest! {
        #[test]
        fn every_listed_segment_is_found_and_no_chunk_is_lost(
            chunks in proptest::collection::vec((0_u64..30_000, 1_u64..15_000), 1..60),
            start in 0_u64..1 << 60,
            live: bool,
        ) {
            let mut at = start;
            let all = stream(chunks.iter().map(|&(gap, duration)| {
                let time = at + if gap > 25_000 { gap } else { 0 };
                at = time + duration;
                (time, duration)
            }));
            let grid = Grid::new(&all, 10, 0, live);
            let listing = grid.list(&all, |_| Reach::There);
            for segment in listing.iter().flat_map(|l| &l.segments) {
                proptest::prop_assert_eq!(grid.find(&all, segment.span.time, |_| Reach::There), Ok(*segment));
                let seconds = (segment.span.duration + 500) / 1000;
                proptest::prop_assert!(listing.as_ref().is_some_and(|l| l.target >= seconds));
            }
            if !live {
                let listed: Vec<_> = listing.unwrap().segments.iter().map(|s| s.span).collect();
                let inside = |c: &Span| listed.iter().any(|s| s.time <= c.time && c.end() <= s.end());
                proptest::prop_assert!(all.chunks.iter().all(inside));
                proptest::prop_assert!(listed.windows(2).all(|w| w[0].end() <= w[1].time));
            }
        }
    }
}
