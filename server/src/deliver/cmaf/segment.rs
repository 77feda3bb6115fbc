//! Init and media segments of a level.

use std::sync::Arc;

use bytes::Bytes;
use smooth::boxes::{build, cmaf, init, key_frames, read_head, wvtt};
use smooth::codec::Codec;
use smooth::manifest::Kind;
use smooth::{Limits, Timescale};

use super::captions;
use super::presentation::{self, Clock};
use crate::archive::{Media, hash};
use crate::deliver::hls::cmaf::Cut;
use crate::deliver::smooth::fragment::{Miss, remaining};
use crate::publishing_point::snapshot::{LevelView, Snapshot, StreamView};
use crate::publishing_point::track::Entry;

/// What is sent.
#[derive(Clone, Debug, Default)]
pub struct Segment {
    /// One after the other.
    pub pieces: Vec<Bytes>,
    /// Of all of it.
    pub hash: u64,
}

/// A fragment with its media.
pub type Loaded<'a> = (&'a Entry, Arc<Media>);

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
pub fn init(level: &LevelView) -> Result<Segment, Error> {
    let spec = &level.spec;
    let codec = codec(level)?;
    let language = presentation::language(&spec.language).unwrap_or("und");
    let bytes = if codec == Codec::Ttml {
        wvtt::init_segment(spec.timescale, language)
    } else {
        let track = init::Track { timescale: spec.timescale, codec: &codec, language, protection: None };
        init::segment(&track)
    };
    Ok(Segment::of(bytes))
}

/// What a segment is made of.
pub struct Found<'a> {
    /// Its fragments, in order. Of captions, those that reach into it: there may be none.
    pub entries: Vec<&'a Entry>,
    /// When it is shown.
    pub shown: Shown,
    /// Seconds until it leaves the window; `None` if it stays.
    pub remaining: Option<u64>,
}

/// When a segment is shown: from and to in milliseconds since the zero of the broadcast's clock, and its
/// start on the clock of the segments, in ticks of 90 kHz.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    from: u64,
    to: u64,
    clock: u64,
}

impl Shown {
    /// From and to in milliseconds, and the clock of the start.
    #[must_use]
    pub const fn new(from: u64, to: u64, clock: u64) -> Self {
        Self { from, to, clock }
    }
}

/// The fragment of `level` that starts at `time`, as DASH wants it.
///
/// # Errors
///
/// See [`Miss`].
pub fn chunk<'a>(
    snapshot: &Snapshot,
    stream: &StreamView,
    level: &'a LevelView,
    time: u64,
) -> Result<Found<'a>, Miss> {
    let is_late = stream.chunks.last().is_none_or(|last| time >= last.end());
    let miss = if snapshot.is_live() && is_late { Miss::NotYet } else { Miss::Gone };
    let entry = level.entries.at(time).ok_or(miss)?;
    let remaining = remaining(snapshot, stream, entry.span.end());
    Ok(Found { entries: vec![entry], shown: Shown::default(), remaining })
}

/// The fragments of the segment of `level` that starts at `time`, as HLS wants it: see
/// [`Cut`]. Of captions `time` is that of the pictures.
///
/// # Errors
///
/// See [`Miss`].
pub fn joined<'a>(
    snapshot: &Snapshot,
    stream: &StreamView,
    level: &'a LevelView,
    time: u64,
) -> Result<Found<'a>, Miss> {
    let cut = Cut::of(snapshot).ok_or(Miss::Gone)?;
    let track = cut.track(&stream.name).ok_or(Miss::Gone)?;
    let chunks = cut.chunks_of(track);
    let span = cut.find(track, time)?.span;
    let ms = |ticks| chunks.stream.timescale.rescale(ticks, Timescale::MILLISECONDS);
    let clock = chunks.stream.timescale.rescale(chunks.clock.of(span).time, Timescale::NINETY_KILOHERTZ);
    let shown = Shown { from: ms(span.time), to: ms(span.end()), clock };
    let entries: Vec<_> = if stream.kind == Kind::Text {
        let ticks = |ms| Timescale::MILLISECONDS.rescale(ms, stream.timescale);
        let (from, to) = (ticks(shown.from), ticks(shown.to));
        let first = level.entries.floor(from).map_or(from, |e| e.span.time);
        level.entries.from(first).take_while(|e| e.span.time < to).filter(|e| e.span.end() > from).collect()
    } else {
        level.entries.from(span.time).take_while(|e| e.span.time < span.end()).collect()
    };
    if entries.is_empty() && stream.kind != Kind::Text {
        return Err(Miss::Hole);
    }
    Ok(Found { entries, shown, remaining: remaining(snapshot, chunks.stream, time.saturating_add(1)) })
}

