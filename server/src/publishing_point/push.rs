//! Which push streams feed a broadcast, over which connections, and which of them are over.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use tokio::sync::oneshot;

use super::Refused;
use super::broadcast::Outcome;
use super::lineup::{Call, Lineup};
use super::track::{Counters, SessionId};
use super::traffic::Meter;
use crate::archive::TrackId;

/// The push streams of a broadcast. Several connections may feed one: redundant encoders, or a
/// reconnect while the old connection has not broken yet.
#[derive(Debug, Default)]
pub(super) struct Pushes {
    event: Option<String>,
    /// The broadcast goes on after a restart of the server: its event is known before a stream comes.
    is_resumed: bool,
    /// Those that are announced.
    pub(super) lineup: Lineup,
    pub(super) streams: BTreeMap<String, Push>,
}

/// One push stream.
#[derive(Debug, Default)]
pub(super) struct Push {
    pub(super) connections: BTreeMap<SessionId, Connection>,
    pub(super) ended: bool,
    /// Nothing but text: may come in short posts and never say that it is over.
    text: bool,
    pub(super) feeds: BTreeMap<TrackId, Feed>,
}

/// One connection of a push stream.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) peer: Option<IpAddr>,
    pub(super) since: SystemTime,
    pub(super) bytes: u64,
    opened: Duration,
    /// When its last fragment came.
    heard: Duration,
    dismiss: oneshot::Sender<Refused>,
}

/// What a push stream brought of one track.
#[derive(Debug, Default)]
pub(super) struct Feed {
    /// Bytes of its fragments.
    pub(super) bytes: Meter,
    /// The newest one, in the encoder's ticks.
    pub(super) newest: Option<(i64, u64)>,
    /// When it came.
    arrived: Option<Duration>,
    /// How long it was waited for.
    pub(super) wait: Option<Duration>,
    /// What became of them.
    pub(super) counters: Counters,
}

impl Pushes {
    /// Those of a broadcast of `event` that goes on after a restart of the server.
    pub(super) fn resumed(event: Option<String>) -> Self {
        Self { event, is_resumed: true, ..Self::default() }
    }

    pub(super) fn open(
        &mut self,
        event: Option<&str>,
        stream: &str,
        session: SessionId,
        peer: Option<IpAddr>,
        text: bool,
        now: Duration,
    ) -> oneshot::Receiver<Refused> {
        if self.current().is_none() {
            self.event = event.map(str::to_owned);
        }
        let push = self.streams.entry(stream.to_owned()).or_default();
        push.ended = false;
        push.text = text;
        let (dismiss, dismissed) = oneshot::channel();
        let connection =
            Connection { peer, since: SystemTime::now(), bytes: 0, opened: now, heard: now, dismiss };
        push.connections.insert(session, connection);
        dismissed
    }

    /// The tracks of a header that came on `session`.
    pub(super) fn carries(&mut self, session: SessionId, tracks: &[TrackId]) {
        if let Some(push) = self.of(session) {
            for &track in tracks {
                push.feeds.entry(track).or_default();
            }
        }
    }

    /// Notes a fragment that came at `now`.
    pub(super) fn arrived(
        &mut self,
        now: Duration,
        session: SessionId,
        track: TrackId,
        (time, duration): (i64, u64),
        bytes: u64,
        outcome: Outcome,
    ) {
        let Some(push) = self.of(session) else { return };
        if let Some(connection) = push.connections.get_mut(&session) {
            connection.bytes += bytes;
            connection.heard = now;
        }
        let feed = push.feeds.entry(track).or_default();
        feed.bytes.add(bytes);
        feed.newest = Some((time, duration));
        feed.wait = feed.arrived.replace(now).map(|before| now.saturating_sub(before));
        feed.counters.count(outcome);
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

    /// Sends away and returns the older connections of the same stream from the same address that `session`
    /// replaces: those that have brought nothing since it opened, nor for `silence`. Another encoder that
    /// shares the stream's id goes on sending, so it is kept.
    pub(super) fn replace(&mut self, now: Duration, session: SessionId, silence: Duration) -> Vec<SessionId> {
        let Some(push) = self.of(session) else { return Vec::new() };
        let Some(&Connection { peer, opened, .. }) = push.connections.get(&session) else {
            return Vec::new();
        };
        let stale =
            |c: &Connection| c.peer == peer && c.heard < opened && now.saturating_sub(c.heard) > silence;
        let gone: Vec<_> = push.connections.iter().filter(|(_, c)| stale(c)).map(|(&id, _)| id).collect();
        for id in &gone {
            if let Some(connection) = push.connections.remove(id) {
                let _ = connection.dismiss.send(Refused::Replaced);
            }
        }
        gone
    }

    /// Sends every encoder away, for `reason`.
    pub(super) fn dismiss_all(&mut self, reason: &Refused) {
        for push in self.streams.values_mut() {
            for (_, connection) in std::mem::take(&mut push.connections) {
                // It may be gone already.
                let _ = connection.dismiss.send(reason.clone());
            }
        }
    }

    /// Whether an encoder is connected.
    pub(super) fn is_fed(&self) -> bool {
        self.streams.values().any(|push| !push.connections.is_empty())
    }

    /// Whether the streams that were announced are there at `now`; they are waited for `most` long.
    pub(super) fn call(&self, now: Duration, most: Duration) -> Call {
        self.lineup.call(now, most, |id| self.streams.contains_key(id))
    }

    /// When those that are missing are waited for no more, if any are. They are waited for `most` long.
    pub(super) fn deadline(&self, most: Duration) -> Option<Duration> {
        self.lineup.deadline(most, |id| self.streams.contains_key(id))
    }

    fn of(&mut self, session: SessionId) -> Option<&mut Push> {
        self.streams.values_mut().find(|p| p.connections.contains_key(&session))
    }

    /// Id of the push stream that `session` feeds.
    pub(super) fn name(&self, session: SessionId) -> Option<&str> {
        let mut streams = self.streams.iter();
        streams.find(|(_, p)| p.connections.contains_key(&session)).map(|(id, _)| id.as_str())
    }

    pub(super) fn knows(&self, session: SessionId) -> bool {
        self.streams.values().any(|p| p.connections.contains_key(&session))
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

    /// The event, once a stream has come; of none, where it has none.
    pub(super) fn current(&self) -> Option<Option<&str>> {
        (self.is_resumed || !self.streams.is_empty()).then(|| self.event())
    }
}
