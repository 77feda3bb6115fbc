//! Firefox and WebKitGTK, the nearest to Safari that runs here, play what Chromium plays.

use std::sync::LazyLock;
use std::time::Duration;

use harness::browser::{Browser, Engine};
use harness::encoder::{LIVE, Recipe};
use harness::files::{Files, Site};
use harness::origin::{self, Origin};
use harness::process::Process;
use harness::splitter::Presentation;
use harness::{pages, player, ttml, web};

#[tokio::test]
async fn firefox_plays_on_demand() {
    on_demand(Engine::Firefox).await;
}

#[tokio::test]
async fn firefox_plays_a_broadcast_to_its_end() {
    live(Engine::Firefox).await;
}

#[tokio::test]
async fn webkit_plays_on_demand() {
    on_demand(Engine::WebKit).await;
}

#[tokio::test]
async fn webkit_plays_a_broadcast_to_its_end() {
    live(Engine::WebKit).await;
}

/// A seek before there is a picture would stop this browser for ever, page and all, were it not waited for.
#[tokio::test]
async fn webkit_begins_within_the_first_fragment() {
    let presentation = &*PRESENTATION;
    let browser = Browser::start_with(Engine::WebKit).await;
    // In the midst of it, and where sound has begun its second.
    for start in [0.5, 1.979] {
        let mut site = Site::default();
        let manifest = presentation.put(&mut site, "content");
        let page = pages::smooth_video_with(&manifest, &format!("start={start}"));
        site.folder("/player/", origin::dist()).file("/", page);
        let files = Files::serve(site).await;
        browser.open(&files.url()).await;
        let there = format!("window.__probe.media()?.currentTime > {start} && {}", in_step(presentation));
        browser.until("it plays from there", &there).await;
        nothing_wrong(&browser).await;
    }
}

/// From the start, with captions, in another language, at each quality, elsewhere, to the end.
async fn on_demand(engine: Engine) {
    let presentation = &*PRESENTATION;
    let mut site = Site::default();
    let manifest = presentation.put(&mut site, "content");
    site.folder("/player/", origin::dist()).file("/", pages::smooth_video(&manifest));
    let files = Files::serve(site).await;
    let browser = Browser::start_with(engine).await;
    browser.open(&files.url()).await;
    player::playing(&browser).await;
    keeps_time(&browser, engine, "on demand").await;
    let began = browser.eval("window.__probe.events.find((e) => e.name === 'playing').position").await;
    assert!(began.as_f64().is_some_and(|began| began < 0.5), "it began at {began} s");

    browser.run("document.querySelector('smooth-video').selectCaptions('captions')").await;
    browser
        .until(
            "the caption of this second shows",
            "window.__probe.captions()[0] === `second ${Math.floor(window.__probe.media().currentTime)}`",
        )
        .await;

    // Where nothing is loaded yet.
    for (index, height, position) in [(0, 90, 45.5), (2, 180, 85.5)] {
        browser
            .run(&format!(
                "const v = document.querySelector('smooth-video');
                v.videoRenditions.selectedIndex = {index};
                v.currentTime = {position}"
            ))
            .await;
        let shows = format!("window.__probe.media().videoHeight === {height} && {}", in_step(presentation));
        browser.until(&format!("the quality of {height} lines shows, where it was sought"), &shows).await;
    }

    let other =
        "Array.from(document.querySelector('smooth-video').audioTracks).find((t) => t.language === 'ger')";
    browser.run(&format!("{other}.enabled = true")).await;
    browser.until("the other language is on", &format!("{other}.enabled")).await;
    let before = player::glance(&browser).await.position;
    let goes_on = format!("window.__probe.media().currentTime > {before} + 3 && {}", in_step(presentation));
    browser.until("it goes on in that language", &goes_on).await;

    browser.run("document.querySelector('smooth-video').currentTime = 95.2").await;
    browser.until("it plays there", &in_step(presentation)).await;
    browser.until("it ends", "window.__probe.media().ended").await;
    let end = player::glance(&browser).await;
    println!("{engine:?}: ended at {:.3} of {:.3} s", end.position, presentation.seconds());
    assert!((end.position - presentation.seconds()).abs() < 0.2, "{end:?}");
    assert_eq!(end.dry, 0, "it ran dry\n{}", browser.state().await);
    let missing: Vec<_> =
        files.log().into_iter().filter(|l| l.status != 200 && !l.path.ends_with("favicon.ico")).collect();
    assert!(missing.is_empty(), "asked for in vain: {missing:#?}");
    nothing_wrong(&browser).await;
    ttml::readers_agree(&browser, 200).await;
}

