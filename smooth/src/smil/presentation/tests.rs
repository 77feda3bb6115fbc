use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Result<Presentation, Error> {
    read(text.as_bytes(), &Limits::default())
}

fn with_id(id: u32, track: Track) -> Track {
    Track { id: Some(id), ..track }
}

/// What ffmpeg's `tools/ismindex` writes.
#[test]
fn ismindex() {
    let text = "<?xml version=\"1.0\" encoding=\"utf-8\"?>
<smil xmlns=\"http://www.w3.org/2001/SMIL20/Language\">
\t<head>
\t\t<meta name=\"clientManifestRelativePath\" content=\"movie.ismc\" />
\t</head>
\t<body>
\t\t<switch>
\t\t\t<video src=\"movie-1.ismv\" systemBitrate=\"1200000\">
\t\t\t\t<param name=\"trackID\" value=\"1\" valueType=\"data\" />
\t\t\t</video>
\t\t\t<audio src=\"movie-1.ismv\" systemBitrate=\"64000\">
\t\t\t\t<param name=\"trackID\" value=\"2\" valueType=\"data\" />
\t\t\t</audio>
\t\t</switch>
\t</body>
</smil>";
    let tracks = vec![
        with_id(1, Track::new(Kind::Video, "movie-1.ismv", 1_200_000)),
        with_id(2, Track::new(Kind::Audio, "movie-1.ismv", 64_000)),
    ];
    let expected = Presentation { client_manifest: Some("movie.ismc".into()), other: vec![], tracks };
    assert_eq!(parse(text), Ok(expected));
}

/// The layout of Bento4's `mp4-dash --smooth`: names, languages and timescales of its own.
#[test]
fn bento4() {
    let text = r#"<?xml version="1.0" ?>
<smil xmlns="http://www.w3.org/2001/SMIL20/Language"><head>
<meta content="stream.ismc" name="clientManifestRelativePath"/></head><body><switch>
<audio src="audio/en.mp4" systemBitrate="128288" systemLanguage="en">
<param name="trackID" value="2" valueType="data"/><param name="trackName" value="audio_en" valueType="data"/>
<param name="timeScale" value="48000" valueType="data"/></audio>
<textstream src="subs.ismt" systemBitrate="1000"><param name="trackID" value="3" valueType="data"/></textstream>
</switch></body></smil>"#;
    let presentation = parse(text).unwrap();
    let audio = Track {
        id: Some(2),
        name: "audio_en".into(),
        language: "en".into(),
        timescale: Timescale::new(48_000),
        ..Track::new(Kind::Audio, "audio/en.mp4", 128_288)
    };
    let text = with_id(3, Track::new(Kind::Text, "subs.ismt", 1000));
    assert_eq!(text.name, "textstream");
    assert_eq!(presentation.tracks, [audio, text]);
}

/// Expression Encoder: UTF-16 with a byte order mark, a comment, one file per bitrate.
#[test]
fn expression_encoder() {
    let text = "<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n<!--Created with Expression Encoder-->\r\n\
<smil xmlns=\"http://www.w3.org/2001/SMIL20/Language\">\r\n  <head>\r\n\
<meta name=\"clientManifestRelativePath\" content=\"My Film.ismc\" />\r\n  </head>\r\n  <body>\r\n<switch>\r\n\
<video src=\"My Film_2962000.ismv\" systemBitrate=\"2962000\"><param name=\"trackID\" value=\"2\" \
valuetype=\"data\" /></video>\r\n\
<video src=\"My Film_350000.ismv\" systemBitrate=\"350000\"><param name=\"trackID\" value=\"2\" \
valuetype=\"data\" /></video>\r\n\
<audio src=\"My Film_2962000.ismv\" systemBitrate=\"160000\"><param name=\"trackID\" value=\"1\" \
valuetype=\"data\" /></audio>\r\n</switch>\r\n  </body>\r\n</smil>";
    let utf16: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let expected = parse(&text.replace("utf-16", "utf-8")).unwrap();
    assert_eq!(read(&utf16, &Limits::default()), Ok(expected.clone()));
    assert_eq!(expected.client_manifest.as_deref(), Some("My Film.ismc"));
    let facts: Vec<_> = expected.tracks.iter().map(|t| (t.src.as_str(), t.bitrate, t.id)).collect();
    assert_eq!(
        facts,
        [
            ("My Film_2962000.ismv", 2_962_000, Some(2)),
            ("My Film_350000.ismv", 350_000, Some(2)),
            ("My Film_2962000.ismv", 160_000, Some(1)),
        ]
    );
}

