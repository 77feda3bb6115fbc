//! Where on the broadcast's timeline a fragment belongs: the rules, without a clock.
//!
//! Encoder times are mapped by the offset of a *run*: a stretch of encoder time without a restart. Run 0
//! has offset 0. With `end` the end of the track, `mapped` the mapped start, and *rival* another
//! connection that delivered to the track lately (it is aligned with this one, see `alignment`), in this
//! order:
//!
//! 1. One that waits, not yet published, is a copy of it by another encoder and lies behind a hole, and this
//!    one begins nearer to what is before: it takes that one's place. So does ffmpeg's sound: with B-frames
//!    the first fragment of a run begins a few hundredths of a second later than those of the others.
//! 2. A fragment with this mapped start is there. Further back than the resend window and with no rival,
//!    its encoder began anew: restart. Else with the same bytes a duplicate, dropped; with other bytes a
//!    conflict, dropped (the first copy wins), unless it begins a connection at zero and there is no
//!    rival: restart.
//! 3. `mapped` at `end` or later: appended. A gap stays a gap. A jump of more than the longest one is
//!    another timeline: restart, or dropped while there is a rival.
//! 4. `mapped` slightly before `end`: appended at exactly `end`, its start clipped. Slightly is a quarter
//!    of its duration or 100 ms, whichever is more (less, while there is a rival, which may be skewed).
//!    This cures the negative first time of AAC and the seams of restarts.
//! 5. Behind `end`, in a hole that the other levels of the stream do not have, or of chunks that nobody
//!    has been told of: inserted.
//! 6. Behind `end` otherwise: with a rival, a lagging redundant encoder, dropped. With none, restart if
//!    it lies outside the resend window or begins a connection at zero; else dropped.
//!
//! Nothing is outside the resend window that follows on a fragment of its connection that had a place:
//! such an encoder lagged behind another that is gone now.

/// What is known about a fragment that came, in ticks of its stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// Start under the run of its connection.
    pub(super) mapped: i64,
    /// Duration.
    pub(super) duration: u64,
    /// Another connection delivered to the track lately.
    pub(super) rival: bool,
    /// Its encoder may have begun anew: first on its connection for this track, and at zero, or it jumped back.
    pub(super) fresh: bool,
    /// A fragment with this mapped start is there; whether it has the same bytes.
    pub(super) twin: Option<bool>,
    /// Where it starts in place of one that waits behind a hole.
    pub(super) bridge: Option<u64>,
    /// There is a hole that it fits into.
    pub(super) fits: bool,
    /// It follows on one of its connection that had its place: its encoder lags, but did not begin anew.
    pub(super) known: bool,
}

/// What the track and the settings allow, in ticks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Where the next fragment of the track would start.
    pub(super) end: u64,
    /// How far behind `end` a fragment may lie and still be resent.
    pub(super) resend: u64,
    /// How far after `end` a fragment may start and still be of the same timeline.
    pub(super) jump: u64,
    /// 100 ms; 0 on text, which is never clipped.
    pub(super) tolerance: u64,
}

/// What becomes of a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// To the end of the track, at this start.
    Append(u64),
    /// In place of those that it overlaps and that wait, at this start.
    Replace(u64),
    /// Into a hole, at its mapped start.
    Insert(u64),
    /// It is there.
    Duplicate,
    /// Other bytes are there.
    Conflict,
    /// No place for it.
    Late,
    /// Its encoder began anew: start a new run with it.
    Restart,
}

impl Candidate {
    /// The rules of the module.
    pub(super) fn judge(&self, bounds: &Bounds) -> Verdict {
        if let Some(start) = self.bridge {
            return Verdict::Replace(start);
        }
        let end = i64::try_from(bounds.end).unwrap_or(i64::MAX);
        let lag = end.saturating_sub(self.mapped);
        let outside = !self.known && lag > i64::try_from(bounds.resend).unwrap_or(i64::MAX);
        if let Some(same) = self.twin {
            return match (same, self.rival) {
                (_, false) if outside => Verdict::Restart,
                (true, _) => Verdict::Duplicate,
                (false, false) if self.fresh => Verdict::Restart,
                (false, _) => Verdict::Conflict,
            };
        }
        if let Ok(ahead) = u64::try_from(lag.saturating_neg()) {
            return match (ahead > bounds.jump, self.rival) {
                (false, _) => Verdict::Append(u64::try_from(self.mapped).unwrap_or(bounds.end)),
                (true, true) => Verdict::Late,
                (true, false) => Verdict::Restart,
            };
        }
        let behind = lag.unsigned_abs();
        if behind <= self.slack(bounds) && behind < self.duration {
            return Verdict::Append(bounds.end);
        }
        if let Ok(start) = u64::try_from(self.mapped)
            && self.fits
            && (self.rival || !outside)
        {
            return Verdict::Insert(start);
        }
        if !self.rival && (outside || self.fresh) { Verdict::Restart } else { Verdict::Late }
    }

