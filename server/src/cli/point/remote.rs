//! The JSON API of an origin, from the outside.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HeaderValue, IF_MATCH};
use reqwest::{Client, Method, Url};
use serde_json::Value;

use super::super::{Failure, client};

/// Which origin, and who asks.
#[derive(clap::Args)]
pub(super) struct Server {
    /// Address of the origin
    #[arg(long, global = true, env = "SILVERLANE_SERVER", default_value = "http://localhost:8080")]
    server: String,
    /// Name and password of an administrator; better given by the environment, where others do not see it
    #[arg(
        long,
        global = true,
        env = "SILVERLANE_USER",
        hide_env_values = true,
        value_name = "NAME:PASSWORD"
    )]
    user: Option<String>,
    /// Token of an administrator, in place of name and password
    #[arg(long, global = true, env = "SILVERLANE_TOKEN", hide_env_values = true, conflicts_with = "user")]
    token: Option<String>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("server", &self.server).finish_non_exhaustive()
    }
}

/// An origin's API.
pub(super) struct Remote {
    http: Client,
    api: Url,
    authorization: Option<HeaderValue>,
}

impl Remote {
    pub(super) fn new(server: &Server) -> Result<Self, Failure> {
        let address = server.server.trim_end_matches('/');
        let address = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        let api = Url::parse(&format!("{address}/api/v1/"))
            .map_err(|_| format!("{address} is no address: it should look like http://localhost:8080"))?;
        let authorization = match (&server.user, &server.token) {
            (Some(user), _) => {
                use base64::Engine;
                Some(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(user)))
            }
            (None, Some(token)) => Some(format!("Bearer {token}")),
            (None, None) => None,
        };
        let mut authorization = authorization.map(HeaderValue::try_from).transpose()?;
        if let Some(value) = &mut authorization {
            value.set_sensitive(true);
        }
        Ok(Self { http: client::new(&api)?, api, authorization })
    }

    /// `http://host:port`, without what follows.
    pub(super) fn origin(&self) -> String {
        self.api.origin().ascii_serialization()
    }

    pub(super) async fn get(&self, resource: &str) -> Result<Value, Failure> {
        Ok(self.get_tagged(resource).await?.0)
    }

    /// A document and its `ETag`.
    pub(super) async fn get_tagged(&self, resource: &str) -> Result<(Value, Option<String>), Failure> {
        self.call(Method::GET, resource, None, None).await
    }

    pub(super) async fn send(
        &self,
        method: Method,
        resource: &str,
        body: Option<&Value>,
        tag: Option<&str>,
    ) -> Result<Value, Failure> {
        Ok(self.call(method, resource, body, tag).await?.0)
    }

    async fn call(
        &self,
        method: Method,
        resource: &str,
        body: Option<&Value>,
        tag: Option<&str>,
    ) -> Result<(Value, Option<String>), Failure> {
        let mut request = self.http.request(method, self.api.join(resource)?).timeout(TIMEOUT);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        if let Some(tag) = tag {
            request = request.header(IF_MATCH, tag);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let answer = request.send().await.map_err(|e| {
            let reason = client::reason(&e);
            format!("the origin at {} cannot be reached: {reason}. Name another with --server", self.origin())
        })?;
        let status = answer.status();
        let tag = answer.headers().get(ETAG).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let text = answer.text().await.map_err(|e| client::reason(&e))?;
        let value: Value =
            if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or_default() };
        if status.is_success() {
            return Ok((value, tag));
        }
        Err(refusal(status.as_u16(), &value).into())
    }
}

/// What the server says, with what to do about it.
fn refusal(status: u16, problem: &Value) -> String {
    let said =
        problem["message"].as_str().map_or_else(|| format!("the server answers {status}"), str::to_owned);
    let mut text = said;
    for (name, fault) in problem["fields"].as_object().into_iter().flatten() {
        text += &format!("\n  {name}: {}", fault.as_str().unwrap_or_default());
    }
    match (status, problem["error"].as_str()) {
        (401, _) => text += ". Set SILVERLANE_USER=name:password or SILVERLANE_TOKEN",
        (404, None) => text += ". Is this the address of a Silverlane origin?",
        (412, _) => text += ". Try again",
        _ => {}
    }
    text
}

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);
