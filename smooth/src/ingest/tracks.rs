//! What the tracks of a push stream are: the live server manifest, completed from `moov`.

use super::TrackInfo;
use crate::boxes::moov;
use crate::codec::Codec;
use crate::manifest::{Kind, ProtectionHeader};
use crate::smil::live::LiveServerManifest;

/// The tracks of the manifest, completed from `moov`; those of `moov` if there is no manifest. `protection` is
/// that of `moov`.
pub(super) fn merge(
    smil: Option<&LiveServerManifest>,
    moov: &[moov::Track],
    protection: &[ProtectionHeader],
) -> Vec<TrackInfo> {
    let mut tracks = match smil {
        Some(smil) => smil.tracks.clone(),
        None => moov.iter().map(from_moov).collect(),
    };
    for track in &mut tracks {
        if smil.is_some()
            && let Some(known) = moov.iter().find(|known| known.id == track.id && known.kind == track.kind)
        {
            complete(track, known);
        }
        // Text is clear.
        if track.kind != Kind::Text && track.protection.is_empty() {
            track.protection = protection.to_vec();
        }
    }
    tracks
}

/// A track that no manifest names. Like ffmpeg we tell languages of audio apart by name.
fn from_moov(known: &moov::Track) -> TrackInfo {
    let mut track = TrackInfo::new(known.id, known.kind);
    complete(&mut track, known);
    if known.kind == Kind::Audio && !unknown(&track.language) {
        track.name = [track.name.as_str(), "_", &track.language].concat();
    }
    track.level.bitrate = known.bitrate;
    track
}

/// Fills in what `track` does not say. The timescale is the one that the fragments are written in.
fn complete(track: &mut TrackInfo, known: &moov::Track) {
    track.timescale = known.timescale;
    if unknown(&track.language) && !unknown(&known.language) {
        track.language.clone_from(&known.language);
    }
    let level = &mut track.level;
    let had_data = !level.private_data.is_empty();
    if level.fourcc.is_empty() {
        level.fourcc.clone_from(&known.fourcc);
    }
    // ffmpeg cuts CodecPrivateData after 74 bytes.
    let cut = level.private_data.len() < known.private_data.len()
        && known.private_data.starts_with(&level.private_data);
    let unreadable = || Codec::from_level(track.kind, level, &track.subtype).is_err();
    if !known.private_data.is_empty() && (cut || unreadable()) {
        level.private_data.clone_from(&known.private_data);
    }
    if !had_data {
        level.nal_length = known.nal_length;
    }
    let fill = |field: &mut u32, value| {
        if *field == 0 {
            *field = value;
        }
    };
    fill(&mut level.width, known.width);
    fill(&mut level.height, known.height);
    fill(&mut level.sampling_rate, known.sampling_rate);
    if level.channels == 0 {
        level.channels = known.channels;
    }
}

fn unknown(language: &str) -> bool {
    language.is_empty() || language.eq_ignore_ascii_case("und")
}
