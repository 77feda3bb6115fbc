//! Any bytes: no panic, no difference between pieces, and what is written reads back.

#![allow(clippy::unwrap_used, reason = "a test stops there")]

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use smooth::boxes::build::{self, Encryption, FragmentSpec, Sample};
use smooth::boxes::encryption::{self, EncryptedSample};
use smooth::boxes::{Tfrf, Tfxd, delivery, init, moov, mse, read_head, walk};
use smooth::codec::Codec;
use smooth::ingest::{Demuxer, Event, TrackInfo};
use smooth::manifest::{Kind, ProtectionHeader, QualityLevel, Version};
use smooth::smil::definition::{self, Apple, Definition, Key, Publishing, Ref, Source};
use smooth::smil::live::{self, LiveServerManifest};
use smooth::text::hex_decode;
use smooth::{Error, Limits, Span, Timescale};

/// A push stream of two tracks, small enough to be mutated often.
fn stream() -> Vec<u8> {
    let mut video = TrackInfo::new(1, Kind::Video);
    video.level.fourcc = "H264".into();
    video.level.private_data = hex_decode("000000016742c01eda0280bfe5400000000168ce3c80").unwrap();
    let mut audio = TrackInfo::new(2, Kind::Audio);
    audio.level.fourcc = "AACL".into();
    audio.level.private_data = vec![0x11, 0x90];
    let mut stream = build::push_header(&[video, audio]).unwrap();
    for (sequence, track_id) in [(1, 1), (2, 2), (3, 1), (4, 2)] {
        let sample = Sample { duration: 5, size: 7, flags: build::SYNC_SAMPLE, composition_offset: 0 };
        let span = Span { time: sequence.into(), duration: 10 };
        let spec = FragmentSpec { sequence, track_id, span, samples: &[sample, sample] };
        let encrypted = EncryptedSample { iv: [9; 8], subsamples: vec![(3, 4)] };
        let header = ProtectionHeader { system_id: [5; 16], data: vec![1, 2, 3] };
        stream.extend(match sequence {
            3 => build::encrypted_fragment(
                &spec,
                &Encryption {
                    key_id: Some([6; 16]),
                    systems: &[header],
                    samples: &[encrypted.clone(), encrypted],
                },
            ),
            _ => build::fragment(&spec),
        });
        stream.extend(build::mdat_header(14));
        stream.extend([7; 14]);
    }
    stream.extend(build::EMPTY_MFRA);
    stream
}

/// The stream with some bytes changed, cut somewhere, or not.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let changes = vec((any::<Index>(), any::<u8>()), 0..6);
    (changes, prop::option::of(any::<Index>())).prop_map(|(changes, cut)| {
        let mut bytes = stream();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes
    })
}

/// Events, then the error that ends them, if one does.
fn demux(pieces: impl Iterator<Item = Bytes>) -> (Vec<Event>, Option<Error>) {
    let mut demuxer = Demuxer::new(Limits::default());
    let mut events = Vec::new();
    for piece in pieces {
        demuxer.push(piece);
        loop {
            match demuxer.poll() {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(error) => return (events, Some(error)),
            }
        }
    }
    (events, None)
}

fn split(bytes: Vec<u8>, mut cuts: Vec<Index>) -> Vec<Bytes> {
    let mut rest = Bytes::from(bytes);
    let mut cuts: Vec<_> = cuts.drain(..).map(|cut| cut.index(rest.len() + 1)).collect();
    cuts.sort_unstable();
    let mut at = 0;
    let mut pieces: Vec<_> = cuts
        .iter()
        .map(|&cut| {
            let piece = rest.split_to(cut - at);
            at = cut;
            piece
        })
        .collect();
    pieces.push(rest);
    pieces
}

/// Every reader of boxes. None may panic.
fn read_all(bytes: &[u8]) {
    let limits = Limits::default();
    let _ = (moov::read(bytes, &limits), moov::read_protection(bytes, &limits));
    let head = read_head(bytes, &limits);
    let plain = mse::Options { decode_time: u64::MAX, force_sync: true, ..Default::default() };
    let key = Some(encryption::Key { id: [1; 16], iv_size: 8 });
    for options in [plain, mse::Options { key, ..plain }] {
        let Ok(played) = mse::rewrite(bytes, &options) else { continue };
        let (head, played) = (head.clone().unwrap(), read_head(&played, &limits).unwrap());
        assert_eq!(
            (head.samples, head.first_composition_offset),
            (played.samples, played.first_composition_offset)
        );
        assert!(played.starts_with_sync || played.samples == 0);
    }
    let span = Span { time: u64::MAX, duration: 1 };
    if let Ok(served) = delivery::rewrite(bytes, span, &[span]) {
        let served = read_head(&served, &limits).unwrap();
        assert_eq!((served.span, served.look_ahead), (Some(span), vec![span]));
    }
    let _ = build::read_samples(bytes, &limits);
}

