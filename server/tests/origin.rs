//! The encoder, the origin and the check together, in one process.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::pending;
use std::sync::Arc;

use server::cli::check::{Verdict, check};
use server::cli::push::{Captions, Clock, Options, Program, TICKS, Target, broadcast};
use server::config::Settings;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A round of the sample begins here: 24 s divide it.
const ROUND: u64 = 1_763_830_008 / 24 * 24 * TICKS;
const DEFINITION: &str = r#"<smil xmlns="http://www.w3.org/2001/SMIL20/Language"><head>
    <meta name="lookaheadChunks" content="2" /><meta name="startOnFirstRequest" content="True" />
    <meta name="restartOnEncoderReconnect" content="True" /></head><body /></smil>"#;

#[tokio::test]
async fn what_is_pushed_is_found_playable_live_and_after_the_end() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("live.isml"), DEFINITION).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/live.isml", listener.local_addr().unwrap());
    let settings = Settings { root: root.path().to_owned(), ..Settings::default() };
    tokio::spawn(server::serve(settings, listener, pending()));

    // No broadcast yet: said as such.
    let report = check(&url).await.unwrap();
    assert_eq!(report.verdict, Verdict::NotPlayable);
    assert!(report.to_string().contains("start the encoder"), "{report}");

    let (clock, time) = watch::channel(ROUND);
    let target = Target::new(&url, None, "Encoder1").unwrap();
    let program = Arc::new(Program::sample().unwrap().with_captions(Captions::clock()));
    let options = Options { once: true, quiet: true, clock: Clock::Manual(time) };
    let push = tokio::spawn(async move { broadcast(program, &target, options, pending()).await });
    // It waits for the clock once it is connected and has sent what was complete before.
    while clock.receiver_count() < 2 {
        tokio::task::yield_now().await;
    }
    clock.send_replace(ROUND + 10 * TICKS);
    // The origin has all of it when it lists it.
    let report = loop {
        let report = check(&url).await.unwrap();
        let listed = report.streams.iter().filter(|s| s.chunks >= 5).count();
        if listed == 3 {
            break report;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(report.verdict, Verdict::Playable, "{report}");
    assert!(report.live);
    let streams: Vec<_> = report.streams.iter().map(|s| (s.name.as_str(), s.first.unwrap())).collect();
    // The first frame of sound that does not begin before the cut.
    let sound = ROUND - 4 * TICKS + 106_667;
    assert_eq!(
        streams,
        [("video", ROUND - 4 * TICKS), ("audio", sound), ("textstream_eng", ROUND - 4 * TICKS)]
    );
    let codecs: Vec<_> =
        report.streams.iter().flat_map(|s| s.levels.iter().map(|l| l.codec.as_str())).collect();
    assert_eq!(codecs, ["avc1.4D400C", "avc1.4D4016", "avc1.4D401F", "mp4a.40.2", "stpp"]);

    clock.send_replace(ROUND + 60 * TICKS);
    assert_eq!(push.await.unwrap().unwrap().reconnects, 0);
    let report = check(&format!("{url}/Manifest")).await.unwrap();
    assert_eq!((report.verdict, report.live), (Verdict::Playable, false), "{report}");
    assert!(report.streams.iter().all(|s| s.chunks == 12), "{report}");
}
