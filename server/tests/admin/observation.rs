//! Metrics, readiness, and the page's files.

use serde_json::Value;

use crate::call;
use crate::harness::{Origin, Parts, STREAM, capture};

/// Value of the sample that begins with `name`.
fn sample(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|l| l.strip_prefix(name)?.trim().parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_encoders_bring_and_viewers_take() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    let idle = call(&origin, "GET", "/metrics", "", "").await;
    assert!(idle.header("content-type").starts_with("application/openmetrics-text"));
    assert!(idle.text().ends_with("# EOF\n") && !idle.text().contains("live.isml"), "{}", idle.text());
    let mut push = origin.push(STREAM).await;
    push.piece(&parts.stream(0..6)).await;
    push.settled(&origin, "/live.isml/QualityLevels(100000)/Fragments(video=40000000)", 200).await;
    // A second encoder brings the same again.
    assert_eq!(origin.post("/live.isml/Streams(B)", &parts.stream(0..4), 1 << 16).await.status, 200);
    let text = call(&origin, "GET", "/metrics", "", "").await.text();
    let track = "{point=\"/live.isml\",kind=\"video\",track=\"video\",bitrate=\"100000\"";
    let value = |name: &str| sample(&text, name).unwrap_or_else(|| panic!("{name} in {text}"));
    // The encoder that is still there, and who asks.
    assert!(value("silverlane_connections{}") >= 2.0);
    assert_eq!(value("silverlane_encoders{}"), 1.0);
    assert_eq!(value("silverlane_point_state{point=\"/live.isml\",state=\"Started\"}"), 1.0);
    assert_eq!(value(&format!("silverlane_fragments_total{track},outcome=\"accepted\"}}")), 6.0);
    assert_eq!(value(&format!("silverlane_fragments_total{track},outcome=\"duplicate\"}}")), 4.0);
    assert!(value(&format!("silverlane_ingest_bytes_total{track}}}")) > 100_000.0);
    assert!(value(&format!("silverlane_track_requests_total{track}}}")) >= 1.0);
    assert_eq!(value(&format!("silverlane_track_end_seconds{track}}}")), 12.0);
    assert!(value("silverlane_point_memory_bytes{point=\"/live.isml\"}") > 100_000.0);
    let smooth = "{point=\"/live.isml\",output=\"IIS Smooth Streaming\"";
    assert!(value(&format!("silverlane_sent_bytes_total{smooth}}}")) > 0.0);
    assert!(value(&format!("silverlane_requests_total{smooth},status=\"2xx\"}}")) >= 1.0);
    assert!(value(&format!("silverlane_requests_total{smooth},status=\"4xx\"}}")) >= 0.0);
    drop(push);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_gives_its_reasons() {
    let origin = Origin::start().await;
    // From anywhere: balancers have no names and passwords.
    let ready = origin.get("/readyz").await;
    let body: Value = serde_json::from_slice(&ready.body).unwrap();
    assert_eq!((ready.status, &body["ready"]), (200, &Value::Bool(true)));
    let moved = origin.root().with_extension("gone");
    std::fs::rename(origin.root(), &moved).unwrap();
    let ready = origin.get("/readyz").await;
    let body: Value = serde_json::from_slice(&ready.body).unwrap();
    assert_eq!((ready.status, &body["reasons"][0]), (503, &"the root cannot be read".into()));
    std::fs::rename(&moved, origin.root()).unwrap();
    assert_eq!(origin.get("/readyz").await.status, 200);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_runs_no_script_but_its_own() {
    let origin = Origin::start().await;
    let page = origin.get("/admin/").await;
    if page.status == 404 {
        // A build without `make dist` says so.
        assert!(page.text().contains("make build"), "{}", page.text());
    } else {
        let policy = page.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("script-src 'self' 'wasm-unsafe-eval';")
        );
        assert_eq!(page.header("x-frame-options"), "DENY");
        assert_eq!(page.header("access-control-allow-origin"), "");
        let tag = page.header("etag").to_owned();
        assert_eq!(origin.request("GET", "/admin/", &format!("If-None-Match: {tag}\r\n")).await.status, 304);
        for (file, kind) in [("admin.js", "text/javascript"), ("admin.css", "text/css")] {
            let answer = origin.get(&format!("/admin/{file}")).await;
            assert!(answer.status == 200 && answer.header("content-type").starts_with(kind), "{file}");
        }
        let player = origin.get("/player/smooth-player_bg.wasm").await;
        let allowed = player.header("access-control-allow-origin");
        assert_eq!((player.status, player.header("content-type"), allowed), (200, "application/wasm", "*"));
    }
    let folder = origin.get("/admin").await;
    assert_eq!((folder.status, folder.header("location")), (308, "/admin/"));
    assert_eq!(origin.request("POST", "/admin/", "Content-Length: 0\r\n").await.status, 405);
    origin.stop().await;
}
