//! GET and HEAD of the manifest of DASH: parse, ask the snapshot, answer. Segments are
//! [`cmaf::route`](crate::deliver::cmaf::route)'s.

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode, header};
use smooth::url::Request;

use super::mpd;
use crate::deliver::cmaf;
use crate::deliver::formats::Format;
use crate::deliver::route::send_document;
use crate::deliver::source::Source;
use crate::http::{App, problem};

/// Answers `request` if it is for this output, else `None`.
pub(crate) async fn serve(
    app: &App,
    source: &dyn Source,
    request: &Request,
    headers: &HeaderMap,
) -> Option<Response<Body>> {
    let Request::Manifest { event, options } = request else { return None };
    let format = Format::of(options).filter(|&format| format == Format::Dash)?;
    let snapshot = source.snapshot();
    if !format.is_on(&app.settings, &snapshot.definition) {
        return Some(cmaf::route::off(format));
    }
    let known = snapshot.has_event(event.as_deref());
    let document = known.then(|| snapshot.document(format.name(), mpd::render)).flatten();
    let Some(document) = document else {
        let message = "nothing is being broadcast here yet";
        return Some(problem(StatusCode::NOT_FOUND, "not-started", message));
    };
    let response = Response::builder()
        .header(header::CONTENT_TYPE, "application/dash+xml")
        .header(header::CACHE_CONTROL, "public, max-age=1");
    Some(send_document(response, headers, &document))
}
