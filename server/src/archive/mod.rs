//! Where published fragments are kept: the seam between a publishing point and its storage.
//!
//! [`FragmentLog`] is what a point writes to and what old fragments are read from. [`MemoryLog`] is the
//! log of a point without an archive.

mod archives;
mod catalog;
mod disk;
mod finish;
mod job;
mod journal;
mod layout;
mod lock;
mod log;
mod memory;
mod place;
mod plan;
mod reader;
mod recorder;
mod recover;
mod replay;
mod scan;
mod segments;
mod shared;
mod status;
mod tail;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use smooth::Span;

pub use archives::{Archives, Recovered};
pub use journal::Indexed;
pub use log::DiskLog;
pub use memory::MemoryLog;
pub use place::Place;
pub use shared::Watcher;
pub use status::{Status, Trouble};

use crate::publishing_point::track::TrackSpec;

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

/// A track that a push stream's header brought.
#[derive(Clone, Debug)]
pub struct NewTrack {
    /// Its number.
    pub id: TrackId,
    /// Its place in the header.
    pub rank: usize,
    /// What the header says.
    pub spec: Arc<TrackSpec>,
}

/// A fragment on its way into a log.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its track.
    pub track: TrackId,
    /// Where it lies on the broadcast's timeline, in ticks of its stream.
    pub span: Span,
    /// The encoder's start, mapped but not clipped, in ticks.
    pub raw: i64,
    /// Its bytes.
    pub media: Arc<Media>,
}

/// What becomes visible at once: a chunk with the fragments of its levels, or late fragments of chunks
/// that are there.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// The new chunk, with a track of its stream.
    pub chunk: Option<(TrackId, Span)>,
    /// Fragments, one for a track at most.
    pub fragments: Vec<Kept>,
}

/// A fragment that a log has stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its track.
    pub track: TrackId,
    /// Its start in ticks.
    pub time: u64,
    /// Where it is.
    pub place: Place,
}

/// The fragments of one broadcast, and what it takes to go on with it.
///
/// One writer makes the calls that write, and none of them waits for the storage: what they say is stored
/// in their order, as soon as may be. Any number of readers may call [`get`](Self::get) at any moment. A
/// log that is only read leaves the writing as it is here.
pub trait FragmentLog: Send + Sync {
    /// The fragment of `track` that starts exactly at `time`, stored at `place`; `None` if the log does
    /// not hold it. Blocks.
    ///
    /// # Errors
    ///
    /// The storage failed, or what it holds is damaged.
    fn get(&self, track: TrackId, time: u64, place: Option<Place>) -> io::Result<Option<Arc<Media>>>;

    /// Push stream `stream` of `event` brought tracks that were not there.
    fn describe(&self, event: Option<&str>, stream: &str, tracks: &[NewTrack]) {
        let _ = (event, stream, tracks);
    }

    /// A run of encoder time began at `offset`, in units of 100 ns.
    fn run(&self, offset: i64) {
        let _ = offset;
    }

    /// Something was published.
    fn append(&self, published: Published) {
        let _ = published;
    }

    /// What was stored since the last call.
    fn stored(&self) -> Vec<Stored> {
        Vec::new()
    }

    /// Number of the newest thing to store; grows over all logs of a server.
    fn position(&self) -> u64 {
        0
    }

    /// Everything up to this number is stored, or will not be waited for.
    fn reached(&self) -> u64 {
        u64::MAX
    }

    /// What is not stored by now is not waited for any more, until the storage has caught up.
    fn give_up(&self) {}

    /// The broadcast is over; nothing is appended after this.
    fn seal(&self) {}

    /// The broadcast is forgotten: a restart does not bring it back.
    fn close(&self) {}
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
mod tests;

#[cfg(test)]
mod hashing {
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
