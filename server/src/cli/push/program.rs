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

use super::super::media::{Media, Pace, Reel, SourceError, TICKS, clamp};
use super::captions::Captions;
use crate::cli::protect::{self, Protector};

/// Length that fragments should have, where key frames allow.
const FRAGMENT: u64 = 2 * TICKS;
/// No fragment may be longer.
const LONGEST: u64 = 10 * TICKS;
/// Bitrate that the manifest gives for captions: they need one, and it is small.
const CAPTION_BITRATE: u32 = 1000;

/// A broadcast without end.
#[derive(Debug)]
pub struct Program {
    reel: Reel,
    captions: Option<Captions>,
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
        let pace = Pace { fragment: FRAGMENT, longest: LONGEST, is_round: true };
        Ok(Self { reel: Reel::new(media, &pace, |_| {})?, captions: None })
    }

    /// Adds a caption track.
    #[must_use]
    pub fn with_captions(mut self, captions: Captions) -> Self {
        self.captions = Some(captions);
        self
    }

    /// The same, encrypted as `args` say. Captions stay clear.
    #[must_use]
    pub fn protected(mut self, args: &protect::Args) -> Self {
        self.reel.protector = Protector::new(args, 0);
        self
    }

    /// Duration of a round in ticks.
    #[must_use]
    pub fn duration(&self) -> u64 {
        self.reel.cuts.last().copied().unwrap_or(FRAGMENT)
    }

    /// Fragments of each track in a round.
    #[must_use]
    pub fn fragments(&self) -> u64 {
        self.reel.cuts.len().saturating_sub(1).max(1) as u64
    }

    /// Number of the fragment that contains `time`, counted from the epoch. `time` is in ticks since the
    /// epoch.
    #[must_use]
    pub fn number_at(&self, time: u64) -> u64 {
        let (round, rest) = (time / self.duration(), time % self.duration());
        let index = self.reel.cuts.partition_point(|&cut| cut <= rest).saturating_sub(1) as u64;
        round * self.fragments() + index
    }

    /// When fragment `number` begins and how long it lasts, in ticks since the epoch. The sound's
    /// fragments begin with the first frame that does not start before.
    #[must_use]
    pub fn span(&self, number: u64) -> Span {
        let (round, index) = self.place(number);
        let cut = |i: usize| self.reel.cuts.get(i).copied().unwrap_or(FRAGMENT);
        let base = round.saturating_mul(self.duration());
        Span { time: base.saturating_add(cut(index)), duration: cut(index + 1).saturating_sub(cut(index)) }
    }

    /// Sum of the bitrates, in bits/s.
    #[must_use]
    pub fn bitrate(&self) -> u64 {
        self.reel.tracks.iter().map(|t| u64::from(t.level.bitrate)).sum()
    }

    /// What the broadcast consists of, for a person: `video 120k 300k 700k, audio 64k`.
    #[must_use]
    pub fn summary(&self) -> String {
        let captions = self.captions.iter().map(|c| format!(", {}", c.name()));
        std::iter::once(self.reel.summary()).chain(captions).collect()
    }

    /// The boxes that a push stream begins with.
    ///
    /// # Errors
    ///
    /// A codec that cannot be described; [`Program::open`] has refused these.
    pub fn header(&self) -> Result<Bytes, SourceError> {
        let mut tracks: Vec<_> = (1..).zip(&self.reel.tracks).map(|(id, track)| track.info(id)).collect();
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
        let header = build::push_header(&tracks)
            .map_err(|_| SourceError::broken("the source", "codec", "it cannot be described"))?;
        let protection = self.reel.protection();
        Ok(if protection.is_some() { build::protected_header(&tracks, protection) } else { header }.into())
    }

    /// Fragment `number` of every track, each a `moof` and its `mdat`.
    ///
    /// # Errors
    ///
    /// The file can no longer be read.
    pub fn fragment(&self, number: u64) -> Result<Vec<Bytes>, SourceError> {
        let mut all = Vec::new();
        // The number counts from the epoch, so it is the same for every encoder of this program.
        let sequence = (number & u64::from(u32::MAX)) as u32;
        let (round, index) = self.place(number);
        let base = round.saturating_mul(self.duration());
        for (id, track) in (1..).zip(&self.reel.tracks) {
            let fragment = self.reel.fragment(track, index, base, (id, sequence))?;
            all.extend(fragment.map(|f| joined(&f.head, &f.data)));
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
            let spec =
                build::FragmentSpec { sequence, track_id: self.caption_id(), span, samples: &[sample] };
            let head = [&build::fragment(&spec)[..], &build::mdat_header(sample.size)].concat();
            all.push(joined(&head, &[text.into()]));
        }
        Ok(all)
    }

    /// Round and index in the round of fragment `number`.
    fn place(&self, number: u64) -> (u64, usize) {
        (number / self.fragments(), (number % self.fragments()) as usize)
    }

    fn caption_id(&self) -> u32 {
        clamp(self.reel.tracks.len() as u64 + 1)
    }
}

fn joined(head: &[u8], data: &[Bytes]) -> Bytes {
    let mut bytes = BytesMut::with_capacity(head.len() + data.iter().map(Bytes::len).sum::<usize>());
    bytes.put_slice(head);
    data.iter().for_each(|part| bytes.put_slice(part));
    bytes.freeze()
}
