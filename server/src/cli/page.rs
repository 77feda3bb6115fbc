//! `silverlane page`.

use std::process::ExitCode;

use super::Failure;

/// The arguments of `silverlane page`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the subcommand.
///
/// # Errors
///
/// Always, for now.
pub async fn run(_: Args) -> Result<ExitCode, Failure> {
    Err("this subcommand is not built into this version".into())
}
