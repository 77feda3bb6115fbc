//! Fragments of a snapshot, [MS-SSTR] 2.2.4 to 2.2.6.
//!
//! A fragment is served once it is listed, or named by the `tfrf` of one that is served, and as many
//! chunks as the look-ahead says come after it: so its `tfrf` is complete, and the same for ever. Text
//! is served as it is published, with what `tfrf` there is.
//!
//! `KeyFrames`, which Silverlight's fast play asks for, is the same fragment without the samples that depend
//! on others.

use std::sync::Arc;

use bytes::Bytes;
use smooth::Span;
use smooth::boxes::{delivery, key_frames};
use smooth::url::{FragmentRequest, Noun};

use crate::archive::{Media, hash};
use crate::publishing_point::snapshot::{LevelView, Snapshot, StreamView};
use crate::publishing_point::track::Entry;

/// Where a fragment is.
pub struct Found<'a> {
    /// Its stream.
    pub stream: &'a StreamView,
    /// Its level.
    pub level: &'a LevelView,
    /// The fragment.
    pub entry: &'a Entry,
    /// The chunks after it, nearest first.
    pub look_ahead: Vec<Span>,
    /// Whether `look_ahead` will never be longer.
    pub is_final: bool,
    /// Seconds until it leaves the window; `None` if it stays.
    pub remaining: Option<u64>,
}

/// Why there is no fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss {
    /// It may come: later than the newest that is served.
    NotYet,
    /// It is missing in this level.
    Hole,
    /// It has left the window, or never was.
    Gone,
}

/// What is sent.
#[derive(Clone, Debug)]
pub struct Answer {
    /// One after the other.
    pub pieces: Vec<Bytes>,
    /// `ETag`, with its quotes.
    pub tag: String,
}

/// Looks for what `request` asks for.
///
/// # Errors
///
/// See [`Miss`].
pub fn find<'a>(snapshot: &'a Snapshot, request: &FragmentRequest) -> Result<Found<'a>, Miss> {
    if !request.options.is_empty()
        || !snapshot.state.serves()
        || !snapshot.has_event(request.event.as_deref())
    {
        return Err(Miss::Gone);
    }
    let level = level(snapshot, &request.name, request.bitrate, &request.attributes);
    let (stream, level) = level.ok_or(Miss::Gone)?;
    let chunk = chunk(snapshot, stream, request.time)?;
    let after = chunk.time.saturating_add(1);
    let look_ahead: Vec<_> = stream.chunks.from(after).take(snapshot.look_ahead as usize).copied().collect();
    if look_ahead.len() < snapshot.held_back(stream) {
        return Err(Miss::NotYet);
    }
    let absent = if snapshot.is_live() { Miss::Hole } else { Miss::Gone };
    let entry = level.entries.at(chunk.time).ok_or(absent)?;
    let remaining = remaining(snapshot, stream, chunk.end());
    let is_final = !snapshot.is_live() || look_ahead.len() == snapshot.look_ahead as usize;
    Ok(Found { stream, level, entry, look_ahead, is_final, remaining })
}

/// Whether two seconds of media at least come before what `request` asks for: then, as an encoder sends, it is
/// not there while a cache that counts in whole seconds believes for one that it is not.
#[must_use]
pub fn is_far(snapshot: &Snapshot, request: &FragmentRequest) -> bool {
    let found = level(snapshot, &request.name, request.bitrate, &request.attributes);
    let newest = found.and_then(|(stream, _)| Some((stream.chunks.last()?.end(), stream.timescale)));
    newest.is_some_and(|(end, timescale)| request.time >= end.saturating_add(2 * u64::from(timescale.get())))
}

/// Makes what is sent: the `moof` written anew with its place and what follows, the `mdat` as it came.
///
/// # Errors
///
/// The `moof` cannot be rewritten; it was read when it came in, so this says that something is wrong here,
/// or, of key frames, that it contradicts itself.
pub fn answer(found: &Found<'_>, media: &Arc<Media>, noun: Noun) -> Result<Answer, smooth::Error> {
    let tag = |head: u64| format!("\"{:016x}\"", head ^ media.hash.rotate_left(1));
    let span = found.entry.span;
    Ok(match noun {
        Noun::RawFragments => Answer { pieces: vec![samples(&media.mdat)], tag: tag(1) },
        Noun::KeyFrames => {
            let samples = samples(&media.mdat);
            let keys = key_frames::fragment(&media.moof, span, &found.look_ahead, samples.len())?;
            let tag = tag(hash(&keys.head).rotate_left(2));
            let pictures = keys.media.into_iter().map(|range| samples.slice(range));
            Answer { pieces: std::iter::once(keys.head.into()).chain(pictures).collect(), tag }
        }
        Noun::Fragments | Noun::FragmentInfo => {
            let moof = delivery::rewrite(&media.moof, span, &found.look_ahead)?;
            let head = hash(&moof);
            let moof = Bytes::from(moof);
            match noun {
                Noun::FragmentInfo => Answer { pieces: vec![moof], tag: tag(!head) },
                _ => Answer { pieces: vec![moof, media.mdat.clone()], tag: tag(head) },
            }
        }
    })
}

fn chunk(snapshot: &Snapshot, stream: &StreamView, time: u64) -> Result<Span, Miss> {
    let later = if snapshot.is_live() { Miss::NotYet } else { Miss::Gone };
    let last = stream.chunks.last().ok_or(later)?;
    match stream.chunks.floor(time) {
        Some(chunk) if chunk.time == time => Ok(*chunk),
        Some(chunk) if chunk.contains(time) => Err(Miss::Gone),
        Some(_) if time >= last.end() => Err(later),
        Some(_) if snapshot.is_live() => Err(Miss::Hole),
        _ => Err(Miss::Gone),
    }
}

/// The level of `snapshot` that an address names.
#[must_use]
pub fn level<'a>(
    snapshot: &'a Snapshot,
    name: &str,
    bitrate: u32,
    attributes: &[(String, String)],
) -> Option<(&'a StreamView, &'a LevelView)> {
    let stream = snapshot.streams.iter().find(|s| s.name.eq_ignore_ascii_case(name))?;
    let is_meant = |level: &&LevelView| {
        let known = &level.spec.level;
        known.bitrate == bitrate
            && known.custom_attributes.len() == attributes.len()
            && attributes.iter().all(|a| known.custom_attributes.contains(a))
    };
    Some((stream, stream.levels.iter().find(is_meant)?))
}

/// Seconds until what ends at `end`, in ticks of `stream`, leaves the window; `None` if it stays.
#[must_use]
pub fn remaining(snapshot: &Snapshot, stream: &StreamView, end: u64) -> Option<u64> {
    let newest = stream.chunks.last().map_or(0, |c| c.end());
    let window = snapshot.window.saturating_mul(stream.timescale.get().into());
    let ticks = end.saturating_add(window).saturating_sub(newest);
    (window > 0).then(|| ticks / u64::from(stream.timescale.get()))
}

/// `mdat` without its header.
fn samples(mdat: &Bytes) -> Bytes {
    let large = mdat.get(..4) == Some(&[0, 0, 0, 1]);
    mdat.slice(mdat.len().min(if large { 16 } else { 8 })..)
}
