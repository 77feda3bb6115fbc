//! A slow network: a TCP proxy whose rate, shared by all connections, can be changed while bytes flow.
//!
//! Pacing goes by a virtual clock: each piece takes its time on the link after the one before it, and is
//! passed on when its last byte would have arrived. So late timers never add up, and idle time is not
//! saved for a burst. A new rate counts at once, also for the piece under way; at a rate of 0 nothing passes. The latency
//! comes on top, without costing throughput.
//!
//! Cut, it has no connection any more and accepts none.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The proxy. It ends with this value.
#[derive(Debug)]
pub struct Shaper {
    address: SocketAddr,
    link: Arc<Link>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Link {
    /// Bits per second, from the server to the client.
    rate: watch::Sender<u64>,
    /// Nothing gets through.
    cut: watch::Sender<bool>,
    /// One way.
    latency: Duration,
    /// When the link has carried all it was given.
    free: Mutex<Instant>,
    /// Bytes passed on to clients.
    carried: AtomicU64,
}

impl Shaper {
    /// Listens on a free port and passes everything to `upstream`, at `bits_per_second` towards the client
    /// and with `round_trip` of delay (half of it each way).
    pub async fn start(upstream: SocketAddr, bits_per_second: u64, round_trip: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let link = Arc::new(Link {
            rate: watch::Sender::new(bits_per_second),
            cut: watch::Sender::new(false),
            latency: round_trip / 2,
            free: Mutex::new(Instant::now()),
            carried: AtomicU64::new(0),
        });
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(accept(listener, upstream, Arc::clone(&link)));
        Self { address, link, task }
    }

    /// Changes the rate from now on; 0 carries nothing.
    pub fn set_rate(&self, bits_per_second: u64) {
        self.link.rate.send_replace(bits_per_second);
    }

    /// Ends all connections and every new one; or lets them be again.
    pub fn cut(&self, on: bool) {
        self.link.cut.send_replace(on);
    }

