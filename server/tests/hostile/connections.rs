//! Connections that take and do not give.

use std::net::{IpAddr, UdpSocket};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::harness::{Origin, Parts, STREAM, capture, read_response};

/// Everything until the server hangs up.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    // A reset is an end as well.
    let _ = stream.read_to_end(&mut rest).await;
    rest
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_asks_for_nothing_is_hung_up_on() {
    let origin = Origin::with(&[], |s| s.request_head_seconds = 1).await;
    // Nothing; what may become a request or HTTP/2; a head without end; HTTP/2 without a request.
    let begins: [&[u8]; 5] = [
        b"",
        b"P",
        b"PRI * HTTP/2.0\r\n\r\nS",
        b"GET / HTTP/1.1\r\nHost: o\r\nX-A",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    ];
    let mut silent = Vec::new();
    for begin in begins {
        let mut stream = origin.connect().await;
        stream.write_all(begin).await.unwrap();
        silent.push(stream);
    }
    // And one that asked once.
    let mut kept = origin.connect().await;
    kept.write_all(b"GET /healthz HTTP/1.1\r\nHost: o\r\n\r\n").await.unwrap();
    assert_eq!(read_response(&mut kept, false).await.status, 200);
    silent.push(kept);
    for stream in &mut silent {
        let said = rest(stream).await;
        assert!(!said.starts_with(b"HTTP/1.1 200"), "{said:?}");
    }
    assert_eq!(origin.get("/healthz").await.status, 200);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_comes_byte_by_byte_is_not_waited_for() {
    let origin = Origin::with(&[], |s| s.request_head_seconds = 1).await;
    let mut stream = origin.connect().await;
    let mut byte = [b'a'];
    stream.write_all(b"GET / HTTP/1.1\r\nHost: o\r\nX-A: ").await.unwrap();
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
    // Until it is hung up on: by an end of the stream, or by a failing write.
    loop {
        ticks.tick().await;
        if stream.write_all(b"a").await.is_err() {
            break;
        }
        match stream.try_read(&mut byte) {
            Ok(0) => break,
            Err(e) if e.kind() != std::io::ErrorKind::WouldBlock => break,
            _ => {}
        }
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_reads_little_or_nothing_is_hung_up_on() {
    // Others are served once it is gone, and not before.
    let origin = Origin::with(&[], |s| {
        s.request_head_seconds = 1;
        s.max_connections = 1;
    })
    .await;
    origin.post(STREAM, &capture(), 1 << 16).await;
    // More than the buffers of both systems hold: a file, and a fragment in memory again and again.
    let size = 64 << 20;
    std::fs::File::create(origin.root().join("film.mp4")).unwrap().set_len(size).unwrap();
    let film = "GET /film.mp4 HTTP/1.1\r\nHost: o\r\n\r\n".to_owned();
    let manifest = origin.manifest().await;
    let bitrate = manifest.streams[0].levels.iter().map(|l| l.bitrate).max().unwrap();
    let fragment = format!("/live.isml/QualityLevels({bitrate})/Fragments(video=0)");
    assert!(origin.get(&fragment).await.body.len() * 150 > 8 << 20);
    let fragment = format!("GET {fragment} HTTP/1.1\r\nHost: o\r\n\r\n");
    for (request, bytes) in [(film.clone(), 0), (film, 100), (fragment.repeat(150), 0)] {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(([127, 0, 0, 1], origin.port()).into()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.readable().await.unwrap();
        let slow = async {
            let mut buffer = vec![0; bytes];
            loop {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                if bytes > 0 && stream.read(&mut buffer).await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        let next = tokio::select! {
            next = origin.get("/healthz") => next,
            () = slow => unreachable!(),
        };
        assert_eq!(next.status, 200);
        let got = rest(&mut stream).await.len();
        assert!(got < 32 << 20, "{got}");
    }
    // One that does read gets all of it.
    assert_eq!(origin.get("/film.mp4").await.body.len(), size as usize);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoder_that_sends_a_byte_a_while_is_let_go() {
    let origin = Origin::with(&[], |s| s.ingest_fragment_seconds = 1).await;
    let parts = Parts::of(&capture());
    let mut push = origin.push(STREAM).await;
    push.piece(&parts.stream(0..5)).await;
    push.settled(&origin, "/live.isml/QualityLevels(100000)/Fragments(video=40000000)", 200).await;
    let next = parts.media(5..6);
    let bytes = async {
        for byte in &next {
            push.piece(std::slice::from_ref(byte)).await;
            tokio::select! {
                () = push.readable() => return,
                () = tokio::time::sleep(std::time::Duration::from_millis(20)) => {}
            }
        }
    };
    bytes.await;
    let answer = push.answer().await;
    assert_eq!((answer.status, answer.text().contains("\"slow\"")), (408, true));
    // Its slot is free, and its next try goes on.
    assert_eq!(origin.post(STREAM, &parts.stream(4..10), 1 << 16).await.status, 200);
    assert_eq!(origin.manifest().await.streams[0].chunks.len(), 8);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_are_answered_in_their_order() {
    let origin = Origin::start().await;
    for n in 0..100 {
        std::fs::write(origin.root().join(format!("{n}.txt")), format!("<{n}>")).unwrap();
    }
    let requests: String = (0..100).map(|n| format!("GET /{n}.txt HTTP/1.1\r\nHost: o\r\n\r\n")).collect();
    let last = "GET /healthz HTTP/1.1\r\nHost: o\r\nConnection: close\r\n\r\n";
    let mut stream = origin.connect().await;
    stream.write_all((requests + last).as_bytes()).await.unwrap();
    let answers = String::from_utf8(rest(&mut stream).await).unwrap();
    let bodies: Vec<_> = answers.split('<').skip(1).map(|a| a.split('>').next().unwrap()).collect();
    assert_eq!(bodies, (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
    assert!(answers.ends_with("ok\n"));
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let origin = Origin::with(&[], |s| s.max_connections = 2).await;
    let (mut one, two) = (origin.connect().await, origin.connect().await);
    one.write_all(b"GET /healthz HTTP/1.1\r\nHost: o\r\n\r\n").await.unwrap();
    assert_eq!(read_response(&mut one, false).await.status, 200);
    let mut third = origin.connect().await;
    third.write_all(b"GET /healthz HTTP/1.1\r\nHost: o\r\n\r\n").await.unwrap();
    one.write_all(b"GET /healthz HTTP/1.1\r\nHost: o\r\n\r\n").await.unwrap();
    assert_eq!(read_response(&mut one, false).await.status, 200);
    // Asked before, and not answered.
    assert!(third.try_read(&mut [0; 1]).is_err());
    drop(two);
    assert_eq!(read_response(&mut third, false).await.status, 200);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_its_share_of_connections() {
    // This machine is not counted by its loopback addresses, so it takes another of its own.
    let probe =
        UdpSocket::bind("0.0.0.0:0").and_then(|s| s.connect("192.0.2.1:9").and_then(|()| s.local_addr()));
    let Ok(IpAddr::V4(own)) = probe.map(|a| a.ip()) else { return };
    if own.is_loopback() {
        return;
    }
    let origin = Origin::listening("0.0.0.0", |s| s.max_connections_per_address = 3).await;
    let hello = async || -> Option<TcpStream> {
        let mut stream = TcpStream::connect((own, origin.port())).await.ok()?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: o\r\n\r\n").await.ok()?;
        let mut byte = [0; 1];
        stream.read_exact(&mut byte).await.ok()?;
        Some(stream)
    };
    let mut held = Vec::new();
    for n in 0..5 {
        let stream = hello().await;
        assert_eq!(stream.is_some(), n < 3, "{n}");
        held.extend(stream);
    }
    // Others are not concerned.
    assert_eq!(origin.get("/healthz").await.status, 200);
    held.clear();
    while hello().await.is_none() {
        tokio::task::yield_now().await;
    }
    origin.stop().await;
}
