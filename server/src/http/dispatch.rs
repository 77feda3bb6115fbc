//! From a request to who answers it, and what every answer carries.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use smooth::url;

use super::peer::Peer;
use super::{App, Private, auth, files, linger, problem, signed};
use crate::admin::{self, Area};
use crate::{deliver, ingest};

/// Answers any request.
pub(super) async fn handle(app: &App, mut request: Request<Body>) -> Response<Body> {
    name_host(&mut request);
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = answer(app, request).await;
    let status = response.status();
    let is_private = response.extensions().get::<Private>().is_some();
    let headers = response.headers_mut();
    if !is_private {
        app.cors.allow(origin.as_ref(), headers);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if (status.is_client_error() || status.is_server_error()) && !headers.contains_key(header::CACHE_CONTROL)
    {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// HTTP/2 has no `Host`: handlers find it there all the same.
fn name_host(request: &mut Request<Body>) {
    let authority = request.uri().authority().and_then(|a| HeaderValue::from_str(a.as_str()).ok());
    if let Some(host) = authority {
        request.headers_mut().entry(header::HOST).or_insert(host);
    }
}

/// What is seldom, or never waits, is in a box: each of the many who wait for a fragment would hold on to its size.
async fn answer(app: &App, mut request: Request<Body>) -> Response<Body> {
    // HTTP/1 has this limit in its parser.
    if request.headers().len() > app.settings.max_request_headers {
        return problem(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers", "too many header fields");
    }
    let token = take_token(&mut request);
    let path = request.uri().path();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let Ok(decoded) = url::decode(path) else {
        return problem(StatusCode::BAD_REQUEST, "bad-url", "the path is not percent-encoded UTF-8");
    };
    if let Some(area) = Area::of(&decoded) {
        return Box::pin(admin::serve(app, area, request)).await;
    }
    if request.method() == Method::OPTIONS {
        return preflight();
    }
    if let Some((kind, text)) = built_in(app, path) {
        return if reads { document(kind, text) } else { wrong_method(READ) };
    }
    // Both as they came and decoded: clients encode the dot and the slash, too.
    let split = url::split_presentation(path).or_else(|| url::split_presentation(&decoded));
    if reads {
        // A presentation is opened as a whole, with all that lies below it.
        let whole = split.map_or_else(|| Ok(decoded.clone()), |(whole, _)| url::decode(whole));
        let Ok(whole) = whole else { return not_found() };
        if let Err(refusal) = auth::watch(app, &whole, token.as_deref()) {
            return refusal;
        }
    }
    match split {
        Some((point, rest)) if is_publishing_point(point) => {
            let (point, rest) = (point.to_owned(), rest.to_owned());
            presentation(app, &point, &rest, request).await
        }
        Some((path, rest)) if reads => {
            let (path, rest) = (path.to_owned(), rest.to_owned());
            Box::pin(on_demand(app, &path, &rest, &decoded, request)).await
        }
        _ if reads => Box::pin(files::serve(app, &decoded, request)).await,
        _ => wrong_method(READ),
    }
}

/// What stands at fixed paths, and its media type.
fn built_in(app: &App, path: &str) -> Option<(&'static str, String)> {
    let is = |known: &str| path.eq_ignore_ascii_case(known);
    if is("/healthz") {
        return Some(("text/plain; charset=utf-8", "ok\n".to_owned()));
    }
    if is("/clientaccesspolicy.xml") {
        return Some(("text/xml; charset=utf-8", app.cors.client_access_policy()));
    }
    if is("/crossdomain.xml") {
        return Some(("text/xml; charset=utf-8", app.cors.cross_domain()));
    }
    Some(("application/octet-stream", app.challenges.answer(path)?))
}

/// Takes the token of a signed URL out of the path, so that the rest is as without one.
fn take_token(request: &mut Request<Body>) -> Option<String> {
    let uri = request.uri();
    let Some((token, path)) = signed::split(uri.path()) else {
        return signed::in_query(uri.query()?).map(str::to_owned);
    };
    let token = token.to_owned();
    let query = uri.query().map(|q| format!("?{q}")).unwrap_or_default();
    *request.uri_mut() = format!("{path}{query}").parse().ok()?;
    Some(token)
}

/// What lies behind an `.isml`.
async fn presentation(app: &App, point: &str, rest: &str, request: Request<Body>) -> Response<Body> {
    let parsed = match url::Request::parse(rest) {
        Ok(parsed) => parsed,
        Err(_) if rest.is_empty() => return not_found(),
        Err(e) => return problem(StatusCode::BAD_REQUEST, "bad-url", &e.to_string()),
    };
    let Ok(point) = url::decode(point) else { return not_found() };
    let (parts, mut body) = request.into_parts();
    let peer = Peer::of(&parts.extensions);
    let publishes = matches!(parts.method, Method::POST | Method::PUT);
    // Before anything is told of the point.
    if publishes && let Err(refusal) = Box::pin(may_publish(app, &peer, &parts.headers, &point)).await {
        // Who waits for `100 Continue` has sent nothing yet, and would be told to by reading.
        if !parts.headers.contains_key(header::EXPECT) {
            linger(&mut body).await;
        }
        return refusal;
    }
    let Some(point) = app.registry.find(&point).await else { return not_found() };
    match (parts.method, &parsed) {
        (Method::POST | Method::PUT, url::Request::Ingest { event, stream }) => {
            Box::pin(ingest::receive(app, &point, event.as_deref(), stream, &peer, body)).await
        }
        (Method::GET | Method::HEAD, url::Request::Ingest { .. }) => wrong_method("POST, PUT, OPTIONS"),
        (Method::GET | Method::HEAD, _) => {
            point.asked();
            deliver::route::serve(app, &*point, &parsed, parts.uri.query(), &parts.headers).await
        }
        _ => wrong_method(READ),
    }
}

/// What lies behind an `.ism`: a presentation, if that is a file; a folder has what it has.
async fn on_demand(
    app: &App,
    path: &str,
    rest: &str,
    decoded: &str,
    request: Request<Body>,
) -> Response<Body> {
    let Ok(path) = url::decode(path) else { return not_found() };
    let presentation = match app.library.find(&path).await {
        Ok(Some(presentation)) => presentation,
        Ok(None) => return files::serve(app, decoded, request).await,
        Err(e) => return problem(StatusCode::INTERNAL_SERVER_ERROR, "broken-presentation", &e.to_string()),
    };
    match url::Request::parse(rest) {
        Ok(parsed) => {
            let (query, headers) = (request.uri().query(), request.headers());
            let response = deliver::route::serve(app, &*presentation, &parsed, query, headers).await;
            if !response.status().is_server_error() || !presentation.is_stale() {
                return response;
            }
            // The files are not what they were: once more, with what they are now.
            match app.library.find(&path).await {
                Ok(Some(anew)) => deliver::route::serve(app, &*anew, &parsed, query, headers).await,
                _ => response,
            }
        }
        Err(_) if rest.is_empty() => problem(StatusCode::NOT_FOUND, "no-such-file", "there is no such file"),
        Err(e) => problem(StatusCode::BAD_REQUEST, "bad-url", &e.to_string()),
    }
}

/// Whether a push stream may come in; the answer to send if not.
async fn may_publish(app: &App, peer: &Peer, headers: &HeaderMap, point: &str) -> Result<(), Response<Body>> {
    auth::publish(app, peer, headers, point).await?;
    let coding = headers.get(header::CONTENT_ENCODING).map(|v| v.as_bytes());
    if coding.is_some_and(|coding| !coding.eq_ignore_ascii_case(b"identity")) {
        let mut response = problem(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content-encoding",
            "a push stream is taken as it is, without a Content-Encoding",
        );
        response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        return Err(response);
    }
    Ok(())
}

fn is_publishing_point(path: &str) -> bool {
    path.len() > 5
        && path.is_char_boundary(path.len() - 5)
        && path[path.len() - 5..].eq_ignore_ascii_case(".isml")
}

fn not_found() -> Response<Body> {
    problem(StatusCode::NOT_FOUND, "no-such-point", "there is no publishing point here")
}

fn wrong_method(allow: &'static str) -> Response<Body> {
    let mut response = problem(StatusCode::METHOD_NOT_ALLOWED, "method", "this method is not offered here");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

fn preflight() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(READ));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

fn document(kind: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

const READ: &str = "GET, HEAD, OPTIONS";
