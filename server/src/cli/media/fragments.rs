//! Samples of a fragmented file, ISO/IEC 14496-12 8.8, with the times that Smooth Streaming writes
//! (`tfxd`) or others do (`tfdt`).

use std::collections::HashMap;

use smooth::boxes::uuid::{PIFF_SAMPLE_ENCRYPTION, TFXD};
use smooth::boxes::walk;
use smooth::{Error, Limits};

use super::error::SourceError;
use super::fields::{Fields, child};
use super::file::{Media, TopBox};
use super::tables::RawSample;

/// The sample cannot be decoded on its own.
const NON_SYNC: u32 = 0x0001_0000;

/// What stands for the fields that a fragment leaves out.
#[derive(Clone, Copy, Debug, Default)]
struct Defaults {
    duration: u32,
    size: u32,
    flags: u32,
}

/// Reads every `moof` among `boxes`. Samples by track id, in decode order.
pub(super) fn read(
    media: &Media,
    moov: &[u8],
    boxes: &[TopBox],
) -> Result<HashMap<u32, Vec<RawSample>>, SourceError> {
    let broken = |error| SourceError::Broken { file: media.name.clone(), error };
    let limit = Limits::default().moof_bytes as u64;
    let defaults = track_defaults(moov).map_err(broken)?;
    let mut tracks: HashMap<u32, Vec<RawSample>> = HashMap::new();
    for moof in boxes.iter().filter(|b| b.kind == *b"moof") {
        if moof.end - moof.start > limit {
            return Err(broken(Error::Limit { what: "moof_bytes", max: limit }));
        }
        let bytes = media.read(moof.payload, moof.end)?;
        for part in walk(&bytes) {
            // A recording that was cut off ends inside a fragment; what came before it is sound.
            let Ok(part) = part else { return Ok(tracks) };
            if part.kind == *b"traf" {
                let traf = Traf::read(part.payload, &defaults).map_err(broken)?;
                if traf.is_encrypted {
                    return Err(SourceError::Encrypted { file: media.name.clone() });
                }
                traf.samples(moof.start, &mut tracks).map_err(broken)?;
            }
        }
    }
    for samples in tracks.values_mut() {
        let whole = |s: &RawSample| s.offset.checked_add(s.size.into()).is_some_and(|end| end <= media.len());
        let keep = samples.iter().position(|s| !whole(s)).unwrap_or(samples.len());
        samples.truncate(keep);
    }
    Ok(tracks)
}

fn track_defaults(moov: &[u8]) -> Result<HashMap<u32, Defaults>, Error> {
    let mut found = HashMap::new();
    let Some(mvex) = child(moov, b"mvex")? else { return Ok(found) };
    for trex in walk(mvex) {
        let trex = trex?;
        if trex.kind == *b"trex" {
            let mut fields = Fields::new(trex.payload, "trex");
            fields.version()?;
            let (id, _) = (fields.u32()?, fields.u32()?);
            let (duration, size, flags) = (fields.u32()?, fields.u32()?, fields.u32()?);
            found.insert(id, Defaults { duration, size, flags });
        }
    }
    Ok(found)
}

/// One `traf`.
struct Traf<'a> {
    track: u32,
    base: Option<u64>,
    defaults: Defaults,
    /// Start of the first sample as presented, from `tfxd`.
    presented: Option<i64>,
    /// Start of the first sample as decoded, from `tfdt`.
    decoded: Option<i64>,
    runs: Vec<&'a [u8]>,
    /// There is encryption data of its samples.
    is_encrypted: bool,
}

impl<'a> Traf<'a> {
    fn read(traf: &'a [u8], tracks: &HashMap<u32, Defaults>) -> Result<Self, Error> {
        let header = child(traf, b"tfhd")?.ok_or(Error::Invalid { what: "traf", rule: "no tfhd" })?;
        let mut fields = Fields::new(header, "tfhd");
        let (_, flags) = fields.version()?;
        let track = fields.u32()?;
        let mut defaults = tracks.get(&track).copied().unwrap_or_default();
        let base = (flags & 0x1 != 0).then(|| fields.u64()).transpose()?;
        if flags & 0x2 != 0 {
            fields.u32()?;
        }
        for (flag, field) in
            [(0x8, &mut defaults.duration), (0x10, &mut defaults.size), (0x20, &mut defaults.flags)]
        {
            if flags & flag != 0 {
                *field = fields.u32()?;
            }
        }
        let (presented, decoded, runs, is_encrypted) = (None, None, Vec::new(), false);
        let mut found = Self { track, base, defaults, presented, decoded, runs, is_encrypted };
        for part in walk(traf) {
            let part = part?;
            if part.kind == *b"trun" {
                found.runs.push(part.payload);
            } else if part.kind == *b"tfdt" {
                let mut fields = Fields::new(part.payload, "tfdt");
                let (version, _) = fields.version()?;
                found.decoded = Some(fields.uint(version > 0)?.cast_signed());
            } else if part.kind == *b"senc" || part.usertype == Some(PIFF_SAMPLE_ENCRYPTION) {
                found.is_encrypted = true;
            } else if part.usertype == Some(TFXD) {
                let mut fields = Fields::new(part.payload, "tfxd");
                let (version, _) = fields.version()?;
                found.presented = Some(fields.uint(version > 0)?.cast_signed());
            }
        }
        Ok(found)
    }

    /// Appends the samples to those of their track. `moof` is where the `moof` begins in the file.
    fn samples(&self, moof: u64, tracks: &mut HashMap<u32, Vec<RawSample>>) -> Result<(), Error> {
        let samples = tracks.entry(self.track).or_default();
        let base = self.base.unwrap_or(moof);
        let begin = samples.len();
        let mut offset = base;
        let mut time = samples.last().map_or(0, |s| s.time.saturating_add(s.duration.into()));
        for run in &self.runs {
            let mut fields = Fields::new(run, "trun");
            let (_, flags) = fields.version()?;
            let count = fields.u32()?;
            let has = |flag| flags & flag != 0;
            if has(0x1) {
                offset = base.saturating_add_signed(fields.u32()?.cast_signed().into());
            }
            let mut first_flags = has(0x4).then(|| fields.u32()).transpose()?;
            let width = (flags & 0xf00).count_ones() as usize * 4;
            if width == 0 && count > Limits::default().samples {
                return Err(Error::Limit { what: "samples", max: Limits::default().samples.into() });
            }
            fields.has(count, width)?;
            for _ in 0..count {
                let mut field = |flag, default| if has(flag) { fields.u32() } else { Ok(default) };
                let duration = field(0x100, self.defaults.duration)?;
                let size = field(0x200, self.defaults.size)?;
                let own_flags = field(0x400, self.defaults.flags)?;
                let composition = i64::from(field(0x800, 0)?.cast_signed());
                let flags = first_flags.take().unwrap_or(own_flags);
                let sync = flags & NON_SYNC == 0;
                samples.push(RawSample { offset, size, time, duration, composition, sync });
                offset = offset.saturating_add(size.into());
                time = time.saturating_add(duration.into());
            }
        }
        let Some(first) = samples.get(begin).copied() else { return Ok(()) };
        let start = self.decoded.or_else(|| Some(self.presented?.saturating_sub(first.composition)));
        if let Some(shift) = start.map(|start| start.saturating_sub(first.time)) {
            for sample in samples.iter_mut().skip(begin) {
                sample.time = sample.time.saturating_add(shift);
            }
        }
        Ok(())
    }
}
