use super::*;
use crate::manifest::{EmbeddedContent, Kind};

fn parse(xml: &str) -> Manifest {
    read(xml.as_bytes(), &Limits::default()).unwrap_or_else(|error| panic!("{error}: {xml}"))
}

/// A manifest with one stream. `stream` holds more attributes, then `>` and children.
fn with(stream: &str) -> Manifest {
    parse(&format!(
        "<SmoothStreamingMedia MajorVersion='2' MinorVersion='2' Duration='100'>\
         <StreamIndex Url='q({{bitrate}})/f({{start time}})' {stream}</StreamIndex></SmoothStreamingMedia>"
    ))
}

/// The only reason why something was kept out.
fn reason(manifest: &Manifest) -> &Reason {
    assert_eq!(manifest.skipped.len(), 1, "{:?}", manifest.skipped);
    &manifest.skipped[0].reason
}

fn chunks(kind: &str, list: &str) -> Result<Vec<(u64, u64)>, Reason> {
    let manifest = with(&format!("Type='{kind}'><QualityLevel Bitrate='1'/>{list}"));
    match manifest.streams.first() {
        Some(stream) => Ok(stream.chunks.iter().map(|c| (c.time, c.duration)).collect()),
        None => Err(reason(&manifest).clone()),
    }
}

#[test]
fn chunk_lists_as_in_the_worked_examples() {
    for (list, expected) in [
        ("<c n='0' d='20'/><c n='1' d='20'/><c n='2' d='15'/>", &[(0, 20), (20, 20), (40, 15)][..]),
        ("<c t='0'/><c t='20'/><c t='40' d='15'/>", &[(0, 20), (20, 20), (40, 15)]),
        ("<c t='600' d='20' r='3'/><c d='10'/>", &[(600, 20), (620, 20), (640, 20), (660, 10)]),
        ("<c t='0' d='20'/><c t='60' d='20'/>", &[(0, 20), (60, 20)]),
        // An overlap keeps the time that the URL needs.
        ("<c t='0' d='21'/><c t='20' d='21'/>", &[(0, 21), (20, 21)]),
        // A repeat without a duration shares what there is until the next.
        ("<c t='0' r='2'/><c t='40' d='5'/>", &[(0, 20), (20, 20), (40, 5)]),
        // The last chunk lasts as long as the presentation, else as the one before it.
        ("<c t='0' d='20'/><c t='20'/>", &[(0, 20), (20, 80)]),
        ("<c t='700' d='20'/><c/>", &[(700, 20), (720, 20)]),
        ("<c t='700'/>", &[]),
        ("<c t='0' d='0'/><c t='20' d='20'/>", &[(0, 20), (20, 20)]),
        ("<c d='20' r='0'/><c d='20' r='1'/>", &[(0, 20), (20, 20)]),
        // Listed twice.
        ("<c t='0' d='20'/><c t='0' d='20'/><c d='20'/>", &[(0, 20), (20, 20)]),
        (
            "<!-- none --><c t='17472959488675333' d=\"2\"/>\r\n<!-- c --><c\r\nd='3'></c>",
            &[(17_472_959_488_675_333, 2), (17_472_959_488_675_335, 3)],
        ),
        ("", &[]),
    ] {
        assert_eq!(chunks("video", list).as_deref(), Ok(expected), "{list}");
    }
}

#[test]
fn events_and_captions_need_no_duration() {
    assert_eq!(chunks("text", "<c t='5' d='0'/><c t='9' d='0'/>").unwrap(), [(5, 0), (9, 0)]);
    assert_eq!(chunks("text", "<c t='5'/><c t='9'/>").unwrap(), [(5, 4), (9, 91)]);
    let sparse =
        with("Type='text' ParentStreamIndex='video'><QualityLevel Bitrate='0'/><c t='5'/><c t='9'/>");
    let times: Vec<_> = sparse.streams[0].chunks.iter().map(|c| (c.time, c.duration)).collect();
    assert_eq!(times, [(5, 0), (9, 0)]);
    assert_eq!(sparse.streams[0].parent.as_deref(), Some("video"));
}