/// From the edge, back to the start, to the edge again, to the end.
async fn live(engine: Engine) {
    let folder = tempfile::tempdir().expect("a folder");
    let (media, captions) = (folder.path().join("media.ismv"), folder.path().join("captions.ttml"));
    std::fs::write(&media, Recipe { seconds: Some(ROUND), ..Recipe::default() }.file())
        .expect("space on the disk");
    std::fs::write(&captions, player::seconds_as_ttml(ROUND)).expect("space on the disk");
    let origin = Origin::start().await;
    let (manifest, point) = (format!("{}/manifest", origin.point()), origin.point());
    let arguments =
        ["push".as_ref(), media.as_os_str(), "--captions".as_ref(), captions.as_os_str(), point.as_ref()];
    let mut encoder = Process::start("silverlane-push", origin::binary(), &arguments);
    let mut site = Site::default();
    site.folder("/player/", origin::dist()).file("/", pages::smooth_video(&manifest));
    let files = Files::serve(site).await;
    web::until(&manifest, |xml| xml.matches("<c ").count() >= 16).await;
    let browser = Browser::start_with(engine).await;
    browser.open(&files.url()).await;
    player::playing(&browser).await;
    let live = "document.querySelector('smooth-video').streamType === 'live'";
    assert_eq!(browser.eval(live).await, true);
    keeps_time(&browser, engine, "live").await;

    browser
        .run("const v = document.querySelector('smooth-video'); v.selectCaptions(v.textTracks[0].label)")
        .await;
    // WebKitGTK does not tell of each frame: by the second in the picture.
    for _ in 0..3 {
        let fits = format!(
            "window.__probe.captions()[0] === `second ${{window.__probe.number() % {ROUND}}}` && window.__probe.captions()[0]"
        );
        let shown = browser.until("the caption is that of the picture", &fits).await;
        browser.until("another shows", &format!("window.__probe.captions()[0] !== {shown}")).await;
    }

    let edge = player::glance(&browser).await.position;
    browser.run("document.querySelector('smooth-video').currentTime = 1.2").await;
    browser
        .until("the second second shows", "window.__probe.number() === 1 && !window.__probe.media().seeking")
        .await;
    browser.run("document.querySelector('smooth-video').seekToLive()").await;
    let back = format!("window.__probe.media().currentTime > {edge} && !window.__probe.media().seeking");
    browser.until("it is at the edge again", &back).await;
    keeps_time(&browser, engine, "back at the edge").await;

    encoder.kill();
    origin.wish("Stopped").await;
    browser.until("the end is reached", "window.__probe.media().ended").await;
    let end = player::glance(&browser).await;
    println!("{engine:?}: the broadcast ended at {:.2} s", end.position);
    assert_eq!(end.dry, 0, "it ran dry\n{}", browser.state().await);
    nothing_wrong(&browser).await;
}

/// Seconds of the presentation.
const LENGTH: u32 = 100;
/// Seconds until a broadcast starts again.
const ROUND: u32 = 10;

static PRESENTATION: LazyLock<Presentation> = LazyLock::new(|| {
    let recipe = Recipe { levels: LIVE.to_vec(), seconds: Some(LENGTH), ..Recipe::default() };
    let english = Presentation::encode(&recipe);
    let german = Presentation::encode(&Recipe { levels: LIVE[..1].to_vec(), tone: 880, ..recipe });
    english.in_two_languages(german).with_captions("captions", &player::seconds_as_ttml(LENGTH))
});

fn in_step(presentation: &Presentation) -> String {
    format!("window.__probe.inStep({})", presentation.picture_offset())
}

/// A second of the clock is a second of the presentation, and there is a picture for each 25th of it.
async fn keeps_time(browser: &Browser, engine: Engine, when: &str) {
    let seen = player::watch(browser, Duration::from_secs(4)).await;
    let (first, last) = (seen[0], seen[seen.len() - 1]);
    let pace = player::pace(&seen);
    println!(
        "{engine:?}, {when}: {pace:.3} s per second, {} frames, {:.1} s ahead",
        last.frames - first.frames,
        last.ahead
    );
    assert!((0.9..1.1).contains(&pace), "{pace} s per second\n{}", browser.state().await);
    assert!(last.frames > first.frames + 70, "{first:?} {last:?}");
    assert_eq!(last.dry, 0, "it ran dry\n{}", browser.state().await);
}

async fn nothing_wrong(browser: &Browser) {
    let error = browser.eval("document.querySelector('smooth-video').error?.message ?? null").await;
    assert_eq!(error, serde_json::Value::Null);
    browser.no_console_errors().await;
}
