//! The tracks of one or several files on one clock, and their fragments.

use bytes::Bytes;
use smooth::Span;
use smooth::boxes::build;
use smooth::boxes::init::Protection;
use smooth::ingest::TrackInfo;
use smooth::manifest::{Kind, QualityLevel};

use super::cut::{self, Pace};
use super::error::SourceError;
use super::file::Media;
use super::source;
use crate::cli::protect::Protector;

/// Ticks per second of every time here.
pub const TICKS: u64 = 10_000_000;

/// Files that are cut at common times.
#[derive(Debug)]
pub(in crate::cli) struct Reel {
    media: Vec<Media>,
    /// In the order of the manifest: pictures before sound, low bitrates before high ones.
    pub(in crate::cli) tracks: Vec<Track>,
    /// Where the fragments of the picture begin, in ticks from the start; then the end.
    pub(in crate::cli) cuts: Vec<u64>,
    /// Encrypts the fragments, if they are to be.
    pub(in crate::cli) protector: Option<Protector>,
}

/// A track of a file.
#[derive(Debug)]
pub(in crate::cli) struct Track {
    /// Which file, counted from 0.
    pub(in crate::cli) media: usize,
    pub(in crate::cli) kind: Kind,
    pub(in crate::cli) name: String,
    /// ISO 639-2; `und` if unknown.
    pub(in crate::cli) language: String,
    pub(in crate::cli) level: QualityLevel,
    pub(super) samples: Vec<Sample>,
    /// Where the last sample ends, in ticks.
    pub(in crate::cli) end: u64,
    /// Index of the first sample of each fragment, then the number of samples.
    pub(in crate::cli) fragments: Vec<usize>,
}

/// A sample where it lies in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) offset: u64,
    pub(super) size: u32,
    /// Ticks from the start; it lasts until the next one begins.
    pub(super) start: u64,
    /// Presentation minus decode time, less that of the track's first sample.
    pub(super) composition: i32,
    pub(super) sync: bool,
}

/// A fragment that is cut out.
#[derive(Debug)]
pub(in crate::cli) struct Fragment {
    pub(in crate::cli) span: Span,
    /// `moof`, and the header of the `mdat`.
    pub(in crate::cli) head: Vec<u8>,
    /// The samples.
    pub(in crate::cli) data: Vec<Bytes>,
}

impl Reel {
    /// Reads `media`, keeps those tracks of each file that `choose` keeps, and cuts them as `pace` says.
    pub(in crate::cli) fn new(
        media: Vec<Media>,
        pace: &Pace,
        choose: impl FnOnce(&mut Vec<Track>),
    ) -> Result<Self, SourceError> {
        let mut tracks = Vec::new();
        for (index, media) in media.iter().enumerate() {
            tracks.extend(source::read(media, index)?);
        }
        choose(&mut tracks);
        let names: Vec<_> = media.iter().map(|m| m.name.as_str()).collect();
        let cuts = cut::cut(&mut tracks, &names, pace)?;
        source::name(&mut tracks);
        Ok(Self { media, tracks, cuts, protector: None })
    }

    /// What it consists of, for a person: `video 120k 300k 700k, audio 64k`.
    pub(in crate::cli) fn summary(&self) -> String {
        let mut parts: Vec<(&str, String)> = Vec::new();
        for track in &self.tracks {
            let rate = format!(" {}k", track.level.bitrate / 1000);
            match parts.iter_mut().find(|(name, _)| *name == track.name) {
                Some((_, rates)) => rates.push_str(&rate),
                None => parts.push((&track.name, rate)),
            }
        }
        parts.iter().map(|(name, rates)| format!("{name}{rates}")).collect::<Vec<_>>().join(", ")
    }

    /// Bytes of all samples.
    pub(in crate::cli) fn bytes(&self) -> u64 {
        self.tracks.iter().flat_map(|t| &t.samples).map(|s| u64::from(s.size)).sum()
    }

    /// How it is encrypted, if it is.
    pub(in crate::cli) fn protection(&self) -> Option<Protection<'_>> {
        self.protector.as_ref().and_then(Protector::protection)
    }

    /// Fragment `index` of `track`, all times later by `base`; `None` if it has no samples there.
    pub(in crate::cli) fn fragment(
        &self,
        track: &Track,
        index: usize,
        base: u64,
        (track_id, sequence): (u32, u32),
    ) -> Result<Option<Fragment>, SourceError> {
        let (Some(&first), Some(&next)) = (track.fragments.get(index), track.fragments.get(index + 1)) else {
            return Ok(None);
        };
        let start_of = |i: usize| track.samples.get(i).map_or(track.end, |s| s.start);
        let Some(samples) = track.samples.get(first..next).filter(|s| !s.is_empty()) else { return Ok(None) };
        let span = Span {
            time: base.saturating_add(start_of(first)),
            duration: start_of(next).saturating_sub(start_of(first)),
        };
        let specs: Vec<_> = (first + 1..)
            .zip(samples)
            .map(|(following, sample)| build::Sample {
                duration: clamp(start_of(following).saturating_sub(sample.start)),
                size: sample.size,
                flags: if sample.sync { build::SYNC_SAMPLE } else { build::DEPENDENT_SAMPLE },
                composition_offset: sample.composition,
            })
            .collect();
        let Some(media) = self.media.get(track.media) else { return Ok(None) };
        let mut data = Vec::new();
        for (start, end) in stretches(samples) {
            data.push(media.read(start, end)?);
        }
        let spec = build::FragmentSpec { sequence, track_id, span, samples: &specs };
        let protected = self.protector.as_ref();
        let protected = protected.and_then(|p| p.fragment(&spec, track.kind, &track.level, &data));
        let mut head = match protected {
            Some((head, encrypted)) => {
                data = vec![encrypted];
                head
            }
            None => build::fragment(&spec),
        };
        let size = data.iter().map(Bytes::len).sum::<usize>();
        head.extend_from_slice(&build::mdat_header(clamp(size as u64)));
        Ok(Some(Fragment { span, head, data }))
    }
}

impl Track {
    /// What the header says of it.
    pub(in crate::cli) fn info(&self, id: u32) -> TrackInfo {
        TrackInfo {
            name: self.name.clone(),
            language: self.language.clone(),
            display_width: self.level.width,
            display_height: self.level.height,
            level: self.level.clone(),
            ..TrackInfo::new(id, self.kind)
        }
    }
}

/// Ranges of the file that hold `samples`, in their order.
fn stretches(samples: &[Sample]) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for sample in samples {
        let end = sample.offset.saturating_add(sample.size.into());
        match ranges.last_mut() {
            Some(last) if last.1 == sample.offset => last.1 = end,
            _ => ranges.push((sample.offset, end)),
        }
    }
    ranges
}

pub(in crate::cli) fn clamp(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
