//! The client manifest of a presentation that came without one.

use smooth::manifest::{self, Embedded, EmbeddedContent};

use crate::deliver::cmaf::segment;
use crate::deliver::smooth::manifest::model;
use crate::publishing_point::snapshot::{Document, Snapshot, StreamView};

/// The manifest; `None` if there is nothing to play. Samples that shall stand in it do.
pub(super) fn manifest(snapshot: &Snapshot) -> Option<Document> {
    let mut model = model(snapshot)?;
    for stream in &mut model.streams {
        let view = snapshot.streams.iter().find(|v| v.name == stream.name && v.kind == stream.kind)?;
        if view.levels.iter().any(|l| l.spec.manifest_output) {
            stream.embedded = samples(snapshot, view);
            stream.manifest_output = !stream.embedded.is_empty();
        }
    }
    Some(Document::new(manifest::write(&model)))
}

/// The samples of the first level, as far as they can be read and are not too long.
fn samples(snapshot: &Snapshot, view: &StreamView) -> Vec<Embedded> {
    let Some(level) = view.levels.first() else { return Vec::new() };
    let mut left = MAX_BYTES;
    let mut found = Vec::new();
    for entry in level.entries.iter() {
        let Ok(Some(media)) = snapshot.media(level, entry) else { continue };
        let (_, sample) = segment::split(&media.mdat);
        let Some(rest) = left.checked_sub(sample.len()) else { break };
        left = rest;
        found.push(Embedded { time: entry.span.time, content: EmbeddedContent::Sample(sample.to_vec()) });
    }
    found
}

/// Bytes of samples in one manifest.
const MAX_BYTES: usize = 4 << 20;
