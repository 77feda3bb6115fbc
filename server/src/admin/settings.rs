//! The settings of a publishing point as administration speaks of them, and what a person is told about
//! each. The API, the IIS resources, the page and `silverlane point` all read and write [`PointSettings`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use smooth::manifest::Version;
use smooth::smil::definition::{Definition, Key, Ref, Source};
use utoipa::ToSchema;

/// Every setting of a publishing point. What a document leaves out has its default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PointSettings {
    /// Name for people.
    pub title: String,
    /// `Push` or `Pull`: how the input arrives.
    pub source_type: SourceType,
    /// Expected length of the event in seconds; 0 if unknown.
    pub estimated_duration: u32,
    /// Where a `Pull` point fetches from, in order of preference.
    pub pull_from: Vec<Reference>,
    /// Whether the event is archived.
    pub archive: bool,
    /// Seconds of one archived presentation; 0 is all of the event.
    pub archive_segment_length: u32,
    /// Where archives go; empty is the server's default.
    pub archive_path: String,
    /// The folder of an archive is named after its event, not after the time.
    pub use_event_id_on_path: bool,
    /// Whether viewers may watch.
    pub client_connections: bool,
    /// Seconds that viewers can go back; 0 is the whole event.
    pub window_length: u32,
    /// Seconds of media kept in memory, older ones come from the archive; 0 leaves it to the server.
    pub live_cache_length: u32,
    /// `2.0`, or `2.2` whose runs of equal chunks are one line.
    pub client_manifest_version: ManifestVersion,
    /// Whether other servers may fetch.
    pub server_connections: bool,
    /// Where a `Push` point sends its streams.
    pub push_to: Vec<Reference>,
    /// Servers that get the streams are told when they end.
    pub send_end_of_stream_on_stop: bool,
    /// An idle point starts when someone asks for it.
    pub auto_start: bool,
    /// A stopped point starts over when an encoder comes.
    pub auto_restart_on_encoder_reconnect: bool,
    /// How many of the newest fragments are held back and announced by those before.
    pub look_ahead_chunks: u32,
    /// Whether Apple devices are served.
    pub apple_output: bool,
    /// Seconds of one segment for Apple devices.
    pub apple_segment_length: u32,
    /// Bits a second; levels above are not given to Apple devices.
    pub apple_max_bitrate: u32,
    /// `EXT-X-ALLOW-CACHE`.
    pub apple_allow_caching: bool,
    /// Addresses with extensions, for iOS 3.0.
    pub apple_backward_compatible: bool,
    /// Variants name their codecs.
    pub apple_include_codecs: bool,
    /// AES-128.
    pub apple_encryption: bool,
    /// The key, in 32 hexadecimal digits; empty if there is none.
    #[schema(value_type = String)]
    pub apple_key: Secret,
    /// Where players get the key; empty is the publishing point itself.
    pub apple_key_uri: String,
}

/// A text that nobody should read in a log.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The version of client manifests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum ManifestVersion {
    /// Every chunk is named.
    #[default]
    #[serde(rename = "2.0")]
    V2_0,
    /// Runs of equal chunks are one line.
    #[serde(rename = "2.2")]
    V2_2,
}

/// How the input arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum SourceType {
    /// Encoders post to the publishing point.
    #[default]
    Push,
    /// The publishing point fetches from others.
    Pull,
}

/// Another publishing point.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Its address.
    pub url: String,
    /// Name of the credentials to show there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

impl Default for PointSettings {
    fn default() -> Self {
        Self::of(&Definition::default())
    }
}

