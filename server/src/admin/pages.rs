//! The files of the administration page and of the player, from the program itself.

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, header};

use crate::archive::hash;
use crate::assets;
use crate::http::problem;

/// The file at `path`, by its name in `dist/`.
#[must_use]
pub fn file(path: &str) -> Option<&'static str> {
    FILES.iter().find(|(at, ..)| *at == path).map(|(_, name, _)| *name)
}

/// Answers with the file `name`.
pub fn serve(name: &'static str, request: &Request<Body>) -> Response<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response =
            problem(StatusCode::METHOD_NOT_ALLOWED, "method", "this method is not offered here");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let Some(data) = assets::load(name) else {
        let message = "this silverlane was built without its pages: run `make build`, which puts them in";
        return problem(StatusCode::NOT_FOUND, "no-pages", message);
    };
    let kind =
        FILES.iter().find(|(_, n, _)| *n == name).map_or("application/octet-stream", |(_, _, kind)| *kind);
    let tag = format!("\"{:016x}\"", hash(&data));
    let known = request.headers().get(header::IF_NONE_MATCH).is_some_and(|v| v.as_bytes() == tag.as_bytes());
    let mut response = Response::builder()
        .header(header::CONTENT_TYPE, kind)
        .header(header::CACHE_CONTROL, "no-cache")
        .header(header::ETAG, tag);
    if name == PAGE {
        response = response
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .header(header::REFERRER_POLICY, "no-referrer")
            .header(header::X_FRAME_OPTIONS, "DENY");
    }
    let response = if known {
        response.status(StatusCode::NOT_MODIFIED).body(Body::empty())
    } else {
        response.body(Body::from(data))
    };
    response.unwrap_or_default()
}

/// Whether the file `name` belongs to the player.
#[must_use]
pub fn is_player(name: &str) -> bool {
    name.starts_with("smooth-")
}

/// Leads to `to`.
#[must_use]
pub fn redirect(to: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(to));
    response
}

const PAGE: &str = "admin.html";

/// Path, name in `dist/`, type.
const FILES: [(&str, &str, &str); 7] = [
    ("/admin/", PAGE, "text/html; charset=utf-8"),
    ("/admin/admin.css", "admin.css", "text/css; charset=utf-8"),
    ("/admin/admin.js", "admin.js", "text/javascript; charset=utf-8"),
    ("/player/smooth-player.js", "smooth-player.js", "text/javascript; charset=utf-8"),
    ("/player/smooth-controls.js", "smooth-controls.js", "text/javascript; charset=utf-8"),
    ("/player/smooth-video.js", "smooth-video.js", "text/javascript; charset=utf-8"),
    ("/player/smooth-player_bg.wasm", "smooth-player_bg.wasm", "application/wasm"),
];

/// No script but ours, and nothing from elsewhere. The player brings style sheets of its own, in its shadow
/// trees, and plays through `blob:`.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; media-src 'self' blob:; form-action 'none'; base-uri 'none'; \
    frame-ancestors 'none'";
