//! What an encoder writes: the header of a push stream and its fragments, [MS-SSTR] 2.2.7 and 2.2.4.

use super::cursor::Writer;
use super::encryption::{self, EncryptedSample};
use super::init::{self, Protection};
use super::moof::{Moof, NON_SYNC, SYNC_FLAGS, tfhd, trun};
use super::uuid::{LIVE_SERVER_MANIFEST, Tfxd};
use crate::codec::Codec;
use crate::error::Error;
use crate::limits::Limits;
use crate::manifest::{ProtectionHeader, Reason};
use crate::smil::live::{self, LiveServerManifest, Track};
use crate::time::{Span, Timescale};

/// Flags of a sample that can be decoded on its own.
pub const SYNC_SAMPLE: u32 = SYNC_FLAGS;
/// Flags of a sample that depends on others.
pub const DEPENDENT_SAMPLE: u32 = 0x0100_0000 | NON_SYNC;

/// The box that ends a push stream: an `mfra` without content.
pub const EMPTY_MFRA: [u8; 8] = *b"\0\0\0\x08mfra";

/// A sample of a fragment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// Ticks until the next sample is decoded.
    pub duration: u32,
    /// Bytes.
    pub size: u32,
    /// [`SYNC_SAMPLE`], [`DEPENDENT_SAMPLE`] or other flags of ISO/IEC 14496-12 8.8.3.1.
    pub flags: u32,
    /// Presentation time minus decode time, in ticks.
    pub composition_offset: i32,
}

/// What a fragment holds.
#[derive(Clone, Copy, Debug)]
pub struct FragmentSpec<'a> {
    /// Sequence number; grows from fragment to fragment.
    pub sequence: u32,
    /// Id of the track in the push header.
    pub track_id: u32,
    /// Presentation time of the first sample and sum of the durations, in ticks of the track.
    pub span: Span,
    /// The samples in decode order.
    pub samples: &'a [Sample],
}

/// Builds the `moof` of a fragment, for an `mdat` whose header is [`mdat_header`]: one `traf` with
/// `tfhd` (default flags only, which is what every player takes), `trun` and `tfxd`.
#[must_use]
pub fn fragment(spec: &FragmentSpec<'_>) -> Vec<u8> {
    put_fragment(spec, None)
}

/// How the samples of a fragment are encrypted, and with which key.
#[derive(Clone, Copy, Debug)]
pub struct Encryption<'a> {
    /// The key, where it is not the one that the header names.
    pub key_id: Option<[u8; 16]>,
    /// Where its licence comes from, if the header does not say.
    pub systems: &'a [ProtectionHeader],
    /// One for each sample.
    pub samples: &'a [EncryptedSample],
}

/// The same with the sample encryption of PIFF 1.1.
#[must_use]
pub fn encrypted_fragment(spec: &FragmentSpec<'_>, encryption: &Encryption<'_>) -> Vec<u8> {
    put_fragment(spec, Some(encryption))
}

fn put_fragment(spec: &FragmentSpec<'_>, encryption: Option<&Encryption<'_>>) -> Vec<u8> {
    let mut out = Writer::with_capacity(spec.samples.len().saturating_mul(16).saturating_add(160));
    let moof = out.open(*b"moof");
    let at = out.open_full(*b"mfhd", 0, 0);
    out.u32(spec.sequence);
    out.close(at);
    let traf = out.open(*b"traf");

    let first = spec.samples.first().map_or(SYNC_SAMPLE, |s| s.flags);
    let others = spec.samples.get(1).map_or(first, |s| s.flags);
    let uniform = spec.samples.iter().skip(1).all(|s| s.flags == others);
    let mut flags = trun::DATA_OFFSET | trun::DURATION | trun::SIZE;
    if !uniform {
        flags |= trun::FLAGS;
    } else if first != others {
        flags |= trun::FIRST_FLAGS;
    }
    if spec.samples.iter().any(|s| s.composition_offset != 0) {
        flags |= trun::COMPOSITION;
    }
    let version = u8::from(spec.samples.iter().any(|s| s.composition_offset < 0));

    let at = out.open_full(*b"tfhd", 0, tfhd::FLAGS);
    out.u32(spec.track_id);
    out.u32(others);
    out.close(at);
    let at = out.open_full(*b"trun", version, flags);
    out.u32(u32::try_from(spec.samples.len()).unwrap_or(u32::MAX));
    let data_offset = out.len();
    out.u32(0);
    if flags & trun::FIRST_FLAGS != 0 {
        out.u32(first);
    }
    for sample in spec.samples {
        out.u32(sample.duration);
        out.u32(sample.size);
        if flags & trun::FLAGS != 0 {
            out.u32(sample.flags);
        }
        if flags & trun::COMPOSITION != 0 {
            out.u32(sample.composition_offset.cast_unsigned());
        }
    }
    out.close(at);
    Tfxd(spec.span).put(&mut out);
    if let Some(encryption) = encryption {
        encryption::put_piff(encryption.key_id, encryption.samples, &mut out);
    }
    out.close(traf);
    for header in encryption.map_or(&[][..], |encryption| encryption.systems) {
        encryption::put_system(header, true, &mut out);
    }
    out.close(moof);
    out.patch(data_offset, u32::try_from(out.len().saturating_add(8)).unwrap_or(u32::MAX));
    out.finish()
}

