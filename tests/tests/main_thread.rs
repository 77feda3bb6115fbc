//! What players leave of the page's main thread, on a ladder up to 1080 lines.

use std::collections::BTreeMap;
use std::time::Duration;

use harness::browser::Browser;
use harness::encoder::{Level, Recipe};
use harness::files::{Files, Site};
use harness::peers::Peer;
use harness::player;
use harness::splitter::Presentation;
use serde_json::json;

/// With `SILVERLANE_LONG` set, for a minute each; else for a quarter of one.
#[tokio::test]
async fn ours_takes_less_of_the_main_thread_than_others_and_never_long() {
    let long_run = std::env::var_os("SILVERLANE_LONG").is_some();
    let seconds = if long_run { 60 } else { 15 };
    let recipe = Recipe { levels: LADDER.to_vec(), seconds: Some(seconds + 8), ..Recipe::default() };
    let presentation = Presentation::encode(&recipe);
    let mut site = Site::default();
    let manifest = presentation.put(&mut site, "content");
    for peer in Peer::ALL {
        peer.put(&mut site, &manifest);
    }
    let files = Files::serve(site).await;
    println!(
        "| player | script, ms per s | all tasks, ms per s | tasks over 50 ms, ms | lines | frames, dropped |"
    );
    println!("| --- | ---: | ---: | --- | ---: | ---: |");
    let mut used = Vec::new();
    for peer in Peer::ALL {
        // A process of its own: no player pays for the one before it.
        let browser = Browser::start().await;
        browser.devtools("Performance.enable", json!({ "timeDomain": "threadTicks" })).await;
        browser.open(&format!("{}{}", files.url(), peer.path())).await;
        player::playing(&browser).await;
        if peer == Peer::Silverlane {
            browser.until("it reaches the top", "window.__probe.state().height === 1080").await;
        }
        browser
            .run(
                "window.long = [];
                new PerformanceObserver((list) => window.long.push(...list.getEntries().map((e) => Math.round(e.duration))))
                    .observe({ type: 'longtask' })",
            )
            .await;
        let (start, before) = (player::glance(&browser).await, metrics(&browser).await);
        tokio::time::sleep(Duration::from_secs(seconds.into())).await;
        let (end, after) = (player::glance(&browser).await, metrics(&browser).await);
        let per_second = |name: &str| (after[name] - before[name]) * 1000.0 / f64::from(seconds);
        let (script, tasks) = (per_second("ScriptDuration"), per_second("TaskDuration"));
        let long = browser.eval("window.long").await;
        let dropped = browser.eval("window.__probe.state().dropped").await;
        println!(
            "| {} | {script:.2} | {tasks:.2} | {long} | {} | {}, {dropped} |",
            peer.name(),
            end.height,
            end.frames - start.frames
        );
        let pace = player::pace(&[start, end]);
        assert!(
            (0.95..1.05).contains(&pace),
            "{}: {pace} s per second\n{}",
            peer.name(),
            browser.state().await
        );
        if peer == Peer::Silverlane {
            assert_eq!(long, json!([]), "it held the main thread up");
            assert_eq!(end.height, 1080, "it did not reach the top");
        }
        used.push(script);
    }
    let [ours, others @ ..] = &used[..] else { unreachable!("there are three") };
    // A quarter of a minute is too short to tell a tenth apart.
    let slack = if long_run { 1.0 } else { 1.5 };
    assert!(others.iter().all(|other| *ours < other * slack), "script time, ms per s: {used:?}");
}

const LADDER: [Level; 4] = [
    Level { size: (480, 270), bitrate: 400_000 },
    Level { size: (768, 432), bitrate: 1_000_000 },
    Level { size: (1280, 720), bitrate: 2_400_000 },
    Level { size: (1920, 1080), bitrate: 4_500_000 },
];

/// Seconds of the main thread's time so far, by what for.
async fn metrics(browser: &Browser) -> BTreeMap<String, f64> {
    let answer = browser.devtools("Performance.getMetrics", json!({})).await;
    let metric =
        |metric: &serde_json::Value| Some((metric["name"].as_str()?.to_owned(), metric["value"].as_f64()?));
    answer["metrics"].as_array().into_iter().flatten().filter_map(metric).collect()
}
