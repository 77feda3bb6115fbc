//! Which push streams feed a broadcast, and which of them are over.

use std::collections::{BTreeMap, BTreeSet};

use super::track::SessionId;

/// The push streams of a broadcast. Several connections may feed one: redundant encoders, or a
/// reconnect while the old connection has not broken yet.
#[derive(Debug, Default)]
pub(super) struct Pushes {
    event: Option<String>,
    streams: BTreeMap<String, Push>,
}

#[derive(Debug, Default)]
struct Push {
    connections: BTreeSet<SessionId>,
    ended: bool,
    /// Nothing but text: may come in short posts and never say that it is over.
    text: bool,
}

impl Pushes {
    pub(super) fn open(&mut self, event: Option<&str>, stream: &str, session: SessionId, text: bool) {
        if self.streams.is_empty() {
            self.event = event.map(str::to_owned);
        }
        let push = self.streams.entry(stream.to_owned()).or_default();
        push.ended = false;
        push.text = text;
        push.connections.insert(session);
    }

    pub(super) fn end(&mut self, session: SessionId) {
        if let Some(push) = self.of(session) {
            push.connections.remove(&session);
            push.ended = true;
        }
    }

    pub(super) fn close(&mut self, session: SessionId) {
        if let Some(push) = self.of(session) {
            push.connections.remove(&session);
        }
    }

    pub(super) fn forget_connections(&mut self) {
        self.streams.values_mut().for_each(|push| push.connections.clear());
    }

    fn of(&mut self, session: SessionId) -> Option<&mut Push> {
        self.streams.values_mut().find(|p| p.connections.contains(&session))
    }

    pub(super) fn knows(&self, session: SessionId) -> bool {
        self.streams.values().any(|p| p.connections.contains(&session))
    }

    /// Whether every stream said that it is over, and no connection goes on.
    pub(super) fn all_ended(&self) -> bool {
        let media = self.streams.values().any(|p| !p.text);
        let over = |p: &Push| (p.ended || p.text && media) && p.connections.is_empty();
        self.streams.values().any(|p| p.ended) && self.streams.values().all(over)
    }

    pub(super) fn event(&self) -> Option<&str> {
        self.event.as_deref()
    }

    /// Whether a stream of `event` may join.
    pub(super) fn admits(&self, event: Option<&str>) -> bool {
        self.streams.is_empty() || self.event.as_deref() == event
    }
}
