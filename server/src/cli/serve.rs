//! `silverlane serve`: settings from flags, environment and file, then [`crate::serve`].

use std::process::ExitCode;

use tokio::net::TcpListener;

use super::Failure;
use crate::config::{Flags, Settings};
use crate::http::stop_signal;

/// The arguments of `silverlane serve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: Flags,
}

/// Runs the origin until it is told to stop.
///
/// # Errors
///
/// The settings cannot be read, or the address cannot be listened on.
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let settings = Settings::load(args.flags)?;
    let listener = TcpListener::bind(settings.listen).await.map_err(|e| {
        format!("cannot listen on {}: {e}. Name another address with --listen", settings.listen)
    })?;
    tracing::info!(address = %listener.local_addr()?, root = %settings.root.display(), "listening");
    crate::serve(settings, listener, stop_signal()).await?;
    Ok(ExitCode::SUCCESS)
}
