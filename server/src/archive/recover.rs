//! An archive taken up again after a restart: what its journal says, checked against what is there.
//!
//! | what is found | what is done |
//! | --- | --- |
//! | a record that is not whole, at the end | it is cut off, with the media it would have spoken of |
//! | a fragment whose bytes are not what they were (power failed) | it is forgotten |
//! | no journal, or files that hold more than one write beyond it | it is written anew from the files |

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use smooth::{Limits, Span};

use super::catalog::segment_name;
use super::disk::{Disk as _, System};
use super::journal::{Begin, Indexed, MAGIC, Record};
use super::layout::JOURNAL;
use super::log::read_box;
use super::recorder::{Open, Recorder, Stream, tracks_record, units};
use super::replay::Replay;
use super::scan::{self, Scanned};
use super::tail::Tail;
use super::{NewTrack, Place, TrackId, hash};
use crate::publishing_point::broadcast::{Broadcast, Rules};
use crate::publishing_point::track::TrackSpec;

/// Reads the archive in `folder`, which `begin` describes, and mends what is torn.
///
/// # Errors
///
/// The storage failed, or there is nothing to go on with.
pub(super) fn read(
    folder: &Path,
    begin: &Begin,
    limits: &Limits,
    rules: impl Fn(&Begin) -> (Rules, i64),
) -> io::Result<Replay> {
    let journal = folder.join(JOURNAL);
    let mut replay = match Replay::read(&journal, limits, &rules) {
        Ok(replay) if !is_damaged(&replay, limits)? => replay,
        Err(e) if !is_lost(&e) => return Err(e),
        found => {
            tracing::warn!(folder = %folder.display(), "the archive's journal is lost or damaged: its files are read");
            let runs = found.as_ref().map_or(&[][..], |replay| replay.broadcast.runs());
            rebuild(folder, found.as_ref().map_or(begin, |replay| &replay.begin), runs, limits, &rules)?;
            Replay::read(&journal, limits, &rules)?
        }
    };
    verify(&mut replay);
    Ok(replay)
}

/// Forgets fragments that the power took.
fn verify(replay: &mut Replay) {
    for (_, fragment) in std::mem::take(&mut replay.recent) {
        let sound = replay.catalog.path(fragment.place.file()).is_some_and(|path| is_sound(&path, &fragment));
        if !sound {
            tracing::warn!(
                track = fragment.track,
                time = fragment.span.time,
                "a fragment of the archive is lost"
            );
            replay.broadcast.forget(fragment.track, fragment.span.time);
            replay.missing += 1;
        }
    }
}

fn is_sound(path: &Path, fragment: &Indexed) -> bool {
    let media = || -> io::Result<u64> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(fragment.place.offset()))?;
        read_box(&mut file, *b"moof", fragment.size)?;
        Ok(hash(&read_box(&mut file, *b"mdat", fragment.size)?))
    };
    media().is_ok_and(|hash| hash == fragment.hash)
}

/// Whether an error means that there is no journal to read.
fn is_lost(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
}

/// Whether the files hold more than what one write, torn, may have left beyond the journal.
fn is_damaged(replay: &Replay, limits: &Limits) -> io::Result<bool> {
    if replay.sealed {
        return Ok(false);
    }
    let newest = replay.segments.number;
    let folders = (newest..=newest + 1).map(|n| replay.catalog.segment(n)).collect::<BTreeSet<_>>();
    let mut unknown = BTreeMap::new();
    for folder in folders.iter().filter(|f| f.is_dir()) {
        for path in media_files(folder)?.into_values() {
            let start = scan::header(&path, limits)?.map_or(0, |(_, start)| start);
            unknown.insert(path, start);
        }
    }
    for (number, &length) in replay.lengths.iter().enumerate() {
        if let Some(path) = replay.catalog.path(number as u32) {
            unknown.insert(path, length);
        }
    }
    for (path, length) in unknown {
        let there = fs::metadata(&path).map_or(0, |m| m.len());
        if there > length && scan::most(&scan::fragments(&path, length, limits)?) > 1 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Writes the journal of an archive from its files.
fn rebuild(
    folder: &Path,
    begin: &Begin,
    runs: &[i64],
    limits: &Limits,
    rules: impl Fn(&Begin) -> (Rules, i64),
) -> io::Result<()> {
    let segmented = rules(begin).1 > 0;
    let segments =
        if segmented { (1..).take_while(|&n| folder.join(segment_name(n)).is_dir()).count() } else { 1 };
    let mut records = vec![Record::Begin(begin.clone())];
    // Every broadcast has the first.
    records.extend(runs.iter().skip(1).map(|&offset| Record::Run(offset)));
    let mut streams: Vec<(String, Vec<NewTrack>)> = Vec::new();
    let (mut files, mut found) = (Vec::new(), Vec::new());
    let mut complete = 0;
    for segment in 1..=segments as u32 {
        let inside = if segmented { folder.join(segment_name(segment)) } else { folder.to_owned() };
        for (name, path) in media_files(&inside)? {
            let Some((tracks, start)) = scan::header(&path, limits)? else { continue };
            let stream = streams.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
                let first: usize = streams.iter().map(|(_, tracks)| tracks.len()).sum();
                let new = |(rank, track)| NewTrack {
                    id: first + rank,
                    rank,
                    spec: Arc::new(TrackSpec::from(track)),
                };
                streams.push((name.clone(), tracks.iter().enumerate().map(new).collect()));
                records.push(tracks_record(name.clone(), &streams[streams.len() - 1].1));
                streams.len() - 1
            });
            records.push(Record::File { segment, stream: stream as u32, start });
            found.push((files.len() as u32, scan::fragments(&path, start, limits)?));
            files.push((segment, stream as u32));
        }
        if has_index(&inside) {
            complete = segment;
        }
    }
    if files.is_empty() {
        return Err(io::Error::new(ErrorKind::NotFound, "the archive has no files"));
    }
    let tracks: Vec<_> = streams.iter().map(|(_, tracks)| tracks.as_slice()).collect();
    records.extend(publish(&found, &files, &tracks));
    // Where the newest segment began is not known: its first fragment is as good.
    let newest = segments as u32;
    if let Some(from) = first_start(&found, &files, &tracks, newest).filter(|_| newest > 1) {
        records.push(Record::Segment { number: newest, from });
    }
    if complete > 0 {
        records.push(Record::Finished { segment: complete });
    }
    if complete == newest {
        records.push(Record::Sealed);
    }
    let mut bytes = MAGIC.to_vec();
    records.iter().for_each(|r| r.write(&mut bytes));
    System.replace(&folder.join(JOURNAL), &bytes)
}

