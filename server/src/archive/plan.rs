//! What an archive is to be: where it goes, and what it is called.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use smooth::Limits;

use super::journal::Begin;
use super::lock::Lock;

/// What is known of an archive before its first fragment.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Where it goes.
    pub(super) root: PathBuf,
    /// Folders below the root.
    pub(super) parts: Vec<String>,
    /// Name of the publishing point.
    pub(super) name: String,
    /// What the journal says first; the event is not known yet.
    pub(super) begin: Begin,
    /// When it began.
    pub(super) since: SystemTime,
    /// Units of 100 ns; 0 for a single segment.
    pub(super) segment_length: i64,
    /// Whether the folder is called like the event, where there is one.
    pub(super) event_on_path: bool,
    /// The file that says where to go on after a restart.
    pub(super) pointer: PathBuf,
    /// How much is believed of what headers say.
    pub(super) limits: Limits,
    /// Kept by whoever may write.
    pub(super) lock: Arc<Lock>,
}

/// What stands in the pointer of a publishing point: where its broadcast is kept, and what it is, lest
/// the journal is lost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Pointer {
    pub(super) folder: PathBuf,
    pub(super) begin: Begin,
}