    /// See rule 4, in ticks.
    pub(super) fn slack(&self, bounds: &Bounds) -> u64 {
        let quarter = self.duration / 4;
        if bounds.tolerance == 0 {
            0
        } else if self.rival {
            quarter.min(bounds.tolerance)
        } else {
            quarter.max(bounds.tolerance)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { end: 1000, resend: 60, jump: 500, tolerance: 1 };
    const FRAGMENT: Candidate = Candidate {
        mapped: 1000,
        duration: 20,
        rival: false,
        fresh: false,
        twin: None,
        bridge: None,
        fits: false,
        known: false,
    };

    fn judge(change: impl Fn(&mut Candidate)) -> Verdict {
        let mut candidate = FRAGMENT;
        change(&mut candidate);
        candidate.judge(&BOUNDS)
    }

    #[test]
    fn what_follows_is_appended_and_a_slight_overlap_is_clipped() {
        assert_eq!(judge(|_| {}), Verdict::Append(1000));
        assert_eq!(judge(|c| c.mapped = 1200), Verdict::Append(1200));
        assert_eq!(judge(|c| c.mapped = 995), Verdict::Append(1000));
        assert_eq!(judge(|c| c.mapped = 994), Verdict::Late);
        assert_eq!(judge(|c| (c.mapped, c.rival) = (995, true)), Verdict::Late);
        assert_eq!(judge(|c| (c.mapped, c.rival) = (999, true)), Verdict::Append(1000));
    }

    #[test]
    fn an_encoder_that_begins_anew_restarts_unless_a_rival_delivers() {
        for fresh in [false, true] {
            assert_eq!(judge(|c| (c.mapped, c.fresh) = (0, fresh)), Verdict::Restart);
            assert_eq!(judge(|c| (c.mapped, c.fresh, c.rival) = (0, fresh, true)), Verdict::Late);
        }
        assert_eq!(judge(|c| (c.mapped, c.fresh) = (950, true)), Verdict::Restart);
        assert_eq!(judge(|c| c.mapped = 1501), Verdict::Restart);
        assert_eq!(judge(|c| (c.mapped, c.rival) = (1501, true)), Verdict::Late);
        assert_eq!(judge(|c| c.mapped = i64::MIN), Verdict::Restart);
        assert_eq!(judge(|c| c.mapped = i64::MAX), Verdict::Restart);
    }

    #[test]
    fn a_copy_is_a_duplicate_a_conflict_or_a_restart() {
        let twin = |mapped, same, rival, fresh| {
            judge(move |c| (c.mapped, c.twin, c.rival, c.fresh) = (mapped, Some(same), rival, fresh))
        };
        assert_eq!(twin(980, true, false, true), Verdict::Duplicate);
        assert_eq!(twin(900, true, true, true), Verdict::Duplicate);
        assert_eq!(twin(900, true, false, true), Verdict::Restart);
        assert_eq!(twin(980, false, false, true), Verdict::Restart);
        assert_eq!(twin(980, false, false, false), Verdict::Conflict);
        assert_eq!(twin(980, false, true, true), Verdict::Conflict);
        assert_eq!(twin(900, false, false, false), Verdict::Restart);
    }

    #[test]
    fn an_encoder_that_lagged_behind_one_that_is_gone_goes_on() {
        assert_eq!(judge(|c| (c.mapped, c.known) = (600, true)), Verdict::Late);
        assert_eq!(judge(|c| (c.mapped, c.known, c.twin) = (600, true, Some(true))), Verdict::Duplicate);
        assert_eq!(judge(|c| (c.mapped, c.known, c.twin) = (600, true, Some(false))), Verdict::Conflict);
        assert_eq!(judge(|c| (c.mapped, c.known, c.fits) = (600, true, true)), Verdict::Insert(600));
    }

    #[test]
    fn what_closes_a_hole_goes_before_the_copy_that_waits_behind_it() {
        let bridge = |twin, rival| {
            judge(move |c| (c.mapped, c.bridge, c.twin, c.rival) = (979, Some(980), twin, rival))
        };
        assert_eq!(bridge(Some(false), true), Verdict::Replace(980));
        assert_eq!(bridge(None, false), Verdict::Replace(980));
    }

    #[test]
    fn a_late_fragment_fills_a_hole() {
        assert_eq!(judge(|c| (c.mapped, c.fits) = (960, true)), Verdict::Insert(960));
        assert_eq!(judge(|c| (c.mapped, c.fits, c.rival) = (600, true, true)), Verdict::Insert(600));
        assert_eq!(judge(|c| (c.mapped, c.fits) = (600, true)), Verdict::Restart);
    }
}
