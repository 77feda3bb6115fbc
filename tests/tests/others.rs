//! Players that we did not write play our broadcast.

use std::time::Duration;

use harness::browser::Browser;
use harness::encoder::Recipe;
use harness::files::{Files, Site};
use harness::origin::Origin;
use harness::{judges, pages, player, web};

#[tokio::test]
async fn rx_player_and_dash_js_play_the_broadcast() {
    let origin = Origin::start().await;
    let manifest = format!("{}/Manifest", origin.point());
    let mut site = Site::default();
    site.folder("/judges/", judges::players());
    site.file("/rx.html", pages::rx_player(&manifest)).file("/dash.html", pages::dash_js(&manifest));
    let files = Files::serve(site).await;
    let _encoder = Recipe::default().push(&origin.point());
    // They start some way behind the edge and want that much to be there.
    web::until(&manifest, |xml| xml.matches("<c ").count() >= 16).await;
    let browser = Browser::start().await;
    for page in ["rx", "dash"] {
        browser.open(&format!("{}/{page}.html", files.url())).await;
        player::playing(&browser).await;
        let seen = player::watch(&browser, Duration::from_secs(30)).await;
        let (first, last) = (seen[0], seen[seen.len() - 1]);
        let (pace, frames) = (player::pace(&seen), last.frames - first.frames);
        println!("{page}: {pace:.3} s per second, {frames} frames, ran dry {} times", last.dry);
        assert!((0.9..1.1).contains(&pace), "{page}: {pace} s per second\n{}", browser.state().await);
        assert!(frames > 600 && last.audio_bytes > first.audio_bytes, "{first:?} {last:?}");
        assert_eq!(browser.eval("window.failure ?? null").await, serde_json::Value::Null);
    }
}