impl PointSettings {
    /// The settings in `definition`.
    #[must_use]
    pub fn of(definition: &Definition) -> Self {
        let references: Vec<_> = definition.refs.iter().map(Reference::of).collect();
        let (source_type, pull_from, push_to) = match definition.source {
            Source::Push => (SourceType::Push, Vec::new(), references),
            Source::Pull => (SourceType::Pull, references, Vec::new()),
        };
        let Definition { publishing, apple, .. } = definition;
        Self {
            title: definition.title.clone(),
            source_type,
            estimated_duration: definition.estimated_time,
            pull_from,
            archive: publishing.archives,
            archive_segment_length: definition.archive_segment_length,
            archive_path: definition.archive_path.clone().unwrap_or_default(),
            use_event_id_on_path: definition.event_id_on_path,
            client_connections: publishing.fragments,
            window_length: definition.manifest_window_length,
            live_cache_length: definition.live_cache_length,
            client_manifest_version: match definition.client_manifest_version {
                Version::V2_2 => ManifestVersion::V2_2,
                _ => ManifestVersion::V2_0,
            },
            server_connections: publishing.streams,
            push_to,
            send_end_of_stream_on_stop: definition.send_end_of_stream_on_stop,
            auto_start: definition.start_on_first_request,
            auto_restart_on_encoder_reconnect: definition.restart_on_encoder_reconnect,
            look_ahead_chunks: definition.lookahead_chunks,
            apple_output: definition.formats.iter().any(|f| f.eq_ignore_ascii_case(APPLE)),
            apple_segment_length: apple.segment_length,
            apple_max_bitrate: apple.max_bitrate,
            apple_allow_caching: apple.allow_caching,
            apple_backward_compatible: apple.backward_compatible,
            apple_include_codecs: apple.include_codecs,
            apple_encryption: apple.enable_encryption,
            apple_key: Secret(apple.encryption_key.map(Key::to_hex).unwrap_or_default()),
            apple_key_uri: apple.key_uri.clone().unwrap_or_default(),
        }
    }

    /// Writes the settings into `definition`; what they do not speak of stays.
    pub fn write(&self, definition: &mut Definition) {
        definition.title.clone_from(&self.title);
        let (source, references) = match self.source_type {
            SourceType::Push => (Source::Push, &self.push_to),
            SourceType::Pull => (Source::Pull, &self.pull_from),
        };
        definition.source = source;
        definition.refs = references.iter().map(Reference::to_ref).collect();
        definition.estimated_time = self.estimated_duration;
        definition.publishing.archives = self.archive;
        definition.publishing.fragments = self.client_connections;
        definition.publishing.streams = self.server_connections;
        definition.archive_segment_length = self.archive_segment_length;
        definition.event_id_on_path = self.use_event_id_on_path;
        definition.archive_path = (!self.archive_path.is_empty()).then(|| self.archive_path.clone());
        definition.manifest_window_length = self.window_length;
        definition.live_cache_length = self.live_cache_length;
        definition.client_manifest_version = match self.client_manifest_version {
            ManifestVersion::V2_0 => Version::V2_0,
            ManifestVersion::V2_2 => Version::V2_2,
        };
        definition.send_end_of_stream_on_stop = self.send_end_of_stream_on_stop;
        definition.start_on_first_request = self.auto_start;
        definition.restart_on_encoder_reconnect = self.auto_restart_on_encoder_reconnect;
        definition.lookahead_chunks = self.look_ahead_chunks;
        definition.formats.retain(|f| !f.eq_ignore_ascii_case(APPLE));
        if self.apple_output {
            definition.formats.push(APPLE.to_owned());
        }
        let apple = &mut definition.apple;
        apple.segment_length = self.apple_segment_length;
        apple.max_bitrate = self.apple_max_bitrate;
        apple.allow_caching = self.apple_allow_caching;
        apple.backward_compatible = self.apple_backward_compatible;
        apple.include_codecs = self.apple_include_codecs;
        apple.enable_encryption = self.apple_encryption;
        apple.encryption_key = Key::from_hex(&self.apple_key.0).ok();
        apple.key_uri = (!self.apple_key_uri.is_empty()).then(|| self.apple_key_uri.clone());
    }

    /// What is wrong with them: a sentence by the name of the setting.
    #[must_use]
    pub fn faults(&self) -> BTreeMap<&'static str, String> {
        let values = serde_json::to_value(self).unwrap_or_default();
        let mut faults = BTreeMap::new();
        for setting in schema() {
            if let Some(fault) = setting.fault(&values[setting.name]) {
                faults.insert(setting.name, fault);
            }
        }
        if self.source_type == SourceType::Pull && self.pull_from.is_empty() {
            faults.insert("pullFrom", "A pull source needs at least one address.".to_owned());
        }
        let key = &self.apple_key.0;
        if !key.is_empty() && Key::from_hex(key).is_err() {
            faults.insert("appleKey", "A key has 32 hexadecimal digits.".to_owned());
        } else if key.is_empty() && self.apple_output && self.apple_encryption {
            faults.insert("appleKey", "Encryption needs a key.".to_owned());
        }
        faults
    }
}

