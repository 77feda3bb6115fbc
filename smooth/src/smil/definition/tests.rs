use super::*;
use crate::limits::Limits;

const FULL: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<smil xmlns="http://www.w3.org/2001/SMIL20/Language">
  <head>
    <meta name="Title" content="My &quot;event&quot;" />
    <meta name="module" content="liveSmoothStreaming" />
    <meta name="sourceType" content="pull" />
    <meta name="publishing" content="fragments, Archives" />
    <meta name="estimatedTime" content="7200" />
    <meta name="lookaheadchunks" content="3" />
    <meta name="manifestWindowLength" content="120" />
    <meta name="startOnFirstRequest" content="True" />
    <meta name="restartOnEncoderReconnect" content="1" />
    <meta name="archivePath" content="D:\archive" />
    <meta name="archiveSegmentLength" content="600" />
    <meta name="formats" content="m3u8-aapl" />
    <meta name="m3u8-aapl-segmentlength" content="8" />
    <meta name="m3u8-aapl-maxbitrate" content="3000000" />
    <meta name="m3u8-aapl-AllowCaching" content="True" />
    <meta name="m3u8-aapl-backwardcompatible" content="False" />
    <meta name="m3u8-aapl-enableencryption" content="True" />
    <meta name="m3u8-aapl-encryptionkey" content="000102030405060708090a0B0C0D0E0F" />
    <meta name="m3u8-aapl-keyuri" content="https://keys/1?a&amp;b" />
    <meta name="m3u8-aapl-includecodecs" content="true" />
    <meta name="filters" content="" />
    <meta name="eventId-on-path" content="true" />
    <meta name="liveCacheLength" content="60" />
    <meta name="clientManifestVersion" content="2.2" />
    <meta name="sendEndOfStreamOnStop" content="False" />
    <meta name="zeta" content="1" />
    <meta name="Alpha" content="" />
  </head>
  <body>
    <par><ref src="http://origin/live.isml" credential="c"/><ref src="http://other/live.isml"/></par>
  </body>
</smil>"#;

fn parse(text: &str) -> Result<Definition, Error> {
    read(text.as_bytes(), &Limits::default())
}

#[test]
fn every_setting_is_read() {
    let other = [("zeta", "1"), ("Alpha", "")];
    let expected = Definition {
        title: "My \"event\"".into(),
        module: "liveSmoothStreaming".into(),
        source: Source::Pull,
        publishing: Publishing { fragments: true, streams: false, archives: true },
        estimated_time: 7200,
        lookahead_chunks: 3,
        manifest_window_length: 120,
        start_on_first_request: true,
        restart_on_encoder_reconnect: true,
        archive_path: Some("D:\\archive".into()),
        archive_segment_length: 600,
        formats: vec!["m3u8-aapl".into()],
        event_id_on_path: true,
        live_cache_length: 60,
        client_manifest_version: Version::V2_2,
        send_end_of_stream_on_stop: false,
        apple: Apple {
            segment_length: 8,
            max_bitrate: 3_000_000,
            allow_caching: true,
            backward_compatible: false,
            include_codecs: true,
            enable_encryption: true,
            encryption_key: Some(Key([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])),
            key_uri: Some("https://keys/1?a&b".into()),
        },
        filters: Some(String::new()),
        refs: vec![
            Ref { src: "http://origin/live.isml".into(), other: vec![("credential".into(), "c".into())] },
            Ref { src: "http://other/live.isml".into(), other: Vec::new() },
        ],
        other: other.map(|(name, content)| (name.into(), content.into())).to_vec(),
    };
    assert_eq!(parse(FULL).as_ref(), Ok(&expected));
    assert_eq!(parse(&write(&expected)), Ok(expected));
}

#[test]
fn nothing_said_is_the_defaults() {
    let empty = parse("<smil><head/><body/></smil>");
    assert_eq!(empty, Ok(Definition::default()));
    assert_eq!(parse(&write(&Definition::default())), empty);
}

#[test]
fn a_wrong_value_is_named() {
    let set = |name: &str, value: &str| {
        parse(&format!("<smil><head><meta name='{name}' content='{value}'/></head></smil>")).unwrap_err()
    };
    let what = |error| match error {
        Error::Invalid { what, .. } => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(what(set("lookaheadChunks", "two")), "lookaheadChunks");
    assert_eq!(what(set("startOnFirstRequest", "yes")), "startOnFirstRequest");
    assert_eq!(what(set("sourceType", "Pipe")), "sourceType");
    assert_eq!(what(set("clientManifestVersion", "3")), "clientManifestVersion");
    assert_eq!(what(set("m3u8-aapl-encryptionkey", "0011")), "encryption key");
    assert!(parse("<html/>").is_err());
}

#[test]
fn spellings_that_were_never_published_are_read_in_every_plausible_form() {
    let set = |name: &str, value: &str| {
        parse(&format!("<smil><head><meta name='{name}' content='{value}'/></head></smil>")).unwrap()
    };
    for name in ["eventId-on-path", "EventIdOnPath", "useEventIdOnPath"] {
        assert!(set(name, "true").event_id_on_path, "{name}");
    }
    let digits = "00112233445566778899AABBCCDDEEFF";
    for name in ["m3u8-aapl-encryptionkey", "M3U8-AAPL-Key"] {
        assert_eq!(set(name, digits).apple.encryption_key.map(Key::to_hex).as_deref(), Some(digits));
    }
    for name in ["m3u8-aapl-keyuri", "m3u8-aapl-encryptionKeyUri"] {
        assert_eq!(set(name, "u").apple.key_uri.as_deref(), Some("u"), "{name}");
    }
    for name in ["m3u8-aapl-includecodecs", "m3u8-aapl-codecs"] {
        assert!(set(name, "True").apple.include_codecs, "{name}");
    }
}

#[test]
fn a_key_does_not_show_in_a_log() {
    let definition = parse(FULL).unwrap();
    let logged = format!("{definition:?}").to_lowercase();
    assert!(logged.contains("key(…)") && !logged.contains("0a0b0c0d"), "{logged}");
}
