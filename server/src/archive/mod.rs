//! Where accepted fragments are kept: the seam between a publishing point and its storage.
//!
//! [`FragmentLog`] is what a point writes to and what old fragments are read from. [`MemoryLog`] keeps
//! the live window in memory and nothing beyond it.

mod memory;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use smooth::Span;

pub use memory::MemoryLog;

/// One fragment as it came from the encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// The whole `moof` box.
    pub moof: Bytes,
    /// The whole `mdat` box.
    pub mdat: Bytes,
    /// Of the `mdat`: two copies with the same time and hash are the same fragment.
    pub hash: u64,
}

impl Media {
    /// A fragment, with its hash.
    #[must_use]
    pub fn new(moof: Bytes, mdat: Bytes) -> Self {
        let hash = hash(&mdat);
        Self { moof, mdat, hash }
    }

    /// Bytes of both boxes.
    #[must_use]
    pub fn size(&self) -> u64 {
        (self.moof.len() + self.mdat.len()) as u64
    }
}

/// Number of a track in a log, in order of first appearance in the broadcast.
pub type TrackId = usize;

/// The fragments of one broadcast, keyed by track and start.
///
/// Calls for one track come from one writer, mostly in the order of time (a late fragment may fill a
/// hole); readers may call [`get`](Self::get) and [`range`](Self::range) at any moment.
pub trait FragmentLog: Send + Sync {
    /// Adds a fragment. `span` is the place on the broadcast's timeline, in ticks of the track's stream.
    ///
    /// # Errors
    ///
    /// The storage failed; the point goes on from memory.
    fn append(&self, track: TrackId, span: Span, media: &Arc<Media>) -> io::Result<()>;

    /// The fragment that starts exactly at `time`; `None` if the log does not hold it.
    ///
    /// # Errors
    ///
    /// The storage failed.
    fn get(&self, track: TrackId, time: u64) -> io::Result<Option<Arc<Media>>>;

    /// From the start of the oldest fragment of `track` to the start of the newest.
    fn range(&self, track: TrackId) -> Option<(u64, u64)>;

    /// The window has moved on: fragments of `track` that start before `time` are not asked for again.
    fn release(&self, track: TrackId, time: u64);

    /// The broadcast is over; nothing is appended after this.
    ///
    /// # Errors
    ///
    /// The storage failed.
    fn seal(&self) -> io::Result<()>;
}

/// 64 bits that are the same on every machine and in every version: part of what is served (`ETag`).
/// Eight bytes a step, for it runs over all media. Not for hostile collisions: a duplicate is compared
/// byte by byte before it is believed.
#[must_use]
pub fn hash(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut tail = [0; 8];
    tail[..rest.len()].copy_from_slice(rest);
    words
        .iter()
        .chain([&tail, &(bytes.len() as u64).to_le_bytes()])
        .fold(0x9e37_79b9_7f4a_7c15, |h: u64, w| mix(h ^ u64::from_le_bytes(*w)))
}

const fn mix(x: u64) -> u64 {
    let x = x.wrapping_mul(0xff51_afd7_ed55_8ccd);
    x ^ (x >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_and_the_length_count() {
        let data: Vec<u8> = (0..67).collect();
        let mut seen = std::collections::HashSet::from([hash(&data), hash(&data[..66])]);
        for i in 0..data.len() {
            let mut other = data.clone();
            other[i] ^= 1;
            assert!(seen.insert(hash(&other)));
        }
        assert_ne!(hash(&[0; 8]), hash(&[0; 9]));
    }
}
