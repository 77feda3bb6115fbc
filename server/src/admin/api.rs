//! The JSON API under `/api/v1/`. Handlers take a request apart, ask, and write the answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use smooth::smil::definition::Definition;
use utoipa::OpenApi;

use super::model::{
    NewPoint, Overview, Point, PointList, PointStatistics, Problem, Server, SettingsSchema, StateReached,
    StateWish, UnreadableFile, encode_path, tag,
};
use super::openapi::Document;
use super::settings::{PointSettings, schema};
use super::{BodyError, blocking, read_body, split_point};
use crate::config::Settings;
use crate::http::App;
use crate::publishing_point::registry::{Failure, Registry};
use crate::publishing_point::state::State;
use crate::publishing_point::{Denied, PublishingPoint};

/// Why a call is not done.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// There is no such resource.
    #[error("there is nothing here")]
    NoResource,
    /// There is no such publishing point.
    #[error("there is no publishing point here")]
    NoPoint,
    /// The resource has other methods.
    #[error("this method is not offered here")]
    Method(&'static str),
    /// The body is no JSON by its type.
    #[error("the body must be application/json")]
    Kind,
    /// The body is not what it should be.
    #[error("the body is wrong: {0}")]
    Json(#[from] serde_json::Error),
    /// Settings that cannot be.
    #[error("some settings are wrong")]
    Settings(BTreeMap<&'static str, String>),
    /// A change without `If-Match`.
    #[error("send the ETag of the settings that you have read as If-Match, or * to overwrite any")]
    NoTag,
    /// Somebody else was quicker.
    #[error("the settings have been changed since you read them")]
    Changed,
    /// A state that cannot be asked for.
    #[error("{0} cannot be asked for; Started, Stopped and Idle can")]
    NoState(String),
    /// The state or the file do not allow it.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It cannot be made or removed.
    #[error(transparent)]
    Registry(#[from] Failure),
    /// The body did not come.
    #[error("{0}")]
    Body(String, StatusCode),
    /// The server failed.
    #[error("the server could not do it")]
    Broken,
}

impl From<BodyError> for Fault {
    fn from(error: BodyError) -> Self {
        Self::Body(error.to_string(), error.status())
    }
}

/// Answers a call; `path` is what follows `/api/v1`, decoded.
pub async fn serve(app: &App, path: &str, request: Request<Body>) -> Response<Body> {
    match call(app, path, request).await {
        Ok(response) => response,
        Err(fault) => fault.response(),
    }
}

async fn call(app: &App, path: &str, request: Request<Body>) -> Result<Response<Body>, Fault> {
    let (parts, body) = request.into_parts();
    let method = if parts.method == Method::HEAD { Method::GET } else { parts.method };
    let headers = &parts.headers;
    let get = || if method == Method::GET { Ok(()) } else { Err(Fault::Method("GET, HEAD")) };
    match path {
        "/openapi.json" => {
            get()?;
            return json(StatusCode::OK, &Document::openapi());
        }
        "/server" => return get().and_then(|()| server(app)),
        "/settings" => return get().and_then(|()| settings()),
        "/points" => {
            return match method {
                Method::GET => list(app).await,
                Method::POST => create(app, read(app, headers, body).await?).await,
                _ => Err(Fault::Method("GET, HEAD, POST")),
            };
        }
        _ => {}
    }
    let (path, rest) = path.strip_prefix("/points").and_then(split_point).ok_or(Fault::NoResource)?;
    let find = async || app.registry.find(path).await.ok_or(Fault::NoPoint);
    match rest {
        "" => match method {
            Method::GET => show(app, &*find().await?),
            Method::PUT => update(app, find().await?, headers, read(app, headers, body).await?).await,
            Method::DELETE => remove(app, path).await,
            _ => Err(Fault::Method("GET, HEAD, PUT, DELETE")),
        },
        "state" => match method {
            Method::GET => json(StatusCode::OK, &StateReached { state: find().await?.state() }),
            Method::PUT => state(find().await?, read(app, headers, body).await?).await,
            _ => Err(Fault::Method("GET, HEAD, PUT")),
        },
        "statistics" => {
            get()?;
            statistics(app, &*find().await?)
        }
        _ => Err(Fault::NoResource),
    }
}

/// The server itself.
#[utoipa::path(get, path = "/server", responses((status = 200, body = Server)))]
pub(super) fn server(app: &App) -> Result<Response<Body>, Fault> {
    let settings = &app.settings;
    json(
        StatusCode::OK,
        &Server {
            version: env!("CARGO_PKG_VERSION"),
            is_stopping: app.is_stopping(),
            connections: app.connections.now(),
            encoders: settings.max_encoders.saturating_sub(app.encoders.available_permits()),
            held_requests: settings.max_held_requests.saturating_sub(app.holds.available_permits()),
        },
    )
}

/// The settings that a publishing point has, with what people are told of each.
#[utoipa::path(get, path = "/settings", responses((status = 200, body = SettingsSchema)))]
pub(super) fn settings() -> Result<Response<Body>, Fault> {
    json(StatusCode::OK, &SettingsSchema { settings: schema() })
}

/// All publishing points.
#[utoipa::path(get, path = "/points", responses((status = 200, body = PointList)))]
pub(super) async fn list(app: &App) -> Result<Response<Body>, Fault> {
    let (registry, history) = (Arc::clone(&app.registry), Arc::clone(&app.history));
    let list = blocking(move || {
        let found = registry.list();
        let unreadable = found.unreadable.into_iter();
        PointList {
            points: found.points.iter().map(|p| Overview::of(p, &history.of(p.path()))).collect(),
            unreadable: unreadable.map(|u| UnreadableFile { path: u.path, reason: u.reason }).collect(),
            is_cut: found.is_cut,
        }
    });
    json(StatusCode::OK, &list.await.ok_or(Fault::Broken)?)
}

/// Makes a publishing point.
#[utoipa::path(post, path = "/points", request_body = NewPoint, responses(
    (status = 201, body = Point, headers(("ETag", description = "Of its settings."), ("Location"))),
    (status = 400, body = Problem, description = "The path or a setting is wrong."),
    (status = 409, body = Problem, description = "There is one of this name."),
))]
pub(super) async fn create(app: &App, new: NewPoint) -> Result<Response<Body>, Fault> {
    check(&new.settings)?;
    let registry = Arc::clone(&app.registry);
    let point = blocking(move || make(&registry, &new.path, &new.settings)).await.ok_or(Fault::Broken)??;
    let location = format!("/api/v1/points{}", encode_path(point.path()));
    let mut response = shown(StatusCode::CREATED, &point, &app.settings)?;
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// A publishing point with its settings. Its path goes into the address as it is, without the first slash.
#[utoipa::path(get, path = "/points/{path}", params(("path" = String, Path)), responses(
    (status = 200, body = Point, headers(("ETag", description = "Of its settings."))),
    (status = 404, body = Problem),
))]
pub(super) fn show(app: &App, point: &PublishingPoint) -> Result<Response<Body>, Fault> {
    shown(StatusCode::OK, point, &app.settings)
}

