//! Why an encoder is sent away, and what it is told.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};

use super::patience::Late;
use crate::publishing_point::Refused;

/// Why a push stream ended before its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("{0}")]
    Format(smooth::Error),
    #[error("the stream ends in the middle of a box or fragment")]
    Truncated,
    #[error("the header names no tracks")]
    NoTracks,
    #[error("a fragment after the end of the stream")]
    AfterEnd,
    #[error("the connection broke: {0}")]
    Lost(axum::Error),
    #[error("nothing came for too long")]
    Idle,
    #[error("a fragment takes too long to come")]
    Slow,
    #[error("too many encoders are connected")]
    TooMany,
    #[error("the server is stopping")]
    Stopping,
}

impl From<Late> for Failure {
    fn from(late: Late) -> Self {
        match late {
            Late::Idle => Self::Idle,
            Late::Slow => Self::Slow,
            Late::Stopping => Self::Stopping,
        }
    }
}

impl Failure {
    /// Status, and code of the error.
    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Refused(Refused::Idle) => (StatusCode::NOT_FOUND, "not-started"),
            Self::Refused(Refused::Pulls) => (StatusCode::FORBIDDEN, "pull-source"),
            Self::Refused(Refused::Stopped) => (StatusCode::CONFLICT, "stopped"),
            Self::Refused(Refused::ShutDown) => (StatusCode::CONFLICT, "shut-down"),
            Self::Refused(Refused::OtherEvent) => (StatusCode::CONFLICT, "other-event"),
            Self::Refused(Refused::EventOver { .. }) => (StatusCode::CONFLICT, "event-over"),
            Self::Refused(Refused::Misaligned { .. }) => (StatusCode::CONFLICT, "misaligned"),
            Self::Refused(Refused::Replaced) => (StatusCode::CONFLICT, "replaced"),
            Self::Refused(Refused::Header(_)) => (StatusCode::CONFLICT, "header-changed"),
            Self::Format(smooth::Error::Limit { .. }) => (StatusCode::PAYLOAD_TOO_LARGE, "too-large"),
            Self::Format(smooth::Error::Unsupported { .. }) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported")
            }
            Self::Format(smooth::Error::Invalid { what: "moof", rule: "it comes before the header" }) => {
                (StatusCode::PRECONDITION_FAILED, "no-header")
            }
            Self::Format(_) | Self::NoTracks | Self::AfterEnd => (StatusCode::BAD_REQUEST, "bad-stream"),
            Self::Truncated | Self::Lost(_) => (StatusCode::BAD_REQUEST, "truncated"),
            Self::Idle => (StatusCode::REQUEST_TIMEOUT, "idle"),
            Self::Slow => (StatusCode::REQUEST_TIMEOUT, "slow"),
            Self::TooMany => (StatusCode::SERVICE_UNAVAILABLE, "too-many-encoders"),
            Self::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        }
    }

    /// The answer that tells the encoder.
    pub(super) fn response(&self, point: &str, stream: &str) -> Response<Body> {
        let (status, code) = self.status();
        let body = serde_json::json!({
            "error": code, "message": self.to_string(), "point": point, "stream": stream,
        });
        Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONNECTION, "close")
            .body(Body::from(body.to_string()))
            .unwrap_or_default()
    }
}
