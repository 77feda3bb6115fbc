//! A fragment's `moof` as Media Source Extensions wants it.
//!
//! MSE needs a decode time (`tfdt`), offsets that count from the `moof`, and a sync sample first; Smooth
//! Streaming says its time in `tfxd`, which browsers do not read, and its encryption in a `uuid` box of
//! PIFF where they want `senc`, `saiz` and `saio`.
//!
//! The time that goes into `tfdt` is the caller's: the `tfxd` time, rebased. `tfxd` names the
//! presentation time of the first sample and `tfdt` its decode time, so pictures of streams whose first
//! composition offset is not zero come late by that offset. Every Smooth Streaming player does this, the
//! offset is the same in all fragments, and subtracting it in one stream and not in another is how
//! quality changes get gaps; so it stays.

use super::encryption::{self, Key, SampleEncryption};
use super::init::TRACK_ID;
use super::moof::{Moof, tfhd};
use super::rewrite::Rewriter;
use super::uuid::{PIFF_SAMPLE_ENCRYPTION, TFRF, TFXD};
use super::walk::{Box, walk};
use crate::error::Error;
use crate::limits::Limits;

/// What the caller knows and the `moof` does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Goes into `tfdt`, in ticks of the track's timescale.
    pub decode_time: u64,
    /// Makes the first sample a sync sample, whatever its flags say: every Smooth Streaming video
    /// fragment starts with one, not every encoder says so.
    pub force_sync: bool,
    /// Ticks per sample where the fragment does not say. 0: the duration of `tfxd` shared out.
    pub default_duration: u32,
    /// Bytes per sample where the fragment does not say, as with one caption document.
    pub default_size: u32,
    /// Bytes of the `mdat` header, 8 or 16. `None`: what the data offset of the fragment says, else 8.
    pub media_header: Option<u32>,
    /// What the init segment says that samples are encrypted with; `None` for a clear track. Fragments may
    /// be clear all the same, or have another key.
    pub key: Option<Key>,
}

/// Rewrites `moof` (the whole box) for a `SourceBuffer` that got an init segment of
/// [`init::segment`](super::init::segment).
///
/// # Errors
///
/// As [`read_head`](super::read_head); [`Error::Unsupported`] for encryption other than AES-CTR.
pub fn rewrite(moof: &[u8], options: &Options) -> Result<Vec<u8>, Error> {
    let moof = Moof::read(moof, &Limits { look_ahead: usize::MAX, ..Limits::default() })?;
    let mut new = Rewriter::new(&moof);
    for child in walk(moof.payload) {
        let child = child?;
        if child.kind == *b"traf" {
            rewrite_traf(&child, &moof, options, &mut new)?;
        } else {
            new.copy_beside(&child);
        }
    }
    Ok(new.finish(options.media_header.unwrap_or_else(|| moof.media_header_len())))
}

fn rewrite_traf(traf: &Box<'_>, moof: &Moof<'_>, options: &Options, new: &mut Rewriter) -> Result<(), Error> {
    let at = new.out.open(*b"traf");
    put_header(moof, options, new);
    let mut runs = moof.runs.iter();
    for child in walk(traf.payload) {
        let child = child?;
        if child.kind == *b"trun" {
            if let Some(run) = runs.next() {
                new.run(run, options.force_sync);
            }
        } else if child.is(PIFF_SAMPLE_ENCRYPTION) {
            SampleEncryption::read(child.payload)?.put(options.key, new)?;
        } else if !(child.kind == *b"tfhd" || child.kind == *b"tfdt" || child.is(TFXD) || child.is(TFRF)) {
            new.copy(&child);
        }
    }
    put_clear(moof, traf, options.key, moof.samples, new)?;
    new.out.close(at);
    Ok(())
}

/// `tfhd` and `tfdt`. The description index goes: our init segment has one description.
pub(super) fn put_header(moof: &Moof<'_>, options: &Options, new: &mut Rewriter) {
    let header = &moof.header;
    let (mut duration, mut size) = (header.duration, header.size);
    if !moof.runs.iter().all(|run| run.has_duration()) {
        let shared = moof.span.map_or(0, |span| {
            let each = span.duration.checked_div(moof.samples.into()).unwrap_or(0);
            u32::try_from(each).unwrap_or(u32::MAX)
        });
        duration = Some(if options.default_duration > 0 { options.default_duration } else { shared });
    }
    if !moof.runs.iter().all(|run| run.has_size()) {
        size = Some(options.default_size);
    }
    let optional = [(tfhd::DURATION, duration), (tfhd::SIZE, size), (tfhd::FLAGS, header.sample_flags)];
    let cleared = tfhd::BASE_DATA_OFFSET | tfhd::DESCRIPTION_INDEX;
    let mut flags = header.flags & !cleared | tfhd::DEFAULT_BASE_IS_MOOF;
    for (flag, field) in optional {
        flags |= if field.is_some() { flag } else { 0 };
    }
    let at = new.out.open_full(*b"tfhd", 0, flags);
    new.out.u32(TRACK_ID);
    for (_, field) in optional {
        if let Some(field) = field {
            new.out.u32(field);
        }
    }
    new.out.close(at);
    let at = new.out.open_full(*b"tfdt", 1, 0);
    new.out.u64(options.decode_time);
    new.out.close(at);
}

