//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::peer::Peer;
use super::traffic::{Counted, Paced, Traffic};
use super::{App, dispatch, tls};
use crate::config::Settings;

/// How many connections are open.
#[derive(Debug, Default)]
pub struct Count(AtomicUsize);

impl Count {
    /// As many as are open now.
    #[must_use]
    pub fn now(&self) -> usize {
        self.0.load(Relaxed)
    }

    /// One more, until the guard is dropped.
    fn open(&self) -> Open<'_> {
        self.0.fetch_add(1, Relaxed);
        Open(&self.0)
    }
}

struct Open<'a>(&'a AtomicUsize);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// How connections are served: HTTP/1 and HTTP/2 with the same limits.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) app: Arc<App>,
    http: auto::Builder<TokioExecutor>,
}

impl Server {
    pub(super) fn new(app: Arc<App>) -> Self {
        Self { http: protocols(&app.settings), app }
    }

    /// Serves `stream` until one side is done with it or the peer stalls; `held` is given back then.
    ///
    /// What it is made of stays where it is made: moved, it would take its room twice in each of many connections.
    pub(super) async fn serve(
        self,
        stream: TcpStream,
        is_secure: bool,
        peer: Peer,
        watcher: Watcher,
        held: impl Send,
    ) {
        // Dropped last.
        let _held = held;
        let _open = self.app.connections.open();
        let traffic = Arc::new(Traffic::default());
        let patience = Duration::from_secs(self.app.settings.request_head_seconds);
        let rate = self.app.settings.min_send_rate;
        let address = peer.address;
        let stream = Counted::new(stream, Arc::clone(&traffic));
        let session = pin!(async {
            if is_secure {
                Box::pin(self.speak_tls(stream, peer, &traffic, watcher)).await;
            } else {
                self.speak(stream, peer, &traffic, watcher).await;
            }
        });
        tokio::select! {
            () = session => {}
            () = traffic.stalls(patience, rate) => {
                tracing::debug!(%address, "connection closed: the peer stalls");
            }
        }
    }

    async fn speak_tls(&self, stream: Counted, mut peer: Peer, traffic: &Arc<Traffic>, watcher: Watcher) {
        let address = peer.address;
        match self.app.tls.accept(stream).await {
            Ok(stream) => {
                peer.is_secure = true;
                let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                peer.identity = shown.map(|certificate| Arc::new(tls::identity(certificate)));
                self.speak(stream, peer, traffic, watcher).await;
            }
            Err(error) => tracing::debug!(%address, %error, "no TLS"),
        }
    }

    async fn speak<S>(&self, stream: S, peer: Peer, traffic: &Arc<Traffic>, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (app, traffic, address) = (Arc::clone(&self.app), Arc::clone(traffic), peer.address);
        let service = service_fn(move |mut request: Request<Incoming>| {
            let turn = traffic.request();
            request.extensions_mut().insert(peer.clone());
            let request = request.map(Body::new);
            let mut entry = app.access.as_ref().map(|log| log.begin(&request, &peer));
            let (app, traffic) = (Arc::clone(&app), Arc::clone(&traffic));
            async move {
                let response = dispatch::handle(&app, request).await;
                drop(turn);
                if let Some(entry) = &mut entry {
                    entry.status = response.status();
                }
                Ok::<_, Infallible>(response.map(|body| Paced::new(body, traffic, entry)))
            }
        });
        let connection = self.http.serve_connection(TokioIo::new(stream), service).into_owned();
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%address, %error, "connection");
        }
    }
}

fn protocols(settings: &Settings) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    // hyper refuses to go below.
    let head = settings.max_request_head_bytes.max(8192);
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(settings.request_head_seconds))
        .max_buf_size(head)
        .max_headers(settings.max_request_headers);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(settings.max_http2_streams)
        .max_header_list_size(u32::try_from(head).unwrap_or(u32::MAX))
        // What opens a stream only to reset it again is told to calm down, and hung up on.
        .max_pending_accept_reset_streams(HTTP2_RESETS)
        .max_local_error_reset_streams(HTTP2_RESETS);
    http
}

/// Streams of one connection that may be reset before they are looked at.
const HTTP2_RESETS: usize = 20;
