//! Sample tables of a plain MP4 file, ISO/IEC 14496-12 8.6 and 8.7: `stts`, `ctts`, `stss`, `stsc`,
//! `stsz`, `stco`/`co64`, and the edit list as far as players need it.

use smooth::Error;

use super::fields::{Fields, child, descend};

/// One sample where it lies in its file. Times are in ticks of the track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawSample {
    /// First byte in the file.
    pub(super) offset: u64,
    /// Bytes.
    pub(super) size: u32,
    /// Decode time; below zero for what an edit list cuts away.
    pub(super) time: i64,
    pub(super) duration: u32,
    /// Presentation minus decode time.
    pub(super) composition: i64,
    /// Whether it can be decoded on its own.
    pub(super) sync: bool,
}

const BROKEN: Error = Error::Invalid { what: "stbl", rule: "its tables contradict each other" };

/// The samples of the track in `trak`, in decode order. Empty for a track without tables.
pub(super) fn read(trak: &[u8], file_len: u64) -> Result<Vec<RawSample>, Error> {
    let Some(stbl) = descend(trak, &[b"mdia", b"minf", b"stbl"])? else { return Ok(Vec::new()) };
    let table = |kind| child(stbl, kind);
    let sizes = read_sizes(table(b"stsz")?.ok_or(BROKEN)?, file_len)?;
    if sizes.is_empty() {
        return Ok(Vec::new());
    }
    let chunks = match (table(b"stco")?, table(b"co64")?) {
        (Some(table), _) => read_offsets(table, false)?,
        (_, Some(table)) => read_offsets(table, true)?,
        _ => return Err(BROKEN),
    };
    let mut samples: Vec<_> = sizes
        .into_iter()
        .map(|size| RawSample { offset: 0, size, time: 0, duration: 0, composition: 0, sync: false })
        .collect();
    place(&mut samples, &chunks, table(b"stsc")?.ok_or(BROKEN)?)?;
    time(&mut samples, table(b"stts")?.ok_or(BROKEN)?, first_edit(trak)?)?;
    if let Some(table) = table(b"ctts")? {
        compose(&mut samples, table)?;
    }
    match table(b"stss")? {
        Some(table) => mark_sync(&mut samples, table)?,
        None => samples.iter_mut().for_each(|s| s.sync = true),
    }
    if samples.iter().any(|s| s.offset.checked_add(s.size.into()).is_none_or(|end| end > file_len)) {
        return Err(Error::Invalid { what: "stco", rule: "media lies beyond the end of the file" });
    }
    Ok(samples)
}

fn read_sizes(table: &[u8], file_len: u64) -> Result<Vec<u32>, Error> {
    let mut fields = Fields::new(table, "stsz");
    fields.version()?;
    let (each, count) = (fields.u32()?, fields.u32()?);
    if each > 0 {
        if u64::from(each).saturating_mul(count.into()) > file_len {
            return Err(Error::Invalid { what: "stsz", rule: "more media than the file has" });
        }
        return Ok(vec![each; count as usize]);
    }
    fields.has(count, 4)?;
    (0..count).map(|_| fields.u32()).collect()
}

fn read_offsets(table: &[u8], wide: bool) -> Result<Vec<u64>, Error> {
    let mut fields = Fields::new(table, if wide { "co64" } else { "stco" });
    fields.version()?;
    let count = fields.count(if wide { 8 } else { 4 })?;
    (0..count).map(|_| fields.uint(wide)).collect()
}

/// Gives each sample its place: chunks hold runs of samples.
fn place(samples: &mut [RawSample], chunks: &[u64], table: &[u8]) -> Result<(), Error> {
    let mut fields = Fields::new(table, "stsc");
    fields.version()?;
    let count = fields.count(12)?;
    let mut runs = Vec::new();
    for _ in 0..count {
        let (first, per_chunk, _) = (fields.u32()?, fields.u32()?, fields.u32()?);
        runs.push((first.checked_sub(1).ok_or(BROKEN)? as usize, per_chunk as usize));
    }
    let mut rest = samples;
    for (i, &(first, per_chunk)) in runs.iter().enumerate() {
        let next = runs.get(i + 1).map_or(chunks.len(), |run| run.0.min(chunks.len()));
        for &chunk in chunks.get(first..next).unwrap_or_default() {
            let here;
            (here, rest) = rest.split_at_mut(per_chunk.min(rest.len()));
            let mut offset = chunk;
            for sample in here {
                sample.offset = offset;
                offset = offset.saturating_add(sample.size.into());
            }
        }
    }
    if rest.is_empty() { Ok(()) } else { Err(BROKEN) }
}

fn time(samples: &mut [RawSample], table: &[u8], start: i64) -> Result<(), Error> {
    let mut fields = Fields::new(table, "stts");
    fields.version()?;
    let (mut at, mut runs, mut left, mut duration) = (start, fields.count(8)?, 0, 0);
    for sample in samples {
        while left == 0 {
            runs = runs.checked_sub(1).ok_or(BROKEN)?;
            (left, duration) = (fields.u32()?, fields.u32()?);
        }
        left -= 1;
        (sample.time, sample.duration) = (at, duration);
        at = at.saturating_add(duration.into());
    }
    Ok(())
}

fn compose(samples: &mut [RawSample], table: &[u8]) -> Result<(), Error> {
    let mut fields = Fields::new(table, "ctts");
    fields.version()?;
    let (mut runs, mut left, mut offset) = (fields.count(8)?, 0, 0);
    for sample in samples {
        while left == 0 && runs > 0 {
            runs -= 1;
            // Signed in both versions: files of version 0 with negative offsets are common, offsets of
            // 2^31 ticks are not.
            (left, offset) = (fields.u32()?, i64::from(fields.u32()?.cast_signed()));
        }
        if left == 0 {
            break;
        }
        left -= 1;
        sample.composition = offset;
    }
    Ok(())
}