impl Reference {
    fn of(found: &Ref) -> Self {
        let named = |(name, _): &&(String, String)| CREDENTIAL.iter().any(|c| name.eq_ignore_ascii_case(c));
        let credential = found.other.iter().find(named).map(|(_, value)| value.clone());
        Self { url: found.src.clone(), credential: credential.filter(|c| !c.is_empty()) }
    }

    fn to_ref(&self) -> Ref {
        let credential = self.credential.iter().filter(|c| !c.is_empty());
        let other = credential.map(|c| (CREDENTIAL[0].to_owned(), c.clone())).collect();
        Ref { src: self.url.clone(), other }
    }

    fn is_point(&self) -> bool {
        let path = self.url.strip_prefix("http://").or_else(|| self.url.strip_prefix("https://"));
        path.and_then(|p| p.split_once('/')).is_some_and(|(host, path)| {
            !host.is_empty()
                && path.to_ascii_lowercase().ends_with(".isml")
                && !self.url.contains(['"', '<', ' '])
        })
    }
}

/// What a person is told of a setting, and what it may be.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Setting {
    /// Its name in [`PointSettings`].
    pub name: &'static str,
    /// What the page calls it.
    pub label: &'static str,
    /// What it does.
    pub help: &'static str,
    /// `basic`, `advanced` or `mobile`.
    pub tab: &'static str,
    /// Heading that it stands under.
    pub group: &'static str,
    /// How it is written: `text`, `switch`, `number`, `duration` (seconds), `choice`, `length` (0 is all of it,
    /// else seconds), `key`, or `publishingPoints`.
    pub kind: &'static str,
    /// Smallest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<u64>,
    /// Largest number, or the longest text in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// What people count in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'static str>,
    /// How many of what is stored make one `unit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<u32>,
    /// The setting that must be on, or have the value after `=`, for this one to mean anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<&'static str>,
    /// Values and what people call them.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<Vec<String>>)]
    pub options: &'static [(&'static str, &'static str)],
    /// Its value where nothing is said.
    #[schema(value_type = Value)]
    pub default: Value,
}

impl Setting {
    const fn new(name: &'static str, kind: &'static str, label: &'static str, help: &'static str) -> Self {
        Self {
            name,
            label,
            help,
            tab: "",
            group: "",
            kind,
            min: None,
            max: None,
            unit: None,
            scale: None,
            needs: None,
            options: &[],
            default: Value::Null,
        }
    }

    const fn range(mut self, min: u64, max: u64) -> Self {
        self.min = Some(min);
        self.max = Some(max);
        self
    }

    const fn unit(mut self, unit: &'static str, scale: u32) -> Self {
        self.unit = Some(unit);
        self.scale = Some(scale);
        self
    }

    const fn needs(mut self, other: &'static str) -> Self {
        self.needs = Some(other);
        self
    }

    const fn options(mut self, options: &'static [(&'static str, &'static str)]) -> Self {
        self.options = options;
        self
    }

    fn fault(&self, value: &Value) -> Option<String> {
        let scale = u64::from(self.scale.unwrap_or(1));
        match value {
            Value::Number(number) => {
                let number = number.as_u64()?;
                let unit = self.unit.map(|u| format!(" {u}")).unwrap_or_default();
                match (self.min, self.max) {
                    (Some(min), _) if number < min => {
                        Some(format!("It must be at least {}{unit}.", min / scale))
                    }
                    (_, Some(max)) if number > max => {
                        Some(format!("It must be at most {}{unit}.", max / scale))
                    }
                    _ => None,
                }
            }
            Value::String(text) if text.chars().any(char::is_control) => {
                Some("It must not hold control characters.".to_owned())
            }
            Value::String(text) => {
                let max = self.max.filter(|&max| text.len() as u64 > max)?;
                Some(format!("It must not be longer than {max} bytes."))
            }
            Value::Array(list) => {
                let points = list.iter().filter_map(|v| Reference::deserialize(v).ok());
                let wrong = points.filter(|p| !p.is_point()).count();
                (wrong > 0)
                    .then(|| "Each address is that of a publishing point: http://server/x.isml.".to_owned())
            }
            _ => None,
        }
    }
}

