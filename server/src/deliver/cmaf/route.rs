//! GET and HEAD of CMAF, in HLS and in DASH: parse, ask the snapshot, answer.

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode, header};
use smooth::manifest::Kind;
use smooth::url::{FragmentRequest, Noun, Request};

use super::presentation::Clock;
use super::segment::{self, Error, Segment};
use crate::deliver::formats::{Format, option};
use crate::deliver::route::{cacheable, encrypted, finish, send_document};
use crate::deliver::smooth::fragment::{Miss, level};
use crate::deliver::source::Source;
use crate::deliver::{codecs, dash, hls};
use crate::http::{App, problem};
use crate::publishing_point::document::Document;
use crate::publishing_point::snapshot::Snapshot;

/// Answers `request` if it is for a segment of CMAF or a playlist of it, and says which output it is
/// counted to; else `None`.
pub(crate) async fn serve(
    app: &App,
    source: &dyn Source,
    request: &Request,
    headers: &HeaderMap,
) -> Option<(Format, Response<Body>)> {
    let (Request::Manifest { event, options }
    | Request::LevelManifest { event, options, .. }
    | Request::InitSegment { event, options, .. }
    | Request::Fragment(FragmentRequest { event, options, .. })) = request
    else {
        return None;
    };
    let format = Format::of(options)?;
    let snapshot = source.snapshot();
    if snapshot.is_protected() && snapshot.has_event(event.as_deref()) {
        return Some((format, encrypted()));
    }
    if !format.is_on(&app.settings, &snapshot.definition) {
        return Some((format, off(format)));
    }
    if !snapshot.has_event(event.as_deref()) {
        return Some((format, gone()));
    }
    let response = match request {
        Request::Manifest { .. } if format == Format::Dash => mpd(&snapshot, headers),
        Request::Manifest { .. } => {
            playlist(&snapshot, snapshot.document(format.name(), hls::cmaf::master::render), headers)
        }
        Request::LevelManifest { bitrate, attributes, .. } if format == Format::Cmaf => {
            level_playlist(&snapshot, *bitrate, attributes, options, headers)
        }
        Request::InitSegment { event, bitrate, attributes, name, .. } => {
            match level(&snapshot, name, *bitrate, attributes).filter(|_| snapshot.state.serves()) {
                Some((_, level)) => {
                    let cache = cacheable(app, event.is_some(), None);
                    answer(source, segment::init(level), mp4(level.spec.kind), &cache, headers)
                }
                None => gone(),
            }
        }
        Request::Fragment(request) => media(app, source, &snapshot, format, request, headers).await,
        _ => gone(),
    };
    Some((format, response))
}

fn mpd(snapshot: &Snapshot, headers: &HeaderMap) -> Response<Body> {
    let Some(document) = snapshot.document(Format::Dash.name(), dash::mpd::render) else {
        return nothing(snapshot);
    };
    let response = Response::builder()
        .header(header::CONTENT_TYPE, "application/dash+xml")
        .header(header::CACHE_CONTROL, "public, max-age=1");
    send_document(response, headers, &document)
}

fn level_playlist(
    snapshot: &Snapshot,
    bitrate: u32,
    attributes: &[(String, String)],
    options: &str,
    headers: &HeaderMap,
) -> Response<Body> {
    let name = options.split(',').next().unwrap_or_default().trim();
    let Some((stream, level)) = level(snapshot, name, bitrate, attributes) else { return gone() };
    let key_frames = match option(options, "type") {
        None => false,
        Some(kind) if kind.eq_ignore_ascii_case("keyframes") && stream.kind == Kind::Video => true,
        Some(_) => return gone(),
    };
    let view = if key_frames { " keyframes" } else { "" };
    let key = format!("{} {}{view}", Format::Cmaf.name(), level.id);
    let render = |s: &Snapshot| hls::cmaf::media::render(s, &stream.name, level, key_frames);
    playlist(snapshot, snapshot.document(&key, render), headers)
}

