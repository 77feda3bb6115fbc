//! An encoder of one video track whose fragments start and last as a test likes.

use smooth::Span;
use smooth::boxes::build;
use smooth::smil::live::Track;

use crate::harness::{Origin, Parts, capture};

pub(crate) struct Video {
    track: Track,
}

impl Video {
    pub(crate) fn new() -> Self {
        let parts = Parts::of(&capture());
        let track = Track { id: 1, ..parts.tracks.tracks[0].clone() };
        Self { track }
    }

    /// Another level of the same stream, as track `id`.
    pub(crate) fn rung(&self, id: u32, bitrate: u32) -> Self {
        let mut track = Track { id, ..self.track.clone() };
        track.level.bitrate = bitrate;
        Self { track }
    }

    /// The header of a push stream that carries both.
    pub(crate) fn header_with(&self, other: &Self) -> Vec<u8> {
        build::push_header(&[self.track.clone(), other.track.clone()]).unwrap()
    }

    pub(crate) fn header(&self) -> Vec<u8> {
        build::push_header(std::slice::from_ref(&self.track)).unwrap()
    }

    /// A fragment from `time` on, in milliseconds, whose samples are filled with `content`.
    pub(crate) fn fragment(&self, time: i64, duration: u64, content: u8) -> Vec<u8> {
        let ticks = duration * 10_000;
        let sample = build::Sample {
            duration: u32::try_from(ticks).unwrap(),
            size: 1000,
            flags: build::SYNC_SAMPLE,
            composition_offset: 0,
        };
        let span = Span { time: (time * 10_000).cast_unsigned(), duration: ticks };
        let spec = build::FragmentSpec { sequence: 1, track_id: self.track.id, span, samples: &[sample] };
        [build::fragment(&spec), build::mdat_header(1000).to_vec(), vec![content; 1000]].concat()
    }

    /// `count` fragments from `time` on, one behind the other.
    pub(crate) fn run(&self, time: i64, duration: u64, count: u8, content: u8) -> Vec<u8> {
        let start = |n: u8| time + i64::from(n) * i64::try_from(duration).unwrap();
        (0..count).flat_map(|n| self.fragment(start(n), duration, content)).collect()
    }
}

/// Starts of the chunks that the manifest lists, in milliseconds.
pub(crate) async fn chunks(origin: &Origin) -> Vec<u64> {
    origin.manifest().await.streams[0].chunks.iter().map(|c| c.time / 10_000).collect()
}

/// Waits until the manifest lists a chunk at `time`, in milliseconds.
pub(crate) async fn listed(origin: &Origin, time: u64) {
    loop {
        if origin.get("/live.isml/Manifest").await.status == 200 && chunks(origin).await.contains(&time) {
            return;
        }
        tokio::task::yield_now().await;
    }
}
