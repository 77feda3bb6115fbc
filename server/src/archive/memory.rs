//! A log that holds what the live window holds.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use smooth::Span;

use super::{FragmentLog, Media, TrackId};

/// See [`FragmentLog`]. Shares the media with the point's snapshots; costs an entry per fragment.
#[derive(Debug, Default)]
pub struct MemoryLog {
    tracks: RwLock<BTreeMap<TrackId, BTreeMap<u64, Arc<Media>>>>,
}

impl FragmentLog for MemoryLog {
    fn append(&self, track: TrackId, span: Span, media: &Arc<Media>) -> io::Result<()> {
        let mut tracks = self.tracks.write().unwrap_or_else(PoisonError::into_inner);
        tracks.entry(track).or_default().insert(span.time, Arc::clone(media));
        Ok(())
    }

    fn get(&self, track: TrackId, time: u64) -> io::Result<Option<Arc<Media>>> {
        let tracks = self.tracks.read().unwrap_or_else(PoisonError::into_inner);
        Ok(tracks.get(&track).and_then(|t| t.get(&time)).cloned())
    }

    fn range(&self, track: TrackId) -> Option<(u64, u64)> {
        let tracks = self.tracks.read().unwrap_or_else(PoisonError::into_inner);
        let track = tracks.get(&track)?;
        Some((*track.first_key_value()?.0, *track.last_key_value()?.0))
    }

    fn release(&self, track: TrackId, time: u64) {
        let mut tracks = self.tracks.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(track) = tracks.get_mut(&track) {
            *track = track.split_off(&time);
        }
    }

    fn seal(&self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn holds_what_was_not_released() {
        let log = MemoryLog::default();
        let media = Arc::new(Media::new(Bytes::from_static(b"moof"), Bytes::from_static(b"mdat")));
        for time in [0, 20, 10] {
            log.append(3, Span { time, duration: 10 }, &media).unwrap();
        }
        assert_eq!(log.range(3), Some((0, 20)));
        log.release(3, 10);
        assert_eq!(log.get(3, 0).unwrap(), None);
        assert_eq!(log.get(3, 20).unwrap(), Some(media));
        assert_eq!(log.range(3), Some((10, 20)));
        assert_eq!(log.range(4), None);
    }
}
