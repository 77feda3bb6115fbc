//! The captions of a fragment as WebVTT cues.

use std::sync::Arc;

use smooth::captions::{Cue, read_ttml, webvtt};
use smooth::{Limits, Timescale, boxes};

use super::segment;
use crate::archive::Media;
use crate::publishing_point::snapshot::LevelView;
use crate::publishing_point::track::Entry;

/// The cues of `entry`, in milliseconds since the fragment begins; those that began before begin with it.
///
/// A document's times are of the encoder's clock, or count from the start of the fragment; either way
/// they stay with their fragment where a restarted encoder's clock was mapped to the broadcast's.
///
/// # Errors
///
/// The document is no TTML.
pub fn cues(level: &LevelView, entry: &Entry, media: &Arc<Media>) -> Result<Vec<Cue>, smooth::Error> {
    let limits = Limits::default();
    let (_, document) = segment::split(&media.mdat);
    let ms = |ticks: u64| level.spec.timescale.rescale(ticks, Timescale::MILLISECONDS);
    let head = boxes::read_head(&media.moof, &limits)?;
    let began = head.span.map_or(entry.span.time, |span| u64::try_from(span.signed_time()).unwrap_or(0));
    let mut document = read_ttml(&document, &limits)?;
    let duration = ms(entry.span.duration);
    let relative = document.times_are_relative(ms(began), duration);
    document.place(ms(began), duration, relative);
    for cue in &mut document.cues {
        cue.begin_ms = cue.begin_ms.saturating_sub(ms(began));
        cue.end_ms = cue.end_ms.saturating_sub(ms(began));
    }
    document.cues.retain(|cue| cue.begin_ms < cue.end_ms);
    Ok(document.cues)
}

/// A segment of WebVTT for HLS, RFC 8216 section 3.5: those of `cues` that are shown between `from` and
/// `to`. All times in milliseconds on one clock; `from` is presented with `clock`, in ticks of 90 kHz.
///
/// A cue that reaches into several segments stands in each with the same times, which is how players know
/// that it is one. So times count from an hour before the segment.
#[must_use]
pub fn webvtt(mut cues: Vec<Cue>, from: u64, to: u64, clock: u64) -> String {
    cues.retain(|cue| cue.begin_ms < to && cue.end_ms > from);
    for cue in &mut cues {
        cue.begin_ms = cue.begin_ms.saturating_add(HOUR).saturating_sub(from);
        cue.end_ms = cue.end_ms.saturating_add(HOUR).saturating_sub(from);
    }
    let file = webvtt::write(&cues);
    let body = file.strip_prefix("WEBVTT\n").unwrap_or(&file);
    format!("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:01:00:00.000,MPEGTS:{}\n{body}", clock % WRAP)
}

/// In milliseconds.
const HOUR: u64 = 3_600_000;

/// Time stamps of transport streams, which this header speaks in, have 33 bits.
const WRAP: u64 = 1 << 33;

#[cfg(test)]
mod tests {
    use super::*;
    use smooth::captions::Align;

    #[test]
    fn a_cue_has_the_same_times_in_every_segment_that_it_reaches_into() {
        let cue = |begin_ms, end_ms| {
            let text = String::from("x");
            Cue { begin_ms, end_ms, text, region: None, align: Align::default(), image: None }
        };
        let cues = vec![cue(1000, 2500), cue(0, 2000), cue(4000, 5000)];
        let text = webvtt(cues, 2000, 4000, (1 << 33) + 900_000);
        assert_eq!(
            text,
            "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:01:00:00.000,MPEGTS:900000\n\n00:59:59.000 --> 01:00:00.500\nx\n"
        );
        assert!(webvtt(Vec::new(), 0, 1, 0).ends_with("MPEGTS:0\n"));
    }
}
