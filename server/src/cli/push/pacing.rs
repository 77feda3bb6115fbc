//! Which fragment leaves next, and when: the encoder's side of the retry rules.

use super::program::Program;

/// Fragments that are sent again on a new connection. Not more: an origin takes what lies further back
/// for a broadcast that began anew.
const RESEND: u64 = 2;
/// Fragments that are made up for after an outage. Older ones would be out of date on arrival.
const BACKLOG: u64 = 30;

/// Position in the broadcast. Fragments are numbered from the epoch on.
#[derive(Debug)]
pub(super) struct Pacing {
    next: Option<u64>,
    /// First fragment that is no longer sent.
    end: Option<u64>,
    once: bool,
}

impl Pacing {
    /// A broadcast without end, or of one round.
    pub(super) const fn new(once: bool) -> Self {
        Self { next: None, end: None, once }
    }

    /// A connection stands: goes back to what has to be sent on it first. At the very beginning these are
    /// the two newest complete fragments, so that viewers need not wait for new ones.
    pub(super) fn connected(&mut self, program: &Program, now: u64) {
        let edge = program.number_at(now);
        let resume = match self.next {
            None => edge.saturating_sub(RESEND),
            Some(next) => next.saturating_sub(RESEND).max(edge.saturating_sub(BACKLOG)),
        };
        if self.once && self.end.is_none() {
            self.end = Some(resume.saturating_add(program.fragments()));
        }
        self.next = Some(resume);
    }

    /// The next fragment, and when it is complete, in ticks since the epoch. `None` after the last one.
    pub(super) fn next(&self, program: &Program) -> Option<(u64, u64)> {
        let next = self.next.filter(|&next| self.end.is_none_or(|end| next < end))?;
        Some((next, program.span(next).end()))
    }

    /// Fragment `number` has left.
    pub(super) fn sent(&mut self, number: u64) {
        self.next = Some(number.saturating_add(1));
    }
}
