//! The presentations that the tests cut are sound: of each variant, a player that we did not write and that knows it
//! plays it. None knows them all, and none more than one custom attribute in an address.

use std::time::Duration;

use harness::browser::Browser;
use harness::encoder::{LIVE, Recipe};
use harness::files::{Files, Site};
use harness::splitter::{FIVE, Presentation};
use harness::{judges, pages, player};

#[tokio::test]
async fn other_players_play_five_levels() {
    let recipe = Recipe { levels: FIVE.to_vec(), seconds: Some(12), ..Recipe::default() };
    let (_files, browser) =
        play(&[("rx", Presentation::encode(&recipe)), ("dash", Presentation::encode(&recipe))]).await;
    browser.run("window.__probe.media().currentTime = 7.5").await;
    browser.until("the picture of second 7 shows", "window.__probe.number() === 7").await;
}

#[tokio::test]
async fn each_variant_plays_in_a_player_that_knows_it() {
    let short =
        Presentation::encode(&Recipe { levels: LIVE.to_vec(), seconds: Some(8), ..Recipe::default() });
    let low_rate =
        Recipe { levels: LIVE[..1].to_vec(), seconds: Some(8), sampling_rate: 24_000, ..Recipe::default() };
    let low_rate = Presentation::encode(&low_rate);
    play(&[
        ("dash", short.clone().in_milliseconds()),
        ("rx", short.clone().with_empty_text()),
        ("dash", short.clone().picture_at(60_000_000)),
        ("dash", short.clone().picture_at(17_472_959_488_675_333)),
        ("rx", short.in_utf16()),
        ("dash", low_rate.as_he_aac("2b118800")),
    ])
    .await;
}

async fn play(presentations: &[(&str, Presentation)]) -> (Files, Browser) {
    let mut site = Site::default();
    site.folder("/judges/", judges::players());
    for (index, (judge, presentation)) in presentations.iter().enumerate() {
        let manifest = presentation.put(&mut site, &index.to_string());
        let page = if *judge == "rx" { pages::rx_player(&manifest) } else { pages::dash_js(&manifest) };
        site.file(format!("/{index}.html"), page);
    }
    let files = Files::serve(site).await;
    let browser = Browser::start().await;
    for (index, (judge, presentation)) in presentations.iter().enumerate() {
        browser.open(&format!("{}/{index}.html", files.url())).await;
        player::playing(&browser).await;
        let seen = player::watch(&browser, Duration::from_secs(2)).await;
        let last = seen.last().unwrap_or_else(|| unreachable!("watch always looks"));
        println!("{index} {judge}, from {}: {} frames", presentation.start(), last.frames);
        assert!(last.frames > 0 && last.audio_bytes > 0, "{}", browser.state().await);
    }
    (files, browser)
}
