//! `silverlane package`: ordinary MP4 files of several bitrates as a presentation on demand.
//!
//! ```text
//! film.ism              where everything is
//! film.ismc             the client manifest
//! film_1200000.ismv     a bitrate of the picture: header, fragments, index
//! film_audio_128000.isma
//! ```
//! The media is copied, never encoded again. Everything is written to a folder beside these, and renamed when
//! it is whole; the `.ism`, whose address is the presentation's, comes last.

mod error;
mod manifests;
mod write;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use smooth::manifest::Kind;

use super::Failure;
use super::media::{Media, Pace, Reel, SourceError, TICKS, Track};
use super::protect::{self, Protector};
use crate::http::stop_signal;

pub use error::PackageError;

/// The arguments of `silverlane package`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// MP4 files of the same pictures, one per bitrate, with key frames at the same times
    #[arg(required = true, value_name = "FILE")]
    pub sources: Vec<PathBuf>,
    /// Where to, without an ending: folder/film makes folder/film.ism and the files that belong to it
    #[arg(long, short, value_name = "NAME")]
    pub output: PathBuf,
    /// Take the sound from this file, instead of the first one that has it
    #[arg(long, value_name = "FILE")]
    pub audio: Option<PathBuf>,
    /// Length of fragments, where key frames allow
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0, value_parser = seconds)]
    pub fragment: f64,
    /// How to encrypt it.
    #[command(flatten)]
    pub protect: protect::Args,
    /// Leave so much of the beginning unencrypted: players start without waiting for a licence
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub clear_lead: u32,
    /// Replace a presentation that is there
    #[arg(long)]
    pub force: bool,
    /// Print errors only
    #[arg(long, short)]
    pub quiet: bool,
}

/// Runs the subcommand.
///
/// # Errors
///
/// See [`PackageError`].
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let is_stopped = Arc::new(AtomicBool::new(false));
    let (quiet, flag) = (args.quiet, Arc::clone(&is_stopped));
    let mut work = tokio::task::spawn_blocking(move || package(&args, &flag));
    let done = tokio::select! {
        done = &mut work => done,
        () = stop_signal() => {
            is_stopped.store(true, Ordering::Relaxed);
            work.await
        }
    };
    let made = done??;
    if !quiet {
        eprintln!(
            "{}: {}, {:.1} min, {:.1} MB. Put its files under the root of an origin, and it plays.",
            made.file.display(),
            made.summary,
            made.ticks as f64 / TICKS as f64 / 60.0,
            made.bytes as f64 / 1e6
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// What was made.
#[derive(Debug)]
pub struct Made {
    /// The `.ism` file.
    pub file: PathBuf,
    /// The bitrates, for a person.
    pub summary: String,
    /// Duration, in ticks of 100 ns.
    pub ticks: u64,
    /// Bytes of media.
    pub bytes: u64,
}

/// Makes the presentation. Ends soon after `is_stopped` says so.
///
/// # Errors
///
/// See [`PackageError`]; nothing is left behind then.
pub fn package(args: &Args, is_stopped: &AtomicBool) -> Result<Made, PackageError> {
    let target = Target::new(&args.output)?;
    let mut reel = read(args)?;
    reel.protector = Protector::new(&args.protect, u64::from(args.clear_lead).saturating_mul(TICKS));
    let plan = manifests::plan(&reel, &target.name);
    if !args.force {
        target.is_free(&plan)?;
    }
    let bar = progress(args.quiet, reel.bytes());
    let made = write::presentation(&reel, &plan, &target, args.force, &bar, is_stopped);
    bar.finish_and_clear();
    let (ticks, bytes) = made?;
    Ok(Made { file: target.file("ism"), summary: reel.summary(), ticks, bytes })
}

/// The tracks of the presentation, cut.
fn read(args: &Args) -> Result<Reel, SourceError> {
    let mut media: Vec<_> = args.sources.iter().map(|p| Media::open(p)).collect::<Result<_, _>>()?;
    let own =
        args.audio.as_ref().map(|file| args.sources.iter().position(|p| p == file).unwrap_or(media.len()));
    if let Some(file) = args.audio.as_ref().filter(|_| own == Some(media.len())) {
        media.push(Media::open(file)?);
    }
    let pictures = args.sources.len();
    // `seconds` has checked the range.
    let fragment = (args.fragment * TICKS as f64).round() as u64;
    let pace = Pace { fragment, longest: LONGEST.max(fragment.saturating_mul(2)), is_round: false };
    Reel::new(media, &pace, |tracks: &mut Vec<Track>| {
        let has_sound = tracks.iter().find(|t| t.kind == Kind::Audio).map(|t| t.media);
        let sound = own.or(has_sound);
        tracks.retain(|t| match t.kind {
            Kind::Audio => Some(t.media) == sound,
            _ => t.media < pictures,
        });
    })
}

/// Where a presentation is written to.
#[derive(Debug)]
struct Target {
    folder: PathBuf,
    name: String,
}

impl Target {
    fn new(output: &Path) -> Result<Self, PackageError> {
        let bad = || PackageError::Name { name: output.display().to_string() };
        let name = output.file_name().and_then(|name| name.to_str()).ok_or_else(bad)?;
        let name = match name.rsplit_once('.') {
            Some((name, ending)) if ending.eq_ignore_ascii_case("ism") => name,
            _ => name,
        };
        if name.is_empty()
            || name.starts_with('.')
            || name.contains(['\\', '"', '<', '>', '?', '*', ':', '|'])
        {
            return Err(bad());
        }
        let folder = output.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        Ok(Self { folder: folder.to_owned(), name: name.to_owned() })
    }

    fn file(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.name))
    }

    /// Checks that nothing would be overwritten.
    fn is_free(&self, plan: &manifests::Plan) -> Result<(), PackageError> {
        let taken = plan.names().map(|name| self.folder.join(name)).find(|path| path.exists());
        taken.map_or(Ok(()), |path| Err(PackageError::Exists { file: path.display().to_string() }))
    }
}

fn progress(quiet: bool, bytes: u64) -> ProgressBar {
    // On a terminal only: indicatif draws nothing where there is none.
    let draw = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(Some(bytes), draw);
    let style =
        ProgressStyle::with_template("{bar:40} {percent}% of {total_bytes}, {bytes_per_sec}, {eta} left");
    style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().map_err(|_| "it is not a number".to_owned())?;
    if (0.5..=30.0).contains(&seconds) { Ok(seconds) } else { Err("use 0.5 to 30 seconds".to_owned()) }
}

/// Fragments that are longer make seeking slow, and no live encoder writes such.
const LONGEST: u64 = 30 * TICKS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_to() {
        let target = |output: &str| Target::new(Path::new(output)).map(|t| (t.folder, t.name));
        assert_eq!(target("films/film").unwrap(), ("films".into(), "film".to_owned()));
        assert_eq!(target("film.ism").unwrap(), (".".into(), "film".to_owned()));
        assert_eq!(target("/a/My film 2.0").unwrap(), ("/a".into(), "My film 2.0".to_owned()));
        for bad in ["", "/", "..", "a/.ism", "a/b:c"] {
            assert!(matches!(target(bad), Err(PackageError::Name { .. })), "{bad}");
        }
    }

    #[test]
    fn fragments_have_a_sensible_length() {
        assert_eq!(seconds("2"), Ok(2.0));
        for bad in ["0", "-1", "NaN", "31", "two"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
