//! What a viewer sees of a player, ours or another: read from the media element itself.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::browser::Browser;

/// The media element at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Glance {
    /// `currentTime` in seconds.
    pub position: f64,
    /// Seconds of media that were due since the page began, at the rates that were set.
    pub due: f64,
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
        position: number("position"),
        due: number("due"),
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

/// Seconds of media for each that was due, from the first glance to the last: 1 for who keeps the time of the clock. A
/// player that plays at 0.95 to come to a safe distance owes that much less.
///
/// # Panics
///
/// If there are fewer than two.
#[must_use]
pub fn pace(seen: &[Glance]) -> f64 {
    let (first, last) = (seen.first().unwrap(), seen.last().unwrap());
    (last.position - first.position) / (last.due - first.due)
}

/// TTML with a cue for each second: "second 0", "second 1", …
#[must_use]
pub fn seconds_as_ttml(seconds: u32) -> String {
    let cues: String = (0..seconds)
        .map(|n| format!("<p begin=\"{}\" end=\"{}\">second {n}</p>", timestamp(n), timestamp(n + 1)))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><tt xmlns=\"http://www.w3.org/ns/ttml\" xml:lang=\"en\"><body><div>{cues}</div></body></tt>"
    )
}

fn timestamp(seconds: u32) -> String {
    format!("{:02}:{:02}:{:02}.000", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Follows the picture until the captions of [`seconds_as_ttml`] have been on the screen in `wanted` different
/// seconds. Panics when a frame comes whose number is not the one of a cue at its time, give or take a tenth of a
/// second, once there are captions. `round` is how many seconds there are before they start again.
pub async fn captions_in_step(browser: &Browser, wanted: usize, round: u64) {
    let second =
        |text: &Value| text.as_str().and_then(|text| text.strip_prefix("second ")?.parse::<u64>().ok());
    let texts = |texts: &Value| texts.as_array().into_iter().flatten().filter_map(second).collect::<Vec<_>>();
    let mut seen = std::collections::BTreeSet::new();
    let start = Instant::now();
    let mut frames = 0;
    browser.run("window.__probe.follow()").await;
    while seen.len() < wanted {
        for frame in browser.eval("window.__probe.frames.splice(0)").await.as_array().into_iter().flatten() {
            let (cues, shown) = (texts(&frame["cues"]), texts(&frame["shown"]));
            let Some(number) = frame["number"].as_u64().map(|number| number % round) else { continue };
            if cues.is_empty() && seen.is_empty() {
                continue;
            }
            assert!(
                cues.contains(&number),
                "at {} s the picture says {number}, the cues {cues:?}",
                frame["time"]
            );
            frames += 1;
            seen.extend(shown.into_iter().filter(|&second| second == number));
        }
        if start.elapsed() > crate::browser::GUARD {
            panic!("captions shown of the seconds {seen:?} only\n{}", browser.state().await);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("cues fitted {frames} frames; on the screen were those of the seconds {seen:?}");
}
