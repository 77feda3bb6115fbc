//! What happens to a broadcast: each event really happens, and the picture says what became of it. `docs/live.md` is the list;
//! what happens to its viewers is in `live_viewers.rs`.

use harness::audience::Audience;
use harness::browser::Browser;
use harness::files::{Files, Site};
use harness::origin::{self, Origin};
use harness::studio::Studio;
use harness::{player, web};
use serde_json::json;

#[tokio::test]
async fn a_broadcast_that_begins_late_and_whose_times_jump_goes_on_for_its_viewers() {
    // A window that holds both sides of a jump: a shorter one slides over the hole before the viewer is there.
    let origin = Origin::with(&[("manifestWindowLength", "120")]).await;
    let manifest = format!("{}/manifest", origin.point());
    let source = format!("src=\"{manifest}\"");
    let audience = Audience::gather(&[("viewer", &source), ("tea", &source)], "").await;
    let browser = &audience.browser;

    // Not begun.
    audience.told("viewer", "warning", "e.code === 'not-started' && e.status === 404").await;
    audience.reads("viewer", "Waiting for the broadcast to begin").await;
    let studio = Studio::start(origin.address(), 240).await;
    audience.playing("viewer").await;

    // A moment after the start.
    audience.told("viewer", "ratecontrol", "e.rate === 0.95").await;
    let slower =
        "viewer.media.playbackRate === 0.95 && viewer.playbackRate === 1 && viewer.stats.rate === 0.95";
    browser.until("it plays slower, and keeps that to itself", slower).await;
    audience.goes_on("viewer", 4.0).await;
    let changes = audience.all_told("viewer", "ratechange").await;
    assert!(changes.is_empty(), "the page hears of a rate that the viewer did not choose");

    browser.run("tea.pause()").await;

    // Times jump: forward, in sound alone, back.
    for (pictures, sound) in [(20, 20), (0, 3)] {
        audience.forget().await;
        studio.jump(pictures, sound);
        let jump = audience.told("viewer", "gapjump", "e.cause === 'hole' && e.to - e.from > 2").await;
        println!("{pictures} s, {sound} s: jumped from {} to {}", jump["from"], jump["to"]);
        audience.goes_on("viewer", 3.0).await;
    }
    audience.forget().await;
    studio.jump(-40, -43);
    audience.goes_on("viewer", 14.0).await;
    println!("back: {:?}", audience.all_told("viewer", "gapjump stall stallended warning").await);

    assert_eq!(browser.eval("[viewer.error, tea.error]").await, json!([null, null]));
}

/// A page that brings its own controls: only `smooth-video.js`, and page, script and media on three hosts.
#[tokio::test]
async fn the_bare_element_keeps_its_distance_and_bears_being_moved() {
    let origin = Origin::start().await;
    let _studio = Studio::started(&[origin.address()], 150, 30).await;
    let manifest = format!("{}/manifest", origin.point());
    web::until(&manifest, |xml| xml.matches("<c ").count() >= 12).await;
    let mut site = Site::default();
    site.folder("/", origin::dist());
    let scripts = Files::serve(site).await;
    let mut site = Site::default();
    let page = format!(
        r#"<!doctype html><meta charset="utf-8"><title>test</title><script src="{}/smooth-video.js"></script>
        <div id="here"><smooth-video src="{manifest}" autoplay muted></smooth-video></div><div id="there"></div>
        <script>
        const video = document.querySelector("smooth-video");
        window.rates = [];
        video.addEventListener("ratecontrol", ({{ detail }}) => rates.push(detail.rate));
        window.chosen = [];
        video.addEventListener("ratechange", () => chosen.push(video.playbackRate));
        </script>"#,
        scripts.url()
    );
    site.file("/", page);
    let files = Files::serve(site).await;
    let browser = Browser::start().await;
    browser.open(&files.url()).await;
    player::playing(&browser).await;
    assert_eq!(browser.eval("customElements.get('smooth-player') === undefined").await, true);

    // Moved: neither loaded anew nor paused.
    let asked = browser.eval("video.stats.manifestRequests").await;
    browser.run("document.getElementById('there').append(video)").await;
    let goal = player::glance(&browser).await.position + 3.0;
    browser.until("it plays on", &format!("video.currentTime > {goal}")).await;
    assert_eq!(browser.eval("video.stats.manifestRequests").await, asked, "it was loaded anew");

    // Nearer, by a rate that nobody hears, and farther.
    assert_eq!(browser.eval("rates.length").await, 0, "nobody asked for it");
    browser.run("video.targetLatency = Math.floor(video.stats.latency) - 1").await;
    browser.until("it plays faster", "video.media.playbackRate === 1.05 && video.playbackRate === 1").await;
    let there = "Math.abs(video.stats.latency - video.targetLatency) < 0.6 && video.stats.rate === 1";
    browser.until("it is where it should be", there).await;
    browser.run("video.targetLatency += 2").await;
    browser.until("it plays slower", "video.media.playbackRate === 0.95").await;
    browser.run("video.targetLatency = null").await;
    browser.until("it plays as it is", "video.media.playbackRate === 1").await;
    println!("rates: {}", browser.eval("rates").await);
    browser.run("video.playbackRate = 2; video.playbackRate = 1").await;
    browser.until("the page hears of the viewer's rates", "chosen.length >= 2").await;
    assert_eq!(browser.eval("chosen.length").await, 2, "and of no other");
    assert_eq!(player::glance(&browser).await.dry, 0, "it stalled");

    // Taken out, and put back.
    browser.run("window.taken = video; video.remove()").await;
    browser.until("it lets go", "taken.stats === undefined").await;
    browser.run("document.getElementById('here').append(taken)").await;
    let before = player::playing(&browser).await;
    let (goal, frames) = (before.position + 2.0, before.frames + 30);
    let on = format!("video.currentTime > {goal} && window.__probe.state().frames > {frames}");
    browser.until("it plays on", &on).await;
    browser.no_console_errors().await;
}
