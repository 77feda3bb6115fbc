//! Files of definitions: written whole or not at all, never outside the root.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Puts `content` in the place of what `file` holds; a reader sees the one or the other.
pub(super) fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let folder = file.parent().ok_or(io::ErrorKind::NotFound)?;
    let name = file.file_name().and_then(|n| n.to_str()).ok_or(io::ErrorKind::InvalidInput)?;
    // Hidden, so that it is neither served nor listed, should we die here.
    let draft = folder.join(format!(".{name}.new"));
    let written = write(&draft, content).and_then(|()| std::fs::rename(&draft, file));
    if written.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    written?;
    // The name is on the disk when the folder is; not every system can say so.
    if let Ok(folder) = std::fs::File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

fn write(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = std::fs::File::create(file)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Whether a decoded part of a path names something in its folder, and nothing hidden.
#[must_use]
pub fn is_plain(part: &str) -> bool {
    !part.is_empty() && !part.starts_with('.') && !part.contains(['/', '\\', '\0', ':'])
}

/// The file at URL path `path` under `root`: each part as it is written, else in another letter case.
/// Never outside the root, not even by a link.
pub(crate) fn resolve(root: &Path, path: &str) -> Option<PathBuf> {
    let mut file = root.to_owned();
    for part in path.strip_prefix('/')?.split('/') {
        file = step(&file, part)?;
    }
    let file = file.canonicalize().ok()?;
    (file.is_file() && file.starts_with(root)).then_some(file)
}

/// Where a file that is not there yet would be, its folders made. Nothing is made outside the root, and
/// a folder that is there in another letter case is taken.
pub(super) fn prepare(root: &Path, path: &str) -> io::Result<PathBuf> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidInput);
    let (folders, name) =
        path.strip_prefix('/').ok_or_else(invalid)?.rsplit_once('/').unwrap_or_else(|| ("", &path[1..]));
    let mut folder = root.to_owned();
    for part in folders.split('/').filter(|_| !folders.is_empty()) {
        if !is_plain(part) {
            return Err(invalid());
        }
        folder = match step(&folder, part) {
            Some(there) => there.canonicalize()?,
            None => {
                let made = folder.join(part);
                std::fs::create_dir(&made)?;
                made
            }
        };
        if !folder.starts_with(root) {
            return Err(invalid());
        }
    }
    if !is_plain(name) {
        return Err(invalid());
    }
    if step(&folder, name).is_some() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    Ok(folder.join(name))
}

fn step(folder: &Path, part: &str) -> Option<PathBuf> {
    if !is_plain(part) {
        return None;
    }
    let exact = folder.join(part);
    // A link to nothing is there, too.
    if exact.symlink_metadata().is_ok() { Some(exact) } else { same_but_case(folder, part) }
}

fn same_but_case(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let same = |e: &std::fs::DirEntry| e.file_name().to_str().is_some_and(|n| n.eq_ignore_ascii_case(name));
    entries.filter(same).map(|e| e.path()).min()
}
