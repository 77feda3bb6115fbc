//! The HTTP client of the subcommands.

use std::time::Duration;

use super::Failure;

/// How long a server may take to accept a connection.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client for `url`. Each request has a connection of its own: what a command measures or repeats must
/// not depend on what came before.
pub(super) fn new(url: &reqwest::Url) -> Result<reqwest::Client, Failure> {
    // An error says that a provider is there already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("Silverlane/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(0)
        .tcp_nodelay(true);
    // A proxy of the network cannot reach this machine's own addresses.
    if matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
        builder = builder.no_proxy();
    }
    Ok(builder.build()?)
}

/// The innermost reason of `error`: "connection refused" rather than "error sending request".
pub(super) fn reason(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
