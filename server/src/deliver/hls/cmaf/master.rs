//! The master playlist: levels of the picture, groups of sound, captions, key frames.

use smooth::codec::Codec;
use smooth::manifest::Kind;
use smooth::url::{Request, encode, quality_level};

use super::super::playlist::{MasterPlaylist, Rendition, Variant};
use super::Cut;
use crate::deliver::cmaf::presentation::{self, Track};
use crate::deliver::formats::Format;
use crate::publishing_point::document::Document;
use crate::publishing_point::snapshot::Snapshot;

/// The playlist; `None` while there is nothing to play. It is shown when the playlists that it names are,
/// for players do not come back.
#[must_use]
pub fn render(snapshot: &Snapshot) -> Option<Document> {
    let cut = Cut::of(snapshot)?;
    if !cut.presentation.media().all(|track| cut.list(track).is_some()) {
        return None;
    }
    Some(Document::new(model(&cut).write()))
}

fn model(cut: &Cut<'_>) -> MasterPlaylist {
    let of = |kind| cut.presentation.tracks.iter().filter(move |t| t.stream.kind == kind);
    let pictures: Vec<_> = of(Kind::Video).collect();
    let sounds: Vec<_> = if pictures.is_empty() { Vec::new() } else { of(Kind::Audio).collect() };
    // Without pictures the levels of the first sound are the variants.
    let leading: Vec<_> = if pictures.is_empty() { of(Kind::Audio).take(1).collect() } else { pictures };
    let captions: Vec<_> = of(Kind::Text).collect();
    // A group for each level of the richest sound; tracks with fewer take part with their last.
    let groups: Vec<_> = (0..sounds.iter().map(|t| t.renditions.len()).max().unwrap_or(0))
        .map(|rank| Group::of(&sounds, rank))
        .collect();
    let subtitles = if captions.is_empty() { "" } else { SUBTITLES };
    let mut master = MasterPlaylist { version: 7, ..MasterPlaylist::default() };
    for group in &groups {
        master.renditions.extend(group.renditions.iter().cloned());
    }
    for (rank, track) in captions.iter().enumerate() {
        let mut rendition = rendition(track, 0, SUBTITLES, rank);
        (rendition.kind, rendition.default, rendition.channels) = ("SUBTITLES", false, 0);
        master.renditions.push(rendition);
    }
    for track in leading {
        for (rank, rendition) in track.renditions.iter().enumerate() {
            // The better the picture, the better the sound.
            let group = groups.get(rank * groups.len() / track.renditions.len());
            let bits = u64::from(rendition.level.spec.level.bitrate);
            let average = bits + group.map_or(0, |g| g.bandwidth);
            let own = rendition.codec.codec_string();
            let codecs = std::iter::once(own.clone()).chain(group.iter().flat_map(|g| g.codecs.clone()));
            let (resolution, frame_rate) = picture(&rendition.codec);
            let variant = Variant {
                bandwidth: average + average / 5,
                average,
                codecs: codecs.collect(),
                resolution,
                frame_rate,
                audio: group.map_or_else(String::new, |g| g.name.clone()),
                subtitles: subtitles.to_owned(),
                uri: address(track, rank, ""),
            };
            master.variants.push(variant);
            if track.stream.kind == Kind::Video {
                master.i_frames.push(Variant {
                    bandwidth: bits,
                    codecs: vec![own],
                    resolution,
                    uri: address(track, rank, ",type=keyframes"),
                    ..Variant::default()
                });
            }
        }
    }
    master
}

/// Sounds of which a viewer hears one.
struct Group {
    name: String,
    renditions: Vec<Rendition>,
    /// Of the dearest, in bits/s.
    bandwidth: u64,
    codecs: Vec<String>,
}

impl Group {
    fn of(sounds: &[&Track<'_>], rank: usize) -> Self {
        let name = format!("audio{rank}");
        let mut group = Self { name, renditions: Vec::new(), bandwidth: 0, codecs: Vec::new() };
        for (index, track) in sounds.iter().enumerate() {
            let level = rank.min(track.renditions.len().saturating_sub(1));
            let Some(sound) = track.renditions.get(level) else { continue };
            group.renditions.push(rendition(track, level, &group.name, index));
            group.bandwidth = group.bandwidth.max(sound.level.spec.level.bitrate.into());
            let codec = sound.codec.codec_string();
            if !group.codecs.contains(&codec) {
                group.codecs.push(codec);
            }
        }
        group
    }
}

/// A level of `track`, the one with number `index` of its group.
fn rendition(track: &Track<'_>, level: usize, group: &str, index: usize) -> Rendition {
    let rendition = &track.renditions[level];
    let channels = match &rendition.codec {
        Codec::Aac(config) => config.channels,
        Codec::Ec3(config) => config.channels,
        _ => 0,
    };
    Rendition {
        kind: "AUDIO",
        group: group.to_owned(),
        name: track.stream.name.replace(['"', '\r', '\n'], " "),
        language: presentation::language(&rendition.level.spec.language).map_or_else(String::new, encode),
        default: index == 0,
        channels,
        uri: Some(address(track, level, "")),
    }
}

/// `QualityLevels(…)/Manifest(name,format=m3u8-cmaf).m3u8`
fn address(track: &Track<'_>, level: usize, more: &str) -> String {
    let level = &track.renditions[level].level.spec.level;
    let options = format!("{},format={}{more}", track.stream.name, Format::Cmaf.name());
    let request = Request::Manifest { event: None, options };
    format!("{}{request}.m3u8", quality_level(level))
}

/// Pixels, and pictures in a thousand seconds; zeros if unknown.
fn picture(codec: &Codec) -> ((u32, u32), u64) {
    match codec {
        Codec::Avc(config) => ((config.width, config.height), config.frame_rate().unwrap_or(0)),
        Codec::Hevc(config) => ((config.width, config.height), 0),
        _ => ((0, 0), 0),
    }
}

/// The group of captions.
const SUBTITLES: &str = "subtitles";