/// Replaces the settings of an idle publishing point; what is left out gets its default.
#[utoipa::path(put, path = "/points/{path}", request_body = PointSettings, params(
    ("path" = String, Path),
    ("If-Match" = String, Header, description = "ETag of the settings that were read, or *."),
), responses(
    (status = 200, body = Point, headers(("ETag", description = "Of the new settings."))),
    (status = 400, body = Problem, description = "A setting is wrong."),
    (status = 404, body = Problem),
    (status = 409, body = Problem, description = "The publishing point is not idle."),
    (status = 412, body = Problem, description = "Somebody else has changed the settings."),
    (status = 428, body = Problem, description = "If-Match is missing."),
))]
pub(super) async fn update(
    app: &App,
    point: Arc<PublishingPoint>,
    headers: &HeaderMap,
    new: PointSettings,
) -> Result<Response<Body>, Fault> {
    check(&new)?;
    let wanted = headers.get(header::IF_MATCH).and_then(|v| v.to_str().ok()).ok_or(Fault::NoTag)?.to_owned();
    let _alone = app.changes.lock().await;
    let server = Arc::clone(&app.settings);
    blocking(move || {
        let mut definition = Definition::clone(&point.definition());
        if wanted != "*" && !wanted.split(',').any(|t| t.trim() == tag(&definition)) {
            return Err(Fault::Changed);
        }
        new.write(&mut definition);
        point.update(definition)?;
        shown(StatusCode::OK, &point, &server)
    })
    .await
    .unwrap_or(Err(Fault::Broken))
}

/// Shuts a publishing point down and deletes its definition.
#[utoipa::path(delete, path = "/points/{path}", params(("path" = String, Path)), responses(
    (status = 204),
    (status = 404, body = Problem),
))]
pub(super) async fn remove(app: &App, path: &str) -> Result<Response<Body>, Fault> {
    let (registry, path) = (Arc::clone(&app.registry), path.to_owned());
    blocking(move || registry.remove(&path)).await.ok_or(Fault::Broken)??;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// Starts, stops or shuts down.
#[utoipa::path(put, path = "/points/{path}/state", request_body = StateWish, params(("path" = String, Path)), responses(
    (status = 200, body = StateReached),
    (status = 400, body = Problem, description = "A state that cannot be asked for."),
    (status = 404, body = Problem),
    (status = 409, body = Problem, description = "Not possible from the state that it is in."),
))]
pub(super) async fn state(point: Arc<PublishingPoint>, wish: StateWish) -> Result<Response<Body>, Fault> {
    let wanted =
        Wanted::of(&wish.state).ok_or_else(|| Fault::NoState(wish.state.chars().take(40).collect()))?;
    let reached = blocking(move || change(&point, wanted).map(|()| point.state()));
    json(StatusCode::OK, &StateReached { state: reached.await.ok_or(Fault::Broken)?? })
}

