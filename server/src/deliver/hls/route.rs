//! GET and HEAD of HLS: parse, ask the snapshot, answer.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode, header};
use smooth::url::{FragmentRequest, Noun, Request};

use super::options::Options;
use super::recipe::Recipe;
use super::segment::Error;
use super::segments::Segment;
use super::tracks::Selection;
use super::{captions, master, media};
use crate::deliver::codecs;
use crate::deliver::formats::{self, Format};
use crate::deliver::route::{cacheable, encrypted, finish, send_document};
use crate::deliver::smooth::fragment::{Miss, remaining};
use crate::deliver::source::Source;
use crate::http::{App, problem};
use crate::publishing_point::document::Document;
use crate::publishing_point::snapshot::Snapshot;

/// Answers `request` if it is for this output, else `None`.
pub(crate) async fn serve(
    app: &App,
    source: &dyn Source,
    request: &Request,
    headers: &HeaderMap,
) -> Option<Response<Body>> {
    let (event, text) = match request {
        Request::Manifest { event, options } | Request::LevelManifest { event, options, .. } => {
            (event, options.as_str())
        }
        Request::Fragment(FragmentRequest { event, options, .. }) => (event, options.as_str()),
        Request::Key { event } => (event, KEY_OPTIONS),
        _ => return None,
    };
    let mut options = match Options::read(text)? {
        Ok(options) => options,
        Err(e) => return Some(problem(StatusCode::BAD_REQUEST, "unknown-option", &e.to_string())),
    };
    let snapshot = source.snapshot();
    if let Some(refusal) = refuse(app, &snapshot, event.as_deref()) {
        return Some(refusal);
    }
    if let Some(track) = &mut options.audio_track {
        // As the stream spells itself: addresses go on with it, and documents are kept under it.
        let Some(stream) = snapshot.streams.iter().find(|s| s.name.eq_ignore_ascii_case(track)) else {
            return Some(gone());
        };
        track.clone_from(&stream.name);
    }
    Some(match request {
        Request::Manifest { .. } => {
            let key = format!("hls {} {}", options.inherited(), options.audio_only);
            let document = snapshot.document(&key, |s| master::render(s, &options));
            let reason = || codecs::beyond_transport_streams(&snapshot).filter(|_| snapshot.state.serves());
            match document.is_none().then(reason).flatten() {
                Some(codecs) => unsupported(&snapshot, &codecs),
                None => playlist(document, headers),
            }
        }
        Request::LevelManifest { bitrate, attributes, .. } => {
            let track = options.audio_track.as_deref();
            let Some(selection) = Selection::of(&snapshot, &options.stream, *bitrate, attributes, track)
            else {
                return Some(gone());
            };
            let Some(selection) = (if options.key_frames { selection.key_frames() } else { Some(selection) })
            else {
                return Some(gone());
            };
            let key =
                format!("hls {} {} {}", selection.named.1.id, selection.key_frames, options.inherited());
            playlist(snapshot.document(&key, |s| media::render(s, &selection, &options)), headers)
        }
        Request::Fragment(request) => segment(app, source, &snapshot, request, &options, headers).await,
        _ => key(&snapshot),
    })
}

/// Why this output is not there at all.
fn refuse(app: &App, snapshot: &Snapshot, event: Option<&str>) -> Option<Response<Body>> {
    let definition = &snapshot.definition;
    if snapshot.is_protected() && snapshot.has_event(event) {
        return Some(encrypted());
    }
    if !formats::offered(&app.settings, definition).any(|f| f.eq_ignore_ascii_case(NAME)) {
        let message = "the output for Apple devices is off: write <meta name=\"formats\" content=\"m3u8-aapl\"/> \
                       into the definition of the publishing point";
        return Some(problem(StatusCode::NOT_FOUND, "output-off", message));
    }
    if !snapshot.has_event(event) {
        return Some(gone());
    }
    if definition.apple.enable_encryption && definition.apple.encryption_key.is_none() {
        let message =
            "encryption is on, but there is no key: set m3u8-aapl-encryptionkey to 32 hexadecimal digits";
        return Some(problem(StatusCode::INTERNAL_SERVER_ERROR, "no-key", message));
    }
    None
}

/// Why there is no playlist of `snapshot`, a presentation in `codecs`.
fn unsupported(snapshot: &Snapshot, codecs: &str) -> Response<Body> {
    let message = if codecs::beyond_mp4(snapshot).is_some() {
        format!(
            "neither this output nor another one but Smooth Streaming can carry {codecs}, which is all there \
             is"
        )
    } else {
        let other = Format::Cmaf.name();
        format!(
            "transport streams carry H.264 and AAC here, and this presentation is in {codecs}: ask for \
             format={other}"
        )
    };
    problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media", &message)
}

