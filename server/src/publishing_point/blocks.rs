//! An ordered list that one writer grows while readers keep what they saw.
//!
//! ```text
//! Blocks ─┬─ Arc [item item … item]   full, shared by all versions
//!         ├─ Arc [item item … item]
//!         └─ Arc [item …]             copied once when it changes after a clone
//! ```
//! A clone costs one pointer per `BLOCK` items, so a new version of a day-long window is cheap. A block has
//! room for `BLOCK` items and no more, also after it was copied to grow: an index of a long event is what
//! its items take.

use std::sync::Arc;

/// Something with a place on the time axis.
pub trait Timed {
    /// Start, in ticks. Unique in a list.
    fn time(&self) -> u64;
}

impl Timed for smooth::Span {
    fn time(&self) -> u64 {
        self.time
    }
}

/// Items in order of their time.
#[derive(Debug)]
pub struct Blocks<T> {
    blocks: Vec<Arc<Vec<T>>>,
    len: usize,
}

impl<T: Timed + Clone> Blocks<T> {
    /// Puts `item` at its place. Returns false, and changes nothing, if one with its time is there.
    pub fn insert(&mut self, item: T) -> bool {
        let time = item.time();
        let follows = self.last().is_none_or(|last| last.time() < time);
        if follows {
            match self.blocks.last_mut() {
                Some(block) if block.len() < BLOCK => growing(block).push(item),
                _ => {
                    let mut block = Vec::with_capacity(BLOCK);
                    block.push(item);
                    self.blocks.push(Arc::new(block));
                }
            }
            self.len += 1;
            return true;
        }
        let at = self.block_of(time).unwrap_or(0);
        let Some(block) = self.blocks.get_mut(at) else { return false };
        let place = block.partition_point(|i| i.time() < time);
        if block.get(place).is_some_and(|i| i.time() == time) {
            return false;
        }
        growing(block).insert(place, item);
        self.len += 1;
        true
    }

    /// Changes the item that starts exactly at `time`, which has to keep its time. Returns whether there
    /// is one.
    pub fn change(&mut self, time: u64, change: impl FnOnce(&mut T)) -> bool {
        let found = self.block_of(time).and_then(|at| self.blocks.get_mut(at)).and_then(|block| {
            let place = block.binary_search_by_key(&time, Timed::time).ok()?;
            Arc::make_mut(block).get_mut(place)
        });
        found.map(change).is_some()
    }

    /// Removes and returns the item that starts exactly at `time`.
    pub fn remove(&mut self, time: u64) -> Option<T> {
        let at = self.block_of(time)?;
        let block = self.blocks.get_mut(at)?;
        let place = block.binary_search_by_key(&time, Timed::time).ok()?;
        let items = Arc::make_mut(block);
        let item = items.remove(place);
        if items.is_empty() {
            self.blocks.remove(at);
        }
        self.len -= 1;
        Some(item)
    }

    /// Removes and returns the oldest item.
    pub fn pop_first(&mut self) -> Option<T> {
        let block = self.blocks.first_mut()?;
        let items = Arc::make_mut(block);
        let item = items.remove(0);
        if items.is_empty() {
            self.blocks.remove(0);
        }
        self.len -= 1;
        Some(item)
    }

    /// How many items there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The oldest item.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        self.blocks.first()?.first()
    }

    /// The newest item.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.blocks.last()?.last()
    }

    /// The item that starts exactly at `time`.
    #[must_use]
    pub fn at(&self, time: u64) -> Option<&T> {
        let block = self.blocks.get(self.block_of(time)?)?;
        block.get(block.binary_search_by_key(&time, Timed::time).ok()?)
    }

    /// The last item that starts at `time` or before.
    #[must_use]
    pub fn floor(&self, time: u64) -> Option<&T> {
        let block = self.blocks.get(self.block_of(time)?)?;
        block.get(block.partition_point(|i| i.time() <= time).checked_sub(1)?)
    }

    /// Items that start at `time` or after, oldest first.
    pub fn from(&self, time: u64) -> impl Iterator<Item = &T> {
        let first = self.block_of(time).unwrap_or(0);
        self.blocks.iter().skip(first).flat_map(|b| b.iter()).skip_while(move |i| i.time() < time)
    }

    /// All items, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.blocks.iter().flat_map(|b| b.iter())
    }

    /// The last block that starts at `time` or before.
    fn block_of(&self, time: u64) -> Option<usize> {
        self.blocks.partition_point(|b| b.first().is_some_and(|i| i.time() <= time)).checked_sub(1)
    }
}

