use proptest::prelude::*;

use super::*;
use crate::{
    Limits, Timescale,
    manifest::{Kind, ProtectionHeader, Timeline, read},
};

fn stream(kind: Kind, name: &str) -> Stream {
    Stream {
        kind,
        subtype: String::new(),
        name: name.to_owned(),
        language: String::new(),
        timescale: Timescale::DEFAULT,
        url: "QualityLevels({bitrate})/Fragments(v={start time})".to_owned(),
        max_width: 0,
        max_height: 0,
        display_width: 0,
        display_height: 0,
        parent: None,
        manifest_output: false,
        levels: vec![QualityLevel { bitrate: 1_000_000, nal_length: 4, ..QualityLevel::default() }],
        chunks: Timeline::new(),
        embedded: Vec::new(),
    }
}

#[test]
fn a_live_manifest_as_iis_spells_it() {
    let mut video = stream(Kind::Video, "video");
    for time in [100, 120, 140, 170] {
        assert!(video.chunks.push(Span { time, duration: 20 }));
    }
    let level = &mut video.levels[0];
    (level.fourcc, level.private_data) = ("H264".to_owned(), vec![0, 0, 0, 1, 0x67]);
    let mut manifest = Manifest {
        is_live: true,
        look_ahead: Some(2),
        dvr_window: 1_200_000_000,
        can_seek: Some(true),
        can_pause: Some(true),
        custom_attributes: vec![("a\"b".to_owned(), "<&>".to_owned())],
        streams: vec![video],
        ..Manifest::default()
    };
    let head = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
        <SmoothStreamingMedia MajorVersion=\"2\" MinorVersion=\"0\" TimeScale=\"10000000\" Duration=\"0\" \
        IsLive=\"TRUE\" LookAheadFragmentCount=\"2\" DVRWindowLength=\"1200000000\" CanSeek=\"TRUE\" \
        CanPause=\"TRUE\">\n\
        <StreamIndex Type=\"video\" Name=\"video\" TimeScale=\"10000000\" Chunks=\"4\" QualityLevels=\"1\" \
        Url=\"QualityLevels({bitrate})/Fragments(v={start time})\">\n\
        <QualityLevel Index=\"0\" Bitrate=\"1000000\" FourCC=\"H264\" CodecPrivateData=\"0000000167\"/>\n";
    let tail = "</StreamIndex>\n\
        <CustomAttributes>\n<Attribute Name=\"a&quot;b\" Value=\"&lt;&amp;&gt;\"/>\n</CustomAttributes>\n\
        </SmoothStreamingMedia>\n";
    let chunks = "<c t=\"100\" d=\"20\"/>\n<c d=\"20\"/>\n<c d=\"20\"/>\n<c t=\"170\" d=\"20\"/>\n";
    assert_eq!(write(&manifest), [head, chunks, tail].concat());
    manifest.version = Version::V2_2;
    let head = head.replace("MinorVersion=\"0\"", "MinorVersion=\"2\"");
    let chunks = "<c t=\"100\" d=\"20\" r=\"3\"/>\n<c t=\"170\" d=\"20\"/>\n";
    assert_eq!(write(&manifest), [&head, chunks, tail].concat());
}

#[test]
fn samples_stand_in_their_chunks() {
    let mut events = stream(Kind::Text, "events");
    events.parent = Some("video".to_owned());
    events.manifest_output = true;
    let mut embed = |time, content| events.embedded.push(Embedded { time, content });
    embed(5, EmbeddedContent::Sample(b"hello".to_vec()));
    embed(5, EmbeddedContent::Sample(b"hi".to_vec()));
    embed(7, EmbeddedContent::Sample(Vec::new()));
    embed(9, EmbeddedContent::Marker("One".to_owned()));
    for time in [5, 8] {
        events.chunks.push(Span { time, duration: 0 });
    }
    let text = write(&Manifest { streams: vec![events], ..Manifest::default() });
    let expected = "<Content>\n<Marker Time=\"9\" Value=\"One\"/>\n</Content>\n\
        <c t=\"5\" d=\"0\"><f i=\"0\">aGVsbG8=</f><f i=\"0\">aGk=</f></c>\n\
        <c t=\"7\" d=\"0\"><f i=\"0\"></f></c>\n<c t=\"8\" d=\"0\"></c>\n";
    assert!(text.contains(expected), "{text}");
    assert!(text.contains(" ParentStreamIndex=\"video\" ManifestOutput=\"TRUE\" Url="), "{text}");
}

/// Text that XML can carry.
const TEXT: &str = "[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\u{fffe}\\u{ffff}]{0,8}";

fn attributes() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(("[a-z]{1,8}", TEXT), 0..3)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..20)
}

fn level(index: u32) -> impl Strategy<Value = QualityLevel> {
    let fourcc = prop::sample::select(vec!["H264", "AACL", "TTML", "WVC1"]);
    let numbers = (any::<u32>(), any::<u32>(), any::<u32>(), any::<u16>(), any::<u16>(), any::<u32>());
    (any::<u16>(), fourcc, bytes(), numbers, any::<u16>(), attributes()).prop_map(
        move |(bitrate, fourcc, private_data, numbers, nal_length, custom_attributes)| {
            let (width, height, sampling_rate, channels, bits_per_sample, packet_size) = numbers;
            QualityLevel {
                index,
                // Each its own.
                bitrate: u32::from(bitrate) * 8 + index,
                fourcc: fourcc.to_owned(),
                private_data,
                width,
                height,
                sampling_rate,
                channels,
                bits_per_sample,
                packet_size,
                audio_tag: 255,
                nal_length,
                custom_attributes,
            }
        },
    )
}

