//! MP4 files as people have them, packaged by `silverlane package` and watched from our own origin.

#![allow(clippy::unwrap_used, reason = "tests end at the first surprise")]

use std::process::Command;

use harness::browser::Browser;
use harness::encoder::{LIVE, Recipe};
use harness::origin::{self, Origin};
use harness::player;

#[tokio::test]
async fn packaged_files_play_to_the_end_with_seeks() {
    let sources = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (index, level) in LIVE.into_iter().enumerate() {
        let file = sources.path().join(format!("{index}.mp4"));
        let recipe = Recipe { levels: vec![level], seconds: Some(24), ..Recipe::default() };
        recipe.encode(&["-f", "mp4", "-movflags", "+faststart"], &file);
        files.push(file);
    }
    let origin = Origin::start().await;
    let output = origin.root().join("films/film");
    let run =
        Command::new(origin::binary()).arg("package").args(&files).arg("-o").arg(output).output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    println!("{}", said.trim_end());
    assert!(run.status.success() && !said.contains('\u{1b}'), "no progress bar without a terminal: {said}");

    let film = format!("{}/films/film.ism", origin.url());
    let check = Command::new(origin::binary()).args(["check", &film]).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    origin.page(&format!("{film}/Manifest"));
    let browser = Browser::start().await;
    browser.open(&format!("{}/SmoothStreamingPlayer.html", origin.url())).await;
    player::playing(&browser).await;
    browser.until("the picture is that of its time", "window.__probe.inStep(0)").await;
    for target in [17.0, 3.3, 20.4] {
        browser.run(&format!("window.__probe.media().currentTime = {target}")).await;
        let plays_there = format!(
            "window.__probe.inStep(0) && Math.abs(window.__probe.media().currentTime - {target} - 1) < 0.9"
        );
        browser.until(&format!("it plays on from {target} s"), &plays_there).await;
    }
    browser.until("it ends", "window.__probe.media().ended").await;
    let end = player::glance(&browser).await;
    println!("ended at {:.3} s, {} frames, {} bytes of sound", end.position, end.frames, end.audio_bytes);
    assert!((end.position - 24.0).abs() < 0.1, "{end:?}");
    assert_eq!(end.dry, 0, "it ran dry");
    assert!(end.audio_bytes > 0, "no sound");
    browser.no_console_errors().await;
}
