//! The broadcast as modern HLS: in hls.js, in the browser alone, and read by ffmpeg.

use std::path::Path;
use std::time::Duration;

use harness::browser::Browser;
use harness::encoder::{LIVE, Recipe};
use harness::files::{Files, Site};
use harness::origin::{self, Origin};
use harness::process::{Process, workspace};
use harness::{judges, pages, player, web};

#[tokio::test]
async fn ffmpeg_reads_every_playlist_and_sees_the_pictures_that_were_pushed() {
    let origin = Origin::start().await;
    let pushed = workspace().join("tests/data/ffmpeg-push.ismv");
    push_file(&origin, &pushed).await;
    let pushed = pushed.to_str().unwrap_or_default();
    let master = format!("{}/Manifest(format=m3u8-cmaf).m3u8", origin.point());
    let text = web::until(&master, |_| true).await;
    // The renditions of sound, the levels of the picture, their key frames.
    let named = text.lines().filter_map(|line| match line.split_once("URI=\"") {
        Some((_, uri)) => uri.split('"').next(),
        None => Some(line).filter(|line| line.starts_with("QualityLevels")),
    });
    let playlists: Vec<_> = named.map(|uri| format!("{}/{uri}", origin.point())).collect();
    assert_eq!(playlists.len(), 1 + 3 + 3, "{text}");
    let count = |url: &str| judges::frames(url, "0").len();
    assert_eq!(count(&playlists[0]), 938);
    for (index, playlist) in playlists[1..4].iter().enumerate() {
        let expected = judges::frames(pushed, &format!("0:v:{index}"));
        assert_eq!(expected.len(), 500);
        assert_eq!(judges::frames(playlist, "0"), expected, "{playlist}");
        let first: Vec<_> = expected.iter().step_by(50).cloned().collect();
        assert_eq!(judges::frames(&playlists[4 + index], "0"), first, "key frames");
    }
    assert_eq!(judges::frames(&master, "0:v:2"), judges::frames(pushed, "0:v:2"));
    // The same through DASH.
    let mpd = format!("{}/Manifest(format=mpd-time-csf).mpd", origin.point());
    assert_eq!(judges::frames(&mpd, "0:v:1"), judges::frames(pushed, "0:v:1"));
    assert_eq!(judges::frames(&mpd, "0:a"), judges::frames(&playlists[0], "0"));
}

#[tokio::test]
async fn a_broadcast_is_watched_live_back_in_time_to_its_end_and_again() {
    let origin = Origin::start().await;
    let master = format!("{}/Manifest(format=m3u8-cmaf).m3u8", origin.point());
    let files = pages(&master).await;
    let recipe = Recipe { levels: LIVE[..2].to_vec(), seconds: Some(34), ..Recipe::default() };
    let _encoder = recipe.push(&origin.point());
    web::until(&master, |_| true).await;
    let browser = Browser::start().await;
    for page in ["native", "hls"] {
        browser.open(&format!("{}/{page}.html", files.url())).await;
        player::playing(&browser).await;
        let seen = player::watch(&browser, Duration::from_secs(5)).await;
        let (first, last) = (seen[0], seen[seen.len() - 1]);
        println!("{page}, live: {:.3} s per second", player::pace(&seen));
        assert!(last.frames > first.frames + 80 && last.audio_bytes > first.audio_bytes, "{seen:?}");
        sound(&browser).await;
    }
    browser.run("const v = window.__probe.media(); v.currentTime = v.seekable.start(0) + 2.5").await;
    browser.until("second 2 shows", "window.__probe.number() === 2").await;
    browser.run("const v = window.__probe.media(); v.currentTime = v.seekable.end(0) - 4").await;
    browser.until("the last second shows", "window.__probe.number() === 33").await;
    sound(&browser).await;
    // The browser lets a page look at pictures of its own site only.
    std::fs::write(origin.root().join("native.html"), pages::native(&master)).expect("the root is writable");
    for page in [format!("{}/native.html", origin.url()), format!("{}/hls.html", files.url())] {
        browser.open(&page).await;
        player::playing(&browser).await;
        let start = player::glance(&browser).await;
        assert!(start.position < 5.0, "{page} begins at {} s", start.position);
        browser.run("window.__probe.media().currentTime = 29.5").await;
        browser.until("the picture is in step", "window.__probe.inStep(0)").await;
        browser.until("the end is reached", "window.__probe.media().ended").await;
        let last = player::glance(&browser).await;
        println!("{page}, ended at {:.2} s", last.position);
        assert!((33.5..34.5).contains(&last.position), "{last:?}");
        sound(&browser).await;
    }
}

#[tokio::test]
async fn a_broadcast_on_the_time_of_day_shows_its_captions() {
    let origin = Origin::start().await;
    let master = format!("{}/Manifest(format=m3u8-cmaf).m3u8", origin.point());
    let files = pages(&master).await;
    let push = ["push", "--quiet", "--demo", &origin.point()].map(str::to_owned);
    let _encoder = Process::start("silverlane-push", origin::binary(), &push);
    web::until(&master, |text| text.contains("SUBTITLES")).await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/hls.html", files.url())).await;
    player::playing(&browser).await;
    let shown = browser.until("captions show", "window.__probe.captions()[0]").await;
    assert!(shown.as_str().unwrap_or_default().starts_with("Live captions: "), "{shown}");
    let seen = player::watch(&browser, Duration::from_secs(6)).await;
    println!("{:.3} s per second, captions {shown}", player::pace(&seen));
    assert!(seen[seen.len() - 1].frames > seen[0].frames + 100, "{seen:?}");
    // The captions tell the time of day, and so does the playlist.
    let apart = browser
        .run(
            "const v = window.__probe.media();
            const [h, m, s] = window.__probe.captions()[0].match(/\\d+/g).map(Number);
            const day = new Date(player.playingDate);
            return h * 3600 + m * 60 + s - (day.getUTCHours() * 3600 + day.getUTCMinutes() * 60 + day.getUTCSeconds())",
        )
        .await;
    assert!(apart.as_i64().is_some_and(|apart| apart.abs() <= 1), "{apart} s apart");
    sound(&browser).await;
}

/// Posts a push stream as it is.
async fn push_file(origin: &Origin, file: &Path) {
    let data = std::fs::read(file).expect("the file is there");
    let status = web::post(&format!("{}/Streams(Encoder1)", origin.point()), data).await;
    assert_eq!(status, 200);
}

/// A page for each player.
async fn pages(master: &str) -> Files {
    let mut site = Site::default();
    site.folder("/judges/", judges::players());
    site.file("/hls.html", pages::hls_js(master)).file("/native.html", pages::native(master));
    Files::serve(site).await
}

/// Nothing went wrong so far.
async fn sound(browser: &Browser) {
    let failure = browser.eval("window.failure ?? null").await;
    assert_eq!(failure, serde_json::Value::Null, "{}", browser.state().await);
}
