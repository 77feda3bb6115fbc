//! The HTTP shell: listener, connection limits, dispatch.

pub mod auth;
mod dispatch;
mod files;
pub mod peer;

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use self::peer::Peer;
use crate::config::Settings;
use crate::publishing_point::registry::Registry;

/// What every request needs.
pub struct App {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The publishing points.
    pub registry: Arc<Registry>,
    /// A permit for each request that is held.
    pub holds: Arc<Semaphore>,
    /// A permit for each encoder.
    pub encoders: Semaphore,
    stop: watch::Sender<bool>,
}

impl App {
    /// Whether the server has been told to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Ready when the server is told to stop.
    pub async fn stopping(&self) {
        // The sender lives as long as `self`.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }
}

/// Runs an origin on `listener` until `shutdown` is ready, then lets open requests finish.
///
/// # Errors
///
/// The root cannot be read.
pub async fn serve(
    settings: Settings,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) -> std::io::Result<()> {
    let settings = Arc::new(settings);
    let registry = Registry::new(Arc::clone(&settings)).map_err(|e| {
        std::io::Error::new(e.kind(), format!("cannot read the root {}: {e}", settings.root.display()))
    })?;
    let app = Arc::new(App {
        registry: Arc::new(registry),
        holds: Arc::new(Semaphore::new(settings.max_held_requests.min(Semaphore::MAX_PERMITS))),
        encoders: Semaphore::new(settings.max_encoders.min(Semaphore::MAX_PERMITS)),
        stop: watch::Sender::new(false),
        settings: Arc::clone(&settings),
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(settings.request_head_seconds))
        // hyper refuses to go below.
        .max_buf_size(settings.max_request_head_bytes.max(8192))
        .max_headers(settings.max_request_headers);
    let slots = Arc::new(Semaphore::new(settings.max_connections.clamp(1, Semaphore::MAX_PERMITS)));
    let graceful = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            next = next => next,
            () = &mut shutdown => break,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(e) => {
                // Out of file descriptors, most likely: give others time to close theirs.
                tracing::warn!(error = %e, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let (app, peer) = (Arc::clone(&app), Peer::plain(address));
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer.clone());
            let app = Arc::clone(&app);
            async move { Ok::<_, Infallible>(dispatch::handle(&app, request.map(Body::new)).await) }
        });
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            let _slot = slot;
            if let Err(e) = connection.await {
                tracing::debug!(error = %e, "connection");
            }
        });
    }
    drop(listener);
    app.stop.send_replace(true);
    let drained =
        tokio::time::timeout(Duration::from_secs(settings.drain_seconds), graceful.shutdown()).await;
    if drained.is_err() {
        tracing::warn!("requests are cut off: they took too long to finish");
    }
    Ok(())
}

/// An error that a person can read: `{"error":code,"message":…}`, never cached.
pub(crate) fn problem(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let body = serde_json::json!({ "error": code, "message": message });
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap_or_default()
}

/// Ready when the process is asked to stop (SIGINT, SIGTERM).
pub async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
            return;
        }
    }
    let _ = interrupt.await;
}
