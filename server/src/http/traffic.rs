//! What happens on one connection, and when it is too little to keep the connection.
//!
//! hyper gives up on a request whose head does not end, and on nothing else: not on a connection that
//! never sends a byte, nor on a handshake that stops, nor on a peer that takes one byte a second of the
//! answer, nor on streams of HTTP/2 whose window stays shut. Here one rule serves for all of them: the
//! connection is closed when for a while it was the peer's turn and too little came of it.

use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::access::Entry;

/// Counts of one connection.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// Requests that have begun.
    requests: AtomicU64,
    /// Answers that wait for us: for a handler, or for the next piece of a body.
    ours: AtomicUsize,
    /// Bytes that the socket has taken.
    sent: AtomicU64,
    /// The socket takes no more for now.
    is_blocked: AtomicBool,
}

impl Traffic {
    /// A request has begun; it is our turn until the guard is dropped.
    pub(super) fn request(self: &Arc<Self>) -> Turn {
        self.requests.fetch_add(1, Relaxed);
        self.turn()
    }

    fn turn(self: &Arc<Self>) -> Turn {
        self.ours.fetch_add(1, Relaxed);
        Turn(Arc::clone(self))
    }

    fn look(&self) -> Look {
        Look {
            requests: self.requests.load(Relaxed),
            is_ours: self.ours.load(Relaxed) > 0,
            sent: self.sent.load(Relaxed),
            is_blocked: self.is_blocked.load(Relaxed),
        }
    }

    /// Ready when the peer has done too little for `patience`: no request, and less than `rate` bytes a
    /// second taken of what we have for it.
    pub(super) async fn stalls(&self, patience: Duration, rate: u64) {
        let step = patience / LOOKS;
        let mut watch =
            Watch::new(rate.saturating_mul(patience.as_millis() as u64) / u64::from(LOOKS) / 1000);
        // Not from an interval: a machine that slept looks once, not for all the time it missed.
        while !watch.stalls(self.look()) {
            tokio::time::sleep(step).await;
        }
    }
}

/// While it lives, an answer waits for us.
#[derive(Debug)]
pub(super) struct Turn(Arc<Traffic>);

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.ours.fetch_sub(1, Relaxed);
    }
}

/// How often a connection is looked at before patience ends.
const LOOKS: u32 = 4;

#[derive(Clone, Copy, Debug, Default)]
struct Look {
    requests: u64,
    is_ours: bool,
    sent: u64,
    is_blocked: bool,
}

/// Tells from looks at equal intervals whether the peer stalls.
#[derive(Debug)]
struct Watch {
    /// Bytes between two looks that are enough.
    enough: u64,
    before: Look,
    quiet: u32,
}

impl Watch {
    fn new(enough: u64) -> Self {
        Self { enough: enough.max(1), before: Look::default(), quiet: 0 }
    }

    fn stalls(&mut self, now: Look) -> bool {
        let before = std::mem::replace(&mut self.before, now);
        let is_slow = now.sent - before.sent < self.enough;
        let is_idle = now.requests == before.requests && !now.is_ours;
        self.quiet = if is_slow && (is_idle || now.is_blocked) { self.quiet + 1 } else { 0 };
        self.quiet > LOOKS
    }
}

/// A socket that counts.
#[derive(Debug)]
pub(super) struct Counted {
    stream: TcpStream,
    traffic: Arc<Traffic>,
}

impl Counted {
    pub(super) const fn new(stream: TcpStream, traffic: Arc<Traffic>) -> Self {
        Self { stream, traffic }
    }

    fn written(&self, poll: Poll<Result<usize>>) -> Poll<Result<usize>> {
        self.traffic.is_blocked.store(poll.is_pending(), Relaxed);
        if let Poll::Ready(Ok(size)) = &poll {
            self.traffic.sent.fetch_add(*size as u64, Relaxed);
        }
        poll
    }
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, data);
        self.written(poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.written(poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A body that says whose turn it is, ours while its next piece is not there, and counts for the access log.
#[derive(Debug)]
pub(super) struct Paced {
    body: Body,
    traffic: Arc<Traffic>,
    turn: Option<Turn>,
    entry: Option<Entry>,
}

impl Paced {
    /// `entry` is its line in the access log.
    pub(super) const fn new(body: Body, traffic: Arc<Traffic>, entry: Option<Entry>) -> Self {
        Self { body, traffic, turn: None, entry }
    }
}

impl hyper::body::Body for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Frame<Bytes>, axum::Error>>> {
        let poll = Pin::new(&mut self.body).poll_frame(cx);
        if poll.is_pending() && self.turn.is_none() {
            self.turn = Some(self.traffic.turn());
        }
        let frame = ready!(poll);
        self.turn = None;
        if let (Some(entry), Some(Ok(frame))) = (&mut self.entry, &frame) {
            entry.bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many looks of `next` until the connection is given up; 100 if never.
    fn looks(mut next: impl FnMut(u64) -> Look) -> u64 {
        let mut watch = Watch::new(1000);
        (0..100).find(|n| watch.stalls(next(*n))).unwrap_or(100)
    }

    #[test]
    fn a_peer_that_does_nothing_is_given_up_after_four_looks() {
        assert_eq!(looks(|_| Look::default()), 4);
        assert_eq!(looks(|n| Look { sent: n.min(3) * 1000, ..Look::default() }), 8);
        assert_eq!(looks(|n| Look { requests: n.min(3), ..Look::default() }), 8);
    }

    #[test]
    fn a_slow_reader_is_given_up_and_a_steady_one_is_not() {
        assert_eq!(looks(|n| Look { sent: n * 999, is_blocked: true, ..Look::default() }), 4);
        assert_eq!(looks(|n| Look { sent: n * 1000, is_blocked: true, ..Look::default() }), 100);
        // In bursts: one good interval of four is enough.
        assert_eq!(looks(|n| Look { sent: n / 4 * 1000, is_blocked: true, ..Look::default() }), 100);
        // Nor does a request that waits, or a new one now and then, excuse it.
        let blocked = |n: u64| Look { sent: n, is_blocked: true, is_ours: true, requests: n };
        assert_eq!(looks(blocked), 4);
    }

    #[test]
    fn whoever_waits_for_us_is_not_given_up() {
        assert_eq!(looks(|_| Look { is_ours: true, ..Look::default() }), 100);
        assert_eq!(looks(|n| Look { requests: n / 3, ..Look::default() }), 100);
    }
}
