//! A fragment's `moof` as CMAF wants it, ISO/IEC 23000-19 7.5: for players of HLS and DASH.
//!
//! As [`mse`], and beyond it:
//!
//! - The first sample is presented at the time that the playlist says. `tfdt` is its decode time, earlier
//!   by its composition offset, so that levels whose encoders reorder by different depths stay in step with
//!   each other and with the sound. No edit list is needed.
//! - Sound that begins before its place (the first frame of AAC, the seam of an encoder's restart) loses the
//!   samples that are over by then: the run begins behind them. The `mdat` stays as it is.

use super::encryption::{Key, SampleEncryption};
use super::moof::{Moof, Trun};
use super::mse;
use super::rewrite::Rewriter;
use super::uuid::{PIFF_SAMPLE_ENCRYPTION, TFRF, TFXD};
use super::walk::{Box, walk};
use crate::error::Error;
use crate::limits::Limits;
use crate::manifest::Kind;
use crate::time::Span;

/// What the caller knows and the `moof` does not.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What the fragment carries.
    pub kind: Kind,
    /// Where it is presented, in ticks of the track. Where the samples last longer than that, they begin
    /// earlier. Begin the clock some time before the first fragment: decode times cannot be negative.
    pub span: Span,
    /// Bytes of the `mdat` header, 8 or 16.
    pub media_header: u32,
    /// Bytes of all samples together, for a fragment that does not say.
    pub media_len: u32,
    /// As [`mse::Options::key`].
    pub key: Option<Key>,
}

/// Rewrites `moof` (the whole box) for a player that got an init segment of
/// [`init::segment`](super::init::segment).
///
/// # Errors
///
/// As [`mse::rewrite`].
pub fn rewrite(moof: &[u8], options: &Options) -> Result<Vec<u8>, Error> {
    let limits = Limits { moof_bytes: usize::MAX, look_ahead: usize::MAX, ..Limits::default() };
    let moof = Moof::read(moof, &limits)?;
    let cut = Cut::of(&moof, options);
    let mut new = Rewriter::new(&moof);
    for child in walk(moof.payload) {
        let child = child?;
        if child.kind == *b"traf" {
            rewrite_traf(&child, &moof, options, &cut, &mut new)?;
        } else {
            new.copy_beside(&child);
        }
    }
    Ok(new.finish(options.media_header))
}

fn rewrite_traf(
    traf: &Box<'_>,
    moof: &Moof<'_>,
    options: &Options,
    cut: &Cut,
    new: &mut Rewriter,
) -> Result<(), Error> {
    let at = new.out.open(*b"traf");
    let each = options.span.duration.checked_div(moof.samples.into()).unwrap_or(0);
    let first = moof.runs.iter().flat_map(Trun::samples).next().map_or(0, |first| first.composition_offset);
    let header = mse::Options {
        decode_time: cut.time.saturating_add_signed(first.saturating_neg()),
        default_duration: u32::try_from(each).unwrap_or(u32::MAX),
        default_size: options.media_len.checked_div(moof.samples).unwrap_or(0),
        ..mse::Options::default()
    };
    mse::put_header(moof, &header, new);
    let mut runs = moof.runs.iter().enumerate();
    for child in walk(traf.payload) {
        let child = child?;
        let is_list = matches!(&child.kind, b"sdtp" | b"sbgp" | b"subs");
        if child.kind == *b"trun" {
            if let Some((index, run)) = runs.next() {
                let skip = if index == 0 { cut.samples } else { 0 };
                let entries = Trun::entry_len(run.flags).saturating_mul(skip as usize);
                let kept = run.entries.get(entries..).unwrap_or(&[]);
                new.run(&run.with(run.count.saturating_sub(skip), kept), options.kind == Kind::Video);
                if index == 0 {
                    new.skip(cut.bytes);
                }
            }
        } else if child.is(PIFF_SAMPLE_ENCRYPTION) {
            SampleEncryption::read(child.payload)?.put(options.key, new)?;
        } else if !(matches!(&child.kind, b"tfhd" | b"tfdt")
            || child.is(TFXD)
            || child.is(TFRF)
            || is_list && cut.samples > 0)
        {
            new.copy(&child);
        }
    }
    mse::put_clear(moof, traf, options.key, moof.samples.saturating_sub(cut.samples), new)?;
    new.out.close(at);
    Ok(())
}

/// What goes from the start of a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cut {
    /// Where what is left begins, in ticks.
    time: u64,
    /// Samples of the first run that go.
    samples: u32,
    /// Their bytes.
    bytes: u64,
}

