//! What happens to the viewers of a broadcast, and what they do: their network goes and comes back, their laptop sleeps, they
//! look elsewhere, go back, pause. `docs/live.md` is the list; what happens to the broadcast itself is in `live_events.rs`.

use std::time::Duration;

use harness::audience::Audience;
use harness::origin::Origin;
use harness::shaper::Shaper;
use harness::studio::Studio;
use harness::web;

/// Two origins of one broadcast that has run for a while: with a window of `long` seconds, and with one of 16.
async fn broadcast(long: u32, seconds: u32) -> (Studio, Origin, Origin) {
    let window = long.to_string();
    let roomy = Origin::with(&[("manifestWindowLength", &window)]).await;
    let narrow = Origin::with(&[("manifestWindowLength", "16")]).await;
    let studio = Studio::started(&[roomy.address(), narrow.address()], seconds, long).await;
    for origin in [&roomy, &narrow] {
        web::until(&manifest(&origin.url()), |xml| xml.matches("<c ").count() >= 12).await;
    }
    (studio, roomy, narrow)
}

fn manifest(origin: &str) -> String {
    format!("{origin}/LiveSmoothStream.isml/manifest")
}

/// Where the window of a manifest starts, in seconds.
fn starts(manifest: &str) -> f64 {
    let ticks = manifest.split("<c t=\"").nth(1).and_then(|rest| rest.split('"').next()?.parse::<f64>().ok());
    ticks.expect("a chunk with a time") / 1e7
}

/// The clock of a page stands still while a laptop sleeps, except on Windows; it does not under a browser that only stands
/// still.
const LAPTOP: &str = "const { performance } = window, now = performance.now.bind(performance);
    let last = now(), slept = 0;
    performance.now = () => {
      const time = now();
      if (time - last > 5000) slept += time - last;
      last = time;
      return time - slept;
    };";

