//! A long broadcast with a short window: what is served, from where, and what is not any more or not yet.

use smooth::Span;
use smooth::boxes::build;
use smooth::manifest::{Kind, QualityLevel};
use smooth::smil::live::Track;

use crate::harness::{Origin, STREAM};

/// Ticks of a fragment: two seconds.
const STEP: u64 = 20_000_000;
/// Fragments of two hours, and of the window of ten minutes.
const ALL: u64 = 3600;
const WINDOW: u64 = 300;
const HELD_BACK: u64 = 2;

fn tracks() -> [Track; 2] {
    let track = |id, kind, name: &str, bitrate, fourcc: &str, private_data: &[u8]| {
        let mut track = Track::new(id, kind);
        track.name = name.to_owned();
        track.level = QualityLevel {
            bitrate,
            fourcc: fourcc.to_owned(),
            private_data: private_data.to_vec(),
            nal_length: 4,
            ..QualityLevel::default()
        };
        track
    };
    let sets = [
        0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xda, 2, 0x80, 0xbf, 0xe5, 0x40, 0, 0, 0, 1, 0x68, 0xce, 0x3c,
        0x80,
    ];
    [
        track(1, Kind::Video, "video", 1_000, "H264", &sets),
        track(2, Kind::Audio, "audio", 64, "AACL", &[0x11, 0x90]),
    ]
}

/// The `mdat` of fragment `n` of track `id`.
fn media(id: u32, n: u64) -> Vec<u8> {
    let size = 50 + n as u32 % 11;
    let bytes = (0..size).map(|i| (u64::from(i) * 31 + n * 7 + u64::from(id)) as u8);
    build::mdat_header(size).into_iter().chain(bytes).collect()
}

/// Fragment `n` of both tracks.
fn fragments(n: u64) -> Vec<u8> {
    let fragment = |id| {
        let mdat = media(id, n);
        let size = mdat.len() as u32 - 8;
        let sample =
            build::Sample { duration: STEP as u32, size, flags: build::SYNC_SAMPLE, composition_offset: 0 };
        let span = Span { time: n * STEP, duration: STEP };
        let moof = build::fragment(&build::FragmentSpec {
            sequence: n as u32,
            track_id: id,
            span,
            samples: &[sample],
        });
        [moof, mdat].concat()
    };
    [fragment(1), fragment(2)].concat()
}

fn url(id: u32, n: u64) -> String {
    let (bitrate, name) = if id == 1 { (1_000, "video") } else { (64, "audio") };
    format!("/live.isml/QualityLevels({bitrate})/Fragments({name}={})", n * STEP)
}

async fn is_served(origin: &Origin, n: u64) {
    for id in [1, 2] {
        let response = origin.get(&url(id, n)).await;
        assert_eq!(response.status, 200, "{n} of {id}: {}", response.text());
        assert!(response.body.ends_with(&media(id, n)), "{n} of {id}");
    }
}

async fn is_answered(origin: &Origin, n: u64, status: u16) {
    for id in [1, 2] {
        assert_eq!(origin.get(&url(id, n)).await.status, status, "{n} of {id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hours_the_last_ten_minutes_are_there_older_are_gone_and_newer_are_waited_for() {
    let meta = [("manifestWindowLength", "600"), ("liveCacheLength", "60")];
    let origin = Origin::with(&meta, |_| {}).await;
    let mut push = origin.push(STREAM).await;
    push.piece(&build::push_header(&tracks()).unwrap()).await;
    for n in (0..ALL).step_by(20) {
        push.piece(&(n..n + 20).flat_map(fragments).collect::<Vec<_>>()).await;
    }
    // The newest that is not held back.
    push.settled(&origin, &url(2, ALL - 1 - HELD_BACK), 200).await;
    let manifest = origin.manifest().await;
    assert!(manifest.is_live);
    for stream in &manifest.streams {
        let starts: Vec<_> = stream.chunks.iter().map(|c| c.time / STEP).collect();
        assert_eq!(starts, (ALL - WINDOW..ALL - HELD_BACK).collect::<Vec<_>>());
    }
    for n in ALL - WINDOW..ALL - HELD_BACK {
        is_served(&origin, n).await;
    }
    for n in (0..ALL - WINDOW).step_by(150).chain([ALL - WINDOW - 1]) {
        is_answered(&origin, n, 404).await;
    }
    for n in ALL - HELD_BACK..ALL + 1 {
        is_answered(&origin, n, 412).await;
    }
    let next = format!("{}?wait=8000", url(1, ALL - HELD_BACK));
    let (held, ()) = tokio::join!(origin.get(&next), async { push.piece(&fragments(ALL)).await });
    assert_eq!(held.status, 200);
    assert!(held.body.ends_with(&media(1, ALL - HELD_BACK)));

    // The newest minute comes from memory, the others come from the archive and from nowhere else.
    let archive = origin.root().join("archives/live-isml");
    std::fs::remove_dir_all(archive).unwrap();
    is_served(&origin, ALL - HELD_BACK).await;
    is_served(&origin, ALL - 20).await;
    is_answered(&origin, ALL - 100, 404).await;
    drop(push);
    origin.stop().await;
}
