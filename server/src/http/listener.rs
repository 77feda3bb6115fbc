//! From a listening socket to connections: how many, and from where.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::connection::Server;
use super::peer::Peer;
use crate::config::Settings;

/// Bounds on connections, shared by all listeners.
#[derive(Debug)]
pub(super) struct Slots {
    total: Arc<Semaphore>,
    by_address: Arc<ByAddress>,
}

impl Slots {
    pub(super) fn new(settings: &Settings) -> Self {
        let total = settings.max_connections.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            total: Arc::new(Semaphore::new(total)),
            by_address: Arc::new(ByAddress::new(settings.max_connections_per_address)),
        }
    }
}

/// A socket that is listened on.
#[derive(Debug)]
pub(super) struct Listener {
    socket: TcpListener,
    is_secure: bool,
}

/// The sockets of one server.
#[derive(Debug)]
pub struct Listeners(pub(super) Vec<Listener>);

impl Listeners {
    /// Listens on the addresses of `settings`: for TLS only if there is to be a certificate.
    ///
    /// # Errors
    ///
    /// A sentence about the address that cannot be listened on.
    pub async fn bind(settings: &Settings) -> Result<Self, String> {
        let mut all = Self::from(listen(settings.listen, "--listen").await?);
        if settings.has_tls() {
            all = all.with_tls(listen(settings.tls_listen, TLS_FLAG).await?);
        }
        Ok(all)
    }

    /// Takes in `socket` for TLS.
    #[must_use]
    pub fn with_tls(mut self, socket: TcpListener) -> Self {
        self.0.push(Listener { socket, is_secure: true });
        self
    }
}

impl From<TcpListener> for Listeners {
    /// `socket` without TLS.
    fn from(socket: TcpListener) -> Self {
        Self(vec![Listener { socket, is_secure: false }])
    }
}

async fn listen(address: SocketAddr, flag: &str) -> Result<TcpListener, String> {
    let failed = |e| format!("cannot listen on {address}: {e}. Name another address with {flag}");
    let socket = TcpListener::bind(address).await.map_err(failed)?;
    let address = socket.local_addr().map_err(failed)?;
    tracing::info!(%address, tls = flag == TLS_FLAG, "listening");
    Ok(socket)
}

const TLS_FLAG: &str = "--tls-listen";

/// Serves what connects to `listener` until the server is told to stop, then lets open requests finish for
/// a while, and cuts off the rest.
pub(super) async fn run(Listener { socket, is_secure }: Listener, server: Server, slots: Arc<Slots>) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(server.app.stopping());
    let mut failures = 0_u32;
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            accepted = socket.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: give others time to close theirs.
                if failures == 0 {
                    tracing::warn!(%error, "cannot accept connections");
                }
                failures = failures.saturating_add(1);
                tokio::time::sleep(BACK_OFF).await;
                continue;
            }
        };
        if failures > 0 {
            tracing::info!(failures, "connections are accepted again");
            failures = 0;
        }
        let peer = Peer::plain(address);
        // One waits here, the others in the system's queue: a slot is not held for who does not come.
        let slot = tokio::select! {
            () = &mut stop => break,
            slot = Arc::clone(&slots.total).acquire_owned() => slot,
        };
        let Some(share) = slots.by_address.enter(peer.address.ip()) else {
            tracing::debug!(%address, "connection closed: too many from one address");
            continue;
        };
        let _ = stream.set_nodelay(true);
        let held = (slot, share);
        connections.spawn(server.clone().serve(stream, is_secure, peer, graceful.watcher(), held));
    }
    drop(socket);
    if tokio::time::timeout(server.app.settings.drain(), graceful.shutdown()).await.is_err() {
        tracing::warn!("requests are cut off: they took too long to finish");
    }
}

const BACK_OFF: Duration = Duration::from_millis(100);

/// How many connections each address has.
#[derive(Debug)]
struct ByAddress {
    limit: usize,
    counts: Mutex<HashMap<IpAddr, usize>>,
}

impl ByAddress {
    fn new(limit: usize) -> Self {
        Self { limit, counts: Mutex::default() }
    }

    /// A share for one more connection; `None` if the address has its share.
    fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Share> {
        let network = network(address);
        // Behind a proxy on this machine everybody is this machine.
        if self.limit > 0 && !address.is_loopback() {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(network).or_default();
            if *count >= self.limit {
                return None;
            }
            *count += 1;
        }
        Some(Share { all: Arc::clone(self), network })
    }
}

/// One connection's share.
#[derive(Debug)]
struct Share {
    all: Arc<ByAddress>,
    network: IpAddr,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut counts = self.all.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.network);
            }
        }
    }
}

/// What one subscriber has: an IPv4 address, or 64 bits of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_share_and_gets_it_back() {
        let all = Arc::new(ByAddress::new(2));
        let enter = |address: &str| all.enter(address.parse().unwrap());
        let (one, two) = (enter("192.0.2.1"), enter("::ffff:192.0.2.1"));
        assert!(one.is_some() && two.is_some());
        assert!(enter("192.0.2.1").is_none());
        assert!(enter("192.0.2.2").is_some());
        drop(one);
        assert!(enter("192.0.2.1").is_some());
        // One network of IPv6 counts as one.
        let six = [enter("2001:db8::1"), enter("2001:db8::2")];
        assert!(six.iter().all(Option::is_some) && enter("2001:db8::3").is_none());
        assert!(enter("2001:db8:0:1::3").is_some());
        drop((two, six));
        assert!(all.counts.lock().unwrap().is_empty());
    }

    #[test]
    fn this_machine_is_not_counted_and_zero_is_no_limit() {
        let all = Arc::new(ByAddress::new(1));
        let local: Vec<_> = (0..5).map(|_| all.enter("127.0.0.1".parse().unwrap())).collect();
        assert!(local.iter().all(Option::is_some));
        let all = Arc::new(ByAddress::new(0));
        let far: Vec<_> = (0..5).map(|_| all.enter("192.0.2.1".parse().unwrap())).collect();
        assert!(far.iter().all(Option::is_some));
    }
}
