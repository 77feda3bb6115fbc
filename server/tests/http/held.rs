//! Requests that are held for a fragment to come are answered at once when it never will.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::{END, Origin, Parts, Push, Response, STREAM, capture, read_response};

/// A point with five fragments of each track, and a viewer of each kind who waits for the next one.
async fn with_waiting_viewers() -> (Origin, Push, Vec<TcpStream>) {
    let origin = Origin::start().await;
    let mut push = origin.push(STREAM).await;
    push.piece(&Parts::of(&capture()).stream(0..5)).await;
    push.settled(&origin, "/live.isml/QualityLevels(100000)/Fragments(video=40000000)", 200).await;
    let mut viewers = Vec::new();
    for noun in ["Fragments", "FragmentInfo", "RawFragments", "KeyFrames"] {
        // One that is held back, one that is not there, one far away; and two for the first.
        for time in [60_000_000, 60_000_000, 100_000_000, 400_000_000] {
            let mut viewer = origin.connect().await;
            let path = format!("/live.isml/QualityLevels(100000)/{noun}(video={time})?wait=600000");
            let request = format!("GET {path} HTTP/1.1\r\nHost: o\r\nConnection: close\r\n\r\n");
            viewer.write_all(request.as_bytes()).await.unwrap();
            viewers.push(viewer);
        }
    }
    let held = format!("\"heldRequests\":{}", viewers.len());
    while !call(&origin, "GET", "/api/v1/server", "").await.text().contains(&held) {
        tokio::task::yield_now().await;
    }
    (origin, push, viewers)
}

async fn call(origin: &Origin, method: &str, path: &str, body: &str) -> Response {
    let headers = "Content-Type: application/json\r\nConnection: close\r\n";
    let length = body.len();
    origin
        .send(&format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        ))
        .await
}

async fn statuses(viewers: Vec<TcpStream>) -> Vec<u16> {
    let mut all = Vec::new();
    for mut viewer in viewers {
        all.push(read_response(&mut viewer, false).await.status);
    }
    all
}

/// What those who wait are answered once the state is what `wish` says.
async fn answered_at(wish: &str) -> Vec<u16> {
    let (origin, mut push, viewers) = with_waiting_viewers().await;
    let body = format!("{{\"state\":\"{wish}\"}}");
    let reached = call(&origin, "PUT", "/api/v1/points/live.isml/state", &body).await;
    assert_eq!(reached.status, 200, "{}", reached.text());
    let all = statuses(viewers).await;
    assert_eq!(push.answer().await.status, 409);
    // Their places are free again.
    let free = call(&origin, "GET", "/api/v1/server", "").await.text();
    assert!(free.contains("\"heldRequests\":0"), "{free}");
    origin.stop().await;
    all
}

/// The answers for each kind of request: twice what is held back, what is next, what is far away.
fn each(answers: [u16; 4]) -> Vec<u16> {
    answers.repeat(4)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_answered_when_the_broadcast_is_stopped() {
    // What was held back is served now, and the rest never comes.
    assert_eq!(answered_at("Stopped").await, each([200, 200, 404, 404]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_answered_when_the_point_is_shut_down() {
    assert_eq!(answered_at("Idle").await, each([404, 404, 404, 404]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_answered_when_the_encoder_ends_the_broadcast() {
    let (origin, mut push, viewers) = with_waiting_viewers().await;
    push.piece(END).await;
    assert_eq!(push.finish().await.status, 200);
    assert_eq!(statuses(viewers).await, each([200, 200, 404, 404]));
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_answered_when_the_server_stops() {
    let (origin, push, viewers) = with_waiting_viewers().await;
    origin.stop().await;
    // Not an error: a player asks the next server.
    assert_eq!(statuses(viewers).await, each([204, 204, 204, 204]));
    drop(push);
}
