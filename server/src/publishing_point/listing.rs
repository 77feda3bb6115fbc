//! Streams as a client manifest lists them, [MS-SSTR] 2.2.2.3.

use smooth::Timescale;
use smooth::manifest::{Kind, ProtectionHeader, QualityLevel, Stream, Timeline};

use super::snapshot::{LevelView, StreamView};

/// `view` with its first `listed` chunks, and those of its levels that have a fragment: a header alone,
/// perhaps of an encoder that was sent away, is nothing to play.
#[must_use]
pub fn stream(view: &StreamView, listed: usize) -> Stream {
    let levels = || view.levels.iter().filter(|l| !l.entries.is_empty());
    let specs = || levels().map(|l| &l.spec);
    let mut chunks = Timeline::new();
    for chunk in view.chunks.iter().take(listed) {
        chunks.push(*chunk);
    }
    let has_attributes = specs().any(|s| !s.level.custom_attributes.is_empty());
    let attributes = if has_attributes { ",{CustomAttributes}" } else { "" };
    let first = specs().next();
    Stream {
        kind: view.kind,
        subtype: first.map_or_else(String::new, |s| s.subtype.clone()),
        name: view.name.clone(),
        language: first.map_or_else(String::new, |s| s.language.clone()),
        timescale: view.timescale,
        url: format!("QualityLevels({{bitrate}}{attributes})/Fragments({}={{start time}})", view.name),
        max_width: specs().map(|s| s.level.width).max().unwrap_or(0),
        max_height: specs().map(|s| s.level.height).max().unwrap_or(0),
        display_width: specs().map(|s| s.display.0).max().unwrap_or(0),
        display_height: specs().map(|s| s.display.1).max().unwrap_or(0),
        parent: first.and_then(|s| s.parent.clone()),
        // Samples are served as fragments; none stands in the manifest.
        manifest_output: false,
        levels: levels().enumerate().map(level).collect(),
        chunks,
        embedded: Vec::new(),
    }
}

fn level((index, view): (usize, &LevelView)) -> QualityLevel {
    QualityLevel { index: u32::try_from(index).unwrap_or(u32::MAX), ..view.spec.level.clone() }
}

/// The protection systems of all levels of `views`, each once.
#[must_use]
pub fn protection(views: &[StreamView]) -> Vec<ProtectionHeader> {
    let mut found: Vec<ProtectionHeader> = Vec::new();
    for header in views.iter().flat_map(|v| &v.levels).flat_map(|l| &l.spec.protection) {
        if !found.contains(header) {
            found.push(header.clone());
        }
    }
    found
}

/// From the first tick of any stream to the last, in units of 100 ns.
#[must_use]
pub fn duration(streams: &[Stream]) -> u64 {
    let units = |s: &Stream, ticks| s.timescale.rescale(ticks, Timescale::DEFAULT);
    let media = || streams.iter().filter(|s| s.kind != Kind::Text || streams.len() == 1);
    let first = media().filter_map(|s| Some(units(s, s.chunks.first()?.time))).min();
    let last = media().filter_map(|s| Some(units(s, s.chunks.last()?.end()))).max();
    last.unwrap_or(0).saturating_sub(first.unwrap_or(0))
}
