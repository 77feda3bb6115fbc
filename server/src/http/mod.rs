//! The HTTP shell: listener, connection limits, dispatch.

use std::future::Future;

use tokio::net::TcpListener;

use crate::config::Settings;

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
    let _ = (settings, listener);
    shutdown.await;
    Ok(())
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
