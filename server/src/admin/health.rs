//! `/readyz`: whether the origin can do its work, with the reasons if it cannot. (`/healthz` says that the
//! process runs.) For balancers and supervisors, so nobody has to sign in, and the reasons name no paths.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use serde_json::json;

use super::blocking;
use super::model::{ArchiveState, archive_of};
use crate::http::App;

/// Answers with 200 and `ready`, or with 503 and the reasons.
pub async fn ready(app: &App) -> Response<Body> {
    let mut reasons = Vec::new();
    if app.is_stopping() {
        reasons.push("the server is stopping".to_owned());
    }
    let registry = Arc::clone(&app.registry);
    let readable = blocking(move || std::fs::read_dir(registry.root()).is_ok()).await;
    if readable != Some(true) {
        reasons.push("the root cannot be read".to_owned());
    }
    let failing = app.registry.running();
    let failing = failing.iter().filter(|p| archive_of(p).state == ArchiveState::Failing).count();
    if failing > 0 {
        let noun = if failing == 1 { "archive" } else { "archives" };
        reasons.push(format!("{failing} {noun} cannot be written"));
    }
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(json!({ "ready": ready, "reasons": reasons }).to_string()))
        .unwrap_or_default()
}
