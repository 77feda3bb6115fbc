//! What a player or an origin wants to know of a fragment before its media arrives.

use super::moof::{Moof, NON_SYNC};
use crate::error::Error;
use crate::limits::Limits;
use crate::time::Span;

/// The facts of a `moof`. Times are in ticks of the stream's timescale.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FragmentHead {
    /// `mfhd` sequence number; encoders count over all tracks or per track.
    pub sequence: u32,
    /// `tfhd` track id. Not reliable across streams of one presentation.
    pub track_id: u32,
    /// `tfxd`: absolute start and duration. The start is raw: see [`Span::signed_time`].
    pub span: Option<Span>,
    /// `tfrf`: the fragments that follow, nearest first.
    pub look_ahead: Vec<Span>,
    /// How many samples there are.
    pub samples: u32,
    /// Sum of the sample durations; 0 if the samples do not say.
    pub duration: u64,
    /// Sum of the sample sizes in bytes; 0 if the samples do not say.
    pub size: u64,
    /// Whether the first sample can be decoded on its own.
    pub starts_with_sync: bool,
    /// Whether per-sample encryption data is there (PIFF or Common Encryption).
    pub encrypted: bool,
    /// The key that the samples are encrypted with, where PIFF names one in place of the track's.
    pub key_id: Option<[u8; 16]>,
    /// `tfdt`: decode time of the first sample. Smooth Streaming encoders write none.
    pub decode_time: Option<u64>,
    /// Presentation time minus decode time of the first sample.
    pub first_composition_offset: i64,
}

/// Reads the facts of a fragment from `moof`, the whole box with its header. What follows it is ignored.
///
/// # Errors
///
/// [`Error::Incomplete`] if a box is cut short, [`Error::Invalid`] if there is no `traf` or `tfhd`,
/// [`Error::Unsupported`] for more than one track, [`Error::Limit`] beyond `moof_bytes`, `samples` or
/// `look_ahead` of `limits`.
pub fn read_head(moof: &[u8], limits: &Limits) -> Result<FragmentHead, Error> {
    let moof = Moof::read(moof, limits)?;
    let (mut duration, mut size) = (Some(0_u64), Some(0_u64));
    for run in &moof.runs {
        let repeat = u64::from(run.repeat());
        for sample in run.samples() {
            let add = |sum: Option<u64>, field: Option<u32>| {
                Some(sum?.saturating_add(u64::from(field?).saturating_mul(repeat)))
            };
            duration = add(duration, sample.duration);
            size = add(size, sample.size);
        }
    }
    let first = moof.runs.iter().flat_map(|run| run.samples()).next();
    Ok(FragmentHead {
        sequence: moof.sequence,
        track_id: moof.header.track_id,
        samples: moof.samples,
        duration: duration.unwrap_or(0),
        size: size.unwrap_or(0),
        starts_with_sync: first.is_some_and(|s| s.flags & NON_SYNC == 0),
        encrypted: moof.encrypted,
        key_id: moof.key_id,
        decode_time: moof.decode_time,
        first_composition_offset: first.map_or(0, |s| s.composition_offset),
        span: moof.span,
        look_ahead: moof.look_ahead,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{REFERENCE_MOOF, full, sized};
    use super::*;

    #[test]
    fn the_example_of_the_reference() {
        let head = read_head(&REFERENCE_MOOF(), &Limits::default()).unwrap();
        let span = |time| Span { time, duration: 20_000_000 };
        assert_eq!(
            head,
            FragmentHead {
                sequence: 7,
                track_id: 2,
                span: Some(span(260_000_000)),
                look_ahead: vec![span(280_000_000), span(300_000_000)],
                samples: 3,
                duration: 999_999,
                size: 1150,
                starts_with_sync: true,
                ..FragmentHead::default()
            }
        );
    }

    #[test]
    fn every_cut_of_the_example_is_an_error() {
        let moof = REFERENCE_MOOF();
        for end in 0..moof.len() {
            assert!(read_head(&moof[..end], &Limits::default()).is_err(), "{end}");
        }
    }

    #[test]
    fn samples_without_fields_of_their_own_take_the_defaults_of_tfhd() {
        let tfhd = full(b"tfhd", 0, 0x38, &[0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 9, 1, 1, 0, 0]);
        let trun = full(b"trun", 0, 0, &[0, 0, 0, 4]);
        let moof = sized(b"moof", &sized(b"traf", &[trun, tfhd].concat()));
        let head = read_head(&moof, &Limits::default()).unwrap();
        assert_eq!((head.samples, head.duration, head.size, head.starts_with_sync), (4, 20, 36, false));
    }

    #[test]
    fn a_sample_count_is_never_believed() {
        let tfhd = full(b"tfhd", 0, 0, &[0, 0, 0, 1]);
        let moof = |flags, count: u32| {
            let trun = full(b"trun", 0, flags, &count.to_be_bytes());
            sized(b"moof", &sized(b"traf", &[tfhd.clone(), trun].concat()))
        };
        let read = |moof: &[u8]| read_head(moof, &Limits::default()).unwrap_err();
        assert_eq!(read(&moof(0x300, u32::MAX)), Error::Incomplete { what: "trun" });
        assert_eq!(read(&moof(0, u32::MAX)), Error::Limit { what: "samples", max: 100_000 });
    }

    #[test]
    fn two_tracks_in_one_fragment_are_refused() {
        let traf = sized(b"traf", &full(b"tfhd", 0, 0, &[0, 0, 0, 1]));
        let moof = sized(b"moof", &[traf.clone(), traf].concat());
        let error = read_head(&moof, &Limits::default()).unwrap_err();
        assert_eq!(error, Error::Unsupported { what: "moof", rule: "more than one track" });
    }
}
