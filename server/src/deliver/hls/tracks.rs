//! What of a snapshot goes into transport streams, levels of H.264 and of AAC, and the captions beside them.

use smooth::codec::{Codec, aac, avc};
use smooth::manifest::Kind;

use super::segments::Reach;
use super::ts::adts;
use crate::deliver::smooth::fragment;
use crate::publishing_point::snapshot::{LevelView, Snapshot, StreamView};

/// A level of pictures.
#[derive(Clone)]
pub struct Pictures<'a> {
    /// Its stream.
    pub stream: &'a StreamView,
    /// The level.
    pub level: &'a LevelView,
    /// What its decoder needs.
    pub codec: avc::Config,
}

/// A level of sound.
#[derive(Clone)]
pub struct Sound<'a> {
    /// Its stream.
    pub stream: &'a StreamView,
    /// The level.
    pub level: &'a LevelView,
    /// What its decoder needs.
    pub codec: aac::Config,
    /// What stands before its frames.
    pub header: adts::Header,
}

/// What one playlist plays.
#[derive(Clone)]
pub struct Selection<'a> {
    /// The stream whose chunks the segments are made of. It is that of the pictures wherever there are
    /// any, even for sound alone, so that segments of all playlists begin at the same times.
    pub leading: &'a StreamView,
    /// The level that the playlist is named after.
    pub named: (&'a StreamView, &'a LevelView),
    /// `None` for sound alone.
    pub pictures: Option<Pictures<'a>>,
    /// `None` for pictures alone.
    pub sound: Option<Sound<'a>>,
    /// Of the pictures key frames alone.
    pub key_frames: bool,
    /// Neither, but the named level of captions.
    pub captions: bool,
}

impl<'a> Selection<'a> {
    /// The level with `bitrate` and `attributes` of the stream `name`. Pictures come with the sound
    /// `audio_track`, or the first there is.
    #[must_use]
    pub fn of(
        snapshot: &'a Snapshot,
        name: &str,
        bitrate: u32,
        attributes: &[(String, String)],
        audio_track: Option<&str>,
    ) -> Option<Self> {
        let named @ (stream, level) = fragment::level(snapshot, name, bitrate, attributes)?;
        let leading = leading(snapshot).unwrap_or(stream);
        let empty = Self { leading, named, pictures: None, sound: None, key_frames: false, captions: false };
        if let Some(pictures) = pictures(stream).into_iter().find(|p| p.level.id == level.id) {
            let sound = sound(snapshot, audio_track)?;
            return Some(Self { leading: stream, pictures: Some(pictures), sound, ..empty });
        }
        if captions(stream).is_some_and(|known| known.id == level.id) {
            return Some(Self { captions: true, ..empty });
        }
        let sound = sounds(stream).into_iter().find(|s| s.level.id == level.id)?;
        Some(Self { sound: Some(sound), ..empty })
    }

    /// The key frames of its pictures; `None` if it has none.
    #[must_use]
    pub fn key_frames(self) -> Option<Self> {
        self.pictures.is_some().then_some(Self { sound: None, key_frames: true, ..self })
    }

    /// Whether sound or captions have come as far as `time`, in ticks of the leading stream.
    #[must_use]
    pub fn reach(&self, time: u64) -> Reach {
        let captions = self.captions.then_some(self.named.0);
        let Some(stream) = self.sound.as_ref().map(|sound| sound.stream).or(captions) else {
            return Reach::There;
        };
        let end = stream.chunks.last().map(|c| c.end());
        let waiting = stream.waiting.filter(|_| self.captions);
        Reach::to(self.leading.timescale.rescale(time, stream.timescale), end, waiting)
    }
}

/// The stream that leads in `snapshot`: its first one of pictures.
#[must_use]
pub fn leading(snapshot: &Snapshot) -> Option<&StreamView> {
    snapshot.streams.iter().find(|s| !s.chunks.is_empty() && !pictures(s).is_empty())
}

/// The levels of `stream` with pictures, lowest bitrate first; those without a fragment are left out.
#[must_use]
pub fn pictures(stream: &StreamView) -> Vec<Pictures<'_>> {
    let levels = stream.levels.iter().filter(|l| l.spec.kind == Kind::Video && !l.entries.is_empty());
    levels
        .filter_map(|level| match Codec::from_level(Kind::Video, &level.spec.level, &level.spec.subtype) {
            Ok(Codec::Avc(codec)) => Some(Pictures { stream, level, codec }),
            _ => None,
        })
        .collect()
}

/// The levels of `stream` with sound, lowest bitrate first; likewise.
#[must_use]
pub fn sounds(stream: &StreamView) -> Vec<Sound<'_>> {
    let levels = stream.levels.iter().filter(|l| l.spec.kind == Kind::Audio && !l.entries.is_empty());
    levels
        .filter_map(|level| match Codec::from_level(Kind::Audio, &level.spec.level, &level.spec.subtype) {
            Ok(Codec::Aac(codec)) => Some(Sound { stream, level, header: adts::Header::new(&codec)?, codec }),
            _ => None,
        })
        .collect()
}

/// The level of `stream` with captions.
#[must_use]
pub fn captions(stream: &StreamView) -> Option<&LevelView> {
    let level = stream.levels.first().filter(|l| l.spec.kind == Kind::Text && !l.entries.is_empty())?;
    let codec = Codec::from_level(Kind::Text, &level.spec.level, &level.spec.subtype);
    (codec == Ok(Codec::Ttml)).then_some(level)
}

/// The streams with sound, each with its best level.
pub fn languages(snapshot: &Snapshot) -> impl Iterator<Item = Sound<'_>> {
    snapshot.streams.iter().filter(|s| !s.chunks.is_empty()).filter_map(|s| sounds(s).pop())
}

/// The sound `track` that goes with pictures, or the first there is. The outer `None` says that there is
/// no such track, the inner one that there is no sound at all.
fn sound<'a>(snapshot: &'a Snapshot, track: Option<&str>) -> Option<Option<Sound<'a>>> {
    let mut all = languages(snapshot);
    match track {
        Some(name) => all.find(|s| s.stream.name.eq_ignore_ascii_case(name)).map(Some),
        None => Some(all.next()),
    }
}
