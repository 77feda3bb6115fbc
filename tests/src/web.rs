//! Plain requests, for what a test asks a server itself.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Empty, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::browser::GUARD;

/// GETs `url`. Status 0 and an empty body if there is no answer.
pub async fn get(url: &str) -> (u16, Bytes) {
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let Ok(answer) = client.get(url.parse().unwrap()).await else { return (0, Bytes::new()) };
    let status = answer.status().as_u16();
    answer.into_body().collect().await.map_or((0, Bytes::new()), |body| (status, body.to_bytes()))
}

/// PUTs JSON. Status 0 if there is no answer.
pub async fn put(url: &str, json: &str) -> (u16, String) {
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::put(url).header(header::CONTENT_TYPE, "application/json");
    let request = request.body(Full::from(json.to_owned())).unwrap();
    let Ok(answer) = client.request(request).await else { return (0, String::new()) };
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// POSTs `body` to `url`; returns the status, 0 if there is no answer.
pub async fn post(url: &str, body: impl Into<Bytes>) -> u16 {
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::post(url).body(Full::new(body.into())).unwrap();
    client.request(request).await.map_or(0, |answer| answer.status().as_u16())
}

/// GETs `url` until the answer is 200 and `wanted` accepts its body as text; returns that text.
pub async fn until(url: &str, wanted: impl Fn(&str) -> bool) -> String {
    let start = Instant::now();
    loop {
        let (status, body) = get(url).await;
        let text = String::from_utf8_lossy(&body).into_owned();
        if status == 200 && wanted(&text) {
            return text;
        }
        assert!(start.elapsed() < GUARD, "{url} still answers {status}:\n{text}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
