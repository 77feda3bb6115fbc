//! What we write, read back by a box library that we did not write.

#![allow(clippy::unwrap_used, reason = "a test stops there")]

use bytes::Bytes;
use mp4_atom::{Codec as Entry, Decode, Moof, Moov, TrunEntry};
use smooth::boxes::build::{self, FragmentSpec, Sample};
use smooth::boxes::{delivery, init, key_frames, mse, read_head, walk};
use smooth::codec::Codec;
use smooth::ingest::{Demuxer, Event, Fragment, TrackInfo};
use smooth::manifest::{Kind, QualityLevel};
use smooth::text::hex_decode;
use smooth::{Limits, Span, Timescale};

const AVC_HIGH: &str = "000000016764000DACD941519E226C0440000003004000000C83C50A65800000000168EBE3CB22C0";
const HEVC_MAIN_10: &str = "0000000140010C01FFFF02200000030090000003000003003C9598090000000142010102200000030090000003000003003C\
     A00A080B9F6D96566924CAF0168080000003008000000C84000000014401C172B46240";
const EC3: &str = "000603000000AF87FBA7022DFB42A4D405CD93843BDD0E00200F00";

fn level(fourcc: &str, data: &str) -> QualityLevel {
    QualityLevel {
        fourcc: fourcc.into(),
        private_data: hex_decode(&data.replace(' ', "")).unwrap(),
        nal_length: 4,
        ..QualityLevel::default()
    }
}

fn codec(kind: Kind, fourcc: &str, data: &str) -> Codec {
    Codec::from_level(kind, &level(fourcc, data), "").unwrap()
}

/// The `moov` of the init segment, which has an `ftyp` and nothing else besides.
fn judged(codec: &Codec) -> Moov {
    let timescale = Timescale::new(90_000).unwrap();
    let track = init::Track { timescale, codec, language: "deu", protection: None };
    let segment = init::segment(&track);
    let boxes: Vec<_> = walk(&segment).map(Result::unwrap).collect();
    assert_eq!([boxes[0].kind, boxes[1].kind], [*b"ftyp", *b"moov"]);
    assert_eq!(boxes.len(), 2);
    let moov = Moov::decode(&mut &boxes[1].whole[..]).unwrap();
    let mdia = &moov.trak[0].mdia;
    assert_eq!((mdia.mdhd.timescale, mdia.mdhd.language.to_string().as_str()), (90_000, "deu"));
    assert_eq!((moov.trak[0].tkhd.track_id, mdia.minf.stbl.stsd.codecs.len()), (1, 1));
    let trex = &moov.mvex.as_ref().unwrap().trex[0];
    assert_eq!((trex.track_id, trex.default_sample_description_index), (1, 1));
    moov
}

fn entry(codec: &Codec) -> Entry {
    judged(codec).trak[0].mdia.minf.stbl.stsd.codecs[0].clone()
}

#[test]
fn avc_with_the_fields_of_high_profile() {
    let codec = codec(Kind::Video, "H264", AVC_HIGH);
    assert_eq!(codec.codec_string(), "avc1.64000D");
    let Entry::Avc1(entry) = entry(&codec) else { panic!() };
    assert_eq!((entry.visual.width, entry.visual.height), (322, 182));
    assert_eq!((entry.avcc.length_size, entry.avcc.avc_profile_indication), (4, 100));
    let high = entry.avcc.ext.unwrap();
    assert_eq!((high.chroma_format, high.bit_depth_luma, high.bit_depth_chroma), (1, 8, 8));
}

#[test]
fn hevc_with_ten_bits() {
    let codec = codec(Kind::Video, "HVC1", HEVC_MAIN_10);
    assert_eq!(codec.codec_string(), "hvc1.2.4.L60.90");
    let Entry::Hvc1(entry) = entry(&codec) else { panic!() };
    assert_eq!((entry.visual.width, entry.visual.height), (320, 180));
    let hvcc = entry.hvcc;
    assert_eq!((hvcc.general_profile_idc, hvcc.general_level_idc, hvcc.chroma_format_idc), (2, 60, 1));
    assert_eq!((hvcc.bit_depth_luma_minus8, hvcc.bit_depth_chroma_minus8), (2, 2));
    let sets: Vec<_> = hvcc.arrays.iter().map(|a| (a.nal_unit_type, a.completeness, a.nalus.len())).collect();
    assert_eq!(sets, [(32, true, 1), (33, true, 1), (34, true, 1)]);
}

