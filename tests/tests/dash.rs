//! The broadcast as DASH, in players that we did not write.

use std::time::Duration;

use harness::browser::Browser;
use harness::encoder::{LIVE, Recipe};
use harness::files::{Files, Site};
use harness::origin::{self, Origin};
use harness::process::Process;
use harness::{judges, pages, player, web};

const PLAYERS: [&str; 2] = ["dash", "shaka"];

#[tokio::test]
async fn a_broadcast_is_watched_live_to_its_end_and_again() {
    let origin = Origin::start().await;
    let manifest = format!("{}/Manifest(format=mpd-time-csf).mpd", origin.point());
    let files = pages(&manifest).await;
    let recipe = Recipe { levels: LIVE[..2].to_vec(), seconds: Some(30), ..Recipe::default() };
    let _encoder = recipe.push(&origin.point());
    web::until(&manifest, |mpd| mpd.contains("r=\"3\"")).await;
    let browser = Browser::start().await;
    for player in PLAYERS {
        browser.open(&format!("{}/{player}.html", files.url())).await;
        player::playing(&browser).await;
        let seen = player::watch(&browser, Duration::from_secs(6)).await;
        let (first, last) = (seen[0], seen[seen.len() - 1]);
        println!("{player}, live: from {:.1} s, {:.3} s per second", first.position, player::pace(&seen));
        assert!(last.frames > first.frames + 100 && last.audio_bytes > first.audio_bytes, "{seen:?}");
        sound(&browser).await;
    }
    // The encoder ends in order, and who watches sees the last picture.
    web::until(&manifest, |mpd| mpd.contains("type=\"static\"")).await;
    browser.until("the last second shows", "window.__probe.number() === 29").await;
    sound(&browser).await;
    for player in PLAYERS {
        browser.open(&format!("{}/{player}.html", files.url())).await;
        player::playing(&browser).await;
        let start = player::glance(&browser).await;
        assert!(start.position < 5.0, "{player} begins at {} s", start.position);
        browser.run("window.__probe.media().currentTime += 24").await;
        browser.until("the end is reached", "window.__probe.media().ended").await;
        let last = player::glance(&browser).await;
        println!("{player}, ended at {:.2} s", last.position);
        assert!((29.5..30.5).contains(&(last.position - start.position.floor())), "{last:?}");
        sound(&browser).await;
    }
}

#[tokio::test]
async fn a_broadcast_on_the_time_of_day_shows_its_captions() {
    let origin = Origin::start().await;
    let manifest = format!("{}/Manifest(format=mpd-time-csf).mpd", origin.point());
    let files = pages(&manifest).await;
    let push = ["push", "--quiet", "--demo", &origin.point()].map(str::to_owned);
    let _encoder = Process::start("silverlane-push", origin::binary(), &push);
    web::until(&manifest, |mpd| mpd.contains("wvtt") && mpd.contains("r=\"3\"")).await;
    let browser = Browser::start().await;
    for player in PLAYERS {
        browser.open(&format!("{}/{player}.html", files.url())).await;
        player::playing(&browser).await;
        let shown = browser.until("captions show", "window.__probe.captions()[0]").await;
        // A position on the time of day is large before anything plays.
        browser.until("pictures show", "window.__probe.state().frames > 0").await;
        let seen = player::watch(&browser, Duration::from_secs(6)).await;
        println!("{player}: {:.3} s per second, captions {shown}", player::pace(&seen));
        assert!(shown.as_str().unwrap_or_default().starts_with("Live captions: "), "{shown}");
        let (first, last) = (seen[0], seen[seen.len() - 1]);
        assert!(last.frames > first.frames + 100 && last.dry == 0, "{seen:?}");
        sound(&browser).await;
    }
}

/// A page for each player.
async fn pages(manifest: &str) -> Files {
    let mut site = Site::default();
    site.folder("/judges/", judges::players());
    site.file("/dash.html", pages::dash_js(manifest)).file("/shaka.html", pages::shaka(manifest));
    Files::serve(site).await
}

/// Nothing went wrong so far.
async fn sound(browser: &Browser) {
    let failure = browser.eval("window.failure ?? null").await;
    assert_eq!(failure, serde_json::Value::Null, "{}", browser.state().await);
}
