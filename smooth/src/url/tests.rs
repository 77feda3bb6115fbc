use proptest::prelude::*;

use super::*;

#[test]
fn a_bare_publishing_point_means_its_manifest() {
    for (given, meant) in [
        ("http://h/a.isml", "http://h/a.isml/Manifest"),
        ("http://h/a.ism/", "http://h/a.ism/Manifest"),
        (" http://h/a.ISM?token=/x.ism#t=5 ", "http://h/a.ISM/Manifest?token=/x.ism"),
        ("a.isml/Events(1)", "a.isml/Events(1)/Manifest"),
        ("http://h/a.isml/manifest", "http://h/a.isml/manifest"),
        ("http://h/a.ism/Manifest(format=mpd)", "http://h/a.ism/Manifest(format=mpd)"),
        ("http://h/other.xml", "http://h/other.xml"),
        ("http://h/?u=a.ism", "http://h/?u=a.ism"),
    ] {
        assert_eq!(manifest_url(given), meant);
    }
}

#[test]
fn the_base_ends_with_the_last_slash_of_the_path() {
    for (url, expected) in [
        ("http://h/a/b.ism/Manifest?x=/y", "http://h/a/b.ism/"),
        ("/b.ism/Manifest#/", "/b.ism/"),
        ("Manifest", "Manifest"),
        ("http://h?a/b", "http://h"),
    ] {
        assert_eq!(base(url), expected);
    }
}

fn level(bitrate: u32, attributes: &[(&str, &str)]) -> QualityLevel {
    let custom_attributes = attributes.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
    QualityLevel { bitrate, custom_attributes, ..QualityLevel::default() }
}

#[test]
fn templates_of_every_spelling() {
    let plain = level(900_000, &[]);
    let custom = level(900_000, &[("profile", "hi"), ("angle", "2")]);
    for (template, level, expected) in [
        (
            "QualityLevels({bitrate},{CustomAttributes})/Fragments(cam2={start_time})",
            &custom,
            "QualityLevels(900000,profile=hi,angle=2)/Fragments(cam2=17472959488675333)",
        ),
        (
            "QualityLevels({bitrate}, {customattributes})/Fragments(a={start time})",
            &plain,
            "QualityLevels(900000)/Fragments(a=17472959488675333)",
        ),
        ("{Bitrate}/{BITRATE}/{Start Time}", &plain, "900000/900000/17472959488675333"),
        ("Events(1)/{START_TIME}?x", &plain, "Events(1)/17472959488675333?x"),
    ] {
        assert_eq!(expand(template, level, 17_472_959_488_675_333).unwrap(), expected);
        assert!(has_start_time(template));
    }
    for bad in ["QualityLevels({bitrate})", "{start time", "{start time}/{index}"] {
        assert!(matches!(expand(bad, &plain, 1), Err(Error::Invalid { .. })), "{bad}");
    }
}

#[test]
fn a_path_splits_behind_its_publishing_point() {
    assert_eq!(split_presentation("/a/b.isml/Manifest"), Some(("/a/b.isml", "Manifest")));
    assert_eq!(split_presentation("b.ISM"), Some(("b.ISM", "")));
    assert_eq!(split_presentation("/b.ism/"), Some(("/b.ism", "")));
    assert_eq!(split_presentation("/x.ism/b.isml/Streams(a)"), Some(("/x.ism/b.isml", "Streams(a)")));
    assert_eq!(split_presentation("/b.ismv"), None);
    assert_eq!(split_presentation("/ism/Manifest"), None);
    assert_eq!(split_presentation(""), None);
}

fn fragment(noun: Noun, bitrate: u32, name: &str, time: u64) -> FragmentRequest {
    let (attributes, options) = (Vec::new(), String::new());
    FragmentRequest { event: None, noun, bitrate, attributes, name: name.to_owned(), time, options }
}

