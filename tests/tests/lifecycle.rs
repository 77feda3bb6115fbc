//! What viewers see while the origin or its publishing point changes its state.

use std::time::Duration;

use harness::browser::Browser;
use harness::encoder::Recipe;
use harness::origin::{self, Origin};
use harness::process::Process;
use harness::{player, web};

#[tokio::test]
async fn a_stopped_broadcast_plays_to_its_end_and_its_archive_plays_on_demand() {
    let origin = Origin::start().await;
    let manifest = format!("{}/manifest", origin.point());
    origin.page(&manifest);
    let _encoder = Recipe::default().push(&origin.point());
    let browser = Browser::start().await;
    web::until(&manifest, |xml| xml.matches("<c ").count() >= 8).await;
    browser.open(&format!("{}/SmoothStreamingPlayer.html", origin.url())).await;
    player::playing(&browser).await;

    origin.wish("Stopped").await;
    web::until(&manifest, |xml| !xml.contains("IsLive")).await;
    browser.until("the end is reached", "window.__probe.media().ended").await;
    let end = player::glance(&browser).await;
    println!("stopped: played to {:.2} s, ran dry {} times", end.position, end.dry);
    assert_eq!(end.dry, 0, "it stalled before the end\n{}", browser.state().await);
    let length = browser.eval("window.__probe.media().duration").await.as_f64().unwrap_or_default();
    assert!((end.position - length).abs() < 0.5, "it ended at {} s of {length} s", end.position);

    // Back to the third second, which the picture shows as a number.
    browser.run("const v = window.__probe.media(); v.currentTime = 3.2; return v.play()").await;
    browser.until("the picture of that second shows", "window.__probe.inStep(0)").await;
    let first = player::glance(&browser).await;
    browser
        .until("it plays on", &format!("window.__probe.media().currentTime > {}", first.position + 2.0))
        .await;
    browser.until("it is still in step", "window.__probe.inStep(0)").await;
    browser.no_console_errors_but(&["status of 412"]).await;

    // Shut down, nobody is served there any more; the archive is a presentation like any other.
    origin.wish("Idle").await;
    assert_eq!(web::get(&manifest).await.0, 404);
    let archive = archive(&origin);
    origin.page(&format!("{archive}/Manifest"));
    browser.open(&format!("{}/SmoothStreamingPlayer.html", origin.url())).await;
    player::playing(&browser).await;
    browser.until("the picture is that of its time", "window.__probe.inStep(0)").await;
    browser.run(&format!("window.__probe.media().currentTime = {length} - 3")).await;
    browser.until("the end is reached", "window.__probe.media().ended").await;
    let archived = browser.eval("window.__probe.media().duration").await.as_f64().unwrap_or_default();
    println!("the archive is {archived:.2} s long, the broadcast was {length:.2} s");
    assert!(
        (archived - length).abs() < 0.1,
        "the archive is {archived} s long, the broadcast was {length} s"
    );
    browser.no_console_errors().await;
}

/// URL of the presentation that the only broadcast has left.
fn archive(origin: &Origin) -> String {
    let broadcasts = origin.root().join("archives/LiveSmoothStream-isml");
    let mut folders = broadcasts.read_dir().expect("an archive").flatten();
    let folder = folders.next().expect("a broadcast").file_name().into_string().expect("a plain name");
    assert!(folders.next().is_none(), "more than one broadcast");
    format!("{}/archives/LiveSmoothStream-isml/{folder}/LiveSmoothStream.ism", origin.url())
}

#[tokio::test]
async fn a_viewer_goes_on_when_the_origin_was_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("media.ismv");
    std::fs::write(&file, Recipe { seconds: Some(20), ..Recipe::default() }.file())
        .expect("space on the disk");
    let mut origin = Origin::start().await;
    let (manifest, point) = (format!("{}/manifest", origin.point()), origin.point());
    origin.page(&manifest);
    let arguments = ["push".as_ref(), "--quiet".as_ref(), file.as_os_str(), point.as_ref()];
    let _encoder = Process::start("silverlane-push", origin::binary(), &arguments);
    web::until(&manifest, |xml| xml.contains("<c ")).await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/SmoothStreamingPlayer.html", origin.url())).await;
    player::playing(&browser).await;
    browser.run("window.since = performance.timeOrigin").await;
    for _ in 0..2 {
        let before = player::watch(&browser, Duration::from_secs(3)).await;
        origin.crash_and_come_back().await;
        let goal = before[before.len() - 1].position + 8.0;
        browser.until("it plays on", &format!("window.__probe.media().currentTime > {goal}")).await;
        let seen = player::watch(&browser, Duration::from_secs(3)).await;
        let last = seen[seen.len() - 1];
        println!(
            "after a crash: {:.3} s per second, {:.1} s ahead, ran dry {} times",
            player::pace(&seen),
            last.ahead,
            last.dry
        );
        assert!((0.9..1.1).contains(&player::pace(&seen)), "{seen:?}");
        assert!(last.audio_bytes > before[0].audio_bytes, "no sound");
        assert_eq!(last.dry, 0, "it stalled\n{}", browser.state().await);
    }
    assert_eq!(
        browser.eval("window.since === performance.timeOrigin").await,
        true,
        "the page was loaded anew"
    );
}
