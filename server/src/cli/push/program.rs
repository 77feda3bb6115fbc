//! What is broadcast: the tracks of one or several files, cut into fragments at common times, repeated
//! without end from the Unix epoch on.
//!
//! Round `k` of the loop begins at `k` times its duration after the epoch, wherever and whenever the
//! broadcast was started. So two encoders that push the same files write the same fragments with the
//! same times, byte for byte, and a restarted one carries on where it would have been.

use std::path::PathBuf;

use bytes::{BufMut, Bytes, BytesMut};
use smooth::Span;
use smooth::boxes::build;
use smooth::ingest::TrackInfo;
use smooth::manifest::{Kind, QualityLevel};

use super::captions::Captions;
use super::error::SourceError;
use super::media::Media;
use super::source::{self, File};

/// Ticks per second of every time here.
pub const TICKS: u64 = 10_000_000;
/// Length that fragments should have, where key frames allow.
const FRAGMENT: u64 = 2 * TICKS;
/// No fragment may be longer.
const LONGEST: u64 = 10 * TICKS;
/// How far key frames of two bitrates may be apart and still count as one time: rounding of timescales.
const TOLERANCE: u64 = TICKS / 1000;
/// Bitrate that the manifest gives for captions: they need one, and it is small.
const CAPTION_BITRATE: u32 = 1000;

/// A broadcast without end.
#[derive(Debug)]
pub struct Program {
    media: Vec<Media>,
    tracks: Vec<Track>,
    captions: Option<Captions>,
    /// Where fragments begin, in ticks from the start of a round; then the end of the round.
    cuts: Vec<u64>,
}

/// A track as it is pushed.
#[derive(Debug)]
pub(super) struct Track {
    /// Index into [`Program::media`].
    pub(super) media: usize,
    pub(super) kind: Kind,
    pub(super) name: String,
    /// ISO 639-2; `und` if unknown.
    pub(super) language: String,
    pub(super) level: QualityLevel,
    pub(super) samples: Vec<Sample>,
    /// Index of the first sample of each fragment, then the number of samples.
    pub(super) fragments: Vec<usize>,
}

/// A sample of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) offset: u64,
    pub(super) size: u32,
    /// Ticks from the start of the round; it lasts until the next one begins.
    pub(super) start: u64,
    /// Presentation minus decode time, less that of the track's first sample.
    pub(super) composition: i32,
    pub(super) sync: bool,
}

impl Program {
    /// Reads `files`: each with one or several tracks, fragmented or not.
    ///
    /// # Errors
    ///
    /// [`SourceError`], with the file and what to do.
    pub fn open(files: &[PathBuf]) -> Result<Self, SourceError> {
        Self::new(files.iter().map(|path| Media::open(path)).collect::<Result<_, _>>()?)
    }

    /// The sample that is part of this program.
    ///
    /// # Errors
    ///
    /// None, unless the program was built with another sample that is not sound.
    pub fn sample() -> Result<Self, SourceError> {
        const SAMPLE: &[u8] = include_bytes!("../../../sample/sample.ismv");
        Self::new(vec![Media::memory("the built-in sample", Bytes::from_static(SAMPLE))])
    }

    fn new(media: Vec<Media>) -> Result<Self, SourceError> {
        let files =
            media.iter().enumerate().map(|(i, m)| source::read(m, i)).collect::<Result<Vec<_>, _>>()?;
        let names: Vec<_> = media.iter().map(|m| m.name.as_str()).collect();
        let (tracks, cuts) = arrange(files, &names)?;
        Ok(Self { media, tracks, captions: None, cuts })
    }

    /// Adds a caption track.
    #[must_use]
    pub fn with_captions(mut self, captions: Captions) -> Self {
        self.captions = Some(captions);
        self
    }

    /// Duration of a round in ticks.
    #[must_use]
    pub fn duration(&self) -> u64 {
        self.cuts.last().copied().unwrap_or(FRAGMENT)
    }

    /// Fragments of each track in a round.
    #[must_use]
    pub fn fragments(&self) -> u64 {
        self.cuts.len().saturating_sub(1).max(1) as u64
    }

    /// Number of the fragment that contains `time`, counted from the epoch. `time` is in ticks since the
    /// epoch.
    #[must_use]
    pub fn number_at(&self, time: u64) -> u64 {
        let (round, rest) = (time / self.duration(), time % self.duration());
        let index = self.cuts.partition_point(|&cut| cut <= rest).saturating_sub(1) as u64;
        round * self.fragments() + index
    }

