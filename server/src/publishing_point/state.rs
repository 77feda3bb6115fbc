//! The life of a publishing point, as a pure function.
//!
//! ```text
//! Idle ─Start→ Starting ─Data→ Started ─End→ Stopping ─Finalised→ Stopped ─Shutdown→ ShuttingDown ─Cleared→ Idle
//! ```
//! `Stop` also leads from Starting to Stopped; `Shutdown` from every state with content; `Fault` from
//! everywhere to Error, which only `Shutdown` leaves. An encoder that vanishes without an end of stream
//! is no input: the point stays Started and waits for it.

use serde::Serialize;

/// Where a publishing point stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
pub enum State {
    /// Nothing accepted, nothing served; settings may change.
    #[default]
    Idle,
    /// Encoders may post; viewers cannot be served yet.
    Starting,
    /// Live.
    Started,
    /// All streams have ended; what was held back is being published.
    Stopping,
    /// Over, still served whole: not live any more.
    Stopped,
    /// Going back to Idle; viewers lose access.
    ShuttingDown,
    /// Broken; has to be shut down.
    Error,
}

/// What can happen to a publishing point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// An operator's start, or the first request where that starts the point.
    Start,
    /// The first stream announced itself.
    Data,
    /// The last running stream ended.
    End,
    /// An operator's stop.
    Stop,
    /// Everything that was held back is published and the log is sealed.
    Finalised,
    /// An operator's shutdown, or the restart for a new broadcast.
    Shutdown,
    /// The content is gone.
    Cleared,
    /// Something broke for good.
    Fault,
}

impl State {
    /// The state after `input`; `None` if `input` is not allowed here.
    #[must_use]
    pub const fn after(self, input: Input) -> Option<Self> {
        Some(match (self, input) {
            (Self::Idle, Input::Start) => Self::Starting,
            (Self::Starting, Input::Data) => Self::Started,
            (Self::Starting, Input::Stop) => Self::Stopped,
            (Self::Started, Input::End | Input::Stop) => Self::Stopping,
            (Self::Stopping, Input::Finalised) => Self::Stopped,
            (
                Self::Starting | Self::Started | Self::Stopping | Self::Stopped | Self::Error,
                Input::Shutdown,
            ) => Self::ShuttingDown,
            (Self::ShuttingDown, Input::Cleared) => Self::Idle,
            (_, Input::Fault) => Self::Error,
            _ => return None,
        })
    }

    /// Whether an encoder may post media.
    #[must_use]
    pub const fn ingests(self) -> bool {
        matches!(self, Self::Starting | Self::Started)
    }

    /// Whether viewers are served.
    #[must_use]
    pub const fn serves(self) -> bool {
        matches!(self, Self::Started | Self::Stopping | Self::Stopped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_transition_is_in_the_table() {
        use Input as I;
        use State as S;
        let states = [S::Idle, S::Starting, S::Started, S::Stopping, S::Stopped, S::ShuttingDown, S::Error];
        let inputs = [I::Start, I::Data, I::End, I::Stop, I::Finalised, I::Shutdown, I::Cleared, I::Fault];
        let no = None;
        let down = Some(S::ShuttingDown);
        let e = Some(S::Error);
        #[rustfmt::skip]
        let table = [
            //                  Start              Data              End                Stop               Finalised         Shutdown Cleared        Fault
            /* Idle */         [Some(S::Starting), no,               no,                no,                no,               no,      no,            e],
            /* Starting */     [no,                Some(S::Started), no,                Some(S::Stopped),  no,               down,    no,            e],
            /* Started */      [no,                no,               Some(S::Stopping), Some(S::Stopping), no,               down,    no,            e],
            /* Stopping */     [no,                no,               no,                no,                Some(S::Stopped), down,    no,            e],
            /* Stopped */      [no,                no,               no,                no,                no,               down,    no,            e],
            /* ShuttingDown */ [no,                no,               no,                no,                no,               no,      Some(S::Idle), e],
            /* Error */        [no,                no,               no,                no,                no,               down,    no,            e],
        ];
        for (state, row) in states.into_iter().zip(table) {
            for (input, expected) in inputs.into_iter().zip(row) {
                assert_eq!(state.after(input), expected, "{state:?} {input:?}");
            }
        }
    }

    #[test]
    fn only_a_running_point_ingests_and_only_one_with_content_serves() {
        assert!(State::Starting.ingests() && !State::Starting.serves());
        assert!(State::Started.ingests() && State::Started.serves());
        assert!(!State::Stopped.ingests() && State::Stopped.serves());
        assert!(!State::Idle.ingests() && !State::Idle.serves());
    }
}
