//! The key frames of a fragment alone, [MS-SSTR] 3.2.5: what fast play asks for.
//!
//! Each stays until the next one, so that the fragment spans the time that it spanned before: decode times
//! are those they were, and the first sample begins where the fragment does.

use core::ops::Range;

use super::build::{self, FragmentSpec, SYNC_SAMPLE, Sample};
use super::cursor::{Cursor, Writer};
use super::delivery;
use super::moof::{Moof, NON_SYNC};
use super::uuid::PIFF_SAMPLE_ENCRYPTION;
use super::walk::{find, walk};
use crate::error::Error;
use crate::limits::Limits;
use crate::time::Span;

/// A sample that can be decoded on its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFrame {
    /// What the `trun` says of it, its duration stretched.
    pub sample: Sample,
    /// Its bytes, counted from the first one behind the header of the `mdat`.
    pub media: Range<usize>,
    /// Which sample of the fragment it is, from 0.
    index: usize,
}

/// A fragment without the samples that depend on others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// The `moof` and the header of its `mdat`.
    pub head: Vec<u8>,
    /// What follows: bytes of the samples of the whole fragment, in order.
    pub media: Vec<Range<usize>>,
}

/// The key frames of `moof` (the whole box), whose samples have `media_len` bytes together. `span` is when
/// it is presented; samples that do not say how long they last share it evenly.
///
/// A fragment none of whose samples is called independent begins with one that is: all of Smooth Streaming
/// do, whatever their flags say.
///
/// # Errors
///
/// As [`read_head`](super::read_head) with default limits on samples, and [`Error::Invalid`] for samples
/// that lie outside the media.
pub fn pick(moof: &[u8], span: Span, media_len: usize) -> Result<Vec<KeyFrame>, Error> {
    let moof = read(moof)?;
    pick_from(&moof, span, media_len)
}

/// The fragment of the key frames of `moof`, with `tfxd` and `tfrf` as
/// [`delivery::rewrite`] writes them. Per-sample encryption data of PIFF follows
/// its samples; boxes of unknown types are left out.
///
/// # Errors
///
/// As [`pick`], and [`Error::Unsupported`] for encryption data that cannot be told apart by sample.
pub fn fragment(moof: &[u8], span: Span, look_ahead: &[Span], media_len: usize) -> Result<Fragment, Error> {
    let moof = read(moof)?;
    let picked = pick_from(&moof, span, media_len)?;
    let samples: Vec<_> = picked.iter().map(|k| k.sample).collect();
    let spec =
        FragmentSpec { sequence: moof.sequence, track_id: moof.header.track_id, span, samples: &samples };
    let mut head = delivery::rewrite(&build::fragment(&spec), span, look_ahead)?;
    if moof.encrypted {
        let box_ = encryption(&moof, &picked)?;
        head = with_child(&head, &box_)?;
    }
    let mut media: Vec<Range<usize>> = Vec::new();
    for key in picked {
        match media.last_mut() {
            Some(last) if last.end == key.media.start => last.end = key.media.end,
            _ => media.push(key.media),
        }
    }
    let len = media.iter().map(ExactSizeIterator::len).fold(0, usize::saturating_add);
    head.extend_from_slice(&build::mdat_header(u32::try_from(len).unwrap_or(u32::MAX)));
    Ok(Fragment { head, media })
}

/// What is served was within the limits when it came in.
fn read(moof: &[u8]) -> Result<Moof<'_>, Error> {
    Moof::read(moof, &Limits { moof_bytes: usize::MAX, look_ahead: usize::MAX, ..Limits::default() })
}

