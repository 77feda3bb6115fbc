//! Names and folders of an archive.
//!
//! ```text
//! archives/                        the root, or archivePath
//!   shows/live-isml/               where the publishing point is: /shows/live.isml
//!     20261125T035345Z/            one broadcast: when it began, or its event
//!       .journal
//!       Segment1/                  only with archiveSegmentLength
//!         Encoder1.ismv            one for each push stream; .isma if there is only sound
//!         live.ism  live.ismc
//! ```

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::disk::Disk;

/// Name of the journal in the folder of a broadcast. Hidden, so never given out as a file.
pub(super) const JOURNAL: &str = ".journal";

/// Folder in the root that says which broadcasts to come back to after a restart.
pub(super) const POINTERS: &str = ".points";

/// The folders below the root where broadcasts of the publishing point at URL path `point` go.
pub(super) fn folders(point: &str) -> Vec<String> {
    let stem = stem(point);
    let parents = point.split('/').filter(|p| !p.is_empty());
    let mut parts: Vec<_> = parents.map(safe).collect();
    parts.pop();
    parts.push(safe(&format!("{stem}-isml")));
    parts
}

/// Name of the publishing point at URL path `point`, without `.isml`.
pub(super) fn stem(point: &str) -> String {
    let name = point.rsplit('/').next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    safe(stem)
}

/// `text` as a name in a folder: what is neither letter nor digit nor one of `-._` becomes `_`, and so
/// does a dot at the start. Never empty, never longer than a file system takes.
pub(super) fn safe(text: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || "-._".contains(c) { c } else { '_' };
    let mut name: String = text.chars().map(plain).collect();
    let end = name.char_indices().map(|(at, _)| at).find(|&at| at > MAX_NAME).unwrap_or(name.len());
    name.truncate(end);
    if name.is_empty() || name.starts_with('.') {
        name.replace_range(..name.len().min(1), "_");
    }
    name
}

/// `time` as `20261125T035345Z`.
pub(super) fn stamp(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days since 1 March of year 0, in eras of 400 years: H. Hinnant, "chrono-compatible low-level date
    // algorithms".
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = year + era * 400 + carry;
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{:02}Z", second % 60)
}

/// Makes the folders `parts` below `root`, which is made too, and returns the last. None of them may be a
/// link: what is written stays below `root`.
pub(super) fn make(disk: &dyn Disk, root: &Path, parts: &[String]) -> io::Result<PathBuf> {
    if !root.exists() {
        if let Some(parent) = root.parent().filter(|p| !p.exists()) {
            make(disk, parent, &[])?;
        }
        there(disk.create_folder(root))?;
    }
    let mut folder = root.canonicalize()?;
    for part in parts {
        folder.push(part);
        there(disk.create_folder(&folder))?;
        if !fs::symlink_metadata(&folder)?.is_dir() {
            let what = format!("{} is no folder of its own", folder.display());
            return Err(io::Error::new(ErrorKind::InvalidInput, what));
        }
    }
    Ok(folder)
}

/// Makes a folder in `parent` that was not there: `name`, else `name-2`, `name-3`, …
pub(super) fn make_new(disk: &dyn Disk, parent: &Path, name: &str) -> io::Result<PathBuf> {
    let mut n = 1;
    loop {
        let folder = parent.join(if n == 1 { name.to_owned() } else { format!("{name}-{n}") });
        match disk.create_folder(&folder) {
            Err(e) if e.kind() == ErrorKind::AlreadyExists => n += 1,
            result => return result.map(|()| folder),
        }
    }
}

fn there(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

/// Bytes of a name, so that numbers and extensions fit beside it.
const MAX_NAME: usize = 150;

#[cfg(test)]
mod tests {
    use super::super::disk::System;
    use super::*;
    use std::time::Duration;

    #[test]
    fn names_are_safe_whatever_comes() {
        for (text, name) in [
            ("Encoder1", "Encoder1"),
            ("9092-stream2", "9092-stream2"),
            ("../../etc/passwd", "_._.._etc_passwd"),
            ("..", "_."),
            (".", "_"),
            ("", "_"),
            ("a\0b\\c:d", "a_b_c_d"),
            ("Fußball №1", "Fußball__1"),
        ] {
            let safe = safe(text);
            assert!(!safe.contains(['/', '\\', '\0']) && !safe.starts_with('.'), "{safe}");
            assert_eq!(safe, name);
        }
        assert!(safe(&"ä".repeat(1000)).len() <= MAX_NAME + 2);
        assert_eq!(folders("/shows/today/Live.isml"), ["shows", "today", "Live-isml"]);
        assert_eq!(folders("/live.isml"), ["live-isml"]);
    }

    #[test]
    fn stamps_are_dates() {
        for (seconds, stamped) in [
            (0, "19700101T000000Z"),
            (951_782_400, "20000229T000000Z"),
            (1_764_042_825, "20251125T035345Z"),
            (4_107_542_399, "21000228T235959Z"),
            (4_107_542_400, "21000301T000000Z"),
        ] {
            assert_eq!(stamp(UNIX_EPOCH + Duration::from_secs(seconds)), stamped);
        }
    }

    #[test]
    fn folders_are_new_and_links_are_not_followed() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("a/b");
        let parts = ["x".to_owned(), "y".to_owned()];
        let folder = make(&System, &root, &parts).unwrap();
        assert_eq!(folder, root.canonicalize().unwrap().join("x/y"));
        assert_eq!(make(&System, &root, &parts).unwrap(), folder);
        for name in ["run", "run-2", "run-3"] {
            assert_eq!(make_new(&System, &folder, "run").unwrap(), folder.join(name));
        }
        #[cfg(unix)]
        {
            let outside = tempfile::tempdir().unwrap();
            std::os::unix::fs::symlink(outside.path(), root.join("z")).unwrap();
            let e = make(&System, &root, &["z".to_owned(), "in".to_owned()]).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::InvalidInput);
            assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
        }
    }
}