#[tokio::test]
async fn a_lost_network_a_tab_in_the_background_and_a_sleep_lose_nothing_that_is_in_the_window() {
    let (_studio, roomy, narrow) = broadcast(60, 300).await;
    let link = Shaper::start(roomy.address(), 50_000_000, Duration::from_millis(10)).await;
    let (linked, direct) = (manifest(&link.url()), manifest(&narrow.url()));
    // Who comes late has no address yet.
    let [viewer, narrow] = [&linked, &direct].map(|url| format!("src=\"{url}\""));
    let viewers = [("viewer", &*viewer), ("narrow", &*narrow), ("late", "")];
    let audience = Audience::gather(&viewers, LAPTOP).await;
    let browser = &audience.browser;
    audience.playing("viewer").await;
    audience.playing("narrow").await;

    // The network is gone: connections end, no new ones come to be, and the browser knows it.
    audience.forget().await;
    link.cut(true);
    browser.offline(true).await;
    let lost = audience.glance("viewer").await;
    browser.run(&format!("late.src = '{linked}'")).await;
    audience.told("viewer", "warning", "e.code === 'fragment-failed'").await;
    audience.told("viewer", "stall", "true").await;
    let stood = audience.glance("viewer").await;
    println!(
        "lost at {:.2} s, stood at {:.2} s, {:.2} s were buffered",
        lost.position, stood.position, lost.buffered
    );
    assert!(lost.buffered - stood.position < 0.5, "the buffer was not played out: {lost:?} {stood:?}");
    audience.reads("late", "The server cannot be reached.").await;
    audience.told("late", "error", "e.code === 'manifest-unreachable'").await;
    // Until what narrow needs next has left its window.
    let next =
        browser.eval("timeOf(narrow) + glance(narrow).buffered - narrow.currentTime").await.as_f64().unwrap();
    web::until(&direct, |xml| starts(xml) > next + 1.0).await;

    link.cut(false);
    browser.offline(false).await;
    let ended = audience.told("viewer", "stallended", "true").await;
    println!("it stood for {} s", ended["seconds"]);
    audience.goes_on("viewer", 3.0).await;
    audience.in_step("viewer").await;
    audience.played("viewer", lost.position, stood.position + 3.0).await;
    // And by itself who came when there was none, and who has nothing left in the window.
    audience.told("late", "manifestready", "true").await;
    audience.playing("late").await;
    browser.until("nothing hides the picture", "!late.error && !reads(late, '')").await;
    let slid = audience.told("narrow", "gapjump", "e.cause === 'window-slid'").await;
    println!("narrow went from {} to {}", slid["from"], slid["to"]);
    audience.goes_on("narrow", 1.0).await;
    audience.in_step("narrow").await;

    // Another tab lies over the page, for longer than what is buffered.
    audience.forget().await;
    let other = browser.cover().await;
    browser.until("the page is hidden", "document.hidden").await;
    let hidden = audience.glance("viewer").await;
    let on = format!(
        "document.hidden && viewer.currentTime > {} + 2 && glance(viewer).sound > {}",
        hidden.buffered, hidden.sound
    );
    browser.until("it plays on", &on).await;
    browser.uncover(other).await;
    browser.until("the page is seen", "!document.hidden").await;
    audience.goes_on("viewer", 1.0).await;
    audience.in_step("viewer").await;
    audience.played("viewer", hidden.position, hidden.buffered + 2.0).await;
    let troubles = audience.all_told("viewer", "warning error gapjump stall seeking").await;
    assert!(troubles.is_empty(), "{troubles:?}");

    // The laptop is shut, for longer than the short window and not as long as the other. Its connections are dead after it.
    audience.forget().await;
    let (shut, narrow) = (audience.glance("viewer").await, audience.glance("narrow").await);
    browser.freeze(true);
    link.cut(true);
    tokio::time::sleep(Duration::from_secs(20)).await;
    link.cut(false);
    browser.freeze(false);
    let open = audience.glance("viewer").await;
    println!("shut at {:.2} s, opened at {:.2} s", shut.position, open.position);
    let loaded = format!("glance(viewer).buffered > {} + 2", shut.buffered);
    browser.until("there is more to play than before", &loaded).await;
    audience.goes_on("viewer", 4.0).await;
    audience.in_step("viewer").await;
    audience.played("viewer", shut.position, open.position + 4.0).await;
    let jumps = audience.all_told("viewer", "gapjump").await;
    assert!(jumps.is_empty() && open.position < shut.position + 2.0, "{shut:?} {open:?} {jumps:?}");
    let slid = audience.told("narrow", "gapjump", "e.cause === 'window-slid'").await;
    println!("narrow was shut at {:.2} s, and went from {} to {}", narrow.position, slid["from"], slid["to"]);
    audience.goes_on("narrow", 1.0).await;
    audience.in_step("narrow").await;
    audience.played("narrow", narrow.position, narrow.buffered - 0.5).await;
}

