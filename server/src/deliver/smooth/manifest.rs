//! The client manifest of a snapshot, [MS-SSTR] 2.2.2.

use smooth::manifest::{self, Kind, Manifest};

use crate::publishing_point::listing;
use crate::publishing_point::snapshot::{Document, Snapshot, StreamView};

/// The manifest as it is sent; `None` while there is nothing to play.
#[must_use]
pub fn render(snapshot: &Snapshot) -> Option<Document> {
    Some(Document::new(manifest::write(&model(snapshot)?)))
}

/// The manifest; `None` while there is nothing to play.
///
/// A viewer may read it once and never again, so it waits until every stream of picture and sound has a
/// chunk to list and every level of it a fragment, or until one has `PATIENCE` chunks. What has none then
/// is left out.
#[must_use]
pub fn model(snapshot: &Snapshot) -> Option<Manifest> {
    if !snapshot.state.serves() {
        return None;
    }
    let media = || snapshot.streams.iter().filter(|s| s.kind != Kind::Text);
    let listed = |s: &StreamView| s.chunks.len().saturating_sub(snapshot.held_back(s));
    let most = media().map(listed).max().unwrap_or(0);
    // Once chunks have left the window, whoever is missing has had its time.
    let empty = |s: &StreamView| s.gone.is_none() && s.levels.iter().any(|l| l.entries.is_empty());
    let waits = snapshot.is_live() && most < PATIENCE && media().any(|s| listed(s) == 0 || empty(s));
    let streams: Vec<_> =
        snapshot.streams.iter().filter(|s| listed(s) > 0).map(|s| listing::stream(s, listed(s))).collect();
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
            listing::duration(&streams)
        },
        is_live: live,
        look_ahead: live.then_some(snapshot.look_ahead),
        dvr_window: if live { snapshot.window.saturating_mul(PER_SECOND) } else { 0 },
        can_seek: live.then_some(true),
        can_pause: live.then_some(true),
        protection: listing::protection(&snapshot.streams),
        custom_attributes: hold.into_iter().collect(),
        streams,
        ..Manifest::default()
    })
}

/// Chunks that one stream has to list before the manifest goes out without another.
const PATIENCE: usize = 3;

const PER_SECOND: u64 = 10_000_000;
