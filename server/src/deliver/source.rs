//! Where snapshots come from: a live publishing point, or a presentation on demand.

use std::sync::Arc;

use tokio::sync::watch;

use crate::publishing_point::PublishingPoint;
use crate::publishing_point::snapshot::{Document, Snapshot};

/// Something that viewers can be served from.
pub trait Source: Send + Sync {
    /// URL path, from the slash to `.ism` or `.isml`.
    fn path(&self) -> &str;

    /// What viewers see now.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// The client manifest, where it is not made of the snapshot: the one that came with the files.
    fn manifest(&self) -> Option<Document> {
        None
    }

    /// Tells of every new version. Take it before the snapshot, so that none is missed.
    fn versions(&self) -> watch::Receiver<u64>;
}

impl Source for PublishingPoint {
    fn path(&self) -> &str {
        self.path()
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot()
    }

    fn versions(&self) -> watch::Receiver<u64> {
        self.versions()
    }
}