fn pick_from(moof: &Moof<'_>, span: Span, media_len: usize) -> Result<Vec<KeyFrame>, Error> {
    const OUTSIDE: Error = Error::Invalid { what: "trun", rule: "its samples lie outside the media" };
    let shared = span.duration.checked_div(moof.samples.into()).unwrap_or(0);
    let first_offset = moof.runs.first().and_then(|run| run.data_offset).unwrap_or(0);
    let mut picked: Vec<KeyFrame> = Vec::new();
    let (mut starts, mut first) = (Vec::<u64>::new(), None);
    let (mut index, mut ticks, mut at) = (0_usize, 0_u64, 0_usize);
    for run in &moof.runs {
        if let Some(offset) = run.data_offset {
            let distance = i64::from(offset).saturating_sub(first_offset.into());
            at = usize::try_from(distance).map_err(|_| OUTSIDE)?;
        }
        let samples = run.samples().flat_map(|s| core::iter::repeat_n(s, run.repeat() as usize));
        for sample in samples {
            // A document or a single picture may leave it out.
            let only = (moof.samples == 1).then(|| u32::try_from(media_len).unwrap_or(u32::MAX));
            let size = sample.size.or(only).ok_or(OUTSIDE)?;
            let end = at.checked_add(size as usize).filter(|&end| end <= media_len).ok_or(OUTSIDE)?;
            let offset = sample.composition_offset.clamp(i32::MIN.into(), i32::MAX.into());
            let key = KeyFrame {
                sample: Sample {
                    duration: 0,
                    size,
                    flags: sample.flags,
                    composition_offset: i32::try_from(offset).unwrap_or(0),
                },
                media: at..end,
                index,
            };
            if sample.flags & NON_SYNC == 0 {
                picked.push(key);
                starts.push(ticks);
            } else if index == 0 {
                first = Some(KeyFrame { sample: Sample { flags: SYNC_SAMPLE, ..key.sample }, ..key });
            }
            index = index.saturating_add(1);
            ticks = ticks.saturating_add(sample.duration.map_or(shared, u64::from));
            at = end;
        }
    }
    if let (true, Some(first)) = (picked.is_empty(), first) {
        picked.push(first);
        starts.push(0);
    }
    // What lies before the first key frame: it is shown when it was, and decoded from the start on.
    if let (Some(key), Some(start)) = (picked.first_mut(), starts.first_mut()) {
        let early = i32::try_from(core::mem::take(start)).unwrap_or(i32::MAX);
        key.sample.composition_offset = key.sample.composition_offset.saturating_add(early);
    }
    let ends = starts.iter().skip(1).chain([&ticks]);
    for ((key, start), end) in picked.iter_mut().zip(&starts).zip(ends) {
        key.sample.duration = u32::try_from(end.saturating_sub(*start)).unwrap_or(u32::MAX);
    }
    Ok(picked)
}

/// The PIFF sample encryption box of `moof` with the entries of `picked` alone, PIFF 1.1 5.3.2.1.
fn encryption(moof: &Moof<'_>, picked: &[KeyFrame]) -> Result<Vec<u8>, Error> {
    const OVERRIDE: u32 = 1;
    const SUBSAMPLES: u32 = 2;
    const UNKNOWN: Error = Error::Unsupported { what: "senc", rule: "its entries cannot be told apart" };
    let traf = find(moof.payload, *b"traf")?.ok_or(UNKNOWN)?;
    let found = walk(traf.payload).find(|child| child.as_ref().is_ok_and(|c| c.is(PIFF_SAMPLE_ENCRYPTION)));
    let payload = found.ok_or(UNKNOWN)??.payload;
    let mut fields = Cursor::new(payload, "senc");
    let (version, flags) = fields.version();
    let overridden = if flags & OVERRIDE != 0 { fields.take(20) } else { &[] };
    let count = fields.u32();
    let entries = fields.rest();
    // Nothing else says how long the vectors are than the bytes that are there, where a track does.
    let vector = match (overridden.get(3), flags & SUBSAMPLES) {
        (Some(&size), _) => usize::from(size),
        (None, 0) => {
            entries.len().checked_div(count as usize).filter(|size| [8, 16].contains(size)).ok_or(UNKNOWN)?
        }
        (None, _) => 8,
    };
    let mut kept = Vec::new();
    for index in 0..count as usize {
        let before = fields.rest();
        fields.take(vector);
        if flags & SUBSAMPLES != 0 {
            let entries = usize::from(fields.u16()).saturating_mul(6);
            fields.take(entries);
        }
        // The count is not to be believed.
        fields.end()?;
        if picked.binary_search_by_key(&index, |key| key.index).is_ok() {
            let len = before.len().saturating_sub(fields.rest().len());
            kept.push(before.get(..len).unwrap_or_default());
        }
    }
    if kept.len() != picked.len() {
        return Err(UNKNOWN);
    }
    let mut out = Writer::default();
    let at = out.open_uuid(PIFF_SAMPLE_ENCRYPTION, version, flags);
    out.put(overridden);
    out.u32(u32::try_from(kept.len()).unwrap_or(u32::MAX));
    kept.iter().for_each(|entry| out.put(entry));
    out.close(at);
    Ok(out.finish())
}

