//! Who is at the other end of a connection.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::http::Extensions;

/// The other end of the connection that a request came on: an extension of every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address; an IPv4 address that came through an IPv6 socket is an IPv4 address.
    pub address: SocketAddr,
    /// Whether the connection is encrypted.
    pub is_secure: bool,
    /// Who it is by its TLS client certificate, which has been verified.
    pub identity: Option<Arc<Identity>>,
}

/// What a verified client certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// DNS names of its subject.
    pub names: Vec<String>,
    /// SHA-256 of the certificate, in lower-case hexadecimal digits.
    pub fingerprint: String,
}

impl Peer {
    /// A peer without TLS.
    #[must_use]
    pub fn plain(address: SocketAddr) -> Self {
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        Self { address, is_secure: false, identity: None }
    }

    /// The peer that a request came from. Without one, as in a request made by a test, it is nobody: not
    /// local, and without identity.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        let nobody = || Self::plain(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0));
        extensions.get().cloned().unwrap_or_else(nobody)
    }

    /// Whether it runs on this machine.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        self.address.ip().is_loopback()
    }
}
