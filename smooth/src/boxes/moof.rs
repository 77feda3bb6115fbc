//! The boxes inside a `moof`, ISO/IEC 14496-12 8.8, as far as Smooth Streaming uses them.

use super::cursor::Cursor;
use super::encryption::SampleEncryption;
use super::uuid::{PIFF_SAMPLE_ENCRYPTION, TFRF, TFXD, Tfrf, Tfxd};
use super::walk::{Box, find, walk};
use crate::error::Error;
use crate::limits::Limits;
use crate::time::Span;

/// The sample cannot be decoded on its own, ISO/IEC 14496-12 8.8.3.1 `sample_is_non_sync_sample`.
pub(crate) const NON_SYNC: u32 = 0x0001_0000;
/// A sync sample: depends on no other.
pub(crate) const SYNC_FLAGS: u32 = 0x0200_0000;

/// Flags of `tfhd`.
pub(crate) mod tfhd {
    pub(crate) const BASE_DATA_OFFSET: u32 = 0x1;
    pub(crate) const DESCRIPTION_INDEX: u32 = 0x2;
    pub(crate) const DURATION: u32 = 0x8;
    pub(crate) const SIZE: u32 = 0x10;
    pub(crate) const FLAGS: u32 = 0x20;
    pub(crate) const DEFAULT_BASE_IS_MOOF: u32 = 0x02_0000;
}

/// Flags of `trun`.
pub(crate) mod trun {
    pub(crate) const DATA_OFFSET: u32 = 0x1;
    pub(crate) const FIRST_FLAGS: u32 = 0x4;
    pub(crate) const DURATION: u32 = 0x100;
    pub(crate) const SIZE: u32 = 0x200;
    pub(crate) const FLAGS: u32 = 0x400;
    pub(crate) const COMPOSITION: u32 = 0x800;
}

/// A `moof` with its one `traf`.
pub(crate) struct Moof<'a> {
    /// The whole box, without what may follow it.
    pub(crate) whole: &'a [u8],
    pub(crate) payload: &'a [u8],
    pub(crate) sequence: u32,
    pub(crate) header: Tfhd,
    pub(crate) runs: Vec<Trun<'a>>,
    /// Samples of all runs; within [`Limits::samples`].
    pub(crate) samples: u32,
    pub(crate) decode_time: Option<u64>,
    pub(crate) span: Option<Span>,
    pub(crate) look_ahead: Vec<Span>,
    pub(crate) encrypted: bool,
    /// The key that the samples are encrypted with in place of the track's.
    pub(crate) key_id: Option<[u8; 16]>,
}

impl<'a> Moof<'a> {
    pub(crate) fn read(data: &'a [u8], limits: &Limits) -> Result<Self, Error> {
        let whole = walk(data).next().ok_or(Error::Incomplete { what: "moof" })??;
        if whole.kind != *b"moof" {
            return Err(Error::Invalid { what: "moof", rule: "another box stands in its place" });
        }
        if whole.whole.len() > limits.moof_bytes {
            return Err(Error::Limit { what: "moof_bytes", max: limits.moof_bytes as u64 });
        }
        let (mut sequence, mut traf) = (0, None);
        for child in walk(whole.payload) {
            let child = child?;
            if child.kind == *b"mfhd" {
                let mut fields = Cursor::new(child.payload, "mfhd");
                fields.version();
                sequence = fields.u32();
                fields.end()?;
            } else if child.kind == *b"traf" {
                if traf.is_some() {
                    return Err(Error::Unsupported { what: "moof", rule: "more than one track" });
                }
                traf = Some(child.payload);
            }
        }
        let traf = traf.ok_or(Error::Invalid { what: "moof", rule: "no traf" })?;
        let header = find(traf, *b"tfhd")?.ok_or(Error::Invalid { what: "traf", rule: "no tfhd" })?;
        let header = Tfhd::read(header.payload)?;
        let mut moof = Self {
            whole: whole.whole,
            payload: whole.payload,
            sequence,
            header,
            runs: Vec::new(),
            samples: 0,
            decode_time: None,
            span: None,
            look_ahead: Vec::new(),
            encrypted: false,
            key_id: None,
        };
        for child in walk(traf) {
            moof.read_child(&child?, limits)?;
        }
        Ok(moof)
    }