/// Every setting, in the order of the page.
#[must_use]
pub fn schema() -> Vec<Setting> {
    let defaults = serde_json::to_value(PointSettings::default()).unwrap_or_default();
    let mut all = Vec::new();
    for (tab, group, settings) in tabs() {
        all.extend(settings.into_iter().map(|setting| {
            let default = defaults[setting.name].clone();
            Setting { tab, group, default, ..setting }
        }));
    }
    all
}

type Group = (&'static str, &'static str, Vec<Setting>);

/// As in the dialog of IIS: three tabs, and the groups on each.
fn tabs() -> [Group; 9] {
    let new = Setting::new;
    [
        ("basic", "", vec![
            new("title", "text", "Title", "Shown to viewers and in this list.").range(0, 500),
            new("estimatedDuration", "duration", "Estimated duration", "How long the event will take, so that the seek bar can show it to scale. Zero if unknown.").range(0, u32::MAX as u64),
        ]),
        ("basic", "Live source", vec![
            new("sourceType", "choice", "Live source type", "Encoders push to this publishing point, or it pulls from another one.").options(&[("Push", "Push"), ("Pull", "Pull")]),
            new("pullFrom", "publishingPoints", "Pull from", "Tried in this order, the next one whenever the one before fails.").needs("sourceType=Pull"),
        ]),
        ("advanced", "Archive", vec![
            new("archive", "switch", "Archive media", "Keeps the broadcast on disk, for going back and for on-demand viewing."),
            new("archiveSegmentLength", "length", "Archive length", "").options(&[("0", "As a single presentation"), ("", "In segments, each a presentation of its own")]).needs("archive"),
            new("archivePath", "text", "Archive folder", "Empty: the server's own. It must be unique to this publishing point.").range(0, 1000).needs("archive"),
            new("useEventIdOnPath", "switch", "Name the folder after the event", "Where the encoder sends an event ID; otherwise the folder bears the time of the start.").needs("archive"),
        ]),
        ("advanced", "Client connections", vec![
            new("clientConnections", "switch", "Allow client connections", "Viewers may watch."),
            new("windowLength", "length", "DVR window", "").options(&[("0", "DVR for the entire event"), ("", "DVR for recent content")]).needs("clientConnections"),
            new("liveCacheLength", "number", "Live cache", "Media kept in memory; what is older is read from the archive. Zero leaves it to the server.").range(0, 86_400).unit("seconds", 1).needs("clientConnections"),
            new("clientManifestVersion", "choice", "Client manifest version", "2.2 is shorter; players older than 2011 need 2.0.").options(&[("2.0", "2.0"), ("2.2", "2.2")]).needs("clientConnections"),
        ]),
        ("advanced", "Server connections", vec![
            new("serverConnections", "switch", "Allow server connections", "Other servers may fetch the streams."),
            new("pushTo", "publishingPoints", "Push to", "Publishing points of other servers that get every stream.").needs("sourceType=Push"),
            new("sendEndOfStreamOnStop", "switch", "Send end of stream on stop", "Servers that get the streams stop, too. Off for maintenance, so that they turn to another server."),
        ]),
        ("advanced", "Start and restart", vec![
            new("autoStart", "switch", "Start publishing point automatically upon first client request", "Also when an encoder connects."),
            new("autoRestartOnEncoderReconnect", "switch", "Restart when the encoder reconnects", "A stopped publishing point shuts down and starts over when new encoder streams arrive."),
        ]),
        ("advanced", "Lookahead", vec![
            new("lookAheadChunks", "number", "Number of lookahead fragments", "Each fragment announces so many after it, so that players need not ask for the manifest again.").range(0, 10),
        ]),
        ("mobile", "", vec![
            new("appleOutput", "switch", "Enable output to Apple mobile digital devices", "HTTP Live Streaming from the same fragments, without encoding again."),
            new("appleSegmentLength", "number", "Segment length", "Fragments are joined until a segment has this length.").range(2, 600).unit("seconds", 1).needs("appleOutput"),
            new("appleMaxBitrate", "number", "Maximum bit rate", "Tracks above it are left out.").range(64_000, 100_000_000).unit("Kbps", 1000).needs("appleOutput"),
            new("appleAllowCaching", "switch", "Allow client caching", "Players may keep segments (EXT-X-ALLOW-CACHE).").needs("appleOutput"),
            new("appleBackwardCompatible", "switch", "Enable iOS 3.0 backward compatibility", "Addresses end in .m3u8 and .ts.").needs("appleOutput"),
            new("appleIncludeCodecs", "switch", "Name codecs in the playlist", "Lets players choose without trying.").needs("appleOutput"),
        ]),
        ("mobile", "Encryption", vec![
            new("appleEncryption", "switch", "Enable encryption with a 128-bit key", "AES-128, as HTTP Live Streaming has it.").needs("appleOutput"),
            new("appleKey", "key", "Encryption key", "32 hexadecimal digits.").needs("appleEncryption"),
            new("appleKeyUri", "text", "Key URL", "Where players get the key. Empty: from this publishing point.").range(0, 2000).needs("appleEncryption"),
        ]),
    ]
}

