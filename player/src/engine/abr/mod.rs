//! Which quality to ask for, and when to give one up half way.
//!
//! A plan: what would the next fragments be worth at each level, over a few ways in which the network may go
//! on? Worth is quality that plays, less what stalls, changes and an empty buffer cost, so throughput and buffer
//! are weighed against each other in one sum instead of by thresholds. The network's part is a [`Pace`]: how long
//! a bit takes, and by how much that was underrated lately. The formulas stand in `docs/adaptation.md`. Every
//! choice carries its reason.

mod meter;

pub(super) use meter::{Meter, Pace};

use super::notice::SwitchReason;
use super::time::Bound;

/// A level that may be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rung {
    /// Index of the level in its stream.
    pub(super) level: usize,
    /// Bits/s.
    pub(super) bitrate: u32,
}

/// What a choice is made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Input {
    /// Of the network.
    pub(super) pace: Pace,
    /// Bits/s that other streams take.
    pub(super) others: f64,
    /// Seconds to a first byte.
    pub(super) latency: f64,
    /// Seconds of media in the fragment.
    pub(super) duration: f64,
    /// Seconds buffered ahead of the playhead.
    pub(super) ahead: f64,
    /// Seconds that can be buffered at most: the goal, or what the broadcast has.
    pub(super) room: f64,
}

impl Input {
    /// Seconds that a fragment of `bitrate` takes, if the network is `share` spreads slower than thought.
    pub(super) fn takes(&self, bitrate: f64, share: f64) -> f64 {
        self.latency
            + (bitrate + self.others) * self.duration * self.pace.mean * (1.0 + share * self.pace.spread)
    }

    /// What it is worth to go on with `bitrate`, of the first fragment of which `bits` are to be fetched, in
    /// seconds of the `top` bitrate.
    fn worth(&self, bitrate: f64, bits: f64, top: f64) -> f64 {
        let mut worth = bitrate / top * self.duration * f64::from(STEPS);
        for (share, weight) in SCENARIOS {
            let pace = self.pace.mean * (1.0 + share * self.pace.spread.at_least(LEAST_SPREAD));
            let mut ahead = self.ahead;
            let mut time = self.latency + bits * pace;
            for _ in 0..STEPS {
                let stalled = (time - ahead).at_least(0.0);
                worth -= weight * stalled * STALL;
                ahead = (ahead - time + stalled + self.duration).at_most(self.room);
                time = self.latency + (bitrate + self.others) * self.duration * pace;
            }
            let short = (self.room * 0.5).at_most(ENOUGH) - ahead;
            worth -= weight * short.at_least(0.0) * SHORT;
        }
        worth
    }

    /// The most valuable of `rungs` up to the bitrate `limit`, as a change from the bitrate `from`. Of the first
    /// fragment `size` bits are to be fetched for each bit/s. `None` if none is worth more than `least`.
    fn best(&self, rungs: &[Rung], from: f64, limit: f64, size: f64, mut least: f64) -> Option<Rung> {
        let top = top(rungs);
        let mut best = None;
        for &rung in rungs {
            let bitrate = f64::from(rung.bitrate);
            let worth = self.worth(bitrate, bitrate * size, top) - (bitrate - from).abs() / top * CHANGE;
            if worth > least && bitrate <= limit {
                (best, least) = (Some(rung), worth);
            }
        }
        best
    }
}

fn top(rungs: &[Rung]) -> f64 {
    rungs.last().map_or(1.0, |top| f64::from(top.bitrate)).at_least(1.0)
}

/// Chooses one of `rungs` (lowest first); `current` is the bitrate of the one in use. `None` if there is no
/// rung.
pub(super) fn choose(rungs: &[Rung], current: Option<u32>, input: &Input) -> Option<(Rung, SwitchReason)> {
    let lowest = rungs.first()?.bitrate;
    // Never up to what the network does not carry, however much is buffered: it would come down again.
    let time = input.duration * SUSTAINED - input.latency;
    let carried = time / input.pace.mean / input.duration - input.others;
    // At the start nothing changes, and the lowest level counts as what is there.
    let from = current.unwrap_or(lowest);
    let limit = if current.is_some() { carried.at_least(from.max(lowest).into()) } else { f64::MAX };
    let best = input.best(rungs, from.into(), limit, input.duration, f64::MIN)?;
    let reason = if current.is_none() {
        SwitchReason::Start
    } else if best.bitrate > from {
        SwitchReason::ThroughputUp
    } else if input.ahead < input.duration {
        SwitchReason::BufferLow
    } else {
        SwitchReason::ThroughputDown
    };
    Some((best, reason))
}

/// A fragment under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// Bits/s of its level.
    pub(super) bitrate: u32,
    /// Bytes so far.
    pub(super) received: u64,
    /// Bytes of all of it, if its head told.
    pub(super) size: Option<u64>,
    /// Seconds since its first byte.
    pub(super) elapsed: f64,
}

/// The rung to start over with, if the fragment under way comes too late and it is worth more to give it
/// up. `rungs` as in [`choose`].
pub(super) fn abandon(rungs: &[Rung], progress: &Progress, input: &Input) -> Option<Rung> {
    let bitrate = f64::from(progress.bitrate);
    let size = progress.size.map_or(bitrate * input.duration, |size| size as f64 * 8.0);
    let received = progress.received as f64 * 8.0;
    let left = (size - received).at_least(0.0);
    // Its own pace counts the more the longer it is under way.
    let own = progress.elapsed / received.at_least(1.0);
    let share = (progress.elapsed / TRUSTED).at_most(1.0);
    let mean = input.pace.mean + (own - input.pace.mean) * share;
    if progress.elapsed < GRACE || left * mean <= input.ahead {
        return None;
    }
    let input = Input { pace: Pace { mean, spread: PRESENT }, ..*input };
    let stay = input.worth(bitrate, left, top(rungs));
    let size = size / bitrate;
    input.best(rungs, bitrate, (left / size).at_most(bitrate - 1.0), size, stay)
}

