//! What viewers are told: statuses, headers, letter case, windows, waiting.

use smooth::manifest::Kind;

use crate::harness::{Captions, END, Origin, Parts, STREAM, capture};

const VIDEO: &str = "/live.isml/QualityLevels(100000)/Fragments(video=";

#[tokio::test(flavor = "multi_thread")]
async fn what_may_come_is_412_and_what_never_will_is_404() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    assert_eq!(origin.get("/live.isml/Manifest").await.status, 404);
    origin.post(STREAM, &parts.stream(0..6), 1 << 16).await;
    // Four of six are served: two are held back until two more exist.
    for (time, status) in [
        (0_u64, 200),
        (60_000_000, 200),
        (80_000_000, 412),
        (100_000_000, 412),
        (120_000_000, 412),
        (1 << 50, 412),
        (1, 404),
        (79_999_999, 404),
    ] {
        let response = origin.get(&format!("{VIDEO}{time})")).await;
        assert_eq!(response.status, status, "{time}");
        match status {
            412 => {
                assert!(response.body.is_empty());
                let is_far = time > 120_000_000;
                let expected = if is_far { "public, max-age=1" } else { "no-store" };
                assert_eq!(response.header("cache-control"), expected, "{time}");
            }
            404 => assert_eq!(response.header("cache-control"), "no-store"),
            _ => {}
        }
    }
    for (path, status) in [
        ("/live.isml/QualityLevels(100001)/Fragments(video=0)", 404),
        ("/live.isml/QualityLevels(100000,a=b)/Fragments(video=0)", 404),
        ("/live.isml/QualityLevels(100000)/Fragments(audio=0)", 404),
        ("/live.isml/QualityLevels(100000)/Fragments(video=0,format=m3u8-aapl)", 404),
        ("/live.isml/Events(other)/Manifest", 404),
        ("/other.isml/Manifest", 404),
        ("/live.isml", 404),
        ("/live.isml/QualityLevels(x)/Fragments(video=0)", 400),
        ("/live.isml/QualityLevels(100000)/Fragment(video=0)", 400),
        ("/live.isml/QualityLevels(100000)/Fragments(video=18446744073709551616)", 400),
        ("/live.isml/QualityLevels(100000)/Fragments(video=%zz)", 400),
    ] {
        let response = origin.get(path).await;
        assert_eq!(response.status, status, "{path}");
        assert!(response.text().starts_with("{\"error\":"), "{path}: {}", response.text());
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_broadcast_completes_the_manifest() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    let mut push = origin.push(STREAM).await;
    push.piece(&parts.stream(0..6)).await;
    push.settled(&origin, &format!("{VIDEO}60000000)"), 200).await;
    let manifest = origin.manifest().await;
    assert!(manifest.is_live);
    assert_eq!((manifest.look_ahead, manifest.streams[0].chunks.len()), (Some(2), 4));
    assert!(manifest.custom_attributes.contains(&("silverlane-wait".to_owned(), "8000".to_owned())));
    let live = origin.get(&format!("{VIDEO}60000000)")).await;
    push.piece(END).await;
    assert_eq!(push.finish().await.status, 200);
    let manifest = origin.manifest().await;
    assert!(!manifest.is_live);
    assert_eq!((manifest.look_ahead, manifest.streams[0].chunks.len()), (None, 6));
    assert_eq!(manifest.duration, 120_000_000);
    // What was served keeps its bytes; the last ones have nothing to look ahead to.
    assert_eq!(origin.get(&format!("{VIDEO}60000000)")).await.body, live.body);
    let last = origin.get(&format!("{VIDEO}100000000)")).await;
    let head = smooth::boxes::read_head(&last.body, &smooth::Limits::default()).unwrap();
    assert!(head.look_ahead.is_empty());
    assert_eq!(origin.get(&format!("{VIDEO}120000000)")).await.status, 404);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn letter_case_percent_encoding_and_methods() {
    let origin = Origin::start().await;
    origin.post("/LIVE.ISML/streams%28Encoder1%29", &capture(), 1 << 16).await;
    let plain = origin.get(&format!("{VIDEO}0)")).await;
    for path in [
        "/live.isml/qualitylevels(100000)/fragments(video=0)",
        "/Live.Isml/QUALITYLEVELS(100000)/FRAGMENTS(VIDEO=0)",
        "/live.isml/QualityLevels%28100000%29/Fragments%28video%3D0%29",
        "/live%2Eisml/QualityLevels(100000)/Fragments(video%3d0)",
    ] {
        let response = origin.get(path).await;
        assert_eq!((response.status, response.body == plain.body), (200, true), "{path}");
    }
    assert_eq!(origin.get("/live.isml/manifest").await.status, 200);

    let head = origin.request("HEAD", &format!("{VIDEO}0)"), "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), plain.body.len().to_string());
    assert_eq!(plain.header("content-type"), "video/mp4");
    assert_eq!(plain.header("access-control-allow-origin"), "*");
    assert_eq!(plain.header("cache-control"), "public, max-age=60");
    let known = origin
        .request("GET", &format!("{VIDEO}0)"), &format!("If-None-Match: {}\r\n", plain.header("etag")))
        .await;
    assert_eq!((known.status, known.body.len()), (304, 0));

    let options = origin.request("OPTIONS", &format!("{VIDEO}0)"), "Origin: http://x\r\n").await;
    assert_eq!(options.status, 204);
    assert_eq!(options.header("access-control-allow-methods"), "GET, HEAD, OPTIONS");
    let wrong = origin.request("POST", &format!("{VIDEO}0)"), "Content-Length: 0\r\n").await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, "GET, HEAD, OPTIONS"));
    assert_eq!(origin.get(STREAM).await.status, 405);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_views_of_a_fragment() {
    let origin = Origin::start().await;
    origin.post(STREAM, &capture(), 1 << 16).await;
    let whole = origin.get(&format!("{VIDEO}0)")).await.body;
    let info = origin.get("/live.isml/QualityLevels(100000)/FragmentInfo(video=0)").await;
    assert_eq!(info.status, 200);
    assert!(whole.starts_with(&info.body) && &info.body[4..8] == b"moof");
    let raw = origin.get("/live.isml/QualityLevels(100000)/RawFragments(video=0)").await;
    assert_eq!(raw.body, whole[info.body.len() + 8..]);
    assert_ne!(raw.header("etag"), info.header("etag"));
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_slides() {
    let origin = Origin::with(&[("manifestWindowLength", "8")], |_| {}).await;
    origin.post(STREAM, &Parts::of(&capture()).stream(0..10), 1 << 16).await;
    let manifest = origin.manifest().await;
    assert_eq!(manifest.dvr_window, 80_000_000);
    let starts: Vec<_> = manifest.streams[0].chunks.iter().map(|c| c.time).collect();
    assert_eq!(starts, [120_000_000, 140_000_000]);
    assert_eq!(origin.get(&format!("{VIDEO}100000000)")).await.status, 404);
    let oldest = origin.get(&format!("{VIDEO}120000000)")).await;
    assert_eq!((oldest.status, oldest.header("cache-control")), (200, "public, max-age=2"));
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_may_wait_for_the_next_fragment() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    let mut push = origin.push(STREAM).await;
    push.piece(&parts.stream(0..5)).await;
    push.settled(&origin, &format!("{VIDEO}40000000)"), 200).await;
    let path = format!("{VIDEO}60000000)");
    assert_eq!(origin.get(&path).await.status, 412);
    let waiting = format!("{path}?wait=100000");
    let next = parts.media(5..6);
    let ((), response) = tokio::join!(push.piece(&next), origin.get(&waiting));
    assert_eq!(response.status, 200);
    let in_vain = origin.get(&format!("{VIDEO}80000000)?wait=20")).await;
    assert_eq!((in_vain.status, in_vain.header("cache-control")), (204, "no-store"));
    // What can never come is not waited for, nor is anything after the end.
    assert_eq!(origin.get(&format!("{VIDEO}1)?wait=100000")).await.status, 404);
    let waiting = format!("{VIDEO}500000000)?wait=100000");
    let end = async {
        push.piece(END).await;
        push.finish().await
    };
    let (end, response) = tokio::join!(end, origin.get(&waiting));
    assert_eq!((end.status, response.status), (200, 404));
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_requests_wait() {
    let origin = Origin::with(&[], |s| s.max_held_requests = 0).await;
    origin.post(STREAM, &Parts::of(&capture()).stream(0..5), 1 << 16).await;
    // An hour would be noticed.
    assert_eq!(origin.get(&format!("{VIDEO}80000000)?wait=3600000")).await.status, 204);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn static_files_and_policies() {
    let origin = Origin::start().await;
    std::fs::write(origin.root().join("page.html"), "<p>hello</p>").unwrap();
    std::fs::write(origin.root().join("silverlane.toml"), "secret = 1").unwrap();
    std::fs::write(origin.root().join(".hidden"), "secret").unwrap();
    std::fs::create_dir(origin.root().join("vod.ism")).unwrap();
    std::fs::write(origin.root().join("vod.ism/Manifest"), "<x/>").unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(outside.path().join("secret"), origin.root().join("link")).unwrap();
    let page = origin.get("/page.html").await;
    assert_eq!((page.status, page.text().as_str()), (200, "<p>hello</p>"));
    assert!(page.header("content-type").starts_with("text/html"));
    assert_eq!(page.header("access-control-allow-origin"), "*");
    assert_eq!(origin.get("/vod.ism/Manifest").await.status, 200);
    // The front door: nothing there, then the player's page, then the operator's own index.
    assert_eq!(origin.get("/").await.status, 404);
    std::fs::write(origin.root().join("SmoothStreamingPlayer.html"), "<p>player</p>").unwrap();
    let door = origin.get("/").await;
    assert_eq!((door.status, door.header("location")), (307, "SmoothStreamingPlayer.html"));
    std::fs::write(origin.root().join("index.html"), "<p>index</p>").unwrap();
    assert_eq!(origin.get("/").await.text(), "<p>index</p>");
    let outside_path = format!("/../{}/secret", outside.path().file_name().unwrap().to_string_lossy());
    for path in [
        "/live.isml",
        "/LIVE.ISML",
        "/live%2eisml",
        "/silverlane.toml",
        "/.hidden",
        "/%2ehidden",
        "/link",
        "/none",
        "/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/etc/passwd",
        "/x%00y",
        "/a%5c..%5cb",
        &outside_path,
    ] {
        let response = origin.get(path).await;
        assert!([400, 404].contains(&response.status), "{path} {}", response.status);
        assert!(!response.text().contains("secret"), "{path}");
    }
    assert!(origin.get("/clientaccesspolicy.xml").await.text().contains("grant-to"));
    assert!(origin.get("/ClientAccessPolicy.xml").await.text().contains("grant-to"));
    assert_eq!(origin.get("/crossdomain.xml").await.header("content-type"), "text/xml; charset=utf-8");
    assert_eq!(origin.get("/healthz").await.status, 200);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn captions_are_served_as_they_come() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    let captions = Captions::new();
    origin.post(STREAM, &parts.stream(0..6), 1 << 16).await;
    assert_eq!(origin.manifest().await.streams.len(), 2);
    let path = "/live.isml/Streams(captions)";
    // Short posts, with nothing to say that it is over.
    let one = [captions.header(), captions.fragment(20_000_000, "one")].concat();
    assert_eq!(origin.post(path, &one, 1 << 16).await.status, 200);
    let manifest = origin.manifest().await;
    let text = manifest.streams.iter().find(|s| s.kind == Kind::Text).unwrap();
    assert_eq!((text.subtype.as_str(), text.language.as_str()), ("CAPT", "eng"));
    assert_eq!(text.chunks.iter().map(|c| c.time).collect::<Vec<_>>(), [20_000_000]);
    let first = origin.fragment(text, 0, 20_000_000).await;
    assert_eq!((first.status, first.header("cache-control")), (200, "no-cache"));
    assert_eq!(first.header("content-type"), "application/mp4");
    assert_eq!(origin.fragment(text, 0, 40_000_000).await.status, 412);
    assert_eq!(origin.fragment(text, 0, 10_000_000).await.status, 404);
    for (time, line) in [(60_000_000, "two"), (90_000_000, "three")] {
        let next = [captions.header(), captions.fragment(time, line)].concat();
        assert_eq!(origin.post(path, &next, 1 << 16).await.status, 200);
    }
    let again = origin.fragment(text, 0, 20_000_000).await;
    let head = smooth::boxes::read_head(&again.body, &smooth::Limits::default()).unwrap();
    assert_eq!(head.look_ahead.iter().map(|s| s.time).collect::<Vec<_>>(), [60_000_000, 90_000_000]);
    assert_eq!(again.header("cache-control"), "public, max-age=60");
    let raw = origin.get("/live.isml/QualityLevels(1000)/RawFragments(caps=90000000)").await;
    assert_eq!((raw.status, raw.text().as_str()), (200, "three"));
    assert_eq!(raw.header("content-type"), "text/xml; charset=utf-8");
    // Picture and sound end the broadcast, captions do not keep it going.
    let end = [parts.stream(4..10), END.to_vec()].concat();
    assert_eq!(origin.post(STREAM, &end, 1 << 16).await.status, 200);
    assert!(!origin.manifest().await.is_live);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_manifest_is_packed_for_those_who_take_it() {
    use std::io::Read;
    let origin = Origin::start().await;
    origin.post(STREAM, &capture(), 1 << 16).await;
    let plain = origin.get("/live.isml/Manifest").await;
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), ("", "Accept-Encoding"));
    let ask = |more: &str| format!("Accept-Encoding: br, gzip\r\n{more}");
    let packed = origin.request("GET", "/live.isml/Manifest", &ask("")).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(&packed.body[..]).read_to_end(&mut text).unwrap();
    assert!(text == plain.body && packed.body.len() < plain.body.len());
    let tag = packed.header("etag");
    assert_ne!(tag, plain.header("etag"));
    let known =
        origin.request("GET", "/live.isml/Manifest", &ask(&format!("If-None-Match: {tag}\r\n"))).await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn levels_of_one_bitrate_are_told_apart_by_their_hardware_profile() {
    let mut parts = Parts::of(&capture());
    parts.tracks.tracks.retain(|t| t.id < 3);
    for (track, profile) in parts.tracks.tracks.iter_mut().zip(["5017", "5024"]) {
        track.level.bitrate = 200_000;
        track.level.custom_attributes = vec![("hardwareProfile".to_owned(), profile.to_owned())];
    }
    let mut data = smooth::boxes::build::push_header(&parts.tracks.tracks).unwrap();
    let media: Vec<_> = parts.fragments.iter().filter(|f| f.track_id < 3).collect();
    media.iter().for_each(|f| data.extend([&f.moof[..], &f.mdat].concat()));
    let origin = Origin::start().await;
    assert_eq!(origin.post(STREAM, &[&data[..], END].concat(), 1 << 16).await.status, 200);
    let manifest = origin.ended().await;
    let [stream] = &manifest.streams[..] else { panic!("{:?}", manifest.streams) };
    assert_eq!(stream.levels.len(), 2);
    for (level, sent) in media.iter().take(2).enumerate() {
        let asked = origin.fragment(stream, level, 0).await;
        assert!(asked.body.ends_with(&sent.mdat), "level {level}");
        let profile = &stream.levels[level].custom_attributes[0];
        assert_eq!(profile.0, "hardwareProfile");
        let address = format!("QualityLevels(200000,hardwareProfile={})/Fragments(video=0)", profile.1);
        assert!(origin.get(&format!("/live.isml/{address}")).await.body == asked.body, "{address}");
    }
    assert_eq!(stream.levels[0].custom_attributes[0].1, "5017");
    origin.stop().await;
}
