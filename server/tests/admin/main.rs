//! Administration, spoken to over HTTP as pages, programs and monitoring do.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api;
#[allow(dead_code, unreachable_pub, reason = "the other tests use the rest of it")]
#[path = "../http/harness.rs"]
mod harness;
mod iis;
mod observation;
mod point;

use harness::{Origin, Response};
use serde_json::Value;

/// A request from this machine.
async fn call(origin: &Origin, method: &str, path: &str, headers: &str, body: &str) -> Response {
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}");
    origin.send(&format!("{head}Content-Length: {length}\r\n\r\n{body}")).await
}

/// A call of the API, whose answer is JSON.
async fn json(origin: &Origin, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let headers = "Content-Type: application/json\r\nIf-Match: *\r\n";
    let response = call(origin, method, &format!("/api/v1{path}"), headers, &text).await;
    let value =
        if response.body.is_empty() { Value::Null } else { serde_json::from_slice(&response.body).unwrap() };
    (response.status, value)
}