#[test]
fn aac_with_configs_of_any_length() {
    for (fourcc, data, raw) in
        [("AACL", "1190", "1190"), ("AACH", "1310", "2b118800"), ("AACP", "130856e59d4880", "130856e59d4880")]
    {
        let Entry::Mp4a(entry) = entry(&codec(Kind::Audio, fourcc, data)) else { panic!() };
        let config = entry.esds.es_desc.dec_config;
        assert_eq!((config.object_type_indication, config.stream_type), (0x40, 5));
        assert_eq!(config.dec_specific.unwrap().raw, hex_decode(raw).unwrap());
        assert_eq!((entry.audio.channel_count, entry.audio.sample_rate.integer()), (2, 48_000));
    }
}

#[test]
fn enhanced_ac3_and_ttml() {
    let Entry::Eac3(entry) = entry(&codec(Kind::Audio, "EC-3", EC3)) else { panic!() };
    assert_eq!(entry.audio.sample_rate.integer(), 48_000);
    assert_eq!(entry.dec3.substreams.len(), 1);
    // The library does not know TTML; everything around it is read.
    judged(&Codec::Ttml);
}

fn captured() -> Vec<Fragment> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/ffmpeg-push.ismv");
    let mut demuxer = Demuxer::new(Limits::default());
    demuxer.push(Bytes::from(std::fs::read(path).unwrap()));
    let mut fragments = Vec::new();
    while let Some(event) = demuxer.poll().unwrap() {
        if let Event::Fragment(fragment) = event {
            fragments.push(fragment);
        }
    }
    fragments
}

fn moof(bytes: &[u8]) -> Moof {
    let mut rest = bytes;
    let moof = Moof::decode(&mut rest).unwrap();
    assert!(rest.is_empty());
    moof
}

fn samples(moof: &Moof) -> Vec<TrunEntry> {
    moof.traf[0].trun.iter().flat_map(|run| run.samples.iter()).collect()
}

#[test]
fn rewritten_fragments_say_the_same_of_their_samples() {
    let fragments = captured();
    assert_eq!(fragments.len(), 40);
    for fragment in fragments {
        let source = moof(&fragment.moof);
        let span = fragment.head.span.unwrap();
        let served = delivery::rewrite(&fragment.moof, span, &[span, span]).unwrap();
        let options = mse::Options { decode_time: span.time, force_sync: true, ..Default::default() };
        let played = mse::rewrite(&served, &options).unwrap();
        for bytes in [served, played.clone()] {
            let rewritten = moof(&bytes);
            assert_eq!(rewritten.mfhd, source.mfhd);
            assert_eq!(samples(&rewritten), samples(&source));
            let offset = rewritten.traf[0].trun[0].data_offset;
            assert_eq!(offset, Some(i32::try_from(bytes.len()).unwrap() + 8));
        }
        let played = &moof(&played).traf[0];
        assert_eq!(played.tfdt.as_ref().unwrap().base_media_decode_time, span.time);
        assert!(played.tfhd.default_base_is_moof);
        assert_eq!((played.tfhd.track_id, played.tfhd.base_data_offset), (1, None));
    }
}

#[test]
fn a_fragment_that_we_build() {
    let sample = |flags, composition_offset| Sample { duration: 40, size: 9, flags, composition_offset };
    let built = [
        sample(build::SYNC_SAMPLE, 80),
        sample(build::DEPENDENT_SAMPLE, 160),
        sample(build::DEPENDENT_SAMPLE, -40),
    ];
    let span = Span { time: 1 << 40, duration: 120 };
    let bytes = build::fragment(&FragmentSpec { sequence: 3, track_id: 5, span, samples: &built });
    let read = moof(&bytes);
    assert_eq!((read.mfhd.sequence_number, read.traf[0].tfhd.track_id), (3, 5));
    let offsets: Vec<_> = samples(&read).iter().map(|s| s.cts.unwrap()).collect();
    assert_eq!(offsets, [80, 160, -40]);
    assert_eq!(samples(&read)[0].flags, Some(build::SYNC_SAMPLE));
    assert_eq!(read.traf[0].tfhd.default_sample_flags, Some(build::DEPENDENT_SAMPLE));
}

#[test]
fn a_push_header_that_we_build() {
    let mut video = TrackInfo::new(1, Kind::Video);
    video.level = level("H264", AVC_HIGH);
    let mut audio = TrackInfo::new(2, Kind::Audio);
    audio.level = level("AACL", "1190");
    let header = build::push_header(&[video, audio]).unwrap();
    let moov = walk(&header).map(Result::unwrap).find(|b| b.kind == *b"moov").unwrap();
    let moov = Moov::decode(&mut &moov.whole[..]).unwrap();
    let ids: Vec<_> = moov.trak.iter().map(|trak| trak.tkhd.track_id).collect();
    assert_eq!((ids.as_slice(), moov.mvhd.next_track_id), (&[1, 2][..], 3));
    assert_eq!(moov.mvex.unwrap().trex.len(), 2);
}

