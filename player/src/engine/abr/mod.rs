//! Which quality to ask for, and when to give one up half way.
//!
//! A plan: what would the next fragments be worth at each level, over a few ways in which the network may go
//! on? Worth is quality that plays, less what stalls, changes and an empty buffer cost, so throughput and buffer
//! are weighed against each other in one sum instead of by thresholds. The network's part is a [`Pace`]: how long
//! a bit takes, and by how much that was underrated lately. The formulas stand in `docs/adaptation.md`. Every
//! choice carries its reason.

mod meter;

pub(super) use meter::{Meter, Pace, Present};

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

    /// What it is worth to ask for `bitrate`, of the first fragment of which `bits` are to be fetched, in fragments
    /// of the top bitrate. After `HELD` fragments the network is known better: from there on the plan takes what it
    /// carries, not less than the `lowest` bitrate.
    fn worth(&self, bitrate: f64, bits: f64, rungs: &[Rung]) -> f64 {
        let (lowest, top) = (bottom(rungs), top(rungs));
        let mut worth = bitrate / top * f64::from(HELD);
        for (share, weight) in SCENARIOS {
            let slower = share * self.pace.spread.at_least(LEAST_SPREAD);
            let pace = self.pace.mean * if slower < 0.0 { 1.0 / (1.0 - slower) } else { 1.0 + slower };
            let carried = (self.duration - self.latency) / pace / self.duration - self.others;
            let later = carried.at_least(lowest).at_most(bitrate);
            worth += weight * later / top * f64::from(STEPS - HELD);
            worth -= weight * (bitrate - later) / top * CHANGE_LATER;
            let mut ahead = self.ahead;
            let mut time = self.latency + bits * pace;
            for step in 1..=STEPS {
                let stalled = (time - ahead).at_least(0.0);
                worth -= weight * stalled * STALL;
                ahead = (ahead - time + stalled + self.duration).at_most(self.room);
                let next = if step < HELD { bitrate } else { later };
                time = self.latency + (next + self.others) * self.duration * pace;
            }
            let short = (self.room * COMFORT).at_most(ENOUGH) - ahead;
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
            let worth = self.worth(bitrate, bitrate * size, rungs) - (bitrate - from).abs() / top * CHANGE;
            if worth > least && bitrate <= limit {
                (best, least) = (Some(rung), worth);
            }
        }
        best
    }
}

