//! The subcommands of `silverlane`. Each has a module with its `Args` and an async `run`.

pub mod check;
mod client;
pub mod demo;
pub mod hash;
mod media;
pub mod package;
pub mod page;
pub mod point;
pub mod protect;
pub mod push;
pub mod serve;
pub mod sign;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What a subcommand fails with: a sentence for the person at the terminal.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The command line of `silverlane`.
#[derive(Debug, Parser)]
#[command(name = "silverlane", version, about = "A Smooth Streaming origin, and the tools around it.")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the origin: every .isml file under the root is a publishing point at the same URL path.
    Serve(Box<serve::Args>),
    /// Play files as an endless live broadcast into a publishing point.
    Push(push::Args),
    /// Make a presentation on demand of MP4 files, without encoding them again.
    Package(package::Args),
    /// Write the pages and the player's files for a presentation, ready for any web server.
    Page(page::Args),
    /// Read a presentation as the player would, and say what plays.
    Check(check::Args),
    /// Run an origin and push the built-in sample into it.
    Demo(demo::Args),
    /// List, make, change, start and stop the publishing points of a running origin.
    Point(point::Args),
    /// Make a playback URL that is good for a while.
    Sign(sign::Args),
    /// Hash a password for the credentials file.
    Hash(hash::Args),
}

impl Cli {
    /// Runs the subcommand to its end.
    ///
    /// # Errors
    ///
    /// A sentence that says what went wrong.
    pub async fn run(self) -> Result<ExitCode, Failure> {
        match self.command {
            Command::Serve(args) => Box::pin(serve::run(*args)).await,
            Command::Push(args) => Box::pin(push::run(args)).await,
            Command::Package(args) => Box::pin(package::run(args)).await,
            Command::Page(args) => Box::pin(page::run(args)).await,
            Command::Check(args) => Box::pin(check::run(args)).await,
            Command::Demo(args) => Box::pin(demo::run(args)).await,
            Command::Point(args) => Box::pin(point::run(args)).await,
            Command::Sign(args) => sign::run(&args),
            Command::Hash(args) => hash::run(&args),
        }
    }
}
