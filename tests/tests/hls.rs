//! The broadcast as HLS for Apple devices: ffmpeg, hls.js, and browsers that play it by themselves.

use std::path::Path;
use std::time::Duration;

use harness::browser::{Browser, Engine};
use harness::encoder::{LIVE, Recipe};
use harness::files::{Files, Site};
use harness::origin::{self, Origin};
use harness::process::Process;
use harness::{judges, pages, player, web};

/// Short segments, so that a live playlist is there soon.
const ON: [(&str, &str); 2] = [("formats", "m3u8-aapl"), ("m3u8-aapl-segmentlength", "2")];

#[tokio::test]
async fn ffmpeg_decodes_from_every_variant_what_was_pushed() {
    let folder = tempfile::tempdir().expect("a folder");
    let pushed = folder.path().join("pushed.ismv");
    let recipe = Recipe { levels: LIVE[..2].to_vec(), seconds: Some(21), ..Recipe::default() };
    std::fs::write(&pushed, recipe.file()).expect("a file");
    let pushed_path = pushed.to_str().expect("a path");
    for window in ["0", "10"] {
        let origin = Origin::with(&[&ON[..], &[("manifestWindowLength", window)]].concat()).await;
        let body = std::fs::read(&pushed).expect("the file");
        assert_eq!(web::post(&format!("{}/Streams(Encoder1)", origin.point()), body).await, 200);
        let master = format!("{}/manifest(format=m3u8-aapl).m3u8", origin.point());
        let list = web::until(&master, |text| text.contains("#EXT-X-STREAM-INF")).await;
        let variants: Vec<_> = list.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(variants.len(), 3, "{list}");
        judges::silently("ffprobe", &["-show_streams", &master]);
        judges::silently("ffmpeg", &["-xerror", "-i", &master, "-map", "0", "-f", "null", "-"]);
        for (index, variant) in variants.iter().enumerate() {
            let url = format!("{}/{variant}", origin.point());
            let playlist = web::until(&url, |_| true).await;
            assert!(playlist.contains("#EXT-X-ENDLIST"), "{playlist}");
            for packets in packets(&url) {
                assert!(
                    packets.windows(2).all(|w| (1..=3601).contains(&(w[1].1 - w[0].1))),
                    "{variant}: decode times jump"
                );
                assert!(packets.iter().all(|(pts, dts)| pts >= dts), "{variant}");
            }
            assert_continuous(&url, folder.path()).await;
            let sound = judges::frames(&url, "0:a:0");
            let all_sound = judges::frames(pushed_path, "0:a:0");
            let pictures = if index < 2 { judges::frames(&url, "0:v:0") } else { Vec::new() };
            let all_pictures = judges::frames(pushed_path, &format!("0:v:{}", index % 2));
            println!(
                "window {window}, {variant}: {} pictures, {} frames of sound",
                pictures.len(),
                sound.len()
            );
            if index < 2 {
                let keys = judges::frames(&url.replace(").m3u8", ",type=keyframes).m3u8"), "0:v:0");
                let expected: Vec<_> = pictures.iter().step_by(50).cloned().collect();
                assert!(keys == expected, "{variant}: {} key frames of {}", keys.len(), expected.len());
            }
            if window == "0" {
                assert!(sound == all_sound, "{variant}: the sound is not what was pushed");
                assert!(
                    index == 2 || pictures == all_pictures,
                    "{variant}: the pictures are not what was pushed"
                );
            } else {
                // The window begins with a key frame.
                assert!(index == 2 || (200..300).contains(&pictures.len()));
                assert!(all_pictures.ends_with(&pictures), "{variant}: the pictures are not what was pushed");
                assert!(sound.len() > 350, "{}", sound.len());
            }
        }
    }
}

#[tokio::test]
async fn encrypted_segments_and_a_second_language_are_read_by_ffmpeg() {
    let origin = Origin::with(
        &[&ON[..], &[("m3u8-aapl-enableencryption", "True"), ("m3u8-aapl-encryptionkey", KEY)]].concat(),
    )
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let pushed = folder.path().join("pushed.ismv");
    let path = pushed.to_str().expect("a path");
    // A tone for each language. The warning that sound begins before zero is normal.
    let input = "testsrc2=size=320x180:rate=25:duration=12[out0];sine=440:duration=12[out1];sine=880:duration=12[out2]";
    let mut arguments =
        vec!["-loglevel", "error", "-f", "lavfi", "-i", input, "-map", "0:0", "-map", "0:1", "-map", "0:2"];
    arguments.extend([
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p",
        "-g",
        "50",
        "-b:v",
        "200k",
    ]);
    arguments.extend(["-c:a", "aac", "-b:a:0", "64k", "-b:a:1", "48k"]);
    arguments.extend(["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra"]);
    arguments.extend(["-movflags", "isml+frag_keyframe", "-f", "ismv", path]);
    judges::silently("ffmpeg", &arguments);
    let body = std::fs::read(&pushed).expect("the file");
    assert_eq!(web::post(&format!("{}/Streams(Encoder1)", origin.point()), body).await, 200);

    let master = format!("{}/manifest(format=m3u8-aapl).m3u8", origin.point());
    let list = web::until(&master, |text| text.contains("#EXT-X-STREAM-INF")).await;
    assert!(
        list.contains("LANGUAGE=\"eng\",DEFAULT=YES") && list.contains("LANGUAGE=\"fra\",DEFAULT=NO"),
        "{list}"
    );
    judges::silently("ffmpeg", &["-xerror", "-i", &master, "-map", "0", "-f", "null", "-"]);
    let variant = list_of(&master).await;
    assert!(web::until(&variant, |_| true).await.contains("#EXT-X-KEY:METHOD=AES-128,URI=\"../Key\""));
    assert!(judges::frames(&variant, "0:v:0") == judges::frames(path, "0:v:0"));
    assert!(judges::frames(&variant, "0:a:0") == judges::frames(path, "0:a:0"));
    // Mixed in: the other language, for players that know no renditions.
    let french = variant.replace("m3u8-aapl)", "m3u8-aapl-v3,audiotrack=audio_fra)");
    assert!(judges::frames(&french, "0:a:0") == judges::frames(path, "0:a:1"));
}

