//! Static files under the root: pages, the player, on-demand presentations cut into files.

use std::io::ErrorKind;
use std::path::Path;

use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use tokio::fs::canonicalize;
use tower_http::services::ServeDir;

use super::{App, problem};
use crate::publishing_point::registry::is_plain;

/// The page that `silverlane page` writes.
const PLAYER_PAGE: &str = "SmoothStreamingPlayer.html";

/// Serves the file at `path`, which is the decoded path of `request`.
pub(super) async fn serve(app: &App, path: &str, request: Request<Body>) -> Response<Body> {
    if !is_public(path) || !leads_to_public(app, path).await {
        return problem(StatusCode::NOT_FOUND, "no-such-file", "there is no such file");
    }
    let response = match ServeDir::new(app.registry.root()).try_call(request).await {
        Ok(response) if response.status() != StatusCode::NOT_FOUND => response,
        Err(e) if e.kind() != ErrorKind::NotFound => {
            return problem(StatusCode::INTERNAL_SERVER_ERROR, "broken", "the file cannot be read");
        }
        // A folder without an index: the site's front door leads to the player, where there is one.
        _ if path == "/" && app.registry.root().join(PLAYER_PAGE).exists() => return redirect(PLAYER_PAGE),
        _ => return problem(StatusCode::NOT_FOUND, "no-such-file", "there is no such file"),
    };
    let mut response = response.map(Body::new);
    // Pages and player are replaced in place: ask each time whether they changed.
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache"));
    response
}

fn redirect(to: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(to));
    response
}

/// Nothing hidden, no definitions, settings or keys, and no media but through its presentation.
fn is_public(path: &str) -> bool {
    let Some(path) = path.strip_prefix('/') else { return false };
    let parts = path.trim_end_matches('/');
    let private = |name: &str| {
        let extension = Path::new(name).extension().and_then(|e| e.to_str()).unwrap_or_default();
        PRIVATE.iter().any(|e| extension.eq_ignore_ascii_case(e))
    };
    let last = parts.rsplit('/').next().unwrap_or_default();
    parts.is_empty() || (parts.split('/').all(is_plain) && !private(last))
}

/// Extensions of what is not served as it is.
const PRIVATE: [&str; 11] =
    ["isml", "ism", "ismc", "ismv", "isma", "ismt", "ismx", "journal", "toml", "pem", "key"];

/// Whether what `path` leads to, by links as well, lies in the root, is public, and holds none of the
/// server's secrets.
async fn leads_to_public(app: &App, path: &str) -> bool {
    let root = app.registry.root();
    let Ok(file) = canonicalize(root.join(path.trim_start_matches('/'))).await else { return false };
    // Of a folder its index is sent, and that may be a link.
    let index = canonicalize(file.join("index.html")).await.ok();
    for file in [Some(file), index].into_iter().flatten() {
        let Ok(inside) = file.strip_prefix(root) else { return false };
        if !inside.to_str().is_some_and(|inside| is_public(&format!("/{inside}"))) {
            return false;
        }
        for secret in app.settings.secrets() {
            if canonicalize(secret).await.is_ok_and(|secret| file.starts_with(secret)) {
                return false;
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_settings_and_hidden_files_are_not_public() {
        for path in [
            "/",
            "/index.html",
            "/a/b.js",
            "/x.ism/Manifest",
            "/x.ism/QualityLevels(1)/Fragments(video=0)",
            "/sub/",
        ] {
            assert!(is_public(path), "{path}");
        }
        for path in [
            "/x.isml",
            "/X.ISM",
            "/x.ismc",
            "/x/a.ISMV",
            "/a.isma",
            "/a.ismt",
            "/archives/live-isml/a/live.journal",
            "/silverlane.toml",
            "/privkey.pem",
            "/tls.KEY",
            "/.git/config",
            "/a/../b",
            "/a//b",
            "/a\\b",
            "/a\0b",
            "x",
        ] {
            assert!(!is_public(path), "{path}");
        }
    }
}
