//! Two encoders for one broadcast: whichever of them dies, viewers see nothing of it.

use std::path::Path;

use harness::browser::Browser;
use harness::encoder::Recipe;
use harness::origin::{self, Origin};
use harness::process::Process;
use harness::{player, web};

/// Seconds until the files start again.
const ROUND: u32 = 20;

#[tokio::test]
async fn two_pushes_of_the_same_files_die_and_come_back_in_turn() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("media.ismv");
    std::fs::write(&file, Recipe { seconds: Some(ROUND), ..Recipe::default() }.file())
        .expect("space on the disk");
    killed_in_turn(Encoder::Push(&file), ROUND.into()).await;
}

/// 48 pictures, 1.92 s, are 90 frames of AAC: so pictures and sound are cut at the same times by both. Without B-frames the
/// first cut of a run is where the others are, for pictures are coded when they show.
#[tokio::test]
async fn two_aligned_ffmpegs_die_and_come_back_in_turn() {
    killed_in_turn(Encoder::Ffmpeg(&Recipe { gop: 48, b_frames: 0, ..Recipe::default() }), 256).await;
}

/// How the two encoders are started.
enum Encoder<'a> {
    Push(&'a Path),
    Ffmpeg(&'a Recipe),
}

impl Encoder<'_> {
    async fn start(&self, point: &str) -> Process {
        match self {
            Self::Push(file) => {
                let arguments = ["push".as_ref(), "--quiet".as_ref(), file.as_os_str(), point.as_ref()];
                Process::start("silverlane-push", origin::binary(), &arguments)
            }
            Self::Ffmpeg(recipe) => recipe.push_aligned(point).await,
        }
    }
}

/// What the origin logs when an encoder has come with its tracks, of which one is sound.
const ENCODER: &str = "kind=\"audio\"";

/// The number in the picture starts again after `round` seconds.
async fn killed_in_turn(encoder: Encoder<'_>, round: u64) {
    let origin = Origin::start().await;
    let manifest = format!("{}/manifest", origin.point());
    origin.page(&manifest);
    let mut encoders = [encoder.start(&origin.point()).await, encoder.start(&origin.point()).await];
    origin.logged(ENCODER, 2).await;
    web::until(&manifest, |xml| xml.contains("<c ")).await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/SmoothStreamingPlayer.html", origin.url())).await;
    player::playing(&browser).await;
    browser.run("window.__probe.follow()").await;
    let first = player::glance(&browser).await;

    for kill in 0..6 {
        encoders[kill % 2].kill();
        grows(&manifest, 2).await;
        encoders[kill % 2] = encoder.start(&origin.point()).await;
        origin.logged(ENCODER, 3 + kill).await;
        // Its first fragment is there, too.
        grows(&manifest, 1).await;
        let seen = player::glance(&browser).await;
        println!("killed {} times: {:.1} s ahead, ran dry {} times", kill + 1, seen.ahead, seen.dry);
        assert_eq!(seen.dry, 0, "it stalled\n{}\n{}", browser.state().await, origin.log());
    }
    grows(&manifest, 3).await;
    let last = player::glance(&browser).await;
    let pace = player::pace(&[first, last]);
    let played = last.position - first.position;
    println!(
        "{played:.1} s through six deaths: {pace:.3} s per second, {} frames",
        last.frames - first.frames
    );
    assert_eq!(last.dry, 0, "it stalled\n{}", browser.state().await);
    assert!((0.95..1.05).contains(&pace), "{pace} s per second: it does not keep the time of the clock");
    assert!(last.frames - first.frames > (played * 24.0) as u64, "pictures are missing: {first:?} {last:?}");
    assert!(last.audio_bytes > first.audio_bytes, "no sound");
    no_jumps(&browser, round).await;
    browser.no_console_errors().await;
}

/// Waits until `manifest` lists `more` further chunks of the picture.
async fn grows(manifest: &str, more: usize) {
    let chunks = |xml: &str| xml.split("<StreamIndex ").nth(1).unwrap_or_default().matches("<c ").count();
    let before = chunks(&web::until(manifest, |xml| chunks(xml) > 0).await);
    web::until(manifest, |xml| chunks(xml) >= before + more).await;
}

/// The pictures, which carry seconds, have come one after the other.
async fn no_jumps(browser: &Browser, round: u64) {
    let numbers = browser.eval("window.__probe.frames.map((frame) => frame.number)").await;
    let numbers: Vec<_> =
        numbers.as_array().into_iter().flatten().filter_map(serde_json::Value::as_u64).collect();
    assert!(numbers.len() > 100, "{} pictures were seen", numbers.len());
    let steps = numbers.windows(2).map(|pair| (pair[1] + round - pair[0]) % round);
    let jumps = steps.filter(|step| *step > 1).count();
    assert_eq!(jumps, 0, "{numbers:?}");
}
