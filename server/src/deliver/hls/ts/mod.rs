//! MPEG-2 transport streams of H.264 and AAC, ITU-T H.222.0: one segment from the samples of fragments.
//!
//! ```text
//! PAT PMT │ PES picture ─ PES sound ─ PES picture ─ … in order of decoding
//!           └ packets of 188 bytes: header, adaptation field (PCR, stuffing), payload
//! ```
//! A segment is a pure function of its samples and its number, and yet a stream of segments is one
//! transport stream whose continuity counters never jump: PAT and PMT come once in a segment, so their
//! counter is the segment's number; pictures and sound each take a multiple of sixteen packets, so theirs
//! begin with zero in every segment. Where the last access unit would not end on the sixteenth packet
//! its bytes are spread over more packets, filled up by adaptation fields: packets that carry nothing but
//! an adaptation field do not count (2.4.3.3), and duplicates may not be more than two.
//!
//! Times are those of the broadcast plus ten seconds, so that what is decoded before zero stays positive.
//!
//! | module | what it knows |
//! | --- | --- |
//! | `packet` | packets, adaptation fields, 2.4.3 |
//! | `pes` | PES headers, 2.4.3.6 |
//! | `psi` | PAT and PMT, 2.4.4 |
//! | `avc` | access units as a byte stream, H.264 annex B |
//! | [`adts`] | AAC frames with headers, ISO/IEC 14496-3 1.A.3 |

pub mod adts;
mod avc;
mod packet;
mod pes;
mod psi;
#[cfg(test)]
mod tests;

use smooth::Timescale;

use packet::{Packets, Pid, Start};

/// What a program consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Pictures; `None` for sound alone.
    pub video: Option<Video>,
    /// Sound.
    pub audio: Option<Audio>,
}

/// H.264.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Video {
    /// Parameter sets with start codes.
    pub parameter_sets: Vec<u8>,
    /// Bytes of the length before each NAL unit of a sample: 1 to 4.
    pub nal_length: u8,
}

/// AAC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audio {
    /// What stands before each frame.
    pub header: adts::Header,
    /// Three letters of ISO 639-2; empty if unknown.
    pub language: String,
}

/// One picture. Times are in ticks of 90 kHz, see [`clock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture<'a> {
    /// The sample: NAL units behind their lengths.
    pub data: &'a [u8],
    /// When it is decoded.
    pub dts: u64,
    /// When it is shown.
    pub pts: u64,
    /// Decoding can start here.
    pub sync: bool,
}

/// One frame of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The sample.
    pub data: &'a [u8],
    /// When it is heard, in ticks of 90 kHz.
    pub pts: u64,
}

/// Why samples cannot be put into a transport stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The lengths of the NAL units do not add up to that of their sample.
    #[error("a NAL unit is longer than its sample")]
    NalUnit,
    /// A frame that the 13 bits of its header cannot measure.
    #[error("an AAC frame has {0} bytes, more than a transport stream can carry")]
    Frame(usize),
}

/// The time on a transport stream's clock for `ticks` of a broadcast, in 90 kHz. It goes on beyond 33
/// bits; what is written wraps.
#[must_use]
pub fn clock(ticks: i128, timescale: Timescale) -> u64 {
    let ticks = ticks.saturating_mul(RATE.into()).div_euclid(timescale.get().into());
    u64::try_from(ticks.saturating_add(ORIGIN.into())).unwrap_or(0)
}

