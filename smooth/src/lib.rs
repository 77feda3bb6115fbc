//! The Smooth Streaming format, shared by origin and player.
//!
//! No I/O, no clock, no async: bytes and text in, types out, and back. Everything that arrives from a
//! network is hostile here: no input panics, and none makes a reader allocate more than a small
//! multiple of the input's own size ([`Limits`]).
//!
//! | module | what it knows |
//! | --- | --- |
//! | [`manifest`] | the client manifest: model, reader, writer |
//! | [`url`] | URL templates and the request grammar, both directions |
//! | [`smil`] | `.isml` definitions and the live server manifest of a push stream |
//! | [`boxes`] | fragments and init segments: read, rewrite, build |
//! | [`protection`] | protected content: which keys, and where licences are |
//! | [`codec`] | decoder configurations and codec strings |
//! | [`ingest`] | the push-stream demuxer |
//! | [`captions`] | TTML to cues to WebVTT |
//!
//! What a player does first:
//!
//! ```
//! use smooth::{Limits, codec::Codec, manifest, url};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let address = url::manifest_url("http://example.com/live/event.isml");
//! assert_eq!(address, "http://example.com/live/event.isml/Manifest");
//! let answer = br#"<SmoothStreamingMedia MajorVersion="2" MinorVersion="0" Duration="40000000">
//!   <StreamIndex Type="audio" Url="QualityLevels({bitrate})/Fragments(audio={start time})">
//!     <QualityLevel Bitrate="128000" FourCC="AACL" SamplingRate="48000" Channels="2" CodecPrivateData="1190"/>
//!     <c t="10000000" d="20000000"/><c d="20000000"/>
//!   </StreamIndex>
//! </SmoothStreamingMedia>"#;
//! let manifest = manifest::read(answer, &Limits::default())?;
//! let stream = &manifest.streams[0];
//! let level = &stream.levels[0];
//! let codec = Codec::from_level(stream.kind, level, &stream.subtype).map_err(|_| "not playable")?;
//! assert_eq!(codec.mime(), "audio/mp4; codecs=\"mp4a.40.2\"");
//! let fragment = url::expand(&stream.url, level, 30_000_000)?;
//! assert_eq!(fragment, "QualityLevels(128000)/Fragments(audio=30000000)");
//! # Ok(())
//! # }
//! ```

pub mod boxes;
pub mod captions;
pub mod codec;
pub mod error;
pub mod ingest;
pub mod limits;
pub mod manifest;
pub mod protection;
pub mod smil;
pub mod text;
pub mod time;
pub mod url;
pub mod xml;

pub use error::Error;
pub use limits::Limits;
pub use time::{Span, Timescale};
