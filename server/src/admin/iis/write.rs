//! Writes Atom feeds and entries with the content that the management service defines.

use std::fmt::{Display, Write as _};
use std::time::SystemTime;

use smooth::smil::definition::Definition;
use smooth::xml::escape;

use super::super::settings::{ManifestVersion, PointSettings, Reference, SourceType};
use super::times::{duration, milliseconds, timestamp};
use crate::publishing_point::state::State;
use crate::publishing_point::statistics::{Statistics, StreamStatistics, TrackStatistics};

/// The namespace of the content.
pub(super) const NAMESPACE: &str = "http://schemas.microsoft.com/iis/media/2011/03/streaming/management";

const ATOM: &str = "http://www.w3.org/2005/Atom";

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";

/// An Atom entry.
pub(super) struct Entry {
    /// Its address.
    pub(super) id: String,
    pub(super) title: String,
    pub(super) updated: SystemTime,
    /// Relation and address.
    pub(super) links: Vec<(&'static str, String)>,
    /// What stands in `SmoothStreaming`; empty for none.
    pub(super) content: String,
}

/// A document of one entry.
pub(super) fn entry(entry: &Entry) -> String {
    format!("{DECLARATION}{}", element(entry, &format!(" xmlns=\"{ATOM}\"")))
}

/// The list of publishing points.
pub(super) fn feed(id: &str, updated: SystemTime, entries: impl Iterator<Item = Entry>) -> String {
    let entries: String = entries.map(|e| element(&e, "")).collect();
    format!(
        "{DECLARATION}<feed xmlns=\"{ATOM}\">\n<id>{id}</id>\n<title>Publishing Point Collection</title>\n\
         <updated>{}</updated>\n{AUTHOR}<link rel=\"self\" href=\"{id}\"/>\n{entries}</feed>\n",
        timestamp(updated),
        id = escape(id),
    )
}

const AUTHOR: &str = "<author><name>Silverlane</name></author>\n";

fn element(entry: &Entry, namespace: &str) -> String {
    let links: String = entry.links.iter().fold(String::new(), |mut out, (relation, href)| {
        let _ = writeln!(out, "<link rel=\"{relation}\" href=\"{}\"/>", escape(href));
        out
    });
    let content = if entry.content.is_empty() {
        String::new()
    } else {
        format!(
            "<content type=\"application/xml\"><SmoothStreaming xmlns=\"{NAMESPACE}\">\n{}</SmoothStreaming></content>\n",
            entry.content
        )
    };
    format!(
        "<entry{namespace}>\n<id>{}</id>\n<title>{}</title>\n<updated>{}</updated>\n{AUTHOR}{links}{content}</entry>\n",
        escape(&entry.id),
        escape(&entry.title),
        timestamp(entry.updated)
    )
}

/// Indented elements.
#[derive(Default)]
struct Tree {
    text: String,
    open: Vec<&'static str>,
}

impl Tree {
    fn begin(&mut self, name: &'static str, attributes: &[(&str, &dyn Display)]) -> &mut Self {
        self.tag(name, attributes);
        self.text.push_str(">\n");
        self.open.push(name);
        self
    }

    fn end(&mut self) -> &mut Self {
        if let Some(name) = self.open.pop() {
            self.indent();
            let _ = writeln!(self.text, "</{name}>");
        }
        self
    }

    fn leaf(&mut self, name: &'static str, value: impl Display) -> &mut Self {
        self.leaf_with(name, &[], value)
    }

    fn leaf_with(
        &mut self,
        name: &'static str,
        attributes: &[(&str, &dyn Display)],
        value: impl Display,
    ) -> &mut Self {
        self.tag(name, attributes);
        let _ = writeln!(self.text, ">{}</{name}>", escape(&value.to_string()));
        self
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &dyn Display)]) {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        for (name, value) in attributes {
            let _ = write!(self.text, " {name}=\"{}\"", escape(&value.to_string()));
        }
    }

    fn indent(&mut self) {
        self.text.extend(std::iter::repeat_n("  ", self.open.len() + 1));
    }
}

