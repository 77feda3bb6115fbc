//! POST and PUT to `Streams(id)`: an encoder's bytes, as they come, into its publishing point.
//!
//! | what comes | answer |
//! | --- | --- |
//! | nothing (the handshake's first step) | 200 if the point is ready |
//! | a stream to its end, with or without `mfra` | 200 |
//! | boxes that are wrong, or end in the middle | 400 |
//! | an idle point | 404 |
//! | a point that pulls its streams | 403 |
//! | nothing for too long, or a fragment that does not end | 408 |
//! | an ended broadcast, another event or one that is over, other parameters of a known track | 409 |
//! | fragments that do not fit to those of another encoder, a stream taken over by a reconnect | 409 |
//! | a fragment before the header | 412 |
//! | more than a limit allows | 413 |
//! | something sound that we do not do | 415 |
//! | too many encoders, or the server is stopping | 503 |
//!
//! Whatever ends a connection, a fragment that was not complete is forgotten and the point goes on.

mod failure;
mod patience;

use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use http_body_util::BodyExt;
use hyper::body::Body as _;
use smooth::ingest::{Demuxer, Event, Fragment, Header};
use smooth::manifest::Kind;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use self::patience::Patience;
use crate::archive::{Media, TrackId};
use crate::http::peer::Peer;
use crate::http::{App, linger};
use crate::publishing_point::broadcast::{Arrival, Outcome};
use crate::publishing_point::encoder::Caller;
use crate::publishing_point::header::specs;
use crate::publishing_point::track::{SessionId, TrackSpec};
use crate::publishing_point::{PublishingPoint, Refused};
use failure::Failure;

/// Takes in one push stream.
pub async fn receive(
    app: &App,
    point: &Arc<PublishingPoint>,
    event: Option<&str>,
    stream: &str,
    peer: &Peer,
    mut body: Body,
) -> Response<Body> {
    let mut push = Push {
        point,
        event,
        stream,
        peer,
        demuxer: Demuxer::new(app.settings.limits()),
        session: None,
        dismissed: None,
        specs: Vec::new(),
        tracks: Vec::new(),
        longest: None,
        ended: false,
    };
    let outcome = push.run(app, &mut body).await;
    // Before the answer, so that who has read it finds the point without this connection.
    push.close();
    point.shown().await;
    match outcome {
        Ok(()) => Response::new(Body::empty()),
        Err(failure) => {
            tracing::warn!(point = point.path(), stream, error = %failure, "encoder sent away");
            linger(&mut body).await;
            failure.response(point.path(), stream)
        }
    }
}

struct Push<'a> {
    point: &'a Arc<PublishingPoint>,
    event: Option<&'a str>,
    stream: &'a str,
    peer: &'a Peer,
    demuxer: Demuxer,
    session: Option<SessionId>,
    dismissed: Option<oneshot::Receiver<Refused>>,
    specs: Vec<TrackSpec>,
    /// Track id in this stream, and number in the broadcast.
    tracks: Vec<(u32, TrackId)>,
    /// Duration of the longest fragment that came, but for captions.
    longest: Option<Duration>,
    ended: bool,
}