    /// When fragment `number` begins and how long it lasts, in ticks since the epoch. The sound's
    /// fragments begin with the first frame that does not start before.
    #[must_use]
    pub fn span(&self, number: u64) -> Span {
        let (round, index) = self.place(number);
        let cut = |i: usize| self.cuts.get(i).copied().unwrap_or(FRAGMENT);
        let base = round.saturating_mul(self.duration());
        Span { time: base.saturating_add(cut(index)), duration: cut(index + 1).saturating_sub(cut(index)) }
    }

    /// Sum of the bitrates, in bits/s.
    #[must_use]
    pub fn bitrate(&self) -> u64 {
        self.tracks.iter().map(|t| u64::from(t.level.bitrate)).sum()
    }

    /// What the broadcast consists of, for a person: `video 120k 300k 700k, audio 64k`.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut parts: Vec<(&str, String)> = Vec::new();
        for track in &self.tracks {
            let rate = format!(" {}k", track.level.bitrate / 1000);
            match parts.iter_mut().find(|(name, _)| *name == track.name) {
                Some((_, rates)) => rates.push_str(&rate),
                None => parts.push((&track.name, rate)),
            }
        }
        if let Some(captions) = &self.captions {
            parts.push((captions.name(), String::new()));
        }
        parts.iter().map(|(name, rates)| format!("{name}{rates}")).collect::<Vec<_>>().join(", ")
    }

    /// The boxes that a push stream begins with.
    ///
    /// # Errors
    ///
    /// A codec that cannot be described; [`Program::open`] has refused these.
    pub fn header(&self) -> Result<Bytes, SourceError> {
        let mut tracks: Vec<_> = (1..).zip(&self.tracks).map(|(id, track)| track.info(id)).collect();
        if let Some(captions) = &self.captions {
            let level = QualityLevel {
                bitrate: CAPTION_BITRATE,
                fourcc: "TTML".to_owned(),
                ..QualityLevel::default()
            };
            tracks.push(TrackInfo {
                name: captions.name().to_owned(),
                language: captions.language().to_owned(),
                subtype: "CAPT".to_owned(),
                level,
                ..TrackInfo::new(self.caption_id(), Kind::Text)
            });
        }
        let header = build::push_header(&tracks);
        header
            .map(Bytes::from)
            .map_err(|_| SourceError::broken("the source", "codec", "it cannot be described"))
    }

    /// Fragment `number` of every track, each a `moof` and its `mdat`.
    ///
    /// # Errors
    ///
    /// The file can no longer be read.
    pub fn fragment(&self, number: u64) -> Result<Vec<Bytes>, SourceError> {
        let mut all = Vec::new();
        for (id, track) in (1..).zip(&self.tracks) {
            all.extend(self.track_fragment(id, track, number)?);
        }
        if let Some(captions) = &self.captions {
            let (span, round) = (self.span(number), self.place(number).0.saturating_mul(self.duration()));
            let text = captions.document(span, round);
            let sample = build::Sample {
                duration: clamp(span.duration),
                size: clamp(text.len() as u64),
                flags: build::SYNC_SAMPLE,
                composition_offset: 0,
            };
            all.push(assemble(self.caption_id(), number, span, &[sample], &[text.into()]));
        }
        Ok(all)
    }

    fn track_fragment(&self, id: u32, track: &Track, number: u64) -> Result<Option<Bytes>, SourceError> {
        let (round, index) = self.place(number);
        let base = round.saturating_mul(self.duration());
        let (Some(&first), Some(&next)) = (track.fragments.get(index), track.fragments.get(index + 1)) else {
            return Ok(None);
        };
        let start_of = |i: usize| track.samples.get(i).map_or_else(|| self.duration(), |s| s.start);
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
        Ok(Some(assemble(id, number, span, &specs, &data)))
    }

    /// Round and index in the round of fragment `number`.
    fn place(&self, number: u64) -> (u64, usize) {
        (number / self.fragments(), (number % self.fragments()) as usize)
    }

    fn caption_id(&self) -> u32 {
        clamp(self.tracks.len() as u64 + 1)
    }
}