/// `Settings`.
pub(super) fn settings(s: &PointSettings) -> String {
    let mut tree = Tree::default();
    tree.begin("Settings", &[])
        .leaf("Title", &s.title)
        .leaf("SourceType", if s.source_type == SourceType::Push { "Push" } else { "Pull" })
        .leaf("EstimatedDuration", duration(s.estimated_duration))
        .leaf("AutoStart", s.auto_start)
        .leaf("AutoRestartOnEncoderReconnect", s.auto_restart_on_encoder_reconnect)
        .leaf("LookAheadChunks", s.look_ahead_chunks)
        .begin("Archive", &[("enabled", &s.archive)])
        .leaf("SegmentLength", duration(s.archive_segment_length))
        .leaf_with("Path", &[("useEventIdOnPath", &s.use_event_id_on_path)], &s.archive_path)
        .end()
        .begin("ClientConnections", &[("enabled", &s.client_connections)])
        .leaf("WindowLength", duration(s.window_length))
        .leaf("LiveCacheLength", duration(s.live_cache_length))
        .leaf(
            "ClientManifestVersion",
            match s.client_manifest_version {
                ManifestVersion::V2_0 => "2.0",
                ManifestVersion::V2_2 => "2.2",
            },
        )
        .end()
        .begin("ServerConnections", &[("enabled", &s.server_connections)])
        .leaf("SendEndOfStreamOnStop", s.send_end_of_stream_on_stop)
        .end();
    match s.source_type {
        SourceType::Push => references(&mut tree, "PushTo", &s.push_to),
        SourceType::Pull => references(&mut tree, "PullFrom", &s.pull_from),
    }
    tree.begin("Modules", &[]);
    if s.apple_output {
        tree.begin(
            "Module",
            &[("id", &"m3u8-aapl"), ("type", &"sink"), ("name", &"Apple HTTP Live Streaming")],
        )
        .begin("HLS", &[])
        .leaf("SegmentLength", duration(s.apple_segment_length))
        .leaf("MaxBitRate", s.apple_max_bitrate)
        .leaf("AllowCaching", s.apple_allow_caching)
        .leaf("BackwardCompatible", s.apple_backward_compatible)
        .leaf("IncludeCodecs", s.apple_include_codecs)
        .begin("Encryption", &[("enabled", &s.apple_encryption)]);
        if !s.apple_key.0.is_empty() {
            tree.leaf("Key", &s.apple_key.0);
        }
        if !s.apple_key_uri.is_empty() {
            tree.leaf("KeyUri", &s.apple_key_uri);
        }
        tree.end().end().end();
    }
    tree.end().end();
    tree.text
}

fn references(tree: &mut Tree, name: &'static str, list: &[Reference]) {
    tree.begin(name, &[]).begin("PublishingPoints", &[]);
    for reference in list {
        match &reference.credential {
            Some(credential) => {
                tree.leaf_with("PublishingPoint", &[("credentialName", credential)], &reference.url)
            }
            None => tree.leaf("PublishingPoint", &reference.url),
        };
    }
    tree.end().end();
}

/// `State`.
pub(super) fn state(state: State, last_error: Option<&str>) -> String {
    let mut tree = Tree::default();
    tree.begin("State", &[]).leaf("Value", format_args!("{state:?}"));
    tree.leaf("LastError", last_error.unwrap_or_default()).end();
    tree.text
}

/// `Statistics`.
///
/// `archive` is the folder that the streams are archived in.
pub(super) fn statistics(now: &Statistics, definition: &Definition, archive: &str) -> String {
    let mut tree = Tree::default();
    tree.begin("Statistics", &[]).begin("InputStreams", &[]);
    let sinks: Vec<_> = now.sinks.iter().filter(|s| s.requests > 0).map(|s| s.name).collect();
    for stream in &now.streams {
        input_stream(&mut tree, stream, &sinks, archive);
    }
    tree.end().begin("OutputStreams", &[]);
    // Streams go on to other servers where the definition names some.
    for target in
        definition.refs.iter().filter(|_| definition.source == smooth::smil::definition::Source::Push)
    {
        tree.begin("OutputStream", &[("name", &target.src)]).end();
    }
    tree.end().end();
    tree.text
}

fn input_stream(tree: &mut Tree, stream: &StreamStatistics, sinks: &[&str], archive: &str) {
    tree.begin("InputStream", &[("id", &stream.id)])
        .leaf("State", format_args!("{:?}", stream.state))
        .leaf("ArchiveFileName", archive)
        .begin("Sources", &[]);
    for source in &stream.sources {
        let address = source.peer.map_or_else(String::new, |p| p.to_string());
        tree.begin("Source", &[("name", &source.kind)])
            .begin("Properties", &[])
            .leaf_with("Property", &[("name", &"Source Type")], source.kind)
            .leaf_with("Property", &[("name", &"Source IP")], address)
            .end()
            .end();
    }
    tree.end().begin("Sinks", &[]);
    for name in sinks {
        tree.begin("Sink", &[("name", name)]).end();
    }
    tree.end().begin("Tracks", &[]);
    for track in &stream.tracks {
        input_track(tree, track);
    }
    tree.end().end();
}

fn input_track(tree: &mut Tree, track: &TrackStatistics) {
    tree.begin("Track", &[("id", &track.id)])
        .leaf("Name", &track.name)
        .leaf("EncodedBitRate", track.encoded_bitrate)
        .leaf("IncomingBitRate", track.incoming_bitrate)
        .leaf("IncomingFragmentWaitTime", milliseconds(track.wait_ms.unwrap_or_default()))
        .leaf("IncomingFragmentTimeStamp", track.newest_time.unwrap_or_default())
        .leaf("IncomingFragmentDuration", track.newest_duration.unwrap_or_default())
        .leaf("RequestRate", format_args!("{:.2}", track.request_rate))
        .end();
}