impl<T> Default for Blocks<T> {
    fn default() -> Self {
        Self { blocks: Vec::new(), len: 0 }
    }
}

impl<T> Clone for Blocks<T> {
    fn clone(&self) -> Self {
        Self { blocks: self.blocks.clone(), len: self.len }
    }
}

/// A block of one's own, with room for one more item.
fn growing<T: Clone>(block: &mut Arc<Vec<T>>) -> &mut Vec<T> {
    let room = BLOCK.max(block.len() + 1);
    if Arc::get_mut(block).is_none() {
        let mut copy = Vec::with_capacity(room);
        copy.extend_from_slice(block);
        *block = Arc::new(copy);
    }
    let block = Arc::make_mut(block);
    block.reserve_exact(room - block.len());
    block
}

/// Items in a full block. Larger makes clones cheaper and changes dearer.
const BLOCK: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use smooth::Span;

    #[test]
    fn behaves_like_a_sorted_list_and_versions_do_not_change() {
        let mut blocks = Blocks::default();
        let span = |time| Span { time, duration: 2 };
        for i in 0..1000 {
            assert!(blocks.insert(span(i * 4)));
        }
        let before = blocks.clone();
        assert!(blocks.insert(span(402)));
        assert!(!blocks.insert(span(402)));
        assert!(!blocks.insert(span(400)));
        assert_eq!(blocks.len(), 1001);
        assert_eq!(before.len(), 1000);
        assert_eq!(before.at(402), None);
        assert_eq!(blocks.at(402), Some(&span(402)));
        assert_eq!(blocks.floor(403), Some(&span(402)));
        assert!(blocks.change(402, |s| s.duration = 1));
        assert!(!blocks.change(403, |s| s.duration = 1));
        assert_eq!(blocks.remove(402), Some(Span { time: 402, duration: 1 }));
        assert_eq!(blocks.remove(402), None);
        assert_eq!((blocks.len(), before.at(402)), (1000, None));
        assert!(blocks.insert(span(402)));
        assert_eq!(blocks.from(401).next(), Some(&span(402)));
        assert_eq!(blocks.from(0).count(), 1001);
        for i in 0..300 {
            assert_eq!(
                blocks.pop_first().map(|s| s.time),
                Some(if i < 101 {
                    i * 4
                } else if i == 101 {
                    402
                } else {
                    (i - 1) * 4
                })
            );
        }
        assert_eq!(before.first(), Some(&span(0)));
        assert_eq!(blocks.floor(3), None);
        assert_eq!(blocks.iter().count(), 701);
        assert_eq!(blocks.iter().next_back(), before.last());
    }

    #[test]
    fn blocks_take_no_more_than_their_items_however_versions_are_made() {
        let mut blocks = Blocks::default();
        let mut shown = Blocks::clone(&blocks);
        for n in 0..10 * BLOCK as u64 {
            blocks.insert(Span { time: n, duration: 0 });
            if n % 3 > 0 {
                shown = blocks.clone();
            }
            blocks.change(n, |span| span.duration = 1);
            if n % 5 > 0 {
                shown = blocks.clone();
            }
        }
        let room: usize = blocks.blocks.iter().map(|block| block.capacity()).sum();
        assert_eq!((room, shown.len()), (blocks.len(), blocks.len()));
        // Between two others: not in steps that double.
        assert!(blocks.remove(7).is_some() && blocks.insert(Span { time: 7, duration: 1 }));
        assert!(blocks.blocks.iter().all(|block| block.capacity() == BLOCK));
    }
}
