//! What can change while the server runs: certificates and credentials, on SIGHUP or when their files
//! change. Everything else is read once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::App;
use super::auth::credentials::Credentials;
use super::tls::{acme, files};
use crate::config::Settings;

/// Why something could not be loaded.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Loads again what changed, for ever.
pub(super) async fn run(app: &App) {
    let mut hangups = Hangups::new();
    let period = Duration::from_secs(app.settings.reload_seconds.max(1));
    let mut seen = stamps(&app.settings);
    loop {
        let asked = tokio::select! {
            () = hangups.next() => true,
            () = tokio::time::sleep(period) => false,
        };
        let now = stamps(&app.settings);
        if asked || now != seen {
            // A file that is broken now is tried again when it changes again.
            seen = now;
            reload(app);
        }
    }
}

fn reload(app: &App) {
    match Credentials::load(&app.settings.credentials) {
        Ok(credentials) => app.credentials.store(Arc::new(credentials)),
        Err(error) => tracing::error!(%error, "the credentials stay as they were"),
    }
    match load_certificate(app) {
        Ok(()) => {
            tracing::info!("certificates and credentials are read again; other settings need a restart")
        }
        Err(error) => tracing::error!(error, "the certificate stays as it was"),
    }
}

/// Loads the certificate that the settings name, if any.
///
/// # Errors
///
/// The files cannot be read or do not fit together.
pub(super) fn load_certificate(app: &App) -> Result<(), Failure> {
    let settings = &app.settings;
    if !settings.acme_domains.is_empty() {
        // None yet, or one that is replaced: no reason not to go on.
        if let Err(error) = acme::install(app) {
            tracing::warn!(error, "the certificate that was kept cannot be used");
        }
        return Ok(());
    }
    if is_unset(&settings.tls_cert) {
        return Ok(());
    }
    let certificate = files::read(&settings.tls_cert, &settings.tls_key)?;
    app.tls.replace(certificate, authorities(settings)?)?;
    Ok(())
}

/// Whose client certificates are believed.
///
/// # Errors
///
/// The file cannot be read.
pub(super) fn authorities(
    settings: &Settings,
) -> Result<Vec<rustls::pki_types::CertificateDer<'static>>, files::Error> {
    if is_unset(&settings.tls_client_ca) {
        Ok(Vec::new())
    } else {
        files::certificates(&settings.tls_client_ca)
    }
}

fn is_unset(path: &Path) -> bool {
    path.as_os_str().is_empty()
}

/// When each file was last written, and how long it is.
fn stamps(settings: &Settings) -> Vec<Option<(SystemTime, u64)>> {
    let files: [&PathBuf; 4] =
        [&settings.credentials, &settings.tls_cert, &settings.tls_key, &settings.tls_client_ca];
    files
        .into_iter()
        .map(|file| {
            let metadata = std::fs::metadata(file).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        })
        .collect()
}

/// SIGHUP, where there is one.
struct Hangups {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Hangups {
    #[cfg(unix)]
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self { signal: signal(SignalKind::hangup()).ok() }
    }

    #[cfg(not(unix))]
    const fn new() -> Self {
        Self {}
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}
