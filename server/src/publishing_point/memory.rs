//! The bound on media in memory over all publishing points.
//!
//! Each point says what its fragments take; when that comes near the bound, the oldest go, wherever they
//! are: first those that the archives have, which viewers still get, from disk; and if that is not enough,
//! the oldest chunks of any point, as when a single one is full. The age of a fragment is how far behind
//! the end of its broadcast it ends.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::broadcast::Broadcast;
use super::runs::to_units;
use super::track::{Entry, Track};
use super::{PublishingPoint, Writer};

/// What all points of a server take, and may take.
#[derive(Debug)]
pub struct Memory {
    most: u64,
    used: AtomicU64,
    /// One at a time makes room.
    relief: Mutex<()>,
}

/// The part of one point.
#[derive(Debug)]
pub(super) struct Share {
    memory: Arc<Memory>,
    bytes: u64,
}

/// Something that may go: its age in units of 100 ns, and its bytes.
type Aged = (i64, u64);

/// What there is of a kind that may go, and letting it go from an age on.
type Step = (fn(&Broadcast) -> Vec<Aged>, fn(&mut Broadcast, i64));

impl Memory {
    /// For at most `most` bytes.
    #[must_use]
    pub fn new(most: u64) -> Arc<Self> {
        Arc::new(Self { most, used: AtomicU64::new(0), relief: Mutex::new(()) })
    }

    /// Bytes of memory that the fragments of all points take.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Acquire)
    }

    /// Whether it is time to [`relieve`](Self::relieve): before the bound is reached, for encoders do not
    /// wait until there is room.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.used() > self.most - self.most / 16
    }

    /// Makes room in `points`, an eighth of all so that it is seldom needed. Blocks for as long as their
    /// writers are busy.
    pub fn relieve(&self, points: &[Arc<PublishingPoint>]) {
        let _alone = self.relief.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_short() {
            return;
        }
        let goal = self.most - self.most / 8;
        for (aged, let_go) in STEPS {
            let excess = self.used().saturating_sub(goal);
            let found = points.iter().flat_map(|point| point.aged(aged)).collect();
            let Some(age) = threshold(found, excess) else { continue };
            points.iter().for_each(|point| point.let_go(age, let_go));
        }
    }
}

impl Share {
    pub(super) const fn new(memory: Arc<Memory>) -> Self {
        Self { memory, bytes: 0 }
    }

    /// The point takes `bytes` now.
    pub(super) fn set(&mut self, bytes: u64) {
        let before = std::mem::replace(&mut self.bytes, bytes);
        self.memory.used.fetch_add(bytes.wrapping_sub(before), Ordering::AcqRel);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// What may go and how it goes, in order.
const STEPS: [Step; 2] = [
    (Broadcast::stored_by_age, Broadcast::cool_beyond),
    (Broadcast::unstored_by_age, Broadcast::drop_unstored),
];

/// The age from which on all has to go for `excess` bytes; `None` if nothing has to, or can.
fn threshold(mut found: Vec<Aged>, excess: u64) -> Option<i64> {
    found.sort_unstable_by_key(|&(age, _)| std::cmp::Reverse(age));
    let mut freed = 0;
    let needed = found.iter().take_while(|(_, bytes)| {
        let is_needed = freed < excess;
        freed += bytes;
        is_needed
    });
    needed.last().map(|&(age, _)| age)
}

impl PublishingPoint {
    fn aged(&self, aged: fn(&Broadcast) -> Vec<Aged>) -> Vec<Aged> {
        let mut writer = self.lock();
        writer.broadcast.absorb();
        aged(&writer.broadcast)
    }

    fn let_go(&self, age: i64, let_go: fn(&mut Broadcast, i64)) {
        let mut writer = self.lock();
        let_go(&mut writer.broadcast, age);
        self.publish(&mut writer);
    }
}

impl Writer {
    /// Tells what the broadcast takes.
    pub(super) fn weigh(&mut self) {
        let bytes = self.broadcast.memory();
        self.share.set(bytes);
    }
}

impl Broadcast {
    /// Fragments in memory that are stored as well.
    fn stored_by_age(&self) -> Vec<Aged> {
        let end = self.end();
        let of = |track: &Track| -> Vec<Aged> {
            let age = |end_of: u64| end.saturating_sub(to_units(end_of.cast_signed(), track.spec.timescale));
            let hot = track.entries.from(track.hot).filter(|e| e.media.is_some());
            hot.take_while(|e| e.place.is_some()).map(|e| (age(e.span.end()), e.media_cost())).collect()
        };
        self.tracks.iter().flat_map(of).collect()
    }

    /// Chunks with media that is nowhere but in memory; not the newest, see [`trim`](Self::trim).
    fn unstored_by_age(&self) -> Vec<Aged> {
        let (end, keep) = (self.end(), self.rules.look_ahead as usize + 1);
        let mut found = Vec::new();
        for stream in &self.streams {
            let old = stream.chunks.len().saturating_sub(keep);
            for chunk in stream.chunks.iter().take(old) {
                let entry = |&id: &usize| self.tracks.get(id)?.entries.at(chunk.time);
                let unstored = stream.levels.iter().filter_map(entry).filter(|e| e.place.is_none());
                let bytes: u64 = unstored.map(Entry::media_cost).sum();
                if bytes > 0 {
                    let behind = to_units(chunk.end().cast_signed(), stream.timescale);
                    found.push((end.saturating_sub(behind), bytes));
                }
            }
        }
        found
    }

    /// Lets go of the chunks that end `age` or more before the broadcast does, if that frees any media: the
    /// window of a point whose media is stored stays.
    fn drop_unstored(&mut self, age: i64) {
        if self.unstored_by_age().iter().any(|&(a, _)| a >= age) {
            self.drop_beyond(age);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_and_no_more_than_needed() {
        let found = vec![(10, 5), (30, 5), (20, 5), (30, 5)];
        assert_eq!(threshold(found.clone(), 0), None);
        assert_eq!(threshold(found.clone(), 1), Some(30));
        assert_eq!(threshold(found.clone(), 10), Some(30));
        assert_eq!(threshold(found.clone(), 11), Some(20));
        assert_eq!(threshold(found, 1000), Some(10));
        assert_eq!(threshold(Vec::new(), 1), None);
    }

    #[test]
    fn shares_add_up_and_end_with_their_points() {
        let memory = Memory::new(160);
        let (mut one, mut two) = (Share::new(Arc::clone(&memory)), Share::new(Arc::clone(&memory)));
        one.set(100);
        two.set(50);
        assert_eq!((memory.used(), memory.is_short()), (150, false));
        two.set(51);
        assert!(memory.is_short());
        one.set(20);
        drop(two);
        assert_eq!(memory.used(), 20);
    }
}
