//! `silverlane page`: the pages and the player's files for a presentation, ready for any web server.
//!
//! The files are those of `dist/`, which `make build` puts into the program. A build without them works
//! too, but has no pages to write.

mod template;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::Failure;
use crate::assets;

/// The arguments of `silverlane page`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Address of the presentation: http://server/live.isml, or relative to where the pages will stand
    url: String,
    /// Folder to write into
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Overwrite files that this command did not write
    #[arg(long)]
    force: bool,
}

/// Why pages could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The player is not in this program.
    #[error("this silverlane was built without the player: run `make build`, which puts it in")]
    NoPlayer,
    /// A page of the player does not have the line that names the presentation.
    #[error("{page} of the player that was built in has no line for the address: run `make build` again")]
    Template {
        /// The page.
        page: &'static str,
    },
    /// A file is there that someone else wrote.
    #[error("{} is there already and was not written by this command: add --force to overwrite it", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A file or the folder cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// The page with the markup that SMF pages have.
const PLAYER_PAGE: &str = "SmoothStreamingPlayer.html";
/// The page for devices that play HLS by themselves.
const APPLE_PAGE: &str = "apple.html";
/// Files that every page needs, from `dist/`.
const PLAYER: [&str; 3] = ["smooth-player.js", "smooth-controls.js", "smooth-player_bg.wasm"];
/// The one file that pages do not need: its absence is no fault.
const TYPES: &str = "smooth-player.d.ts";

/// Runs the subcommand.
///
/// # Errors
///
/// [`PageError`]
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let files = pages(&args.url)?;
    for path in write(&files, &args.output, args.force)? {
        println!("{}", path.display());
    }
    eprintln!("Copy these files to any web server, and open {PLAYER_PAGE} there.");
    Ok(ExitCode::SUCCESS)
}

/// A file to write: name and content.
pub type PageFile = (&'static str, Cow<'static, [u8]>);

/// The pages for the presentation at `url`, and the player's files.
///
/// # Errors
///
/// [`PageError::NoPlayer`], [`PageError::Template`]
pub fn pages(url: &str) -> Result<Vec<PageFile>, PageError> {
    let load = |name| assets::load(name).ok_or(PageError::NoPlayer);
    let text = |name| load(name).map(|data| String::from_utf8_lossy(&data).into_owned());
    let manifest = smooth::url::manifest_url(url);
    let player = template::player(&text(PLAYER_PAGE)?, &manifest);
    let apple = template::apple(&text(APPLE_PAGE)?, &manifest);
    let mut files = vec![
        (PLAYER_PAGE, player.ok_or(PageError::Template { page: PLAYER_PAGE })?.into_bytes().into()),
        (APPLE_PAGE, apple.ok_or(PageError::Template { page: APPLE_PAGE })?.into_bytes().into()),
    ];
    for name in PLAYER {
        files.push((name, load(name)?));
    }
    files.extend(load(TYPES).ok().map(|types| (TYPES, types)));
    Ok(files)
}

/// Writes `files` into the folder `to`, which is made if it is missing. Nothing is written if one of
/// them would overwrite what someone else wrote, unless `force`.
///
/// # Errors
///
/// [`PageError::Foreign`], [`PageError::Io`]
pub fn write(files: &[PageFile], to: &Path, force: bool) -> Result<Vec<PathBuf>, PageError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| PageError::Io { path, source }
    };
    std::fs::create_dir_all(to).map_err(io(to))?;
    let paths: Vec<_> = files.iter().map(|(name, _)| to.join(name)).collect();
    for (path, (name, new)) in paths.iter().zip(files) {
        if force || !path.exists() {
            continue;
        }
        let old = std::fs::read(path).map_err(io(path))?;
        if old != **new && !template::is_ours(name, &old) {
            return Err(PageError::Foreign { path: path.clone() });
        }
    }
    for (path, (_, content)) in paths.iter().zip(files) {
        std::fs::write(path, content).map_err(io(path))?;
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_written_again_but_no_one_elses() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("a/b");
        let page = |text: &str| {
            let html = template::player(&text.replace("URL", "LiveSmoothStream.isml/manifest"), "x/manifest")
                .unwrap();
            vec![
                (PLAYER_PAGE, Cow::from(html.into_bytes())),
                (PLAYER[0], Cow::from(b"/*! Silverlane */".to_vec())),
            ]
        };
        let first = page("<html>mediaurl=URL\"");
        assert_eq!(write(&first, &to, false).unwrap(), [to.join(PLAYER_PAGE), to.join(PLAYER[0])]);
        let second = page("<html>new mediaurl=URL\"");
        write(&second, &to, false).unwrap();
        assert_eq!(std::fs::read(to.join(PLAYER_PAGE)).unwrap(), *second[0].1);

        std::fs::write(to.join(PLAYER[0]), "alert(1)").unwrap();
        let error = write(&first, &to, false).unwrap_err();
        assert!(
            error.to_string().contains("smooth-player.js") && error.to_string().contains("--force"),
            "{error}"
        );
        assert_eq!(std::fs::read(to.join(PLAYER_PAGE)).unwrap(), *second[0].1, "nothing is written");
        write(&first, &to, true).unwrap();
        assert_eq!(std::fs::read(to.join(PLAYER_PAGE)).unwrap(), *first[0].1);
    }
}