/// Names and paths of the files with media in `folder`.
fn media_files(folder: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    let entries = fs::read_dir(folder)?.filter_map(Result::ok);
    let media = |path: &PathBuf| path.extension().is_some_and(|e| e == "ismv" || e == "isma");
    let files = entries.filter(|e| e.file_type().is_ok_and(|t| t.is_file()));
    Ok(files
        .filter(|e| media(&e.path()))
        .filter_map(|e| Some((e.file_name().to_str()?.to_owned(), e.path())))
        .collect())
}

/// Whether there is a client manifest: the segment was finished.
fn has_index(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.into_iter().any(|e| e.path().extension().is_some_and(|e| e == "ismc"))
}

type Found = [(u32, Vec<Scanned>)];

/// What was published, as far as files tell: the fragments of each stream that start alike, together.
fn publish(found: &Found, files: &[(u32, u32)], streams: &[&[NewTrack]]) -> Vec<Record> {
    let mut chunks = BTreeMap::<(i64, &str, u64), Vec<Indexed>>::new();
    for (number, scanned) in found {
        let tracks = streams.get(files[*number as usize].1 as usize).copied().unwrap_or_default();
        for s in scanned {
            let Some(track) = tracks.iter().find(|t| t.spec.id == s.track_id) else { continue };
            let Some(place) = Place::new(*number, s.offset) else { continue };
            let (raw, start) = (s.span.time.cast_signed(), units(s.span.time, track.spec.timescale));
            let indexed = Indexed { track: track.id, span: s.span, raw, hash: s.hash, place, size: s.size };
            chunks.entry((start, &track.spec.name, s.span.time)).or_default().push(indexed);
        }
    }
    let bitrate = |id: TrackId| {
        let track = streams.iter().flat_map(|s| s.iter()).find(|t| t.id == id);
        track.map_or(0, |t| t.spec.level.bitrate)
    };
    let chunk = |mut fragments: Vec<Indexed>| {
        // The lowest level says how long the chunk is.
        fragments.sort_by_key(|f| bitrate(f.track));
        let mut seen = BTreeSet::new();
        fragments.retain(|f| seen.insert(f.track));
        let chunk = fragments.first().map(|f| (f.track, f.span));
        Record::Published { chunk, fragments }
    };
    chunks.into_values().map(chunk).collect()
}

/// Where the first fragment of `segment` starts, in units of 100 ns.
fn first_start(found: &Found, files: &[(u32, u32)], streams: &[&[NewTrack]], segment: u32) -> Option<i64> {
    let inside: Vec<_> = found.iter().filter(|(n, _)| files[*n as usize].0 == segment).cloned().collect();
    let records = publish(&inside, files, streams);
    let start = |record: &Record| match record {
        Record::Published { chunk: Some((id, Span { time, .. })), .. } => {
            let track = streams.iter().flat_map(|s| s.iter()).find(|t| t.id == *id)?;
            Some(units(*time, track.spec.timescale))
        }
        _ => None,
    };
    records.iter().filter_map(start).min()
}

impl Recorder {
    /// Goes on where the archive that `replay` is of ended. Cuts off what is torn. Returns the broadcast.
    ///
    /// # Errors
    ///
    /// The storage failed.
    pub(super) fn resume(&mut self, replay: Replay) -> io::Result<Broadcast> {
        let folder = replay.catalog.folder.clone();
        self.plan.begin = replay.begin;
        self.sealed = replay.sealed;
        self.segments = replay.segments;
        self.starts = replay.starts;
        self.pointed = true;
        let journal = self.disk.open(&folder.join(JOURNAL))?;
        let mut open = Vec::new();
        for (number, &(segment, stream)) in replay.catalog.files.iter().enumerate() {
            if replay.sealed || segment <= self.segments.finished {
                continue;
            }
            let Some(path) = replay.catalog.path(number as u32) else { continue };
            let Ok(output) = self.disk.open(&path) else { continue };
            let mut tail = Tail::new(output, replay.lengths[number]);
            tail.append(&[])?;
            open.push(Open { number: Some(number as u32), segment, stream, tail });
        }
        let mut journal = Tail::new(journal, replay.valid);
        journal.append(&[])?;
        self.shared.written(journal.committed());
        self.journal = Some(journal);
        self.files = open;
        let limits = &self.plan.limits;
        self.streams = replay.streams.into_iter().map(|(_, tracks)| Stream::new(tracks, limits)).collect();
        self.shared.settle_in(replay.catalog);
        self.shared.missed(replay.missing);
        self.folder = Some(folder);
        self.share_outputs();
        Ok(replay.broadcast)
    }
}
