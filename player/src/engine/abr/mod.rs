//! Which quality to ask for, and when to give one up half way.
//!
//! Throughput decides, with a margin; what is buffered decides how bold to be. Every choice carries its
//! reason.

mod meter;

pub(super) use meter::Meter;

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
    /// Bits/s, measured; `None` before.
    pub(super) throughput: Option<f64>,
    /// Bits/s to believe in before anything is measured.
    pub(super) initial: f64,
    /// Part of the throughput to use, 0 to 1.
    pub(super) safety: f64,
    /// Bits/s that other streams take.
    pub(super) others: f64,
    /// Seconds to a first byte.
    pub(super) latency: f64,
    /// Seconds of media in the fragment.
    pub(super) duration: f64,
    /// Seconds buffered ahead of the playhead.
    pub(super) ahead: f64,
}

/// Chooses one of `rungs` (lowest first); `current` is the bitrate of the one in use. `None` if there is no
/// rung.
pub(super) fn choose(rungs: &[Rung], current: Option<u32>, input: &Input) -> Option<(Rung, SwitchReason)> {
    let lowest = *rungs.first()?;
    let measured = input.throughput.unwrap_or(input.initial);
    // The first byte costs its time in every fragment.
    let share = (input.safety - input.latency / input.duration.at_least(0.1)).at_least(0.1);
    let fits = |share: f64| {
        let budget = measured * share - input.others;
        rungs.iter().rev().find(|rung| f64::from(rung.bitrate) <= budget).copied().unwrap_or(lowest)
    };
    let Some(current) = current else { return Some((fits(share), SwitchReason::Start)) };
    let best = fits(share);
    if best.bitrate > current {
        // Up only from firm ground, and one step at a time until a good deal is buffered.
        if input.throughput.is_none() || input.ahead < input.duration * 0.9 {
            return stay(rungs, current);
        }
        let next = rungs.iter().find(|rung| rung.bitrate > current).copied().unwrap_or(best);
        let bold = input.ahead >= input.duration * 4.0;
        return Some((if bold { best } else { next }, SwitchReason::ThroughputUp));
    }
    if best.bitrate < current {
        // A level that still arrives faster than it plays may stay while the buffer is comfortable.
        let comfortable = input.ahead >= (input.duration * 2.0).at_least(4.0);
        if comfortable && f64::from(current) <= measured * 0.9 - input.others {
            return stay(rungs, current);
        }
        let reason =
            if input.throughput.is_some() { SwitchReason::ThroughputDown } else { SwitchReason::BufferLow };
        return Some((best, reason));
    }
    if input.ahead < input.duration * 0.25 && input.throughput.is_some() {
        let careful = fits(share * 0.7);
        if careful.bitrate < current {
            return Some((careful, SwitchReason::BufferLow));
        }
    }
    stay(rungs, current)
}

/// The rung of `current`, or the one below where it is not there any more.
fn stay(rungs: &[Rung], current: u32) -> Option<(Rung, SwitchReason)> {
    let rung = rungs.iter().rev().find(|rung| rung.bitrate <= current).or_else(|| rungs.first())?;
    Some((*rung, SwitchReason::Failing))
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

/// The rung to start over with, if the fragment under way comes too late and that one would come
/// sooner. `rungs` as in [`choose`].
pub(super) fn abandon(rungs: &[Rung], progress: &Progress, input: &Input) -> Option<Rung> {
    if progress.elapsed < 0.4 {
        return None;
    }
    let expected = f64::from(progress.bitrate) * input.duration / 8.0;
    let size = progress.size.map_or(expected, |size| size as f64);
    let left = (size - progress.received as f64).at_least(0.0);
    if left < size * 0.1 {
        return None;
    }
    let own = progress.received as f64 / progress.elapsed;
    // The link's estimate is the better one while other requests share it; its own rate is the fresher.
    let rate = input.throughput.map_or(own, |bits| own.at_most(bits / 8.0)).at_least(1.0);
    if rate * 8.0 >= f64::from(progress.bitrate) {
        return None; // It arrives faster than it plays.
    }
    let late = left / rate;
    // It plays while it arrives, so half of what is still to come counts as there; something has to be
    // left for the first byte of the next one.
    let lasts = input.ahead + input.duration * (left / size.at_least(1.0) / 2.0 - 0.25);
    if late <= lasts {
        return None;
    }
    let time = |rung: &Rung| input.latency + f64::from(rung.bitrate) * input.duration / 8.0 / rate;
    let lower = |rung: &&Rung| rung.bitrate < progress.bitrate;
    let in_time = rungs.iter().rev().filter(lower).find(|rung| time(rung) <= input.ahead * 0.8);
    let rung = in_time.or_else(|| rungs.first().filter(lower))?;
    (time(rung) < late * 0.8).then_some(*rung)
}

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
            throughput: Some(throughput),
            initial: 1_500_000.0,
            safety: 0.75,
            others: 64_000.0,
            latency: 0.04,
            duration: 2.0,
            ahead,
        }
    }

    fn pick(current: Option<u32>, input: &Input) -> (u32, SwitchReason) {
        let (rung, reason) = choose(&RUNGS, current, input).unwrap();
        (rung.bitrate, reason)
    }

    #[test]
    fn starts_modestly_without_a_measurement() {
        let unknown = Input { throughput: None, ..input(0.0, 0.0) };
        assert_eq!(pick(None, &unknown), (400_000, SwitchReason::Start));
        let told = Input { initial: 8e6, ..unknown };
        assert_eq!(pick(None, &told).0, 5_000_000);
        assert_eq!(choose(&[], None, &unknown), None);
    }

    #[test]
    fn climbs_a_step_at_a_time_and_only_with_something_buffered() {
        assert_eq!(pick(Some(400_000), &input(20e6, 1.0)).0, 400_000);
        assert_eq!(pick(Some(400_000), &input(20e6, 2.0)), (1_200_000, SwitchReason::ThroughputUp));
        assert_eq!(pick(Some(400_000), &input(20e6, 10.0)).0, 5_000_000);
    }

    #[test]
    fn falls_at_once_unless_the_level_still_keeps_up() {
        assert_eq!(pick(Some(5_000_000), &input(1e6, 20.0)), (400_000, SwitchReason::ThroughputDown));
        assert_eq!(pick(Some(5_000_000), &input(6e6, 20.0)).0, 5_000_000);
        assert_eq!(pick(Some(5_000_000), &input(6e6, 2.0)).0, 2_500_000);
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
