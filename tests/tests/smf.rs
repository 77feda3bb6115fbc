//! Pages that were written for Silverlight, with one script added.

use harness::browser::Browser;
use harness::encoder::Recipe;
use harness::files::{Files, Site};
use harness::splitter::Presentation;
use harness::{origin, pages, player};

#[tokio::test]
async fn the_object_is_replaced_in_place_and_its_settings_count() {
    let (files, browser) = open("selectedcaptionstream=textstream_eng,mediaurl=/content.ism/Manifest").await;
    player::playing(&browser).await;
    let place = browser
        .run(
            "let box = window.__probe.media();
             while (box.getRootNode() !== document) box = box.getRootNode().host;
             const { width, height } = box.getBoundingClientRect();
             return { width, height, parent: box.closest('#silverlightControlHost') !== null,
               objects: Array.from(document.querySelectorAll('object'), (o) => o.getBoundingClientRect().width).filter((w) => w > 0).length }",
        )
        .await;
    assert_eq!((place["width"].as_f64(), place["height"].as_f64()), (Some(640.0), Some(360.0)), "{place}");
    assert_eq!((place["parent"].as_bool(), place["objects"].as_u64()), (Some(true), Some(0)), "{place}");
    player::captions_in_step(&browser, 3, 256).await;
    assert!(player::glance(&browser).await.audio_bytes > 0);
    assert!(files.log().iter().all(|l| !l.path.ends_with(".xap")));
    browser.no_console_errors().await;
}

#[tokio::test]
async fn a_page_that_says_not_to_play_waits_for_its_viewer() {
    let (files, browser) = open("AutoPlay=false,mediaurl=/content.ism/Manifest").await;
    browser.until("the content is known", "window.__probe.media()?.readyState >= 1").await;
    assert_eq!(browser.eval("window.__probe.media().paused").await, true);
    assert_eq!(browser.eval("window.__probe.events.some((e) => e.name === 'playing')").await, false);
    browser.run("window.__probe.media().play()").await;
    player::playing(&browser).await;
    assert!(files.log().iter().any(|l| l.path.contains("(video=")));
    browser.no_console_errors().await;
}

async fn open(parameters: &str) -> (Files, Browser) {
    let recipe = Recipe { seconds: Some(8), ..Recipe::default() };
    let mut site = Site::default();
    let presentation = Presentation::encode(&recipe);
    presentation.with_captions("textstream_eng", &player::seconds_as_ttml(8)).put(&mut site, "content");
    site.folder("/player/", origin::dist()).file("/", pages::smf(parameters));
    let files = Files::serve(site).await;
    let browser = Browser::start().await;
    browser.open(&files.url()).await;
    (files, browser)
}