/// In `formats`.
const APPLE: &str = "m3u8-aapl";

/// What the attribute of `ref` is called: as we write it, then as others do.
const CREDENTIAL: [&str; 2] = ["credentialName", "credential"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_described_once() {
        let values = serde_json::to_value(PointSettings::default()).unwrap();
        let mut named: Vec<_> = schema().iter().map(|s| s.name.to_owned()).collect();
        named.sort();
        let mut fields: Vec<_> = values.as_object().unwrap().keys().cloned().collect();
        fields.sort();
        assert_eq!(named, fields);
        for setting in schema() {
            let needs = setting.needs.map(|n| n.split('=').next().unwrap().to_owned());
            assert!(needs.is_none_or(|n| fields.contains(&n)), "{setting:?}");
            assert!(setting.fault(&setting.default).is_none(), "{setting:?}");
        }
    }

    #[test]
    fn settings_go_into_a_definition_and_come_back() {
        let settings = PointSettings {
            title: "Cup <final> & more".into(),
            source_type: SourceType::Pull,
            estimated_duration: 7200,
            pull_from: vec![
                Reference { url: "http://a/x.isml".into(), credential: Some("ingest".into()) },
                Reference { url: "https://b/y.isml".into(), credential: None },
            ],
            archive: false,
            archive_segment_length: 600,
            archive_path: "/srv/archive".into(),
            window_length: 900,
            auto_start: true,
            auto_restart_on_encoder_reconnect: true,
            look_ahead_chunks: 3,
            apple_output: true,
            apple_segment_length: 6,
            apple_max_bitrate: 3_000_000,
            apple_include_codecs: true,
            apple_encryption: true,
            apple_key: Secret("000102030405060708090A0B0C0D0E0F".into()),
            apple_key_uri: "https://keys/1".into(),
            use_event_id_on_path: true,
            live_cache_length: 40,
            client_manifest_version: ManifestVersion::V2_2,
            send_end_of_stream_on_stop: false,
            ..PointSettings::default()
        };
        let mut definition = Definition { formats: vec!["other".into()], ..Definition::default() };
        definition.other.push(("fromTheFuture".into(), "7".into()));
        settings.write(&mut definition);
        let text = smooth::smil::definition::write(&definition);
        let read = smooth::smil::definition::read(text.as_bytes(), &smooth::Limits::default()).unwrap();
        assert_eq!(PointSettings::of(&read), settings);
        assert_eq!(read.formats, ["other", "m3u8-aapl"]);
        assert_eq!(read.other, [("fromTheFuture".to_owned(), "7".to_owned())]);
    }

    #[test]
    fn a_wrong_value_is_named_in_words() {
        let wrong = PointSettings {
            apple_segment_length: 1,
            apple_max_bitrate: 1,
            source_type: SourceType::Pull,
            title: "a\nb".into(),
            push_to: vec![Reference { url: "ftp://x/y.isml".into(), credential: None }],
            ..PointSettings::default()
        };
        let faults = wrong.faults();
        let names: Vec<_> = faults.keys().copied().collect();
        assert_eq!(names, ["appleMaxBitrate", "appleSegmentLength", "pullFrom", "pushTo", "title"]);
        assert_eq!(faults["appleMaxBitrate"], "It must be at least 64 Kbps.");
        assert!(PointSettings::default().faults().is_empty());
    }
}
