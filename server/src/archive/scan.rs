//! What a file of fragments holds, read from the file alone.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use smooth::ingest::{Demuxer, Event, TrackInfo};
use smooth::{Limits, Span, boxes};

use super::log::read_box;
use super::{Media, hash};

/// A whole fragment in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scanned {
    pub(super) track_id: u32,
    pub(super) span: Span,
    pub(super) hash: u64,
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// The whole fragments from byte `from` on, where one begins or the file ends.
pub(super) fn fragments(path: &Path, from: u64, limits: &Limits) -> io::Result<Vec<Scanned>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut input = BufReader::new(file);
    let (mut found, mut offset) = (Vec::new(), from);
    // Ends where something else stands, or a box is cut short.
    while let Some(media) = next(&mut input, limits) {
        let size = media.size();
        if let Ok(head) = boxes::read_head(&media.moof, limits) {
            let span = head.span.unwrap_or_default();
            found.push(Scanned { track_id: head.track_id, span, hash: media.hash, offset, size });
        }
        offset += size;
    }
    Ok(found)
}

fn next(input: &mut impl Read, limits: &Limits) -> Option<Media> {
    let moof = read_box(input, *b"moof", limits.moof_bytes as u64).ok()?;
    let mdat = read_box(input, *b"mdat", limits.fragment_bytes as u64).ok()?;
    let hash = hash(&mdat);
    Some(Media { moof, mdat, hash })
}

/// The tracks that a file announces, and where its first fragment stands.
pub(super) fn header(path: &Path, limits: &Limits) -> io::Result<Option<(Vec<TrackInfo>, u64)>> {
    let mut file = File::open(path)?;
    let mut start = Vec::new();
    (&mut file).take(limits.header_bytes as u64 + 4096).read_to_end(&mut start)?;
    let (mut at, mut end) = (0_usize, 0);
    // From box to box, up to the first fragment or to the end.
    while let Ok(Some(header)) = boxes::Header::read(start.get(at..).unwrap_or_default()) {
        let size = header.size.and_then(|s| usize::try_from(s).ok()).unwrap_or(usize::MAX);
        let Some(next) = at.checked_add(size).filter(|_| header.kind != *b"moof") else { break };
        if next > start.len() {
            return Ok(None);
        }
        (at, end) = (next, next);
    }
    let mut demuxer = Demuxer::new(*limits);
    demuxer.push(bytes::Bytes::copy_from_slice(&start[..end]));
    Ok(match demuxer.poll() {
        Ok(Some(Event::Header(header))) => Some((header.tracks, end as u64)),
        _ => None,
    })
}

/// The largest number of fragments that one track has.
pub(super) fn most(fragments: &[Scanned]) -> usize {
    let mut counts = BTreeMap::<u32, usize>::new();
    for fragment in fragments {
        *counts.entry(fragment.track_id).or_default() += 1;
    }
    counts.into_values().max().unwrap_or(0)
}