#[test]
fn a_hopeless_chunk_list_costs_its_stream() {
    for (list, expected) in [
        ("<c d='1' r='1000000000'/>", Reason::Limit("chunks")),
        ("<c d='1' r='2000000'/><c d='1'/>", Reason::Limit("chunks")),
        ("<c d='18446744073709551615' r='1000000'/>", Reason::BadChunks("beyond 64 bits")),
        ("<c t='18446744073709551615' d='1'/>", Reason::BadChunks("beyond 64 bits")),
        ("<c t='18446744073709551616' d='1'/>", Reason::BadAttribute("t")),
        ("<c d='-1'/>", Reason::BadAttribute("d")),
        ("<c d='1' r='x'/>", Reason::BadAttribute("r")),
        ("<c t='0'/><c d='1'/>", Reason::BadChunks("neither d nor t of the next")),
        ("<c t='9' d='1'/><c t='5' d='1'/><c t='2' d='1'/>", Reason::BadChunks("t goes back")),
    ] {
        assert_eq!(chunks("audio", list), Err(expected), "{list}");
    }
}

#[test]
fn the_root_of_a_live_presentation() {
    let live = parse(
        "<SmoothStreamingMedia MajorVersion='2' MinorVersion='0' Duration='0' TimeScale='1000' IsLive='tRuE' \
         LookAheadFragmentCount='2' DVRWindowLength='1200000000' CanSeek='TRUE' CanPause='False' Other='1'/>",
    );
    assert!(live.is_live);
    assert_eq!(live.version, Version::V2_0);
    assert_eq!(live.timescale.get(), 1000);
    assert_eq!(live.look_ahead, Some(2));
    assert_eq!(live.dvr_window, 1_200_000_000);
    assert_eq!((live.can_seek, live.can_pause), (Some(true), Some(false)));
    assert_eq!(parse("<SmoothStreamingMedia LookaheadCount='3'/>").look_ahead, Some(3));
    assert_eq!(parse("<SmoothStreamingMedia/>").timescale, Timescale::DEFAULT);
    assert!(!parse("<SmoothStreamingMedia IsLive='FALSE'/>").is_live);
}

#[test]
fn other_documents_are_told_apart() {
    let rule = |text: &str| match read(text.as_bytes(), &Limits::default()) {
        Err(Error::Unsupported { rule, .. } | Error::Invalid { rule, .. }) => rule,
        other => panic!("{other:?}: {text}"),
    };
    assert_eq!(rule("<MPD/>"), "it is a DASH manifest");
    assert_eq!(rule("#EXTM3U\n"), "it is an HLS playlist");
    assert_eq!(rule("\n<!doctype HTML><html>"), "it is a web page");
    assert_eq!(rule("<html><br></html>"), "it is a web page");
    assert_eq!(rule("<?xml version='1.0'?><smil xmlns='x'/>"), "it is a server manifest");
    assert_eq!(rule("<rss/>"), "the root element is another");
    assert_eq!(rule("<!DOCTYPE x [<!ENTITY a 'b'>]><SmoothStreamingMedia/>"), "document types are refused");
    assert_eq!(rule("<SmoothStreamingMedia MajorVersion='1'/>"), "only 2 is known");
    assert_eq!(rule("not XML"), "no root element");
}

#[test]
fn a_manifest_cut_short_is_not_a_shorter_manifest() {
    let whole =
        "<SmoothStreamingMedia><StreamIndex Type='video'><c d='1'/></StreamIndex></SmoothStreamingMedia>";
    parse(whole);
    for end in 0..whole.len() {
        assert!(read(&whole.as_bytes()[..end], &Limits::default()).is_err(), "{end}");
    }
}

#[test]
fn utf_16_is_read_like_utf_8() {
    let xml = "<?xml version=\"1.0\" encoding=\"utf-16\"?><SmoothStreamingMedia Duration='7'/>";
    let units: Vec<u8> = ["\u{feff}", xml].concat().encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(&units, &Limits::default()).unwrap().duration, 7);
    assert_eq!(parse(xml).duration, 7);
}