#[tokio::test]
async fn a_broadcast_is_watched_live_and_again_in_hls_js_and_on_the_apple_page() {
    let key = [("m3u8-aapl-enableencryption", "True"), ("m3u8-aapl-encryptionkey", KEY)];
    let origin = Origin::with(&[&ON[..], &key].concat()).await;
    origin.page("LiveSmoothStream.isml/manifest");
    let master = format!("{}/manifest(format=m3u8-aapl).m3u8", origin.point());
    let mut site = Site::default();
    site.folder("/judges/", judges::players()).file("/hls.html", pages::hls_js(&master));
    let files = Files::serve(site).await;
    let (hls, apple) = (format!("{}/hls.html", files.url()), format!("{}/apple.html", origin.url()));
    let chromium = Browser::start().await;
    let webkit = Browser::start_with(Engine::WebKit).await;
    // The page may be open before there is anything to see.
    chromium.open(&apple).await;
    chromium.until("it has nothing to play", "window.__probe.media().error !== null").await;

    let recipe = Recipe { levels: LIVE[..2].to_vec(), seconds: Some(50), ..Recipe::default() };
    let _encoder = recipe.push(&origin.point());
    web::until(&master, |text| text.contains("#EXT-X-STREAM-INF")).await;
    player::playing(&chromium).await;
    for (browser, page, name) in
        [(&chromium, &apple, "Chromium"), (&chromium, &hls, "hls.js"), (&webkit, &apple, "WebKit")]
    {
        if name != "Chromium" {
            browser.open(page).await;
        }
        player::playing(browser).await;
        let seen = player::watch(browser, Duration::from_secs(5)).await;
        let (first, last) = (seen[0], seen[seen.len() - 1]);
        println!(
            "{name}, live: from {:.1} s, {:.3} s per second, {} frames, ran dry {} times",
            first.position,
            player::pace(&seen),
            last.frames - first.frames,
            last.dry
        );
        assert!(last.frames > first.frames + 40 && last.position > first.position + 3.0, "{seen:?}");
        sound(browser).await;
        if name == "hls.js" {
            // Back to what was before; browsers by themselves do not all offer that while it is live.
            browser.run("const m = window.__probe.media(); m.currentTime = m.seekable.start(0) + 0.5").await;
            browser.until("the beginning shows", "window.__probe.number() < 4").await;
        }
    }
    // This one does not always let go of what it plays natively: another of its kind comes when it is over.
    drop(webkit);
    let low = list_of(&master).await;
    assert!(!web::until(&low, |_| true).await.contains("#EXT-X-ENDLIST"), "the broadcast ended too early");
    web::until(&low, |text| text.contains("#EXT-X-ENDLIST")).await;
    let webkit = Browser::start_with(Engine::WebKit).await;
    for (browser, page, name) in
        [(&chromium, &hls, "hls.js"), (&chromium, &apple, "Chromium"), (&webkit, &apple, "WebKit")]
    {
        browser.open(page).await;
        player::playing(browser).await;
        let start = player::glance(browser).await;
        browser.run("const m = window.__probe.media(); m.currentTime = m.duration - 4").await;
        browser.until("the end is reached", "window.__probe.media().ended").await;
        let last = player::glance(browser).await;
        println!("{name}, over: from {:.1} s to {:.2} s", start.position, last.position);
        assert!(start.position < 5.0 && (49.5..50.5).contains(&last.position), "{start:?} {last:?}");
        sound(browser).await;
    }
}

