//! Ordinary MP4 files, plain or fragmented, cut anew into fragments of Smooth Streaming without encoding them
//! again: what `push` broadcasts and `package` writes.
//!
//! | module | what it does |
//! | --- | --- |
//! | `file` | the bytes of a source, and its boxes |
//! | `source` | the tracks of a file, and their samples on one clock |
//! | `tables`, `fragments` | where samples stand in a plain file, and in a fragmented one |
//! | `cut` | common times at which all bitrates can be cut |
//! | `reel` | the tracks of all files, and their fragments |

mod cut;
mod error;
mod fields;
mod file;
mod fragments;
mod reel;
mod source;
mod tables;

pub(super) use cut::Pace;
pub use error::SourceError;
pub(super) use file::Media;
pub use reel::TICKS;
pub(super) use reel::{Reel, Track, clamp};