#[test]
fn piff_encryption_as_the_library_reads_common_encryption() {
    let piff = |usertype: &str| {
        let payload =
            "00000002 00000002 1111111111111111 0001 0005 00000010 2222222222222222 0001 0001 00000002";
        let payload = hex_decode(&[usertype, payload].concat().replace(' ', "")).unwrap();
        [&u32::try_from(payload.len() + 8).unwrap().to_be_bytes()[..], b"uuid", &payload].concat()
    };
    let sample = Sample { duration: 1, size: 21, flags: build::SYNC_SAMPLE, composition_offset: 0 };
    let spec = FragmentSpec { sequence: 1, track_id: 1, span: Span::default(), samples: &[sample, sample] };
    let mut bytes = build::fragment(&spec);
    let uuid = piff("a2394f525a9b4f14a2446c427c648df4");
    bytes.extend_from_slice(&uuid);
    // The box joins the traf, and all three sizes grow.
    let grown = |at: usize, bytes: &mut Vec<u8>| {
        let size = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        bytes[at..at + 4].copy_from_slice(&(size + u32::try_from(uuid.len()).unwrap()).to_be_bytes());
    };
    grown(0, &mut bytes);
    grown(24, &mut bytes);
    let played = mse::rewrite(&bytes, &mse::Options::default()).unwrap();
    let read = moof(&played);
    let traf = &read.traf[0];
    assert!(traf.senc.is_some());
    assert_eq!((traf.saiz.len(), traf.saio.len()), (1, 1));
    let iv = played.windows(8).position(|w| w == [0x11; 8]).unwrap();
    assert_eq!(traf.saio[0].offsets, [u64::try_from(iv).unwrap()]);
    assert_eq!(traf.saiz[0].sample_info_size, [16, 16]);
}

/// What fast play is given: ffmpeg decodes every picture of it without a warning, each at its time.
#[test]
fn key_frames_alone_decode() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/ffmpeg-push.ismv");
    let mut demuxer = Demuxer::new(Limits::default());
    demuxer.push(Bytes::from(std::fs::read(path).unwrap()));
    let Ok(Some(Event::Header(header))) = demuxer.poll() else { panic!() };
    let track = header.tracks.iter().find(|t| t.kind == Kind::Video).unwrap();
    let codec = Codec::from_level(track.kind, &track.level, "").unwrap();
    let described =
        init::Track { timescale: track.timescale, codec: &codec, language: "und", protection: None };
    let mut file = init::segment(&described);
    let mut times = Vec::new();
    for fragment in captured().into_iter().filter(|f| f.head.track_id == track.id) {
        let span = fragment.head.span.unwrap();
        let samples = fragment.mdat.slice(8..);
        let keys = key_frames::fragment(&fragment.moof, span, &[], samples.len()).unwrap();
        let moof = walk(&keys.head).next().unwrap().unwrap().whole;
        assert_eq!(read_head(moof, &Limits::default()).unwrap().duration, fragment.head.duration);
        let options = mse::Options { decode_time: span.time, force_sync: true, ..Default::default() };
        file.extend(mse::rewrite(moof, &options).unwrap());
        file.extend_from_slice(&keys.head[moof.len()..]);
        keys.media.iter().for_each(|range| file.extend_from_slice(&samples[range.clone()]));
        let shown = span.time.checked_add_signed(fragment.head.first_composition_offset).unwrap();
        times.push(shown as f64 / f64::from(track.timescale.get()));
    }
    let place = std::env::temp_dir().join(format!("silverlane-key-frames-{}.mp4", std::process::id()));
    std::fs::write(&place, &file).unwrap();
    let probe = std::process::Command::new("ffprobe")
        .args(["-v", "warning", "-show_entries", "frame=pts_time,key_frame", "-of", "csv=p=0"])
        .arg(&place)
        .output()
        .expect("ffmpeg is needed: apt install ffmpeg");
    std::fs::remove_file(&place).unwrap();
    assert_eq!(String::from_utf8_lossy(&probe.stderr), "");
    let frames = String::from_utf8(probe.stdout).unwrap();
    let frames: Vec<_> = frames.lines().filter_map(|l| l.trim_end_matches(',').split_once(',')).collect();
    assert_eq!(frames.len(), times.len(), "{frames:?}");
    for ((key, time), expected) in frames.into_iter().zip(times) {
        assert_eq!(key, "1");
        assert!((time.parse::<f64>().unwrap() - expected).abs() < 0.0001, "{time} and not {expected}");
    }
}
