//! The description of the JSON API, at `/api/v1/openapi.json`.

use utoipa::OpenApi;

use super::{api, model, settings};

/// The document.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Silverlane administration",
        description = "Publishing points of a Smooth Streaming origin: settings, states, figures. \
            Calls that change something need `Content-Type: application/json` where they have a body, and are \
            refused to pages of other sites.",
        license(name = "MIT OR Apache-2.0"),
    ),
    servers((url = "/api/v1")),
    paths(
        api::server, api::settings, api::list, api::create, api::show, api::update, api::remove, api::state,
        api::statistics,
    ),
    components(schemas(model::Problem, settings::PointSettings)),
)]
pub struct Document;