/// `moof` with `child` at the end of its `traf`.
fn with_child(moof: &[u8], child: &[u8]) -> Result<Vec<u8>, Error> {
    let outer = walk(moof).next().ok_or(Error::Incomplete { what: "moof" })??;
    let mut out = Writer::with_capacity(moof.len().saturating_add(child.len()));
    let at = out.open(*b"moof");
    for part in walk(outer.payload) {
        let part = part?;
        if part.kind == *b"traf" {
            let traf = out.open(*b"traf");
            out.put(part.payload);
            out.put(child);
            out.close(traf);
        } else {
            out.put(part.whole);
        }
    }
    out.close(at);
    // The media begins later by as much.
    let read = Moof::read(moof, &Limits { moof_bytes: usize::MAX, ..Limits::default() })?;
    let span = read.span.unwrap_or_default();
    delivery::rewrite(&out.finish(), span, &read.look_ahead)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::build::DEPENDENT_SAMPLE;
    use super::super::read_head;
    use super::super::tests::{full, hex, sized};
    use super::*;

    const SPAN: Span = Span { time: 1_000_000, duration: 400 };

    fn built(samples: &[Sample]) -> Vec<u8> {
        build::fragment(&FragmentSpec { sequence: 7, track_id: 3, span: SPAN, samples })
    }

    const fn sample(duration: u32, size: u32, sync: bool, composition_offset: i32) -> Sample {
        let flags = if sync { SYNC_SAMPLE } else { DEPENDENT_SAMPLE };
        Sample { duration, size, flags, composition_offset }
    }

    #[test]
    fn a_picture_stays_until_the_next_one_and_look_ahead_is_kept() {
        let samples = [
            sample(40, 900, true, 80),
            sample(40, 100, false, 120),
            sample(40, 90, false, 0),
            sample(40, 800, true, 80),
            sample(40, 70, false, 80),
        ];
        let ahead = [Span { time: 1_000_400, duration: 400 }];
        let all = fragment(&built(&samples), SPAN, &ahead, 1960).unwrap();
        assert_eq!(all.media, [0..900, 1090..1890]);
        let (moof, mdat) = all.head.split_at(all.head.len() - 8);
        assert_eq!(mdat, build::mdat_header(1700));
        let head = read_head(moof, &Limits::default()).unwrap();
        assert_eq!((head.span, head.look_ahead.as_slice()), (Some(SPAN), &ahead[..]));
        assert_eq!((head.sequence, head.track_id), (7, 3));
        let kept = build::read_samples(moof, &Limits::default()).unwrap();
        assert_eq!(kept, [sample(120, 900, true, 80), sample(80, 800, true, 80)]);
        let offset = Moof::read(moof, &Limits::default()).unwrap().runs[0].data_offset;
        assert_eq!(offset, Some(i32::try_from(all.head.len()).unwrap()));
    }

    #[test]
    fn flags_that_deny_every_key_frame_are_not_believed() {
        let samples = [sample(40, 9, false, 0), sample(40, 8, false, 0)];
        let picked = pick(&built(&samples), SPAN, 17).unwrap();
        assert_eq!(picked.len(), 1);
        assert_eq!((picked[0].sample, &picked[0].media), (sample(80, 9, true, 0), &(0..9)));
    }

    #[test]
    fn sound_stays_as_it_is() {
        let samples = [sample(21, 5, true, 0), sample(21, 6, true, 0), sample(22, 7, true, 0)];
        let all = fragment(&built(&samples), SPAN, &[], 18).unwrap();
        assert_eq!(all.media, vec![0..18]);
        assert_eq!(all.head, [built(&samples), build::mdat_header(18).to_vec()].concat());
    }

    #[test]
    fn what_lies_outside_the_media_is_refused() {
        let samples = [sample(40, 9, true, 0), sample(40, 8, true, 0)];
        for len in 0..17 {
            assert!(pick(&built(&samples), SPAN, len).is_err(), "{len}");
        }
        assert!(pick(&built(&samples), SPAN, 17).is_ok());
    }

    #[test]
    fn runs_apart_from_each_other_and_a_document_without_fields() {
        let tfhd = full(b"tfhd", 0, 0, &hex("00000001"));
        let runs = [
            full(b"trun", 0, 0x301, &hex("00000001 00000080 0000000a 00000009")),
            full(b"trun", 0, 0x301, &hex("00000001 0000008c 0000000b 00000004")),
        ];
        let moof = sized(b"moof", &sized(b"traf", &[tfhd.clone(), runs.concat()].concat()));
        let media: Vec<_> = pick(&moof, SPAN, 16).unwrap().into_iter().map(|k| k.media).collect();
        assert_eq!(media, [0..9, 12..16]);
        let trun = full(b"trun", 0, 0, &hex("00000001"));
        let moof = sized(b"moof", &sized(b"traf", &[tfhd, trun].concat()));
        let picked = pick(&moof, SPAN, 77).unwrap();
        assert_eq!((picked[0].media.clone(), picked[0].sample.duration), (0..77, 400));
    }

    #[test]
    fn each_key_frame_keeps_its_initialisation_vector() {
        let samples = [sample(40, 9, true, 0), sample(40, 8, false, 0), sample(40, 7, true, 0)];
        let plain = "00000000 00000003 1111111111111111 2222222222222222 3333333333333333";
        let kept = "00000000 00000002 1111111111111111 3333333333333333";
        let parts = "00000002 00000003 1111111111111111 0001 0005 00000004 2222222222222222 0000 \
                     3333333333333333 0002 0001 00000002 0001 00000003";
        let kept_parts = "00000002 00000002 1111111111111111 0001 0005 00000004 \
                          3333333333333333 0002 0001 00000002 0001 00000003";
        for (given, expected) in [(plain, kept), (parts, kept_parts)] {
            let piff = |text: &str| sized(b"uuid", &[&PIFF_SAMPLE_ENCRYPTION[..], &hex(text)].concat());
            let sealed = with_child(&built(&samples), &piff(given)).unwrap();
            let all = fragment(&sealed, SPAN, &[SPAN], 24).unwrap();
            assert_eq!(all.media, [0..9, 17..24]);
            let (moof, _) = all.head.split_at(all.head.len() - 8);
            let read = Moof::read(moof, &Limits::default()).unwrap();
            assert!(read.encrypted);
            assert_eq!(read.runs[0].data_offset, Some(i32::try_from(all.head.len()).unwrap()));
            assert_eq!(read.look_ahead, [SPAN]);
            let expected = piff(expected);
            assert!(moof.windows(expected.len()).any(|w| w == expected));
        }
        let short = sized(
            b"uuid",
            &[&PIFF_SAMPLE_ENCRYPTION[..], &hex("00000000 00000002 11111111 22222222")].concat(),
        );
        let sealed = with_child(&built(&samples), &short).unwrap();
        assert!(fragment(&sealed, SPAN, &[], 24).is_err());
    }

    proptest! {
        /// Whatever the samples are: the key frames are shown when they were, are the bytes that they were,
        /// and last as long together as all samples did.
        #[test]
        fn time_and_media_are_kept(
            all in proptest::collection::vec((1_u32..1000, 0_u32..50, any::<bool>(), -500_i32..500), 1..40)
        ) {
            let samples: Vec<_> = all.iter().map(|&(d, s, sync, c)| sample(d, s, sync, c)).collect();
            let media_len = samples.iter().map(|s| s.size as usize).sum();
            let picked = pick(&built(&samples), SPAN, media_len).unwrap();
            let total = |samples: &[Sample]| samples.iter().map(|s| u64::from(s.duration)).sum::<u64>();
            let kept: Vec<_> = picked.iter().map(|k| k.sample).collect();
            prop_assert_eq!(total(&kept), total(&samples));
            let shown = |samples: &[Sample]| {
                let mut at = 0;
                samples.iter().map(|s| {
                    let shown = at + i64::from(s.composition_offset);
                    at += i64::from(s.duration);
                    shown
                }).collect::<Vec<_>>()
            };
            let (before, after) = (shown(&samples), shown(&kept));
            let keys: Vec<_> = match samples.iter().any(|s| s.flags == SYNC_SAMPLE) {
                true => (0..samples.len()).filter(|&i| samples[i].flags == SYNC_SAMPLE).collect(),
                false => vec![0],
            };
            prop_assert_eq!(keys.len(), kept.len());
            for (i, key) in keys.into_iter().enumerate() {
                let start = samples[..key].iter().map(|s| s.size as usize).sum::<usize>();
                prop_assert_eq!(picked[i].media.clone(), start..start + samples[key].size as usize);
                prop_assert_eq!(before[key], after[i]);
                prop_assert_eq!(kept[i].flags, SYNC_SAMPLE);
            }
            // What is served reads back the same, and again has no sample to leave out.
            let once = fragment(&built(&samples), SPAN, &[SPAN], media_len).unwrap();
            let moof = &once.head[..once.head.len() - 8];
            prop_assert_eq!(&build::read_samples(moof, &Limits::default()).unwrap(), &kept);
            let len = once.media.iter().map(ExactSizeIterator::len).sum();
            prop_assert_eq!(fragment(moof, SPAN, &[SPAN], len).unwrap().head, once.head.clone());
        }
    }
}
