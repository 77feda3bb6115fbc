//! What goes wrong costs the one who did it, never the publishing point.

use tokio::io::AsyncWriteExt;

use crate::harness::{END, Origin, Parts, STREAM, capture, read_response};

/// Sends `body` as a whole push stream; the status, and that the point goes on as if nothing had been.
async fn refused(origin: &Origin, body: &[u8]) -> u16 {
    let response = origin.post(STREAM, body, 1 << 14).await;
    assert!(response.text().starts_with("{\"error\":"), "{} {}", response.status, response.text());
    assert_eq!(response.header("cache-control"), "no-store");
    assert_eq!(origin.get("/live.isml/Manifest").await.status, 200);
    response.status
}

fn sized_box(kind: &[u8; 4], size: u32, payload: &[u8]) -> Vec<u8> {
    [&size.to_be_bytes()[..], kind, payload].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_streams_are_refused_and_the_point_goes_on() {
    let parts = Parts::of(&capture());
    let origin = Origin::with(&[], |s| s.max_fragment_bytes = 1 << 20).await;
    origin.post(STREAM, &parts.stream(0..4), 1 << 16).await;
    let before = origin.get("/live.isml/Manifest").await.text();
    let head = &parts.head;
    let with_head = |tail: &[u8]| [head, tail].concat();

    let fragment = parts.media(4..5);
    assert_eq!(refused(&origin, &with_head(&fragment[..fragment.len() / 5])).await, 400, "cut short");
    assert_eq!(refused(&origin, &head[..head.len() / 2]).await, 400, "cut in the header");
    assert_eq!(refused(&origin, &fragment).await, 412, "no header");
    assert_eq!(refused(&origin, &with_head(&sized_box(b"mdat", 16, &[0; 8]))).await, 400, "mdat alone");
    assert_eq!(refused(&origin, &with_head(&sized_box(b"moof", 16, &[0; 8]))).await, 400, "empty moof");
    assert_eq!(
        refused(&origin, &with_head(&sized_box(b"moof", 4, &[]))).await,
        400,
        "a size below the header's"
    );
    assert_eq!(
        refused(&origin, &with_head(&sized_box(b"moof", u32::MAX, &[0; 64]))).await,
        413,
        "a huge moof"
    );
    let moof_end = parts.fragments[0].moof.len();
    let huge =
        [&fragment[..0], &parts.media(0..1)[..moof_end], &sized_box(b"mdat", 0x7fff_ffff, &[0; 64])].concat();
    assert_eq!(refused(&origin, &with_head(&huge)).await, 413, "a huge mdat");
    let endless: Vec<u8> = sized_box(b"moov", 0x4000_0000, &[0; 1 << 16]);
    assert_eq!(refused(&origin, &endless).await, 413, "an endless header");
    assert_eq!(refused(&origin, b"GET / HTTP/1.1 is no box").await, 400, "text");
    let mut shuffled = parts.media(0..1);
    shuffled.rotate_left(moof_end);
    assert_eq!(refused(&origin, &with_head(&shuffled)).await, 400, "shuffled");
    let after_end = [END, &fragment[..]].concat();
    assert_eq!(refused(&origin, &with_head(&after_end)).await, 400, "media after the end");
    assert_eq!(origin.get("/live.isml/Manifest").await.text(), before);
    // And the right thing still works.
    assert_eq!(origin.post(STREAM, &parts.stream(4..10), 1 << 16).await.status, 200);
    assert_eq!(origin.manifest().await.streams[0].chunks.len(), 8);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connection_costs_one_fragment_at_most() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    let mut push = origin.push(STREAM).await;
    push.piece(&parts.stream(0..5)).await;
    push.piece(&parts.media(5..6)[..5000]).await;
    push.settled(&origin, "/live.isml/QualityLevels(100000)/Fragments(video=40000000)", 200).await;
    drop(push);
    assert_eq!(origin.post(STREAM, &parts.stream(4..10), 1 << 16).await.status, 200);
    assert_eq!(origin.manifest().await.streams[0].chunks.len(), 8);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoder_that_says_nothing_is_let_go() {
    let origin = Origin::with(&[], |s| s.ingest_idle_seconds = 1).await;
    let mut push = origin.push(STREAM).await;
    push.piece(&Parts::of(&capture()).stream(0..5)).await;
    let answer = push.answer().await;
    assert_eq!((answer.status, answer.text().contains("\"idle\"")), (408, true));
    assert_eq!(origin.manifest().await.streams[0].chunks.len(), 3);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_parameters_for_a_known_track_are_refused() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    origin.post(STREAM, &parts.stream(0..4), 1 << 16).await;
    let mut other = parts.stream(0..4);
    let at = other.windows(9).position(|w| w == b"CodecPriv").unwrap();
    let value = at + other[at..].windows(7).position(|w| w == b"value=\"").unwrap() + 7;
    // Another level in the sequence parameter set.
    other[value + 14..value + 16].copy_from_slice(b"29");
    let response = origin.post(STREAM, &other, 1 << 16).await;
    assert_eq!(response.status, 409);
    assert!(response.text().contains("header-changed"), "{}", response.text());
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_on_connections_and_heads() {
    let origin = Origin::with(&[], |s| {
        s.max_encoders = 1;
        s.request_head_seconds = 1;
    })
    .await;
    let parts = Parts::of(&capture());
    let mut push = origin.push(STREAM).await;
    push.piece(&parts.stream(0..5)).await;
    push.settled(&origin, "/live.isml/QualityLevels(100000)/Fragments(video=40000000)", 200).await;
    let response = origin.post("/live.isml/Streams(2)", &parts.head, 1 << 16).await;
    assert_eq!((response.status, response.text().contains("too-many-encoders")), (503, true));

    let long = format!("GET /{} HTTP/1.1\r\nHost: o\r\n\r\n", "x".repeat(100_000));
    let mut stream = origin.connect().await;
    let _ = stream.write_all(long.as_bytes()).await;
    assert!([414, 431].contains(&read_response(&mut stream, false).await.status));
    let many = format!("GET / HTTP/1.1\r\nHost: o\r\n{}\r\n", "A: b\r\n".repeat(200));
    assert_eq!(origin.send(&many).await.status, 431);
    // A head that never ends is not waited for.
    let mut slow = origin.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\nHost: o\r\nX-A").await.unwrap();
    let mut rest = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut slow, &mut rest).await;
    // Nor is one that never begins, on a fresh connection or after an answer.
    let mut silent = origin.connect().await;
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut silent, &mut rest).await;
    let mut kept = origin.connect().await;
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: o\r\n\r\n").await.unwrap();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut kept, &mut rest).await;
    assert_eq!(origin.get("/healthz").await.status, 200);
    drop(push);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expect_continue_is_answered() {
    let origin = Origin::start().await;
    let data = capture();
    let mut stream = origin.connect().await;
    let head = format!(
        "PUT {STREAM} HTTP/1.1\r\nHost: o\r\nExpect: 100-continue\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        data.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(read_response(&mut stream, false).await.status, 100);
    stream.write_all(&data).await.unwrap();
    assert_eq!(read_response(&mut stream, false).await.status, 200);
    assert!(!origin.manifest().await.is_live);
    origin.stop().await;
}
