//! An operator pushes with ffmpeg, a viewer opens the generated page.

use std::time::Duration;

use harness::browser::Browser;
use harness::encoder::Recipe;
use harness::origin::Origin;
use harness::{player, web};

#[tokio::test]
async fn a_viewer_watches_a_broadcast_for_a_minute_and_through_two_restarts_of_the_encoder() {
    let origin = Origin::start().await;
    let manifest = format!("{}/manifest", origin.point());
    origin.page(&manifest);
    let mut encoder = Recipe::default().push(&origin.point());
    web::until(&manifest, |xml| xml.contains("<c ")).await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/SmoothStreamingPlayer.html", origin.url())).await;
    player::playing(&browser).await;

    let seen = player::watch(&browser, Duration::from_secs(60)).await;
    let (first, last) = (seen[0], seen[seen.len() - 1]);
    let (pace, frames) = (player::pace(&seen), last.frames - first.frames);
    let least = seen.iter().map(|glance| glance.ahead).fold(f64::INFINITY, f64::min);
    println!(
        "a minute of the broadcast: {pace:.3} s per second, {frames} frames, ran dry {} times, \
         never less than {least:.1} s ahead",
        last.dry
    );
    println!("{}", browser.eval("JSON.stringify(document.querySelector('smooth-player').stats)").await);
    assert_eq!(last.dry, 0, "it stalled");
    assert!((0.95..1.05).contains(&pace), "{pace} s per second: it does not keep the time of the clock");
    assert!(
        seen.windows(20).all(|w| w[19].frames > w[0].frames && w[19].position > w[0].position),
        "it stood still"
    );
    assert!(last.audio_bytes > first.audio_bytes, "no sound");

    browser.no_console_errors().await;

    for number in [100.0, 180.0] {
        encoder.kill();
        encoder = Recipe { number, ..Recipe::default() }.push(&origin.point());
        let shown = format!("window.__probe.number() >= {number}");
        browser.until("the picture of the new run shows", &shown).await;
        let seen = player::watch(&browser, Duration::from_secs(10)).await;
        let (first, last) = (seen[0], seen[seen.len() - 1]);
        println!(
            "after a restart: {:.3} s per second, ran dry {} times",
            player::pace(&seen),
            last.dry - first.dry
        );
        assert_eq!(last.dry, first.dry, "it stalled on the new run");
        assert!(
            last.position > first.position + 9.0 && last.frames > first.frames + 200,
            "{first:?} {last:?}"
        );
        assert!(last.audio_bytes > first.audio_bytes, "no sound");
    }
    // While no encoder sends, there is no next fragment: browsers write every such answer to the console.
    browser.no_console_errors_but(&["status of 412"]).await;
}
