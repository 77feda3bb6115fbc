//! The fragments of a presentation, read from its files.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use smooth::{Limits, boxes};

use super::file::Media as File;
use crate::archive::{FragmentLog, Media, Place, TrackId};

/// See the module.
#[derive(Debug)]
pub(super) struct Files {
    /// By number of [`Place::file`].
    pub(super) files: Vec<Arc<File>>,
    /// Id of each track in its file.
    pub(super) ids: Vec<u32>,
    pub(super) limits: Limits,
    /// A file is not what it was: the presentation is to be opened anew.
    pub(super) is_stale: AtomicBool,
}

impl FragmentLog for Files {
    fn get(&self, track: TrackId, _: u64, place: Option<Place>) -> io::Result<Option<Arc<Media>>> {
        let Some((place, &id)) = place.zip(self.ids.get(track)) else { return Ok(None) };
        let Some(file) = self.files.get(place.file() as usize) else { return Ok(None) };
        let media = self.read(file, place.offset(), id);
        // Otherwise what was read may be half of the old and half of the new.
        let changed = file.has_changed();
        if changed || media.is_err() {
            self.is_stale.store(true, Ordering::Release);
        }
        let error = match media {
            Ok(media) if !changed => return Ok(Some(Arc::new(media))),
            Err(e) if !changed => e,
            _ => io::Error::other("it changed while it was read"),
        };
        Err(io::Error::new(error.kind(), format!("{}, byte {}: {error}", file.name, place.offset())))
    }
}

impl Files {
    /// The fragment of track `id` at `offset`.
    fn read(&self, file: &File, offset: u64, id: u32) -> io::Result<Media> {
        let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let (moof, end) = self.read_box(file, offset, *b"moof", self.limits.moof_bytes)?;
        let head = boxes::read_head(&moof, &self.limits).map_err(|e| wrong(&e.to_string()))?;
        if head.track_id != id {
            return Err(wrong("the index names a fragment of another track"));
        }
        let room = self.limits.fragment_bytes.saturating_sub(moof.len());
        let (mdat, _) = self.read_box(file, end, *b"mdat", room)?;
        Ok(Media::new(moof.into(), mdat.into()))
    }

    /// The whole box at `start`, and where it ends.
    fn read_box(&self, file: &File, start: u64, kind: [u8; 4], max: usize) -> io::Result<(Vec<u8>, u64)> {
        let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
        let found = file.top_box(start)?.filter(|b| b.kind == kind);
        let name = String::from_utf8_lossy(&kind);
        let found = found.ok_or_else(|| wrong(format!("no {name} stands where the index says")))?;
        if found.end - found.start > max as u64 {
            return Err(wrong(format!("the {name} is larger than max-fragment-bytes allows")));
        }
        Ok((file.read(found.start, found.end)?, found.end))
    }
}
