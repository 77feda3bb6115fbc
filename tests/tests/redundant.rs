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

/// 48 pictures, 1.92 s, are 90 frames of AAC: so pictures and sound are cut at the same times by both. With B-frames only the
/// first sound of a run begins later than that of the other.
#[tokio::test]
async fn two_aligned_ffmpegs_die_and_come_back_in_turn() {
    killed_in_turn(Encoder::Ffmpeg(&Recipe { gop: 48, ..Recipe::default() }), 256).await;
}

/// Per second, in the manifest.
const TICKS: u64 = 10_000_000;

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
        // Until it has its first fragment whole, there is none but the other's. The next to be listed may have
        // begun before it came.
        grows(&manifest, 2).await;
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
    no_holes(&manifest).await;
    no_jumps(&browser, round).await;
    browser.no_console_errors().await;
}

/// Waits until `manifest` lists `more` further chunks of picture and sound.
async fn grows(manifest: &str, more: usize) {
    let shortest = |xml: &str| timelines(xml).iter().map(Vec::len).min().unwrap_or(0);
    let before = shortest(&web::until(manifest, |xml| shortest(xml) > 0).await);
    web::until(manifest, |xml| shortest(xml) >= before + more).await;
}

/// Every chunk of picture and sound begins where the one before ends, but for what rounding takes.
async fn no_holes(manifest: &str) {
    for timeline in timelines(&web::until(manifest, |_| true).await) {
        for pair in timeline.windows(2) {
            let missing = pair[1].0.abs_diff(pair[0].0 + pair[0].1);
            assert!(missing < TICKS / 100, "{missing} ticks before {:?}: {timeline:?}", pair[1]);
        }
    }
}

/// Starts and durations of the chunks of each stream, in ticks.
fn timelines(manifest: &str) -> Vec<Vec<(u64, u64)>> {
    let stream = |xml: &str| {
        let mut next = 0;
        let chunk = |chunk: &str| {
            let start = attribute(chunk, "t").unwrap_or(next);
            let duration = attribute(chunk, "d").expect("a duration");
            next = start + duration;
            (start, duration)
        };
        xml.split("<c ").skip(1).map(chunk).collect()
    };
    manifest.split("<StreamIndex ").skip(1).map(stream).collect()
}

/// A number among the attributes with which `xml` begins.
fn attribute(xml: &str, name: &str) -> Option<u64> {
    let (tag, _) = xml.split_once('>')?;
    let value = tag.split_once(&format!("{name}=\""))?.1.split_once('"')?.0;
    value.parse().ok()
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
