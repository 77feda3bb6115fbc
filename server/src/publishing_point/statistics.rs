//! What an operator sees of a publishing point: its streams, where they come from, and where they go.

use std::net::IpAddr;
use std::time::UNIX_EPOCH;

use serde::Serialize;

use super::push::{Connection, Feed, Push};
use super::state::State;
use super::track::Counters;
use super::traffic::Output;
use super::{PublishingPoint, Writer};
use crate::archive::TrackId;

/// One moment of a publishing point.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Statistics {
    /// Where it stands.
    pub state: State,
    /// The event being broadcast, where the encoder names one.
    pub event: Option<String>,
    /// See [`PublishingPoint::last_error`].
    pub last_error: Option<String>,
    /// Bytes of media in memory, with what keeping them costs.
    pub memory_bytes: u64,
    /// Push streams by id.
    pub streams: Vec<StreamStatistics>,
    /// Outputs that have answered somebody, or that are offered.
    pub sinks: Vec<SinkStatistics>,
}

/// One push stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StreamStatistics {
    /// Of its URL.
    pub id: String,
    /// Of its URL, too.
    pub event: Option<String>,
    /// Where it stands.
    pub state: StreamState,
    /// Encoders that are connected.
    pub sources: Vec<SourceStatistics>,
    /// In the order of their numbers.
    pub tracks: Vec<TrackStatistics>,
}

/// Where a push stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum StreamState {
    /// No encoder is connected; it is waited for.
    Idle,
    /// An encoder is connected.
    Started,
    /// It is over.
    Stopped,
}

/// One encoder of a push stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceStatistics {
    /// `HTTP Push`.
    pub kind: &'static str,
    /// Where it comes from.
    pub peer: Option<IpAddr>,
    /// Since when it has been connected, in milliseconds since 1970.
    pub since_ms: u64,
    /// Bytes of fragments that it brought.
    pub bytes: u64,
}

/// One track of a push stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrackStatistics {
    /// Its number in the broadcast.
    pub id: TrackId,
    /// Name of the stream that it is a level of.
    pub name: String,
    /// `video`, `audio` or `text`.
    pub kind: &'static str,
    /// `H264`, `AACL`, …
    pub fourcc: String,
    /// Bits a second, as its header says.
    pub encoded_bitrate: u32,
    /// Bytes of its fragments that came.
    pub bytes: u64,
    /// Bits a second that come, over the last seconds.
    pub incoming_bitrate: u64,
    /// Requests a second for its fragments, over the last seconds.
    pub request_rate: f64,
    /// Ticks a second of the two below.
    pub timescale: u32,
    /// The encoder's start of the newest fragment, in ticks.
    pub newest_time: Option<i64>,
    /// Its duration, in ticks.
    pub newest_duration: Option<u64>,
    /// Milliseconds that it was waited for, since the one before it.
    pub wait_ms: Option<u64>,
    /// What became of its fragments.
    pub counters: Counters,
    /// What became of those of all push streams, with what was held back for a while.
    pub total: Counters,
}

/// One output.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SinkStatistics {
    /// `IIS Smooth Streaming`, `Apple HTTP Live Streaming` or `DASH`.
    pub name: &'static str,
    /// Answers since the point was made.
    pub requests: u64,
    /// The same by their status, in the order of [`STATUSES`](super::traffic::STATUSES).
    pub statuses: [u64; 4],
    /// Bytes of their bodies.
    pub bytes: u64,
    /// Requests a second, over the last seconds.
    pub request_rate: f64,
    /// Bits a second, over the last seconds.
    pub bitrate: u64,
}

impl Statistics {
    /// Bits a second that come, over all tracks.
    #[must_use]
    pub fn incoming_bitrate(&self) -> u64 {
        self.streams.iter().flat_map(|s| &s.tracks).map(|t| t.incoming_bitrate).sum()
    }
}

impl PublishingPoint {
    /// What happens now.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let writer = self.lock();
        let event = writer.pushes.event().map(str::to_owned);
        let stream = |(id, push): (&String, &Push)| StreamStatistics {
            id: id.clone(),
            event: event.clone(),
            state: match push {
                _ if !writer.state.ingests() => StreamState::Stopped,
                Push { connections, .. } if !connections.is_empty() => StreamState::Started,
                Push { ended: true, .. } => StreamState::Stopped,
                _ => StreamState::Idle,
            },
            sources: push.connections.values().map(source).collect(),
            tracks: push.feeds.iter().filter_map(|(&id, feed)| track(&writer, id, feed)).collect(),
        };
        Statistics {
            state: writer.state,
            last_error: writer.last_error.clone(),
            memory_bytes: writer.broadcast.tracks.iter().map(|t| t.bytes).sum(),
            streams: writer.pushes.streams.iter().map(stream).collect(),
            sinks: vec![
                sink("IIS Smooth Streaming", &self.traffic.smooth),
                sink("Apple HTTP Live Streaming", &self.traffic.apple),
                sink("DASH", &self.traffic.dash),
            ],
            event,
        }
    }
}

fn source(connection: &Connection) -> SourceStatistics {
    let since = connection.since.duration_since(UNIX_EPOCH).unwrap_or_default();
    SourceStatistics {
        kind: "HTTP Push",
        peer: connection.peer,
        since_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        bytes: connection.bytes,
    }
}

fn track(writer: &Writer, id: TrackId, feed: &Feed) -> Option<TrackStatistics> {
    let track = writer.broadcast.tracks.get(id)?;
    let spec = &track.spec;
    Some(TrackStatistics {
        id,
        name: spec.name.clone(),
        kind: spec.kind.as_str(),
        fourcc: spec.level.fourcc.clone(),
        encoded_bitrate: spec.level.bitrate,
        bytes: feed.bytes.total(),
        incoming_bitrate: bits(&feed.bytes),
        request_rate: track.requests.rate(),
        timescale: spec.timescale.get(),
        newest_time: feed.newest.map(|(time, _)| time),
        newest_duration: feed.newest.map(|(_, duration)| duration),
        wait_ms: feed.wait.map(|w| u64::try_from(w.as_millis()).unwrap_or(u64::MAX)),
        counters: feed.counters,
        total: track.counters,
    })
}

fn sink(name: &'static str, output: &Output) -> SinkStatistics {
    SinkStatistics {
        name,
        requests: output.requests.total(),
        statuses: output.statuses(),
        bytes: output.bytes.total(),
        request_rate: output.requests.rate(),
        bitrate: bits(&output.bytes),
    }
}

fn bits(bytes: &super::traffic::Meter) -> u64 {
    (bytes.rate() * 8.0) as u64
}
