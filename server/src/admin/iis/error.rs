//! What can go wrong, with the codes that IIS gives it.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

use super::super::BodyError;
use super::write::NAMESPACE;
use crate::publishing_point::registry::Failure;
use crate::publishing_point::{Denied, Wish};
use smooth::xml::escape;

/// Why a request is not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("The method is not allowed for this resource.")]
    Method(&'static str),
    #[error("The content type is missing or not supported: send application/atom+xml.")]
    ContentType,
    #[error("Authentication is required.")]
    Anonymous(Option<HeaderValue>),
    #[error("Access is denied.")]
    Forbidden,
    #[error("The document does not have the elements that it should have: {0}.")]
    Schema(&'static str),
    #[error("The document is not well-formed XML: {0}.")]
    Xml(smooth::Error),
    #[error("The data is not valid: {0}")]
    Data(String),
    #[error("The state cannot be set to this value: only Idle, Started and Stopped can be requested.")]
    StateNotSettable,
    #[error("The state transition is not valid: {0}.")]
    Transition(String),
    #[error("The publishing point is in use: it must be Idle.")]
    InUse,
    #[error("The publishing point is locked by another operation: try again.")]
    Locked,
    #[error("The publishing point already exists.")]
    Exists,
    #[error("The Slug header is missing.")]
    NoSlug,
    #[error("The Slug header is not valid.")]
    BadSlug,
    #[error("The publishing point was not found.")]
    NotFound,
    #[error("The publishing point is not started.")]
    NotStarted,
    #[error("{0}")]
    Body(BodyError),
    #[error("The operation failed: {0}.")]
    Storage(std::io::Error),
    #[error("The operation failed.")]
    Internal,
}

impl From<Denied> for Fault {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::State { wish: Wish::Update, .. } => Self::InUse,
            Denied::State { .. } => Self::Transition(denied.to_string()),
            Denied::File(e) => Self::Storage(e),
        }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Path => Self::BadSlug,
            Failure::Exists => Self::Exists,
            Failure::Missing => Self::NotFound,
            Failure::File(e) => Self::Storage(e),
        }
    }
}

impl From<BodyError> for Fault {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl Fault {
    /// `HRESULT`, and the status of HTTP.
    fn code(&self) -> (u32, StatusCode) {
        let bad = StatusCode::BAD_REQUEST;
        match self {
            Self::Method(_) => (0x8088_0020, StatusCode::METHOD_NOT_ALLOWED),
            Self::ContentType => (0x8088_0021, StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::Anonymous(_) => (0x8088_0022, StatusCode::UNAUTHORIZED),
            Self::Forbidden => (0x8088_0023, StatusCode::UNAUTHORIZED),
            Self::Schema(_) => (0x8088_0024, bad),
            Self::Xml(_) => (0x8088_0025, bad),
            Self::Data(_) => (0x8088_0026, bad),
            Self::StateNotSettable => (0x8088_0027, bad),
            Self::Transition(_) => (0x8088_0028, bad),
            Self::InUse => (0x8088_0029, bad),
            Self::Locked => (0x8088_002A, bad),
            Self::Exists => (0x8088_002B, bad),
            Self::NoSlug => (0x8088_002C, bad),
            Self::BadSlug => (0x8088_002D, bad),
            Self::NotFound => (0x8088_002E, StatusCode::NOT_FOUND),
            Self::NotStarted => (0x8088_002F, bad),
            // E_INVALIDARG, E_FAIL
            Self::Body(error) => (0x8007_0057, error.status()),
            Self::Storage(_) | Self::Internal => (0x8000_4005, StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    pub(super) fn response(self) -> Response<Body> {
        let (code, status) = self.code();
        if status.is_server_error() {
            tracing::error!(error = %self, "administration");
        }
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<SmoothStreaming xmlns=\"{NAMESPACE}\"><Error>\
             <ErrorCode>0x{code:08X}</ErrorCode><ErrorMessage>{}</ErrorMessage><InternalError></InternalError>\
             </Error></SmoothStreaming>\n",
            escape(&self.to_string())
        );
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=utf-8"));
        match self {
            Self::Method(allow) => drop(headers.insert(header::ALLOW, HeaderValue::from_static(allow))),
            Self::Anonymous(Some(challenge)) => drop(headers.insert(header::WWW_AUTHENTICATE, challenge)),
            _ => {}
        }
        response
    }
}

/// The words of IIS for `refusal`, which came from the guard.
pub fn refused(refusal: &Response<Body>) -> Response<Body> {
    let challenge = refusal.headers().get(header::WWW_AUTHENTICATE).cloned();
    let fault = match refusal.status() {
        StatusCode::UNAUTHORIZED => Fault::Anonymous(challenge),
        _ => Fault::Forbidden,
    };
    fault.response()
}
