//! Bytes that arrive in pieces of any size, taken out in pieces of another.

use bytes::{Buf, Bytes};

/// A byte stream: what is left over of earlier pieces, then the newest piece.
///
/// Takes memory for what has arrived only. A piece that lies inside one arrival is handed out without a
/// copy; one that spans several is gathered.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    gathered: Vec<u8>,
    newest: Bytes,
}

impl Buffer {
    pub(super) fn push(&mut self, data: Bytes) {
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
            return Some(self.newest.split_to(len));
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
