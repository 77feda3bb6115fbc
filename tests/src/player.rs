//! What a viewer sees of a player, ours or another: read from the media element itself.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::browser::Browser;

/// The media element at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Glance {
    /// When it was read.
    pub at: Instant,
    /// `currentTime` in seconds.
    pub position: f64,
    /// Frames decoded so far.
    pub frames: u64,
    /// Bytes of sound decoded so far.
    pub audio_bytes: u64,
    /// Height of the picture in pixels.
    pub height: u64,
    /// Seconds buffered ahead of the position.
    pub ahead: f64,
    /// How often it ran dry after it first played, seeks set aside.
    pub dry: u64,
}

/// Reads the media element of the page.
pub async fn glance(browser: &Browser) -> Glance {
    let state = browser.run("return [window.__probe.state(), window.__probe.ahead()]").await;
    let number = |key: &str| state[0].get(key).and_then(Value::as_f64).unwrap_or_default();
    Glance {
        at: Instant::now(),
        position: number("position"),
        frames: number("frames") as u64,
        audio_bytes: number("audioBytes") as u64,
        height: number("height") as u64,
        ahead: state[1].as_f64().unwrap_or_default(),
        dry: number("dry") as u64,
    }
}

/// Waits until the page plays: the position moves, and what was asked for is decoded.
pub async fn playing(browser: &Browser) -> Glance {
    browser
        .until(
            "it plays",
            "(window.__probe.media()?.currentTime ?? 0) > 0.2 && !window.__probe.media().paused",
        )
        .await;
    glance(browser).await
}

/// Watches for `time`, with a glance now and then.
pub async fn watch(browser: &Browser, time: Duration) -> Vec<Glance> {
    let start = Instant::now();
    let mut seen = vec![glance(browser).await];
    while start.elapsed() < time {
        tokio::time::sleep(Duration::from_millis(500)).await;
        seen.push(glance(browser).await);
    }
    seen
}

/// Seconds of media per second of the clock, from the first glance to the last.
///
/// # Panics
///
/// If there are fewer than two.
#[must_use]
pub fn pace(seen: &[Glance]) -> f64 {
    let (first, last) = (seen.first().unwrap(), seen.last().unwrap());
    (last.position - first.position) / last.at.duration_since(first.at).as_secs_f64()
}
