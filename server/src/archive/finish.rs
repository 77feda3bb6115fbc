//! What turns the files of a segment into a presentation: the index at the end of each, and the two
//! manifests beside them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::Arc;

use smooth::boxes::mfra::{self, TrackIndex};
use smooth::manifest::{self, Kind, Manifest};
use smooth::smil::presentation::{self, Presentation, Track};

use super::catalog::Catalog;
use super::disk::Disk;
use super::journal::{Indexed, Record};
use super::reader::Reader;
use super::recorder::{Open, Stream};
use super::{MemoryLog, NewTrack};
use crate::publishing_point::broadcast::{Broadcast, Rules};
use crate::publishing_point::listing;

/// A segment that is complete.
pub(super) struct Segment<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) number: u32,
    /// All push streams of the broadcast.
    pub(super) streams: &'a [Stream],
}

impl Segment<'_> {
    /// Writes index and manifests of the segment, of which `records` speak. May be done again.
    pub(super) fn finish(
        &self,
        disk: &dyn Disk,
        name: &str,
        mut records: Reader<File>,
        files: Vec<&mut Open>,
    ) -> io::Result<()> {
        if files.is_empty() {
            return Ok(());
        }
        let mut broadcast = Broadcast::new(ALL, Arc::new(MemoryLog), 0);
        for stream in self.streams {
            let spec = |t: &NewTrack| (t.rank, (*t.spec).clone());
            broadcast.restore_tracks(&stream.tracks.iter().map(spec).collect::<Vec<_>>());
        }
        let mut indexes = BTreeMap::<u32, Vec<Indexed>>::new();
        while let Some(record) = records.next()? {
            let Record::Published { chunk, mut fragments } = record else { continue };
            let segment = |f: &Indexed| self.catalog.files.get(f.place.file() as usize).map(|&(s, _)| s);
            fragments.retain(|f| segment(f) == Some(self.number));
            if !fragments.is_empty() {
                broadcast.restore(chunk, &fragments);
            }
            for fragment in fragments {
                indexes.entry(fragment.place.file()).or_default().push(fragment);
            }
        }
        let mut described =
            Presentation { client_manifest: Some(format!("{name}.ismc")), ..Presentation::default() };
        for file in files {
            let index = file.number.and_then(|n| indexes.remove(&n)).unwrap_or_default();
            let tracks = self.streams.get(file.stream as usize).map_or(&[][..], |s| &s.tracks);
            let of = |track: &NewTrack| {
                let mut entries: Vec<_> = index.iter().filter(|f| f.track == track.id).collect();
                entries.sort_by_key(|f| f.span.time);
                let entry = |f: &&Indexed| mfra::Entry::fragment(f.span.time, f.place.offset());
                TrackIndex { track_id: track.spec.id, entries: entries.iter().map(entry).collect() }
            };
            let all: Vec<_> =
                tracks.iter().map(|t| (t, of(t))).filter(|(_, i)| !i.entries.is_empty()).collect();
            let src = self.catalog.names.get(file.stream as usize).cloned().unwrap_or_default();
            described.tracks.extend(all.iter().map(|(track, _)| describe(track, &src)));
            let indexes: Vec<_> = all.into_iter().map(|(_, index)| index).collect();
            // Not committed: what is appended after a restart takes its place.
            file.tail.roll_back();
            file.tail.append(&mfra::write(&indexes))?;
        }
        let folder = self.catalog.segment(self.number);
        let client = manifest::write(&list(&broadcast));
        disk.replace(&folder.join(format!("{name}.ismc")), client.as_bytes())?;
        disk.replace(&folder.join(format!("{name}.ism")), presentation::write(&described).as_bytes())
    }
}

/// The client manifest of what is in `broadcast`.
fn list(broadcast: &Broadcast) -> Manifest {
    let mut views = broadcast.views();
    for view in &mut views {
        view.levels.retain(|l| !l.entries.is_empty());
    }
    let protection = listing::protection(&views);
    let views = views.iter().filter(|v| !v.chunks.is_empty() && !v.levels.is_empty());
    let streams: Vec<_> = views.map(|v| listing::stream(v, v.chunks.len())).collect();
    Manifest { duration: listing::duration(&streams), protection, streams, ..Manifest::default() }
}

/// A track of the file `src`.
fn describe(track: &NewTrack, src: &str) -> Track {
    let spec = &track.spec;
    let mut other = spec.level.custom_attributes.clone();
    let mut param = |name: &str, value: String| other.push((name.to_owned(), value));
    param("FourCC", spec.level.fourcc.clone());
    if spec.kind == Kind::Text && !spec.subtype.is_empty() {
        param("Subtype", spec.subtype.clone());
    }
    Track {
        language: spec.language.clone(),
        id: Some(spec.id),
        name: spec.name.clone(),
        timescale: Some(spec.timescale),
        parent: spec.parent.clone(),
        manifest_output: spec.manifest_output,
        other,
        ..Track::new(spec.kind, src, spec.level.bitrate)
    }
}

/// Everything stays.
const ALL: Rules = Rules {
    look_ahead: 0,
    window: 0,
    live_cache: 0,
    resend_fragments: 0,
    max_jump: 0,
    max_bytes: u64::MAX,
    max_tracks: usize::MAX,
    max_lag: 0,
    max_unaligned: u32::MAX,
};
