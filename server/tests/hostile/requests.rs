//! Requests that are too much, too old, or not what they seem.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Origin, STREAM, capture, read_response};

/// What is answered to bytes that may not all be taken.
async fn answer(origin: &Origin, request: &[u8]) -> u16 {
    let mut stream = origin.connect().await;
    let _ = stream.write_all(request).await;
    read_response(&mut stream, false).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_of_any_size_and_number_of_fields_are_bounded() {
    let origin = Origin::start().await;
    let megabyte = "x".repeat(1 << 20);
    for (request, allowed) in [
        (format!("GET /{megabyte} HTTP/1.1\r\nHost: o\r\n\r\n"), &[414, 431][..]),
        (format!("GET / HTTP/1.1\r\nHost: o\r\nX: {megabyte}\r\n\r\n"), &[431]),
        (format!("GET / HTTP/1.1\r\nHost: o\r\n{}\r\n", "A: b\r\n".repeat(10_000)), &[431]),
        (format!("{megabyte} / HTTP/1.1\r\n\r\n"), &[400, 431]),
        ("GET / HTTP/1.1\r\nHost: o\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(), &[400]),
        ("GET / HTTP/1.1\r\nHost: o\r\nA\0: b\r\n\r\n".to_owned(), &[400]),
        ("GET / HTTP/9.9\r\nHost: o\r\n\r\n".to_owned(), &[400]),
        ("POST / HTTP/1.1\r\nHost: o\r\nTransfer-Encoding: gzip\r\n\r\n".to_owned(), &[400]),
    ] {
        let status = answer(&origin, request.as_bytes()).await;
        assert!(allowed.contains(&status), "{status} for {:.60}", request);
    }
    assert_eq!(origin.get("/healthz").await.status, 200);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn http_1_0_is_spoken() {
    let origin = Origin::start().await;
    let data = capture();
    let head = format!("POST {STREAM} HTTP/1.0\r\nContent-Length: {}\r\n\r\n", data.len());
    assert_eq!(answer(&origin, &[head.as_bytes(), &data].concat()).await, 200);
    let mut stream = origin.connect().await;
    let request =
        "GET /live.isml/QualityLevels(100000)/Fragments(video=0) HTTP/1.0\r\nIcy-MetaData: 1\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let fragment = read_response(&mut stream, false).await;
    // Its length is told, and then the connection is over.
    assert_eq!(fragment.header("content-length"), fragment.body.len().to_string());
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    let modern = origin.get("/live.isml/QualityLevels(100000)/Fragments(video=0)").await;
    assert_eq!(fragment.body, modern.body);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_lies_about_its_size_costs_its_sender_only() {
    let origin = Origin::start().await;
    origin.post(STREAM, &capture(), 1 << 16).await;
    let head = format!("POST {STREAM} HTTP/1.1\r\nHost: o\r\nTransfer-Encoding: chunked\r\n\r\n");
    for chunk in ["ffffffffffffffff\r\n", "fffffffffffffffff\r\n", "-1\r\n", "zz\r\n", "0x10\r\n"] {
        let mut stream = origin.connect().await;
        stream.write_all(format!("{head}{chunk}").as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{chunk}");
    }
    assert_eq!(origin.get("/live.isml/Manifest").await.status, 200);
    origin.stop().await;
}
