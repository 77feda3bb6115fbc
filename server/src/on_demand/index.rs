//! Where the fragments of a file are: from its index (`mfra`), else by looking at each of them.
//!
//! An index is not believed: a few of its entries are looked at, and whoever reads a fragment by it looks
//! again. A file without an index, or with a wrong one, is gone through from box to box; so is one whose index
//! leaves out what the client manifest lists.

use std::collections::HashMap;

use smooth::boxes::{FragmentHead, mfra, moov, read_head};
use smooth::manifest::ProtectionHeader;
use smooth::{Limits, Span};

use super::error::Failure;
use super::file::Media;

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Its tracks.
    pub(super) tracks: Vec<moov::Track>,
    /// Fragments by track id, in order of time; no two start at the same tick.
    pub(super) fragments: HashMap<u32, Vec<Located>>,
    /// Where licences come from, if anything is encrypted.
    pub(super) protection: Vec<ProtectionHeader>,
    /// Where the first fragment begins, while only the index has been believed.
    unseen: Option<u64>,
}

impl Contents {
    /// Looks at every fragment of `file`, whose index leaves some out. Returns whether that is news.
    pub(super) fn look_again(&mut self, file: &Media, limits: &Limits) -> bool {
        let Some(first) = self.unseen.take() else { return false };
        tracing::info!(file = file.name, "the index leaves fragments out: looking at every one");
        match scan(file, first, limits) {
            Ok(mut fragments) => {
                fragments.values_mut().for_each(|located| complete(located));
                self.fragments = fragments;
                true
            }
            Err(error) => {
                tracing::warn!(file = file.name, %error, "the fragments beside its index cannot be read");
                false
            }
        }
    }
}

/// A fragment in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Located {
    /// Start in ticks of the track; duration too, 0 where it is not known.
    pub(super) span: Span,
    /// Where its `moof` begins.
    pub(super) offset: u64,
}

/// Reads `file`.
pub(super) fn read(file: &Media, limits: &Limits) -> Result<Contents, Failure> {
    let (tracks, protection, first) = header(file, limits)?;
    let (mut fragments, unseen) = match from_index(file, limits) {
        Some(found) if tracks.iter().all(|t| found.contains_key(&t.id)) => (found, Some(first)),
        _ => {
            tracing::info!(file = file.name, "no index that is right: looking at every fragment");
            (scan(file, first, limits)?, None)
        }
    };
    if fragments.is_empty() {
        return Err(Failure::NoFragments { file: file.name.clone() });
    }
    fragments.values_mut().for_each(|located| complete(located));
    Ok(Contents { tracks, fragments, protection, unseen })
}

/// What a `moov` says: tracks and protection; and where the first fragment begins.
type Header = (Vec<moov::Track>, Vec<ProtectionHeader>, u64);

fn header(file: &Media, limits: &Limits) -> Result<Header, Failure> {
    let io = |e| Failure::io(&file.name, e);
    let (mut at, mut tracks) = (0, None);
    for _ in 0..MAX_HEADER_BOXES {
        let Some(found) = file.top_box(at).map_err(io)? else { break };
        if found.kind == *b"moof" {
            break;
        }
        if found.kind == *b"moov" {
            if found.end - found.start > limits.header_bytes as u64 {
                let error = smooth::Error::Limit { what: "header_bytes", max: limits.header_bytes as u64 };
                return Err(Failure::broken(&file.name, error));
            }
            let moov = file.read(found.start, found.end).map_err(io)?;
            let read = || Ok((moov::read(&moov, limits)?, moov::read_protection(&moov, limits)?));
            tracks = Some(read().map_err(|e| Failure::broken(&file.name, e))?);
        }
        at = found.end;
    }
    let (tracks, protection) = tracks.ok_or_else(|| Failure::NoFragments { file: file.name.clone() })?;
    Ok((tracks, protection, at))
}

