//! Which encoder may post when, as a pure function.
//!
//! | state | no event id, or that of the broadcast | another event id | id of an event that is over |
//! | --- | --- | --- | --- |
//! | Idle | starts, where requests may start it | the same | refused |
//! | Starting, Started | joins | restarts, where that is on and no encoder is connected; else refused | refused |
//! | Stopped | restarts, where that is on and there is no id; else refused | restarts, where that is on | refused |
//!
//! An event is over once its broadcast ended; an operator's shutdown lets its id be used again.

use super::Refused;
use super::state::State;

/// What is known when an encoder asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub(super) state: State,
    /// `sourceType` Pull.
    pub(super) pulls: bool,
    /// A request may start the point.
    pub(super) may_start: bool,
    /// `restartOnEncoderReconnect`.
    pub(super) may_restart: bool,
    /// The event of the broadcast, running or last, once a stream has come.
    pub(super) current: Option<Option<&'a str>>,
    /// An encoder is connected.
    pub(super) is_fed: bool,
    /// The event that the encoder names.
    pub(super) asked: Option<&'a str>,
    /// It ended before.
    pub(super) is_over: bool,
}

/// What becomes of an encoder that may post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It feeds the broadcast.
    Join,
    /// The point starts first.
    Start,
    /// The broadcast goes, and a new one starts.
    Restart,
}

impl Facts<'_> {
    /// The rules of the module.
    pub(super) fn decide(&self) -> Result<Admission, Refused> {
        let event = || self.asked.unwrap_or_default().to_owned();
        if self.pulls {
            return Err(Refused::Pulls);
        }
        if self.is_over {
            return Err(Refused::EventOver { event: event() });
        }
        let same = self.current.is_none_or(|current| current == self.asked);
        match self.state {
            State::Idle if self.may_start => Ok(Admission::Start),
            State::Idle | State::ShuttingDown | State::Error => Err(Refused::Idle),
            State::Starting | State::Started if same => Ok(Admission::Join),
            State::Starting | State::Started if self.may_restart && !self.is_fed => Ok(Admission::Restart),
            State::Starting | State::Started => Err(Refused::OtherEvent),
            State::Stopping | State::Stopped if !self.may_restart => Err(Refused::Stopped),
            State::Stopping | State::Stopped if same && self.asked.is_some() => {
                Err(Refused::EventOver { event: event() })
            }
            State::Stopping | State::Stopped => Ok(Admission::Restart),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_is_in_the_table() {
        use State as S;
        let states = [S::Idle, S::Starting, S::Started, S::Stopped, S::Error];
        let (join, start, restart) = (Ok(Admission::Join), Ok(Admission::Start), Ok(Admission::Restart));
        let no = |refused: Refused| Err(refused);
        let (idle, stopped, other) = (no(Refused::Idle), no(Refused::Stopped), no(Refused::OtherEvent));
        let over = |event: &str| no(Refused::EventOver { event: event.to_owned() });
        let e = Some("e");
        #[rustfmt::skip]
        let table = [
            // asked, current, fed, restart      Idle    Starting Started  Stopped      Error
            (None, Some(None), true, false,    [&start, &join,   &join,    &stopped,    &idle]),
            (None, Some(None), false, true,    [&start, &join,   &join,    &restart,    &idle]),
            (e, Some(e), true, true,           [&start, &join,   &join,    &over("e"),  &idle]),
            (e, Some(e), true, false,          [&start, &join,   &join,    &stopped,    &idle]),
            (e, Some(Some("f")), true, true,   [&start, &other,  &other,   &restart,    &idle]),
            (e, Some(Some("f")), false, true,  [&start, &restart, &restart, &restart,   &idle]),
            (e, Some(Some("f")), false, false, [&start, &other,  &other,   &stopped,    &idle]),
            (e, Some(None), true, true,        [&start, &other,  &other,   &restart,    &idle]),
            (None, Some(e), true, true,        [&start, &other,  &other,   &restart,    &idle]),
            (e, None, false, false,            [&start, &join,   &join,    &stopped,    &idle]),
        ];
        for (asked, current, is_fed, may_restart, row) in table {
            for (state, expected) in states.into_iter().zip(row) {
                let facts = Facts {
                    state,
                    pulls: false,
                    may_start: true,
                    may_restart,
                    current,
                    is_fed,
                    asked,
                    is_over: false,
                };
                assert_eq!(&facts.decide(), expected, "{facts:?}");
                assert_eq!(Facts { pulls: true, ..facts }.decide(), no(Refused::Pulls));
                assert_eq!(Facts { is_over: true, asked: e, ..facts }.decide(), over("e"));
                if state == S::Idle {
                    assert_eq!(Facts { may_start: false, ..facts }.decide(), idle);
                }
            }
        }
    }
}
