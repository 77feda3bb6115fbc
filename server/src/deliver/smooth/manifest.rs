//! The client manifest of a snapshot, [MS-SSTR] 2.2.2.

use smooth::Timescale;
use smooth::manifest::{self, Kind, Manifest, QualityLevel, Stream, Timeline};

use crate::publishing_point::snapshot::{Document, LevelView, Snapshot, StreamView};

/// The manifest as it is sent; `None` while there is nothing to play.
#[must_use]
pub fn render(snapshot: &Snapshot) -> Option<Document> {
    Some(Document::new(manifest::write(&model(snapshot)?)))
}

/// The manifest; `None` while there is nothing to play.
///
/// A viewer may read it once and never again, so it waits until every stream of picture and sound has a
/// chunk to list, or until one has `PATIENCE` of them. A stream without any is left out.
#[must_use]
pub fn model(snapshot: &Snapshot) -> Option<Manifest> {
    if !snapshot.state.serves() {
        return None;
    }
    let media = || snapshot.streams.iter().filter(|s| s.kind != Kind::Text);
    let listed = |s: &StreamView| s.chunks.len().saturating_sub(snapshot.held_back(s));
    let most = media().map(listed).max().unwrap_or(0);
    let waits = snapshot.is_live() && most < PATIENCE && media().any(|s| listed(s) == 0);
    let streams: Vec<_> =
        snapshot.streams.iter().filter(|s| listed(s) > 0).map(|s| stream(s, listed(s))).collect();
    if waits || streams.is_empty() {
        return None;
    }
    let live = snapshot.is_live();
    let hold = (live && snapshot.max_hold_ms > 0)
        .then(|| ("silverlane-wait".to_owned(), snapshot.max_hold_ms.to_string()));
    Some(Manifest {
        version: snapshot.definition.client_manifest_version,
        duration: if live {
            u64::from(snapshot.definition.estimated_time).saturating_mul(PER_SECOND)
        } else {
            duration(&streams)
        },
        is_live: live,
        look_ahead: live.then_some(snapshot.look_ahead),
        dvr_window: if live { snapshot.window.saturating_mul(PER_SECOND) } else { 0 },
        can_seek: live.then_some(true),
        can_pause: live.then_some(true),
        custom_attributes: hold.into_iter().collect(),
        streams,
        ..Manifest::default()
    })
}

fn stream(view: &StreamView, listed: usize) -> Stream {
    let specs = || view.levels.iter().map(|l| &l.spec);
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
        levels: view.levels.iter().enumerate().map(level).collect(),
        chunks,
        embedded: Vec::new(),
    }
}

fn level((index, view): (usize, &LevelView)) -> QualityLevel {
    QualityLevel { index: u32::try_from(index).unwrap_or(u32::MAX), ..view.spec.level.clone() }
}

/// From the first tick of any stream to the last, in units of 100 ns.
fn duration(streams: &[Stream]) -> u64 {
    let units = |s: &Stream, ticks| s.timescale.rescale(ticks, Timescale::DEFAULT);
    let media = || streams.iter().filter(|s| s.kind != Kind::Text || streams.len() == 1);
    let first = media().filter_map(|s| Some(units(s, s.chunks.first()?.time))).min();
    let last = media().filter_map(|s| Some(units(s, s.chunks.last()?.end()))).max();
    last.unwrap_or(0).saturating_sub(first.unwrap_or(0))
}

/// Chunks that one stream has to list before the manifest goes out without another.
const PATIENCE: usize = 3;

const PER_SECOND: u64 = 10_000_000;
