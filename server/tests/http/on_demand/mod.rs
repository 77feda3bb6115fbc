//! Presentations on demand, made by others: ffmpeg's files with manifests as its `ismindex` writes them.

mod faults;
pub(crate) mod files;
mod layouts;
mod package;
mod protected;

use crate::harness::Origin;