/// The segment with the media sequence number `number`. `until` is when the next one begins to be
/// decoded.
///
/// # Errors
///
/// See [`Error`].
pub fn mux(
    program: &Program,
    number: u64,
    pictures: &[Picture<'_>],
    frames: &[Frame<'_>],
    until: u64,
) -> Result<Vec<u8>, Error> {
    let mut muxer = Muxer::new(program, number, pictures, frames, until)?;
    let groups = groups(frames)?;
    let (mut pictures, mut groups) = (pictures.iter().peekable(), groups.into_iter().peekable());
    loop {
        let picture = pictures.peek().map(|p| p.dts);
        let group = groups.peek().and_then(|g| g.first()).map(|f| f.pts);
        let Some(now) = picture.into_iter().chain(group).min() else { break };
        let reference = if program.video.is_some() { picture } else { group };
        muxer.keep_time(now, reference);
        if picture == Some(now)
            && let Some(picture) = pictures.next()
        {
            muxer.picture(picture, pictures.peek().is_none())?;
        } else if let Some(group) = groups.next() {
            muxer.sound(group, groups.peek().is_none());
        }
    }
    muxer.keep_time(until, Some(until));
    Ok(muxer.packets.finish())
}

struct Muxer<'p> {
    program: &'p Program,
    packets: Packets,
    video: Pid,
    audio: Pid,
    /// The newest PCR.
    pcr: Option<u64>,
    /// PCRs that may be put between access units.
    spare: u64,
}

impl<'p> Muxer<'p> {
    fn new(
        program: &'p Program,
        number: u64,
        pictures: &[Picture<'_>],
        frames: &[Frame<'_>],
        until: u64,
    ) -> Result<Self, Error> {
        let bytes = pictures.iter().map(|p| p.data.len() + PICTURE_OVERHEAD).sum::<usize>()
            + frames.iter().map(|f| f.data.len() + FRAME_OVERHEAD).sum::<usize>();
        let mut packets = Packets::with_capacity(bytes + bytes / 32 + 64 * packet::SIZE);
        let counter = (number & 15) as u8;
        packets.section(psi::PAT_PID, counter, &psi::pat());
        packets.section(psi::PMT_PID, counter, &psi::pmt(program));
        let first = pictures.iter().map(|p| p.dts).chain(frames.iter().map(|f| f.pts)).min();
        let spare = (until.saturating_sub(first.unwrap_or(until)) / PCR_STEP + 1).min(MOST_PCRS);
        let (video, audio) = (Pid::new(psi::VIDEO_PID), Pid::new(psi::AUDIO_PID));
        Ok(Self { program, packets, video, audio, pcr: None, spare })
    }

    /// Puts in PCRs until `now`, if the next access unit that carries one, `reference`, comes too late.
    fn keep_time(&mut self, now: u64, reference: Option<u64>) {
        while let Some(last) = self.pcr
            && reference.is_none_or(|next| next.saturating_sub(DELAY) > last + PCR_LONGEST)
            && now.saturating_sub(DELAY) >= last + PCR_STEP
            && self.spare > 0
        {
            let pid = if self.program.video.is_some() { &self.video } else { &self.audio };
            self.packets.time(pid, last + PCR_STEP);
            self.pcr = Some(last + PCR_STEP);
            self.spare -= 1;
        }
    }

    fn picture(&mut self, picture: &Picture<'_>, last: bool) -> Result<(), Error> {
        let Some(video) = &self.program.video else { return Ok(()) };
        let unit = avc::Unit::read(picture, video)?;
        let header = pes::video(picture.pts, picture.dts, unit.len());
        let pcr = picture.dts.saturating_sub(DELAY);
        self.pcr = Some(pcr);
        let start = Start { pcr: Some(pcr), random_access: unit.is_sync() };
        let mut payload = self.packets.pes(&mut self.video, start, header.len() + unit.len(), last);
        payload.put(&header);
        unit.write(|bytes| payload.put(bytes));
        Ok(())
    }

    fn sound(&mut self, frames: &[Frame<'_>], last: bool) {
        let (Some(audio), Some(first)) = (&self.program.audio, frames.first()) else { return };
        let len = frames.iter().map(|f| adts::LEN + f.data.len()).sum();
        let header = pes::audio(first.pts, len);
        let mut start = Start { pcr: None, random_access: true };
        if self.program.video.is_none() {
            self.pcr = Some(first.pts.saturating_sub(DELAY));
            start.pcr = self.pcr;
        }
        let mut payload = self.packets.pes(&mut self.audio, start, header.len() + len, last);
        payload.put(&header);
        for frame in frames {
            payload.put(&audio.header.with(frame.data.len()));
            payload.put(frame.data);
        }
    }
}

/// Frames that share a PES packet: a packet of its own for each would be half stuffing. The first one is
/// alone: a reader that has just begun does not know yet how long it lasts, and what time the next one is.
fn groups<'f, 'a>(frames: &'f [Frame<'a>]) -> Result<Vec<&'f [Frame<'a>]>, Error> {
    let (mut groups, mut from, mut bytes) = (Vec::new(), 0, 0);
    for (at, frame) in frames.iter().enumerate() {
        let len = frame.data.len() + adts::LEN;
        if len > adts::LONGEST {
            return Err(Error::Frame(frame.data.len()));
        }
        // The next packet begins when this frame is over, if not before it: soon enough for a PCR.
        let before = &frames[at.saturating_sub(1)];
        let over = frame.pts.saturating_mul(2).saturating_sub(before.pts);
        let is_late = over.saturating_sub(frames[from].pts) > PCR_LONGEST;
        if at == 1 || at > from && (is_late || bytes + len > GROUP_BYTES) {
            groups.push(&frames[from..at]);
            (from, bytes) = (at, 0);
        }
        bytes += len;
    }
    if from < frames.len() {
        groups.push(&frames[from..]);
    }
    Ok(groups)
}

/// Ticks per second of PTS, DTS and the base of the PCR.
const RATE: u32 = 90_000;

/// What is added to every time: ten seconds, as Apple's tools do.
pub const ORIGIN: u64 = 900_000;

/// By how much data arrives before it is decoded: 0.7 s, what decoders have to buffer anyway.
const DELAY: u64 = 63_000;

/// PCRs are at most 100 ms apart (2.7.2) …
const PCR_LONGEST: u64 = 9000;

/// … and where access units are not that frequent, 90 ms.
const PCR_STEP: u64 = 8100;

/// PCRs between access units in one segment, whatever its samples say: half an hour of them.
const MOST_PCRS: u64 = 20_000;

/// Bytes of one PES packet of sound: an AAC decoder buffers no more than 3584.
const GROUP_BYTES: usize = 2900;

/// Bytes beyond its sample that a picture takes, generously; a guess for the size of the whole.
const PICTURE_OVERHEAD: usize = 300;

/// The same for a frame of sound.
const FRAME_OVERHEAD: usize = 100;
