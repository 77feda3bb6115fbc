//! GET and HEAD behind a publishing point: parse, ask the snapshot, answer.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use hyper::body::Body as _;
use smooth::manifest::Kind;
use smooth::url::{FragmentRequest, Noun, Request};
use tokio::time::{Instant, timeout_at};

use super::body::Pieces;
use super::formats::Format;
use super::smooth::fragment::{self, Answer, Found, Miss};
use super::smooth::{manifest, sparse};
use super::source::Source;
use super::{cmaf, hls};
use crate::http::{App, problem};
use crate::publishing_point::document::Document;
use crate::publishing_point::snapshot::Snapshot;
use crate::publishing_point::traffic::{Output, Traffic};

/// Answers `request` from `source`. `query` may ask to wait (`wait=MS`).
pub async fn serve(
    app: &App,
    source: &dyn Source,
    request: &Request,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Response<Body> {
    let counted = |response: Response<Body>, output: fn(&Traffic) -> &Output| {
        let bytes = response.body().size_hint().exact().unwrap_or_default();
        output(&source.snapshot().traffic).count(response.status().as_u16(), bytes);
        response
    };
    if !source.snapshot().definition.publishing.fragments {
        return problem(StatusCode::FORBIDDEN, "no-viewers", "this publishing point does not serve viewers");
    }
    match request {
        Request::Manifest { event, options } if options.is_empty() => {
            return counted(manifest(source, event.as_deref(), headers), |t| &t.smooth);
        }
        Request::Fragment(request) if request.options.is_empty() => {
            return counted(fragment(app, source, request, query, headers).await, |t| &t.smooth);
        }
        _ => {}
    }
    // In boxes, for who waits for a fragment holds on to the largest of these futures.
    if let Some((format, response)) = Box::pin(cmaf::route::serve(app, source, request, headers)).await {
        let output: fn(&Traffic) -> &Output = match format {
            Format::Cmaf => |t| &t.apple,
            Format::Dash => |t| &t.dash,
        };
        return counted(response, output);
    }
    if let Some(response) = Box::pin(hls::route::serve(app, source, request, headers)).await {
        return counted(response, |t| &t.apple);
    }
    problem(StatusCode::NOT_FOUND, "unsupported-output", "this output is not offered")
}

fn manifest(source: &dyn Source, event: Option<&str>, headers: &HeaderMap) -> Response<Body> {
    let snapshot = source.snapshot();
    let own = || source.manifest().map(|document| ("text/xml", document));
    // What came with the files has an encoding of its own, and says so.
    let made = || Some(("text/xml; charset=utf-8", snapshot.document("smooth", manifest::render)?));
    let Some((kind, document)) = snapshot.has_event(event).then(|| own().or_else(made)).flatten() else {
        return problem(StatusCode::NOT_FOUND, "not-started", "nothing is being broadcast here yet");
    };
    let response = Response::builder()
        .header(header::CONTENT_TYPE, kind)
        .header(header::CACHE_CONTROL, "public, max-age=1");
    send_document(response, headers, &document)
}

async fn fragment(
    app: &App,
    source: &dyn Source,
    request: &FragmentRequest,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Response<Body> {
    let wait = wait(query);
    let until = Instant::now() + wait.unwrap_or_default().min(app.settings.max_hold());
    let missed = |miss, is_far| missed(miss, wait.is_some(), is_far);
    let mut held = None;
    loop {
        let snapshot = source.snapshot();
        let miss = match fragment::find(&snapshot, request) {
            Ok(found) => {
                return match snapshot.load(found.level, found.entry).await {
                    Ok(Some(media)) => match fragment::answer(&found, &media, request.noun) {
                        Ok(answer) => send(app, &snapshot, request, &found, answer, headers),
                        Err(e) => broken(source, &e),
                    },
                    Ok(None) => missed(Miss::Gone, false),
                    Err(e) => broken(source, &e),
                };
            }
            Err(miss) => miss,
        };
        let is_far = fragment::is_far(&snapshot, request);
        drop(snapshot);
        if miss != Miss::NotYet || Instant::now() >= until {
            return missed(miss, is_far);
        }
        if held.is_none() {
            held = Arc::clone(&app.holds).try_acquire_owned().ok();
        }
        if held.is_none() || app.is_stopping() {
            return missed(miss, is_far);
        }
        let is_over = |snapshot: &Snapshot| !matches!(fragment::find(snapshot, request), Err(Miss::NotYet));
        tokio::select! {
            waited = timeout_at(until, app.waits.until(source, request, is_over)) => if waited.is_err() {
                return missed(miss, is_far);
            },
            () = app.stopping() => return missed(miss, is_far),
        }
    }
}

fn send(
    app: &App,
    snapshot: &Snapshot,
    request: &FragmentRequest,
    found: &Found<'_>,
    answer: Answer,
    headers: &HeaderMap,
) -> Response<Body> {
    let kind = match (request.noun, found.level.spec.kind) {
        (Noun::RawFragments, Kind::Text) => "text/xml; charset=utf-8",
        (Noun::RawFragments, _) => "application/octet-stream",
        (_, Kind::Video) => "video/mp4",
        (_, Kind::Audio) => "audio/mp4",
        (_, Kind::Text) => "application/mp4",
    };
    let cache = match found.is_final {
        true => cacheable(app, request.event.is_some(), found.remaining),
        false => "no-cache".to_owned(),
    };
    let response = Response::builder().header(header::CACHE_CONTROL, cache);
    // No header of the empty name.
    let name = HeaderName::try_from(&app.settings.sparse_pointer_header).ok();
    let pointers =
        name.and_then(|name| Some((name, sparse::pointers(snapshot, found.stream, found.entry.span.time)?)));
    let response = match pointers {
        Some((header::CONTENT_TYPE, text)) => response.header(header::CONTENT_TYPE, format!("{kind};{text}")),
        Some((name, text)) => response.header(header::CONTENT_TYPE, kind).header(name, text),
        None => response.header(header::CONTENT_TYPE, kind),
    };
    finish(response, headers, &answer.tag, answer.pieces)
}

/// Sends a manifest or playlist, compressed where the client takes that.
pub(super) fn send_document(
    response: axum::http::response::Builder,
    request: &HeaderMap,
    document: &Document,
) -> Response<Body> {
    let response = response.header(header::VARY, "Accept-Encoding");
    match document.gzip().filter(|_| accepts_gzip(request)) {
        Some(packed) => {
            let response = response.header(header::CONTENT_ENCODING, "gzip");
            // Another representation, another tag (RFC 9110, 8.8.3.3).
            let tag = format!("{}-gzip\"", document.tag.trim_end_matches('"'));
            finish(response, request, &tag, [packed.clone()])
        }
        None => finish(response, request, &document.tag, [document.body.clone()]),
    }
}

/// Whether `Accept-Encoding` names gzip (RFC 9110, 12.5.3) and does not refuse it.
fn accepts_gzip(request: &HeaderMap) -> bool {
    let lists = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok());
    let mut codings = lists.flat_map(|list| list.split(',')).map(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(1.0, |q| q.parse().unwrap_or(0.0));
        (name.trim(), weight)
    });
    codings
        .any(|(name, weight)| weight > 0.0 && ["gzip", "x-gzip"].iter().any(|n| name.eq_ignore_ascii_case(n)))
}

