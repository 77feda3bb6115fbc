//! Segments that were made lately, shared by all viewers: each is made once.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::OnceCell;

use super::recipe::Identity;
use super::segment::Error;
use crate::archive::hash;

/// See the module. Holds no more than so many bytes; what was not asked for longest goes first.
pub struct Segments {
    capacity: usize,
    state: Mutex<State>,
}

/// A segment that is ready to be sent.
#[derive(Clone, Debug)]
pub struct Segment {
    /// The whole of it.
    pub body: Bytes,
    /// `ETag`, with its quotes.
    pub tag: String,
}

#[derive(Default)]
struct State {
    slots: HashMap<Key, Slot>,
    bytes: usize,
    /// Goes up with every request.
    now: u64,
}

/// A publishing point's path, and a segment of it.
type Key = (String, Identity);

#[derive(Default)]
struct Slot {
    cell: Arc<OnceCell<Segment>>,
    used: u64,
    /// Bytes that are counted.
    bytes: usize,
}

impl Segments {
    /// An empty cache for `capacity` bytes; 0 keeps nothing.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity, state: Mutex::default() }
    }

    /// The segment `identity` of the publishing point at `path`. Of those who ask for it at the same time
    /// one runs `make`, and the others wait for it. One without an identity is made and not kept.
    ///
    /// # Errors
    ///
    /// Those of `make`; the next one tries again.
    pub async fn get<F>(&self, path: &str, identity: Option<Identity>, make: F) -> Result<Segment, Error>
    where
        F: Future<Output = Result<Vec<u8>, Error>> + Send,
    {
        let made = async {
            let body = make.await?;
            let tag = format!("\"{:016x}\"", hash(&body));
            Ok(Segment { body: body.into(), tag })
        };
        let Some(identity) = identity else { return made.await };
        let key = (path.to_owned(), identity);
        let cell = self.slot(&key);
        let segment = cell.get_or_try_init(|| made).await.cloned();
        drop(cell);
        self.settle(&key, segment.as_ref().ok().map(|s| s.body.len()));
        segment
    }

    fn slot(&self, key: &Key) -> Arc<OnceCell<Segment>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.now += 1;
        let now = state.now;
        let slot = match state.slots.get_mut(key) {
            Some(slot) => slot,
            None => state.slots.entry(key.clone()).or_default(),
        };
        slot.used = now;
        Arc::clone(&slot.cell)
    }

    /// Counts a segment of `len` bytes, or forgets one that could not be made, and makes room.
    fn settle(&self, key: &Key, len: Option<usize>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        match (state.slots.get_mut(key), len) {
            (Some(slot), Some(len)) if slot.bytes == 0 => {
                slot.bytes = len;
                state.bytes += len;
            }
            (Some(_), Some(_)) | (None, _) => return,
            (Some(_), None) => {}
        }
        // Failed, or everyone who waited for it went away.
        state.slots.retain(|_, slot| slot.cell.initialized() || Arc::strong_count(&slot.cell) > 1);
        while state.bytes > self.capacity {
            let counted = state.slots.iter().filter(|(_, slot)| slot.bytes > 0);
            let Some(oldest) = counted.min_by_key(|(_, slot)| slot.used).map(|(key, _)| key.clone()) else {
                break;
            };
            state.bytes -= state.slots.remove(&oldest).map_or(0, |slot| slot.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use super::*;

    /// Asks for segment `number` of `len` bytes, and says whether it had to be made.
    async fn get(segments: &Segments, path: &str, number: u64, len: usize) -> bool {
        let made = AtomicUsize::new(0);
        let make = async {
            made.fetch_add(1, Relaxed);
            tokio::task::yield_now().await;
            Ok(vec![number as u8; len])
        };
        let segment = segments.get(path, Some(Identity::of(number)), make).await.unwrap();
        assert_eq!(segment.body, vec![number as u8; len]);
        made.load(Relaxed) > 0
    }

    #[tokio::test]
    async fn what_was_not_asked_for_longest_goes_first() {
        let segments = Segments::new(30);
        for number in 1..=3 {
            assert!(get(&segments, "/a", number, 10).await);
        }
        assert!(!get(&segments, "/a", 1, 10).await);
        assert!(get(&segments, "/b", 1, 10).await, "another point has segments of its own");
        assert!(!get(&segments, "/a", 1, 10).await);
        assert!(get(&segments, "/a", 2, 10).await, "there was no room for it");
        assert_eq!(segments.state.lock().unwrap().bytes, 30);
        // Larger than everything: sent, and not kept.
        assert!(get(&segments, "/a", 9, 31).await && get(&segments, "/a", 9, 31).await);
    }

    #[tokio::test]
    async fn many_who_ask_at_once_cause_one_to_be_made() {
        let segments = Segments::new(100);
        let (a, b, c) =
            tokio::join!(get(&segments, "/a", 1, 5), get(&segments, "/a", 1, 5), get(&segments, "/a", 1, 5));
        assert_eq!([a, b, c].iter().filter(|made| **made).count(), 1);
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let segments = Segments::new(100);
        let failed = segments.get("/a", Some(Identity::of(1)), async { Err(Error::Gone) }).await;
        assert!(matches!(failed, Err(Error::Gone)));
        assert!(segments.state.lock().unwrap().slots.is_empty());
        assert!(get(&segments, "/a", 1, 5).await);
    }
}