#[test]
fn requests_in_the_forms_that_clients_send() {
    let video = fragment(Noun::Fragments, 500_000, "video", u64::MAX);
    let custom =
        FragmentRequest { attributes: level(0, &[("a", "1"), ("b", "")]).custom_attributes, ..video.clone() };
    for (text, expected) in [
        ("QualityLevels(500000)/Fragments(video=18446744073709551615)", &video),
        ("/qualitylevels(500000)/fragments(video=18446744073709551615)", &video),
        ("QualityLevels%28500000%29/Fragments%28video%3D18446744073709551615%29", &video),
        ("QualityLevels(500000,)/Fragments(v%69deo=18446744073709551615)", &video),
        ("QualityLevels(500000,a=1,b=)/Fragments(video=18446744073709551615)", &custom),
        ("QualityLevels(500000%2Ca%3D1%2Cb%3D)/Fragments(video%3D18446744073709551615)", &custom),
        (
            "Events(e%201)/QualityLevels(500000)/Fragments(video=18446744073709551615)",
            &FragmentRequest { event: Some("e 1".into()), ..video.clone() },
        ),
        (
            "QualityLevels(500000)/Fragments(video=18446744073709551615, format=m3u8-aapl)",
            &FragmentRequest { options: "format=m3u8-aapl".into(), ..video.clone() },
        ),
        (
            "QualityLevels(500000)/Fragments(video=18446744073709551615,format=m3u8-aapl).ts",
            &FragmentRequest { options: "format=m3u8-aapl".into(), ..video.clone() },
        ),
        ("QualityLevels(7)/Fragments(a.b=0).m4s", &fragment(Noun::Fragments, 7, "a.b", 0)),
        ("QualityLevels(7)/FRAGMENTINFO(a=0)", &fragment(Noun::FragmentInfo, 7, "a", 0)),
        ("QualityLevels(7)/RawFragments(a=0)", &fragment(Noun::RawFragments, 7, "a", 0)),
        ("QualityLevels(7)/KeyFrames(a=00)", &fragment(Noun::KeyFrames, 7, "a", 0)),
    ] {
        assert_eq!(Request::parse(text), Ok(Request::Fragment(expected.clone())), "{text}");
    }
    let event = Some("2".to_owned());
    let options = "format=m3u8-aapl".to_owned();
    for (text, expected) in [
        ("Manifest", Request::Manifest { event: None, options: String::new() }),
        ("manifest/", Request::Manifest { event: None, options: String::new() }),
        ("Events(2)/Manifest", Request::Manifest { event: event.clone(), options: String::new() }),
        ("Manifest(format=m3u8-aapl)", Request::Manifest { event: None, options: options.clone() }),
        ("Manifest(format=m3u8-aapl).M3U8", Request::Manifest { event: None, options }),
        (
            "QualityLevels(64,a=b)/fragments(audio=i,format=m3u8-cmaf).mp4",
            Request::InitSegment {
                event: None,
                bitrate: 64,
                attributes: level(0, &[("a", "b")]).custom_attributes,
                name: "audio".into(),
                options: "format=m3u8-cmaf".into(),
            },
        ),
        ("events(2)/streams(720p)", Request::Ingest { event: event.clone(), stream: "720p".into() }),
        ("Streams(9092-stream0)", Request::Ingest { event: None, stream: "9092-stream0".into() }),
        ("streammanifest", Request::StreamManifest { event: None }),
        ("events(2)/key", Request::Key { event: event.clone() }),
        (
            "Events(2)/QualityLevels(64)/Manifest(audio,format=m3u8-aapl)",
            Request::LevelManifest {
                event,
                bitrate: 64,
                attributes: Vec::new(),
                options: "audio,format=m3u8-aapl".into(),
            },
        ),
    ] {
        assert_eq!(Request::parse(text), Ok(expected), "{text}");
    }
}

