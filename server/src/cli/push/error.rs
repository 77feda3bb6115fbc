//! What keeps files from being broadcast, and what to do about it.

use super::super::Failure;

/// Why a source cannot be broadcast. Each says the file and the remedy.
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
    /// Fragments would be too long for a live broadcast.
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
    pub(super) fn broken(file: &str, what: &'static str, rule: &'static str) -> Self {
        Self::Broken { file: file.to_owned(), error: smooth::Error::Invalid { what, rule } }
    }
}

/// Why a broadcast ended before it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// The address is not that of a publishing point.
    #[error("{url} is not the address of a publishing point: it should look like http://server/live.isml")]
    Address {
        /// The address.
        url: String,
    },
    /// The server refuses the broadcast for a reason that trying again does not cure.
    #[error("the server refuses the broadcast: {status}{}. {}", reason(.text), remedy(*.status))]
    Refused {
        /// HTTP status.
        status: u16,
        /// What the server said, if anything.
        text: String,
    },
    /// A source file can no longer be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The HTTP client could not be set up.
    #[error("cannot set up the HTTP client: {0}")]
    Client(Failure),
}

fn reason(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" ({text})") }
}

/// What a person can do about `status`.
fn remedy(status: u16) -> &'static str {
    match status {
        401 | 407 => "The publishing point wants a name and a password: http://name:password@server/…",
        403 => {
            "The publishing point is stopped, another event runs on it, or it is not for you: start it again, \
             or push with the right --event"
        }
        404 | 410 => "Check the address; on the server, the .isml file must exist under its root",
        400 | 412 | 415 => {
            "The address may not be that of a publishing point, or the codecs are not supported there"
        }
        413 => "Fragments are larger than the server takes: use lower bitrates or more key frames",
        _ => "Look at the server's log",
    }
}