fn mark_sync(samples: &mut [RawSample], table: &[u8]) -> Result<(), Error> {
    let mut fields = Fields::new(table, "stss");
    fields.version()?;
    for _ in 0..fields.count(4)? {
        let number = fields.u32()? as usize;
        if let Some(sample) = number.checked_sub(1).and_then(|i| samples.get_mut(i)) {
            sample.sync = true;
        }
    }
    Ok(())
}

/// Decode time of the first sample: what the edit list cuts away stands before zero. Empty edits (a late
/// start) count as no edit: a broadcast has no silence before it.
fn first_edit(trak: &[u8]) -> Result<i64, Error> {
    let Some(table) = descend(trak, &[b"edts", b"elst"])? else { return Ok(0) };
    let mut fields = Fields::new(table, "elst");
    let (version, _) = fields.version()?;
    let wide = version > 0;
    for _ in 0..fields.count(if wide { 20 } else { 12 })? {
        fields.uint(wide)?;
        let media_time = if wide { fields.u64()?.cast_signed() } else { fields.u32()?.cast_signed().into() };
        fields.u32()?;
        if media_time >= 0 {
            return Ok(media_time.saturating_neg());
        }
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::process::Command;

    use super::*;

    fn sized(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
        [&(payload.len() as u32 + 8).to_be_bytes(), &kind[..], payload].concat()
    }

    fn table(kind: &[u8; 4], words: &[u32]) -> Vec<u8> {
        let bytes: Vec<_> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
        sized(kind, &[&[0; 4], &bytes[..]].concat())
    }

    fn trak(tables: &[Vec<u8>]) -> Vec<u8> {
        let edits = sized(b"edts", &table(b"elst", &[2, 9, u32::MAX, 0x10000, 100, 20, 0x10000]));
        [edits, sized(b"mdia", &sized(b"minf", &sized(b"stbl", &tables.concat())))].concat()
    }

    fn tables() -> Vec<Vec<u8>> {
        vec![
            table(b"stsz", &[0, 3, 5, 6, 7]),
            table(b"stco", &[2, 100, 200]),
            table(b"stsc", &[2, 1, 2, 1, 2, 1, 1]),
            table(b"stts", &[2, 2, 10, 1, 12]),
            table(b"ctts", &[2, 1, 20, 2, (-5_i32).cast_unsigned()]),
            table(b"stss", &[2, 1, 3]),
        ]
    }

    #[test]
    fn every_table_is_read() {
        let samples = read(&trak(&tables()), 1000).unwrap();
        let facts: Vec<_> =
            samples.iter().map(|s| (s.offset, s.size, s.time, s.duration, s.composition, s.sync)).collect();
        assert_eq!(
            facts,
            [(100, 5, -20, 10, 20, true), (105, 6, -10, 10, -5, false), (200, 7, 0, 12, -5, true)]
        );
    }

    #[test]
    fn tables_that_lie_are_refused_without_allocating() {
        for (index, bad) in [
            (0, table(b"stsz", &[0, u32::MAX, 1])),
            (0, table(b"stsz", &[9, u32::MAX])),
            (1, table(b"stco", &[u32::MAX, 100])),
            (1, table(b"stco", &[2, 100, 999])),
            (2, table(b"stsc", &[1, 0, 2, 1])),
            (2, table(b"stsc", &[1, 1, 1, 1])),
            (3, table(b"stts", &[1, 2, 10])),
            (5, table(b"stss", &[9, 1])),
        ] {
            let mut tables = tables();
            tables[index] = bad;
            assert!(read(&trak(&tables), 1000).is_err(), "{index}");
        }
    }

    #[test]
    fn cut_anywhere_it_is_an_error_or_less_never_a_panic() {
        let whole = trak(&tables());
        for end in 0..whole.len() {
            let _ = read(&whole[..end], 1000);
        }
    }

    /// A reader that we did not write says the same of every sample of a file that we did not write.
    #[test]
    fn the_mp4_crate_finds_the_same_samples() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.mp4");
        let run = Command::new("ffmpeg")
            .args(["-loglevel", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25"])
            .args(["-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", "5", "-c:v", "libx264", "-bf", "2"])
            .args(["-g", "50", "-c:a", "aac"])
            .arg(&file)
            .status();
        assert!(run.expect("ffmpeg is needed: apt install ffmpeg").success());
        let bytes = std::fs::read(&file).unwrap();
        let size = bytes.len() as u64;
        let mut judge = mp4::Mp4Reader::read_header(Cursor::new(&bytes), size).unwrap();

        let moov = child(&bytes, b"moov").unwrap().unwrap();
        let traks: Vec<_> = smooth::boxes::walk(moov)
            .map(Result::unwrap)
            .filter(|b| b.kind == *b"trak")
            .map(|b| read(b.payload, size).unwrap())
            .collect();
        assert_eq!(traks.len(), 2);
        for (samples, track) in traks.iter().zip(1..) {
            assert_eq!(samples.len() as u32, judge.sample_count(track).unwrap());
            let shift = samples[0].time;
            for (sample, number) in samples.iter().zip(1..) {
                let other = judge.read_sample(track, number).unwrap().unwrap();
                let ours = &bytes[sample.offset as usize..][..sample.size as usize];
                assert_eq!(ours, &other.bytes[..], "track {track} sample {number}");
                assert_eq!((sample.time - shift) as u64, other.start_time);
                assert_eq!(sample.duration, other.duration);
                assert_eq!(sample.composition, i64::from(other.rendering_offset));
                assert_eq!(sample.sync, other.is_sync);
            }
        }
    }
}