#[test]
fn malformed_requests_are_errors() {
    for text in [
        "",
        "/",
        "Manifesto",
        "Events(1)",
        "Streams()",
        "Streams",
        "QualityLevels(1)",
        "QualityLevels(1)/Fragments",
        "QualityLevels(1)/Fragments(video)",
        "QualityLevels(1)/Fragments(=1)",
        "QualityLevels(1)/Fragments(video=)",
        "QualityLevels(1)/Fragments(video=-1)",
        "QualityLevels(1)/Fragments(video=+1)",
        "QualityLevels(1)/Fragments(video=1.5)",
        "QualityLevels(1)/Fragments(video=18446744073709551616)",
        "QualityLevels(4294967296)/Fragments(video=1)",
        "QualityLevels()/Fragments(video=1)",
        "QualityLevels(1,a)/Fragments(video=1)",
        "QualityLevels(1)/Fragments(video=1)/x",
        "QualityLevels(1)/Pictures(video=1)",
        "QualityLevels(1)/Fragments(v%zzdeo=1)",
        "QualityLevels(1)/Fragments(v%ffdeo=1)",
        "QualityLevels(1)/Fragments(video%",
    ] {
        assert!(matches!(Request::parse(text), Err(Error::Invalid { .. })), "{text}");
    }
}

fn noun() -> impl Strategy<Value = Noun> {
    prop::sample::select(vec![Noun::Fragments, Noun::FragmentInfo, Noun::RawFragments, Noun::KeyFrames])
}

fn attributes() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(("\\PC*", "\\PC*"), 0..3)
}

fn requests() -> impl Strategy<Value = Request> {
    let event = || prop::option::of("\\PC*");
    prop_oneof![
        (event(), noun(), any::<u32>(), attributes(), "\\PC+", any::<u64>(), "\\PC*").prop_map(
            |(event, noun, bitrate, attributes, name, time, options)| {
                Request::Fragment(FragmentRequest { event, noun, bitrate, attributes, name, time, options })
            }
        ),
        (event(), any::<u32>(), attributes(), "\\PC+", "\\PC*").prop_map(
            |(event, bitrate, attributes, name, options)| {
                Request::InitSegment { event, bitrate, attributes, name, options }
            }
        ),
        (event(), "\\PC*").prop_map(|(event, options)| Request::Manifest { event, options }),
        (event(), any::<u32>(), attributes(), "\\PC*").prop_map(|(event, bitrate, attributes, options)| {
            Request::LevelManifest { event, bitrate, attributes, options }
        }),
        (event(), "\\PC+").prop_map(|(event, stream)| Request::Ingest { event, stream }),
        event().prop_map(|event| Request::StreamManifest { event }),
        event().prop_map(|event| Request::Key { event }),
    ]
}

proptest! {
    #[test]
    fn every_request_reads_back_as_written(request in requests()) {
        let text = request.to_string();
        prop_assert!(text.is_ascii());
        prop_assert_eq!(Request::parse(&text), Ok(request));
    }

    #[test]
    fn what_a_template_gives_is_what_is_asked_for(
        bitrate: u32, custom_attributes in attributes(), time: u64, name in "[a-z][a-z0-9_]*",
    ) {
        let level = QualityLevel { bitrate, custom_attributes: custom_attributes.clone(), ..QualityLevel::default() };
        let template = ["QualityLevels({bitrate},{CustomAttributes})/Fragments(", &name, "={start time})"].concat();
        let url = expand(&template, &level, time).unwrap();
        prop_assert!(custom_attributes.is_empty() || url.starts_with(&quality_level(&level)));
        let expected = FragmentRequest { attributes: custom_attributes, ..fragment(Noun::Fragments, bitrate, &name, time) };
        prop_assert_eq!(Request::parse(&url), Ok(Request::Fragment(expected)));
    }

    #[test]
    fn no_text_panics(text in "[%/(),=.{}a-z0-9]*|\\PC*") {
        let _ = (Request::parse(&text), manifest_url(&text), base(&text), split_presentation(&text));
        let _ = (expand(&text, &level(1, &[]), 1), decode(&text));
    }
}
