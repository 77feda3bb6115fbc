//! What ends a broadcast, and what to do about it.

use super::super::Failure;
use super::super::media::SourceError;

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
