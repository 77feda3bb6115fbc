//! One segment of captions: WebVTT, on the clock of the transport streams beside it.

use smooth::Timescale;

use super::segments::Segment;
use super::tracks::Selection;
use super::ts::clock;
use crate::deliver::cmaf::segment::Segment as Written;
use crate::deliver::cmaf::segment::{Loaded, Shown, webvtt};
use crate::publishing_point::track::Entry;

/// The fragments of captions that reach into `segment`.
#[must_use]
pub fn fragments<'a>(selection: &Selection<'a>, segment: &Segment) -> Vec<&'a Entry> {
    let (stream, level) = selection.named;
    let ticks = |time| selection.leading.timescale.rescale(time, stream.timescale);
    let (from, to) = (ticks(segment.span.time), ticks(segment.span.end()));
    let first = level.entries.floor(from).map_or(from, |entry| entry.span.time);
    let near = level.entries.from(first).take_while(|entry| entry.span.time < to);
    near.filter(|entry| entry.span.end() > from).collect()
}

/// The segment. A document that cannot be read costs its captions, not the stream.
#[must_use]
pub fn write(selection: &Selection<'_>, segment: &Segment, loaded: &[Loaded<'_>]) -> Written {
    let timescale = selection.leading.timescale;
    let ms = |time| timescale.rescale(time, Timescale::MILLISECONDS);
    let span = segment.span;
    let shown = Shown::new(ms(span.time), ms(span.end()), clock(span.time.into(), timescale));
    webvtt(selection.named.1, loaded, &shown)
}