fn playlist(document: Option<Document>, headers: &HeaderMap) -> Response<Body> {
    let Some(document) = document else {
        let message = "nothing is being broadcast here yet, or too little of it to begin with";
        let mut response = problem(StatusCode::NOT_FOUND, "not-started", message);
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("2"));
        return response;
    };
    let response = Response::builder()
        .header(header::CONTENT_TYPE, "application/vnd.apple.mpegurl")
        .header(header::CACHE_CONTROL, "public, max-age=1");
    send_document(response, headers, &document)
}

async fn segment(
    app: &App,
    source: &dyn Source,
    snapshot: &Arc<Snapshot>,
    request: &FragmentRequest,
    options: &Options,
    headers: &HeaderMap,
) -> Response<Body> {
    let FragmentRequest { event, bitrate, attributes, name, time, .. } = request;
    if !snapshot.state.serves() {
        return gone();
    }
    let track = options.audio_track.as_deref();
    let selection = Selection::of(snapshot, name, *bitrate, attributes, track);
    let selection = match request.noun {
        Noun::Fragments => selection,
        Noun::KeyFrames => selection.and_then(Selection::key_frames),
        Noun::FragmentInfo | Noun::RawFragments => None,
    };
    let Some(selection) = selection else { return gone() };
    let grid = media::grid(snapshot, &selection);
    let segment = match grid.find(selection.leading, *time, |time| selection.reach(time)) {
        Ok(segment) if media::has_media(&selection, &segment) => segment,
        Ok(_) | Err(Miss::Hole | Miss::Gone) => return gone(),
        Err(Miss::NotYet) => {
            return problem(StatusCode::NOT_FOUND, "not-yet", "this segment is not complete yet");
        }
    };
    if selection.captions {
        let cache =
            cacheable(app, event.is_some(), remaining(snapshot, selection.leading, time.saturating_add(1)));
        return captions(source, snapshot, &selection, &segment, &cache, headers).await;
    }
    let recipe = Recipe::of(snapshot, &selection, &segment);
    let identity = recipe.identity();
    let make = async {
        let ingredients = recipe.load(snapshot).await?;
        let made = tokio::task::spawn_blocking(move || ingredients.make()).await;
        made.map_err(std::io::Error::other)?
    };
    match app.segments.get(source.path(), identity, make).await {
        Ok(segment) => {
            let remaining = remaining(snapshot, selection.leading, time.saturating_add(1));
            let cache = cacheable(app, event.is_some(), remaining);
            let response = Response::builder()
                .header(header::CONTENT_TYPE, "video/mp2t")
                .header(header::CACHE_CONTROL, cache);
            finish(response, headers, &segment.tag, [segment.body])
        }
        Err(Error::Gone) => gone(),
        Err(Error::Encrypted) => encrypted(),
        Err(e) => broken(source, &e),
    }
}

async fn captions(
    source: &dyn Source,
    snapshot: &Snapshot,
    selection: &Selection<'_>,
    segment: &Segment,
    cache: &str,
    headers: &HeaderMap,
) -> Response<Body> {
    let mut loaded = Vec::new();
    for entry in captions::fragments(selection, segment) {
        match snapshot.load(selection.named.1, entry).await {
            Ok(Some(media)) => loaded.push((entry, media)),
            Ok(None) => return gone(),
            Err(e) => return broken(source, &Error::Storage(e)),
        }
    }
    let written = captions::write(selection, segment, &loaded);
    let response = Response::builder()
        .header(header::CONTENT_TYPE, "text/vtt; charset=utf-8")
        .header(header::CACHE_CONTROL, cache);
    finish(response, headers, &written.tag(), written.pieces)
}

fn broken(source: &dyn Source, error: &Error) -> Response<Body> {
    tracing::error!(point = source.path(), %error, "a segment cannot be made");
    problem(StatusCode::INTERNAL_SERVER_ERROR, "broken", "the segment cannot be made")
}

/// The key of the segments, for players that may have it.
fn key(snapshot: &Snapshot) -> Response<Body> {
    let apple = &snapshot.definition.apple;
    let Some(key) = apple.encryption_key.filter(|_| apple.enable_encryption && apple.key_uri.is_none())
    else {
        return problem(StatusCode::NOT_FOUND, "no-key", "no key is given out here");
    };
    Response::builder()
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .header(header::CACHE_CONTROL, "no-store")
        .body(Body::from(key.0.to_vec()))
        .unwrap_or_default()
}

fn gone() -> Response<Body> {
    problem(StatusCode::NOT_FOUND, "no-such-segment", "there is no such playlist or segment here")
}

/// What definitions call this output.
const NAME: &str = "m3u8-aapl";

/// The options that the address of a key stands for.
const KEY_OPTIONS: &str = "format=m3u8-aapl";
