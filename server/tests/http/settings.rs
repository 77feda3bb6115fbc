//! What a definition says is what the publishing point does.

use crate::harness::{Origin, Parts, STREAM, capture};

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