#[tokio::test]
async fn a_window_on_the_time_of_day_slides_under_the_viewer() {
    let origin = Origin::with(&[&ON[..], &[("manifestWindowLength", "16")]].concat()).await;
    let master = format!("{}/manifest(format=m3u8-aapl).m3u8", origin.point());
    let mut site = Site::default();
    site.folder("/judges/", judges::players()).file("/hls.html", pages::hls_js(&master));
    site.file("/native.html", pages::native(&master));
    let files = Files::serve(site).await;
    let push = ["push", "--quiet", "--demo", &origin.point()].map(str::to_owned);
    let _encoder = Process::start("silverlane-push", origin::binary(), &push);
    web::until(&master, |text| text.contains("SUBTITLES")).await;
    let low = list_of(&master).await;
    let browser = Browser::start().await;
    for page in ["hls", "native"] {
        let sequence = |text: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
            line.and_then(|number| number.parse::<u64>().ok()).unwrap_or_default()
        };
        let before = sequence(&web::until(&low, |text| text.contains("#EXT-X-PROGRAM-DATE-TIME:20")).await);
        browser.open(&format!("{}/{page}.html", files.url())).await;
        player::playing(&browser).await;
        let first = player::glance(&browser).await;
        if page == "hls" {
            captions_tell_the_time(&browser).await;
        }
        // What the viewer began with has left.
        let after = sequence(&web::until(&low, |text| sequence(text) > before + 5).await);
        let seen = player::watch(&browser, Duration::from_secs(2)).await;
        let last = seen[seen.len() - 1];
        println!(
            "{page}: {} segments later, {:.1} s on, {} frames, ran dry {} times",
            after - before,
            last.position - first.position,
            last.frames - first.frames,
            last.dry - first.dry
        );
        assert!(
            seen[0].position < last.position && last.position > first.position + 6.0,
            "{first:?} {last:?}"
        );
        assert!(
            last.frames > first.frames + 100 && last.audio_bytes > first.audio_bytes,
            "{first:?} {last:?}"
        );
        sound(&browser).await;
    }
}

/// The captions of `silverlane push --demo` are the time of day, and so does the playlist say.
async fn captions_tell_the_time(browser: &Browser) {
    browser.until("captions show", "window.__probe.captions()[0]").await;
    let apart = browser
        .run(
            "const [h, m, s] = window.__probe.captions()[0].match(/\\d+/g).map(Number);
            const day = new Date(player.playingDate);
            return h * 3600 + m * 60 + s - (day.getUTCHours() * 3600 + day.getUTCMinutes() * 60 + day.getUTCSeconds())",
        )
        .await;
    assert!(apart.as_i64().is_some_and(|apart| apart.abs() <= 1), "{apart} s apart");
}

const KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// The address of the first variant of `master`.
async fn list_of(master: &str) -> String {
    let text = web::until(master, |_| true).await;
    let variant = text.lines().find(|line| !line.starts_with('#')).unwrap_or_default();
    format!("{}/{variant}", master.rsplit_once('/').map_or("", |(folder, _)| folder))
}

/// All segments of the playlist at `url` are one transport stream to ffmpeg, without a jump of a counter.
async fn assert_continuous(url: &str, folder: &Path) {
    let base = url.rsplit_once('/').map_or("", |(base, _)| base);
    let mut stream = Vec::new();
    for segment in web::until(url, |_| true).await.lines().filter(|line| !line.starts_with('#')) {
        let (status, body) = web::get(&format!("{base}/{segment}")).await;
        assert_eq!(status, 200, "{segment}");
        stream.extend_from_slice(&body);
    }
    let file = folder.join("whole.ts");
    let path = file.to_str().expect("a path");
    std::fs::write(&file, &stream).expect("a file");
    judges::silently("ffmpeg", &["-xerror", "-i", path, "-map", "0", "-f", "null", "-"]);
    let jumps = |said: &str| said.contains("Continuity check failed");
    let said = judges::talk(path);
    assert!(!jumps(&said), "{said}");
    // It does say so where there is one.
    stream.drain(188 * 40..188 * 41);
    std::fs::write(&file, &stream).expect("a file");
    let said = judges::talk(path);
    assert!(jumps(&said), "{url}: {said}");
}

/// Presentation and decode times of the packets of each stream at `url`, as ffprobe reads them.
fn packets(url: &str) -> Vec<Vec<(i64, i64)>> {
    let fields = ["-show_entries", "packet=stream_index,pts,dts", "-of", "csv=p=0", url];
    let mut streams: Vec<Vec<(i64, i64)>> = Vec::new();
    for line in judges::silently("ffprobe", &fields).lines().filter(|line| !line.is_empty()) {
        let mut numbers = line.split(',').map_while(|field| field.trim().parse::<i64>().ok());
        let (Some(stream), Some(pts), Some(dts)) = (numbers.next(), numbers.next(), numbers.next()) else {
            panic!("{line}");
        };
        let stream = usize::try_from(stream).unwrap_or(0);
        if streams.len() <= stream {
            streams.resize(stream + 1, Vec::new());
        }
        streams[stream].push((pts, dts));
    }
    assert!(streams.iter().all(|packets| packets.len() > 50));
    streams
}

/// Nothing went wrong so far.
async fn sound(browser: &Browser) {
    let failure = browser.eval("window.failure ?? null").await;
    assert_eq!(failure, serde_json::Value::Null, "{}", browser.state().await);
}
