//! Init and media segments of a level.

use std::sync::Arc;

use bytes::Bytes;
use smooth::Limits;
use smooth::boxes::{build, cmaf, init, read_head, wvtt};
use smooth::codec::Codec;
use smooth::manifest::Kind;

use super::captions;
use super::presentation::{self, Clock};
use crate::archive::{Media, hash};
use crate::deliver::smooth::fragment::{Answer, Miss};
use crate::publishing_point::snapshot::{LevelView, Snapshot, StreamView};
use crate::publishing_point::track::Entry;

/// Why there is no segment of what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nobody told the key.
    #[error("the fragment is encrypted, and nothing says with which key")]
    Encrypted,
    /// No player of CMAF knows it.
    #[error("no player of this output knows the codec of this level")]
    Codec,
    /// The `moof` or the caption document cannot be read.
    #[error("the fragment cannot be written anew: {0}")]
    Broken(#[from] smooth::Error),
}

/// The init segment of `level`.
///
/// # Errors
///
/// [`Error::Codec`].
pub fn init(level: &LevelView) -> Result<Answer, Error> {
    let spec = &level.spec;
    let codec = codec(level)?;
    let language = presentation::language(&spec.language).unwrap_or("und");
    let bytes = if codec == Codec::Ttml {
        wvtt::init_segment(spec.timescale, language)
    } else {
        let track = init::Track { timescale: spec.timescale, codec: &codec, language, protection: None };
        init::segment(&track)
    };
    let tag = format!("\"{:016x}\"", hash(&bytes));
    Ok(Answer { pieces: [bytes.into(), Bytes::new()], tag })
}

/// The fragment of `level` that starts at `time`.
///
/// # Errors
///
/// See [`Miss`].
pub fn find<'a>(
    snapshot: &Snapshot,
    stream: &StreamView,
    level: &'a LevelView,
    time: u64,
) -> Result<&'a Entry, Miss> {
    let is_late = stream.chunks.last().is_none_or(|last| time >= last.end());
    let miss = if snapshot.is_live() && is_late { Miss::NotYet } else { Miss::Gone };
    level.entries.at(time).ok_or(miss)
}

/// The media segment of `entry`: its `moof` written anew, with times of `clock`, the `mdat` as it
/// came. Captions are written anew as WebVTT in MP4.
///
/// # Errors
///
/// See [`Error`].
pub fn media(level: &LevelView, entry: &Entry, media: &Arc<Media>, clock: Clock) -> Result<Answer, Error> {
    let (span, kind) = (clock.of(entry.span), level.spec.kind);
    if kind == Kind::Text {
        // A document that cannot be read costs its captions, not the stream.
        let cues = captions::cues(level, entry, media).unwrap_or_default();
        let bytes = wvtt::segment(&cues, span, level.spec.timescale)?;
        let tag = format!("\"{:016x}\"", hash(&bytes));
        return Ok(Answer { pieces: [bytes.into(), Bytes::new()], tag });
    }
    codec(level)?;
    refuse_encrypted(media)?;
    let (media_header, payload) = split(&media.mdat);
    let media_len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let moof = cmaf::rewrite(&media.moof, &cmaf::Options { kind, span, media_header, media_len })?;
    let tag = format!("\"{:016x}\"", hash(&moof) ^ media.hash.rotate_left(1));
    Ok(Answer { pieces: [moof.into(), media.mdat.clone()], tag })
}

/// The first picture of `entry` alone, for as long as the fragment lasts: what fast play shows.
///
/// # Errors
///
/// See [`Error`].
pub fn key_frame(
    level: &LevelView,
    entry: &Entry,
    media: &Arc<Media>,
    clock: Clock,
) -> Result<Answer, Error> {
    if codec(level)?.kind() != Kind::Video {
        return Err(Error::Codec);
    }
    refuse_encrypted(media)?;
    let span = clock.of(entry.span);
    let (_, payload) = split(&media.mdat);
    let samples = build::read_samples(&media.moof, &limits())?;
    let first = samples.first().map_or(0, |s| s.size);
    let picture = payload.get(..first as usize).map(|picture| payload.slice_ref(picture));
    let rule = "its first sample is longer than it";
    let picture = picture.ok_or(smooth::Error::Invalid { what: "mdat", rule })?;
    let duration = u32::try_from(span.duration).unwrap_or(u32::MAX);
    let sample = build::Sample { duration, size: first, flags: build::SYNC_SAMPLE, composition_offset: 0 };
    let spec = build::FragmentSpec { sequence: 1, track_id: init::TRACK_ID, span, samples: &[sample] };
    let options = cmaf::Options { kind: Kind::Video, span, media_header: 8, media_len: first };
    let mut head = cmaf::rewrite(&build::fragment(&spec), &options)?;
    head.extend_from_slice(&build::mdat_header(first));
    let tag = format!("\"{:016x}\"", hash(&head) ^ media.hash.rotate_left(2));
    Ok(Answer { pieces: [head.into(), picture], tag })
}

fn codec(level: &LevelView) -> Result<Codec, Error> {
    let spec = &level.spec;
    Codec::from_level(spec.kind, &spec.level, &spec.subtype).map_err(|_| Error::Codec)
}

fn refuse_encrypted(media: &Media) -> Result<(), Error> {
    if read_head(&media.moof, &limits())?.encrypted { Err(Error::Encrypted) } else { Ok(()) }
}

/// Bytes of the header of an `mdat`, and what follows it.
pub(crate) fn split(mdat: &Bytes) -> (u32, Bytes) {
    let header = if mdat.get(..4) == Some(&[0, 0, 0, 1]) { 16 } else { 8 };
    (header, mdat.slice(mdat.len().min(header as usize)..))
}

/// What was taken in has been measured already.
fn limits() -> Limits {
    Limits { moof_bytes: usize::MAX, look_ahead: usize::MAX, ..Limits::default() }
}
