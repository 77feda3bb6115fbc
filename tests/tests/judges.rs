//! The browsers and players that judge our outputs play what ffmpeg makes: where one of them then does not play ours, the
//! fault is ours.

use harness::browser::{Browser, Engine};
use harness::encoder::{LIVE, Recipe};
use harness::files::{Files, Site};
use harness::{judges, pages, player};

#[tokio::test]
async fn hls_plays_in_hls_js_and_in_webkit_and_dash_in_shaka() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = Recipe { levels: vec![LIVE[0]], seconds: Some(6), ..Recipe::default() };
    recipe.encode(&["-f", "hls", "-hls_time", "2", "-hls_list_size", "0"], &folder.path().join("a.m3u8"));
    recipe.encode(&["-f", "dash", "-seg_duration", "2"], &folder.path().join("a.mpd"));
    let mut site = Site::default();
    site.folder("/judges/", judges::players()).folder("/media/", folder.path());
    site.file("/hls.html", pages::hls_js("/media/a.m3u8"));
    site.file("/native.html", pages::native("/media/a.m3u8"));
    site.file("/shaka.html", pages::shaka("/media/a.mpd"));
    let files = Files::serve(site).await;
    for (engine, pages) in [(Engine::Chromium, &["hls", "shaka"][..]), (Engine::WebKit, &["native", "hls"])] {
        let browser = Browser::start_with(engine).await;
        for page in pages {
            browser.open(&format!("{}/{page}.html", files.url())).await;
            player::playing(&browser).await;
            browser.until("the end is reached", "window.__probe.media().ended").await;
            let last = player::glance(&browser).await;
            println!(
                "{engine:?}, {page}: {} frames to {:.1} s, ran dry {} times",
                last.frames, last.position, last.dry
            );
            assert!(last.frames > 100 && last.position > 5.5, "{last:?}\n{}", browser.state().await);
            assert_eq!(browser.eval("window.failure ?? null").await, serde_json::Value::Null);
            browser.no_console_errors().await;
        }
    }
}