fn word() -> impl Strategy<Value = String> {
    "([!-~äß](.{0,8}[!-~äß])?)?".prop_map(|text| text.replace(|c: char| c.is_control(), "x"))
}

fn kind() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![Kind::Video, Kind::Audio, Kind::Text])
}

fn level() -> impl Strategy<Value = QualityLevel> {
    let numbers = (any::<[u32; 6]>(), any::<[u16; 2]>(), 1_u16..);
    let custom = prop::option::of(("[a-z]{1,3}_[a-z]{1,3}", "[!-~]{0,6}"));
    (numbers, "[A-Z0-9-]{0,4}", vec(any::<u8>(), 0..40), custom).prop_map(
        |(numbers, fourcc, data, custom)| {
            let (
                [bitrate, width, height, sampling_rate, packet_size, audio_tag],
                [channels, bits],
                nal_length,
            ) = numbers;
            QualityLevel {
                index: 0,
                bitrate,
                fourcc,
                private_data: data,
                width,
                height,
                sampling_rate,
                channels,
                bits_per_sample: bits,
                packet_size,
                audio_tag,
                nal_length,
                custom_attributes: custom.into_iter().collect(),
            }
        },
    )
}

fn track() -> impl Strategy<Value = TrackInfo> {
    let words = (word(), word(), word(), prop::option::of("[!-~]{1,6}"));
    (any::<u32>(), kind(), words, 1_u32.., any::<bool>(), any::<[u32; 2]>(), level()).prop_map(
        |(id, kind, (name, language, subtype, parent), timescale, manifest_output, display, level)| {
            let mut track = TrackInfo::new(id, kind);
            if !name.is_empty() {
                track.name = name;
            }
            (track.language, track.subtype, track.parent) = (language, subtype, parent);
            track.timescale = Timescale::new(timescale.into()).unwrap();
            track.manifest_output = manifest_output;
            [track.display_width, track.display_height] = display;
            track.level = level;
            track
        },
    )
}

fn settings() -> impl Strategy<Value = Definition> {
    let switches = any::<[bool; 13]>();
    let numbers = any::<[u32; 7]>();
    let maybe = || prop::option::of("[!-~]{1,9}");
    let key = prop::option::of(any::<[u8; 16]>());
    let words = (word(), word(), (maybe(), maybe(), maybe(), key), vec("[a-z0-9-]{1,6}", 0..3));
    let refs = vec(("[!-~]{0,9}", vec(("[a-w]{1,4}", "[!-~]{0,4}"), 0..2)), 0..3);
    let other = vec(("[x-z]{1,9}", "[!-~]{0,9}"), 0..3);
    (switches, numbers, words, refs, other).prop_map(|(switches, numbers, words, refs, other)| Definition {
        title: words.0,
        module: words.1,
        archive_path: words.2.0,
        filters: words.2.1,
        formats: words.3,
        source: if switches[0] { Source::Push } else { Source::Pull },
        publishing: Publishing { fragments: switches[1], streams: switches[2], archives: switches[3] },
        start_on_first_request: switches[4],
        restart_on_encoder_reconnect: switches[5],
        estimated_time: numbers[0],
        lookahead_chunks: numbers[1],
        manifest_window_length: numbers[2],
        archive_segment_length: numbers[3],
        apple: Apple {
            segment_length: numbers[4],
            max_bitrate: numbers[5],
            allow_caching: switches[6],
            backward_compatible: switches[7],
            enable_encryption: switches[8],
            include_codecs: switches[9],
            key_uri: words.2.2,
            encryption_key: words.2.3.map(Key),
        },
        event_id_on_path: switches[10],
        send_end_of_stream_on_stop: switches[11],
        client_manifest_version: if switches[12] { Version::V2_2 } else { Version::V2_0 },
        live_cache_length: numbers[6],
        refs: refs
            .into_iter()
            .filter(|(_, o)| o.iter().all(|(n, _)| n != "src"))
            .map(|(src, other)| Ref { src, other })
            .collect(),
        other,
    })
}

fn sample() -> impl Strategy<Value = Sample> {
    let flags = prop_oneof![Just(build::SYNC_SAMPLE), Just(build::DEPENDENT_SAMPLE), any::<u32>()];
    // A version for signed and one for unsigned offsets: what fits both.
    let offset = prop_oneof![Just(0), any::<i32>()];
    (any::<[u32; 2]>(), flags, offset).prop_map(|([duration, size], flags, composition_offset)| Sample {
        duration,
        size,
        flags,
        composition_offset,
    })
}

