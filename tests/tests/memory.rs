//! A page that plays all day holds on to nothing.

use std::time::{Duration, Instant};

use harness::browser::Browser;
use harness::encoder::{LIVE, Recipe};
use harness::files::{Files, Site};
use harness::heap::{self, Heap};
use harness::origin::{self, Origin};
use harness::splitter::Presentation;
use harness::{pages, player, web};

#[tokio::test]
async fn fifty_presentations_leave_nothing_behind() {
    let recipe = Recipe { levels: LIVE[..2].to_vec(), seconds: Some(8), ..Recipe::default() };
    let presentation = Presentation::encode(&recipe).with_captions("captions", &player::seconds_as_ttml(8));
    let mut site = Site::default();
    let manifest = presentation.put(&mut site, "content");
    site.folder("/player/", origin::dist()).file("/", pages::smooth_video(&manifest));
    let files = Files::serve(site).await;
    let browser = Browser::start().await;
    browser.open(&files.url()).await;
    let mut after = Vec::new();
    for cycle in 1..=50 {
        player::playing(&browser).await;
        browser.run("document.querySelector('smooth-video').selectCaptions('captions')").await;
        browser.until("captions show", "window.__probe.captions()[0]").await;
        // By turns the address is taken away, and the whole element; both while requests are under way.
        let (away, back) = if cycle % 2 == 0 {
            ("v.removeAttribute('src')", "v.setAttribute('src', window.address)")
        } else {
            ("v.remove()", "v = v.cloneNode(); document.body.append(v)")
        };
        let v = "let v = document.querySelector('smooth-video') ?? window.gone; window.gone = v;";
        browser
            .run(&format!("{v} window.address = '{manifest}'; {away}; window.__probe.events.length = 0"))
            .await;
        browser.until("it is unloaded", "!window.gone.player").await;
        if cycle % 10 == 0 {
            let heap = heap::measure(&browser).await;
            println!("after {cycle} presentations: {heap:?}");
            after.push(heap);
        }
        browser.run(&format!("{v} {back}; window.gone = null")).await;
    }
    level(&after[..2], &after[2..]);
    assert_eq!(after[4].media, 0, "media is held with nothing loaded: {:?}", after[4]);
    browser.no_console_errors().await;
}

/// With `SILVERLANE_LONG` set, half an hour with a window of five minutes; else a minute with one of ten seconds.
#[tokio::test]
async fn a_broadcast_takes_no_more_the_longer_it_is_watched() {
    let long = std::env::var_os("SILVERLANE_LONG").is_some();
    let (minutes, window) = if long { (30, "300") } else { (1, "10") };
    let time = Duration::from_secs(60 * minutes);
    let origin = Origin::with(&[("manifestWindowLength", window)]).await;
    let manifest = format!("{}/manifest", origin.point());
    let _encoder = Recipe::default().push(&origin.point());
    let mut site = Site::default();
    let page = pages::smooth_video(&manifest).replace("<smooth-video ", "<smooth-video back-buffer=\"8\" ");
    site.folder("/player/", origin::dist());
    site.file("/", if long { pages::smooth_video(&manifest) } else { page });
    let files = Files::serve(site).await;
    web::until(&manifest, |xml| xml.contains("<c ")).await;
    let browser = Browser::start().await;
    browser.open(&files.url()).await;
    player::playing(&browser).await;

    let (start, first) = (Instant::now(), player::glance(&browser).await);
    let mut samples = Vec::new();
    for sample in 1..=12 {
        tokio::time::sleep_until((start + time / 12 * sample).into()).await;
        let heap = heap::measure(&browser).await;
        println!("after {} s: {heap:?}", start.elapsed().as_secs());
        samples.push(heap);
    }
    let last = player::glance(&browser).await;
    let pace = player::pace(&[first, last]);
    println!(
        "{:.1} minutes: {pace:.4} s per second, {} frames, ran dry {} times",
        start.elapsed().as_secs_f64() / 60.0,
        last.frames - first.frames,
        last.dry
    );
    assert!((0.97..1.03).contains(&pace), "{pace} s per second");
    // The first third fills what is bounded: the window, the buffers, the browser's own lists.
    level(&samples[4..8], &samples[8..]);
    browser.no_console_errors().await;
}

/// One of the figures.
type Count = fn(&Heap) -> u64;

/// Of nothing is there more in any of `later` than there was at most in `earlier`, give or take what a collector leaves.
fn level(earlier: &[Heap], later: &[Heap]) {
    let most = |of: Count, among: &[Heap]| among.iter().map(of).max().unwrap_or_default();
    let counts: [(&str, Count, u64); 6] = [
        ("objects", |heap| heap.objects, 200_000),
        ("buffers", |heap| heap.buffers, 1_000_000),
        ("Wasm", |heap| heap.wasm, 0),
        ("nodes", |heap| heap.nodes, 20),
        ("listeners", |heap| heap.listeners, 4),
        ("media", |heap| heap.media, 8),
    ];
    for (name, of, slack) in counts {
        let (before, after) = (most(of, earlier), most(of, later));
        assert!(after <= before + slack, "{name}: {before}, then {after}\n{earlier:#?}\n{later:#?}");
    }
}
