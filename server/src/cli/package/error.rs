//! What keeps a presentation from being made, and what to do about it.

use std::io;
use std::path::Path;

use super::super::media::SourceError;

/// Why there is no presentation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// A file cannot be packaged.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// `--output` is not the name of a presentation.
    #[error("{name:?} cannot be the name of a presentation: write -o folder/name, without an ending")]
    Name {
        /// As it was given.
        name: String,
    },
    /// A file would be overwritten.
    #[error("{file} is there already: choose another name with -o, or replace it with --force")]
    Exists {
        /// The file.
        file: String,
    },
    /// The disk is full.
    #[error(
        "the disk of {folder} is full: the presentation takes about {megabytes} MB there. Make room, or choose \
         another folder with -o"
    )]
    Full {
        /// The folder.
        folder: String,
        /// Megabytes of all media.
        megabytes: u64,
    },
    /// A file cannot be written.
    #[error("cannot write {file}: {source}. Choose another folder with -o, or allow writing to this one")]
    Write {
        /// The file or folder.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody interrupted it.
    #[error("interrupted; nothing was left behind")]
    Stopped,
}

impl PackageError {
    /// Of a write to `path`; all media has `bytes` bytes.
    pub(super) fn write(path: &Path, bytes: u64, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full {
                folder: path.parent().and_then(Path::parent).unwrap_or(path).display().to_string(),
                megabytes: bytes.div_ceil(1_000_000),
            },
            _ => Self::Write { file: path.display().to_string(), source },
        }
    }
}