/// The fragments as the index says; `None` if there is none, or it is wrong.
fn from_index(file: &Media, limits: &Limits) -> Option<HashMap<u32, Vec<Located>>> {
    let tail = file.read(file.len().checked_sub(mfra::MFRO_LEN as u64)?, file.len()).ok()?;
    let size = mfra::size_from_end(&tail).filter(|&size| size <= MAX_INDEX_BYTES)?;
    let bytes = file.read(file.len().checked_sub(size)?, file.len()).ok()?;
    let mut fragments = HashMap::new();
    for track in mfra::read(&bytes, limits).ok()? {
        let mut located: Vec<Located> = Vec::with_capacity(track.entries.len());
        for entry in track.entries.iter().filter(|e| e.starts_fragment()) {
            let span = Span { time: entry.time, duration: 0 };
            let follows = |last: &Located| last.span.time < entry.time && last.offset != entry.moof_offset;
            if !located.last().is_none_or(follows) {
                return None;
            }
            located.push(Located { span, offset: entry.moof_offset });
        }
        let step = located.len().div_ceil(LOOKED_AT).max(1);
        let looked_at = located.iter().step_by(step).chain(located.last());
        for entry in looked_at {
            let head = fragment(file, entry.offset, limits).ok()??;
            if head.0.track_id != track.track_id {
                return None;
            }
        }
        // The last duration follows from no other entry.
        if let Some(last) = located.last_mut() {
            last.span.duration = fragment(file, last.offset, limits).ok()??.0.duration;
        }
        fragments.insert(track.track_id, located);
    }
    Some(fragments)
}

/// The fragments as they stand in the file from byte `at` on. A file that was cut off ends before its
/// last whole one.
fn scan(file: &Media, mut at: u64, limits: &Limits) -> Result<HashMap<u32, Vec<Located>>, Failure> {
    let mut fragments = HashMap::<u32, Vec<Located>>::new();
    let (mut ends, mut count) = (HashMap::<u32, u64>::new(), 0);
    while let Ok(Some(found)) = file.top_box(at) {
        if found.kind != *b"moof" {
            at = found.end;
            continue;
        }
        let Some((head, end)) = fragment(file, at, limits)? else { break };
        count += 1;
        if count > limits.chunks {
            return Err(Failure::TooLarge { max: limits.chunks });
        }
        let span = span(&head, ends.get(&head.track_id).copied().unwrap_or(0));
        ends.insert(head.track_id, span.end());
        let located = fragments.entry(head.track_id).or_default();
        let place = located.partition_point(|l| l.span.time < span.time);
        if located.get(place).is_none_or(|l| l.span.time != span.time) {
            located.insert(place, Located { span, offset: at });
        }
        at = end;
    }
    Ok(fragments)
}

/// The head of the whole fragment at `at`, and where it ends; `None` if none begins there.
fn fragment(file: &Media, at: u64, limits: &Limits) -> Result<Option<(FragmentHead, u64)>, Failure> {
    let io = |e| Failure::io(&file.name, e);
    let Some(moof) = file.top_box(at).map_err(io)?.filter(|b| b.kind == *b"moof") else { return Ok(None) };
    if moof.end > file.len() || moof.end - moof.start > limits.moof_bytes as u64 {
        return Ok(None);
    }
    let bytes = file.read(moof.start, moof.end).map_err(io)?;
    let head = read_head(&bytes, limits).map_err(|e| Failure::broken(&file.name, e))?;
    let Some(mdat) = file.top_box(moof.end).map_err(io)? else { return Ok(None) };
    let whole = mdat.kind == *b"mdat" && mdat.end <= file.len();
    Ok(whole.then_some((head, mdat.end)))
}

/// When a fragment plays: as it says itself, else behind the one before it, which ends at `end`.
fn span(head: &FragmentHead, end: u64) -> Span {
    let decoded = || {
        let time = head.decode_time?.wrapping_add_signed(head.first_composition_offset);
        Some(Span { time, duration: head.duration })
    };
    let span = head.span.or_else(decoded).unwrap_or(Span { time: end, duration: head.duration });
    // What begins before zero (AAC priming) is shown from zero on.
    let time = u64::try_from(span.signed_time()).unwrap_or(0);
    Span { time, duration: if span.duration == 0 { head.duration } else { span.duration } }
}

/// Fills in durations that are not known: up to the next fragment, at the end as long as the one before.
fn complete(located: &mut [Located]) {
    for i in 0..located.len() {
        if located[i].span.duration > 0 {
            continue;
        }
        let next = located.get(i + 1).map(|next| next.span.time - located[i].span.time);
        let before = i.checked_sub(1).map_or(0, |before| located[before].span.duration);
        located[i].span.duration = next.unwrap_or(before);
    }
}

/// Boxes that may stand before the first fragment.
const MAX_HEADER_BOXES: usize = 1000;

/// Entries of an index that are compared with the file.
const LOOKED_AT: usize = 16;

/// An index of three million entries.
const MAX_INDEX_BYTES: u64 = 64 << 20;