/// `Cache-Control` of what never changes while its address stands for it, and leaves the window in
/// `remaining` seconds. Without an event in the address it is unique only as long as this process remembers
/// the broadcast.
pub(super) fn cacheable(app: &App, has_event: bool, remaining: Option<u64>) -> String {
    let limit = if has_event { YEAR } else { app.settings.fragment_cache_seconds };
    let age = remaining.unwrap_or(YEAR).min(limit);
    let immutable = if has_event && age == YEAR { ", immutable" } else { "" };
    format!("public, max-age={age}{immutable}")
}

/// 304 to who has it.
pub(super) fn finish(
    response: axum::http::response::Builder,
    request: &HeaderMap,
    tag: &str,
    pieces: impl IntoIterator<Item = bytes::Bytes>,
) -> Response<Body> {
    let known = request.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok());
    let has = known.is_some_and(|v| v.split(',').any(|t| t.trim().trim_start_matches("W/") == tag));
    let response = response.header(header::ETAG, tag);
    let response = if has {
        response.status(StatusCode::NOT_MODIFIED).body(Body::empty())
    } else {
        response.body(Body::new(Pieces::new(pieces)))
    };
    response.unwrap_or_else(|_| Response::new(Body::empty()))
}

/// Why outputs beside Smooth Streaming are not there: they have no place for its protection.
pub(super) fn encrypted() -> Response<Body> {
    let message = "this presentation is encrypted, and plays as Smooth Streaming only: HLS and DASH are not \
                   offered of protected content";
    problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "encrypted", message)
}

fn missed(miss: Miss, waited: bool, is_far: bool) -> Response<Body> {
    match miss {
        // [MS-SSTR] 2.2.6, "Fragment Not Yet Available": no body. Who asked us to wait is told so without
        // an error status, which browsers write to the console as a failure.
        Miss::NotYet | Miss::Hole => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() =
                if waited { StatusCode::NO_CONTENT } else { StatusCode::PRECONDITION_FAILED };
            // A cache that remembers that the next fragment is not there holds up everyone behind it.
            let may_keep = miss == Miss::NotYet && is_far && !waited;
            let cache = HeaderValue::from_static(if may_keep { "public, max-age=1" } else { "no-store" });
            response.headers_mut().insert(header::CACHE_CONTROL, cache);
            response
        }
        Miss::Gone => problem(StatusCode::NOT_FOUND, "no-such-fragment", "no such fragment in the window"),
    }
}

fn broken(source: &dyn Source, error: &dyn std::fmt::Display) -> Response<Body> {
    tracing::error!(point = source.path(), %error, "a fragment cannot be served");
    problem(StatusCode::INTERNAL_SERVER_ERROR, "broken", "the fragment cannot be served")
}

/// `wait=MS` in a query.
fn wait(query: Option<&str>) -> Option<Duration> {
    let pairs = query.unwrap_or_default().split('&');
    pairs.filter_map(|p| p.strip_prefix("wait=")).find_map(|v| v.parse().ok()).map(Duration::from_millis)
}

/// In seconds.
const YEAR: u64 = 31_536_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_those_who_ask_for_it() {
        let accepts = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, value.parse().unwrap());
            accepts_gzip(&headers)
        };
        assert!(!accepts_gzip(&HeaderMap::new()));
        for yes in ["gzip", "br, GZIP", "deflate, gzip;q=0.5, *;q=0", "x-gzip"] {
            assert!(accepts(yes), "{yes}");
        }
        for no in ["", "identity", "br", "gzip;q=0", "gzip; q=0.0", "gzip;q=much", "*;q=0"] {
            assert!(!accepts(no), "{no}");
        }
    }
}
