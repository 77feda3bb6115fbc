//! From the journal of an archive back to its broadcast.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, ErrorKind, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use smooth::Limits;
use smooth::manifest::Kind;
use smooth::smil::live;

use super::catalog::Catalog;
use super::journal::{Begin, Indexed, Record};
use super::reader::Reader;
use super::recorder::units;
use super::segments::Segments;
use super::{MemoryLog, NewTrack, TrackId};
use crate::publishing_point::broadcast::{Broadcast, Rules};
use crate::publishing_point::track::TrackSpec;

/// What a journal says.
pub(super) struct Replay {
    pub(super) begin: Begin,
    pub(super) broadcast: Broadcast,
    /// Names and tracks of the push streams.
    pub(super) streams: Vec<(String, Vec<NewTrack>)>,
    pub(super) catalog: Catalog,
    /// Bytes of each file that the journal speaks of.
    pub(super) lengths: Vec<u64>,
    pub(super) segments: Segments,
    /// Where the journal began to speak of each segment.
    pub(super) starts: BTreeMap<u32, u64>,
    /// Fragments that may not have reached the disk itself before the power failed, with where the
    /// journal speaks of them.
    pub(super) recent: Vec<(u64, Indexed)>,
    /// Fragments that were not stored.
    pub(super) missing: u64,
    pub(super) sealed: bool,
    pub(super) closed: bool,
    /// Bytes of the journal that count.
    pub(super) valid: u64,
}

impl Replay {
    fn new(begin: Begin, rules: Rules, segment_length: i64, catalog: Catalog) -> Self {
        Self {
            broadcast: Broadcast::new(rules, Arc::new(MemoryLog), begin.begin),
            begin,
            streams: Vec::new(),
            catalog,
            lengths: Vec::new(),
            segments: Segments::new(segment_length),
            starts: BTreeMap::new(),
            recent: Vec::new(),
            missing: 0,
            sealed: false,
            closed: false,
            valid: 0,
        }
    }

    /// Reads the journal at `path`. `rules` and the length of segments follow from what the broadcast is.
    ///
    /// # Errors
    ///
    /// There is none, it does not say what the broadcast is, or the storage failed.
    pub(super) fn read(
        path: &Path,
        limits: &Limits,
        rules: impl FnOnce(&Begin) -> (Rules, i64),
    ) -> io::Result<Self> {
        let mut reader = Reader::new(File::open(path)?)?;
        let Some(Record::Begin(begin)) = reader.next()? else {
            return Err(io::Error::new(ErrorKind::InvalidData, "the journal does not say what it is of"));
        };
        let (rules, segment_length) = rules(&begin);
        let folder = path.parent().unwrap_or(path).to_owned();
        let catalog = Catalog { folder, is_segmented: segment_length > 0, ..Catalog::default() };
        let mut replay = Self::new(begin, rules, segment_length, catalog);
        let mut at = reader.valid();
        while let Some(record) = reader.next()? {
            if let Record::Segment { number, .. } = record {
                replay.starts.insert(number, at);
            }
            at = reader.valid();
            replay.apply(record, at, limits);
        }
        replay.valid = reader.valid();
        Ok(replay)
    }

    /// Does what `record`, which ends at byte `end` of the journal, says.
    fn apply(&mut self, record: Record, end: u64, limits: &Limits) {
        match record {
            Record::Begin(_) => {}
            Record::Tracks { stem, tracks, manifest } => self.tracks(stem, &tracks, &manifest, limits),
            Record::Segment { number, from } => self.segments.begin(number, from),
            Record::File { segment, stream, start } => {
                self.catalog.files.push((segment, stream));
                self.lengths.push(start);
            }
            Record::Run(offset) => self.broadcast.restore_run(offset),
            Record::Published { chunk, fragments } => {
                self.broadcast.restore(chunk, &fragments);
                for f in fragments {
                    self.stored(&f);
                    self.recent.push((end, f));
                }
                if self.recent.len() > 2 * MAX_RECENT {
                    self.recent.drain(..MAX_RECENT);
                }
            }
            Record::Gap { fragments, .. } => self.missing += u64::from(fragments),
            Record::Synced { upto } => self.recent.retain(|&(end, _)| end > upto),
            Record::Finished { segment } => {
                self.segments.finished = segment;
                self.starts.remove(&segment);
            }
            Record::Sealed => self.sealed = true,
            Record::Closed => self.closed = true,
        }
    }

    fn tracks(&mut self, stem: String, tracks: &[(TrackId, u32)], manifest: &str, limits: &Limits) {
        // Our own words; what cannot be read has no tracks.
        let described = live::read(manifest.as_bytes(), limits).map_or_else(|_| Vec::new(), |m| m.tracks);
        let specs: Vec<_> = tracks
            .iter()
            .zip(&described)
            .map(|(&(_, rank), track)| (rank as usize, TrackSpec::from(track)))
            .collect();
        let numbers = self.broadcast.restore_tracks(&specs);
        let new = |(id, (rank, _)): (TrackId, &(usize, TrackSpec))| {
            let spec = Arc::clone(&self.broadcast.tracks[id].spec);
            NewTrack { id, rank: *rank, spec }
        };
        let tracks = numbers.into_iter().zip(&specs).map(new).collect();
        self.catalog.names.push(stem.clone());
        self.streams.push((stem, tracks));
    }

    fn stored(&mut self, fragment: &Indexed) {
        if let Some(length) = self.lengths.get_mut(fragment.place.file() as usize) {
            *length = (*length).max(fragment.place.offset().saturating_add(fragment.size));
        }
        let Some(track) = self.broadcast.tracks.get(fragment.track) else { return };
        if track.spec.kind != Kind::Text {
            let units = |ticks| units(ticks, track.spec.timescale);
            let (start, end) = (units(fragment.span.time), units(fragment.span.end()));
            self.segments.stored(fragment.track as u32, start, end);
        }
    }
}

/// Reads the records of the journal at `path` from byte `from` on, where one begins.
pub(super) fn records(path: &Path, from: u64) -> io::Result<Reader<File>> {
    let mut file = File::open(path)?;
    if from == 0 {
        return Reader::new(file);
    }
    file.seek(SeekFrom::Start(from))?;
    Ok(Reader::resume(file, from))
}

/// Without a sync for so many fragments, older ones are believed to be there.
const MAX_RECENT: usize = 4096;
