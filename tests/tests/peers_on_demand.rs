//! The presentations that the tests cut themselves are sound: players that we did not write play them.

use std::time::Duration;

use harness::browser::Browser;
use harness::encoder::Recipe;
use harness::files::{Files, Site};
use harness::splitter::{FIVE, Presentation};
use harness::{judges, pages, player};

#[tokio::test]
async fn other_players_play_what_the_splitter_cuts() {
    let recipe = Recipe { levels: FIVE.to_vec(), seconds: Some(12), ..Recipe::default() };
    let presentation = Presentation::encode(&recipe);
    let mut site = Site::default();
    let manifest = presentation.put(&mut site, "plain");
    site.folder("/judges/", judges::players());
    site.file("/rx.html", pages::rx_player(&manifest)).file("/dash.html", pages::dash_js(&manifest));
    let files = Files::serve(site).await;
    let browser = Browser::start().await;
    for page in ["rx", "dash"] {
        browser.open(&format!("{}/{page}.html", files.url())).await;
        player::playing(&browser).await;
        browser.run("window.__probe.media().currentTime = 7.5").await;
        browser.until("the picture of second 7 shows", "window.__probe.number() === 7").await;
        let seen = player::watch(&browser, Duration::from_secs(2)).await;
        println!("{page}: {:?}", seen.last().unwrap());
        assert!(seen.last().unwrap().frames > 0 && seen.last().unwrap().audio_bytes > 0);
    }
}
