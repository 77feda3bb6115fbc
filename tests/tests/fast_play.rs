//! Thumbnails, fast forward and rewind, from key frames.

#![allow(clippy::unwrap_used, reason = "tests end at the first surprise")]

use std::process::Command;

use harness::browser::Browser;
use harness::encoder::{LIVE, Recipe};
use harness::origin::{self, Origin};
use harness::player;

/// Reads the number in a picture as `__probe.number` does.
const NUMBER: &str = "window.element = document.querySelector('smooth-player');
    window.numberOf = async (url) => {
        const image = new Image();
        image.src = await url;
        await image.decode();
        const canvas = new OffscreenCanvas(160, 90);
        const context = canvas.getContext('2d');
        context.drawImage(image, 0, 0, 160, 90);
        let number = 0;
        for (let bit = 0; bit < 8; bit += 1) {
            const [r, g, b] = context.getImageData(bit * 20 + 10, 80, 1, 1).data;
            if (r + g + b > 384) number += 2 ** bit;
        }
        return number;
    };";

#[tokio::test]
async fn thumbnails_and_fast_play_take_key_frames_alone() {
    let sources = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (index, level) in LIVE.into_iter().take(2).enumerate() {
        let file = sources.path().join(format!("{index}.mp4"));
        let recipe = Recipe { levels: vec![level], seconds: Some(60), ..Recipe::default() };
        recipe.encode(&["-f", "mp4", "-movflags", "+faststart"], &file);
        files.push(file);
    }
    let origin = Origin::start().await;
    let output = origin.root().join("film");
    let run =
        Command::new(origin::binary()).arg("package").args(&files).arg("-o").arg(output).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    origin.page(&format!("{}/film.ism/Manifest", origin.url()));
    let browser = Browser::start().await;
    browser.open(&format!("{}/SmoothStreamingPlayer.html", origin.url())).await;
    player::playing(&browser).await;
    browser.run(NUMBER).await;

    // Each thumbnail is the key frame before its time; there is one every two seconds.
    for position in [41.0, 7.0, 58.5, 20.2] {
        browser
            .run(&format!(
                "window.seen = null; numberOf(element.thumbnailAt({position})).then((number) => {{ seen = number; }})"
            ))
            .await;
        let seen = browser.until(&format!("the thumbnail of {position} s is there"), "window.seen").await;
        assert_eq!(seen, (position / 2.0_f64).floor() * 2.0, "what the thumbnail of {position} s shows");
    }
    let before = player::glance(&browser).await;
    assert_eq!(before.dry, 0, "thumbnails held up the picture");

    let position = || async { browser.eval("element.currentTime").await.as_f64().unwrap() };
    browser.run("element.currentTime = 5; element.fastForward(8)").await;
    browser.until("it plays fast", "element.currentTime > 14").await;
    assert_eq!(browser.eval("element.fastRate").await, 8);
    let (from, started) = (position().await, std::time::Instant::now());
    browser.until("it goes on fast", "element.currentTime > 30").await;
    let pace = (position().await - from) / started.elapsed().as_secs_f64();
    println!("fast forward at 8: {pace:.1} s per second");
    assert!((5.0..9.0).contains(&pace), "{pace}");
    // What is on the screen is a key frame near by.
    let screen = "(() => { const video = element.shadowRoot.querySelectorAll('video')[1];
        const canvas = new OffscreenCanvas(160, 90); canvas.getContext('2d').drawImage(video, 0, 0, 160, 90);
        return canvas.convertToBlob().then((blob) => numberOf(URL.createObjectURL(blob))).then((number) => { seen = [number, element.currentTime]; }); })()";
    browser.run(&format!("window.seen = null; {screen}")).await;
    let seen = browser.until("the picture is read", "window.seen").await;
    let off = seen[1].as_f64().unwrap() - seen[0].as_f64().unwrap();
    assert!((-0.5..5.0).contains(&off), "at {} s the picture is of {} s", seen[1], seen[0]);

    browser.run("element.rewind(4)").await;
    let turned = position().await;
    browser.until("it plays backwards", &format!("element.currentTime < {}", turned - 8.0)).await;
    browser.run("element.play()").await;
    let back = position().await;
    assert!(back < turned - 7.0, "{back} {turned}");
    browser
        .until(
            "it plays on from there at the usual speed",
            &format!(
                "element.fastRate === 0 && window.__probe.inStep(0) && element.currentTime > {} && element.currentTime < {}",
                back + 0.5,
                back + 6.0
            ),
        )
        .await;
    let hidden = browser.eval("element.shadowRoot.querySelectorAll('video')[1].hidden").await;
    assert_eq!(hidden, true, "the viewer sees the player's own picture again");
    let asked = browser
        .eval("performance.getEntriesByType('resource').filter((entry) => entry.name.includes('/KeyFrames(video=')).length")
        .await;
    println!("{asked} key frames were asked for");
    assert!(asked.as_u64().unwrap() > 10, "{asked}");
    browser.no_console_errors().await;
}
