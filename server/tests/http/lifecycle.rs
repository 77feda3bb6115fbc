//! Starting, stopping, events, and who may post when.

use crate::harness::{END, Origin, Parts, STREAM, capture};

async fn hello(origin: &Origin, path: &str) -> (u16, String) {
    let response = origin.request("POST", path, "Content-Length: 0\r\n").await;
    (response.status, response.text())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_point_starts_where_it_may() {
    let origin = Origin::with(&[], |s| s.auto_start = false).await;
    let (status, body) = hello(&origin, STREAM).await;
    assert_eq!(status, 404);
    let error: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(error["error"], "not-started");
    assert_eq!((&error["point"], &error["stream"]), (&"/live.isml".into(), &"Encoder1".into()));
    assert_eq!(hello(&origin, "/none.isml/Streams(1)").await.0, 404);
    origin.stop().await;

    let origin = Origin::with(&[("startOnFirstRequest", "True")], |s| s.auto_start = false).await;
    assert_eq!(hello(&origin, STREAM).await.0, 200);
    assert_eq!(hello(&origin, "/live.isml/Events(a)/Streams(b)").await.0, 200);
    assert_eq!(origin.get("/live.isml/Manifest").await.status, 404);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_broadcast_refuses_encoders_or_restarts() {
    let data = capture();
    let origin = Origin::start().await;
    assert_eq!(origin.post(STREAM, &data, 1 << 16).await.status, 200);
    let refused = origin.post(STREAM, &data, 1 << 16).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("\"stopped\""), "{}", refused.text());
    assert_eq!(origin.manifest().await.streams[0].chunks.len(), 10);
    origin.stop().await;

    let origin = Origin::with(&[("restartOnEncoderReconnect", "true")], |_| {}).await;
    origin.post(STREAM, &data, 1 << 16).await;
    assert_eq!(hello(&origin, STREAM).await.0, 200);
    assert_eq!(origin.manifest().await.streams[0].chunks.len(), 10);
    let parts = Parts::of(&data);
    assert_eq!(origin.post(STREAM, &parts.stream(0..6), 1 << 16).await.status, 200);
    let manifest = origin.manifest().await;
    assert!(manifest.is_live);
    // No URL of the first broadcast means something else in the second.
    assert!(manifest.streams[0].chunks.first().unwrap().time >= 200_000_000);
    assert_eq!(manifest.streams[0].chunks.len(), 4);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broadcast_ends_with_its_last_stream() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    let mut other = origin.push("/live.isml/Streams(Backup)").await;
    other.piece(&parts.stream(0..2)).await;
    other.settled(&origin, "/live.isml/QualityLevels(100000)/Fragments(video=20000000)", 412).await;
    let whole = [parts.stream(0..10), END.to_vec()].concat();
    assert_eq!(origin.post(STREAM, &whole, 1 << 16).await.status, 200);
    assert!(origin.manifest().await.is_live);
    other.piece(END).await;
    assert_eq!(other.finish().await.status, 200);
    assert!(!origin.manifest().await.is_live);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_event_at_a_time() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    let first = "/live.isml/Events(e1)/Streams(Encoder1)";
    assert_eq!(origin.post(first, &parts.stream(0..6), 1 << 16).await.status, 200);
    let (status, body) = hello(&origin, "/live.isml/Events(e2)/Streams(Encoder1)").await;
    assert_eq!((status, body.contains("other-event")), (409, true));
    assert_eq!(hello(&origin, first).await.0, 200);
    assert_eq!(origin.get("/live.isml/Events(e1)/Manifest").await.status, 200);
    assert_eq!(origin.get("/live.isml/Events(e2)/Manifest").await.status, 404);
    let path = "/live.isml/Events(e1)/QualityLevels(100000)/Fragments(video=0)";
    assert_eq!(origin.get(path).await.header("cache-control"), "public, max-age=31536000, immutable");
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_lets_go_of_encoders_and_waiting_viewers() {
    let origin = Origin::start().await;
    let mut push = origin.push(STREAM).await;
    push.piece(&Parts::of(&capture()).stream(0..5)).await;
    push.settled(&origin, "/live.isml/QualityLevels(100000)/Fragments(video=40000000)", 200).await;
    let mut viewer = origin.connect().await;
    let request = "GET /live.isml/QualityLevels(100000)/Fragments(video=60000000)?wait=600000 HTTP/1.1\r\nHost: o\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut viewer, request.as_bytes()).await.unwrap();
    // On the same listener, so that the one before has been accepted.
    assert_eq!(origin.get("/healthz").await.status, 200);
    origin.stop().await;
    let answer = push.answer().await;
    assert_eq!((answer.status, answer.text().contains("stopping")), (503, true));
}
