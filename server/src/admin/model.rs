//! The documents of the JSON API.

use serde::{Deserialize, Serialize};
use smooth::codec::Codec;
use smooth::manifest::Kind;
use smooth::smil::definition::{self, Definition};
use utoipa::ToSchema;

use super::history::{Curve, PointHistory};
use super::settings::{PointSettings, Setting};
use crate::archive;
use crate::config::Settings;
use crate::deliver::formats::{self, Format};
use crate::publishing_point::PublishingPoint;
use crate::publishing_point::snapshot::{LevelView, Snapshot, StreamView};
use crate::publishing_point::state::State;
use crate::publishing_point::statistics::{SinkStatistics, Statistics, StreamState, TrackStatistics};
use crate::publishing_point::track::Counters;

/// All publishing points.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PointList {
    /// In order of path.
    pub points: Vec<Overview>,
    /// Files that should be publishing points and cannot be read.
    pub unreadable: Vec<UnreadableFile>,
    /// Whether there are more than the server lists (`max-listed-points`).
    pub is_cut: bool,
}

/// A file that is no publishing point, and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnreadableFile {
    /// URL path of the file or folder.
    pub path: String,
    /// Why, for people.
    pub reason: String,
}

/// A line of the list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// URL path.
    pub path: String,
    /// Name for people.
    pub title: String,
    /// Where it stands.
    pub state: State,
    /// The event being broadcast, where the encoder names one.
    pub event: Option<String>,
    /// What went wrong last; absent since it was put right.
    pub last_error: Option<String>,
    /// What comes in.
    pub incoming: Incoming,
    /// What is asked for.
    pub requests: Requests,
    /// The archive.
    pub archive: Archive,
}

/// A publishing point with its settings.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// URL path.
    pub path: String,
    /// Name for people.
    pub title: String,
    /// Where it stands.
    pub state: State,
    /// The event being broadcast, where the encoder names one.
    pub event: Option<String>,
    /// What went wrong last; absent since it was put right.
    pub last_error: Option<String>,
    /// Whether settings may be changed now: only of an idle publishing point.
    pub is_editable: bool,
    /// Its settings.
    pub settings: PointSettings,
    /// Its addresses.
    pub urls: Urls,
    /// The archive.
    pub archive: Archive,
}

/// Addresses, relative to the server.
#[derive(Debug, Serialize, ToSchema)]
pub struct Urls {
    /// Encoders post here, followed by `/Streams(id)`.
    pub ingest: String,
    /// The manifest of Smooth Streaming.
    pub smooth: String,
    /// HTTP Live Streaming with MPEG-2 TS, where the point has the output for Apple devices.
    pub apple: Option<String>,
    /// HTTP Live Streaming with fragmented MP4, where it is offered.
    pub hls: Option<String>,
    /// DASH, where it is offered.
    pub dash: Option<String>,
}

/// What a publishing point is made of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPoint {
    /// URL path, from the slash to `.isml`.
    pub path: String,
    /// What is left out has its default.
    #[serde(default)]
    pub settings: PointSettings,
}

/// The state that is wanted: `Started`, `Stopped` or `Idle`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StateWish {
    /// See [`State`].
    pub state: String,
}

/// The state that was reached.
#[derive(Debug, Serialize, ToSchema)]
pub struct StateReached {
    /// `Starting` where `Started` was wanted, until the first stream comes.
    pub state: State,
}

/// The settings that there are.
#[derive(Debug, Serialize, ToSchema)]
pub struct SettingsSchema {
    /// In the order of the page.
    pub settings: Vec<Setting>,
}

/// The server.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    /// Of Silverlane.
    pub version: &'static str,
    /// Whether it is being told to stop.
    pub is_stopping: bool,
    /// Connections that are open.
    pub connections: usize,
    /// Encoders connected.
    pub encoders: usize,
    /// Requests held until their fragment exists.
    pub held_requests: usize,
}