    fn read_child(&mut self, child: &Box<'a>, limits: &Limits) -> Result<(), Error> {
        if child.kind == *b"trun" {
            let run = Trun::read(child.payload, &self.header)?;
            self.samples = self.samples.saturating_add(run.count);
            if self.samples > limits.samples {
                return Err(Error::Limit { what: "samples", max: limits.samples.into() });
            }
            self.runs.push(run);
        } else if child.kind == *b"tfdt" {
            let mut fields = Cursor::new(child.payload, "tfdt");
            let (version, _) = fields.version();
            self.decode_time = Some(fields.uint(version > 0));
            fields.end()?;
        } else if child.kind == *b"senc" {
            self.encrypted = true;
        } else if child.is(PIFF_SAMPLE_ENCRYPTION) {
            let own = SampleEncryption::read(child.payload)?.own;
            self.encrypted = own != Some(None);
            self.key_id = own.flatten().map(|key| key.id);
        } else if child.is(TFXD) {
            self.span = Some(Tfxd::read(child.payload)?.0);
        } else if child.is(TFRF) {
            self.look_ahead = Tfrf::read(child.payload, limits.look_ahead)?.0;
        }
        Ok(())
    }

    /// Bytes between the end of the `moof` and the first sample: the header of the `mdat`. What the data
    /// offset says, if it says 8 or 16; else 8.
    pub(crate) fn media_header_len(&self) -> u32 {
        let offset = self.runs.first().and_then(|run| run.data_offset).map_or(0, i64::from);
        let distance = offset.saturating_sub(i64::try_from(self.whole.len()).unwrap_or(i64::MAX));
        if distance == 16 && self.header.base_data_offset.is_none() { 16 } else { 8 }
    }
}

/// `tfhd`, ISO/IEC 14496-12 8.8.7.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tfhd {
    pub(crate) flags: u32,
    pub(crate) track_id: u32,
    pub(crate) base_data_offset: Option<u64>,
    pub(crate) description_index: Option<u32>,
    pub(crate) duration: Option<u32>,
    pub(crate) size: Option<u32>,
    pub(crate) sample_flags: Option<u32>,
}

impl Tfhd {
    pub(crate) fn read(payload: &[u8]) -> Result<Self, Error> {
        let mut fields = Cursor::new(payload, "tfhd");
        let (_, flags) = fields.version();
        let track_id = fields.u32();
        let base_data_offset = (flags & tfhd::BASE_DATA_OFFSET != 0).then(|| fields.u64());
        let mut field = |flag| (flags & flag != 0).then(|| fields.u32());
        let header = Self {
            flags,
            track_id,
            base_data_offset,
            description_index: field(tfhd::DESCRIPTION_INDEX),
            duration: field(tfhd::DURATION),
            size: field(tfhd::SIZE),
            sample_flags: field(tfhd::FLAGS),
        };
        fields.end()?;
        Ok(header)
    }
}

/// `trun`, ISO/IEC 14496-12 8.8.8.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trun<'a> {
    pub(crate) version: u8,
    pub(crate) flags: u32,
    /// Number of samples.
    pub(crate) count: u32,
    pub(crate) data_offset: Option<i32>,
    pub(crate) first_flags: Option<u32>,
    /// The per-sample fields: exactly `count` times [`Trun::entry_len`] bytes.
    pub(crate) entries: &'a [u8],
    /// What stands for fields that the run does not have.
    duration: Option<u32>,
    size: Option<u32>,
    default_flags: u32,
}

