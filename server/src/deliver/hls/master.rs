//! The master playlist: every level with pictures, then sound alone.

use smooth::codec::Codec;
use smooth::url;

use super::media;
use super::options::Options;
use super::playlist::{MasterPlaylist, Rendition, Variant};
use super::tracks::{self, Pictures, Selection, Sound};
use crate::deliver::cmaf::presentation::language;
use crate::deliver::codecs;
use crate::publishing_point::document::Document;
use crate::publishing_point::snapshot::{LevelView, Snapshot, StreamView};

/// The playlist; `None` while there is nothing to play, or if it would lose pictures or sound.
#[must_use]
pub fn render(snapshot: &Snapshot, options: &Options) -> Option<Document> {
    if codecs::beyond_transport_streams(snapshot).is_some() {
        return None;
    }
    let first = tracks::leading(snapshot).or_else(|| Some(tracks::languages(snapshot).next()?.stream))?;
    // Shown when the playlists that it names are, for players do not come back.
    let level = &first.levels.first()?.spec.level;
    let leading = Selection::of(snapshot, &first.name, level.bitrate, &level.custom_attributes, None)?;
    let seconds = media::list(snapshot, &leading)?.target;
    let apple = &snapshot.definition.apple;
    let languages: Vec<_> = tracks::languages(snapshot).collect();
    let chosen = match &options.audio_track {
        Some(track) => Some(languages.iter().find(|s| s.stream.name.eq_ignore_ascii_case(track))?),
        None => languages.first(),
    };
    let has_renditions = options.knows_renditions() && languages.len() > 1;
    let group = if has_renditions { GROUP } else { "" };
    let pictures = tracks::leading(snapshot).map(tracks::pictures).unwrap_or_default();
    let fits = |p: &&Pictures<'_>| p.level.spec.level.bitrate <= apple.max_bitrate;
    let mut shown: Vec<_> = pictures.iter().filter(fits).collect();
    if shown.is_empty() {
        // All are above the limit: a picture that is too good beats none.
        shown.extend(pictures.first());
    }
    let mut variants: Vec<_> =
        shown.iter().map(|p| variant(Some(p), chosen, seconds, options, group)).collect();
    let i_frames: Vec<_> = shown.iter().map(|p| i_frames(p, seconds, options)).collect();
    if let Some(sound) = chosen
        && (options.audio_only || variants.is_empty())
    {
        // Pictures do without sound on a poor network, so this is the cheapest level of it.
        let cheapest = tracks::sounds(sound.stream).into_iter().next();
        variants.push(variant(None, cheapest.as_ref(), seconds, options, ""));
    }
    if variants.is_empty() {
        return None;
    }
    let has_codecs = apple.include_codecs;
    if !has_codecs {
        variants.iter_mut().for_each(|v| v.codecs.clear());
    }
    let mut renditions = if has_renditions {
        languages.iter().enumerate().map(|(i, s)| rendition(s, i == 0, options)).collect()
    } else {
        Vec::new()
    };
    let captions = if options.knows_renditions() { snapshot.streams.as_slice() } else { &[] };
    let captions: Vec<_> = captions.iter().filter_map(|s| Some((s, tracks::captions(s)?))).collect();
    if !captions.is_empty() {
        variants.iter_mut().for_each(|v| v.subtitles = SUBTITLES.to_owned());
    }
    renditions.extend(captions.into_iter().map(|(stream, level)| subtitles(stream, level, options)));
    let version = if apple.backward_compatible && renditions.is_empty() { 3 } else { 4 };
    let i_frames = if apple.backward_compatible { Vec::new() } else { i_frames };
    Some(Document::new(MasterPlaylist { version, renditions, variants, i_frames }.write()))
}

/// Pictures with sound, or sound alone.
fn variant(
    pictures: Option<&Pictures<'_>>,
    sound: Option<&Sound<'_>>,
    seconds: u64,
    options: &Options,
    group: &str,
) -> Variant {
    let bits = |level: &LevelView| u64::from(level.spec.level.bitrate);
    let media = pictures.map_or(0, |p| bits(p.level)) + sound.map_or(0, |s| bits(s.level));
    let rate = pictures.and_then(|p| p.codec.frame_rate()).unwrap_or(0);
    let units = if pictures.is_some() { rate.max(LOW_RATE) / 1000 } else { 0 } + SOUND_UNITS;
    // Each stream of a segment is made up to a multiple of sixteen packets.
    let streams = u64::from(pictures.is_some()) + u64::from(sound.is_some());
    let padding = streams * PADDING_BITS / seconds;
    let average = media + media / 46 + units * UNIT_BITS + padding / 2;
    let codecs = pictures.map(|p| Codec::Avc(p.codec.clone()).codec_string());
    let codecs = codecs.into_iter().chain(sound.map(|s| Codec::Aac(s.codec.clone()).codec_string()));
    let named = pictures.map(|p| (p.stream, p.level)).or_else(|| sound.map(|s| (s.stream, s.level)));
    Variant {
        bandwidth: average + average / 5 + padding,
        average,
        codecs: codecs.collect(),
        resolution: pictures.map_or((0, 0), |p| (p.codec.width, p.codec.height)),
        frame_rate: rate,
        audio: group.to_owned(),
        uri: named.map_or_else(String::new, |(stream, level)| address(stream, level, options, "")),
        ..Variant::default()
    }
}

/// Key frames alone.
fn i_frames(pictures: &Pictures<'_>, seconds: u64, options: &Options) -> Variant {
    let uri = address(pictures.stream, pictures.level, options, ",type=keyframes");
    // A key frame is at most what a chunk is, and most of it where little moves.
    Variant { average: 0, frame_rate: 0, uri, ..variant(Some(pictures), None, seconds, options, "") }
}

fn rendition(sound: &Sound<'_>, first: bool, options: &Options) -> Rendition {
    Rendition {
        kind: "AUDIO",
        group: GROUP.to_owned(),
        name: sound.stream.name.clone(),
        language: language(&sound.level.spec.language).unwrap_or_default().to_owned(),
        default: first,
        channels: sound.codec.channels,
        // The first one is in the variants.
        uri: (!first).then(|| address(sound.stream, sound.level, options, "")),
    }
}

fn subtitles(stream: &StreamView, level: &LevelView, options: &Options) -> Rendition {
    Rendition {
        kind: "SUBTITLES",
        group: SUBTITLES.to_owned(),
        name: stream.name.clone(),
        language: language(&level.spec.language).unwrap_or_default().to_owned(),
        uri: Some(address(stream, level, options, "")),
        ..Rendition::default()
    }
}

/// `QualityLevels(…)/Manifest(name,format=m3u8-aapl).m3u8`
fn address(stream: &StreamView, level: &LevelView, options: &Options, more: &str) -> String {
    let known = &level.spec.level;
    let request = url::Request::LevelManifest {
        event: None,
        bitrate: known.bitrate,
        attributes: known.custom_attributes.clone(),
        options: format!("{},{}{more}", stream.name, options.inherited()),
    };
    format!("{request}.m3u8")
}

/// The group of captions.
const SUBTITLES: &str = "captions";

/// The group of sound.
const GROUP: &str = "audio";

/// Bits of fifteen packets.
const PADDING_BITS: u64 = 15 * 188 * 8;

/// Bits that an access unit costs: PES header, delimiter, half a packet of stuffing.
const UNIT_BITS: u64 = 8 * 120;

/// PES packets of sound in a second.
const SOUND_UNITS: u64 = 12;

/// What stands for an unknown frame rate, in thousandths.
const LOW_RATE: u64 = 25_000;