/// Says in a fragment of a protected track that its samples are clear, unless it says already how they are.
pub(super) fn put_clear(
    moof: &Moof<'_>,
    traf: &Box<'_>,
    key: Option<Key>,
    samples: u32,
    new: &mut Rewriter,
) -> Result<(), Error> {
    if moof.encrypted || key.is_none() {
        return Ok(());
    }
    for child in walk(traf.payload) {
        let child = child?;
        // After version and flags.
        if child.kind == *b"sgpd" && child.payload.get(4..8) == Some(b"seig") {
            return Ok(());
        }
    }
    encryption::put_group(None, samples, &mut new.out);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{REFERENCE_MOOF, full, hex, sized};
    use super::super::{FragmentHead, read_head};
    use super::*;
    use crate::time::Span;

    #[test]
    fn the_example_of_the_reference() {
        let options = Options { decode_time: 1 << 40, force_sync: true, ..Options::default() };
        let new = rewrite(&REFERENCE_MOOF(), &options).unwrap();
        // Both uuid boxes leave (105 bytes), tfdt comes (20): 120 bytes, 0x78; the data begins at 0x80.
        let expected = hex(concat!(
            "000000786d6f6f66 000000106d66686400000000 00000007 0000006074726166",
            "0000001474666864 00020020 00000001 01010000",
            "0000001474666474 01000000 0000010000000000",
            "000000307472756e 00000305 00000003 00000080 02000000",
            "00051615 00000384 00051615 00000078 00051615 00000082",
        ));
        assert_eq!(new, expected);
        let head = read_head(&new, &Limits::default()).unwrap();
        let expected = FragmentHead {
            sequence: 7,
            track_id: 1,
            samples: 3,
            duration: 999_999,
            size: 1150,
            starts_with_sync: true,
            decode_time: Some(1 << 40),
            ..FragmentHead::default()
        };
        assert_eq!(head, expected);
    }

    fn traf(children: &[Vec<u8>]) -> Vec<u8> {
        sized(b"moof", &sized(b"traf", &children.concat()))
    }

    fn first_flags(moof: &[u8]) -> Vec<u32> {
        Moof::read(moof, &Limits::default()).unwrap().runs[0].samples().map(|s| s.flags).collect()
    }

    #[test]
    fn the_first_sample_becomes_a_sync_sample_wherever_its_flags_stand() {
        let default = full(b"tfhd", 0, 0x20, &hex("00000001 01010000"));
        let own =
            full(b"trun", 0, 0x700, &hex("00000002 00000001 00000002 00010000 00000001 00000002 00010000"));
        let first = full(b"trun", 0, 0x304, &hex("00000002 00010000 00000001 00000002 00000001 00000002"));
        let none = full(b"trun", 0, 0x300, &hex("00000002 00000001 00000002 00000001 00000002"));
        let options = Options { force_sync: true, ..Options::default() };
        for (trun, later) in [(own, 0x1_0000), (first, 0x101_0000), (none, 0x101_0000)] {
            let moof = traf(&[default.clone(), trun]);
            assert_eq!(first_flags(&rewrite(&moof, &options).unwrap()), [0x200_0000, later]);
            let untouched = rewrite(&moof, &Options::default()).unwrap();
            assert_eq!(first_flags(&untouched), first_flags(&moof));
        }
    }

    #[test]
    fn a_caption_document_without_fields_gets_duration_and_size() {
        let span = Span { time: 77, duration: 20 };
        let moof = traf(&[
            full(b"tfhd", 0, 3, &hex("00000009 0000000000000005 00000002")),
            full(b"trun", 0, 0, &hex("00000001")),
            super::super::Tfxd(span).write(),
        ]);
        let options = Options { decode_time: 5, default_size: 1234, ..Options::default() };
        let new = rewrite(&moof, &options).unwrap();
        let expected = traf(&[
            full(b"tfhd", 0, 0x2_0018, &hex("00000001 00000014 000004d2")),
            full(b"tfdt", 1, 0, &hex("0000000000000005")),
            full(b"trun", 0, 1, &hex("00000001 00000058")),
        ]);
        assert_eq!(new, expected);
    }
}
