//! The captions of a fragment as WebVTT cues.

use std::sync::Arc;

use smooth::captions::{Cue, read_ttml};
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