#[tokio::test]
async fn viewers_go_back_and_live_again_pause_and_outlast_an_encoder_that_is_away() {
    let (studio, roomy, narrow) = broadcast(48, 220).await;
    let [long, short] = [&roomy, &narrow].map(|origin| format!("src=\"{}\"", manifest(&origin.url())));
    // So that what is buffered at lunch is played soon.
    let short = format!("{short} buffer-goal=\"4\"");
    let audience = Audience::gather(&[("viewer", &long), ("tea", &long), ("lunch", &short)], "").await;
    let browser = &audience.browser;
    for who in ["viewer", "tea", "lunch"] {
        audience.playing(who).await;
    }
    let live = "viewer.shadowRoot.querySelector('media-live-button')";
    browser
        .until("the controls say that it is live", &format!("{live}?.hasAttribute('mediatimeislive')"))
        .await;
    browser.run("lunch.pause()").await;
    browser.run("tea.pause()").await;
    let [tea, lunch] = [audience.glance("tea").await, audience.glance("lunch").await];

    // A click on the seek bar, at a quarter of the window.
    audience.forget().await;
    let window = audience.glance("viewer").await;
    browser.click("viewer.shadowRoot.querySelector('media-time-range')", 0.25).await;
    audience.told("viewer", "seeked", "true").await;
    audience.in_step("viewer").await;
    let back = audience.glance("viewer").await;
    let wanted = window.start + (window.target - window.start) / 4.0;
    println!(
        "the window was {:.1} to {:.1} s, the click led to {:.1} s",
        window.start, window.target, back.position
    );
    assert!((back.position - wanted).abs() < 4.0, "{wanted} was clicked: {window:?} {back:?}");
    audience.goes_on("viewer", 1.0).await;
    browser
        .until("the controls say that it is not live", &format!("!{live}.hasAttribute('mediatimeislive')"))
        .await;

    // LIVE.
    audience.forget().await;
    browser.click(live, 0.5).await;
    audience.told("viewer", "seeked", "true").await;
    audience.goes_on("viewer", 1.0).await;
    audience.in_step("viewer").await;
    browser
        .until("the controls say that it is live", &format!("{live}.hasAttribute('mediatimeislive')"))
        .await;
    let edge = audience.glance("viewer").await;
    println!("live is {:.1} s, it plays {:.1} s", edge.target, edge.position);
    assert!((edge.target - edge.position).abs() < 6.0, "{edge:?}");

    // Back by script, and beyond the edge.
    audience.forget().await;
    browser.run("viewer.currentTime = viewer.seekable.start(0) + 10").await;
    audience.told("viewer", "seeked", "true").await;
    audience.in_step("viewer").await;
    audience.forget().await;
    browser.run("viewer.currentTime = viewer.edge.edge + 1000").await;
    let jump = audience.told("viewer", "gapjump", "e.cause === 'beyond-edge'").await;
    println!("beyond the edge: from {} to {}", jump["from"], jump["to"]);
    audience.goes_on("viewer", 1.0).await;
    audience.in_step("viewer").await;
    let edge = audience.glance("viewer").await;
    assert!((edge.target - edge.position).abs() < 6.0, "{edge:?}");

    // After a pause that was shorter than the window, and after one that was longer.
    browser.until("there was a pause", &format!("viewer.edge.target > {} + 6", tea.target)).await;
    audience.forget().await;
    browser.run("tea.play()").await;
    audience.goes_on("tea", 2.0).await;
    audience.in_step("tea").await;
    audience.played("tea", tea.position, tea.position + 2.0).await;
    assert!(audience.all_told("tea", "gapjump seeking").await.is_empty(), "it was moved");
    browser.until("the window has slid", "lunch.edge.start > glance(lunch).buffered + 1").await;
    let buffered = audience.glance("lunch").await.buffered;
    browser.run("lunch.play()").await;
    let slid = audience.told("lunch", "gapjump", "e.cause === 'window-slid'").await;
    println!(
        "paused at {:.1} s, buffered to {buffered:.1} s, went from {} to {}",
        lunch.position, slid["from"], slid["to"]
    );
    audience.goes_on("lunch", 1.0).await;
    audience.in_step("lunch").await;
    audience.played("lunch", lunch.position, buffered - 0.5).await;

    // All that took one manifest.
    assert_eq!(browser.eval("viewer.stats.manifestRequests").await, 1);

    // The encoder is away.
    audience.forget().await;
    studio.silence(true);
    audience.told("viewer", "stall", "true").await;
    audience.told("viewer", "silence", "e.seconds > 0").await;
    audience.reads("viewer", "The broadcast has stopped for now.").await;
    let stood = audience.glance("viewer").await;
    assert!(stood.buffered - stood.position < 0.5, "the buffer was not played out: {stood:?}");
    studio.silence(false);
    audience.told("viewer", "silenceended", "true").await;
    let hole = audience.told("viewer", "gapjump", "e.cause === 'hole'").await;
    println!("the encoder was away: jumped from {} to {}", hole["from"], hole["to"]);
    audience.told("viewer", "stallended", "true").await;
    for who in ["viewer", "lunch"] {
        audience.goes_on(who, 2.0).await;
        audience.in_step(who).await;
        browser.until("nothing hides the picture", &format!("!reads({who}, '')")).await;
    }
    browser.no_console_errors_but(&["status of 412", "status of 404"]).await;
}
