//! What keeps files from being cut into fragments, and what to do about it.

/// Why a source cannot be broadcast or packaged. Each says the file and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The file cannot be read.
    #[error("cannot read {file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not an MP4 file.
    #[error("{file} is not an MP4 file. Convert it: ffmpeg -i {file} -c copy -movflags +faststart out.mp4")]
    NotMp4 {
        /// The file.
        file: String,
    },
    /// A box of the file is broken.
    #[error("{file}: {error}. The file is damaged; make it again: ffmpeg -i {file} -c copy out.mp4")]
    Broken {
        /// The file.
        file: String,
        /// What is wrong.
        error: smooth::Error,
    },
    /// A codec that Smooth Streaming players do not know.
    #[error(
        "{file}: track {track} has the codec `{fourcc}`, which no player takes. \
         Encode it again: ffmpeg -i {file} -c:v libx264 -c:a aac out.mp4"
    )]
    Codec {
        /// The file.
        file: String,
        /// Track id.
        track: u32,
        /// Type of the sample entry.
        fourcc: String,
    },
    /// It is encrypted already.
    #[error(
        "{file} is encrypted: it cannot be cut anew, nor be encrypted again. Take the file that it was made \
         from; a protected presentation is served as it is, when its folder lies under the root of an origin"
    )]
    Encrypted {
        /// The file.
        file: String,
    },
    /// No file has picture or sound.
    #[error("{file}: there is neither picture nor sound in it")]
    Empty {
        /// The file.
        file: String,
    },
    /// The bitrates cannot be cut at the same times.
    #[error(
        "{file}: the {bitrate} bit/s picture has no key frame at {seconds:.3} s, where the others have one, so \
         viewers could not change the bitrate there. Encode all bitrates with key frames at the same times: \
         ffmpeg … -g 50 -keyint_min 50 -sc_threshold 0 -flags +cgop (for 25 frames per second)"
    )]
    NotAligned {
        /// The file that lacks the key frame.
        file: String,
        /// Which of its tracks.
        bitrate: u32,
        /// Where, in seconds from the start.
        seconds: f64,
    },
    /// Fragments would be too long.
    #[error(
        "{file}: no key frame for {gap:.1} s after {seconds:.3} s, so a fragment would last that long. Encode it \
         with a key frame every two seconds: ffmpeg … -g 50 -keyint_min 50 -sc_threshold 0 (for 25 frames per second)"
    )]
    FarApart {
        /// The file.
        file: String,
        /// Key frame before the gap, in seconds from the start.
        seconds: f64,
        /// Length of the gap in seconds.
        gap: f64,
    },
    /// The caption file is not TTML.
    #[error("{file}: {error}. Captions must be a TTML document (.ttml, .dfxp)")]
    Captions {
        /// The file.
        file: String,
        /// What is wrong.
        error: smooth::Error,
    },
    /// The picture cannot be entered anywhere.
    #[error(
        "{file}: there is no key frame in the picture. Encode it again: ffmpeg -i {file} -c:v libx264 out.mp4"
    )]
    NoKeyFrame {
        /// The file.
        file: String,
    },
}

impl SourceError {
    pub(in crate::cli) fn broken(file: &str, what: &'static str, rule: &'static str) -> Self {
        Self::Broken { file: file.to_owned(), error: smooth::Error::Invalid { what, rule } }
    }
}