#[test]
fn levels_in_the_spellings_of_many_packagers() {
    let manifest = with(
        "Type='Video' FourCC='h264'><QualityLevel Bitrate='3' Width='640' Height='360' CodecPrivateData='00 01\r\nfF'/>\
         <QualityLevel Bitrate='2' Index='7' MaxWidth='1280' Width='9' MaxHeight='720' FourCC='wvc1' NALUnitLengthField='2'>\
         <CustomAttributes><Attribute Name='a' Value='&lt;1'/><Attribute Value='nameless'/></CustomAttributes>\
         </QualityLevel><QualityLevel Bitrate='2' CodecPrivateData='no hex'/>",
    );
    assert!(manifest.skipped.is_empty());
    let stream = &manifest.streams[0];
    assert_eq!((stream.kind, stream.max_width, stream.max_height), (Kind::Video, 1280, 720));
    let [first, second, third] = &stream.levels[..] else { panic!("{}", stream.levels.len()) };
    assert_eq!((first.index, first.width, first.height, first.nal_length), (0, 640, 360, 4));
    assert_eq!((first.fourcc.as_str(), &first.private_data[..]), ("H264", &[0, 1, 0xff][..]));
    assert_eq!((second.index, second.width, second.nal_length), (7, 1280, 2));
    assert_eq!(second.fourcc, "WVC1");
    assert_eq!(second.custom_attributes, [("a".to_owned(), "<1".to_owned())]);
    assert_eq!((third.index, third.private_data.len()), (2, 0));
}

#[test]
fn audio_without_a_fourcc_has_other_signs() {
    for (stream, level, expected) in [
        ("", "AudioTag='255'", "AACL"),
        ("", "FourCC='' AudioTag='255'", "AACL"),
        ("", "AudioTag='354'", "WMAP"),
        ("", "AudioTag='65534'", ""),
        ("Subtype='WmaPro'", "", "WMAPRO"),
        ("Subtype='AACL'", "AudioTag='354'", "AACL"),
        ("Subtype='AACL' FourCC='aach'", "", "AACH"),
        ("Subtype='AACL' FourCC='aach'", "FourCC='EC-3'", "EC-3"),
        ("", "", ""),
    ] {
        let manifest = with(&format!("Type='audio' {stream}><QualityLevel Bitrate='1' {level}/>"));
        assert_eq!(manifest.streams[0].levels[0].fourcc, expected, "{stream} {level}");
    }
}

#[test]
fn a_wave_format_stands_for_what_is_missing() {
    let level = |attributes: &str| {
        with(&format!("Type='audio'><QualityLevel Bitrate='1' {attributes}/>")).streams[0].levels[0].clone()
    };
    let lc = level("WaveFormatEx='ff00020080bb0000803e00000400100002001190'");
    assert_eq!(lc.private_data, [0x11, 0x90]);
    assert_eq!((lc.audio_tag, lc.channels, lc.sampling_rate), (255, 2, 48_000));
    assert_eq!((lc.packet_size, lc.bits_per_sample, lc.fourcc.as_str()), (4, 16, "AACL"));
    let he = level("WaveFormatEx='1016020080bb0000803e00000100100010000000fe00000000000000000013 1056e598'");
    assert_eq!(he.private_data, [0x13, 0x10, 0x56, 0xe5, 0x98]);
    let own = level("CodecPrivateData='1210' WaveFormatEx='ff00020080bb0000803e00000400100002001190'");
    assert_eq!(own.private_data, [0x12, 0x10]);
    assert!(level("WaveFormatEx='ff00'").private_data.is_empty());
}

