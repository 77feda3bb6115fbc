//! Captions as a track of WebVTT cues, ISO/IEC 14496-30 7 and, for CMAF, ISO/IEC 23000-19 11.2: what players
//! of DASH show in every browser. Times stand in the samples alone, so they need no clock of their own.
//!
//! ```text
//! stsd (wvtt (vttC))
//! mdat: a sample for each stretch of time in which the same cues are shown
//!   vttc (sttg, payl) …      the cues, or
//!   vtte                     none
//! ```

use super::build::{self, FragmentSpec, Sample};
use super::cmaf;
use super::cursor::Writer;
use super::init::{self, TRACK_ID};
use crate::captions::{Cue, webvtt};
use crate::error::Error;
use crate::manifest::Kind;
use crate::time::{Span, Timescale};

/// The RFC 6381 name.
pub const CODEC: &str = "wvtt";

/// The init segment of a track with `timescale`. `language` as in [`init::Track`].
#[must_use]
pub fn init_segment(timescale: Timescale, language: &str) -> Vec<u8> {
    let mut out = Writer::with_capacity(640);
    init::put_ftyp(&mut out);
    let moov = out.open(*b"moov");
    init::put_mvhd(timescale, TRACK_ID.saturating_add(1), &mut out);
    let trak = out.open(*b"trak");
    init::put_tkhd(Kind::Text, (0, 0), TRACK_ID, &mut out);
    let mdia = out.open(*b"mdia");
    init::put_mdhd(timescale, language, &mut out);
    init::put_hdlr(b"text", &mut out);
    let minf = out.open(*b"minf");
    let at = out.open_full(*b"nmhd", 0, 0);
    out.close(at);
    init::put_dinf(&mut out);
    let stbl = out.open(*b"stbl");
    let stsd = out.open_full(*b"stsd", 0, 0);
    out.u32(1);
    let entry = out.open(*b"wvtt");
    out.zeros(6);
    out.u16(1); // data reference index
    put(*b"vttC", b"WEBVTT", &mut out);
    out.close(entry);
    out.close(stsd);
    init::put_empty_tables(&mut out);
    out.close(stbl);
    out.close(minf);
    out.close(mdia);
    out.close(trak);
    let mvex = out.open(*b"mvex");
    init::put_trex(TRACK_ID, &mut out);
    out.close(mvex);
    out.close(moov);
    out.finish()
}

/// The segment at `span`, in ticks of `timescale`, with those of `cues` that are shown in it: `moof` and
/// `mdat`. The times of the cues count from its start.
///
/// # Errors
///
/// [`Error::Limit`] for more than 4 GB of text.
pub fn segment(cues: &[Cue], span: Span, timescale: Timescale) -> Result<Vec<u8>, Error> {
    let ms = |ms| span.time.saturating_add(Timescale::MILLISECONDS.rescale(ms, timescale)).min(span.end());
    let shown: Vec<_> = cues
        .iter()
        .filter(|cue| !cue.text.is_empty())
        .map(|cue| (ms(cue.begin_ms), ms(cue.end_ms), cue))
        .filter(|(begin, end, _)| begin < end)
        .collect();
    let mut moments: Vec<_> = shown.iter().flat_map(|&(begin, end, _)| [begin, end]).collect();
    moments.extend([span.time, span.end()]);
    moments.sort_unstable();
    moments.dedup();
    let (mut samples, mut media) = (Vec::new(), Writer::default());
    for (&from, &to) in moments.iter().zip(moments.iter().skip(1)) {
        let start = media.len();
        for (.., cue) in shown.iter().filter(|(begin, end, _)| *begin <= from && to <= *end) {
            put_cue(cue, &mut media);
        }
        if media.len() == start {
            put(*b"vtte", b"", &mut media);
        }
        let limit = Error::Limit { what: "captions", max: u32::MAX.into() };
        let size = u32::try_from(media.len().saturating_sub(start)).map_err(|_| limit)?;
        let duration = u32::try_from(to.saturating_sub(from)).unwrap_or(u32::MAX);
        samples.push(Sample { duration, size, flags: build::SYNC_SAMPLE, composition_offset: 0 });
    }
    let media = media.finish();
    let len = u32::try_from(media.len()).ok().filter(|&len| len <= u32::MAX - 8);
    let too_long = Error::Limit { what: "captions", max: u64::from(u32::MAX) };
    let media_len = len.ok_or(too_long)?;
    let moof = build::fragment(&FragmentSpec { sequence: 1, track_id: TRACK_ID, span, samples: &samples });
    let mut out = cmaf::rewrite(
        &moof,
        &cmaf::Options { kind: Kind::Text, span, media_header: 8, media_len, key: None },
    )?;
    out.extend_from_slice(&build::mdat_header(media_len));
    out.extend_from_slice(&media);
    Ok(out)
}

fn put_cue(cue: &Cue, out: &mut Writer) {
    let at = out.open(*b"vttc");
    let settings = webvtt::settings_text(cue);
    if !settings.is_empty() {
        put(*b"sttg", settings.as_bytes(), out);
    }
    put(*b"payl", cue.text.as_bytes(), out);
    out.close(at);
}

fn put(kind: [u8; 4], payload: &[u8], out: &mut Writer) {
    let at = out.open(kind);
    out.put(payload);
    out.close(at);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::boxes::{read_head, walk};
    use crate::captions::Align;

    fn cue(begin_ms: u64, end_ms: u64, text: &str) -> Cue {
        Cue { begin_ms, end_ms, text: text.into(), region: None, align: Align::Start, image: None }
    }

    #[test]
    fn a_sample_for_every_change_of_what_is_shown() {
        let cues = [cue(0, 500, "one"), cue(0, 9000, "two"), cue(2000, 3000, "late"), cue(0, 9000, "")];
        let span = Span { time: 10_000_000, duration: 20_000_000 };
        let bytes = segment(&cues, span, Timescale::DEFAULT).unwrap();
        let head = read_head(&bytes, &Limits::default()).unwrap();
        assert_eq!((head.decode_time, head.duration), (Some(span.time), span.duration));
        let samples = build::read_samples(&bytes, &Limits::default()).unwrap();
        let durations: Vec<_> = samples.iter().map(|s| s.duration).collect();
        assert_eq!(durations, [5_000_000, 15_000_000]);
        let mdat = walk(&bytes).nth(1).unwrap().unwrap();
        let boxes = |bytes| walk(bytes).map(|b| b.unwrap().kind).collect::<Vec<_>>();
        assert_eq!(boxes(mdat.payload), [*b"vttc", *b"vttc", *b"vttc"]);
        let first = walk(mdat.payload).next().unwrap().unwrap();
        assert_eq!(boxes(first.payload), [*b"sttg", *b"payl"]);
        assert!(first.payload.ends_with(b"payl") || first.payload.ends_with(b"one"));
        assert!(first.payload.windows(11).any(|w| w == b"align:start"));
        assert!(mdat.payload.ends_with(b"two"));
    }

    #[test]
    fn a_silent_stretch_is_an_empty_cue() {
        let bytes = segment(&[], Span { time: 7, duration: 20 }, Timescale::DEFAULT).unwrap();
        assert!(bytes.ends_with(b"\0\0\0\x10mdat\0\0\0\x08vtte"));
        assert_eq!(read_head(&bytes, &Limits::default()).unwrap().samples, 1);
    }
}
