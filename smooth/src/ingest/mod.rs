//! The push-stream demuxer: what an encoder posts, [MS-SSTR] 2.2.7, into headers and fragments.
//!
//! ```text
//! ftyp
//! uuid StreamManifest        optional: all push streams of the broadcast
//! uuid LiveServerManifest    SMIL: what the tracks are (optional: the moov can stand in)
//! moov
//! (moof mdat)*               one track each
//! mfra                       the stream has ended
//! ```
//!
//! The boxes of the header come in any order, and may come again. Others are passed over.
//!
//! ```
//! use smooth::boxes::build::{self, FragmentSpec, Sample};
//! use smooth::ingest::{Demuxer, Event, TrackInfo};
//! use smooth::manifest::{Kind, QualityLevel};
//! use smooth::{Limits, Span, Timescale};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // an encoder of captions
//! let level = QualityLevel { fourcc: "TTML".into(), bitrate: 1000, ..QualityLevel::default() };
//! let name = "captions".into();
//! let track = TrackInfo { level, name, ..TrackInfo::new(1, Kind::Text) };
//! let mut stream = build::push_header(&[track]).map_err(|_| "not describable")?;
//! let sample = Sample { duration: 20_000_000, size: 5, ..Sample::default() };
//! let span = Span { time: 0, duration: 20_000_000 };
//! stream.extend(build::fragment(&FragmentSpec { sequence: 1, track_id: 1, span, samples: &[sample] }));
//! stream.extend(build::mdat_header(5));
//! stream.extend(b"<tt/>");
//! stream.extend(build::EMPTY_MFRA);
//!
//! // the origin, whatever pieces the network makes
//! let mut demuxer = Demuxer::new(Limits::default());
//! let mut events = Vec::new();
//! for piece in stream.chunks(100) {
//!     demuxer.push(piece.to_vec().into());
//!     while let Some(event) = demuxer.poll()? {
//!         events.push(event);
//!     }
//! }
//! let [Event::Header(header), Event::Fragment(fragment), Event::EndOfStream] = &events[..] else {
//!     panic!("{events:?}");
//! };
//! assert_eq!(header.tracks[0].name, "captions");
//! assert_eq!(fragment.head.span, Some(span));
//! # Ok(())
//! # }
//! ```

#![warn(clippy::indexing_slicing)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod buffer;
mod tracks;

use bytes::Bytes;

use crate::boxes::uuid::{LIVE_SERVER_MANIFEST, STREAM_MANIFEST};
use crate::boxes::{self, FragmentHead, moov, read_head};
use crate::error::Error;
use crate::limits::Limits;
use crate::manifest::ProtectionHeader;
use crate::smil::live::{self, LiveServerManifest};
use crate::smil::streams;
use crate::time::Span;

pub use crate::smil::live::Track as TrackInfo;
pub use crate::smil::streams::StreamRef;

/// Something that a push stream said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// What the tracks are. Comes before the first fragment, and again whenever the encoder repeats it.
    Header(Header),
    /// A whole fragment.
    Fragment(Fragment),
    /// The encoder says that the stream is over (`mfra`). A connection that ends without it was lost.
    EndOfStream,
}

/// The tracks of a push stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// In the order of the live server manifest, else of `moov`. What the manifest leaves out, or has cut
    /// short, is taken from `moov`.
    pub tracks: Vec<TrackInfo>,
    /// Whether there was a live server manifest. Names and bitrates are guesses without.
    pub from_smil: bool,
    /// The push streams of the broadcast, as the stream manifest before this header lists them; empty
    /// without one.
    pub streams: Vec<StreamRef>,
}

/// A fragment of one track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// [`TrackInfo::id`] of its track, which is in the header.
    pub track_id: u32,
    /// Facts. `span` is always there: from `tfxd`, else from `tfdt` and the samples.
    pub head: FragmentHead,
    /// The `moof` as it came.
    pub moof: Bytes,
    /// The `mdat` as it came, its header included.
    pub mdat: Bytes,
}

