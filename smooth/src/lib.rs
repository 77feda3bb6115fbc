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
//! | [`codec`] | decoder configurations and codec strings |
//! | [`ingest`] | the push-stream demuxer |
//! | [`captions`] | TTML to cues to WebVTT |

pub mod boxes;
pub mod captions;
pub mod codec;
pub mod error;
pub mod ingest;
pub mod limits;
pub mod manifest;
pub mod smil;
pub mod text;
pub mod time;
pub mod url;
pub mod xml;

pub use error::Error;
pub use limits::Limits;
pub use time::{Span, Timescale};
