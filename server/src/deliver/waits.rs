//! Requests that are held until their fragment exists: one list for each fragment.
//!
//! Whoever stands first in a list looks at every new version of the publishing point, the others sleep: a version
//! with nothing for a list wakes one of it, one with its fragment wakes all. Who goes away leaves the place to the
//! next.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use smooth::url::FragmentRequest;
use tokio::sync::OnceCell;

use super::source::Source;
use crate::publishing_point::snapshot::Snapshot;

/// See the module.
#[derive(Debug, Default)]
pub struct Waits(Mutex<HashMap<Key, Arc<List>>>);

/// A publishing point's path, and what is waited for.
type Key = (String, FragmentRequest);

#[derive(Debug)]
struct List {
    key: Key,
    /// Set when there is something to look at.
    over: OnceCell<()>,
}

impl Waits {
    /// Ready when a version of `source` is over with waiting for `request`, as `is_over` has it. That one may
    /// not be the newest any more.
    pub async fn until(
        &self,
        source: &dyn Source,
        request: &FragmentRequest,
        is_over: impl Fn(&Snapshot) -> bool,
    ) {
        let place = self.enter(source.path(), request);
        let look = || async {
            let mut versions = source.versions();
            loop {
                versions.mark_unchanged();
                if is_over(&source.snapshot()) {
                    return;
                }
                if versions.changed().await.is_err() {
                    // Nothing comes any more: those who wait run out of time.
                    std::future::pending::<()>().await;
                }
            }
        };
        place.list.over.get_or_init(look).await;
    }

    fn enter(&self, path: &str, request: &FragmentRequest) -> Place<'_> {
        let key = (path.to_owned(), request.clone());
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let list = match lists.get(&key).filter(|list| !list.over.initialized()) {
            Some(list) => Arc::clone(list),
            None => {
                let list = Arc::new(List { key: key.clone(), over: OnceCell::new() });
                lists.insert(key, Arc::clone(&list));
                list
            }
        };
        Place { waits: self, list }
    }
}

/// A place in a list; the last one to leave takes the list away.
struct Place<'a> {
    waits: &'a Waits,
    list: Arc<List>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut lists = self.waits.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The map has it, and we.
        let is_last = Arc::strong_count(&self.list) == 2;
        if is_last && lists.get(&self.list.key).is_some_and(|list| Arc::ptr_eq(list, &self.list)) {
            lists.remove(&self.list.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

    use smooth::smil::definition::Definition;
    use smooth::url::Noun;
    use tokio::sync::watch;
    use tokio::task::JoinSet;

    use super::*;
    use crate::archive::MemoryLog;

    struct Point {
        versions: watch::Sender<u64>,
        snapshot: Arc<Snapshot>,
    }

    impl Point {
        fn new() -> Self {
            let snapshot = Snapshot::on_demand(Definition::default(), Vec::new(), Arc::new(MemoryLog));
            Self { versions: watch::Sender::new(0), snapshot: Arc::new(snapshot) }
        }
    }

    impl Source for Point {
        fn path(&self) -> &str {
            "/live.isml"
        }

        fn snapshot(&self) -> Arc<Snapshot> {
            Arc::clone(&self.snapshot)
        }

        fn versions(&self) -> watch::Receiver<u64> {
            self.versions.subscribe()
        }
    }

    fn request(time: u64) -> FragmentRequest {
        FragmentRequest {
            event: None,
            noun: Noun::Fragments,
            bitrate: 1,
            attributes: Vec::new(),
            name: "video".to_owned(),
            time,
            options: String::new(),
        }
    }

    /// Lets everything run that can.
    async fn settle() {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn one_looks_for_all_and_all_are_woken() {
        let (waits, point) = (Arc::new(Waits::default()), Arc::new(Point::new()));
        let (looks, is_there) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let mut waiting = JoinSet::new();
        let mut enter = |time| {
            let (waits, point, looks) = (Arc::clone(&waits), Arc::clone(&point), Arc::clone(&looks));
            let is_there = Arc::clone(&is_there);
            waiting.spawn(async move {
                let is_over = |_: &Snapshot| {
                    looks.fetch_add(1, Relaxed);
                    time == 1 && is_there.load(Relaxed)
                };
                waits.until(&*point, &request(time), is_over).await;
            })
        };
        let first = enter(1);
        settle().await;
        for _ in 0..500 {
            enter(1);
        }
        let other = enter(2);
        settle().await;
        assert_eq!(looks.load(Relaxed), 2, "one of each list");
        for version in 1..=3 {
            point.versions.send_replace(version);
            settle().await;
        }
        assert_eq!(looks.load(Relaxed), 8);
        // Who looks goes away: the next one looks.
        first.abort();
        settle().await;
        assert_eq!(looks.load(Relaxed), 9);
        is_there.store(true, Relaxed);
        point.versions.send_replace(4);
        for _ in 0..500 {
            let ended = waiting.join_next().await.unwrap();
            assert!(ended.is_ok() || ended.is_err_and(|e| e.is_cancelled()));
        }
        other.abort();
        while waiting.join_next().await.is_some() {}
        assert!(looks.load(Relaxed) <= 11, "of those who wait for the same only one looks");
        assert!(waits.0.lock().unwrap().is_empty(), "no list is left");
    }
}
