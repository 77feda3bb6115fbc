//! What viewers see, and what they will see once the log has stored it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::snapshot::Snapshot;
use crate::archive::{FragmentLog, Watcher};

/// See the module.
pub(super) struct Stage {
    shown: ArcSwap<Snapshot>,
    version: watch::Sender<u64>,
    /// Versions that are not shown yet, with the number in the log that they wait for.
    waiting: Mutex<VecDeque<(u64, Arc<Snapshot>)>>,
    /// Something was shown.
    changed: Condvar,
    /// Newest version, shown or not.
    newest: AtomicU64,
    /// Which of the logs so far is in use.
    log: AtomicU64,
}

impl Stage {
    pub(super) fn new(first: Snapshot) -> Arc<Self> {
        Arc::new(Self {
            version: watch::Sender::new(first.version),
            newest: AtomicU64::new(first.version),
            shown: ArcSwap::from_pointee(first),
            waiting: Mutex::default(),
            changed: Condvar::new(),
            log: AtomicU64::new(0),
        })
    }

    pub(super) fn shown(&self) -> Arc<Snapshot> {
        self.shown.load_full()
    }

    pub(super) fn versions(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// What a new log calls. The one before it is not listened to any more.
    pub(super) fn watcher(self: &Arc<Self>) -> Watcher {
        let (this, mine) = (Arc::downgrade(self), self.log.fetch_add(1, Ordering::AcqRel) + 1);
        Arc::new(move |reached| {
            if let Some(this) = this.upgrade().filter(|s| s.log.load(Ordering::Acquire) == mine) {
                this.show(&mut this.waiting(), reached);
            }
        })
    }

    /// Shows `snapshot` once `log` has stored all that it lists.
    pub(super) fn present(&self, snapshot: Arc<Snapshot>, log: &dyn FragmentLog) {
        let mut waiting = self.waiting();
        self.newest.store(snapshot.version, Ordering::Release);
        waiting.push_back((log.position(), snapshot));
        self.show(&mut waiting, log.reached());
    }

    /// Shows the newest version that waits for nothing beyond `reached`; those before it are forgotten.
    fn show(&self, waiting: &mut VecDeque<(u64, Arc<Snapshot>)>, reached: u64) {
        let Some(at) = waiting.iter().rposition(|&(after, _)| after <= reached) else { return };
        if let Some((_, snapshot)) = waiting.drain(..=at).next_back() {
            let version = snapshot.version;
            self.shown.store(snapshot);
            self.version.send_replace(version);
        }
        self.changed.notify_all();
    }

    /// Ready once the newest version at this moment is shown; false if that takes longer than `limit`.
    pub(super) async fn caught_up(&self, limit: Duration) -> bool {
        let newest = self.newest.load(Ordering::Acquire);
        if *self.version.borrow() >= newest {
            return true;
        }
        let mut versions = self.versions();
        tokio::time::timeout(limit, versions.wait_for(|&v| v >= newest)).await.is_ok()
    }

    /// The same for threads that may block.
    pub(super) fn catch_up(&self, limit: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.waiting(), limit, |waiting| !waiting.is_empty());
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<(u64, Arc<Snapshot>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
