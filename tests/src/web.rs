//! Plain requests, for what a test asks a server itself.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
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
