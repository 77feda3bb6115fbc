//! A session that a browser played, played again without one: the engine decides the same when it is told the same.

use std::time::{Duration, Instant};

use harness::browser::{Browser, GUARD};
use harness::encoder::{Level, Recipe};
use harness::files::{Files, Site};
use harness::pages;
use harness::process::workspace;
use harness::shaper::Shaper;
use harness::splitter::Presentation;
use player::engine::{Decision, Event, RequestId, SwitchReason};
use player::record::{Recording, Told};

const TOP: u32 = 2_400_000;

#[tokio::test]
async fn a_session_in_a_browser_is_decided_the_same_without_one() {
    let recorder = workspace().join("target/recorder");
    assert!(
        recorder.join("smooth-player.js").is_file(),
        "the player that records is not built: run `make recorder`"
    );
    let levels = [250_000, 600_000, 1_200_000, TOP].map(|bitrate| Level { size: (320, 180), bitrate });
    let recipe = Recipe { levels: levels.to_vec(), seconds: Some(60), constant: true, ..Recipe::default() };
    let mut site = Site::default();
    let manifest = Presentation::encode(&recipe).put(&mut site, "film");
    site.folder("/player/", recorder).file("/", pages::smooth_video_with(&manifest, "buffer-goal=\"8\""));
    let files = Files::serve(site).await;
    let browser = Browser::start().await;
    let link = Shaper::start(files.address(), 5_000_000, Duration::from_millis(40)).await;
    browser.open(&link.url()).await;

    browser.until("there is something to live on", "window.__probe.ahead() > 4").await;
    // The link falls as soon as a fragment is asked for that it could carry until then only.
    asked(&files, "the top level", |bitrate| bitrate == TOP).await;
    link.set_rate(500_000);
    asked(&files, "a level that the link can carry", |bitrate| bitrate < 500_000).await;
    asked(&files, "one more", |bitrate| bitrate < 500_000).await;
    link.set_rate(5_000_000);
    asked(&files, "the top level again", |bitrate| bitrate == TOP).await;
    browser.until("it has caught up", "window.__probe.ahead() > 5").await;

    let script = "const { player: { engine } } = document.querySelector('smooth-video'); let text = '';
        for (const byte of engine.recording) text += String.fromCharCode(byte);
        return [text, Array.from(engine.measure(200))];";
    let told = browser.run(script).await;
    browser.no_console_errors().await;
    let bytes: Vec<u8> =
        told[0].as_str().unwrap().chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    std::fs::create_dir_all(workspace().join("target/chain")).unwrap();
    std::fs::write(workspace().join("target/chain/replay.slvr"), &bytes).unwrap();
    let recording = Recording::read(&bytes).unwrap();

    let (mut decisions, mut downloads) = (Vec::new(), Vec::new());
    let same = recording.replay(|entry, _, made| {
        decisions.extend_from_slice(made);
        if let Told::Event(Event::Head { request, .. }) = entry.told {
            downloads.push(request);
        }
    });
    assert_eq!(same, Ok(()));
    println!(
        "{} events, {} bytes, {} decisions, all the same",
        recording.entries.len(),
        bytes.len(),
        decisions.len()
    );
    println!("{decisions:#?}");
    let [events, asking, all, alone] = [0, 1, 2, 3].map(|n| told[1][n].as_f64().unwrap());
    println!(
        "in Chromium: {:.2} µs for each of {events} events, {:.1} µs for each of the {asking} that ask for media, {:.1} µs with everything between them",
        all / events * 1e6,
        alone / asking * 1e6,
        all / asking * 1e6
    );

    // It was a session worth to be told.
    for reason in [
        SwitchReason::Start,
        SwitchReason::ThroughputUp,
        SwitchReason::ThroughputDown,
        SwitchReason::Abandoned,
    ] {
        assert!(decisions.iter().any(|decision| decision.reason == reason), "{reason:?}: {decisions:#?}");
    }
    let changes = decisions.windows(2).filter(|pair| pair[0].bitrate != pair[1].bitrate).count();
    assert!(changes >= 3, "{decisions:#?}");

    // A download at half its pace, whichever it is, is another session.
    let levels = |all: Vec<(f64, Decision)>| {
        all.into_iter().map(|(_, d)| (d.kind, d.time, d.bitrate)).collect::<Vec<_>>()
    };
    let as_it_was = levels(recording.decide(|_, event| event));
    assert_eq!(as_it_was, decisions.iter().map(|d| (d.kind, d.time, d.bitrate)).collect::<Vec<_>>());
    let halved = |slow: RequestId| {
        levels(recording.decide(|_, event| match event {
            Event::Received { request, total } if request == slow => {
                Event::Received { request, total: total / 2 }
            }
            other => other,
        }))
    };
    let other = downloads.iter().filter(|&&slow| halved(slow) != as_it_was).count();
    println!("{other} of {} downloads change the session when they are half as fast", downloads.len());
    assert!(other > 0);
}

/// Waits until one more fragment of the picture is asked for, in a bitrate that is `wanted`.
async fn asked(files: &Files, what: &str, wanted: impl Fn(u32) -> bool) {
    let (start, before) = (Instant::now(), files.log().len());
    let bitrate = |path: &str| path.split("QualityLevels(").nth(1)?.split(')').next()?.parse().ok();
    while !files.log()[before..]
        .iter()
        .any(|line| line.path.contains("(video=") && bitrate(&line.path).is_some_and(&wanted))
    {
        assert!(start.elapsed() < GUARD, "waited in vain for {what}: {:#?}", files.log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
