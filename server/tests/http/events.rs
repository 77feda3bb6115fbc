//! One broadcast after another on the same publishing point: nothing of the last one is left.

use crate::harness::{END, Origin, Parts, capture};

const RESTARTS: [(&str, &str); 2] =
    [("restartOnEncoderReconnect", "true"), ("publishing", "Fragments;Streams")];

async fn broadcast(origin: &Origin, event: &str, fragments: std::ops::Range<usize>) -> (u16, String) {
    let whole = [Parts::of(&capture()).stream(fragments), END.to_vec()].concat();
    let answer = origin.post(&format!("/live.isml/Events({event})/Streams(1)"), &whole, 1 << 16).await;
    (answer.status, answer.text())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_event_restarts_and_nothing_of_the_last_one_is_left() {
    let origin = Origin::with(&RESTARTS, |_| {}).await;
    assert_eq!(broadcast(&origin, "first", 0..10).await.0, 200);
    let first = origin.manifest().await;
    let old = origin.get("/live.isml/Events(first)/QualityLevels(100000)/Fragments(video=0)").await;
    assert_eq!(old.status, 200);
    let (status, body) = broadcast(&origin, "first", 0..10).await;
    assert_eq!((status, body.contains("event-over")), (409, true), "{body}");
    // Refused or not: whoever watches goes on.
    assert_eq!(origin.manifest().await, first);

    assert_eq!(broadcast(&origin, "second", 0..6).await.0, 200);
    let second = origin.manifest().await;
    for (before, after) in first.streams.iter().zip(&second.streams) {
        assert!(after.chunks.first().unwrap().time >= before.chunks.last().unwrap().time);
        assert!(after.chunks.iter().all(|new| before.chunks.iter().all(|old| old.time != new.time)));
    }
    for gone in [
        "Events(first)/Manifest",
        "Events(first)/QualityLevels(100000)/Fragments(video=0)",
        "QualityLevels(100000)/Fragments(video=0)",
    ] {
        let response = origin.get(&format!("/live.isml/{gone}")).await;
        assert_eq!((response.status, response.header("cache-control")), (404, "no-store"), "{gone}");
    }
    let (status, body) = broadcast(&origin, "first", 0..10).await;
    assert_eq!((status, body.contains("event-over")), (409, true), "{body}");
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_event_takes_over_once_the_encoder_of_the_old_one_is_gone() {
    let origin = Origin::with(&RESTARTS, |_| {}).await;
    let parts = Parts::of(&capture());
    let mut push = origin.push("/live.isml/Events(first)/Streams(1)").await;
    push.piece(&parts.stream(0..5)).await;
    push.settled(&origin, "/live.isml/QualityLevels(100000)/Fragments(video=40000000)", 200).await;
    let (status, body) = broadcast(&origin, "second", 0..6).await;
    assert_eq!((status, body.contains("other-event")), (409, true), "{body}");
    // The encoder dies without an end of its stream.
    assert_eq!(push.finish().await.status, 200);
    assert!(origin.manifest().await.is_live);
    assert_eq!(broadcast(&origin, "second", 0..6).await.0, 200);
    assert_eq!(origin.get("/live.isml/Events(first)/Manifest").await.status, 404);
    assert_eq!(broadcast(&origin, "first", 0..6).await.0, 409);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_again_gives_no_address_a_second_meaning() {
    let origin = Origin::with(&RESTARTS, |_| {}).await;
    assert_eq!(broadcast(&origin, "first", 0..10).await.0, 200);
    let before = origin.manifest().await;
    let origin = origin.restarted(|_| {}).await;
    assert_eq!(origin.get("/live.isml/Manifest").await.status, 404);
    let (status, body) = broadcast(&origin, "first", 0..10).await;
    assert_eq!((status, body.contains("event-over")), (409, true), "{body}");
    assert_eq!(broadcast(&origin, "second", 0..10).await.0, 200);
    let after = origin.manifest().await;
    assert!(after.streams[0].chunks.first().unwrap().time >= before.streams[0].chunks.last().unwrap().end());
    assert_eq!(after.streams[0].chunks.len(), 10);
    origin.stop().await;
}