#[test]
fn a_bad_level_costs_the_level() {
    let manifest = with(
        "Type='video'><QualityLevel Bitrate='1'/><QualityLevel/><QualityLevel Bitrate='fast'/>\
         <QualityLevel Bitrate='1'/><QualityLevel Bitrate='2'/>",
    );
    assert_eq!(manifest.streams[0].levels.len(), 2);
    let reasons: Vec<_> = manifest.skipped.iter().map(|s| (s.bitrate, s.reason.clone())).collect();
    let expected = [(None, Reason::NoBitrate), (None, Reason::NoBitrate), (Some(1), Reason::DuplicateLevel)];
    assert_eq!(reasons, expected);
}

#[test]
fn a_bad_stream_costs_the_stream() {
    let manifest = parse(
        "<SmoothStreamingMedia>\
         <StreamIndex Type='hologram' Url='{start time}'><QualityLevel Bitrate='1'/></StreamIndex>\
         <StreamIndex Type='video'><QualityLevel Bitrate='1'/></StreamIndex>\
         <StreamIndex Type='video' Url='QualityLevels({bitrate})'><QualityLevel Bitrate='1'/></StreamIndex>\
         <StreamIndex Type='text' Url='{start_time}'/>\
         <StreamIndex Type='video' TimeScale='0' Url='{start time}'><QualityLevel Bitrate='1'/></StreamIndex>\
         <StreamIndex/>\
         <StreamIndex Type='audio' Url='{start time}'><QualityLevel Bitrate='1'/></StreamIndex>\
         </SmoothStreamingMedia>",
    );
    let reasons: Vec<_> = manifest.skipped.iter().map(|s| (s.stream.as_str(), s.reason.clone())).collect();
    let expected = [
        ("hologram", Reason::UnknownType),
        ("video", Reason::NoUrl),
        ("video", Reason::NoStartTime),
        ("text", Reason::NoLevels),
        ("video", Reason::BadAttribute("TimeScale")),
        ("", Reason::UnknownType),
    ];
    assert_eq!(reasons, expected);
    assert_eq!(manifest.streams.len(), 1);
    assert_eq!(manifest.streams[0].name, "audio");
}

#[test]
fn streams_of_the_same_name_are_told_apart() {
    let manifest = parse(
        "<SmoothStreamingMedia TimeScale='1000'>\
         <StreamIndex Type='audio' Language='eng' Url='{start time}'><QualityLevel Bitrate='1'/></StreamIndex>\
         <StreamIndex Type='audio' Language='fra' Url='{start time}'><QualityLevel Bitrate='2'/></StreamIndex>\
         <StreamIndex Type='audio' Language='fra' Url='b{start time}'><QualityLevel Bitrate='2'/></StreamIndex>\
         <StreamIndex Type='audio' Language='fra' Url='b{start time}'><QualityLevel Bitrate='2'/></StreamIndex>\
         <StreamIndex Type='audio' TimeScale='48000' Url='c{start time}'><QualityLevel Bitrate='1'/></StreamIndex>\
         </SmoothStreamingMedia>",
    );
    let names: Vec<_> = manifest.streams.iter().map(|s| (s.name.as_str(), s.timescale.get())).collect();
    assert_eq!(names, [("audio", 1000), ("audio_fra", 1000), ("audio_fra_2", 1000), ("audio_2", 48_000)]);
    assert_eq!(reason(&manifest), &Reason::DuplicateName);
}

#[test]
fn data_in_the_manifest_needs_no_url() {
    let manifest = parse(
        "<SmoothStreamingMedia>\
         <StreamIndex Type='text' Subtype='scmd' Name='ads' ManifestOutput='true'><QualityLevel Bitrate='0'/>\
         <c t='5'><f i='0'>aGVs\r\nbG8=</f></c><c t='9'><f>&amp;</f><f><![CDATA[aGk=]]></f></c></StreamIndex>\
         <StreamIndex Type='text' Subtype='CHAP'><Content><Marker Time='7' Value='Two'/><Marker Time='2' Value='One'/>\
         <ScriptCommand Time='3' Type='go' Command='there &gt;'/><Marker Value='never'/></Content></StreamIndex>\
         </SmoothStreamingMedia>",
    );
    let [ads, chapters] = &manifest.streams[..] else { panic!("{:?}", manifest.skipped) };
    let all = |stream: &crate::manifest::Stream| -> Vec<_> {
        stream.embedded.iter().map(|e| (e.time, e.content.clone())).collect()
    };
    assert_eq!(ads.subtype, "SCMD");
    let sample = |text: &str| EmbeddedContent::Sample(text.into());
    assert_eq!(all(ads), [(5, sample("hello")), (9, sample("hi"))]);
    let marker = |text: &str| EmbeddedContent::Marker(text.into());
    let script = EmbeddedContent::Script { kind: "go".into(), command: "there >".into() };
    assert_eq!(all(chapters), [(2, marker("One")), (3, script), (7, marker("Two"))]);
}

