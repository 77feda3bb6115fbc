//! HLS as players and caches see it: addresses, playlists read by a parser that we did not write,
//! segments that are one transport stream together.

use std::collections::HashMap;

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockDecryptMut, KeyIvInit};
use m3u8_rs::{MasterPlaylist, MediaPlaylist, MediaPlaylistType};

use crate::harness::{Captions, END, Origin, Parts, Response, STREAM, capture};

/// Four seconds a segment.
const ON: [(&str, &str); 2] = [("formats", "m3u8-aapl"), ("m3u8-aapl-segmentlength", "4")];

const MASTER: &str = "/live.isml/manifest(format=m3u8-aapl).m3u8";
const LOW: &str = "/live.isml/QualityLevels(100000)/Manifest(video,format=m3u8-aapl).m3u8";
const SOUND: &str = "/live.isml/QualityLevels(64000)/Manifest(audio_eng,format=m3u8-aapl).m3u8";
const SEGMENT: &str = "/live.isml/QualityLevels(100000)/Fragments(video=";

fn segment(time: u64) -> String {
    format!("{SEGMENT}{time},format=m3u8-aapl).ts")
}

async fn origin(more: &[(&str, &str)]) -> Origin {
    Origin::with(&[&ON[..], more].concat(), |_| {}).await
}

impl Origin {
    async fn master(&self) -> MasterPlaylist {
        let response = self.get(MASTER).await;
        assert_eq!(response.header("content-type"), "application/vnd.apple.mpegurl", "{}", response.text());
        m3u8_rs::parse_master_playlist_res(&response.body).unwrap()
    }

    async fn playlist(&self, path: &str) -> MediaPlaylist {
        let response = self.get(path).await;
        assert_eq!(response.header("content-type"), "application/vnd.apple.mpegurl", "{}", response.text());
        assert_eq!(response.header("cache-control"), "public, max-age=1");
        m3u8_rs::parse_media_playlist_res(&response.body).unwrap()
    }

    /// All segments of a playlist, one after the other.
    async fn segments(&self, path: &str) -> Vec<Vec<u8>> {
        let folder = &path[..=path.rfind('/').unwrap()];
        let mut all = Vec::new();
        for segment in self.playlist(path).await.segments {
            let response = self.get(&format!("{folder}{}", segment.uri)).await;
            assert_eq!((response.status, response.header("content-type")), (200, "video/mp2t"));
            all.push(response.body);
        }
        all
    }
}

