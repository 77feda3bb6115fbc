//! A plain web server for files in memory and folders on disk: what on-demand content and pages lie on.
//!
//! It knows nothing of Smooth Streaming. Like the servers such content lies on in practice it decodes percent signs in any
//! case, and lets pages of other origins read.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use tokio::task::JoinHandle;

/// What is served, by path.
#[derive(Debug, Default)]
pub struct Site {
    files: HashMap<String, Bytes>,
    folders: Vec<(String, PathBuf)>,
}

impl Site {
    /// Puts a file at `path` (absolute, decoded).
    pub fn file(&mut self, path: impl Into<String>, bytes: impl Into<Bytes>) -> &mut Self {
        self.files.insert(path.into(), bytes.into());
        self
    }

    /// Serves a folder of the disk below `prefix` (as `/judges/`).
    pub fn folder(&mut self, prefix: &str, folder: impl Into<PathBuf>) -> &mut Self {
        self.folders.push((prefix.to_owned(), folder.into()));
        self
    }
}

/// One request that was answered.
#[derive(Clone, Debug)]
pub struct Logged {
    /// Path, decoded.
    pub path: String,
    /// Path and query as they came.
    pub target: String,
    /// Status of the answer.
    pub status: u16,
}

/// The server. It ends with this value.
#[derive(Debug)]
pub struct Files {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    site: Site,
    log: Mutex<Vec<Logged>>,
}

impl Files {
    /// Serves `site` on a free port.
    pub async fn serve(site: Site) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { site, log: Mutex::default() });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, shared, task }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far.
    #[must_use]
    pub fn log(&self) -> Vec<Logged> {
        self.shared.log.lock().unwrap().clone()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    let path = percent_decode(request.uri().path());
    let (status, mut response) = if request.method() == Method::OPTIONS {
        (StatusCode::NO_CONTENT, Response::default())
    } else {
        find(&shared.site, &path)
    };
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"));
    headers.insert("timing-allow-origin", HeaderValue::from_static("*"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let target = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    shared.log.lock().unwrap().push(Logged { path, target, status: status.as_u16() });
    response
}

fn find(site: &Site, path: &str) -> (StatusCode, Response) {
    if let Some(bytes) = site.files.get(path) {
        return (StatusCode::OK, typed(path, bytes.clone()));
    }
    for (prefix, folder) in &site.folders {
        let Some(rest) = path.strip_prefix(prefix.as_str()).filter(|rest| !rest.contains("..")) else {
            continue;
        };
        let file = folder.join(rest);
        if let Ok(bytes) = std::fs::read(&file) {
            return (StatusCode::OK, typed(path, bytes.into()));
        }
        // Modules that were written for a bundler leave out `.js` and `/index.js`, and double a slash here and
        // there. The browser is sent to the proper name, so that it finds the module's own imports beside it.
        let name = rest.replace("//", "/");
        for ending in [".js", "/index.js"] {
            if folder.join(format!("{name}{ending}")).is_file() {
                let mut response = Response::default();
                let to = HeaderValue::from_str(&format!("{prefix}{name}{ending}")).unwrap();
                response.headers_mut().insert(header::LOCATION, to);
                return (StatusCode::FOUND, response);
            }
        }
    }
    (StatusCode::NOT_FOUND, Response::default())
}

fn typed(path: &str, bytes: Bytes) -> Response {
    let name = path.rsplit('/').next().unwrap_or_default();
    let kind = match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "m3u8" => "application/vnd.apple.mpegurl",
        "mpd" => "application/dash+xml",
        "ts" => "video/mp2t",
        "mp4" | "m4s" => "video/mp4",
        _ if name.is_empty() => "text/html; charset=utf-8",
        _ if name.eq_ignore_ascii_case("manifest") => "text/xml",
        _ => "application/octet-stream",
    };
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// Decodes `%xx` in any letter case; other signs stay.
fn percent_decode(path: &str) -> String {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| first == b'%') {
            Some(byte) => {
                out.push(byte);
                rest = &after[2..];
            }
            None => {
                out.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_either_case() {
        assert_eq!(
            percent_decode("/QualityLevels%281%29/Fragments%28video%3d0%2C%2c)%"),
            "/QualityLevels(1)/Fragments(video=0,,)%"
        );
    }
}
