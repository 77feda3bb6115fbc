//! Reading one file: its tracks, and their samples on one clock.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use smooth::boxes::moov;
use smooth::codec::Codec;
use smooth::ingest::{self, Demuxer};
use smooth::manifest::Kind;
use smooth::{Limits, Timescale};

use super::error::SourceError;
use super::fields::{Fields, child};
use super::file::{Media, TopBox};
use super::fragments;
use super::reel::{Sample, TICKS, Track, clamp};
use super::tables::{self, RawSample};

/// Bytes of `moov` that are read: sample tables of many hours.
const MOOV_LIMIT: u64 = 256 << 20;

/// The tracks of `media`, the source number `index`.
pub(super) fn read(media: &Media, index: usize) -> Result<Vec<Track>, SourceError> {
    let broken = |error| SourceError::Broken { file: media.name.clone(), error };
    let boxes = media.boxes()?;
    let Some(moov) = boxes.iter().find(|b| b.kind == *b"moov") else {
        return Err(SourceError::NotMp4 { file: media.name.clone() });
    };
    if moov.end - moov.start > MOOV_LIMIT {
        return Err(broken(smooth::Error::Limit { what: "moov", max: MOOV_LIMIT }));
    }
    let infos = describe(media, &boxes, *moov)?;
    if infos.iter().any(|info| !info.protection.is_empty()) {
        return Err(SourceError::Encrypted { file: media.name.clone() });
    }
    let whole = media.read(moov.start, moov.end)?;
    let is_sealed = |track: &moov::Track| track.is_encrypted;
    if moov::read(&whole, &Limits::default()).map_err(broken)?.iter().any(is_sealed) {
        return Err(SourceError::Encrypted { file: media.name.clone() });
    }
    let moov =
        whole.slice(usize::try_from(moov.payload - moov.start).unwrap_or(usize::MAX).min(whole.len())..);
    let mut samples = if boxes.iter().any(|b| b.kind == *b"moof") {
        fragments::read(media, &moov, &boxes)?
    } else {
        read_tables(&moov, media.len()).map_err(broken)?
    };
    let mut found = Vec::new();
    for info in infos {
        let samples = samples.remove(&info.id).filter(|s| !s.is_empty());
        if let (Some(samples), Kind::Video | Kind::Audio) = (samples, info.kind) {
            found.push((info, samples));
        }
    }
    let origin = origin(&found);
    let mut tracks = Vec::new();
    for (info, raw) in found {
        if info.kind == Kind::Video && !raw.iter().any(|s| s.sync) {
            return Err(SourceError::NoKeyFrame { file: media.name.clone() });
        }
        let Some((samples, end)) = normalise(&raw, &info, origin) else {
            return Err(SourceError::broken(&media.name, "track", "its times do not increase"));
        };
        if Codec::from_level(info.kind, &info.level, "").is_err() {
            let (file, fourcc) = (media.name.clone(), info.level.fourcc.clone());
            return Err(SourceError::Codec { file, track: info.id, fourcc });
        }
        let mut level = info.level;
        if level.bitrate == 0 {
            level.bitrate = measure(&samples, end);
        }
        tracks.push(Track {
            media: index,
            kind: info.kind,
            name: String::new(),
            language: if info.language.is_empty() { "und".to_owned() } else { info.language },
            level,
            samples,
            end,
            fragments: Vec::new(),
        });
    }
    if tracks.is_empty() {
        return Err(SourceError::Empty { file: media.name.clone() });
    }
    Ok(tracks)
}

/// What the header boxes say of each track.
fn describe(media: &Media, boxes: &[TopBox], moov: TopBox) -> Result<Vec<ingest::TrackInfo>, SourceError> {
    let broken = |error| SourceError::Broken { file: media.name.clone(), error };
    let mut header = BytesMut::new();
    // The header of a recorded push tells the bitrates; it stands before `moov`.
    for part in boxes.iter().filter(|b| matches!(&b.kind, b"ftyp" | b"uuid") && b.start < moov.start) {
        if part.end - part.start <= Limits::default().header_bytes as u64 {
            header.extend_from_slice(&media.read(part.start, part.end)?);
        }
    }
    header.extend_from_slice(&media.read(moov.start, moov.end)?);
    // A file without that box says what it has when its first fragment begins, if it has none too.
    header.extend_from_slice(b"\0\0\0\x08moof");
    let mut demuxer = Demuxer::new(Limits { header_bytes: header.len(), ..Limits::default() });
    demuxer.push(Bytes::from(header));
    match demuxer.poll().map_err(broken)? {
        Some(ingest::Event::Header(header)) => Ok(header.tracks),
        _ => Err(SourceError::Empty { file: media.name.clone() }),
    }
}

