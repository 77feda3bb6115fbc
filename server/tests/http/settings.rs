//! What a definition says is what the publishing point does.

use crate::harness::{END, Origin, Parts, STREAM, capture};

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_manifest_counts_equal_chunks() {
    let origin = Origin::with(&[("clientManifestVersion", "2.2")], |_| {}).await;
    origin.post(STREAM, &Parts::of(&capture()).stream(0..10), 1 << 16).await;
    let text = origin.get("/live.isml/Manifest").await.text();
    assert!(text.contains("MinorVersion=\"2\""), "{text}");
    assert!(text.contains("<c t=\"0\" d=\"20000000\" r=\"8\"/>"), "{text}");
    assert_eq!(origin.manifest().await.streams[0].chunks.len(), 8);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_are_told_the_estimated_duration_while_it_is_live() {
    let origin = Origin::with(&[("estimatedTime", "7200")], |_| {}).await;
    origin.post(STREAM, &Parts::of(&capture()).stream(0..10), 1 << 16).await;
    assert_eq!(origin.manifest().await.duration, 72_000_000_000);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_that_publishes_no_fragments_sends_viewers_away() {
    let origin = Origin::with(&[("publishing", "Streams;Archives")], |_| {}).await;
    assert_eq!(origin.post(STREAM, &capture(), 1 << 16).await.status, 200);
    for path in ["Manifest", "QualityLevels(100000)/Fragments(video=0)", "Manifest(format=m3u8-aapl)"] {
        let response = origin.get(&format!("/live.isml/{path}")).await;
        assert_eq!((response.status, response.header("cache-control")), (403, "no-store"), "{path}");
        assert!(response.text().contains("no-viewers"), "{}", response.text());
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_starts_a_point_that_starts_on_the_first_request() {
    let origin = Origin::with(&[("startOnFirstRequest", "true")], |s| s.auto_start = false).await;
    assert_eq!(origin.get("/live.isml/Manifest").await.status, 404);
    // Were it still idle, the definition's new word would count.
    let file = origin.root().join("live.isml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("content=\"true\"", "content=\"false\"")).unwrap();
    let response = origin.request("POST", STREAM, "Content-Length: 0\r\n").await;
    assert_eq!(response.status, 200);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_point_takes_edits_at_its_next_start() {
    let origin = Origin::with(&[], |s| s.auto_start = false).await;
    let hello = || origin.request("POST", STREAM, "Content-Length: 0\r\n");
    assert_eq!(hello().await.status, 404);
    let file = origin.root().join("live.isml");
    let text = std::fs::read_to_string(&file).unwrap();
    let edited = text.replace("<head>", "<head><meta name=\"STARTONFIRSTREQUEST\" content=\"True\"/>");
    std::fs::write(&file, edited).unwrap();
    assert_eq!(hello().await.status, 200);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_that_pulls_refuses_encoders() {
    let origin = Origin::with(&[("sourceType", "Pull")], |_| {}).await;
    let response = origin.post(STREAM, &capture(), 1 << 16).await;
    assert_eq!(response.status, 403);
    assert!(response.text().contains("pull-source"), "{}", response.text());
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_output_for_apple_devices_follows_its_settings() {
    let named = async |meta: &[(&str, &str)]| {
        let origin = Origin::with(&[&[("formats", "m3u8-aapl")], meta].concat(), |_| {}).await;
        origin.post(STREAM, &capture(), 1 << 16).await;
        let master = origin.get("/live.isml/Manifest(format=m3u8-aapl)").await.text();
        let low = "/live.isml/QualityLevels(100000)/Manifest(video,format=m3u8-aapl)";
        let playlist = origin.get(low).await.text();
        origin.stop().await;
        (master, playlist)
    };
    let (master, playlist) = named(&[]).await;
    assert_eq!(master.matches("#EXT-X-STREAM-INF").count(), 4, "{master}");
    assert_eq!(master.matches("CODECS=").count(), 4, "{master}");
    assert_eq!(playlist.matches("#EXTINF").count(), 2, "ten seconds each: {playlist}");
    assert!(
        playlist.contains("#EXT-X-VERSION:3\n") && playlist.contains("#EXT-X-ALLOW-CACHE:NO\n"),
        "{playlist}"
    );

    let (master, _) =
        named(&[("m3u8-aapl-maxbitrate", "200000"), ("m3u8-aapl-includecodecs", "False")]).await;
    assert!(!master.contains("CODECS="), "{master}");
    assert!(
        master.contains("QualityLevels(180000)") && !master.contains("QualityLevels(300000)"),
        "{master}"
    );

    let (_, playlist) = named(&[("m3u8-aapl-allowcaching", "True"), ("m3u8-aapl-segmentlength", "4")]).await;
    assert!(playlist.contains("#EXT-X-ALLOW-CACHE:YES\n"), "{playlist}");
    assert_eq!(playlist.matches("#EXTINF").count(), 5, "{playlist}");

    // What players of iOS 3 do not know is there for the others.
    let (master, playlist) = named(&[("m3u8-aapl-backwardcompatible", "False")]).await;
    assert_eq!(master.matches("#EXT-X-I-FRAME-STREAM-INF").count(), 3, "{master}");
    assert!(!playlist.contains("ALLOW-CACHE"), "{playlist}");
}

#[tokio::test(flavor = "multi_thread")]
async fn media_older_than_the_live_cache_of_the_definition_comes_from_the_archive() {
    let memory = async |origin: &Origin| -> u64 {
        let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let metrics = origin.send(request).await.text();
        let line = metrics.lines().find(|l| l.starts_with("silverlane_point_memory_bytes{")).unwrap();
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as u64
    };
    let parts = Parts::of(&capture());
    let mdats: usize = parts.fragments.iter().map(|f| f.mdat.len()).sum();
    // The server would keep a minute, more than there is; the definition says four seconds of twenty.
    let origin = Origin::with(&[("liveCacheLength", "4")], |_| {}).await;
    let mut push = origin.push(STREAM).await;
    push.piece(&parts.stream(0..10)).await;
    push.settled(&origin, "/live.isml/QualityLevels(100000)/Fragments(video=140000000)", 200).await;
    while memory(&origin).await > mdats as u64 / 2 {
        tokio::task::yield_now().await;
    }
    let manifest = origin.manifest().await;
    let first = origin.fragment(&manifest.streams[0], 0, 0).await;
    assert!(first.body.ends_with(&parts.fragments[0].mdat), "what is read is not what was pushed");
    push.piece(END).await;
    assert_eq!(push.finish().await.status, 200);
    origin.stop().await;

    let origin = Origin::start().await;
    assert_eq!(origin.post(STREAM, &parts.stream(0..10), 1 << 16).await.status, 200);
    assert!(memory(&origin).await > mdats as u64);
    origin.stop().await;
}