/// What happens at a publishing point now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PointStatistics {
    /// Where it stands.
    pub state: State,
    /// The event being broadcast, where the encoder names one.
    pub event: Option<String>,
    /// Bytes of media in memory, with what keeping them costs.
    pub memory_bytes: u64,
    /// What comes in, over all tracks.
    pub incoming: Incoming,
    /// What is asked for, over all outputs.
    pub requests: Requests,
    /// How far back viewers can go.
    pub window: Window,
    /// Streams in the order of the manifest.
    pub streams: Vec<StreamDetails>,
    /// Encoders that are connected.
    pub sources: Vec<SourceDetails>,
    /// Outputs that have answered somebody.
    pub outputs: Vec<OutputDetails>,
    /// The archive.
    pub archive: Archive,
}

/// What comes in.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Incoming {
    /// Over the last seconds.
    pub bits_per_second: u64,
    /// The same over the last two minutes, every two seconds, oldest first.
    pub history: Vec<u64>,
}

/// What is asked for.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Requests {
    /// Over the last seconds.
    pub per_second: f64,
    /// Since the publishing point was made; absent for a track.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Requests a second over the last two minutes, every two seconds, oldest first.
    pub history: Vec<f64>,
}

/// How far back viewers can go.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Window {
    /// Seconds that are there.
    pub seconds: f64,
    /// Seconds that there may be; 0 for all.
    pub limit: u64,
}

/// A stream with its tracks.
#[derive(Debug, Serialize, ToSchema)]
pub struct StreamDetails {
    /// `video`, `audio` or `text`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Its language; empty if unknown.
    pub language: String,
    /// Ticks a second of its tracks' times.
    pub timescale: u32,
    /// Chunks in the window.
    pub chunks: usize,
    /// Lowest bitrate first.
    pub tracks: Vec<TrackDetails>,
}

/// A track: a quality level of a stream.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrackDetails {
    /// `avc1.4d401e`, or the FourCC where the codec is not known.
    pub codec: String,
    /// Pixels; 0 if there is no picture.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// As the encoder says.
    pub encoded_bits_per_second: u32,
    /// What comes in, over all encoders.
    pub incoming: Incoming,
    /// What is asked for.
    pub requests: Requests,
    /// The newest fragment that came.
    pub last: Option<Newest>,
    /// What became of its fragments, over all encoders.
    pub fragments: Counters,
}

/// A fragment as the encoder timed it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Newest {
    /// Start in ticks, as a string: JavaScript's numbers do not hold it.
    pub time: String,
    /// Duration in ticks.
    pub duration: u64,
}

/// An encoder.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub struct SourceDetails {
    /// `HTTP Push`.
    pub kind: &'static str,
    /// Where it comes from.
    pub address: String,
    /// The push stream that it sends.
    pub stream: String,
    /// Milliseconds since 1970 when it connected; absent if it is gone and waited for.
    pub since: Option<u64>,
    /// Bytes of fragments that it brought.
    pub bytes: u64,
}

/// An output.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutputDetails {
    /// `IIS Smooth Streaming`, `Apple HTTP Live Streaming` or `DASH`.
    pub name: &'static str,
    /// Answers so far.
    pub requests: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// Over the last seconds.
    pub per_second: f64,
    /// Over the last seconds.
    pub bits_per_second: u64,
}

/// How the archive is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Archive {
    /// Its state.
    pub state: ArchiveState,
    /// What is wrong.
    pub message: Option<String>,
    /// Folder of the broadcast.
    pub path: Option<String>,
    /// Bytes written since the server started.
    pub bytes: u64,
    /// Fragments that are not archived and never will be, since the server started.
    pub missing: u64,
}

/// Where the archive stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ArchiveState {
    /// The settings want none.
    #[default]
    Off,
    /// Nothing is being broadcast.
    Idle,
    /// It follows the broadcast.
    Writing,
    /// The broadcast is over and archived.
    Sealed,
    /// It cannot be written; the broadcast goes on.
    Failing,
}

