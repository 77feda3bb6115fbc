//! `silverlane serve`: settings from flags, environment and file, then [`crate::serve`].

use std::process::ExitCode;

use super::Failure;
use crate::config::{Flags, Settings};
use crate::http::{Listeners, stop_signal};

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
    tracing::info!(root = %settings.root.display(), "starting");
    let listeners = Listeners::bind(&settings).await?;
    crate::serve(settings, listeners, stop_signal()).await?;
    Ok(ExitCode::SUCCESS)
}
