//! The viewer's link becomes slow, and fast again.

use std::time::Duration;

use harness::browser::Browser;
use harness::encoder::{Level, Recipe};
use harness::files::{Files, Site};
use harness::shaper::Shaper;
use harness::splitter::Presentation;
use harness::{origin, pages, player};

const TOP: u32 = 2_400_000;

#[tokio::test]
async fn the_bitrate_steps_down_before_the_buffer_runs_dry_and_up_again() {
    let levels = [250_000, 600_000, 1_200_000, TOP].map(|bitrate| Level { size: (320, 180), bitrate });
    let recipe = Recipe { levels: levels.to_vec(), seconds: Some(150), constant: true, ..Recipe::default() };
    let mut site = Site::default();
    let manifest = Presentation::encode(&recipe).put(&mut site, "content");
    site.folder("/player/", origin::dist()).file("/", pages::smooth_video(&manifest));
    let files = Files::serve(site).await;
    let link = Shaper::start(files.address(), 6_000_000, Duration::from_millis(40)).await;
    let browser = Browser::start().await;
    browser.open(&link.url()).await;

    until(&browser, &files, 0, "the top level is asked for", |bitrate| bitrate == TOP).await;
    browser.until("there is something to live on", "window.__probe.ahead() > 8").await;
    let ahead = player::glance(&browser).await.ahead;
    println!("at 6 Mbit/s: {} kbit/s, {ahead:.1} s ahead", TOP / 1000);

    link.set_rate(1_000_000);
    let before = files.log().len();
    let lower =
        until(&browser, &files, before, "a level that the link can carry", |bitrate| bitrate < 1_000_000)
            .await;
    let seen = player::glance(&browser).await;
    println!("at 1 Mbit/s: {} kbit/s asked for with {:.1} s ahead", lower / 1000, seen.ahead);
    assert_eq!(seen.dry, 0, "the buffer ran dry first");
    let slow = player::watch(&browser, Duration::from_secs(20)).await;
    let least = slow.iter().map(|s| s.ahead).fold(f64::INFINITY, f64::min);
    println!("20 s at 1 Mbit/s: {:.3} s per second, never less than {least:.1} s ahead", player::pace(&slow));
    assert_eq!(slow.last().unwrap().dry, 0, "it ran dry on the slow link\n{}", browser.state().await);

    link.set_rate(6_000_000);
    let before = files.log().len();
    until(&browser, &files, before, "the top level is asked for again", |bitrate| bitrate == TOP).await;
    let seen = player::glance(&browser).await;
    println!("at 6 Mbit/s again: {} kbit/s asked for with {:.1} s ahead", TOP / 1000, seen.ahead);
    assert_eq!(seen.dry, 0, "it ran dry on the way up");
    browser.no_console_errors().await;
}

/// Waits until a fragment of the picture is asked for in a bitrate that is `wanted`, after the first `skip` requests.
async fn until(
    browser: &Browser,
    files: &Files,
    skip: usize,
    what: &str,
    wanted: impl Fn(u32) -> bool,
) -> u32 {
    let start = std::time::Instant::now();
    loop {
        let log = files.log();
        let bitrates: Vec<u32> = log
            .iter()
            .skip(skip)
            .filter(|l| l.path.contains("(video="))
            .filter_map(|l| l.path.split("QualityLevels(").nth(1)?.split(')').next()?.parse().ok())
            .collect();
        if let Some(&found) = bitrates.iter().find(|&&bitrate| wanted(bitrate)) {
            return found;
        }
        if start.elapsed() > harness::browser::GUARD {
            panic!("waited in vain until {what}; asked for: {bitrates:?}\n{}", browser.state().await);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