fn playlist(snapshot: &Snapshot, document: Option<Document>, headers: &HeaderMap) -> Response<Body> {
    let Some(document) = document else { return nothing(snapshot) };
    let response = Response::builder()
        .header(header::CONTENT_TYPE, "application/vnd.apple.mpegurl")
        .header(header::CACHE_CONTROL, "public, max-age=1");
    send_document(response, headers, &document)
}

async fn media(
    app: &App,
    source: &dyn Source,
    snapshot: &Snapshot,
    format: Format,
    request: &FragmentRequest,
    headers: &HeaderMap,
) -> Response<Body> {
    let found = level(snapshot, &request.name, request.bitrate, &request.attributes);
    let Some((stream, level)) = found.filter(|_| snapshot.state.serves()) else { return gone() };
    let Some(epoch) = epoch(&request.options) else { return gone() };
    let clock = Clock::new(epoch, stream.timescale);
    let found = match format {
        Format::Dash => match clock.back(request.time) {
            Some(time) => segment::chunk(snapshot, stream, level, time),
            None => return gone(),
        },
        Format::Cmaf => segment::joined(snapshot, stream, level, request.time),
    };
    let found = match found {
        Ok(found) => found,
        Err(Miss::NotYet) => {
            return problem(StatusCode::NOT_FOUND, "not-yet", "this segment is not there yet");
        }
        Err(Miss::Hole | Miss::Gone) => return gone(),
    };
    let mut loaded = Vec::with_capacity(found.entries.len());
    for entry in &found.entries {
        match snapshot.load(level, entry).await {
            Ok(Some(media)) => loaded.push((*entry, media)),
            Ok(None) => return gone(),
            Err(e) => return broken(source, &e),
        }
    }
    let is_text = stream.kind == Kind::Text && format == Format::Cmaf;
    let segment = match request.noun {
        Noun::Fragments if is_text => Ok(segment::webvtt(level, &loaded, &found.shown)),
        Noun::Fragments => segment::media(level, &loaded, clock),
        Noun::KeyFrames => segment::key_frame(level, &loaded, clock),
        Noun::FragmentInfo | Noun::RawFragments => return gone(),
    };
    let kind = if is_text { "text/vtt; charset=utf-8" } else { mp4(stream.kind) };
    let cache = cacheable(app, request.event.is_some(), found.remaining);
    answer(source, segment, kind, &cache, headers)
}

fn answer(
    source: &dyn Source,
    segment: Result<Segment, Error>,
    kind: &str,
    cache: &str,
    headers: &HeaderMap,
) -> Response<Body> {
    match segment {
        Ok(segment) => {
            let response =
                Response::builder().header(header::CONTENT_TYPE, kind).header(header::CACHE_CONTROL, cache);
            finish(response, headers, &segment.tag(), segment.pieces)
        }
        Err(Error::Encrypted) => encrypted(),
        Err(e @ Error::Codec) => {
            problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media", &e.to_string())
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

const fn mp4(kind: Kind) -> &'static str {
    match kind {
        Kind::Video => "video/mp4",
        Kind::Audio => "audio/mp4",
        Kind::Text => "application/mp4",
    }
}

/// Why there is nothing to show of `snapshot`.
fn nothing(snapshot: &Snapshot) -> Response<Body> {
    if let Some(codecs) = codecs::beyond_mp4(snapshot) {
        let message = format!("players of this output cannot decode {codecs}, which is all there is");
        return problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media", &message);
    }
    let message = "nothing is being broadcast here yet, or too little of it to begin with";
    problem(StatusCode::NOT_FOUND, "not-started", message)
}

fn gone() -> Response<Body> {
    problem(StatusCode::NOT_FOUND, "no-such-segment", "no such playlist or segment in the window")
}

fn broken(source: &dyn Source, error: &dyn std::fmt::Display) -> Response<Body> {
    tracing::error!(point = source.path(), %error, "a segment cannot be served");
    problem(StatusCode::INTERNAL_SERVER_ERROR, "broken", "the segment cannot be served")
}