/// The header of an `mdat` with `len` bytes of samples.
#[must_use]
pub const fn mdat_header(len: u32) -> [u8; 8] {
    let [a, b, c, d] = len.saturating_add(8).to_be_bytes();
    [a, b, c, d, b'm', b'd', b'a', b't']
}

/// Builds what opens a push stream: `ftyp`, the live server manifest, `moov`.
///
/// # Errors
///
/// As [`Codec::from_level`], for the first track whose codec cannot be described.
pub fn push_header(tracks: &[Track]) -> Result<Vec<u8>, Reason> {
    let codecs = tracks.iter().map(codec).collect::<Result<Vec<_>, _>>()?;
    Ok(put_header(tracks, &tracks.iter().zip(&codecs).collect::<Vec<_>>(), None))
}

/// Builds what opens a file of fragments, likewise. Tracks whose codec cannot be described stand in the
/// live server manifest only.
#[must_use]
pub fn file_header(tracks: &[Track]) -> Vec<u8> {
    protected_header(tracks, None)
}

/// The same for tracks that are encrypted. Text never is.
#[must_use]
pub fn protected_header(tracks: &[Track], protection: Option<Protection<'_>>) -> Vec<u8> {
    let known: Vec<_> = tracks.iter().filter_map(|track| Some((track, codec(track).ok()?))).collect();
    put_header(tracks, &known.iter().map(|(track, codec)| (*track, codec)).collect::<Vec<_>>(), protection)
}

fn codec(track: &Track) -> Result<Codec, Reason> {
    Codec::from_level(track.kind, &track.level, &track.subtype)
}

fn put_header(
    tracks: &[Track],
    described: &[(&Track, &Codec)],
    protection: Option<Protection<'_>>,
) -> Vec<u8> {
    let mut out = Writer::with_capacity(4096);
    let at = out.open(*b"ftyp");
    out.put(b"isml\0\0\0\x01piffiso2");
    out.close(at);
    let at = out.open_uuid(LIVE_SERVER_MANIFEST, 0, 0);
    out.put(live::write(&LiveServerManifest { tracks: tracks.to_vec() }).as_bytes());
    out.close(at);

    let moov = out.open(*b"moov");
    let next_id = tracks.iter().map(|track| track.id).max().unwrap_or(0).saturating_add(1);
    init::put_mvhd(Timescale::DEFAULT, next_id, &mut out);
    for &(track, codec) in described {
        let described =
            init::Track { timescale: track.timescale, codec, language: &track.language, protection };
        init::put_trak(&described, track.id, &mut out);
    }
    let mvex = out.open(*b"mvex");
    for (track, _) in described {
        init::put_trex(track.id, &mut out);
    }
    out.close(mvex);
    init::put_systems(protection, &mut out);
    out.close(moov);
    out.finish()
}

