//! The management resources of IIS Live Smooth Streaming: Atom entries (RFC 4287) around settings, state
//! and statistics, at the addresses and with the error codes that programs written for IIS know.
//!
//! | operation | request |
//! | --- | --- |
//! | list, with settings | `GET /services/smoothstreaming/publishingpoints.isml`, `…/settings` |
//! | create | `POST …/publishingpoints.isml/settings`, `Slug: /path/name.isml` |
//! | read, replace, delete | `GET`, `PUT`, `DELETE /path/name.isml/settings` |
//! | state | `GET`, `PUT /path/name.isml/state` |
//! | statistics | `GET /path/name.isml/statistics` |

mod error;
mod read;
mod times;
mod write;

use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use smooth::smil::definition::Definition;
use smooth::url;

use self::error::Fault;
use self::write::Entry;
use super::api::{Wanted, change, make};
use super::model::archive_of;
use super::settings::PointSettings;
use super::{blocking, read_body, split_point};
use crate::http::App;
use crate::http::peer::Peer;
use crate::publishing_point::PublishingPoint;
use crate::publishing_point::state::State;

pub use self::error::refused;

/// A management resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// All publishing points.
    List,
    /// All publishing points with their settings; new ones are posted here.
    ListSettings,
    /// The settings of the point at this path.
    Settings(String),
    /// Its state.
    State(String),
    /// Its statistics.
    Statistics(String),
}

impl Resource {
    /// What `path`, decoded, names.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        let (point, rest) = split_point(path)?;
        let rest = rest.to_ascii_lowercase();
        if point.eq_ignore_ascii_case(COLLECTION) {
            return match rest.as_str() {
                "" => Some(Self::List),
                "settings" => Some(Self::ListSettings),
                _ => None,
            };
        }
        let point = point.to_owned();
        match rest.as_str() {
            "settings" => Some(Self::Settings(point)),
            "state" => Some(Self::State(point)),
            "statistics" => Some(Self::Statistics(point)),
            _ => None,
        }
    }
}

/// Where publishing points are listed.
const COLLECTION: &str = "/services/smoothstreaming/publishingpoints.isml";

/// Answers a request to `resource`.
pub async fn serve(app: &App, resource: Resource, request: Request<Body>) -> Response<Body> {
    match answer(app, resource, request).await {
        Ok(response) => response,
        Err(fault) => fault.response(),
    }
}

async fn answer(app: &App, resource: Resource, request: Request<Body>) -> Result<Response<Body>, Fault> {
    let (parts, body) = request.into_parts();
    let base = base(&Peer::of(&parts.extensions), &parts.headers);
    let method = if parts.method == Method::HEAD { Method::GET } else { parts.method };
    let find = async |path: &str| app.registry.find(path).await.ok_or(Fault::NotFound);
    match (&method, resource) {
        (&Method::GET, Resource::List) => list(app, base, false).await,
        (&Method::GET, Resource::ListSettings) => list(app, base, true).await,
        (&Method::POST, Resource::ListSettings) => create(app, base, &parts.headers, body).await,
        (&Method::GET, Resource::Settings(path)) => {
            Ok(atom(StatusCode::OK, write::entry(&settings_entry(&*find(&path).await?, &base))))
        }
        (&Method::PUT, Resource::Settings(path)) => {
            let point = find(&path).await?;
            let text = document(app, &parts.headers, body).await?;
            update(app, point, text).await
        }
        (&Method::DELETE, Resource::Settings(path)) => {
            let registry = Arc::clone(&app.registry);
            blocking(move || registry.remove(&path)).await.ok_or(Fault::Internal)??;
            Ok(Response::new(Body::empty()))
        }
        (&Method::GET, Resource::State(path)) => {
            Ok(atom(StatusCode::OK, write::entry(&state_entry(&*find(&path).await?, &base))))
        }
        (&Method::PUT, Resource::State(path)) => {
            let point = find(&path).await?;
            let wanted = wanted(&read::state(&document(app, &parts.headers, body).await?)?)?;
            blocking(move || change(&point, wanted)).await.ok_or(Fault::Internal)??;
            Ok(Response::new(Body::empty()))
        }
        (&Method::GET, Resource::Statistics(path)) => statistics(&*find(&path).await?, &base),
        (_, Resource::List | Resource::Statistics(_)) => Err(Fault::Method("GET, HEAD")),
        (_, Resource::ListSettings) => Err(Fault::Method("GET, HEAD, POST")),
        (_, Resource::Settings(_)) => Err(Fault::Method("GET, HEAD, PUT, DELETE")),
        (_, Resource::State(_)) => Err(Fault::Method("GET, HEAD, PUT")),
    }
}

async fn list(app: &App, base: String, with_settings: bool) -> Result<Response<Body>, Fault> {
    let registry = Arc::clone(&app.registry);
    let feed = blocking(move || {
        let points = registry.list().points;
        let entries = points
            .iter()
            .map(|p| if with_settings { settings_entry(p, &base) } else { plain_entry(p, &base) });
        write::feed(&format!("{base}{COLLECTION}"), SystemTime::now(), entries)
    });
    Ok(atom(StatusCode::OK, feed.await.ok_or(Fault::Internal)?))
}