impl Push<'_> {
    async fn run(&mut self, app: &App, body: &mut Body) -> Result<(), Failure> {
        let _permit = app.encoders.try_acquire().map_err(|_| Failure::TooMany)?;
        self.point.ready(self.event)?;
        if body.is_end_stream() {
            return Ok(());
        }
        let peer = self.peer.address;
        tracing::info!(point = self.point.path(), stream = self.stream, %peer, "encoder connected");
        let settings = &app.settings;
        let mut stopping = pin!(app.stopping());
        let mut patience = Patience::new(settings.ingest_idle(), settings.ingest_fragment(), Instant::now());
        // An encoder may send single bytes: the alarm is set anew when it goes off, not for each.
        let mut alarm = pin!(sleep_until(patience.alarm()));
        loop {
            let frame = tokio::select! {
                biased;
                () = &mut stopping, if !patience.is_stopping() => {
                    patience.stop(Instant::now() + settings.drain() / 2);
                    alarm.as_mut().reset(Instant::now());
                    continue;
                }
                refused = dismissal(&mut self.dismissed) => return Err(refused.into()),
                () = &mut alarm => {
                    if let Some(late) = patience.ends(Instant::now()) {
                        return Err(late.into());
                    }
                    alarm.as_mut().reset(patience.alarm());
                    continue;
                }
                frame = body.frame() => frame,
            };
            let Some(frame) = frame else { break };
            let Ok(data) = frame.map_err(Failure::Lost)?.into_data() else { continue };
            if data.is_empty() {
                continue;
            }
            self.demuxer.push(data);
            while let Some(event) = self.demuxer.poll().map_err(Failure::Format)? {
                self.handle(event)?;
            }
            if let Some(longest) = self.longest
                && patience.expect(longest, settings.ingest_idle())
            {
                alarm.as_mut().reset(patience.alarm());
            }
            app.registry.relieve();
            // All of the piece first: an encoder that hangs up now is not waited for any more.
            self.point.shown().await;
            patience.heard(self.demuxer.is_between_boxes(), Instant::now());
            if patience.is_stopping() && self.demuxer.is_between_boxes() {
                return Err(Failure::Stopping);
            }
        }
        if self.demuxer.is_between_boxes() { Ok(()) } else { Err(Failure::Truncated) }
    }

    fn handle(&mut self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Header(header) => self.header(&header),
            Event::Fragment(_) if self.ended => {
                // So it was not the end: the point waits for an encoder that makes sense.
                self.ended = false;
                Err(Failure::AfterEnd)
            }
            Event::Fragment(fragment) => self.fragment(fragment),
            Event::EndOfStream => {
                self.ended = true;
                tracing::info!(point = self.point.path(), stream = self.stream, "end of stream");
                Ok(())
            }
        }
    }

    fn header(&mut self, header: &Header) -> Result<(), Failure> {
        if header.tracks.is_empty() {
            return Err(Failure::NoTracks);
        }
        self.specs = specs(&header.tracks);
        let numbers = match self.session {
            Some(session) => self.point.reopen(session, &self.specs)?,
            None => {
                let caller = Caller {
                    event: self.event,
                    stream: self.stream,
                    peer: Some(self.peer.address.ip()),
                    lineup: &header.streams,
                };
                let seat = self.point.open(caller, &self.specs)?;
                (self.session, self.dismissed) = (Some(seat.session), Some(seat.dismissed));
                if let Some(wait) = self.point.missing_for() {
                    tokio::spawn(start_after(wait, Arc::downgrade(self.point)));
                }
                seat.tracks
            }
        };
        self.tracks = header.tracks.iter().map(|t| t.id).zip(numbers).collect();
        for spec in &self.specs {
            tracing::info!(
                point = self.point.path(),
                stream = self.stream,
                kind = spec.kind.as_str(),
                track = spec.name,
                bitrate = spec.level.bitrate,
                "track"
            );
        }
        Ok(())
    }

    fn fragment(&mut self, fragment: Fragment) -> Result<(), Failure> {
        let place = self.tracks.iter().position(|(id, _)| *id == fragment.track_id);
        let (Some(session), Some(place)) = (self.session, place) else { return Err(Failure::NoTracks) };
        let span = fragment.head.span.unwrap_or_default();
        let arrival = Arrival {
            // A start before zero arrives as an unsigned number of 2^64 less a little.
            time: span.time.cast_signed(),
            duration: span.duration,
            media: Arc::new(Media::new(fragment.moof, fragment.mdat)),
        };
        let spec = &self.specs[place];
        if spec.kind != Kind::Text {
            // A hostile duration is bounded before it is believed.
            let seconds = spec.timescale.seconds(span.duration).min(LONGEST);
            self.longest = self.longest.max(Some(Duration::from_secs_f64(seconds)));
        }
        let outcome = self.point.accept(session, self.tracks[place].1, arrival)?;
        self.tell(&self.specs[place], span.time.cast_signed(), outcome);
        Ok(())
    }

    fn tell(&self, spec: &TrackSpec, time: i64, outcome: Outcome) {
        let (point, stream, track, bitrate) =
            (self.point.path(), self.stream, spec.name.as_str(), spec.level.bitrate);
        match outcome {
            Outcome::Accepted { restarted: true, .. } => {
                tracing::info!(
                    point,
                    stream,
                    track,
                    bitrate,
                    time,
                    "the encoder began anew: its times are mapped to the end"
                );
            }
            // Text comes when there is some: between its fragments is no gap.
            Outcome::Accepted { gap, .. } if gap > 0 && spec.kind != Kind::Text => {
                tracing::info!(point, stream, track, bitrate, time, gap, "gap");
            }
            Outcome::Accepted { .. } => tracing::debug!(point, stream, track, bitrate, time, "fragment"),
            dropped => tracing::debug!(point, stream, track, bitrate, time, ?dropped, "fragment dropped"),
        }
    }

    fn close(&mut self) {
        if let Some(session) = self.session.take() {
            if self.ended {
                self.point.end(session)
            } else {
                self.point.close(session)
            }
            tracing::info!(point = self.point.path(), stream = self.stream, "encoder gone");
        }
    }
}

/// The connection may break at any moment, and then nobody comes back to close the session.
impl Drop for Push<'_> {
    fn drop(&mut self) {
        self.close();
    }
}

/// Seconds of the longest fragment that an encoder is waited for.
const LONGEST: f64 = 60.0;

/// Starts the broadcast without the streams that do not come within `wait`. Who announced them may be gone by
/// then, and the point too.
async fn start_after(wait: Duration, point: Weak<PublishingPoint>) {
    tokio::time::sleep(wait).await;
    if let Some(point) = point.upgrade() {
        point.start_without_missing();
    }
}

/// Ready when the point sends the connection away.
async fn dismissal(dismissed: &mut Option<oneshot::Receiver<Refused>>) -> Refused {
    if let Some(receiver) = dismissed
        && let Ok(refused) = receiver.await
    {
        return refused;
    }
    std::future::pending().await
}