impl Track {
    /// What the header says of it.
    fn info(&self, id: u32) -> TrackInfo {
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

fn assemble(track_id: u32, number: u64, span: Span, samples: &[build::Sample], data: &[Bytes]) -> Bytes {
    // The number counts from the epoch, so it is the same for every encoder of this program.
    let sequence = (number & u64::from(u32::MAX)) as u32;
    let moof = build::fragment(&build::FragmentSpec { sequence, track_id, span, samples });
    let size = data.iter().map(Bytes::len).sum::<usize>();
    let mut bytes = BytesMut::with_capacity(moof.len() + size + 8);
    bytes.put_slice(&moof);
    bytes.put_slice(&build::mdat_header(clamp(size as u64)));
    data.iter().for_each(|part| bytes.put_slice(part));
    bytes.freeze()
}

pub(super) fn clamp(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Puts the tracks of all files on one clock and cuts them at the key frames of the first picture.
fn arrange(files: Vec<File>, names: &[&str]) -> Result<(Vec<Track>, Vec<u64>), SourceError> {
    let name = |track: &Track| names.get(track.media).copied().unwrap_or_default().to_owned();
    let ends: Vec<_> = files.iter().flat_map(|f| f.ends.iter().copied()).collect();
    let mut tracks: Vec<_> = files.into_iter().flat_map(|f| f.tracks).collect();
    let Some(&duration) = ends.iter().min() else {
        return Err(SourceError::Empty { file: names.join(", ") });
    };
    if ends.iter().any(|end| end - duration > TICKS) {
        tracing::warn!(
            seconds = duration / TICKS,
            "the tracks differ in length; the loop ends with the shortest"
        );
    }
    let keys = tracks.iter().find(|t| t.kind == Kind::Video).map(|t| (name(t), key_frames(t)));
    let cuts = match keys {
        Some((file, keys)) => cut_at_keys(&keys, duration, &file)?,
        None => cut_evenly(duration),
    };
    for track in &mut tracks {
        track.samples.retain(|s| s.start == 0 || s.start + TOLERANCE < duration);
        track.fragments = if track.kind == Kind::Video {
            let file = name(track);
            cut_video(track, &cuts, &file)?
        } else {
            // A frame that begins a rounding error before the cut belongs behind it.
            cuts.iter().map(|&cut| track.samples.partition_point(|s| s.start + TOLERANCE < cut)).collect()
        };
    }
    source::name(&mut tracks);
    Ok((tracks, cuts))
}

/// Times at which the picture can be entered.
fn key_frames(track: &Track) -> Vec<u64> {
    track.samples.iter().filter(|s| s.sync).map(|s| s.start).collect()
}

fn cut_at_keys(keys: &[u64], duration: u64, file: &str) -> Result<Vec<u64>, SourceError> {
    let mut cuts = vec![0];
    let mut last = 0;
    for &key in keys.iter().chain([&duration]) {
        if key - last > LONGEST {
            let (seconds, gap) = (last as f64 / TICKS as f64, (key - last) as f64 / TICKS as f64);
            return Err(SourceError::FarApart { file: file.to_owned(), seconds, gap });
        }
        // The last cut leaves no scrap behind.
        if key == duration || key + TOLERANCE >= last + FRAGMENT && key + FRAGMENT / 2 <= duration {
            cuts.push(key);
            last = key;
        }
    }
    Ok(cuts)
}

fn cut_evenly(duration: u64) -> Vec<u64> {
    let mut cuts: Vec<_> = (0..duration)
        .step_by(FRAGMENT as usize)
        .filter(|cut| cut + FRAGMENT / 2 <= duration || *cut == 0)
        .collect();
    cuts.push(duration);
    cuts
}

/// Finds the key frame at each cut, and puts it exactly there: fragment times must agree to the tick.
fn cut_video(track: &mut Track, cuts: &[u64], file: &str) -> Result<Vec<usize>, SourceError> {
    let (inner, end) = cuts.split_at(cuts.len().saturating_sub(1));
    let mut found = Vec::with_capacity(cuts.len());
    for &cut in inner {
        let from = track.samples.partition_point(|s| s.start + TOLERANCE < cut);
        let near = track.samples.iter().skip(from).take_while(|s| s.start <= cut + TOLERANCE);
        let Some(index) = near.enumerate().find(|(_, s)| s.sync).map(|(i, _)| from + i) else {
            let (bitrate, seconds) = (track.level.bitrate, cut as f64 / TICKS as f64);
            return Err(SourceError::NotAligned { file: file.to_owned(), bitrate, seconds });
        };
        track.samples[index].start = cut;
        found.push(index);
    }
    found.extend(end.iter().map(|_| track.samples.len()));
    Ok(found)
}
