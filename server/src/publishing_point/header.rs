//! From a push stream's header to track specs whose names can stand in manifests and URLs.

use smooth::ingest::TrackInfo;
use smooth::manifest::Kind;

use super::track::TrackSpec;

/// The specs of a header's tracks, in its order.
#[must_use]
pub fn specs(tracks: &[TrackInfo]) -> Vec<TrackSpec> {
    let mut specs: Vec<_> = tracks.iter().map(TrackSpec::from).collect();
    settle_names(&mut specs);
    specs
}

/// Makes the names of one header's tracks usable, as a function of the header alone: what a URL cannot
/// carry becomes `_`, an empty name the kind's; a track equal to one before it in kind, name, bitrate
/// and attributes (ffmpeg names all audio alike) gets `_2`, `_3`, …
fn settle_names(specs: &mut [TrackSpec]) {
    for i in 0..specs.len() {
        let (before, rest) = specs.split_at_mut(i);
        let Some(spec) = rest.first_mut() else { return };
        clean(&mut spec.name);
        if spec.name.is_empty() {
            spec.name = match spec.kind {
                Kind::Text => "textstream".to_owned(),
                kind => kind.as_str().to_owned(),
            };
        }
        for (key, value) in &mut spec.level.custom_attributes {
            clean(key);
            clean(value);
        }
        let plain = spec.name.clone();
        let mut n = 2;
        while before.iter().any(|b| b.same_identity(spec) || (b.name == spec.name && b.kind != spec.kind)) {
            spec.name = format!("{plain}_{n}");
            n += 1;
        }
    }
}

fn clean(text: &mut String) {
    if !text.chars().all(plain) {
        *text = text.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    }
}

const fn plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '~')
}
