//! GET and HEAD of CMAF segments: parse, ask the snapshot, answer.

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode, header};
use smooth::manifest::Kind;
use smooth::url::{FragmentRequest, Noun, Request};

use super::presentation::Clock;
use super::segment::{self, Error};
use crate::deliver::formats::{Format, option};
use crate::deliver::route::{cacheable, finish};
use crate::deliver::smooth::fragment::{Answer, Miss, level, remaining};
use crate::deliver::source::Source;
use crate::http::{App, problem};

/// Answers `request` if it is for a segment of CMAF, and says which output it is counted to; else `None`.
pub(crate) async fn serve(
    app: &App,
    source: &dyn Source,
    request: &Request,
    headers: &HeaderMap,
) -> Option<(Format, Response<Body>)> {
    let (Request::InitSegment { options, .. } | Request::Fragment(FragmentRequest { options, .. })) = request
    else {
        return None;
    };
    let format = Format::of(options)?;
    let on = format.is_on(&app.settings, &source.snapshot().definition);
    let response = if on { answer(app, source, format, request, headers).await } else { off(format) };
    Some((format, response))
}

async fn answer(
    app: &App,
    source: &dyn Source,
    format: Format,
    request: &Request,
    headers: &HeaderMap,
) -> Response<Body> {
    let snapshot = source.snapshot();
    let (event, name, bitrate, attributes) = match request {
        Request::InitSegment { event, bitrate, attributes, name, .. } => (event, name, *bitrate, attributes),
        Request::Fragment(r) => (&r.event, &r.name, r.bitrate, &r.attributes),
        _ => return gone(),
    };
    let known = snapshot.state.serves() && snapshot.has_event(event.as_deref());
    let found = known.then(|| level(&snapshot, name, bitrate, attributes)).flatten();
    let Some((stream, level)) = found else { return gone() };
    let (answer, remaining) = match request {
        Request::Fragment(request) => {
            let Some(epoch) = epoch(&request.options) else { return gone() };
            let clock = Clock::new(epoch, stream.timescale);
            let time = match format {
                // What a player of DASH computes with has to be small.
                Format::Dash => clock.back(request.time),
                Format::Cmaf => request.time,
            };
            let entry = match segment::find(&snapshot, stream, level, time) {
                Ok(entry) => entry,
                Err(miss) => return missed(miss),
            };
            let media = match snapshot.load(level, entry).await {
                Ok(Some(media)) => media,
                Ok(None) => return gone(),
                Err(e) => return broken(source, &e),
            };
            let answer = match request.noun {
                Noun::Fragments => segment::media(level, entry, &media, clock),
                Noun::KeyFrames => segment::key_frame(level, entry, &media, clock),
                Noun::FragmentInfo | Noun::RawFragments => return gone(),
            };
            (answer, remaining(&snapshot, stream, entry.span.end()))
        }
        _ => (segment::init(level), None),
    };
    let cache = cacheable(app, event.is_some(), remaining);
    match answer {
        Ok(answer) => send(level.spec.kind, &cache, answer, headers),
        Err(e @ (Error::Encrypted | Error::Codec)) => {
            problem(StatusCode::NOT_FOUND, "unsupported-media", &e.to_string())
        }
        Err(e) => broken(source, &e),
    }
}

/// What a disabled output answers.
pub(crate) fn off(format: Format) -> Response<Body> {
    let name = format.name();
    let message = format!(
        "the output {name} is off: add it to the setting `formats` of the server, or write \
         <meta name=\"formats\" content=\"{name}\"/> into the publishing point's definition"
    );
    problem(StatusCode::NOT_FOUND, "output-off", &message)
}

/// The epoch of an address, in seconds.
fn epoch(options: &str) -> Option<u64> {
    option(options, "epoch").map_or(Some(0), |seconds| seconds.parse().ok())
}

fn send(kind: Kind, cache: &str, answer: Answer, headers: &HeaderMap) -> Response<Body> {
    let kind = match kind {
        Kind::Video => "video/mp4",
        Kind::Audio => "audio/mp4",
        Kind::Text => "application/mp4",
    };
    let response =
        Response::builder().header(header::CONTENT_TYPE, kind).header(header::CACHE_CONTROL, cache);
    finish(response, headers, &answer.tag, answer.pieces)
}

fn missed(miss: Miss) -> Response<Body> {
    match miss {
        Miss::NotYet => problem(StatusCode::NOT_FOUND, "not-yet", "this segment is not there yet"),
        Miss::Hole | Miss::Gone => gone(),
    }
}

fn gone() -> Response<Body> {
    problem(StatusCode::NOT_FOUND, "no-such-segment", "no such segment in the window")
}

fn broken(source: &dyn Source, error: &dyn std::fmt::Display) -> Response<Body> {
    tracing::error!(point = source.path(), %error, "a segment cannot be served");
    problem(StatusCode::INTERNAL_SERVER_ERROR, "broken", "the segment cannot be served")
}
