//! On-demand content that our server had no hand in, from a plain file server.

#![allow(clippy::unwrap_used, reason = "tests end at the first surprise")]

use std::sync::LazyLock;

use harness::browser::Browser;
use harness::encoder::{LIVE, Recipe};
use harness::files::{Files, Logged, Site};
use harness::splitter::{FIVE, Presentation};
use harness::{origin, pages, player};

#[tokio::test]
async fn five_levels_play_to_the_end_with_seeks_to_five_places() {
    let recipe = Recipe { levels: FIVE.to_vec(), seconds: Some(40), ..Recipe::default() };
    let presentation = Presentation::encode(&recipe);
    let (files, browser) = open(&presentation).await;
    player::playing(&browser).await;
    let offset = presentation.picture_offset();
    for target in [31.4, 4.5, 17.0, 0.3, 35.2] {
        browser.run(&format!("document.querySelector('smooth-video').currentTime = {target}")).await;
        let plays_there = format!(
            "window.__probe.inStep({offset}) && Math.abs(window.__probe.media().currentTime - {target} - 1.5) < 1.4"
        );
        browser.until(&format!("it plays on from {target} s"), &plays_there).await;
    }
    browser.until("it ends", "window.__probe.media().ended").await;
    let end = player::glance(&browser).await;
    println!("ended at {:.3} of {:.3} s, {} frames", end.position, presentation.seconds(), end.frames);
    assert!((end.position - presentation.seconds()).abs() < 0.1, "{end:?}");
    assert_eq!(end.dry, 0, "it ran dry");
    assert!(end.height > 90, "it never left the lowest level");
    nothing_missing(&files.log());
    browser.no_console_errors().await;
}

#[tokio::test]
async fn starts_beyond_two_to_the_53_are_asked_for_to_the_tick() {
    let presentation = short().picture_at(17_472_959_488_675_333);
    let log = plays(&presentation).await;
    assert!(log.iter().any(|l| l.path.ends_with("/Fragments(video=17472959488675333)")), "{log:#?}");
}

#[tokio::test]
async fn a_timescale_of_1000_plays() {
    plays(&short().in_milliseconds()).await;
}

#[tokio::test]
async fn custom_attributes_stand_in_the_addresses() {
    plays(&short().with_custom_attributes()).await;
}

#[tokio::test]
async fn an_empty_text_stream_holds_nothing_up() {
    plays(&short().with_empty_text()).await;
}

#[tokio::test]
async fn a_start_at_six_seconds_plays_from_its_start() {
    plays(&short().picture_at(60_000_000)).await;
}

#[tokio::test]
async fn a_manifest_in_utf_16_plays() {
    plays(&short().in_utf16()).await;
}

/// Explicit hierarchical signalling: AAC-LC at 24 kHz within SBR at 48 kHz.
#[tokio::test]
async fn he_aac_plays() {
    plays(&low_rate().as_he_aac("2b118800")).await;
}

/// Backward-compatible signalling of the same.
#[tokio::test]
async fn he_aac_signalled_the_compatible_way_plays() {
    plays(&low_rate().as_he_aac("131056e598")).await;
}

/// FourCC AACH over a configuration that speaks of AAC-LC alone.
#[tokio::test]
async fn he_aac_with_the_configuration_of_aac_plays() {
    plays(&low_rate().as_he_aac("1310")).await;
}

fn short() -> Presentation {
    static SHORT: LazyLock<Presentation> = LazyLock::new(|| {
        Presentation::encode(&Recipe { levels: LIVE.to_vec(), seconds: Some(12), ..Recipe::default() })
    });
    SHORT.clone()
}

fn low_rate() -> Presentation {
    static LOW_RATE: LazyLock<Presentation> = LazyLock::new(|| {
        let levels = LIVE[..1].to_vec();
        Presentation::encode(&Recipe { levels, seconds: Some(8), sampling_rate: 24_000, ..Recipe::default() })
    });
    LOW_RATE.clone()
}

/// Plays some seconds: from position 0, sound and picture, the right picture at each time.
async fn plays(presentation: &Presentation) -> Vec<Logged> {
    let (files, browser) = open(presentation).await;
    browser.until("three seconds are played", "window.__probe.media()?.currentTime > 3").await;
    let offset = presentation.picture_offset();
    browser.until("picture and position agree", &format!("window.__probe.inStep({offset})")).await;
    let seen = player::glance(&browser).await;
    println!("{} frames, {} bytes of sound, at {:.3} s", seen.frames, seen.audio_bytes, seen.position);
    assert!(seen.frames > 50 && seen.audio_bytes > 0, "{seen:?}");
    let started = browser.eval("window.__probe.events.find((e) => e.name === 'playing').position").await;
    assert!(started.as_f64().unwrap() < 0.5, "it started at {started} s");
    let absolute = browser.eval("String(document.querySelector('smooth-video').presentationStart)").await;
    assert_eq!(absolute, presentation.start().to_string(), "absolute time of position 0");
    let duration = browser.eval("document.querySelector('smooth-video').duration").await.as_f64().unwrap();
    assert!((duration - presentation.seconds()).abs() < 0.05, "{duration} s of {}", presentation.seconds());
    nothing_missing(&files.log());
    browser.no_console_errors().await;
    files.log()
}

async fn open(presentation: &Presentation) -> (Files, Browser) {
    let mut site = Site::default();
    let manifest = presentation.put(&mut site, "content");
    site.folder("/player/", origin::dist()).file("/", pages::smooth_video(&manifest));
    let files = Files::serve(site).await;
    let browser = Browser::start().await;
    browser.open(&files.url()).await;
    (files, browser)
}

fn nothing_missing(log: &[Logged]) {
    let missing: Vec<_> =
        log.iter().filter(|l| l.status != 200 && !l.path.ends_with("favicon.ico")).collect();
    assert!(missing.is_empty(), "asked for in vain: {missing:#?}");
}
