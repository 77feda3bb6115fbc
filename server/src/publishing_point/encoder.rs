//! The encoders' side of a publishing point: who may post, and what is taken in.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use smooth::Timescale;
use smooth::ingest::StreamRef;
use smooth::manifest::Kind;
use smooth::smil::definition::Source;

use tokio::sync::oneshot;

use super::admission::{Admission, Facts};
use super::alignment::Misfit;
use super::broadcast::{Arrival, Outcome};
use super::lineup::Call;
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
    /// The streams of the broadcast that its header lists.
    pub lineup: &'a [StreamRef],
}

/// A connection that pushes.
#[derive(Debug)]
pub struct Seat {
    /// Its number.
    pub session: SessionId,
    /// Those of its tracks.
    pub tracks: Vec<TrackId>,
    /// Tells when and why it is sent away.
    pub dismissed: oneshot::Receiver<Refused>,
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

    /// How long streams that were announced are still waited for; `None` if the broadcast waits for none.
    #[must_use]
    pub fn missing_for(&self) -> Option<Duration> {
        let writer = self.lock();
        let deadline = writer.pushes.deadline(self.settings.stream_wait());
        let waits = writer.state == State::Starting && !writer.pushes.streams.is_empty();
        deadline.filter(|_| waits).map(|at| at.saturating_sub(self.born.elapsed()))
    }

    /// Starts the broadcast if those that are missing have had their time.
    pub fn start_without_missing(&self) {
        let mut writer = self.lock();
        self.go_live(&mut writer);
        self.publish(&mut writer);
    }

    /// Starts the broadcast once a stream has come, and all that its encoders announced, or those have had
    /// their time.
    fn go_live(&self, writer: &mut Writer) {
        if writer.state != State::Starting || writer.pushes.streams.is_empty() {
            return;
        }
        match writer.pushes.call(self.born.elapsed(), self.settings.stream_wait()) {
            Call::Wait(_) => return,
            Call::Overdue(missing) => {
                tracing::warn!(point = self.path, ?missing, "it starts without streams that were announced");
            }
            Call::Complete => {}
        }
        let _ = self.apply(writer, Input::Data);
        self.end_if_over(writer);
    }

    fn end_if_over(&self, writer: &mut Writer) {
        if writer.state == State::Started && writer.pushes.all_ended() {
            let _ = self.finish(writer, Input::End);
        }
    }

    /// Says whether an encoder may post to `event`, and starts the point where its first request does.
    ///
    /// # Errors
    ///
    /// See [`Refused`].
    pub fn ready(&self, event: Option<&str>) -> Result<(), Refused> {
        let mut writer = self.lock();
        if self.admit(&writer, event)? == Admission::Start {
            self.begin(&mut writer).map_err(|_| Refused::Idle)?;
        }
        Ok(())
    }

    fn admit(&self, writer: &Writer, event: Option<&str>) -> Result<Admission, Refused> {
        let facts = Facts {
            state: writer.state,
            pulls: writer.definition.source == Source::Pull,
            may_start: self.settings.auto_start || writer.definition.start_on_first_request,
            may_restart: writer.definition.restart_on_encoder_reconnect,
            current: writer.pushes.current(),
            is_fed: writer.pushes.is_fed(),
            asked: event,
            is_over: event.is_some_and(|e| writer.past.has(e)),
        };
        facts.decide()
    }

    /// Opens a connection with the tracks of its header.
    ///
    /// # Errors
    ///
    /// See [`Refused`].
    pub fn open(&self, caller: Caller<'_>, specs: &[TrackSpec]) -> Result<Seat, Refused> {
        let Caller { event, stream, peer, lineup } = caller;
        let mut writer = self.lock();
        match self.admit(&writer, event)? {
            Admission::Join => {}
            Admission::Start => self.begin(&mut writer).map_err(|_| Refused::Idle)?,
            Admission::Restart => {
                tracing::info!(point = self.path, stream, event, "a new broadcast: the point restarts");
                self.retire(&mut writer);
                let restarted = self.clear(&mut writer).and_then(|()| self.begin(&mut writer));
                restarted.map_err(|_| Refused::Stopped)?;
            }
        }
        let session = writer.next_session;
        let tracks = writer.broadcast.open(session, specs)?;
        writer.next_session += 1;
        // Where no event is running yet, this one begins.
        writer.broadcast.describe(event, stream);
        let text = specs.iter().all(|s| s.kind == Kind::Text);
        let now = self.born.elapsed();
        let dismissed = writer.pushes.open(event, stream, session, peer, text, now);
        writer.pushes.carries(session, &tracks);
        writer.pushes.lineup.add(event, lineup, now);
        if let Call::Wait(missing) = writer.pushes.call(now, self.settings.stream_wait())
            && writer.state == State::Starting
        {
            tracing::info!(point = self.path, stream, ?missing, "streams that were announced are waited for");
        }
        self.go_live(&mut writer);
        self.publish(&mut writer);
        Ok(Seat { session, tracks, dismissed })
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
    /// [`Refused::Stopped`] if the broadcast that the connection belongs to is over,
    /// [`Refused::Misaligned`] if its fragments do not fit to those of another encoder.
    pub fn accept(&self, session: SessionId, track: TrackId, arrival: Arrival) -> Result<Outcome, Refused> {
        let mut writer = self.lock();
        if !writer.state.ingests() || !writer.pushes.knows(session) {
            return Err(Refused::Stopped);
        }
        // Read under the lock, so that it never goes back.
        let now = self.born.elapsed();
        let (span, bytes) = ((arrival.time, arrival.duration), arrival.media.size());
        let spec = writer.broadcast.tracks.get(track).map(|t| Arc::clone(&t.spec));
        let timescale = spec.as_ref().map_or(Timescale::DEFAULT, |s| s.timescale);
        let silence = Duration::from_secs_f64(timescale.seconds(span.1) * 1.5);
        for gone in writer.pushes.replace(now, session, silence) {
            tracing::info!(point = self.path, "a connection is replaced by a newer one of the same encoder");
            writer.broadcast.close(gone);
        }
        let outcome = writer.broadcast.accept(now, session, track, arrival);
        writer.pushes.arrived(now, session, track, span, bytes, outcome);
        self.go_live(&mut writer);
        self.publish(&mut writer);
        match outcome {
            Outcome::Misaligned(Misfit { start, nearest }) => {
                let track = spec.map_or_else(String::new, |s| s.name.clone());
                Err(Refused::Misaligned { track, start, nearest })
            }
            outcome => Ok(outcome),
        }
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
        self.go_live(writer);
        self.end_if_over(writer);
        // What waited for it does so no longer.
        self.publish(writer);
    }
}