/// An error.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// For programs.
    pub error: String,
    /// For people.
    pub message: String,
    /// By setting, where a setting is wrong.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub fields: std::collections::BTreeMap<&'static str, String>,
}

impl Overview {
    /// The line of `point`.
    #[must_use]
    pub fn of(point: &PublishingPoint, history: &PointHistory) -> Self {
        let statistics = point.statistics();
        Self {
            path: point.path().to_owned(),
            title: point.definition().title.clone(),
            state: statistics.state,
            event: statistics.event.clone(),
            last_error: statistics.last_error.clone(),
            incoming: incoming(statistics.incoming_bitrate(), &history.incoming),
            requests: all_requests(&statistics.sinks, history),
            archive: archive_of(point),
        }
    }
}

impl Point {
    /// `point`, and the tag of its settings.
    #[must_use]
    pub fn of(point: &PublishingPoint, server: &Settings) -> (Self, String) {
        let (definition, state) = (point.definition(), point.state());
        let shown = Self {
            path: point.path().to_owned(),
            title: definition.title.clone(),
            state,
            event: point.snapshot().event.clone(),
            last_error: point.last_error(),
            is_editable: state == State::Idle,
            urls: Urls::of(point.path(), server, &definition),
            archive: archive_of(point),
            settings: PointSettings::of(&definition),
        };
        (shown, tag(&definition))
    }
}

/// `ETag` of a definition.
#[must_use]
pub fn tag(definition: &Definition) -> String {
    format!("\"{:016x}\"", archive::hash(definition::write(definition).as_bytes()))
}

impl Urls {
    fn of(path: &str, server: &Settings, definition: &Definition) -> Self {
        let path = encode_path(path);
        let manifest = |format: &str| {
            let is_on = formats::offered(server, definition).any(|f| f.eq_ignore_ascii_case(format));
            is_on.then(|| format!("{path}/Manifest(format={format})"))
        };
        let playlist = |format: &str| Some(manifest(format)? + ".m3u8");
        Self {
            smooth: format!("{path}/Manifest"),
            apple: playlist("m3u8-aapl"),
            hls: playlist(Format::Cmaf.name()),
            dash: manifest(Format::Dash.name()),
            ingest: path,
        }
    }
}

/// A decoded path for an address.
pub(super) fn encode_path(path: &str) -> String {
    path.split('/').map(smooth::url::encode).collect::<Vec<_>>().join("/")
}

impl PointStatistics {
    /// What happens at `point`.
    #[must_use]
    pub fn of(point: &PublishingPoint, history: &PointHistory) -> Self {
        let (snapshot, now) = (point.snapshot(), point.statistics());
        Self {
            state: now.state,
            event: now.event.clone(),
            memory_bytes: now.memory_bytes,
            incoming: incoming(now.incoming_bitrate(), &history.incoming),
            requests: all_requests(&now.sinks, history),
            window: window(&snapshot),
            streams: snapshot.streams.iter().map(|s| stream(s, &now, history)).collect(),
            sources: sources(&now),
            outputs: now.sinks.iter().filter(|s| s.requests > 0).map(output).collect(),
            archive: archive_of(point),
        }
    }
}

fn stream(view: &StreamView, now: &Statistics, history: &PointHistory) -> StreamDetails {
    let language = view.levels.first().map(|l| l.spec.language.clone()).unwrap_or_default();
    StreamDetails {
        kind: view.kind.as_str(),
        name: view.name.clone(),
        language,
        timescale: view.timescale.get(),
        chunks: view.chunks.len(),
        tracks: view.levels.iter().map(|l| track(l, now, history)).collect(),
    }
}