async fn create(app: &App, base: String, headers: &HeaderMap, body: Body) -> Result<Response<Body>, Fault> {
    let slug = headers.get("slug").ok_or(Fault::NoSlug)?;
    let slug = slug.to_str().ok().and_then(|s| url::decode(s.trim()).ok()).ok_or(Fault::BadSlug)?;
    let text = document(app, headers, body).await?;
    let settings = read::settings(&text, PointSettings::default())?;
    check(&settings)?;
    let registry = Arc::clone(&app.registry);
    let point = blocking(move || make(&registry, &slug, &settings)).await.ok_or(Fault::Internal)??;
    let entry = settings_entry(&point, &base);
    let mut response = atom(StatusCode::CREATED, write::entry(&entry));
    if let Ok(location) = HeaderValue::from_str(&entry.id) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

async fn update(app: &App, point: Arc<PublishingPoint>, text: String) -> Result<Response<Body>, Fault> {
    let _alone = app.changes.try_lock().map_err(|_| Fault::Locked)?;
    let updated = blocking(move || {
        let mut definition = Definition::clone(&point.definition());
        let settings = read::settings(&text, PointSettings::of(&definition))?;
        check(&settings)?;
        settings.write(&mut definition);
        Ok(point.update(definition)?)
    });
    updated.await.unwrap_or(Err(Fault::Internal))?;
    Ok(Response::new(Body::empty()))
}

fn statistics(point: &PublishingPoint, base: &str) -> Result<Response<Body>, Fault> {
    let now = point.statistics();
    if now.state == State::Idle {
        return Err(Fault::NotStarted);
    }
    let archive = archive_of(point).path.unwrap_or_default();
    let content = write::statistics(&now, &point.definition(), &archive);
    Ok(atom(StatusCode::OK, write::entry(&Entry { content, ..of_point(point, base, "statistics") })))
}

/// The whole document that was sent.
async fn document(app: &App, headers: &HeaderMap, body: Body) -> Result<String, Fault> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !["application/atom+xml", "application/xml", "text/xml"].iter().any(|k| kind.eq_ignore_ascii_case(k)) {
        return Err(Fault::ContentType);
    }
    let bytes = read_body(app, body).await?;
    Ok(smooth::xml::decode(&bytes, &app.settings.limits()).map_err(Fault::Xml)?.into_owned())
}

fn wanted(state: &str) -> Result<Wanted, Fault> {
    if let Some(wanted) = Wanted::of(state) {
        return Ok(wanted);
    }
    let known = ["Starting", "Stopping", "ShuttingDown", "Error"];
    Err(if known.contains(&state) {
        Fault::StateNotSettable
    } else {
        Fault::Data("Value is no state".into())
    })
}

fn check(settings: &PointSettings) -> Result<(), Fault> {
    match settings.faults().into_iter().next() {
        Some((name, fault)) => Err(Fault::Data(format!("{name}: {fault}"))),
        None => Ok(()),
    }
}

/// How the client calls this server.
fn base(peer: &Peer, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|v| v.to_str().ok()).unwrap_or("localhost");
    let scheme = if peer.is_secure { "https" } else { "http" };
    format!("{scheme}://{host}")
}

fn of_point(point: &PublishingPoint, base: &str, resource: &str) -> Entry {
    let address = format!("{base}{}", super::model::encode_path(point.path()));
    Entry {
        id: format!("{address}/{resource}"),
        title: point.definition().title.clone(),
        updated: SystemTime::now(),
        links: vec![("Settings", format!("{address}/settings")), ("State", format!("{address}/state"))],
        content: String::new(),
    }
}

fn plain_entry(point: &PublishingPoint, base: &str) -> Entry {
    of_point(point, base, "settings")
}

fn settings_entry(point: &PublishingPoint, base: &str) -> Entry {
    let content = write::settings(&PointSettings::of(&point.definition()));
    Entry { content, ..of_point(point, base, "settings") }
}

fn state_entry(point: &PublishingPoint, base: &str) -> Entry {
    let content = write::state(point.state(), point.last_error().as_deref());
    Entry { content, ..of_point(point, base, "state") }
}

fn atom(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/atom+xml; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_found_in_any_letter_case() {
        let list = "/services/SmoothStreaming/PublishingPoints.isml";
        assert_eq!(Resource::of(list), Some(Resource::List));
        assert_eq!(Resource::of(&format!("{list}/Settings")), Some(Resource::ListSettings));
        assert_eq!(Resource::of("/a/b.isml/STATE"), Some(Resource::State("/a/b.isml".into())));
        for none in [&format!("{list}/state"), "/b.isml", "/b.isml/Manifest", "/b.ism/state", "/state"] {
            assert_eq!(Resource::of(none), None, "{none}");
        }
    }
}