/// Takes a push stream apart, whatever pieces it arrives in.
///
/// Call [`push`](Self::push) with what has arrived, then [`poll`](Self::poll) until it answers `None`;
/// only a push makes it answer differently again. An error is final: every later poll repeats it.
///
/// Memory follows what has arrived, never what a size field announces, and no box is gathered that is
/// larger than the limits.
#[derive(Debug)]
pub struct Demuxer {
    limits: Limits,
    buffer: Buffer,
    /// Bytes of a box that is passed over, still to come.
    skip: u64,
    /// The box that is passed over ends the stream.
    ending: bool,
    /// The `moof` whose `mdat` is to come.
    moof: Option<(FragmentHead, Bytes)>,
    streams: Vec<StreamRef>,
    smil: Option<LiveServerManifest>,
    moov: Option<Vec<moov::Track>>,
    /// That of `moov`.
    protection: Vec<ProtectionHeader>,
    /// Which of the two came since the last [`Event::Header`].
    news: News,
    /// Bytes of header boxes since the last fragment.
    header_bytes: usize,
    /// Ids of the tracks of the last header.
    track_ids: Vec<u32>,
    failed: Option<Error>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct News {
    smil: bool,
    moov: bool,
}

use buffer::Buffer;

impl Demuxer {
    /// A demuxer for one push stream, that is, one POST.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            buffer: Buffer::default(),
            skip: 0,
            ending: false,
            moof: None,
            streams: Vec::new(),
            smil: None,
            moov: None,
            protection: Vec::new(),
            news: News::default(),
            header_bytes: 0,
            track_ids: Vec::new(),
            failed: None,
        }
    }

    /// Takes in what has arrived.
    pub fn push(&mut self, data: Bytes) {
        if self.failed.is_none() {
            self.buffer.push(data);
        }
    }

    /// The next event; `None` if more bytes are needed.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for boxes that contradict the format: a fragment before the header, of a track
    /// that is not in it, without a time, or with less media than its samples take; [`Error::Unsupported`]
    /// for several tracks in one fragment or a box without a size; [`Error::Limit`] beyond `header_bytes`,
    /// `moof_bytes`, `fragment_bytes` and the limits of [`read_head`], [`live::read`] and [`streams::read`];
    /// [`Error::Incomplete`] if a box inside a whole one is cut short.
    pub fn poll(&mut self) -> Result<Option<Event>, Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let result = self.step();
        if let Err(error) = result {
            self.failed = Some(error);
            self.buffer = Buffer::default();
        }
        result
    }

    /// Whether the stream may end here: no box has begun that is not there as a whole, and no fragment
    /// waits for its `mdat`. Ask after [`poll`](Self::poll) has answered `None`.
    #[must_use]
    pub fn is_between_boxes(&self) -> bool {
        self.skip == 0 && self.moof.is_none() && self.buffer.is_empty()
    }

    fn step(&mut self) -> Result<Option<Event>, Error> {
        loop {
            self.skip = self.skip.saturating_sub(self.buffer.skip(self.skip));
            if self.skip > 0 {
                return Ok(None);
            }
            if core::mem::take(&mut self.ending) {
                return Ok(Some(Event::EndOfStream));
            }
            let Some(header) = boxes::Header::read(self.buffer.peek(16))? else {
                return Ok(None);
            };
            let size = header
                .size
                .ok_or(Error::Unsupported { what: "push stream", rule: "a box without a size" })?;
            let step = match &header.kind {
                b"ftyp" => {
                    // ffmpeg, where it has to see sound before it can write `moov`, puts the manifest first.
                    if !self.news.smil {
                        self.smil = None;
                        self.streams.clear();
                    }
                    self.moov = None;
                    Step::Skip
                }
                b"uuid" => self.uuid(size)?,
                b"moov" => self.moov(size)?,
                b"moof" => self.moof(size)?,
                b"mdat" => self.mdat(size, header.len as u64)?,
                b"mfra" => {
                    self.ending = true;
                    Step::Skip
                }
                _ => Step::Skip,
            };
            match step {
                Step::Skip => self.skip = size,
                Step::Done => {}
                Step::Wait => return Ok(None),
                Step::Event(event) => return Ok(Some(event)),
            }
        }
    }

    fn uuid(&mut self, size: u64) -> Result<Step, Error> {
        // The header has 8 or 16 bytes, then comes the extended type.
        let start = self.buffer.peek(usize::try_from(size).unwrap_or(usize::MAX).min(32));
        let Some(usertype) = boxes::Header::read(start)?
            .and_then(|header| start.get(header.len..)?.first_chunk::<16>().copied())
        else {
            // A box that is too small for an extended type is none that we want.
            return Ok(if start.len() as u64 >= size.min(32) { Step::Skip } else { Step::Wait });
        };
        if ![LIVE_SERVER_MANIFEST, STREAM_MANIFEST].contains(&usertype) {
            return Ok(Step::Skip);
        }
        let Some(data) = self.header_box(size)? else { return Ok(Step::Wait) };
        let uuid = boxes::walk(&data).next().ok_or(Error::Incomplete { what: "uuid" })??;
        // Version and flags stand before the document.
        let document =
            uuid.payload.get(4..).ok_or(Error::Incomplete { what: "a manifest in a push stream" })?;
        if usertype == STREAM_MANIFEST {
            self.streams = streams::read(document, &self.limits)?;
            return Ok(Step::Done);
        }
        self.smil = Some(live::read(document, &self.limits)?);
        self.news.smil = true;
        Ok(self.complete_header())
    }

    fn moov(&mut self, size: u64) -> Result<Step, Error> {
        let Some(data) = self.header_box(size)? else { return Ok(Step::Wait) };
        self.moov = Some(moov::read(&data, &self.limits)?);
        self.protection = moov::read_protection(&data, &self.limits)?;
        self.news.moov = true;
        Ok(self.complete_header())
    }

    /// Takes a box of the header, which may be `header_bytes` long with those before it.
    fn header_box(&mut self, size: u64) -> Result<Option<Bytes>, Error> {
        let max = self.limits.header_bytes;
        let size = within(size, max.saturating_sub(self.header_bytes))
            .ok_or(Error::Limit { what: "header_bytes", max: max as u64 })?;
        let data = self.buffer.take(size);
        if data.is_some() {
            self.header_bytes = self.header_bytes.saturating_add(size);
        }
        Ok(data)
    }

    /// The header is told as soon as both halves of it are there.
    fn complete_header(&mut self) -> Step {
        if self.news.smil && self.news.moov { Step::Event(self.tell_header()) } else { Step::Done }
    }

    fn tell_header(&mut self) -> Event {
        self.news = News::default();
        let from_smil = self.smil.is_some();
        let tracks = tracks::merge(self.smil.as_ref(), self.moov.as_deref().unwrap_or(&[]), &self.protection);
        self.track_ids = tracks.iter().map(|track| track.id).collect();
        Event::Header(Header { tracks, from_smil, streams: self.streams.clone() })
    }

    fn moof(&mut self, size: u64) -> Result<Step, Error> {
        if self.news != News::default() {
            // One half of the header did not come.
            return Ok(Step::Event(self.tell_header()));
        }
        let invalid = |rule| Error::Invalid { what: "moof", rule };
        if self.track_ids.is_empty() {
            return Err(invalid("it comes before the header"));
        }
        if self.moof.is_some() {
            return Err(invalid("the one before it has no mdat"));
        }
        let max = self.limits.moof_bytes;
        let size = within(size, max).ok_or(Error::Limit { what: "moof_bytes", max: max as u64 })?;
        let Some(data) = self.buffer.take(size) else { return Ok(Step::Wait) };
        let mut head = read_head(&data, &self.limits)?;
        if !self.track_ids.contains(&head.track_id) {
            return Err(invalid("its track is not in the header"));
        }
        head.span = Some(span(&head).ok_or_else(|| invalid("it has no time"))?);
        self.moof = Some((head, data));
        self.header_bytes = 0;
        Ok(Step::Done)
    }

    /// `size` bytes, of which the first `header` are not media.
    fn mdat(&mut self, size: u64, header: u64) -> Result<Step, Error> {
        let invalid = |rule| Error::Invalid { what: "mdat", rule };
        let Some((head, moof)) = &self.moof else { return Err(invalid("no moof stands before it")) };
        if head.size > size.saturating_sub(header) {
            return Err(invalid("it is smaller than its samples"));
        }
        let max = self.limits.fragment_bytes;
        let size = within(size, max.saturating_sub(moof.len()))
            .ok_or(Error::Limit { what: "fragment_bytes", max: max as u64 })?;
        let Some(mdat) = self.buffer.take(size) else { return Ok(Step::Wait) };
        Ok(self.moof.take().map_or(Step::Done, |(head, moof)| {
            Step::Event(Event::Fragment(Fragment { track_id: head.track_id, head, moof, mdat }))
        }))
    }
}

/// What became of the box at the front of the buffer.
enum Step {
    /// It is to be passed over.
    Skip,
    /// It is taken.
    Done,
    /// It is not there as a whole.
    Wait,
    /// Something is to be told.
    Event(Event),
}

fn within(size: u64, max: usize) -> Option<usize> {
    usize::try_from(size).ok().filter(|&size| size <= max)
}

/// The span of `tfxd`, else of `tfdt`; the samples stand in for a duration of zero.
fn span(head: &FragmentHead) -> Option<Span> {
    let span = head.span.or_else(|| {
        // Wraps as the times of a track that begins before zero do.
        let time = head.decode_time?.wrapping_add_signed(head.first_composition_offset);
        Some(Span { time, duration: head.duration })
    })?;
    Some(if span.duration == 0 { Span { duration: head.duration, ..span } } else { span })
}

#[cfg(test)]
mod tests;