#[test]
fn names_in_any_case_and_attributes_before_parameters() {
    let text = "<s:SMIL xmlns:s='x'><s:Head><s:META name='CLIENTMANIFESTRELATIVEPATH' content='.\\a.ismc'/>\
        <meta name='formats' content='m3u8-aapl'/></s:Head><s:Body><s:TextStream SRC='sub\\t.ismt' s:SystemBitrate='5'>\
        <s:Param name='systembitrate' value='1'/><param name='parenttrackname' value='video'/>\
        <param name='MANIFESTOUTPUT' value='True'/><param name='hardwareProfile' value='7'/></s:TextStream>\
        <img src='http://x'/></s:Body></s:SMIL>";
    let track = Track {
        parent: Some("video".into()),
        manifest_output: true,
        other: vec![("hardwareProfile".into(), "7".into())],
        ..Track::new(Kind::Text, "sub/t.ismt", 5)
    };
    let other = vec![("formats".into(), "m3u8-aapl".into())];
    let expected = Presentation { client_manifest: Some("a.ismc".into()), other, tracks: vec![track] };
    assert_eq!(parse(text), Ok(expected));
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    let outside = [
        "",
        ".",
        "..",
        "../a.ismv",
        "a/../../b",
        "a\\..\\b",
        "/etc/passwd",
        "\\\\host\\a",
        "C:\\a.ismv",
        "http://h/a.ismv",
        "file:a",
        "a//b",
        ".hidden",
        "a/.git/b",
        "a\0b",
    ];
    for src in outside {
        assert_eq!(relative_path(src), None, "{src:?}");
        let body = format!("<smil><body><video src='{src}' systemBitrate='1'/></body></smil>");
        assert!(parse(&body).is_err(), "{src:?}");
    }
    assert_eq!(relative_path("./a\\b c/d..ismv"), Some("a/b c/d..ismv".into()));
}

#[test]
fn what_a_track_must_say() {
    let missing = |what| Err(Error::Invalid { what, rule: "it is missing" });
    let body = |track: &str| parse(&format!("<smil><body><switch>{track}</switch></body></smil>"));
    assert_eq!(body("<video systemBitrate='1'/>"), missing("src"));
    assert_eq!(body("<video src='a'/>"), missing("systemBitrate"));
    assert!(body("<video src='a' systemBitrate='x'/>").is_err());
    assert!(body("<video src='a' systemBitrate='1'><param name='timescale' value='0'/></video>").is_err());
    assert!(parse("<html/>").is_err());
    let limits = Limits { streams: 1, levels: 2, ..Limits::default() };
    let text = format!("<smil><body>{}</body></smil>", "<audio src='a' systemBitrate='1'/>".repeat(3));
    assert_eq!(read(text.as_bytes(), &limits), Err(Error::Limit { what: "streams", max: 2 }));
}

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9_<&\"' äß-]{1,12}"
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("empty", |t| !t.is_empty())
}

fn tracks() -> impl Strategy<Value = Track> {
    let kind = prop::sample::select(vec![Kind::Video, Kind::Audio, Kind::Text]);
    let pairs = prop::collection::vec((text().prop_map(|name| format!("x_{name}")), text()), 0..3);
    let names = (text(), prop::option::of(text()), text());
    let numbers = (any::<u32>(), prop::option::of(any::<u32>()), prop::option::of(1..=u64::from(u32::MAX)));
    (kind, names, numbers, any::<bool>(), pairs).prop_map(
        |(kind, (name, parent, language), (bitrate, id, timescale), manifest_output, other)| Track {
            id,
            name,
            language,
            timescale: timescale.and_then(Timescale::new),
            parent,
            manifest_output,
            other,
            ..Track::new(kind, "a b/c.ismv", bitrate)
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        tracks in prop::collection::vec(tracks(), 0..4),
        has_manifest: bool,
        title in text(),
    ) {
        let client_manifest = has_manifest.then(|| "a/b.ismc".to_owned());
        let presentation = Presentation { client_manifest, other: vec![("title".into(), title)], tracks };
        prop_assert_eq!(parse(&write(&presentation)), Ok(presentation));
    }

    #[test]
    fn a_relative_path_is_one_already(value in "[a./\\\\: -]{0,12}|\\PC*") {
        if let Some(path) = relative_path(&value) {
            prop_assert_eq!(relative_path(&path), Some(path.clone()));
            prop_assert!(!path.split('/').any(|part| part.is_empty() || part == ".."));
        }
    }
}