fn track(level: &LevelView, now: &Statistics, history: &PointHistory) -> TrackDetails {
    let of_level = |t: &&TrackStatistics| t.id == level.id;
    let feeds: Vec<_> = now.streams.iter().flat_map(|s| &s.tracks).filter(of_level).collect();
    let newest = feeds.iter().filter_map(|t| t.newest_time.zip(t.newest_duration)).max();
    let spec = &level.spec;
    let codec = Codec::from_level(spec.kind, &spec.level, &spec.subtype).map(|c| c.codec_string());
    let curves = history.tracks.get(&level.id).cloned().unwrap_or_default();
    // The same in all of them.
    let fragments = feeds.first().map(|t| t.total).unwrap_or_default();
    TrackDetails {
        codec: codec.ok().filter(|c| !c.is_empty()).unwrap_or_else(|| spec.level.fourcc.clone()),
        width: spec.level.width,
        height: spec.level.height,
        encoded_bits_per_second: spec.level.bitrate,
        incoming: incoming(feeds.iter().map(|t| t.incoming_bitrate).sum(), &curves.incoming),
        requests: Requests {
            per_second: level.requests.rate(),
            total: None,
            history: curves.requests.rates(),
        },
        last: newest.map(|(time, duration)| Newest { time: time.to_string(), duration }),
        fragments,
    }
}

fn sources(now: &Statistics) -> Vec<SourceDetails> {
    let mut found = Vec::new();
    for stream in &now.streams {
        for source in &stream.sources {
            found.push(SourceDetails {
                kind: source.kind,
                address: source.peer.map_or_else(|| "Unknown".to_owned(), |p| p.to_string()),
                stream: stream.id.clone(),
                since: Some(source.since_ms),
                bytes: source.bytes,
            });
        }
        if stream.sources.is_empty() && stream.state == StreamState::Idle {
            let address = "Not connected".to_owned();
            let stream = stream.id.clone();
            found.push(SourceDetails { kind: "HTTP Push", address, stream, since: None, bytes: 0 });
        }
    }
    found
}

fn output(sink: &SinkStatistics) -> OutputDetails {
    OutputDetails {
        name: sink.name,
        requests: sink.requests,
        bytes: sink.bytes,
        per_second: sink.request_rate,
        bits_per_second: sink.bitrate,
    }
}

fn incoming(bits_per_second: u64, history: &Curve) -> Incoming {
    Incoming { bits_per_second, history: history.values() }
}

fn all_requests(sinks: &[SinkStatistics], history: &PointHistory) -> Requests {
    Requests {
        per_second: sinks.iter().map(|s| s.request_rate).sum(),
        total: Some(sinks.iter().map(|s| s.requests).sum()),
        history: history.requests.rates(),
    }
}

/// The longest stream of pictures or sound counts: captions may be rare.
fn window(snapshot: &Snapshot) -> Window {
    let seconds = |s: &StreamView| {
        let (first, last) = (s.chunks.first()?, s.chunks.last()?);
        Some(s.timescale.seconds(last.end().saturating_sub(first.time)))
    };
    let media = snapshot.streams.iter().filter(|s| s.kind != Kind::Text);
    Window { seconds: media.filter_map(seconds).fold(0.0, f64::max), limit: snapshot.window }
}

/// How the archive of `point` is.
#[must_use]
pub fn archive_of(point: &PublishingPoint) -> Archive {
    let Some(status) = point.archive() else {
        let state = if point.is_archived() { ArchiveState::Idle } else { ArchiveState::Off };
        return Archive { state, ..Archive::default() };
    };
    let lost = (status.missing > 0).then(|| format!("{} fragments are not archived", status.missing));
    let state = match point.state() {
        _ if status.trouble.is_some() => ArchiveState::Failing,
        State::Stopping | State::Stopped => ArchiveState::Sealed,
        State::Starting | State::Started => ArchiveState::Writing,
        State::Idle | State::ShuttingDown | State::Error => ArchiveState::Idle,
    };
    Archive {
        state,
        message: status.trouble.map(|t| t.reason).or(lost),
        path: status.folder.map(|f| f.display().to_string()),
        bytes: status.bytes,
        missing: status.missing,
    }
}