    /// `http://127.0.0.1:port` of the slow side.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Bytes passed on to clients so far.
    #[must_use]
    pub fn carried(&self) -> u64 {
        self.link.carried.load(Ordering::Relaxed)
    }
}

impl Drop for Shaper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, upstream: SocketAddr, link: Arc<Link>) {
    let mut connections = tokio::task::JoinSet::new();
    let mut cut = link.cut.subscribe();
    loop {
        tokio::select! {
            _ = cut.changed() => connections.abort_all(),
            accepted = listener.accept() => {
                if let Ok((client, _)) = accepted && !*cut.borrow() {
                    connections.spawn(connection(client, upstream, Arc::clone(&link)));
                }
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(client: TcpStream, upstream: SocketAddr, link: Arc<Link>) {
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    // The handshake of this connection has cost the client nothing: the first request pays for it.
    tokio::time::sleep(link.latency * 2).await;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let up = carry(from_client, to_server, Arc::clone(&link), false);
    let down = carry(from_server, to_client, link, true);
    tokio::join!(up, down);
}

/// Carries one direction until either end closes it.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, link: Arc<Link>, paced: bool) {
    let (sender, mut pieces) = mpsc::channel::<(Instant, Bytes)>(1024);
    let counted = Arc::clone(&link);
    let writer = async move {
        while let Some((due, piece)) = pieces.recv().await {
            tokio::time::sleep_until(due).await;
            if to.write_all(&piece).await.is_err() {
                return;
            }
            if paced {
                counted.carried.fetch_add(piece.len() as u64, Ordering::Relaxed);
            }
        }
        let _ = to.shutdown().await;
    };
    let reader = async move {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let piece = if paced { link.piece() } else { buffer.len() };
            let Ok(n @ 1..) = from.read(&mut buffer[..piece]).await else { return };
            let arrival = if paced { link.send(n).await } else { Instant::now() };
            if sender.send((arrival + link.latency, Bytes::copy_from_slice(&buffer[..n]))).await.is_err() {
                return;
            }
        }
    };
    // When the writer fails the reader must not go on; when the reader ends the writer empties its queue.
    // Both end with this future.
    let mut readers = tokio::task::JoinSet::new();
    readers.spawn(reader);
    writer.await;
}

impl Link {
    /// Bytes of about ten milliseconds, so that connections share fairly.
    fn piece(&self) -> usize {
        let bytes = *self.rate.borrow() / 8 / 100;
        bytes.clamp(1460, 16 * 1024) as usize
    }

    /// Carries `bytes` bytes, when the link is free; returns when the last of them has left it.
    async fn send(&self, bytes: usize) -> Instant {
        let mut rates = self.rate.subscribe();
        let mut free = self.free.lock().await;
        let now = Instant::now();
        // A timer that was a little late left the link no time to be idle.
        let mut at = if now.duration_since(*free) < LATE { *free } else { now };
        let mut bits = bytes as f64 * 8.0;
        loop {
            let rate = *rates.borrow_and_update() as f64;
            let done = at + Duration::from_secs_f64(bits / rate.max(1e-3));
            tokio::select! {
                () = tokio::time::sleep_until(done) => {
                    *free = done;
                    return done;
                }
                _ = rates.changed() => {
                    let now = Instant::now().max(at);
                    bits = (bits - rate * now.duration_since(at).as_secs_f64()).max(0.0);
                    at = now;
                }
            }
        }
    }
}

/// Timers may be late by this much.
const LATE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    async fn source(bytes: usize) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                tokio::spawn(async move {
                    let _ = stream.read(&mut [0; 1]).await;
                    let _ = stream.write_all(&vec![7; bytes]).await;
                });
            }
        });
        address
    }

    async fn fetch(address: SocketAddr) -> (Duration, Duration, usize) {
        let start = Instant::now();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"x").await.unwrap();
        let mut all = vec![0; 1];
        stream.read_exact(&mut all).await.unwrap();
        let first = start.elapsed();
        stream.read_to_end(&mut all).await.unwrap();
        (first, start.elapsed(), all.len())
    }

    /// Never faster than the link: that is certain on any machine. How much slower is the machine's affair.
    #[tokio::test]
    async fn connections_share_the_rate_and_wait_for_the_latency() {
        let shaper = Shaper::start(source(100_000).await, 4_000_000, Duration::from_millis(40)).await;
        let (a, b) = tokio::join!(fetch(shaper.address), fetch(shaper.address));
        assert_eq!((a.2, b.2), (100_000, 100_000));
        let last = a.1.max(b.1);
        assert!(last >= Duration::from_millis(400 + 80 - 10), "{last:?} for 200 kB at 4 Mbit/s");
        assert!(a.0.min(b.0) >= Duration::from_millis(80), "first bytes after {:?} and {:?}", a.0, b.0);
        assert_eq!(shaper.carried(), 200_000);
    }

    #[tokio::test]
    async fn a_link_that_is_cut_ends_connections_and_takes_none_until_it_is_mended() {
        let shaper = Shaper::start(source(1000).await, 0, Duration::ZERO).await;
        let mut stream = TcpStream::connect(shaper.address).await.unwrap();
        stream.write_all(b"x").await.unwrap();
        shaper.cut(true);
        assert!(!matches!(stream.read(&mut [0; 1]).await, Ok(1..)), "something got through");
        let mut stream = TcpStream::connect(shaper.address).await.unwrap();
        assert!(!matches!(stream.read(&mut [0; 1]).await, Ok(1..)), "something got through");
        shaper.cut(false);
        shaper.set_rate(8_000_000);
        assert_eq!(fetch(shaper.address).await.2, 1000);
    }

    #[tokio::test]
    async fn a_new_rate_counts_for_what_is_still_to_come() {
        let shaper = Shaper::start(source(100_000).await, 8_000, Duration::ZERO).await;
        let fetched = tokio::spawn(fetch(shaper.address));
        while shaper.carried() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        shaper.set_rate(80_000_000);
        let (_, time, bytes) = fetched.await.unwrap();
        assert_eq!(bytes, 100_000);
        assert!(time < Duration::from_secs(50), "{time:?}: at the old rate it takes 100 s");
    }
}