/// What happens at a publishing point now.
#[utoipa::path(get, path = "/points/{path}/statistics", params(("path" = String, Path)), responses(
    (status = 200, body = PointStatistics),
    (status = 404, body = Problem),
))]
pub(super) fn statistics(app: &App, point: &PublishingPoint) -> Result<Response<Body>, Fault> {
    json(StatusCode::OK, &PointStatistics::of(point, &app.history.of(point.path())))
}

/// A state that may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Started,
    Stopped,
    Idle,
}

impl Wanted {
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "Started" => Some(Self::Started),
            "Stopped" => Some(Self::Stopped),
            "Idle" => Some(Self::Idle),
            _ => None,
        }
    }
}

/// Brings `point` to the state that is wanted. Where it is there already, nothing is to be done.
pub(super) fn change(point: &PublishingPoint, wanted: Wanted) -> Result<(), Denied> {
    match (wanted, point.state()) {
        (Wanted::Started, State::Starting | State::Started)
        | (Wanted::Stopped, State::Stopping | State::Stopped)
        | (Wanted::Idle, State::Idle | State::ShuttingDown) => Ok(()),
        (Wanted::Started, _) => point.start(),
        (Wanted::Stopped, _) => point.stop(),
        (Wanted::Idle, _) => point.shut_down(),
    }
}

/// Makes the point at `path` with `settings`.
pub(super) fn make(
    registry: &Registry,
    path: &str,
    settings: &PointSettings,
) -> Result<Arc<PublishingPoint>, Failure> {
    let mut definition = Definition::default();
    settings.write(&mut definition);
    registry.create(path, &definition)
}

fn check(settings: &PointSettings) -> Result<(), Fault> {
    let faults = settings.faults();
    if faults.is_empty() { Ok(()) } else { Err(Fault::Settings(faults)) }
}

fn shown(status: StatusCode, point: &PublishingPoint, server: &Settings) -> Result<Response<Body>, Fault> {
    let (document, tag) = Point::of(point, server);
    let mut response = json(status, &document)?;
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

async fn read<T: DeserializeOwned>(app: &App, headers: &HeaderMap, body: Body) -> Result<T, Fault> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Fault::Kind);
    }
    Ok(serde_json::from_slice(&read_body(app, body).await?)?)
}

fn json(status: StatusCode, value: &impl Serialize) -> Result<Response<Body>, Fault> {
    let body = serde_json::to_vec(value).map_err(|_| Fault::Broken)?;
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body))
        .map_err(|_| Fault::Broken)
}

impl Fault {
    fn code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NoResource => (StatusCode::NOT_FOUND, "no-such-resource"),
            Self::NoPoint | Self::Registry(Failure::Missing) => (StatusCode::NOT_FOUND, "no-such-point"),
            Self::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, "method"),
            Self::Kind => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type"),
            Self::Json(_) => (StatusCode::BAD_REQUEST, "bad-json"),
            Self::Settings(_) => (StatusCode::BAD_REQUEST, "bad-settings"),
            Self::NoTag => (StatusCode::PRECONDITION_REQUIRED, "no-tag"),
            Self::Changed => (StatusCode::PRECONDITION_FAILED, "changed"),
            Self::NoState(_) => (StatusCode::BAD_REQUEST, "no-such-state"),
            Self::Denied(Denied::State { .. }) => (StatusCode::CONFLICT, "state"),
            Self::Registry(Failure::Path) => (StatusCode::BAD_REQUEST, "bad-path"),
            Self::Registry(Failure::Exists) => (StatusCode::CONFLICT, "exists"),
            Self::Body(_, status) => (*status, "body"),
            Self::Denied(_) | Self::Registry(_) => (StatusCode::INTERNAL_SERVER_ERROR, "storage"),
            Self::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "broken"),
        }
    }

    fn response(self) -> Response<Body> {
        let (status, code) = self.code();
        if status.is_server_error() {
            tracing::error!(error = %self, "administration");
        }
        let message = self.to_string();
        let fields = match &self {
            Self::Settings(faults) => faults.clone(),
            Self::Registry(Failure::Path | Failure::Exists) => BTreeMap::from([("path", message.clone())]),
            _ => BTreeMap::new(),
        };
        let problem = Problem { error: code.to_owned(), message, fields };
        let mut response = json(status, &problem).unwrap_or_default();
        *response.status_mut() = status;
        if let Self::Method(allow) = self {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}