/// How the network may go on: so many spreads slower than the mean, with a weight; together 1.
const SCENARIOS: [(f64, f64); 4] = [(-0.5, 0.3), (0.5, 0.4), (2.0, 0.2), (4.0, 0.1)];
/// Fragments to look ahead.
const STEPS: u32 = 5;
/// Seconds of the top quality that a second of stall costs …
const STALL: f64 = 3.0;
/// … that a change by the whole ladder costs …
const CHANGE: f64 = 3.0;
/// … and that a second costs which is missing in the buffer: to half the room, or to `ENOUGH` seconds.
const SHORT: f64 = 0.5;
const ENOUGH: f64 = 12.0;
/// Up to this part of its duration a fragment may take and still be gone up to.
const SUSTAINED: f64 = 1.1;
/// No network is steadier.
const LEAST_SPREAD: f64 = 0.1;
/// Spread of what is left of a fragment under way.
const PRESENT: f64 = 0.3;
/// Seconds after which the pace of a fragment under way is believed entirely …
const TRUSTED: f64 = 3.0;
/// … and before which it is not looked at.
const GRACE: f64 = 0.3;

#[cfg(test)]
mod tests {
    use super::*;

    const RUNGS: [Rung; 4] = [
        Rung { level: 2, bitrate: 400_000 },
        Rung { level: 0, bitrate: 1_200_000 },
        Rung { level: 1, bitrate: 2_500_000 },
        Rung { level: 3, bitrate: 5_000_000 },
    ];

    fn input(throughput: f64, ahead: f64) -> Input {
        Input {
            pace: Pace { mean: 1.0 / throughput, spread: 0.1 },
            others: 64_000.0,
            latency: 0.04,
            duration: 2.0,
            ahead,
            room: 32.0,
        }
    }

    fn pick(current: Option<u32>, input: &Input) -> (u32, SwitchReason) {
        let (rung, reason) = choose(&RUNGS, current, input).unwrap();
        (rung.bitrate, reason)
    }

    #[test]
    fn starts_with_what_comes_quickly() {
        let unsure = Input { pace: Pace { mean: 1.0 / 1.5e6, spread: 0.5 }, ..input(1.0, 0.0) };
        assert_eq!(pick(None, &unsure), (400_000, SwitchReason::Start));
        assert_eq!(pick(None, &input(40e6, 0.0)).0, 5_000_000);
        assert_eq!(choose(&[], None, &unsure), None);
    }

    #[test]
    fn climbs_as_far_as_the_network_carries() {
        assert_eq!(pick(Some(400_000), &input(20e6, 6.0)), (5_000_000, SwitchReason::ThroughputUp));
        assert_eq!(pick(Some(400_000), &input(3.5e6, 10.0)), (2_500_000, SwitchReason::ThroughputUp));
        assert_eq!(pick(Some(400_000), &input(0.5e6, 10.0)).0, 400_000);
    }

    #[test]
    fn falls_before_the_buffer_is_empty_and_not_for_a_passing_dent() {
        assert_eq!(pick(Some(5_000_000), &input(1e6, 6.0)), (400_000, SwitchReason::ThroughputDown));
        assert_eq!(pick(Some(5_000_000), &input(1e6, 1.0)), (400_000, SwitchReason::BufferLow));
        assert_eq!(pick(Some(5_000_000), &input(5.5e6, 20.0)).0, 5_000_000);
    }

    #[test]
    fn an_unsteady_network_is_trusted_less() {
        let steady = input(3.5e6, 8.0);
        let unsteady = Input { pace: Pace { spread: 0.8, ..steady.pace }, ..steady };
        assert!(pick(None, &unsteady).0 < pick(None, &steady).0);
    }

    #[test]
    fn a_constant_rate_a_tenth_above_a_level_keeps_that_level() {
        // Two per cent more and less, again and again.
        for ahead in [8.0, 16.0, 30.0] {
            for wobble in [0.98, 1.0, 1.02] {
                let at = input((2_500_000.0 + 64_000.0) * 1.1 * wobble, ahead);
                assert_eq!(pick(Some(2_500_000), &at).0, 2_500_000, "{ahead} s ahead");
            }
        }
    }

    #[test]
    fn gives_up_a_fragment_that_comes_too_late() {
        let progress =
            Progress { bitrate: 5_000_000, received: 125_000, size: Some(1_250_000), elapsed: 1.0 };
        let rung = abandon(&RUNGS, &progress, &input(1e6, 3.0)).unwrap();
        assert_eq!(rung.bitrate, 400_000);
        assert_eq!(abandon(&RUNGS, &progress, &input(1e6, 12.0)), None, "it arrives in time");
        let nearly = Progress { received: 1_200_000, ..progress };
        assert_eq!(abandon(&RUNGS, &nearly, &input(1e6, 0.1)), None);
        let lowest = Progress { bitrate: 400_000, ..progress };
        assert_eq!(abandon(&RUNGS, &lowest, &input(1e6, 0.1)), None);
    }
}
