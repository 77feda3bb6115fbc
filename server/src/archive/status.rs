//! How an archive does, for operators.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// One moment of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Folder of the broadcast; `None` until the first fragment has come, and has found a disk.
    pub folder: Option<PathBuf>,
    /// What is wrong; `None` while everything published is stored.
    pub trouble: Option<Trouble>,
    /// Fragments stored since the server started.
    pub fragments: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Fragments that are not stored and never will be, since the server started.
    pub missing: u64,
    /// Things that wait to be stored.
    pub waiting: u64,
}

/// Why an archive is degraded. Live goes on from memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
    /// What the storage says, for people.
    pub reason: String,
}

impl Trouble {
    pub(super) fn now(reason: String) -> Self {
        Self { since_ms: unix_ms(SystemTime::now()), reason }
    }
}

/// Milliseconds since 1970.
pub(super) fn unix_ms(time: SystemTime) -> u64 {
    u64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}