#[test]
fn protection_is_known_even_if_it_cannot_be_read() {
    let header = |id: &str, data: &str| {
        let xml = format!(
            "<SmoothStreamingMedia><Protection><ProtectionHeader SystemID='{id}'>{data}</ProtectionHeader>\
             </Protection><CustomAttributes><Attribute Name='n' Value='v'/></CustomAttributes></SmoothStreamingMedia>"
        );
        let manifest = parse(&xml);
        assert_eq!(manifest.custom_attributes, [("n".to_owned(), "v".to_owned())]);
        manifest.protection[0].clone()
    };
    let playready = header("{9A04F079-9840-4286-AB92-E65BE0885F95}", " AA\r\nEC ");
    assert_eq!(playready.system_id[..4], [0x9a, 4, 0xf0, 0x79]);
    assert_eq!(playready.data, [0, 1, 2]);
    assert_eq!(header("9a04f07998404286-ab92e65be0885f95", "AAEC"), playready);
    assert_eq!(header("none", "!"), ProtectionHeader { system_id: [0; 16], data: Vec::new() });
}

#[test]
fn limits_hold_without_costing_the_rest() {
    let limits = Limits { streams: 2, levels: 2, chunks: 5, ..Limits::default() };
    let level = |n: u32| format!("<QualityLevel Bitrate='{n}'/>");
    let stream = |n: u32, chunks: u32| {
        let levels = [level(1), level(2), level(3), level(4)].concat();
        format!(
            "<StreamIndex Type='audio' Name='a{n}' Url='{{start time}}'>{levels}<c d='1' r='{chunks}'/></StreamIndex>"
        )
    };
    let streams = [stream(1, 6), stream(2, 5), stream(3, 1), stream(4, 1), stream(5, 1)].concat();
    let xml = format!("<SmoothStreamingMedia>{streams}</SmoothStreamingMedia>");
    let manifest = read(xml.as_bytes(), &limits).unwrap();
    let names: Vec<_> = manifest.streams.iter().map(|s| (s.name.as_str(), s.levels.len())).collect();
    assert_eq!(names, [("a2", 2), ("a3", 2)]);
    let skipped: Vec<_> = manifest.skipped.iter().map(|s| (s.stream.as_str(), s.reason.clone())).collect();
    let limit = Reason::Limit;
    let expected =
        [("a1", limit("levels")), ("a1", limit("chunks")), ("a2", limit("levels")), ("a3", limit("levels"))];
    assert_eq!(skipped[..4], expected);
    assert_eq!(skipped[4..], [("a4", limit("streams"))]);
}

#[test]
fn a_million_bad_levels_of_a_long_name_stay_small() {
    let name = "n".repeat(100_000);
    let levels = "<QualityLevel/>".repeat(100_000);
    let manifest = with(&format!("Type='video' Name='{name}'>{levels}"));
    assert!(manifest.skipped.len() <= 1001);
    assert!(manifest.skipped.iter().all(|s| s.stream.len() <= 100));
    let deep = "<a>".repeat(1_000_000);
    let error = read(["<SmoothStreamingMedia>", &deep].concat().as_bytes(), &Limits::default());
    assert_eq!(error, Err(Error::Limit { what: "xml_depth", max: 32 }));
}