fn bottom(rungs: &[Rung]) -> f64 {
    rungs.first().map_or(0.0, |bottom| f64::from(bottom.bitrate))
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

/// The rung to start over with, if the fragment under way comes too late at the pace of the `present` and it is
/// worth more to give it up. `rungs` as in [`choose`].
pub(super) fn abandon(rungs: &[Rung], progress: &Progress, present: Present, input: &Input) -> Option<Rung> {
    if progress.elapsed < GRACE {
        return None;
    }
    let bitrate = f64::from(progress.bitrate);
    let size = progress.size.map_or(bitrate * input.duration, |size| size as f64 * 8.0) / bitrate;
    let left = (bitrate * size - progress.received as f64 * 8.0).at_least(0.0);
    // While the lowest level can still save it for a while, a sudden fall may be a passing one.
    let rescue = input.latency + bottom(rungs) * size * present.sudden;
    let urgent = input.ahead < rescue * URGENT;
    let mean = if urgent { present.sudden.at_least(present.usual) } else { present.usual };
    if left * mean <= input.ahead {
        return None;
    }
    let input = Input { pace: Pace { mean, spread: PRESENT, ..input.pace }, ..*input };
    let stay = input.worth(bitrate, left, rungs);
    input.best(rungs, bitrate, (left / size).at_most(bitrate - 1.0), size, stay)
}

/// How the network may go on: so many spreads slower than the mean, with a weight; together 1.
const SCENARIOS: [(f64, f64); 3] = [(-4.0, 0.3), (0.15, 0.5), (1.0, 0.2)];
/// Fragments to look ahead …
const STEPS: u32 = 5;
/// … and of these, those that are asked for at one level.
const HELD: u32 = 3;
/// Fragments of the top quality that a second of stall costs …
const STALL: f64 = 7.5;
/// … that a change by the whole ladder costs, now …
const CHANGE: f64 = 3.0;
/// … and later, if the network does not carry the level …
const CHANGE_LATER: f64 = 0.6;
/// … and that a second costs which is missing in the buffer: to this part of the room, or to `ENOUGH` seconds.
const SHORT: f64 = 0.15;
const COMFORT: f64 = 0.84;
const ENOUGH: f64 = 22.0;
/// Up to this part of its duration a fragment may take and still be gone up to.
const SUSTAINED: f64 = 1.15;
/// No network is steadier.
const LEAST_SPREAD: f64 = 0.05;
/// Spread of what is left of a fragment under way.
const PRESENT: f64 = 0.3;
/// Seconds for which a fragment under way is not looked at.
const GRACE: f64 = 0.3;
/// How many times as long as the lowest level takes has to be buffered to wait and see.
const URGENT: f64 = 2.5;

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
        let mean = 1.0 / throughput;
        Input {
            pace: Pace { mean, spread: 0.1, calm: mean },
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

    /// What is chosen for 15 s at a constant rate.
    fn play(mut current: u32, throughput: f64, mut ahead: f64) -> Vec<u32> {
        let (mut passed, mut chosen) = (0.0, Vec::new());
        while passed < 15.0 {
            let now = input(throughput, ahead);
            current = pick(Some(current), &now).0;
            chosen.push(current);
            let time = now.takes(current.into(), 0.0).at_least(if ahead > 30.0 { 2.0 } else { 0.0 });
            passed += time;
            ahead += 2.0 - time;
            assert!(ahead > 0.0, "{current} at {throughput}");
        }
        chosen
    }

    #[test]
    fn starts_with_what_comes_quickly() {
        let unsure = input(1.5e6, 0.0);
        let unsure = Input { pace: Pace { spread: 0.5, ..unsure.pace }, ..unsure };
        assert_eq!(pick(None, &unsure), (400_000, SwitchReason::Start));
        assert_eq!(pick(None, &input(40e6, 0.0)).0, 5_000_000);
        assert_eq!(choose(&[], None, &unsure), None);
    }

    #[test]
    fn climbs_as_far_as_the_network_carries() {
        assert_eq!(pick(Some(400_000), &input(20e6, 6.0)), (5_000_000, SwitchReason::ThroughputUp));
        for (throughput, best) in [(3.5e6, 2_500_000), (1.6e6, 1_200_000), (0.5e6, 400_000)] {
            for ahead in [4.0, 10.0, 20.0] {
                let chosen = play(400_000, throughput, ahead);
                assert_eq!(chosen.last(), Some(&best), "{throughput}, {ahead} s ahead");
                assert!(chosen.windows(2).all(|pair| pair[0] <= pair[1]), "straight up: {chosen:?}");
            }
        }
    }

    #[test]
    fn falls_before_the_buffer_is_empty_and_not_for_a_passing_dent() {
        for ahead in [3.0, 4.0, 6.0] {
            assert_eq!(pick(Some(5_000_000), &input(1e6, ahead)).1, SwitchReason::ThroughputDown);
            assert_eq!(play(5_000_000, 1e6, ahead).last(), Some(&400_000));
        }
        assert_eq!(pick(Some(5_000_000), &input(1e6, 1.0)), (400_000, SwitchReason::BufferLow));
        assert_eq!(pick(Some(5_000_000), &input(5.5e6, 20.0)).0, 5_000_000);
        let dent = |ahead| Pace { calm: 1.0 / 6e6, ..input(3e6, 0.0).pace }.with(ahead);
        let with = |ahead| Input { pace: dent(ahead), ..input(1.0, ahead) };
        assert!(pick(Some(5_000_000), &with(3.0)).0 < 5_000_000);
        assert_eq!(pick(Some(5_000_000), &with(25.0)).0, 5_000_000);
    }

    #[test]
    fn an_unsteady_network_is_trusted_less() {
        let (mut less, mut more) = (0, 0);
        for (tenths, ahead) in (5..100).flat_map(|tenths| [1.0, 2.0, 3.0, 4.0].map(|ahead| (tenths, ahead))) {
            let steady = input(f64::from(tenths) * 1e5, ahead);
            let unsteady = Input { pace: Pace { spread: 0.8, ..steady.pace }, ..steady };
            let (steady, unsteady) = (pick(Some(2_500_000), &steady).0, pick(Some(2_500_000), &unsteady).0);
            less += u32::from(unsteady < steady);
            more += u32::from(unsteady > steady);
        }
        assert!(less > 10 && more == 0, "{less} {more}");
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
        let slow = Present { usual: 1e-6, sudden: 1e-6 };
        let progress =
            Progress { bitrate: 5_000_000, received: 125_000, size: Some(1_250_000), elapsed: 1.0 };
        let rung = abandon(&RUNGS, &progress, slow, &input(6e6, 3.0)).unwrap();
        assert_eq!(rung.bitrate, 400_000);
        assert_eq!(abandon(&RUNGS, &progress, slow, &input(6e6, 12.0)), None, "it arrives in time");
        let nearly = Progress { received: 1_200_000, ..progress };
        assert_eq!(abandon(&RUNGS, &nearly, slow, &input(6e6, 0.1)), None);
        let lowest = Progress { bitrate: 400_000, ..progress };
        assert_eq!(abandon(&RUNGS, &lowest, slow, &input(6e6, 0.1)), None);
    }

    #[test]
    fn a_sudden_fall_counts_when_there_is_no_more_time_to_wait() {
        let fall = Present { usual: 1.0 / 6e6, sudden: 1e-6 };
        let progress =
            Progress { bitrate: 5_000_000, received: 125_000, size: Some(1_250_000), elapsed: 1.0 };
        // The lowest level takes 0.84 s now, the rest of this 9 s.
        assert_eq!(abandon(&RUNGS, &progress, fall, &input(6e6, 4.0)), None);
        assert_eq!(abandon(&RUNGS, &progress, fall, &input(6e6, 1.0)).unwrap().bitrate, 400_000);
    }
}