/// Reads the samples of a `moof` (the whole box); zero stands for durations and sizes that it leaves to
/// the movie header.
///
/// # Errors
///
/// As [`read_head`](super::read_head).
pub fn read_samples(moof: &[u8], limits: &Limits) -> Result<Vec<Sample>, Error> {
    let moof = Moof::read(moof, limits)?;
    let mut samples = Vec::new();
    for run in &moof.runs {
        for sample in run.samples() {
            let offset = i32::try_from(sample.composition_offset).unwrap_or(i32::MAX);
            let sample = Sample {
                duration: sample.duration.unwrap_or(0),
                size: sample.size.unwrap_or(0),
                flags: sample.flags,
                composition_offset: offset,
            };
            // `repeat` is within `limits.samples`, as all counts together are.
            samples.extend(core::iter::repeat_n(sample, run.repeat() as usize));
        }
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{REFERENCE_MOOF, hex};
    use super::super::{delivery, moov};
    use super::*;
    use crate::ingest::{Demuxer, Event};
    use crate::manifest::{Kind, QualityLevel};

    #[test]
    fn the_example_of_the_reference() {
        let sample = |size, flags| Sample { duration: 333_333, size, flags, composition_offset: 0 };
        let samples =
            [sample(900, SYNC_SAMPLE), sample(120, DEPENDENT_SAMPLE), sample(130, DEPENDENT_SAMPLE)];
        let span = |time| Span { time, duration: 20_000_000 };
        let spec = FragmentSpec { sequence: 7, track_id: 2, span: span(260_000_000), samples: &samples };
        let moof = fragment(&spec);
        assert_eq!(read_samples(&moof, &Limits::default()).unwrap(), samples);
        let served = delivery::rewrite(&moof, spec.span, &[span(280_000_000), span(300_000_000)]);
        assert_eq!(served, Ok(REFERENCE_MOOF()));
    }

    #[test]
    fn flags_and_offsets_of_every_sample_are_kept() {
        let samples: Vec<_> = [(1, 0), (0, 5), (1, -5)]
            .map(|(flags, composition_offset)| Sample { duration: 1, size: 2, flags, composition_offset })
            .to_vec();
        let spec = FragmentSpec { sequence: 1, track_id: 1, span: Span::default(), samples: &samples };
        assert_eq!(read_samples(&fragment(&spec), &Limits::default()).unwrap(), samples);
    }

    #[test]
    fn a_push_header_is_read_back() {
        let mut video = Track::new(1, Kind::Video);
        video.level = QualityLevel {
            bitrate: 500_000,
            fourcc: "H264".into(),
            private_data: hex("000000016742c01eda0280bfe5400000000168ce3c80"),
            width: 640,
            height: 360,
            nal_length: 4,
            ..QualityLevel::default()
        };
        let mut audio = Track::new(2, Kind::Audio);
        audio.language = "eng".into();
        audio.timescale = Timescale::new(48_000).unwrap();
        audio.level = QualityLevel {
            bitrate: 64_000,
            fourcc: "AACL".into(),
            private_data: hex("1190"),
            channels: 2,
            sampling_rate: 48_000,
            nal_length: 4,
            ..QualityLevel::default()
        };
        let mut captions = Track::new(9, Kind::Text);
        captions.subtype = "CAPT".into();
        captions.language = "deu".into();
        captions.level.fourcc = "TTML".into();
        let tracks = [video, audio, captions];

        let bytes = push_header(&tracks).unwrap();
        let mut demuxer = Demuxer::new(Limits::default());
        demuxer.push(bytes.clone().into());
        let Ok(Some(Event::Header(header))) = demuxer.poll() else { panic!() };
        assert_eq!(header.tracks, tracks);
        demuxer.push(EMPTY_MFRA.to_vec().into());
        assert_eq!(demuxer.poll(), Ok(Some(Event::EndOfStream)));

        let at = bytes.windows(4).position(|w| w == b"moov").unwrap();
        let known = moov::read(&bytes[at - 4..], &Limits::default()).unwrap();
        for (known, track) in known.iter().zip(&tracks) {
            assert_eq!((known.id, known.kind, known.timescale), (track.id, track.kind, track.timescale));
            assert_eq!(known.private_data, track.level.private_data);
            assert_eq!(known.fourcc, track.level.fourcc);
        }
        let languages: Vec<_> = known.iter().map(|t| t.language.as_str()).collect();
        assert_eq!(languages, ["und", "eng", "deu"]);
        let mut unknown = tracks[0].clone();
        unknown.level.fourcc = "WVC1".into();
        assert_eq!(push_header(&[unknown.clone()]), Err(Reason::UnsupportedCodec("WVC1".into())));

        // A file has the others all the same.
        unknown.id = 3;
        let all = [tracks[0].clone(), unknown];
        let bytes = file_header(&all);
        let mut demuxer = Demuxer::new(Limits::default());
        demuxer.push(bytes.clone().into());
        let Ok(Some(Event::Header(header))) = demuxer.poll() else { panic!() };
        assert_eq!(header.tracks, all);
        let at = bytes.windows(4).position(|w| w == b"moov").unwrap();
        assert_eq!(moov::read(&bytes[at - 4..], &Limits::default()).unwrap().len(), 1);
        assert_eq!(file_header(&tracks), push_header(&tracks).unwrap());
    }
}
