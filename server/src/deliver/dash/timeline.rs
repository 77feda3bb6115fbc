//! `SegmentTimeline`, ISO/IEC 23009-1 5.3.9.6.

use std::fmt::Write as _;

use smooth::Span;
use smooth::manifest::Kind;

use crate::deliver::cmaf::presentation::{Clock, Rendition};

/// The segments of `rendition` as `S` elements, with times of `clock`. A gap stays a gap.
///
/// Captions may overlap, and may be announced without a duration; here each lasts until the next at most.
#[must_use]
pub fn write(rendition: &Rendition<'_>, clock: Clock) -> String {
    let level = rendition.level;
    let mut spans: Vec<_> = level.entries.iter().map(|e| clock.of(e.span)).collect();
    if level.spec.kind == Kind::Text {
        let starts: Vec<_> = spans.iter().skip(1).map(|s| s.time).collect();
        for (span, next) in spans.iter_mut().zip(starts) {
            let until = next.saturating_sub(span.time);
            span.duration = if span.duration == 0 { until } else { span.duration.min(until) };
        }
    }
    spans.retain(|s| s.duration > 0);
    let mut out = String::new();
    let mut end = None;
    for run in spans.chunk_by(|a, b| a.end() == b.time && a.duration == b.duration) {
        let [Span { time, duration }, ..] = *run else { continue };
        out.push_str("<S");
        if end != Some(time) {
            let _ = write!(out, " t=\"{time}\"");
        }
        let _ = write!(out, " d=\"{duration}\"");
        if run.len() > 1 {
            let _ = write!(out, " r=\"{}\"", run.len() - 1);
        }
        out.push_str("/>");
        end = run.last().map(|s| s.end());
    }
    out
}