fn read_tables(moov: &[u8], file_len: u64) -> Result<HashMap<u32, Vec<RawSample>>, smooth::Error> {
    let mut found = HashMap::new();
    for trak in smooth::boxes::walk(moov) {
        let trak = trak?;
        if trak.kind == *b"trak" {
            found.insert(track_id(trak.payload)?, tables::read(trak.payload, file_len)?);
        }
    }
    Ok(found)
}

fn track_id(trak: &[u8]) -> Result<u32, smooth::Error> {
    let header = child(trak, b"tkhd")?.ok_or(smooth::Error::Invalid { what: "trak", rule: "no tkhd" })?;
    let mut fields = Fields::new(header, "tkhd");
    let (version, _) = fields.version()?;
    fields.uint(version > 0)?;
    fields.uint(version > 0)?;
    fields.u32()
}

/// Where the file begins, in ticks: at its first key frame. A file with sound alone begins at zero, or
/// with its first frame where that is far away (a recorded broadcast).
fn origin(tracks: &[(ingest::TrackInfo, Vec<RawSample>)]) -> i64 {
    let of = |kind| tracks.iter().filter(move |(info, _)| info.kind == kind);
    let start = |(info, samples): &(ingest::TrackInfo, Vec<RawSample>)| {
        samples.iter().find(|s| s.sync).map(|s| ticks(s.time.saturating_add(s.composition), info.timescale))
    };
    if let Some(video) = of(Kind::Video).filter_map(start).min() {
        return video;
    }
    let audio = of(Kind::Audio).filter_map(start).min().unwrap_or(0);
    if audio.unsigned_abs() < TICKS { 0 } else { audio }
}

fn ticks(time: i64, timescale: Timescale) -> i64 {
    let wide = i128::from(time) * i128::from(TICKS) / i128::from(timescale.get());
    i64::try_from(wide).unwrap_or(if wide < 0 { i64::MIN } else { i64::MAX })
}

/// The samples from `origin` on, and where they end. `None` if their times do not increase.
fn normalise(raw: &[RawSample], info: &ingest::TrackInfo, origin: i64) -> Option<(Vec<Sample>, u64)> {
    let at = |time: i64| ticks(time, info.timescale).saturating_sub(origin);
    let first = raw.iter().position(|s| {
        let end = s.time.saturating_add(s.composition).saturating_add(s.duration.into());
        (s.sync || info.kind != Kind::Video) && at(end) > 0
    })?;
    let kept = raw.get(first..)?;
    let (head, last) = (kept.first()?, kept.last()?);
    // Decode time is moved to presentation time by what the first sample's is off: then a fragment
    // starts when it says, and later offsets may be below zero.
    let lead = head.composition;
    let mut samples: Vec<Sample> = Vec::with_capacity(kept.len());
    for sample in kept {
        let shifted = sample.time.saturating_add(lead);
        // The first frame of sound may have begun a little before the picture.
        let start = if samples.is_empty() { 0 } else { u64::try_from(at(shifted)).ok()? };
        if samples.last().is_some_and(|last| last.start >= start) {
            return None;
        }
        let composition =
            at(sample.time.saturating_add(sample.composition)).saturating_sub(at(shifted)).try_into().ok()?;
        samples.push(Sample {
            offset: sample.offset,
            size: sample.size,
            start,
            composition,
            sync: sample.sync,
        });
    }
    let end = at(last.time.saturating_add(lead).saturating_add(last.duration.into()));
    let end = u64::try_from(end).ok()?.max(samples.last()?.start + 1);
    Some((samples, end))
}

/// Average bitrate, to the nearest 1000 bit/s.
fn measure(samples: &[Sample], end: u64) -> u32 {
    let bytes: u64 = samples.iter().map(|s| u64::from(s.size)).sum();
    let rate = u128::from(bytes) * 8 * u128::from(TICKS) / u128::from(end.max(1));
    clamp(u64::try_from((rate + 500) / 1000 * 1000).unwrap_or(u64::MAX)).max(1000)
}

/// Names the tracks as viewers will ask for them: bitrates of one content share a name, languages do
/// not, and within a name no bitrate occurs twice.
pub(super) fn name(tracks: &mut [Track]) {
    tracks.sort_by_key(|t| (t.kind, t.level.bitrate));
    let mut languages: Vec<_> =
        tracks.iter().filter(|t| t.kind == Kind::Audio).map(|t| t.language.clone()).collect();
    languages.sort();
    languages.dedup();
    let mut taken: Vec<(String, u32)> = Vec::new();
    for track in tracks {
        track.name = match track.kind {
            Kind::Audio if languages.len() > 1 => format!("audio_{}", track.language),
            kind => kind.as_str().to_owned(),
        };
        while taken.contains(&(track.name.clone(), track.level.bitrate)) {
            track.level.bitrate = track.level.bitrate.saturating_add(1);
        }
        taken.push((track.name.clone(), track.level.bitrate));
    }
}
