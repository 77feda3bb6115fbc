//! The client manifest, [MS-SSTR] 2.2.2: what a viewer reads to know streams, quality levels and chunks.
//!
//! [`Manifest`] is the model, shared by the reader (the player, `silverlane check`) and the writer (the
//! origin). What cannot be played is kept out of [`Manifest::streams`] and named in
//! [`Manifest::skipped`]: one bad stream never costs the presentation.

mod playable;
mod read;
mod timeline;
mod write;

pub use read::read;
pub use timeline::{Run, Timeline};
pub use write::write;

use crate::time::Timescale;

/// A presentation, `SmoothStreamingMedia`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Manifest {
    /// 2.0, or 2.2 where chunks may repeat (`r`).
    pub version: Version,
    /// Ticks per second of [`duration`](Self::duration) and [`dvr_window`](Self::dvr_window); the
    /// default of the streams.
    pub timescale: Timescale,
    /// Whole duration in ticks of `timescale`. 0 if unknown. On a live presentation an estimate.
    pub duration: u64,
    /// Live and still running. A broadcast that has ended says false: that is how viewers learn it.
    pub is_live: bool,
    /// `LookAheadFragmentCount`: how many of the newest fragments the server holds back, to be found
    /// through `tfrf`. `None` if the manifest does not say.
    pub look_ahead: Option<u32>,
    /// `DVRWindowLength` in ticks of `timescale`; 0 means the whole event.
    pub dvr_window: u64,
    /// `CanSeek`, written by live servers.
    pub can_seek: Option<bool>,
    /// `CanPause`, written by live servers.
    pub can_pause: Option<bool>,
    /// `Protection/ProtectionHeader` elements.
    pub protection: Vec<ProtectionHeader>,
    /// `CustomAttributes/Attribute` of the root, in document order.
    pub custom_attributes: Vec<(String, String)>,
    /// What can be played.
    pub streams: Vec<Stream>,
    /// What was kept out, and why.
    pub skipped: Vec<Skipped>,
}

/// Version of the manifest format. Anything else is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Version {
    /// Every chunk has an element of its own.
    #[default]
    V2_0,
    /// "Compressed": a chunk element may stand for several (`r`).
    V2_2,
}

/// One `ProtectionHeader`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectionHeader {
    /// System id, 16 bytes in the order in which the UUID is written.
    pub system_id: [u8; 16],
    /// Decoded payload, for PlayReady a PlayReady object.
    pub data: Vec<u8>,
}

/// What a stream carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `video`
    Video,
    /// `audio`
    Audio,
    /// `text`: captions, script commands, markers.
    Text,
}

impl Kind {
    /// The `Type` attribute.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Text => "text",
        }
    }
}

/// A `StreamIndex`: quality levels of the same content on one timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// `Type`.
    pub kind: Kind,
    /// `Subtype`, upper case as written: `CAPT`, `SUBT`, `SCMD`, … Often empty on audio and video.
    pub subtype: String,
    /// `Name`, or what stands for it ([`Kind::as_str`]). Unique in the manifest.
    pub name: String,
    /// `Language`, as written; empty if absent.
    pub language: String,
    /// Ticks per second of this stream's chunks, fragments and URLs.
    pub timescale: Timescale,
    /// `Url`: template for fragment requests, relative to the manifest. Empty where the data stands in
    /// the manifest itself.
    pub url: String,
    /// `MaxWidth`, or the largest level's, in pixels; 0 if unknown.
    pub max_width: u32,
    /// `MaxHeight`, likewise.
    pub max_height: u32,
    /// `DisplayWidth` in pixels; 0 if absent.
    pub display_width: u32,
    /// `DisplayHeight`, likewise.
    pub display_height: u32,
    /// `ParentStreamIndex`: this is a sparse stream, announced by the fragments of that one.
    pub parent: Option<String>,
    /// `ManifestOutput`: samples stand in the manifest ([`Stream::embedded`]).
    pub manifest_output: bool,
    /// Playable levels, in document order; at least one, unless the data stands in the manifest.
    pub levels: Vec<QualityLevel>,
    /// Chunks, oldest first.
    pub chunks: Timeline,
    /// Samples that stand in the manifest: `f` elements of sparse streams, script commands, markers.
    /// In order of their start.
    pub embedded: Vec<Embedded>,
}

/// A `QualityLevel` that can be played.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct QualityLevel {
    /// `Index`.
    pub index: u32,
    /// `Bitrate` in bits/s. Part of the fragment URL, so with the custom attributes it names the level.
    pub bitrate: u32,
    /// `FourCC` in upper case, from the stream where the level has none; empty if neither has one.
    pub fourcc: String,
    /// `CodecPrivateData` (or `WaveFormatEx`), decoded from hex; may be empty.
    pub private_data: Vec<u8>,
    /// `MaxWidth` in pixels; 0 if absent or not video.
    pub width: u32,
    /// `MaxHeight`, likewise.
    pub height: u32,
    /// `SamplingRate` in Hz; 0 if absent. For HE-AAC encoders disagree which rate this is.
    pub sampling_rate: u32,
    /// `Channels`; 0 if absent.
    pub channels: u16,
    /// `BitsPerSample`; 0 if absent.
    pub bits_per_sample: u16,
    /// `PacketSize` in bytes; 0 if absent.
    pub packet_size: u32,
    /// `AudioTag`: a `wFormatTag`; 0 if absent.
    pub audio_tag: u32,
    /// `NALUnitLengthField` in bytes; 4 if absent.
    pub nal_length: u16,
    /// `CustomAttributes/Attribute`, in document order.
    pub custom_attributes: Vec<(String, String)>,
}

/// A sample that stands in the manifest itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// Start, in ticks of the stream's timescale.
    pub time: u64,
    /// What it is.
    pub content: EmbeddedContent,
}

/// See [`Embedded`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmbeddedContent {
    /// `f`: raw sample bytes, decoded from base64.
    Sample(Vec<u8>),
    /// `ScriptCommand` of an `SCMD` stream.
    Script {
        /// `Type` of the command.
        kind: String,
        /// The command.
        command: String,
    },
    /// `Marker` of a `CHAP` stream: a chapter's title.
    Marker(String),
}

/// A stream or level that was kept out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Name of the stream (its `Type` where it has no name).
    pub stream: String,
    /// `Bitrate` of the level in bits/s; `None` if the whole stream was kept out.
    pub bitrate: Option<u32>,
    /// Why.
    pub reason: Reason,
}

/// Why a stream or level was kept out of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// `Type` is none of video, audio and text.
    UnknownType,
    /// No `Url`, and no data in the manifest.
    NoUrl,
    /// The `Url` has no `{start time}`.
    NoStartTime,
    /// No `Bitrate`, or not a number.
    NoBitrate,
    /// No level of the stream can be played.
    NoLevels,
    /// Another stream has the name already.
    DuplicateName,
    /// Another level has the bitrate and custom attributes already.
    DuplicateLevel,
    /// A codec that no browser plays, or that we do not know. Its FourCC.
    UnsupportedCodec(String),
    /// `CodecPrivateData` does not hold what the codec needs.
    BadPrivateData,
    /// A number of the stream or level cannot be read. Name of the attribute.
    BadAttribute(&'static str),
    /// The chunk list contradicts itself.
    BadChunks(&'static str),
    /// One of our limits. Its name.
    Limit(&'static str),
}
