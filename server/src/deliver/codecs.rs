//! What a presentation is coded with, for outputs that carry only some of it.

use smooth::codec::Codec;
use smooth::manifest::Kind;

use crate::publishing_point::snapshot::{LevelView, Snapshot};

/// The codecs of `snapshot`, if fragmented MP4 can carry none of them.
#[must_use]
pub fn beyond_mp4(snapshot: &Snapshot) -> Option<String> {
    let levels: Vec<_> = levels(snapshot).collect();
    (!levels.is_empty() && levels.iter().all(|(_, codec)| codec.is_none())).then(|| names(levels))
}

/// The codecs of `snapshot`, if transport streams would lose its pictures or its sound where fragmented MP4
/// has them. Silent pictures in place of a film would tell nobody what is wrong.
#[must_use]
pub fn beyond_transport_streams(snapshot: &Snapshot) -> Option<String> {
    let is_lost = |kind| {
        let mut known =
            levels(snapshot).filter_map(|(_, codec)| codec).filter(|c| c.kind() == kind).peekable();
        known.peek().is_some() && !known.any(|codec| matches!(codec, Codec::Avc(_) | Codec::Aac(_)))
    };
    let lost = is_lost(Kind::Video) || is_lost(Kind::Audio);
    if lost { Some(names(levels(snapshot))) } else { beyond_mp4(snapshot) }
}

/// The levels with pictures and sound, each with its codec; `None` for one that we do not know.
fn levels(snapshot: &Snapshot) -> impl Iterator<Item = (&LevelView, Option<Codec>)> {
    let media = snapshot.streams.iter().filter(|s| s.kind != Kind::Text).flat_map(|s| &s.levels);
    media.map(|level| {
        let spec = &level.spec;
        (level, Codec::from_level(spec.kind, &spec.level, &spec.subtype).ok())
    })
}

/// For a person: `HVC1, AACL`.
fn names<'a>(levels: impl IntoIterator<Item = (&'a LevelView, Option<Codec>)>) -> String {
    let mut names: Vec<_> = levels.into_iter().map(|(level, _)| level.spec.level.fourcc.as_str()).collect();
    names.dedup();
    names.join(", ")
}
