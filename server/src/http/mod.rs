//! The HTTP shell: listener, connection limits, dispatch.

pub(crate) mod access;
pub mod auth;
mod connection;
mod cors;
mod dispatch;
mod files;
mod listener;
pub mod peer;
mod reload;
pub mod signed;
mod tls;
mod traffic;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use http_body_util::BodyExt;
use tokio::sync::{Mutex, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::access::AccessLog;
use self::auth::credentials::Credentials;
pub use self::connection::Count;
use self::connection::Server;
use self::cors::Cors;
pub use self::listener::Listeners;
use self::listener::Slots;
use self::tls::Tls;
use self::tls::acme::{self, Challenges};
use crate::admin::history::History;
use crate::config::Settings;
use crate::deliver::hls::cache::Segments;
use crate::deliver::waits::Waits;
use crate::on_demand::Library;
use crate::publishing_point::registry::Registry;

/// What every request needs.
pub struct App {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The publishing points.
    pub registry: Arc<Registry>,
    /// The presentations on demand.
    pub(crate) library: Library,
    /// A permit for each request that is held.
    pub holds: Arc<Semaphore>,
    /// Who waits for which fragment.
    pub(crate) waits: Waits,
    /// Segments for Apple devices that were made lately.
    pub segments: Segments,
    /// Who may publish and administrate.
    pub credentials: ArcSwap<Credentials>,
    /// The certificate, if there is one.
    pub(crate) tls: Tls,
    /// What an authority asks for before it gives out a certificate.
    pub(crate) challenges: Challenges,
    /// The access log, if there is one.
    pub(crate) access: Option<Arc<AccessLog>>,
    /// Which sites may play from here.
    pub(crate) cors: Cors,
    /// A permit for each encoder.
    pub encoders: Semaphore,
    /// How many connections are open.
    pub connections: Count,
    /// The last minutes of every point.
    pub history: Arc<History>,
    /// Held while settings of a point are compared and replaced.
    pub changes: Mutex<()>,
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

/// Runs an origin on `listeners` until `shutdown` is ready, then lets open requests finish.
///
/// # Errors
///
/// The root, the credentials or the certificate cannot be read.
pub async fn serve(
    settings: Settings,
    listeners: impl Into<Listeners>,
    shutdown: impl Future<Output = ()> + Send,
) -> std::io::Result<()> {
    let settings = Arc::new(settings);
    let registry = Registry::new(Arc::clone(&settings)).map_err(|e| {
        std::io::Error::new(e.kind(), format!("cannot read the root {}: {e}", settings.root.display()))
    })?;
    let credentials = Credentials::load(&settings.credentials).map_err(std::io::Error::other)?;
    let app = Arc::new(App {
        credentials: ArcSwap::from_pointee(credentials),
        tls: Tls::default(),
        challenges: Challenges::default(),
        access: AccessLog::new(settings.access_log, std::io::stdout()),
        cors: Cors::new(&settings.cors_origins),
        library: Library::new(Arc::clone(&settings), registry.root()),
        registry: Arc::new(registry),
        segments: Segments::new(settings.segment_cache_bytes),
        holds: Arc::new(Semaphore::new(settings.max_held_requests.min(Semaphore::MAX_PERMITS))),
        waits: Waits::default(),
        encoders: Semaphore::new(settings.max_encoders.min(Semaphore::MAX_PERMITS)),
        connections: Count::default(),
        history: Arc::default(),
        changes: Mutex::default(),
        stop: watch::Sender::new(false),
        settings: Arc::clone(&settings),
    });
    reload::load_certificate(&app).map_err(std::io::Error::other)?;
    blocking(&app, Registry::resume).await;
    let slots = Arc::new(Slots::new(&settings));
    let mut running = JoinSet::new();
    for listener in listeners.into().0 {
        running.spawn(listener::run(listener, Server::new(Arc::clone(&app)), Arc::clone(&slots)));
    }
    tokio::select! {
        () = shutdown => {}
        () = reload::run(&app) => {}
        () = acme::run(&app) => {}
        () = app.history.follow(&app.registry) => {}
    }
    app.stop.send_replace(true);
    while running.join_next().await.is_some() {}
    let limit = app.settings.drain();
    blocking(&app, move |registry| registry.finish(limit)).await;
    Ok(())
}

/// Does `work` where it may block.
async fn blocking(app: &App, work: impl FnOnce(&Registry) + Send + 'static) {
    let registry = Arc::clone(&app.registry);
    if let Err(e) = tokio::task::spawn_blocking(move || work(&registry)).await {
        tracing::error!(error = %e, "work on publishing points failed");
    }
}

/// Marks an answer that other sites must not read: it goes without the headers that media have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Private;

/// An error that a person can read: `{"error":code,"message":…}`, never cached.
pub(crate) fn problem(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let body = serde_json::json!({ "error": code, "message": message });
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap_or_default()
}

/// Reads on for a moment: to close on a sender at once would take the answer away from it.
pub(crate) async fn linger(body: &mut Body) {
    let mut left = LINGER_BYTES;
    let read = async {
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, bytes::Bytes::len));
            if left == 0 {
                break;
            }
        }
    };
    let _ = timeout(LINGER, read).await;
}

const LINGER: Duration = Duration::from_millis(500);
const LINGER_BYTES: usize = 1 << 20;

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
