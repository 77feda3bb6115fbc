//! The media element as last seen, and questions about what it has buffered.

use smooth::manifest::Kind;

use super::event::{Media, Range};
use super::time::Bound;

/// State of the media element, owned.
#[derive(Clone, Debug, Default)]
pub(super) struct Element {
    /// Seconds.
    pub(super) position: f64,
    /// A seek that the element has not arrived at.
    pub(super) target: Option<f64>,
    /// When the target was last asked for.
    pub(super) asked_at: f64,
    pub(super) video: Vec<Range>,
    pub(super) audio: Vec<Range>,
    pub(super) paused: bool,
    pub(super) ended: bool,
    pub(super) seeking: bool,
    pub(super) ready: u8,
    pub(super) rate: f64,
    pub(super) dropped: u32,
}

impl Element {
    /// Takes in what the element says.
    pub(super) fn update(&mut self, media: &Media<'_>) {
        self.position = if media.position.is_finite() { media.position.at_least(0.0) } else { 0.0 };
        copy(&mut self.video, media.video);
        copy(&mut self.audio, media.audio);
        self.paused = media.paused;
        self.ended = media.ended;
        self.seeking = media.seeking;
        self.ready = media.ready;
        self.rate = media.rate;
        self.dropped = media.dropped;
        if let Some(target) = self.target {
            let there = self.position >= target - 0.01 && self.position < target + 2.0;
            if there && !media.seeking {
                self.target = None;
            }
        }
    }

    /// Where playback is, or is about to be.
    pub(super) fn playhead(&self) -> f64 {
        self.target.unwrap_or(self.position)
    }

    /// Ranges of one buffer.
    pub(super) fn ranges(&self, kind: Kind) -> &[Range] {
        match kind {
            Kind::Video => &self.video,
            Kind::Audio => &self.audio,
            Kind::Text => &[],
        }
    }

    /// End of what plays from `position` on without a gap, in one buffer; `position` if nothing does.
    pub(super) fn reach(&self, kind: Kind, position: f64) -> f64 {
        let mut end = position;
        for range in self.ranges(kind) {
            if range.start <= end + SLACK && range.end > end {
                end = range.end;
            }
        }
        end
    }

    /// Seconds that one buffer holds between two positions.
    pub(super) fn held_between(&self, kind: Kind, start: f64, end: f64) -> f64 {
        self.ranges(kind).iter().map(|r| (r.end.at_most(end) - r.start.at_least(start)).at_least(0.0)).sum()
    }

    /// Whether one buffer holds all of `start..end`, but for rounding.
    pub(super) fn holds(&self, kind: Kind, start: f64, end: f64) -> bool {
        let slack = ((end - start) * 0.25).at_most(SLACK);
        self.ranges(kind).iter().any(|range| range.start <= start + slack && range.end >= end - slack)
    }

    /// The first position from `position` on at which all of `kinds` have something, at least `least`
    /// seconds of it.
    pub(super) fn next_common(&self, kinds: &[Kind], position: f64, least: f64) -> Option<f64> {
        let mut at = position;
        // Each round moves to the start of a later range, or ends.
        let rounds = self.video.len().saturating_add(self.audio.len()).saturating_add(1);
        for _ in 0..rounds {
            let mut moved = false;
            for &kind in kinds {
                let range = self.ranges(kind).iter().find(|range| range.end > at + least)?;
                if range.start > at {
                    at = range.start;
                    moved = true;
                }
            }
            if !moved {
                return Some(at);
            }
        }
        None
    }
}

fn copy(to: &mut Vec<Range>, from: &[Range]) {
    to.clear();
    for range in from {
        if to.len() < MAX_RANGES && range.start.is_finite() && range.end > range.start {
            to.push(*range);
        }
    }
}

/// Browsers play across gaps of this size, in seconds; also more than any rounding of ticks.
pub(super) const SLACK: f64 = 0.1;
/// Ranges looked at; a buffer in use has one or two.
const MAX_RANGES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn element(video: &[(f64, f64)], audio: &[(f64, f64)]) -> Element {
        let ranges = |r: &[(f64, f64)]| r.iter().map(|&(start, end)| Range { start, end }).collect();
        Element { video: ranges(video), audio: ranges(audio), ..Element::default() }
    }

    #[test]
    fn reach_stops_at_the_first_real_gap() {
        let e = element(&[(0.0, 2.0), (2.05, 4.0), (6.0, 8.0)], &[]);
        assert_eq!(e.reach(Kind::Video, 1.0), 4.0);
        assert_eq!(e.reach(Kind::Video, 5.0), 5.0);
        assert!(e.holds(Kind::Video, 2.0, 4.0));
        assert!(!e.holds(Kind::Video, 4.0, 6.0));
    }

    #[test]
    fn the_next_common_position_needs_all_buffers() {
        let e = element(&[(0.0, 2.0), (6.0, 8.0)], &[(0.0, 4.0), (6.5, 9.0)]);
        assert_eq!(e.next_common(&[Kind::Video, Kind::Audio], 1.0, 0.1), Some(1.0));
        assert_eq!(e.next_common(&[Kind::Video, Kind::Audio], 2.0, 0.1), Some(6.5));
        assert_eq!(e.next_common(&[Kind::Video, Kind::Audio], 8.0, 0.1), None);
        assert_eq!(e.next_common(&[Kind::Video], 3.0, 0.1), Some(6.0));
    }
}