/// `continuity_counter` of every PID goes up by one with every payload.
fn assert_continuous(stream: &[u8]) {
    let mut last: HashMap<u16, u8> = HashMap::new();
    for packet in stream.chunks(188) {
        assert_eq!((packet.len(), packet[0]), (188, 0x47));
        let pid = u16::from_be_bytes([packet[1] & 0x1f, packet[2]]);
        let counts = u8::from(packet[3] & 0x10 != 0);
        let counter = packet[3] & 15;
        if let Some(before) = last.insert(pid, counter) {
            assert_eq!(counter, (before + counts) & 15, "PID {pid:#x}");
        }
    }
    assert!(last.len() >= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_that_is_over_is_there_in_every_variant() {
    let origin = origin(&[]).await;
    assert_eq!(origin.get(MASTER).await.status, 404);
    origin.post(STREAM, &capture(), 1 << 16).await;
    let master = origin.master().await;
    assert!(master.independent_segments);
    let facts: Vec<_> = master
        .variants
        .iter()
        .map(|v| {
            (v.uri.as_str(), v.codecs.as_deref(), v.resolution.map(|r| (r.width, r.height)), v.frame_rate)
        })
        .collect();
    let video = |codecs, size| (Some(codecs), Some(size), Some(25.0));
    let uri = |level| format!("QualityLevels({level}/Manifest(video,format=m3u8-aapl).m3u8");
    let expected = [
        (uri("100000)"), video("avc1.4D4015,mp4a.40.2", (426, 240))),
        (uri("180000)"), video("avc1.4D401E,mp4a.40.2", (640, 360))),
        (uri("300000)"), video("avc1.4D401E,mp4a.40.2", (854, 480))),
        (
            "QualityLevels(64000)/Manifest(audio_eng,format=m3u8-aapl).m3u8".into(),
            (Some("mp4a.40.2"), None, None),
        ),
    ];
    let expected: Vec<_> = expected.iter().map(|(uri, (c, r, f))| (uri.as_str(), *c, *r, *f)).collect();
    assert_eq!(facts, expected);
    assert!(master.variants.iter().all(|v| v.average_bandwidth.unwrap() < v.bandwidth));
    for variant in &master.variants {
        let path = format!("/live.isml/{}", variant.uri);
        let playlist = origin.playlist(&path).await;
        assert_eq!((playlist.media_sequence, playlist.target_duration, playlist.version), (0, 4, Some(3)));
        assert!(playlist.end_list && playlist.playlist_type == Some(MediaPlaylistType::Event));
        assert_eq!(playlist.segments.iter().map(|s| s.duration).collect::<Vec<_>>(), [4.0; 5]);
        // The encoder counts from zero, which is no date.
        assert!(playlist.segments.iter().all(|s| s.program_date_time.is_none() && !s.discontinuity));
        let segments = origin.segments(&path).await;
        assert_continuous(&segments.concat());
        // Their bandwidth is as the master playlist says.
        for segment in &segments {
            let bits = segment.len() as u64 * 8 / 4;
            assert!(bits <= variant.bandwidth, "{bits} {}", variant.uri);
        }
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_in_all_their_forms() {
    let origin = origin(&[]).await;
    origin.post(STREAM, &capture(), 1 << 16).await;
    for (path, same) in [
        (MASTER, "/live.isml/Manifest(format=m3u8-aapl)"),
        (MASTER, "/LIVE.isml/MANIFEST(FORMAT=M3U8-AAPL).M3U8"),
        (MASTER, "/live.isml/manifest%28format=m3u8-aapl%29"),
        (LOW, "/live.isml/QualityLevels(100000)/Manifest(video,format=m3u8-aapl)"),
        (LOW, "/live.isml/qualitylevels(100000)/manifest(VIDEO,%20format=m3u8-aapl).m3u8"),
        (&segment(0), "/live.isml/QualityLevels(100000)/Fragments(video=0,format=m3u8-aapl)"),
        (&segment(0), "/live.isml/QualityLevels(100000)/fragments(Video=0,%20Format=m3u8-aapl)"),
        (&segment(0), "/live.isml/QualityLevels(100000)/Fragments(video=0,format=m3u8-aapl-v8)"),
    ] {
        let (one, other) = (origin.get(path).await, origin.get(same).await);
        assert_eq!((one.status, other.status), (200, 200), "{same}");
        assert!(one.body == other.body && one.header("etag") == other.header("etag"), "{same}");
    }
    for (path, status, code) in [
        ("/live.isml/Manifest(format=m3u8-foo)", 400, "unknown-option"),
        ("/live.isml/Manifest(format=m3u8-aapl,filter=mobile)", 400, "unknown-option"),
        ("/live.isml/Manifest(format=m3u8-aapl,audiotrack=x)", 404, "no-such-segment"),
        ("/live.isml/Events(other)/Manifest(format=m3u8-aapl)", 404, "no-such-segment"),
        ("/live.isml/QualityLevels(1)/Manifest(video,format=m3u8-aapl)", 404, "no-such-segment"),
        ("/live.isml/QualityLevels(100000)/Manifest(audio_eng,format=m3u8-aapl)", 404, "no-such-segment"),
        // Not where a segment begins.
        (&segment(20_000_000), 404, "no-such-segment"),
        (&segment(1), 404, "no-such-segment"),
        (&segment(200_000_000), 404, "no-such-segment"),
        ("/live.isml/Key", 404, "no-key"),
    ] {
        let response = origin.get(path).await;
        assert_eq!(response.status, status, "{path} {}", response.text());
        assert!(response.text().contains(&format!("\"{code}\"")), "{path} {}", response.text());
        assert_eq!(response.header("cache-control"), "no-store", "{path}");
    }
    let alone = origin.get("/live.isml/Manifest(format=m3u8-aapl,audio-only=false)").await.text();
    assert_eq!(alone.matches("#EXT-X-STREAM-INF").count(), 3);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_with_an_event_are_good_for_ever() {
    let origin = origin(&[]).await;
    origin.post("/live.isml/Events(e1)/Streams(Encoder1)", &capture(), 1 << 16).await;
    let at = |event: &str, path: &str| path.replace("/live.isml/", &format!("/live.isml/{event}"));
    assert_eq!(origin.get(&at("Events(e1)/", MASTER)).await.body, origin.get(MASTER).await.body);
    assert_eq!(origin.segments(&at("Events(e1)/", LOW)).await, origin.segments(LOW).await);
    let segment = segment(0);
    let (with, without) = (origin.get(&at("events(e1)/", &segment)).await, origin.get(&segment).await);
    assert_eq!(with.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(without.header("cache-control"), "public, max-age=60");
    assert!(with.body == without.body);
    for path in [MASTER, LOW, &segment] {
        assert_eq!(origin.get(&at("Events(e2)/", path)).await.status, 404);
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_off_unless_the_definition_names_it() {
    let origin = Origin::start().await;
    origin.post(STREAM, &capture(), 1 << 16).await;
    for path in [MASTER, LOW, &segment(0)] {
        let response = origin.get(path).await;
        assert_eq!(response.status, 404);
        let text = response.text();
        assert!(
            text.contains("output-off") && text.contains(r#"name=\"formats\" content=\"m3u8-aapl\""#),
            "{text}"
        );
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_playlist_comes_with_three_segments_and_grows() {
    let parts = Parts::of(&capture());
    let origin = origin(&[]).await;
    let mut push = origin.push(STREAM).await;
    push.piece(&parts.stream(0..5)).await;
    push.settled(&origin, "/live.isml/QualityLevels(100000)/Fragments(video=40000000)", 200).await;
    let early = origin.get(MASTER).await;
    assert_eq!((early.status, early.header("retry-after")), (404, "2"));
    assert_eq!(origin.get(LOW).await.status, 404);
    // A complete segment is there all the same, the next one is not.
    assert_eq!(origin.get(&segment(0)).await.status, 200);
    let next = origin.get(&segment(80_000_000)).await;
    assert_eq!((next.status, next.header("cache-control")), (404, "no-store"), "{}", next.text());
    assert!(next.text().contains("not-yet"));
    push.piece(&parts.media(5..7)).await;
    push.settled(&origin, LOW, 200).await;
    let playlist = origin.playlist(LOW).await;
    // Pictures are there up to 14 s, sound up to a little less: it is not in step.
    assert_eq!((playlist.segments.len(), playlist.end_list), (3, false));
    assert_eq!(playlist.playlist_type, Some(MediaPlaylistType::Event));
    let first = origin.get(&segment(0)).await;
    assert_eq!(first.header("cache-control"), "public, max-age=60");
    let known = format!("If-None-Match: {}\r\n", first.header("etag"));
    assert_eq!(origin.request("GET", &segment(0), &known).await.status, 304);
    let head = origin.request("HEAD", &segment(0), "").await;
    assert_eq!((head.status, head.header("content-length")), (200, first.body.len().to_string().as_str()));
    push.piece(&[parts.media(7..10), END.to_vec()].concat()).await;
    assert_eq!(push.finish().await.status, 200);
    let over = origin.playlist(LOW).await;
    assert!(over.end_list && over.segments.starts_with(&playlist.segments));
    assert_eq!((over.segments.len(), over.target_duration), (5, playlist.target_duration));
    assert_eq!(origin.get(&segment(0)).await.body, first.body);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sliding_window_keeps_numbers_and_bytes() {
    let parts = Parts::of(&capture());
    let all = origin(&[]).await;
    all.post(STREAM, &parts.stream(0..10), 1 << 16).await;
    let whole = all.playlist(LOW).await;
    let sliding = origin(&[("manifestWindowLength", "16")]).await;
    sliding.post(STREAM, &parts.stream(0..10), 1 << 16).await;
    let playlist = sliding.playlist(LOW).await;
    assert_eq!(playlist.playlist_type, None);
    let skipped = playlist.media_sequence as usize;
    assert!(skipped > 0 && playlist.segments.len() >= 2, "{playlist:?}");
    let uris = |p: &MediaPlaylist| p.segments.iter().map(|s| s.uri.clone()).collect::<Vec<_>>();
    assert!(uris(&whole)[skipped..].starts_with(&uris(&playlist)));
    for segment in uris(&playlist) {
        let path = format!("/live.isml/QualityLevels(100000)/{segment}");
        let (one, other) = (sliding.get(&path).await, all.get(&path).await);
        assert_eq!(one.status, 200);
        assert!(one.body == other.body && one.header("etag") == other.header("etag"));
        assert!(one.header("cache-control").starts_with("public, max-age="));
    }
    assert_eq!(sliding.get(&segment(0)).await.status, 404);
    all.stop().await;
    sliding.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_level_lacks_is_a_gap_there() {
    let parts = Parts::of(&capture());
    let origin = origin(&[]).await;
    let tracks = parts.tracks.tracks.len();
    // The lowest level, the first track, loses its fourth fragment.
    let kept = parts.fragments.iter().enumerate().filter(|(i, _)| *i != 3 * tracks);
    let media: Vec<u8> = kept.flat_map(|(_, f)| [&f.moof[..], &f.mdat[..]].concat()).collect();
    origin.post(STREAM, &[parts.head.clone(), media, END.to_vec()].concat(), 1 << 16).await;
    let gaps = |text: String| text.split("#EXTINF").map(|t| t.contains("#EXT-X-GAP")).collect::<Vec<_>>();
    let low = origin.get(LOW).await;
    assert_eq!(gaps(low.text()), [false, true, false, false, false, false], "{}", low.text());
    assert_eq!(origin.get(&segment(40_000_000)).await.status, 404);
    assert_eq!(origin.get(&segment(0)).await.status, 200);
    let high = LOW.replace("100000", "300000");
    assert!(!origin.get(&high).await.text().contains("#EXT-X-GAP"));
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_level_has_is_a_gap_for_all_and_numbers_go_on() {
    let parts = Parts::of(&capture());
    let origin = origin(&[]).await;
    // Nothing between 6 s and 14 s.
    let all = [parts.stream(0..3), parts.media(7..10), END.to_vec()].concat();
    origin.post(STREAM, &all, 1 << 16).await;
    for path in [LOW, SOUND] {
        let playlist = origin.playlist(path).await;
        let durations: Vec<_> = playlist.segments.iter().map(|s| s.duration).collect();
        assert_eq!((playlist.target_duration, durations), (4, vec![4.0, 2.0, 4.0, 2.0, 4.0]));
        let text = origin.get(path).await.text();
        let gaps: Vec<_> = text.split("#EXTINF").map(|t| t.contains("#EXT-X-GAP")).collect();
        assert_eq!(gaps, [false, false, true, false, false, false], "{text}");
        assert!(playlist.segments.iter().all(|s| !s.discontinuity));
        let folder = &path[..=path.rfind('/').unwrap()];
        for (index, segment) in playlist.segments.iter().enumerate() {
            let status = origin.get(&format!("{folder}{}", segment.uri)).await.status;
            assert_eq!(status, if index == 2 { 404 } else { 200 }, "{}", segment.uri);
        }
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn encrypted_segments_open_with_the_key_of_the_point() {
    let key = "00112233445566778899aabbccddeeff";
    let on = [("m3u8-aapl-enableencryption", "True"), ("m3u8-aapl-encryptionkey", key)];
    let (plain, secret) = (origin(&[]).await, origin(&on).await);
    for origin in [&plain, &secret] {
        origin.post(STREAM, &capture(), 1 << 16).await;
    }
    let playlist = secret.playlist(LOW).await;
    let given = playlist.segments[0].key.as_ref().unwrap();
    assert_eq!((given.uri.as_deref(), given.iv.as_deref()), (Some("../Key"), None));
    assert!(!secret.get(LOW).await.text().contains(key));
    let Response { status, body, headers } = secret.get("/live.isml/Key").await;
    assert_eq!((status, headers["cache-control"].as_str()), (200, "no-store"));
    let bytes: [u8; 16] = smooth::text::hex_decode(key).unwrap().try_into().unwrap();
    assert_eq!(body, bytes);
    let (sealed, open) = (secret.segments(LOW).await, plain.segments(LOW).await);
    assert_eq!(sealed.len(), 5);
    for (number, (sealed, open)) in sealed.iter().zip(&open).enumerate() {
        let iv = (playlist.media_sequence as u128 + number as u128).to_be_bytes();
        let cipher = cbc::Decryptor::<aes::Aes128>::new(&bytes.into(), &iv.into());
        assert!(cipher.decrypt_padded_vec_mut::<Pkcs7>(sealed).unwrap() == *open, "{number}");
    }
    plain.stop().await;
    secret.stop().await;

    let elsewhere = origin(&[&on[..], &[("m3u8-aapl-keyuri", "https://keys.example/1")]].concat()).await;
    elsewhere.post(STREAM, &capture(), 1 << 16).await;
    let playlist = elsewhere.playlist(LOW).await;
    assert_eq!(playlist.segments[0].key.as_ref().unwrap().uri.as_deref(), Some("https://keys.example/1"));
    assert_eq!(elsewhere.get("/live.isml/Key").await.status, 404);
    elsewhere.stop().await;

    let without = origin(&on[..1]).await;
    without.post(STREAM, &capture(), 1 << 16).await;
    for path in [LOW, &segment(0), "/live.isml/Key"] {
        let response = without.get(path).await;
        assert_eq!(response.status, 500);
        assert!(response.text().contains("m3u8-aapl-encryptionkey"), "{}", response.text());
    }
    without.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn key_frames_have_playlists_of_their_own() {
    let origin = origin(&[("m3u8-aapl-backwardcompatible", "False")]).await;
    origin.post(STREAM, &capture(), 1 << 16).await;
    let master = origin.master().await;
    let (trick, plain): (Vec<_>, Vec<_>) = master.variants.iter().partition(|v| v.is_i_frame);
    assert_eq!((trick.len(), plain.len()), (3, 4));
    assert_eq!(trick[0].codecs.as_deref(), Some("avc1.4D4015"));
    let path = format!("/live.isml/{}", trick[0].uri);
    let playlist = origin.playlist(&path).await;
    assert!(playlist.i_frames_only && playlist.end_list);
    assert_eq!(playlist.segments.iter().map(|s| s.duration).collect::<Vec<_>>(), [2.0; 10]);
    let all = origin.segments(&path).await;
    assert_continuous(&all.concat());
    for segment in &all {
        let begins = |packet: &[u8]| packet[1] == 0x41 && packet[2] == 0;
        assert_eq!(segment.chunks(188).filter(|packet| begins(packet)).count(), 1, "one picture");
    }
    let sound = "/live.isml/QualityLevels(64000)/Manifest(audio_eng,format=m3u8-aapl,type=keyframes)";
    assert_eq!(origin.get(sound).await.status, 404);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_presentation_on_demand_has_the_segments_of_the_broadcast() {
    // Segments of ten seconds, as where nobody says anything.
    let origin = Origin::with(&ON[..1], |_| {}).await;
    origin.post(STREAM, &capture(), 1 << 16).await;
    let track = |kind: &str, id: u32, bitrate: u32| {
        format!(
            "<{kind} src=\"film.ismv\" systemBitrate=\"{bitrate}\">\
             <param name=\"trackID\" value=\"{id}\" valuetype=\"data\"/></{kind}>"
        )
    };
    let tracks = [track("video", 1, 100_000), track("video", 3, 300_000), track("audio", 4, 64_000)].concat();
    let ism = format!(
        "<smil xmlns=\"http://www.w3.org/2001/SMIL20/Language\"><body><switch>{tracks}</switch></body></smil>"
    );
    std::fs::write(origin.root().join("film.ism"), ism).unwrap();
    std::fs::write(origin.root().join("film.ismv"), capture()).unwrap();
    let master = origin.get("/film.ism/manifest(format=m3u8-aapl).m3u8").await;
    assert_eq!(master.text().matches("#EXT-X-STREAM-INF").count(), 3, "{}", master.text());
    let path = "/film.ism/QualityLevels(100000)/Manifest(video,format=m3u8-aapl).m3u8";
    let playlist = origin.playlist(path).await;
    assert!(playlist.end_list && playlist.playlist_type == Some(MediaPlaylistType::Vod));
    let (film, broadcast) = (origin.segments(path).await, origin.segments(LOW).await);
    assert_eq!(film.len(), 2);
    for (one, other) in film.iter().zip(&broadcast) {
        // Only the language of the sound is not said twice.
        assert_continuous(one);
        assert!(one[376..] == other[376..], "other pictures or sound");
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_origin_goes_on_with_the_same_playlists_and_segments() {
    let parts = Parts::of(&capture());
    for window in ["0", "16"] {
        let origin = origin(&[("manifestWindowLength", window)]).await;
        let mut push = origin.push(STREAM).await;
        push.piece(&parts.stream(0..8)).await;
        push.settled(&origin, "/live.isml/QualityLevels(100000)/Fragments(video=100000000)", 200).await;
        let mut before = Vec::new();
        for path in [MASTER, LOW, SOUND] {
            before.push(origin.get(path).await);
        }
        let (pictures, sound) = (origin.segments(LOW).await, origin.segments(SOUND).await);
        assert!(pictures.len() >= 2, "{}", before[1].text());
        drop(push);
        let origin = origin.restarted(|_| {}).await;
        for (path, before) in [MASTER, LOW, SOUND].into_iter().zip(&before) {
            let after = origin.get(path).await;
            assert_eq!(after.text(), before.text(), "{path}");
            assert_eq!(after.header("etag"), before.header("etag"));
        }
        assert!(origin.segments(LOW).await == pictures && origin.segments(SOUND).await == sound);
        // The encoder comes back, and the broadcast ends.
        let rest = [parts.stream(6..10), END.to_vec()].concat();
        assert_eq!(origin.post(STREAM, &rest, 1 << 16).await.status, 200);
        let over = origin.playlist(LOW).await;
        assert!(over.end_list);
        if window == "0" {
            let whole = origin.segments(LOW).await;
            assert!(whole.len() == 5 && whole.starts_with(&pictures));
            assert_continuous(&whole.concat());
        }
        origin.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn captions_go_beside_on_the_clock_of_the_transport_streams() {
    let origin = origin(&[]).await;
    let captions = Captions::new();
    let cue = "<p begin=\"00:00:03.000\" end=\"00:00:05.500\">Good evening</p>";
    let document = format!("<tt xmlns=\"http://www.w3.org/ns/ttml\"><body><div>{cue}</div></body></tt>");
    let fragments: Vec<u8> =
        [20_000_000, 40_000_000].into_iter().flat_map(|time| captions.fragment(time, &document)).collect();
    let path = "/live.isml/Streams(Captions)";
    assert_eq!(origin.post(path, &[captions.header(), fragments].concat(), 1 << 16).await.status, 200);
    origin.post(STREAM, &capture(), 1 << 16).await;
    let master = origin.master().await;
    let [found] = master.alternatives.as_slice() else { panic!("{master:?}") };
    assert_eq!((found.name.as_str(), found.language.as_deref()), ("caps", Some("eng")));
    assert!(master.variants.iter().all(|v| v.subtitles.as_deref() == Some(&*found.group_id)));
    let path = format!("/live.isml/{}", found.uri.as_ref().unwrap());
    let playlist = origin.playlist(&path).await;
    assert_eq!(playlist.segments.len(), origin.playlist(LOW).await.segments.len());
    assert_eq!(playlist.segments[1].uri, "Fragments(caps=40000000,format=m3u8-aapl).vtt");
    let folder = &path[..=path.rfind('/').unwrap()];
    let mut texts = Vec::new();
    for segment in &playlist.segments {
        let response = origin.get(&format!("{folder}{}", segment.uri)).await;
        assert_eq!((response.status, response.header("content-type")), (200, "text/vtt; charset=utf-8"));
        texts.push(response.text());
    }
    // The picture that is shown at 0 s has the time stamp 900000, the one at 4 s 1260000.
    assert!(texts[0].contains("LOCAL:01:00:00.000,MPEGTS:900000\n"), "{}", texts[0]);
    assert!(texts[0].contains("01:00:03.000 --> 01:00:05.500\nGood evening"), "{}", texts[0]);
    assert!(texts[1].contains("MPEGTS:1260000\n"), "{}", texts[1]);
    assert!(texts[1].contains("01:00:00.000 --> 01:00:01.500\nGood evening"), "{}", texts[1]);
    assert!(texts[2..].iter().all(|text| text.starts_with("WEBVTT\n") && !text.contains("-->")));
    // For players that know no renditions.
    let plain = origin.get("/live.isml/Manifest(format=m3u8-aapl-v3)").await.text();
    assert!(!plain.contains("SUBTITLES"), "{plain}");
    origin.stop().await;
}