impl Cut {
    fn of(moof: &Moof<'_>, options: &Options) -> Self {
        let whole = Self { time: options.span.time, samples: 0, bytes: 0 };
        if options.kind != Kind::Audio || moof.encrypted {
            return whole;
        }
        let ticks = |run: &Trun<'_>| {
            let repeat = u64::from(run.repeat());
            run.samples().fold(0, |sum: u64, s| {
                sum.saturating_add(u64::from(s.duration.unwrap_or(0)).saturating_mul(repeat))
            })
        };
        let duration = moof.runs.iter().map(ticks).fold(0, u64::saturating_add);
        let Some(early) = duration.checked_sub(options.span.duration).filter(|&early| early > 0) else {
            return whole;
        };
        let Some(run) = moof.runs.first() else { return whole };
        let samples = run.samples().flat_map(|s| core::iter::repeat_n(s, run.repeat() as usize));
        let (mut gone, mut passed) = (whole, 0_u64);
        for sample in samples.take(run.count.saturating_sub(1) as usize) {
            let (Some(duration), Some(size)) = (sample.duration, sample.size) else { return whole };
            // More of it lies before than behind.
            if passed.saturating_add(u64::from(duration / 2)) > early {
                break;
            }
            passed = passed.saturating_add(duration.into());
            gone.samples = gone.samples.saturating_add(1);
            gone.bytes = gone.bytes.saturating_add(size.into());
        }
        if gone.samples == 0 {
            return whole;
        }
        Self { time: options.span.time.saturating_add(passed).saturating_sub(early), ..gone }
    }
}

#[cfg(test)]
mod tests {
    use super::super::build::{self, FragmentSpec, Sample};
    use super::super::{Tfxd, read_head};
    use super::*;

    fn fragment(time: u64, samples: &[Sample]) -> Vec<u8> {
        let span = Span { time, duration: samples.iter().map(|s| u64::from(s.duration)).sum() };
        build::fragment(&FragmentSpec { sequence: 3, track_id: 9, span, samples })
    }

    const fn sample(duration: u32, size: u32, composition_offset: i32) -> Sample {
        Sample { duration, size, flags: build::SYNC_SAMPLE, composition_offset }
    }

    fn data_offset(moof: &[u8]) -> usize {
        let read = Moof::read(moof, &Limits::default()).unwrap();
        usize::try_from(read.runs[0].data_offset.unwrap()).unwrap() - moof.len()
    }

    fn options(kind: Kind, time: u64, duration: u64) -> Options {
        Options { kind, span: Span { time, duration }, media_header: 8, media_len: 0, key: None }
    }

    #[test]
    fn the_first_picture_is_shown_in_time() {
        for (offset, decode_time) in [(80, 920), (-80, 1080), (0, 1000)] {
            let samples = [sample(40, 9, offset), sample(40, 8, 200), sample(40, 7, 0)];
            let moof = fragment(77, &samples);
            let new = rewrite(&moof, &options(Kind::Video, 1000, 120)).unwrap();
            let head = read_head(&new, &Limits::default()).unwrap();
            assert_eq!(head.decode_time, Some(decode_time));
            assert_eq!((head.track_id, head.span, head.starts_with_sync), (1, None, true));
            assert_eq!(build::read_samples(&new, &Limits::default()).unwrap(), samples);
            assert_eq!(data_offset(&new), 8);
        }
    }

    #[test]
    fn samples_in_order_are_left_as_they_are() {
        let moof = fragment(1000, &[sample(40, 9, 0), sample(40, 8, 0)]);
        let mut expected = mse::Options { decode_time: 77, ..mse::Options::default() };
        expected.force_sync = true;
        let new = rewrite(&moof, &options(Kind::Video, 77, 80)).unwrap();
        assert_eq!(new, mse::rewrite(&moof, &expected).unwrap());
    }

    #[test]
    fn sound_from_before_its_place_is_skipped() {
        // 20 ticks early: the first two frames are over by then, and most of the third is to come.
        let samples = [sample(10, 5, 0), sample(10, 6, 0), sample(10, 7, 0), sample(10, 8, 0)];
        let cases =
            [(0, 4, 0, 8), (4, 4, 0, 8), (5, 3, 5, 13), (10, 3, 0, 13), (23, 2, 0, 19), (40, 1, 0, 26)];
        for (early, count, late, media) in cases {
            let moof = fragment(u64::MAX - 19, &samples);
            let new = rewrite(&moof, &options(Kind::Audio, 0, 40 - early)).unwrap();
            let head = read_head(&new, &Limits::default()).unwrap();
            assert_eq!((head.samples, head.decode_time), (count, Some(late)), "{early}");
            assert_eq!(data_offset(&new), media, "{early}");
        }
        let new = rewrite(&fragment(0, &samples), &options(Kind::Audio, 1000, 17)).unwrap();
        assert_eq!(read_head(&new, &Limits::default()).unwrap().decode_time, Some(997));
        // A picture that is cut cannot be decoded.
        let new = rewrite(&fragment(0, &samples), &options(Kind::Video, 1000, 17)).unwrap();
        let head = read_head(&new, &Limits::default()).unwrap();
        assert_eq!((head.samples, head.decode_time), (4, Some(1000)));
    }

    #[test]
    fn a_document_without_fields_is_one_sample_of_all_bytes() {
        use super::super::tests::{full, hex, sized};
        let traf = [full(b"tfhd", 0, 0, &hex("00000002")), full(b"trun", 0, 0, &hex("00000001"))].concat();
        let span = Span { time: 7, duration: 20 };
        let moof = sized(b"moof", &sized(b"traf", &[traf, Tfxd(span).write()].concat()));
        let options = Options { kind: Kind::Text, span, media_header: 16, media_len: 1234, key: None };
        let new = rewrite(&moof, &options).unwrap();
        let head = read_head(&new, &Limits::default()).unwrap();
        assert_eq!((head.duration, head.size, head.decode_time), (20, 1234, Some(7)));
        assert_eq!(data_offset(&new), 16);
    }
}
