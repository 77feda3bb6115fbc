//! Common times at which all bitrates can be cut: viewers change the bitrate where fragments begin.

use smooth::manifest::Kind;

use super::error::SourceError;
use super::reel::{TICKS, Track};

/// How far key frames of two bitrates may be apart and still count as one time: rounding of timescales.
const TOLERANCE: u64 = TICKS / 1000;

/// How long fragments are, in ticks, and where the cutting ends.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Pace {
    /// Length that fragments should have, where key frames allow.
    pub(in crate::cli) fragment: u64,
    /// No fragment may be longer.
    pub(in crate::cli) longest: u64,
    /// All tracks end with the shortest, so that they can begin again together; else each with its last
    /// sample.
    pub(in crate::cli) is_round: bool,
}

/// Cuts `tracks` of the files `names` at key frames that all pictures have. Where the fragments of the
/// pictures begin, and where they end.
pub(super) fn cut(tracks: &mut [Track], names: &[&str], pace: &Pace) -> Result<Vec<u64>, SourceError> {
    let shortest = tracks.iter().map(|t| t.end).min();
    let shortest = shortest.ok_or_else(|| SourceError::Empty { file: names.join(", ") })?;
    if pace.is_round {
        if tracks.iter().any(|t| t.end - shortest > TICKS) {
            let seconds = shortest / TICKS;
            tracing::warn!(seconds, "the tracks differ in length; the loop ends with the shortest");
        }
        for track in &mut *tracks {
            track.samples.retain(|s| s.start == 0 || s.start + TOLERANCE < shortest);
            track.end = shortest;
        }
    }
    let pictures: Vec<_> = tracks.iter().filter(|t| t.kind == Kind::Video).collect();
    let end = pictures.iter().map(|t| t.end).max();
    let cuts = match end {
        Some(end) => at_keys(&pictures, names, end, pace)?,
        None => evenly(0, tracks.iter().map(|t| t.end).max().unwrap_or(shortest), pace),
    };
    for track in tracks {
        track.fragments =
            if track.kind == Kind::Video { picture(track, &cuts, names)? } else { sound(track, &cuts, pace) };
    }
    Ok(cuts)
}

/// Key frames of the first of `pictures` that all of them have, as far apart as `pace` says; then `end`.
fn at_keys(pictures: &[&Track], names: &[&str], end: u64, pace: &Pace) -> Result<Vec<u64>, SourceError> {
    let Some((first, others)) = pictures.split_first() else { return Ok(Vec::new()) };
    let (mut cuts, mut last, mut missed) = (vec![0], 0, None);
    let keys = first.samples.iter().filter(|s| s.sync).map(|s| s.start);
    for key in keys.chain([end]) {
        if let Some(error) = missed.take_if(|_| key - last >= pace.fragment.saturating_mul(2)) {
            return Err(error);
        }
        if key - last > pace.longest {
            let (seconds, gap) = (last as f64 / TICKS as f64, (key - last) as f64 / TICKS as f64);
            return Err(SourceError::FarApart { file: name(first, names), seconds, gap });
        }
        // The last cut leaves no scrap behind.
        let is_due = key + TOLERANCE >= last + pace.fragment && key + pace.fragment / 2 <= end;
        if key != end && !is_due {
            continue;
        }
        match others.iter().find(|other| key != end && key_near(other, key).is_none()) {
            Some(other) => {
                missed.get_or_insert_with(|| not_aligned(other, key, names));
            }
            None => {
                cuts.push(key);
                (last, missed) = (key, None);
            }
        }
    }
    Ok(cuts)
}

fn name(track: &Track, names: &[&str]) -> String {
    names.get(track.media).copied().unwrap_or_default().to_owned()
}

fn not_aligned(track: &Track, cut: u64, names: &[&str]) -> SourceError {
    let (bitrate, seconds) = (track.level.bitrate, cut as f64 / TICKS as f64);
    SourceError::NotAligned { file: name(track, names), bitrate, seconds }
}

/// Index of the key frame of `track` at `cut`.
fn key_near(track: &Track, cut: u64) -> Option<usize> {
    let from = track.samples.partition_point(|s| s.start + TOLERANCE < cut);
    let near = track.samples.iter().enumerate().skip(from).take_while(|(_, s)| s.start <= cut + TOLERANCE);
    near.into_iter().find(|(_, s)| s.sync).map(|(index, _)| index)
}

fn evenly(start: u64, end: u64, pace: &Pace) -> Vec<u64> {
    let step = usize::try_from(pace.fragment).unwrap_or(usize::MAX).max(1);
    let mut cuts: Vec<_> =
        (start..end).step_by(step).filter(|cut| cut + pace.fragment / 2 <= end || *cut == start).collect();
    cuts.push(end);
    cuts
}

/// Finds the key frame at each cut, and puts it exactly there: fragment times must agree to the tick.
fn picture(track: &mut Track, cuts: &[u64], names: &[&str]) -> Result<Vec<usize>, SourceError> {
    let (inner, end) = cuts.split_at(cuts.len().saturating_sub(1));
    let mut found = Vec::with_capacity(cuts.len());
    for &cut in inner {
        let index = key_near(track, cut).ok_or_else(|| not_aligned(track, cut, names))?;
        if let Some(sample) = track.samples.get_mut(index) {
            sample.start = cut;
        }
        found.push(index);
    }
    found.extend(end.iter().map(|_| track.samples.len()));
    Ok(found)
}

/// Sound is cut where the pictures are, and goes on evenly where it is longer than they.
fn sound(track: &Track, cuts: &[u64], pace: &Pace) -> Vec<usize> {
    let (inner, end) = cuts.split_at(cuts.len().saturating_sub(1));
    let mut times = inner.to_vec();
    match end.first() {
        Some(&end) if track.end > end + pace.fragment => times.extend(evenly(end, track.end, pace)),
        _ => times.push(u64::MAX),
    }
    // A frame that begins a rounding error before the cut belongs behind it.
    let at = |&cut: &u64| track.samples.partition_point(|s| s.start.saturating_add(TOLERANCE) < cut);
    let mut found: Vec<_> = times.iter().map(at).collect();
    // The last sample may begin a rounding error before the end; it stands in no later fragment.
    if let Some(last) = found.last_mut() {
        *last = track.samples.len();
    }
    found
}
