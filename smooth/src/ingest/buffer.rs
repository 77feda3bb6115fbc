//! Bytes that arrive in pieces of any size, taken out in pieces of another.

use bytes::{Buf, Bytes};

/// A byte stream: what is left over of earlier pieces, then the newest piece.
///
/// Takes memory for what has arrived only. A piece that lies inside one arrival is handed out without a
/// copy, unless it is a small part of it: it would keep the whole arrival in memory for as long as it
/// lives. One that spans several is gathered.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    gathered: Vec<u8>,
    newest: Bytes,
    /// Bytes of the newest piece when it came.
    arrived: usize,
}

impl Buffer {
    pub(super) fn push(&mut self, data: Bytes) {
        self.arrived = data.len();
        if !self.newest.is_empty() {
            let newest = core::mem::replace(&mut self.newest, data);
            self.gathered.extend_from_slice(&newest);
        } else {
            self.newest = data;
        }
    }

    /// The first `len` bytes, without taking them; fewer if fewer are there.
    pub(super) fn peek(&mut self, len: usize) -> &[u8] {
        if self.gathered.is_empty() {
            return self.newest.get(..len).unwrap_or(&self.newest);
        }
        self.gather(len);
        self.gathered.get(..len).unwrap_or(&self.gathered)
    }

    /// Whether no byte is there.
    pub(super) fn is_empty(&self) -> bool {
        self.gathered.is_empty() && self.newest.is_empty()
    }

    /// Takes `len` bytes; `None` if fewer are there, which then stay.
    pub(super) fn take(&mut self, len: usize) -> Option<Bytes> {
        if self.gathered.is_empty() && self.newest.len() >= len {
            let taken = self.newest.split_to(len);
            let pins = self.arrived / MOST_PINNED >= len.max(1);
            return Some(if pins { Bytes::copy_from_slice(&taken) } else { taken });
        }
        self.gather(len);
        let taken = self.gathered.get(..len).map(Bytes::copy_from_slice)?;
        self.drop_gathered(len);
        Some(taken)
    }

    /// Drops up to `len` bytes; how many they were.
    pub(super) fn skip(&mut self, len: u64) -> u64 {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let old = len.min(self.gathered.len());
        self.drop_gathered(old);
        let new = len.saturating_sub(old).min(self.newest.len());
        self.newest.advance(new);
        old.saturating_add(new) as u64
    }

    /// Moves bytes over until `len` of them are gathered, as far as they are there.
    fn gather(&mut self, len: usize) {
        let missing = len.saturating_sub(self.gathered.len()).min(self.newest.len());
        self.gathered.extend_from_slice(&self.newest.split_to(missing));
    }

    fn drop_gathered(&mut self, len: usize) {
        // Usually all of them: `gather` takes no more than was asked for.
        self.gathered.drain(..len);
    }
}

/// How many times its own size a piece may keep in memory. Copying what is smaller costs little, for it is
/// little.
const MOST_PINNED: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_part_of_an_arrival_is_not_copied_and_a_small_one_keeps_nothing_else() {
        let arrival = Bytes::from(vec![7; 100_000]);
        let inside = |taken: &Bytes| arrival.as_ptr_range().contains(&taken.as_ptr());
        let mut buffer = Buffer::default();
        buffer.push(arrival.clone());
        let taken = [2_000, 60_000, 26_000].map(|len| buffer.take(len).unwrap());
        assert_eq!(taken.each_ref().map(inside), [false, true, true]);
        assert_eq!(taken.each_ref().map(Bytes::len), [2_000, 60_000, 26_000]);
        // The rest of it, gathered with what comes next, is a copy of its own.
        buffer.push(Bytes::from(vec![7; 10]));
        assert!(!inside(&buffer.take(12_010).unwrap()) && buffer.is_empty());
    }
}
