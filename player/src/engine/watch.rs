//! Watches the playhead: stalls, gaps, and an element that stands still for no reason.

use super::answer::NUDGE;
use super::element::SLACK;
use super::notice::{GapCause, Notice};
use super::session::Session;
use super::time::Bound;

/// What the watch remembers.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    /// Position at the last look.
    position: f64,
    /// When the position last changed, or had no reason to.
    moved_at: f64,
    /// Playback has moved since the last seek.
    moving: bool,
    /// Since when a stall lasts.
    stalled_at: Option<f64>,
    /// When there was last nothing to play.
    dry_at: f64,
    /// Nudges in a row without effect.
    nudges: u32,
}

impl Watch {
    /// The playhead was moved: what stood still before does not count.
    pub(super) fn reset(&mut self, now: f64) {
        self.moved_at = now;
        self.moving = false;
    }

    /// For how long a stall lasts, in seconds.
    pub(super) fn stalled_for(&self, now: f64) -> f64 {
        self.stalled_at.map_or(0.0, |since| now - since)
    }
}

impl Session {
    /// Looks at the element after it told its state.
    pub(super) fn look(&mut self) {
        let now = self.now;
        let element = &self.element;
        let idle = element.paused || element.ended || element.seeking || element.target.is_some();
        let position = element.position;
        let watch = &mut self.watch;
        if position != watch.position || idle {
            if position != watch.position && !idle {
                self.protection.waiting.take_if(|at| (position - *at).abs() > DECODED);
                watch.moving = true;
                watch.nudges = 0;
            }
            watch.position = position;
            watch.moved_at = now;
            if let Some(since) = watch.stalled_at.take_if(|_| !idle || element.paused || element.ended) {
                let seconds = now - since;
                self.out.stats.stalled += seconds;
                self.out.notify(Notice::StallEnded { seconds });
            }
            if idle {
                return self.arrive();
            }
        }
        let watch = &mut self.watch;
        let element = &self.element;
        let still = now - watch.moved_at;
        if watch.moving && watch.stalled_at.is_none() && element.ready <= 2 && still >= STALL {
            watch.stalled_at = Some(watch.moved_at);
            self.out.stats.stalls = self.out.stats.stalls.saturating_add(1);
            self.out.notify(Notice::Stall { position });
            if let Some(live) = &mut self.live {
                live.stalls += 1.0;
            }
        }
        // An element that played and waits has come to the end of what it has, or to a hole.
        if still >= LOOK_FOR_GAP || self.watch.moving && self.element.ready <= 2 {
            self.jump_gap(still);
        }
    }

    /// A seek into a hole never ends by itself.
    fn arrive(&mut self) {
        if self.element.seeking && self.element.target.is_some() {
            let waited = self.now - self.element.asked_at;
            let least = if waited >= LOOK_FOR_GAP { REMNANT } else { SLACK / 2.0 };
            self.jump_hole(self.element.playhead(), least, LOOK_FOR_GAP);
        } else if let Some(target) = self.element.target {
            // The seek was lost: a page script, or an element that was not ready.
            let late = self.now - self.element.asked_at >= ASK_AGAIN;
            if late && self.element.ready >= 1 && !self.element.seeking {
                self.set_position(target);
            }
        }
    }

    fn jump_gap(&mut self, still: f64) {
        // With less than this left an element may stop before the hole.
        let least = if self.element.ready <= 2 { REMNANT } else { SLACK / 2.0 };
        if self.jump_hole(self.element.position, least, still) {
            return;
        }
        let position = self.element.position;
        let kinds = self.media_kinds();
        let ahead =
            kinds.iter().map(|&k| self.element.reach(k, position) - position).fold(f64::MAX, Bound::at_most);
        if ahead < 0.5 {
            self.watch.dry_at = self.now;
        }
        if still.at_most(self.now - self.watch.dry_at) < FROZEN
            || self.element.ready < 1
            || self.protection.waiting.is_some()
        {
            return;
        }
        // There is data, and the element does not move. A small seek wakes it; a larger one passes a
        // place it cannot decode.
        self.watch.nudges = self.watch.nudges.saturating_add(1);
        self.watch.moved_at = self.now;
        let step = match self.watch.nudges {
            1 => NUDGE,
            2 => 0.1,
            3 => 0.5,
            4 => {
                self.reopen(None);
                return;
            }
            _ => return,
        };
        let to = position + step;
        self.out.notify(Notice::GapJump { from: position, to, cause: GapCause::Frozen });
        self.set_position(to);
    }

    /// Jumps over a hole that nothing will fill, `least` seconds or less after `position`, where the element has stood
    /// `still`. False if there is none.
    fn jump_hole(&mut self, position: f64, least: f64, still: f64) -> bool {
        let kinds = self.media_kinds();
        let Some(to) = self.element.next_common(kinds, position, least) else { return false };
        if to <= position || to - position > self.goal + 600.0 {
            return false;
        }
        let small = to - position <= SMALL_HOLE;
        if if small { still < LOOK_FOR_GAP } else { self.will_fill(position, to) } {
            return false;
        }
        let to = to + NUDGE;
        self.out.notify(Notice::GapJump { from: position, to, cause: GapCause::Hole });
        self.set_position(to);
        true
    }

    /// Whether a chunk between two positions is under way, or next.
    fn will_fill(&self, from: f64, to: f64) -> bool {
        self.media().any(|(track, stream)| {
            let pending = track.oldest_pending().or_else(|| track.cursor.chunk(&stream.chunks));
            pending.is_some_and(|chunk| {
                let (start, end) = stream.place(chunk, self.zero);
                start < to - SLACK && end > from + SLACK
            })
        })
    }
}

/// Standing still for so long is a stall.
const STALL: f64 = 0.25;
/// Elements decode ahead by less.
const DECODED: f64 = 1.0;
/// Standing still for so long, holes are looked for, and what is hardly one is jumped.
const LOOK_FOR_GAP: f64 = 0.3;
/// Standing still for so long with data ahead is a freeze.
const FROZEN: f64 = 2.0;
/// A seek without effect is repeated after this time.
const ASK_AGAIN: f64 = 2.0;
/// Before a hole browsers leave up to so many seconds unplayed: a few frames of sound that they would have
/// decoded ahead. A seek to there does not end either.
const REMNANT: f64 = 0.2;
/// A hole of so many seconds is jumped without asking whether it will be filled.
const SMALL_HOLE: f64 = 0.4;