impl<'a> Trun<'a> {
    fn read(payload: &'a [u8], header: &Tfhd) -> Result<Self, Error> {
        let mut fields = Cursor::new(payload, "trun");
        let (version, flags) = fields.version();
        let count = fields.u32();
        let mut field = |flag| (flags & flag != 0).then(|| fields.u32());
        let data_offset = field(trun::DATA_OFFSET);
        let first_flags = field(trun::FIRST_FLAGS);
        let len = usize::try_from(count).ok().and_then(|n| n.checked_mul(Self::entry_len(flags)));
        let entries = fields.take(len.unwrap_or(usize::MAX));
        fields.end()?;
        Ok(Self {
            version,
            flags,
            count,
            data_offset: data_offset.map(u32::cast_signed),
            first_flags,
            entries,
            duration: header.duration,
            size: header.size,
            default_flags: header.sample_flags.unwrap_or(0),
        })
    }

    /// The same run with `count` samples, whose fields are `entries`.
    pub(crate) const fn with(&self, count: u32, entries: &'a [u8]) -> Self {
        Self { count, entries, ..*self }
    }

    /// Bytes of the fields of one sample.
    pub(crate) const fn entry_len(flags: u32) -> usize {
        let per_sample = trun::DURATION | trun::SIZE | trun::FLAGS | trun::COMPOSITION;
        ((flags & per_sample).count_ones() as usize) << 2
    }

    /// The samples in order. Without per-sample fields all of them are equal, and only the first is given:
    /// multiply by [`Trun::repeat`].
    pub(crate) fn samples(&self) -> impl Iterator<Item = Sample> {
        let len = Self::entry_len(self.flags);
        let (run, mut rest, mut first) = (*self, self.entries, true);
        let steps = if len == 0 { self.count.min(1) } else { self.count };
        (0..steps).map(move |_| {
            let entry;
            (entry, rest) = rest.split_at_checked(len).unwrap_or((rest, &[]));
            let mut fields = Cursor::new(entry, "trun");
            // `entries` has `count` whole entries, so no field is missing.
            let mut field = |flag| (run.flags & flag != 0).then(|| fields.u32());
            let duration = field(trun::DURATION).or(run.duration);
            let size = field(trun::SIZE).or(run.size);
            let flags = field(trun::FLAGS);
            let composition = field(trun::COMPOSITION).unwrap_or(0);
            let first_flags = if core::mem::take(&mut first) { run.first_flags } else { None };
            Sample {
                duration,
                size,
                flags: first_flags.or(flags).unwrap_or(run.default_flags),
                composition_offset: if run.version == 0 {
                    composition.into()
                } else {
                    composition.cast_signed().into()
                },
            }
        })
    }

    /// How many samples each item of [`Trun::samples`] stands for.
    pub(crate) const fn repeat(&self) -> u32 {
        if Self::entry_len(self.flags) == 0 { self.count } else { 1 }
    }

    /// Bytes of all samples; `None` if not said.
    pub(crate) fn media_len(&self) -> Option<u64> {
        let repeat = u64::from(self.repeat());
        self.samples()
            .try_fold(0_u64, |sum, s| Some(sum.saturating_add(u64::from(s.size?).saturating_mul(repeat))))
    }

    /// Whether the duration of each sample is known.
    pub(crate) const fn has_duration(&self) -> bool {
        self.flags & trun::DURATION != 0 || self.duration.is_some()
    }

    /// Whether the size of each sample is known.
    pub(crate) const fn has_size(&self) -> bool {
        self.flags & trun::SIZE != 0 || self.size.is_some()
    }
}

/// One sample of a run, defaults of `tfhd` filled in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// In ticks; `None` if neither `trun` nor `tfhd` says.
    pub(crate) duration: Option<u32>,
    /// In bytes; `None` likewise.
    pub(crate) size: Option<u32>,
    pub(crate) flags: u32,
    /// Presentation minus decode time, in ticks.
    pub(crate) composition_offset: i64,
}
