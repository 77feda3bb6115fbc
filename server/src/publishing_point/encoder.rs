//! The encoders' side of a publishing point: who may post, and what is taken in.

use std::net::IpAddr;

use smooth::manifest::Kind;
use smooth::smil::definition::Source;

use super::broadcast::{Arrival, Outcome};
use super::state::{Input, State};
use super::track::{SessionId, TrackSpec};
use super::{PublishingPoint, Refused, Writer};
use crate::archive::TrackId;

/// A connection that wants to push.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// `Events(id)` of its URL.
    pub event: Option<&'a str>,
    /// `Streams(id)` of its URL.
    pub stream: &'a str,
    /// Where it comes from, where that is known.
    pub peer: Option<IpAddr>,
}

impl PublishingPoint {
    /// A viewer's request, which starts an idle point where its definition says so.
    pub fn asked(&self) {
        let snapshot = self.snapshot();
        if snapshot.state == State::Idle && snapshot.definition.start_on_first_request {
            // Someone else may have been quicker.
            let _ = self.start();
        }
    }

    /// Says whether an encoder may post to `event`, and starts the point where its first request does.
    ///
    /// # Errors
    ///
    /// See [`Refused`].
    pub fn ready(&self, event: Option<&str>) -> Result<(), Refused> {
        let mut writer = self.lock();
        if writer.definition.source == Source::Pull {
            return Err(Refused::Pulls);
        }
        match writer.state {
            State::Idle if self.settings.auto_start || writer.definition.start_on_first_request => {
                self.begin(&mut writer).map_err(|_| Refused::Idle)
            }
            State::Starting => Ok(()),
            State::Started if writer.pushes.admits(event) => Ok(()),
            State::Started => Err(Refused::OtherEvent),
            State::Stopped | State::Stopping if writer.definition.restart_on_encoder_reconnect => Ok(()),
            State::Stopped | State::Stopping => Err(Refused::Stopped),
            State::Idle | State::ShuttingDown | State::Error => Err(Refused::Idle),
        }
    }

    /// Opens a connection with the tracks of its header. Returns its number and those of its tracks.
    ///
    /// # Errors
    ///
    /// See [`Refused`].
    pub fn open(
        &self,
        caller: Caller<'_>,
        specs: &[TrackSpec],
    ) -> Result<(SessionId, Vec<TrackId>), Refused> {
        let Caller { event, stream, peer } = caller;
        self.ready(event)?;
        let mut writer = self.lock();
        if writer.state == State::Stopped {
            tracing::info!(point = self.path, stream, "an encoder is back: the broadcast restarts");
            let restarted = self.clear(&mut writer).and_then(|()| self.begin(&mut writer));
            restarted.map_err(|_| Refused::Stopped)?;
        }
        let session = writer.next_session;
        let tracks = writer.broadcast.open(session, specs)?;
        writer.next_session += 1;
        // Where no event is running yet, this one begins.
        writer.broadcast.describe(event, stream);
        let text = specs.iter().all(|s| s.kind == Kind::Text);
        writer.pushes.open(event, stream, session, peer, text);
        writer.pushes.carries(session, &tracks);
        let _ = self.apply(&mut writer, Input::Data);
        self.publish(&mut writer);
        Ok((session, tracks))
    }

    /// A connection repeated its header. Returns the numbers of its tracks.
    ///
    /// # Errors
    ///
    /// See [`Refused`].
    pub fn reopen(&self, session: SessionId, specs: &[TrackSpec]) -> Result<Vec<TrackId>, Refused> {
        let mut writer = self.lock();
        if !writer.pushes.knows(session) {
            return Err(Refused::Stopped);
        }
        let tracks = writer.broadcast.open(session, specs)?;
        writer.pushes.carries(session, &tracks);
        let Writer { pushes, broadcast, .. } = &mut *writer;
        broadcast.describe(pushes.event(), pushes.name(session).unwrap_or_default());
        self.publish(&mut writer);
        Ok(tracks)
    }

    /// Takes in a fragment.
    ///
    /// # Errors
    ///
    /// [`Refused::Stopped`] if the broadcast that the connection belongs to is over.
    pub fn accept(&self, session: SessionId, track: TrackId, arrival: Arrival) -> Result<Outcome, Refused> {
        let mut writer = self.lock();
        if !writer.state.ingests() || !writer.pushes.knows(session) {
            return Err(Refused::Stopped);
        }
        // Read under the lock, so that it never goes back.
        let now = self.born.elapsed();
        let (span, bytes) = ((arrival.time, arrival.duration), arrival.media.size());
        let outcome = writer.broadcast.accept(now, session, track, arrival);
        writer.pushes.arrived(now, session, track, span, bytes, outcome);
        self.publish(&mut writer);
        Ok(outcome)
    }

    /// The encoder said that its stream is over. When all have, so is the broadcast.
    pub fn end(&self, session: SessionId) {
        let mut writer = self.lock();
        writer.pushes.end(session);
        self.leave(&mut writer, session);
    }

    /// The connection is gone. Without [`end`](Self::end) the point waits for its encoder.
    pub fn close(&self, session: SessionId) {
        let mut writer = self.lock();
        writer.pushes.close(session);
        self.leave(&mut writer, session);
    }

    fn leave(&self, writer: &mut Writer, session: SessionId) {
        writer.broadcast.close(session);
        if writer.state == State::Started && writer.pushes.all_ended() {
            let _ = self.finish(writer, Input::End);
        }
    }
}