fn span() -> impl Strategy<Value = Span> {
    any::<(u64, u64)>().prop_map(|(time, duration)| Span { time, duration })
}

proptest! {
    #[test]
    fn any_split_gives_the_same_events(bytes in damaged(), cuts in vec(any::<Index>(), 0..12)) {
        let whole = demux(core::iter::once(Bytes::from(bytes.clone())));
        prop_assert_eq!(&demux(split(bytes.clone(), cuts).into_iter()), &whole);
        let single = Bytes::from(bytes);
        prop_assert_eq!(demux((0..single.len()).map(|at| single.slice(at..=at))), whole);
    }

    #[test]
    fn damaged_boxes_harm_nobody(bytes in damaged()) {
        for found in walk(&bytes).map_while(Result::ok) {
            read_all(found.whole);
        }
    }

    #[test]
    fn arbitrary_bytes_harm_nobody(bytes in vec(any::<u8>(), 0..200), fourcc in "H264|HVC1|AAC[LHP]|EC-3|TTML") {
        let limits = Limits::default();
        read_all(&bytes);
        let _ = (live::read(&bytes, &limits), definition::read(&bytes, &limits));
        let _ = (Tfxd::read(&bytes), Tfrf::read(&bytes, 255));
        let level = QualityLevel { fourcc, private_data: bytes, ..QualityLevel::default() };
        for kind in [Kind::Video, Kind::Audio, Kind::Text] {
            if let Ok(codec) = Codec::from_level(kind, &level, "") {
                let timescale = Timescale::DEFAULT;
                let track = init::Track { timescale, codec: &codec, language: "", protection: None };
                let segment = init::segment(&track);
                let at = walk(&segment).nth(1).unwrap().unwrap().offset;
                prop_assert_eq!(moov::read(&segment[at..], &limits).unwrap()[0].kind, kind);
                let _ = codec.mime();
            }
        }
    }

    #[test]
    fn avc_and_hevc_private_data_survives_its_record(sets in vec(vec(1_u8.., 4..30), 1..5), hevc: bool) {
        let data: Vec<u8> = sets.iter().flat_map(|set| [&[0, 0, 0, 1], &set[..]].concat()).collect();
        if hevc {
            if let Some(config) = smooth::codec::hevc::Config::read(&data, 4) {
                prop_assert_eq!(smooth::codec::hevc::Config::read_record(&config.record()), Some(config));
            }
        } else if let Some(config) = smooth::codec::avc::Config::read(&data, 4) {
            let _ = (config.frame_rate(), config.reorder_frames());
            prop_assert_eq!(smooth::codec::avc::Config::read_record(&config.record()), Some(config.clone()));
            prop_assert_eq!(smooth::codec::avc::Config::read(&config.private_data(), 4), Some(config));
        }
    }

    #[test]
    fn live_server_manifests_read_back(tracks in vec(track(), 0..4)) {
        let manifest = LiveServerManifest { tracks };
        prop_assert_eq!(live::read(live::write(&manifest).as_bytes(), &Limits::default()), Ok(manifest));
    }

    #[test]
    fn definitions_read_back(settings in settings()) {
        prop_assert_eq!(definition::read(definition::write(&settings).as_bytes(), &Limits::default()), Ok(settings));
    }

    #[test]
    fn fragments_read_back(samples in vec(sample(), 0..20), span in span(), ahead in vec(span(), 0..4), ids in any::<[u32; 2]>()) {
        let [sequence, track_id] = ids;
        let moof = build::fragment(&FragmentSpec { sequence, track_id, span, samples: &samples });
        let limits = Limits::default();
        prop_assert_eq!(build::read_samples(&moof, &limits).unwrap(), &samples[..]);
        let head = read_head(&moof, &limits).unwrap();
        prop_assert_eq!((head.sequence, head.track_id, head.span), (sequence, track_id, Some(span)));
        let served = delivery::rewrite(&moof, span, &ahead).unwrap();
        prop_assert_eq!(&read_head(&served, &limits).unwrap().look_ahead, &ahead);
        prop_assert_eq!(delivery::rewrite(&served, span, &[]).unwrap(), moof);
        let played = mse::rewrite(&served, &mse::Options::default()).unwrap();
        prop_assert_eq!(build::read_samples(&played, &limits).unwrap(), samples);
        prop_assert_eq!(Tfrf::read(&Tfrf(ahead.clone()).write()[24..], 64).unwrap().0, ahead);
    }
}
