//! The `silverlane` command.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use server::cli::Cli;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("SILVERLANE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // Colours are for a person's terminal, not for a log file.
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    let outcome = tokio::runtime::Runtime::new().map_err(Into::into).and_then(|rt| rt.block_on(cli.run()));
    match outcome {
        Ok(code) => code,
        Err(e) => {
            eprintln!("silverlane: {e}");
            ExitCode::FAILURE
        }
    }
}
