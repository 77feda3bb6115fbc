//! A viewer on a modest link opens the page.

use std::time::Duration;

use harness::browser::Browser;
use harness::encoder::{Level, Recipe};
use harness::files::{Files, Site};
use harness::shaper::Shaper;
use harness::splitter::Presentation;
use harness::{origin, pages};

/// One level, so that the first fragment is as heavy as it can be: four seconds at 2.5 Mbit/s take two seconds on
/// the link.
#[tokio::test]
async fn the_first_frame_shows_before_the_first_fragment_is_there() {
    let levels = vec![Level { size: (320, 180), bitrate: 2_500_000 }];
    let recipe = Recipe { levels, seconds: Some(12), gop: 100, constant: true, ..Recipe::default() };
    let mut site = Site::default();
    let manifest = Presentation::encode(&recipe).put(&mut site, "content");
    site.folder("/player/", origin::dist()).file("/", pages::smooth_video(&manifest));
    let files = Files::serve(site).await;
    let link = Shaper::start(files.address(), 5_000_000, Duration::from_millis(40)).await;
    let browser = Browser::start().await;
    browser.open(&link.url()).await;
    let mut marks = [0.0; 3];
    for (mark, name) in marks.iter_mut().zip(["first-media-byte", "first-frame", "first-fragment-complete"]) {
        let expression = format!("window.__probe.mark('silverlane:{name}')");
        *mark = browser.until(name, &expression).await.as_f64().unwrap();
    }
    let [byte, frame, complete] = marks;
    println!(
        "since the page was opened: first media byte {byte:.0} ms, first frame {frame:.0} ms, first fragment {complete:.0} ms"
    );
    assert!(byte < frame && frame < complete, "{marks:?}");
    browser.no_console_errors().await;
}
