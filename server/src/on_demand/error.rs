//! What keeps a presentation from being served, and what to do about it.

/// Why a presentation cannot be opened. Files are named as the server manifest names them: viewers may
/// read this.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// A file cannot be read.
    #[error("{file} cannot be read: {source}")]
    Io {
        /// The file.
        file: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file that the server manifest names is not there, or leads out of the root.
    #[error("{file} is not there. Put it beside the server manifest, or correct its src")]
    Missing {
        /// The file.
        file: String,
    },
    /// A document or box cannot be read.
    #[error("{file}: {error}. Make the presentation again, with silverlane package")]
    Broken {
        /// The file.
        file: String,
        /// What is wrong.
        error: smooth::Error,
    },
    /// An ordinary MP4 file, or another kind of file.
    #[error("{file} holds no fragments. Make a presentation of it: silverlane package {file} -o NAME")]
    NoFragments {
        /// The file.
        file: String,
    },
    /// More than the settings allow.
    #[error("there are more fragments than max-presentation-fragments ({max}) allows")]
    TooLarge {
        /// The setting.
        max: u64,
    },
    /// The manifests have no stream in common whose fragments are there.
    #[error("{file}: none of its tracks is in its files. See that src and trackID are right")]
    Empty {
        /// The server manifest.
        file: String,
    },
}

impl Failure {
    pub(super) fn io(file: &str, source: std::io::Error) -> Self {
        Self::Io { file: file.to_owned(), source }
    }

    pub(super) fn broken(file: &str, error: smooth::Error) -> Self {
        Self::Broken { file: file.to_owned(), error }
    }
}