/// The media segment of fragments: each `moof` written anew, with times of `clock`, each `mdat` as it came.
/// Captions are written anew as WebVTT in MP4.
///
/// # Errors
///
/// See [`Error`].
pub fn media(level: &LevelView, loaded: &[Loaded<'_>], clock: Clock) -> Result<Segment, Error> {
    let kind = level.spec.kind;
    codec(level)?;
    let mut segment = Segment::default();
    for (entry, media) in loaded {
        let span = clock.of(entry.span);
        if kind == Kind::Text {
            // A document that cannot be read costs its captions, not the stream.
            let cues = captions::cues(level, entry, media).unwrap_or_default();
            segment.append(Segment::of(wvtt::segment(&cues, span, level.spec.timescale)?));
            continue;
        }
        refuse_encrypted(media)?;
        let (media_header, payload) = split(&media.mdat);
        let media_len = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let moof =
            cmaf::rewrite(&media.moof, &cmaf::Options { kind, span, media_header, media_len, key: None })?;
        segment.append(Segment::of(moof));
        segment.push(media.mdat.clone(), media.hash);
    }
    Ok(segment)
}

/// Captions as a segment of WebVTT.
#[must_use]
pub fn webvtt(level: &LevelView, loaded: &[Loaded<'_>], shown: &Shown) -> Segment {
    let mut all = Vec::new();
    for (entry, media) in loaded {
        let start = level.spec.timescale.rescale(entry.span.time, Timescale::MILLISECONDS);
        let mut cues = captions::cues(level, entry, media).unwrap_or_default();
        for cue in &mut cues {
            cue.begin_ms = cue.begin_ms.saturating_add(start);
            cue.end_ms = cue.end_ms.saturating_add(start);
        }
        all.append(&mut cues);
    }
    Segment::of(captions::webvtt(all, shown.from, shown.to, shown.clock))
}

/// The first picture of a segment alone, for as long as its fragment lasts: what fast play shows.
///
/// # Errors
///
/// See [`Error`].
pub fn key_frame(level: &LevelView, loaded: &[Loaded<'_>], clock: Clock) -> Result<Segment, Error> {
    if codec(level)?.kind() != Kind::Video {
        return Err(Error::Codec);
    }
    let Some((entry, media)) = loaded.first() else { return Ok(Segment::default()) };
    refuse_encrypted(media)?;
    let span = clock.of(entry.span);
    let (_, payload) = split(&media.mdat);
    let keys = key_frames::pick(&media.moof, span, payload.len())?;
    let Some(key) = keys.into_iter().next() else { return Ok(Segment::default()) };
    let (first, picture) = (key.sample.size, payload.slice(key.media));
    let duration = u32::try_from(span.duration).unwrap_or(u32::MAX);
    let sample = build::Sample { duration, composition_offset: 0, ..key.sample };
    let spec = build::FragmentSpec { sequence: 1, track_id: init::TRACK_ID, span, samples: &[sample] };
    let options = cmaf::Options { kind: Kind::Video, span, media_header: 8, media_len: first, key: None };
    let mut head = cmaf::rewrite(&build::fragment(&spec), &options)?;
    head.extend_from_slice(&build::mdat_header(first));
    let mut segment = Segment::of(head);
    segment.push(picture, media.hash);
    Ok(segment)
}

impl Segment {
    /// A segment of `bytes`.
    #[must_use]
    pub fn of(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let hash = hash(&bytes);
        Self { pieces: vec![bytes], hash }
    }

    /// Adds another one behind it.
    pub fn append(&mut self, other: Self) {
        self.pieces.extend(other.pieces);
        self.hash = self.hash.rotate_left(1) ^ other.hash;
    }

    /// `ETag`, with its quotes.
    #[must_use]
    pub fn tag(&self) -> String {
        format!("\"{:016x}\"", self.hash)
    }

    fn push(&mut self, bytes: Bytes, hash: u64) {
        self.append(Self { pieces: vec![bytes], hash });
    }
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
