//! A server that takes pushes and does to them what a test asks for.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::VecDeque;
use std::net::SocketAddr;

use bytes::Bytes;
use smooth::Limits;
use smooth::ingest::{Demuxer, Event, Fragment, Header};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// What the server does with one request, in their order. Beyond the list it takes everything.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plan {
    /// Reads to the end and answers 200.
    Take,
    /// Answers with this status and text at once.
    Answer(u16, &'static str),
    /// Breaks the connection after this many fragments.
    BreakAfter(usize),
}

/// What was seen.
pub(crate) enum Seen {
    /// A request without a body.
    Greeting(String),
    /// The header of a push, and its very bytes.
    Header(Header, Bytes),
    Fragment(Fragment),
    /// The end of the stream was announced.
    End,
}

/// A running server.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    pub(crate) seen: mpsc::UnboundedReceiver<Seen>,
}

impl Sink {
    pub(crate) async fn start(plans: &[Plan]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, seen) = mpsc::unbounded_channel();
        let mut plans: VecDeque<_> = plans.iter().copied().collect();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                take(BufStream::new(stream), plans.pop_front().unwrap_or(Plan::Take), &tell).await;
            }
        });
        Self { address, seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/live.isml", self.address)
    }

    pub(crate) async fn fragment(&mut self) -> Fragment {
        match self.seen.recv().await.unwrap() {
            Seen::Fragment(fragment) => fragment,
            Seen::Greeting(_) => panic!("a greeting instead of a fragment"),
            Seen::Header(..) => panic!("a header instead of a fragment"),
            Seen::End => panic!("the end instead of a fragment"),
        }
    }

    pub(crate) async fn header(&mut self) -> (Header, Bytes) {
        match self.seen.recv().await.unwrap() {
            Seen::Header(header, bytes) => (header, bytes),
            _ => panic!("no header"),
        }
    }

    pub(crate) async fn greeting(&mut self) -> String {
        match self.seen.recv().await.unwrap() {
            Seen::Greeting(head) => head,
            _ => panic!("no greeting"),
        }
    }
}

async fn take(mut stream: BufStream<TcpStream>, plan: Plan, tell: &mpsc::UnboundedSender<Seen>) {
    let mut head = String::new();
    while stream.read_line(&mut head).await.unwrap() > 2 {}
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    if !chunked {
        let _ = tell.send(Seen::Greeting(head));
    }
    let (status, text) = match plan {
        Plan::Answer(status, text) => (status, text),
        _ => (200, ""),
    };
    if chunked && status == 200 {
        let most = if let Plan::BreakAfter(n) = plan { n } else { usize::MAX };
        if !read_body(&mut stream, most, tell).await {
            return;
        }
    }
    let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{text}", text.len());
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

/// False if the connection is to be broken.
async fn read_body(
    stream: &mut BufStream<TcpStream>,
    most: usize,
    tell: &mpsc::UnboundedSender<Seen>,
) -> bool {
    let (mut demuxer, mut fragments, mut all) = (Demuxer::new(Limits::default()), 0, Vec::new());
    loop {
        let mut size = String::new();
        if stream.read_line(&mut size).await.unwrap_or(0) == 0 {
            return false;
        }
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        stream.read_exact(&mut chunk).await.unwrap();
        if size == 0 {
            return true;
        }
        chunk.truncate(size);
        if fragments == 0 {
            all.extend_from_slice(&chunk);
        }
        demuxer.push(chunk.into());
        while let Some(event) = demuxer.poll().unwrap() {
            let seen = match event {
                Event::Header(header) => Seen::Header(header, Bytes::from(std::mem::take(&mut all))),
                Event::Fragment(fragment) => {
                    fragments += 1;
                    Seen::Fragment(fragment)
                }
                _ => Seen::End,
            };
            let _ = tell.send(seen);
            if fragments == most {
                return false;
            }
        }
    }
}