/// Back to back, or with gaps and overlaps, from an origin that may lie beyond 2^53.
fn chunks(least: u64) -> impl Strategy<Value = Timeline> {
    let run = (any::<bool>(), 1..50u64, least..50, 1..20u64);
    (0..u64::MAX / 2, prop::collection::vec(run, 0..6)).prop_map(|(origin, runs)| {
        let mut timeline = Timeline::new();
        let mut cursor = origin;
        for (gap, step, duration, count) in runs {
            let time = if gap { timeline.last().map_or(origin, |last| last.time) + step } else { cursor };
            let count = if duration == 0 { 1 } else { count };
            timeline.push_run(Run { time, duration, count });
            cursor = time + duration * count;
        }
        timeline
    })
}

fn streams(index: u32) -> impl Strategy<Value = Stream> {
    let kind = prop::sample::select(vec![Kind::Video, Kind::Audio, Kind::Text]);
    let levels = (level(0), prop::option::of(level(1)));
    let parent = prop::option::of("[a-z]{1,8}");
    (kind, levels, TEXT, TEXT, 1u32.., any::<[u32; 4]>(), parent).prop_flat_map(move |parts| {
        let least = if parts.0 == Kind::Text { 0 } else { 1 };
        let samples = prop::collection::vec(prop::option::of(bytes()), 0..8);
        (Just(parts), chunks(least), samples).prop_map(move |(parts, chunks, samples)| {
            let (kind, (first, second), subtype, language, ticks, sizes, parent) = parts;
            let is_sparse = parent.is_some() && kind == Kind::Text;
            let samples = chunks.iter().zip(samples).filter(|_| is_sparse);
            let sample = |(chunk, bytes): (Span, Option<Vec<u8>>)| {
                Some(Embedded { time: chunk.time, content: EmbeddedContent::Sample(bytes?) })
            };
            let embedded = samples.filter_map(sample).collect();
            let [max_width, max_height, display_width, display_height] = sizes.map(|size| size | 1);
            Stream {
                subtype: subtype.trim_ascii().to_ascii_uppercase(),
                language,
                timescale: Timescale::new(ticks.into()).unwrap(),
                levels: [Some(first), second].into_iter().flatten().collect(),
                max_width,
                max_height,
                display_width,
                display_height,
                parent,
                manifest_output: is_sparse,
                chunks,
                embedded,
                ..stream(kind, &["s", &index.to_string()].concat())
            }
        })
    })
}

fn manifests() -> impl Strategy<Value = Manifest> {
    let flags = (any::<bool>(), any::<bool>(), any::<Option<bool>>(), any::<Option<bool>>());
    let numbers = (1u32.., any::<u64>(), any::<u64>(), any::<Option<u32>>());
    let header =
        (any::<[u8; 16]>(), bytes()).prop_map(|(system_id, data)| ProtectionHeader { system_id, data });
    let headers = prop::collection::vec(header, 0..2);
    (flags, numbers, headers, attributes(), prop::option::of(streams(0)), prop::option::of(streams(1)))
        .prop_map(
            |(
                (short, is_live, can_seek, can_pause),
                numbers,
                protection,
                custom_attributes,
                first,
                second,
            )| {
                let (ticks, duration, dvr_window, look_ahead) = numbers;
                Manifest {
                    version: if short { Version::V2_2 } else { Version::V2_0 },
                    timescale: Timescale::new(ticks.into()).unwrap(),
                    duration,
                    is_live,
                    look_ahead,
                    dvr_window,
                    can_seek,
                    can_pause,
                    protection,
                    custom_attributes,
                    streams: [first, second].into_iter().flatten().collect(),
                    skipped: Vec::new(),
                }
            },
        )
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(manifest in manifests()) {
        let text = write(&manifest);
        prop_assert_eq!(read(text.as_bytes(), &Limits::default()), Ok(manifest), "{}", text);
    }

    /// Bytes changed, cut out and repeated: an error or a manifest, never a panic.
    #[test]
    fn mutated_manifests_harm_nobody(
        manifest in manifests(), at: prop::sample::Index, end: prop::sample::Index, byte: u8, times in 0..3usize,
    ) {
        let text = write(&manifest).into_bytes();
        let (from, to) = (at.index(text.len()), end.index(text.len()));
        let (from, to) = (from.min(to), from.max(to));
        let mut mutated = text[..from].to_vec();
        mutated.push(byte);
        for _ in 0..times {
            mutated.extend(&text[from..to]);
        }
        mutated.extend(&text[to..]);
        let limits = Limits { chunks: 1000, ..Limits::default() };
        if let Ok(manifest) = read(&mutated, &limits) {
            let again = read(write(&manifest).as_bytes(), &limits);
            prop_assert!(again.is_ok());
        }
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, text in "(<|>|/|c|SmoothStreamingMedia|StreamIndex|\"|=| |t|d|[0-9]){0,60}") {
        let limits = Limits::default();
        let _ = (read(&bytes, &limits), read(text.as_bytes(), &limits));
    }
}
