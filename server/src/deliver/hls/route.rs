//! GET and HEAD of HLS: parse, ask the snapshot, answer.

use axum::body::Body;
use axum::http::{HeaderMap, Response};
use smooth::url::Request;

use crate::deliver::source::Source;
use crate::http::App;

/// Answers `request` if it is for this output, else `None`.
pub(crate) async fn serve(
    _app: &App,
    _source: &dyn Source,
    _request: &Request,
    _headers: &HeaderMap,
) -> Option<Response<Body>> {
    None
}
