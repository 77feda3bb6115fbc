//! The log of a broadcast that is not archived.

use std::io;
use std::sync::Arc;

use super::{FragmentLog, Media, Place, TrackId};

/// Keeps nothing: the live window lies in memory, and what has left it is gone.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryLog;

impl FragmentLog for MemoryLog {
    fn get(&self, _: TrackId, _: u64, _: Option<Place>) -> io::Result<Option<Arc<Media>>> {
        Ok(None)
    }
}
