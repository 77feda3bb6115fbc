//! Administration: what an operator, a program of theirs, or their monitoring asks.
//!
//! | path | what it is |
//! | --- | --- |
//! | `/api/v1/…` | the JSON API, described at `/api/v1/openapi.json` ([`api`]) |
//! | `/services/smoothstreaming/…`, `x.isml/settings`, `/state`, `/statistics` | the management resources of IIS ([`iis`]) |
//! | `/metrics` | figures for Prometheus ([`metrics`]) |
//! | `/readyz` | whether the origin can do its work ([`health`]) |
//! | `/admin/` | the page; `/player/` the player that it previews with ([`pages`]) |
//!
//! All but `/readyz`, the page's files and the player are for those whom [`auth::administrate`] lets in.
//! None of it carries the headers that let other sites read media.

pub mod api;
pub mod health;
pub mod history;
pub mod iis;
pub mod metrics;
pub mod model;
pub mod openapi;
pub mod pages;
pub mod settings;

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use smooth::url;

use crate::http::peer::Peer;
use crate::http::{App, Private, auth};

/// What a path of administration means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Area {
    /// The JSON API; what follows `/api/v1`, decoded.
    Api(String),
    /// A management resource of IIS.
    Iis(iis::Resource),
    /// `/metrics`.
    Metrics,
    /// `/readyz`.
    Ready,
    /// A file of the page or of the player, by its name in `dist/`.
    Page(&'static str),
    /// A folder without its slash, and where it stands.
    Folder(&'static str),
}

impl Area {
    /// What `path`, decoded, means; `None` if it is nothing of administration.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        match path {
            "/metrics" => return Some(Self::Metrics),
            "/readyz" => return Some(Self::Ready),
            "/admin" => return Some(Self::Folder("/admin/")),
            _ => {}
        }
        if let Some(rest) = path.strip_prefix("/api/v1")
            && (rest.is_empty() || rest.starts_with('/'))
        {
            return Some(Self::Api(rest.to_owned()));
        }
        pages::file(path).map(Self::Page).or_else(|| iis::Resource::of(path).map(Self::Iis))
    }
}

/// Answers a request to `area`.
pub async fn serve(app: &App, area: Area, request: Request<Body>) -> Response<Body> {
    // The player is for pages on other sites, too.
    let is_private = !matches!(area, Area::Page(name) if pages::is_player(name));
    let mut response = match area {
        Area::Page(name) => pages::serve(name, &request),
        Area::Folder(to) => pages::redirect(to),
        Area::Ready => health::ready(app).await,
        Area::Api(_) | Area::Iis(_) | Area::Metrics => {
            let peer = Peer::of(request.extensions());
            let headers = request.headers();
            // The page asks by itself who is there: with a challenge the browser would, too.
            let is_page = headers.contains_key("x-requested-with");
            let allowed = auth::administrate(app, &peer, request.method(), headers).await;
            match (allowed, area) {
                (Err(refusal), Area::Iis(_)) => iis::refused(&refusal),
                (Err(mut refusal), _) => {
                    if is_page {
                        refusal.headers_mut().remove(header::WWW_AUTHENTICATE);
                    }
                    refusal
                }
                (Ok(()), Area::Api(path)) => api::serve(app, &path, request).await,
                (Ok(()), Area::Iis(resource)) => iis::serve(app, resource, request).await,
                (Ok(()), _) => metrics::serve(app, request.method()),
            }
        }
    };
    if is_private {
        response.extensions_mut().insert(Private);
    }
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Why the body of a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum BodyError {
    #[error("the body is longer than {0} bytes")]
    TooLong(usize),
    #[error("the body did not arrive in time")]
    Slow,
    #[error("the body is cut short")]
    Broken,
}

impl BodyError {
    const fn status(self) -> StatusCode {
        match self {
            Self::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }
}

/// The whole body of a request.
async fn read_body(app: &App, body: Body) -> Result<bytes::Bytes, BodyError> {
    let most = app.settings.max_admin_body_bytes;
    let limit = Duration::from_secs(app.settings.request_head_seconds);
    let read = tokio::time::timeout(limit, Limited::new(body, most).collect());
    match read.await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(e)) if e.is::<http_body_util::LengthLimitError>() => Err(BodyError::TooLong(most)),
        Ok(Err(_)) => Err(BodyError::Broken),
        Err(_) => Err(BodyError::Slow),
    }
}

/// Splits `/x.isml/rest` after the publishing point.
fn split_point(path: &str) -> Option<(&str, &str)> {
    let (point, rest) = url::split_presentation(path)?;
    point.to_ascii_lowercase().ends_with(".isml").then_some((point, rest.trim_matches('/')))
}

/// Runs what touches files or waits for a writer on a thread for such work.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_administration_are_taken() {
        assert_eq!(Area::of("/api/v1/points"), Some(Area::Api("/points".into())));
        assert_eq!(Area::of("/metrics"), Some(Area::Metrics));
        assert_eq!(Area::of("/admin/"), Some(Area::Page("admin.html")));
        assert_eq!(Area::of("/player/smooth-player.js"), Some(Area::Page("smooth-player.js")));
        for media in [
            "/",
            "/api/v10",
            "/adminx",
            "/admin/x",
            "/live.isml/Manifest",
            "/live.isml",
            "/player/",
            "/state",
        ] {
            assert_eq!(Area::of(media), None, "{media}");
        }
    }
}
