//! HTTP/2, written by hand: a client library would not do this.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::Origin;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_STREAM_AND_HEADERS: u8 = 5;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header field that no table has.
fn literal(name: &str, value: &str) -> Vec<u8> {
    let text = |s: &str| {
        let mut out = Vec::new();
        // A length of seven bits, and what is above it in groups of seven.
        if s.len() < 127 {
            out.push(u8::try_from(s.len()).unwrap());
        } else {
            out.push(127);
            let mut left = s.len() - 127;
            while left >= 128 {
                out.push((left & 127) as u8 | 128);
                left >>= 7;
            }
            out.push(left as u8);
        }
        out.extend_from_slice(s.as_bytes());
        out
    };
    [vec![0], text(name), text(value)].concat()
}

/// `GET path` of host `o`.
fn get(path: &str) -> Vec<u8> {
    [vec![0x82, 0x86], literal(":path", path), literal(":authority", "o")].concat()
}

struct Client(TcpStream);

impl Client {
    async fn connect(origin: &Origin, settings: &[u8]) -> Self {
        let mut stream = origin.connect().await;
        stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, settings)].concat()).await.unwrap();
        Self(stream)
    }

    async fn send(&mut self, frame: &[u8]) -> bool {
        self.0.write_all(frame).await.is_ok()
    }

    /// Kind, flags, stream and payload of the next frame; `None` when the server has hung up.
    async fn next(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).await.ok()?;
        Some((head[3], head[4], u32::from_be_bytes(head[5..].try_into().unwrap()), payload))
    }

    /// The status of the next answer, as HPACK's static table has it or as three digits.
    async fn status(&mut self) -> Option<u16> {
        loop {
            let (kind, _, _, payload) = self.next().await?;
            if kind == HEADERS {
                return match payload[0] {
                    0x88 => Some(200),
                    0x8d => Some(404),
                    // A literal; three digits, or two bytes in Huffman's code.
                    _ => payload.windows(3).find_map(|w| std::str::from_utf8(w).ok()?.parse().ok()),
                };
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_resets_ends_the_connection() {
    let origin = Origin::start().await;
    let mut client = Client::connect(&origin, &[]).await;
    let headers = get("/healthz");
    for stream in (1..200_001).step_by(2) {
        let open = frame(HEADERS, END_STREAM_AND_HEADERS, stream, &headers);
        if !client.send(&[open, frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()).await {
            break;
        }
    }
    let mut code = None;
    while let Some((kind, _, _, payload)) = client.next().await {
        if kind == GOAWAY {
            code = payload.get(4..8).map(|c| u32::from_be_bytes(c.try_into().unwrap()));
        }
    }
    // ENHANCE_YOUR_CALM, unless a reset of the connection has overtaken it.
    assert!(code.is_none_or(|code| code == 11), "{code:?}");
    assert_eq!(origin.get("/healthz").await.status, 200);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_and_heads_have_the_limits_of_the_settings() {
    let origin = Origin::with(&[], |s| s.max_http2_streams = 7).await;
    let mut client = Client::connect(&origin, &[]).await;
    let (kind, _, _, settings) = client.next().await.unwrap();
    assert_eq!(kind, SETTINGS);
    let setting = |id: u16| {
        let mut all = settings.chunks_exact(6).filter(|s| s[..2] == id.to_be_bytes());
        all.next().map(|s| u32::from_be_bytes(s[2..].try_into().unwrap()))
    };
    assert_eq!((setting(3), setting(6)), (Some(7), Some(16 << 10)));

    client.send(&frame(HEADERS, END_STREAM_AND_HEADERS, 1, &get("/healthz"))).await;
    assert_eq!(client.status().await, Some(200));
    let many = (0..100).flat_map(|n| literal(&format!("x-{n}"), "1"));
    let many: Vec<u8> = get("/healthz").into_iter().chain(many).collect();
    client.send(&frame(HEADERS, END_STREAM_AND_HEADERS, 3, &many)).await;
    let refused = client.next_headers().await;
    assert_ne!(refused.first(), Some(&0x88), "answered as if it were fine");
    // Longer than a head may be, in one frame.
    let long = [get("/healthz"), literal("x", &"y".repeat(16_000)), literal("z", &"y".repeat(300))].concat();
    let mut client = Client::connect(&origin, &[]).await;
    client.send(&frame(HEADERS, END_STREAM_AND_HEADERS, 1, &long)).await;
    loop {
        match client.next().await {
            Some((HEADERS, _, _, payload)) => {
                assert_ne!(payload.first(), Some(&0x88));
                break;
            }
            Some((DATA, ..)) => panic!("a body for a head that is too long"),
            Some((RST_STREAM | GOAWAY, ..)) | None => break,
            Some(_) => {}
        }
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_stays_shut_is_not_waited_for() {
    let origin = Origin::with(&[], |s| s.request_head_seconds = 1).await;
    std::fs::write(origin.root().join("film.mp4"), vec![0; 1 << 20]).unwrap();
    // SETTINGS_INITIAL_WINDOW_SIZE = 0.
    let mut client = Client::connect(&origin, &[0, 4, 0, 0, 0, 0]).await;
    client.send(&frame(HEADERS, END_STREAM_AND_HEADERS, 1, &get("/film.mp4"))).await;
    assert_eq!(client.status().await, Some(200));
    let mut bytes = 0;
    while let Some((kind, _, _, payload)) = client.next().await {
        bytes += if kind == DATA { payload.len() } else { 0 };
    }
    assert_eq!(bytes, 0);
    origin.stop().await;
}

impl Client {
    async fn next_headers(&mut self) -> Vec<u8> {
        loop {
            let (kind, _, _, payload) = self.next().await.unwrap();
            if kind == HEADERS {
                return payload;
            }
        }
    }
}
