//! `silverlane push`: files as an endless live broadcast in real time.
//!
//! The wire protocol is that of the encoders: an empty `POST`, then a long chunked one with `ftyp`, the
//! live manifest, `moov`, and each fragment when its last sample's time has come; an empty `mfra` at the
//! end. [`Program`] is what is broadcast, [`Target`] where to, [`broadcast()`] does it.

mod captions;
mod clock;
mod error;
mod pacing;
mod program;
mod sender;
mod target;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

pub use super::media::{SourceError, TICKS};
use super::{Failure, protect};
use crate::http::stop_signal;

pub use captions::Captions;
pub use clock::Clock;
pub use error::PushError;
pub use program::Program;
pub use sender::{Options, Report, broadcast};
pub use target::Target;

/// The arguments of `silverlane push`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// MP4 files (one per bitrate, or fragmented ones with several tracks), then the address of the
    /// publishing point: http://server/live.isml
    #[arg(required = true, value_name = "SOURCE… URL")]
    sources: Vec<String>,
    /// Broadcast the built-in sample with captions; no SOURCE is needed
    #[arg(long)]
    demo: bool,
    /// Add captions: a TTML file, or `clock` for the time of day
    #[arg(long, value_name = "FILE|clock")]
    captions: Option<String>,
    /// Id of the stream at the publishing point
    #[arg(long, value_name = "ID", default_value = "Silverlane")]
    stream_id: String,
    /// Id of the event, where the publishing point tells events apart
    #[arg(long, value_name = "ID")]
    event: Option<String>,
    #[command(flatten)]
    protect: protect::Args,
    /// End after one round instead of looping
    #[arg(long)]
    once: bool,
    /// Print errors only
    #[arg(long, short)]
    quiet: bool,
}

/// Runs the subcommand.
///
/// # Errors
///
/// The sources cannot be broadcast, or the server refuses.
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let Some((url, files)) = args.sources.split_last() else { return Err("no address".into()) };
    let target = Target::new(url, args.event.as_deref(), &args.stream_id)?;
    let captions = match args.captions.as_deref() {
        Some("clock") => Some(Captions::clock()),
        Some(file) => Some(Captions::open(Path::new(file))?),
        None => args.demo.then(Captions::clock),
    };
    let mut program = match (files, args.demo) {
        ([], true) => Program::sample()?,
        ([], false) => return Err("name the files to broadcast before the address, or add --demo".into()),
        (_, true) => return Err("--demo broadcasts the built-in sample: name no files beside it".into()),
        (files, false) => Program::open(&files.iter().map(PathBuf::from).collect::<Vec<_>>())?,
    };
    if let Some(captions) = captions {
        program = program.with_captions(captions);
    }
    program = program.protected(&args.protect);
    if !args.quiet {
        let minutes = program.duration() as f64 / TICKS as f64 / 60.0;
        eprintln!(
            "Broadcasting {} to {} (a round is {minutes:.1} min). Ctrl-C ends it.",
            program.summary(),
            target
        );
    }
    let options = Options { once: args.once, quiet: args.quiet, ..Options::default() };
    let report = broadcast(Arc::new(program), &target, options, stop_signal()).await?;
    if !args.quiet {
        eprintln!(
            "Sent {} fragments, {:.1} MB; connected again {} times.",
            report.fragments,
            report.bytes as f64 / 1e6,
            report.reconnects
        );
    }
    Ok(ExitCode::SUCCESS)
}
