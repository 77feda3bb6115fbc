//! Fragments say where those of sparse streams are: `ChildTrack`.

use smooth::Limits;
use smooth::boxes::{read_head, walk};

use crate::archive::run_folder;
use crate::harness::{Captions, END, Origin, Parts, STREAM, capture};

/// `Content-Type` of what stands at `time` of a stream.
async fn kind(origin: &Origin, base: &str, place: &str) -> String {
    let response = origin.get(&format!("{base}/{place})")).await;
    assert_eq!(response.status, 200, "{base}/{place}: {}", response.text());
    response.header("content-type").to_owned()
}

const VIDEO: &str = "QualityLevels(100000)/Fragments(video=";
const CAPTIONS: &str = "QualityLevels(1000)/Fragments(caps=";

/// Two captions, one second and five seconds into a broadcast of twenty.
async fn broadcast(origin: &Origin) {
    let captions = Captions::sparse("video");
    let text =
        [captions.header(), captions.fragment(10_000_000, "<tt/>"), captions.fragment(50_000_000, "<tt/>")];
    let parts = Parts::of(&capture());
    origin.post(STREAM, &parts.stream(0..6), 1 << 16).await;
    assert_eq!(origin.post("/live.isml/Streams(captions)", &text.concat(), 1 << 16).await.status, 200);
}

async fn everything_points(origin: &Origin, base: &str) {
    for (place, expected) in [
        (format!("{VIDEO}0"), "video/mp4"),
        (format!("{VIDEO}20000000"), "video/mp4;ChildTrack=\"caps=10000000\""),
        (format!("{VIDEO}40000000"), "video/mp4;ChildTrack=\"caps=10000000\""),
        (format!("{VIDEO}60000000"), "video/mp4;ChildTrack=\"caps=50000000\""),
        (format!("{CAPTIONS}10000000"), "application/mp4"),
        (format!("{CAPTIONS}50000000"), "application/mp4;ChildTrack=\"caps=10000000\""),
        (
            "QualityLevels(100000)/FragmentInfo(video=60000000".to_owned(),
            "video/mp4;ChildTrack=\"caps=50000000\"",
        ),
        (
            "QualityLevels(100000)/KeyFrames(video=60000000".to_owned(),
            "video/mp4;ChildTrack=\"caps=50000000\"",
        ),
    ] {
        assert_eq!(kind(origin, base, &place).await, expected, "{base} {place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fragments_point_to_sparse_ones_live_and_in_a_copied_archive() {
    let origin = Origin::start().await;
    broadcast(&origin).await;
    let manifest = origin.manifest().await;
    let captions = manifest.streams.iter().find(|s| s.name == "caps").unwrap();
    assert_eq!(captions.parent.as_deref(), Some("video"));
    everything_points(&origin, "/live.isml").await;
    let sound = manifest.streams.iter().find(|s| s.kind == smooth::manifest::Kind::Audio).unwrap();
    let first = origin.fragment(sound, 0, sound.chunks.last().unwrap().time).await;
    assert_eq!((first.status, first.header("content-type")), (200, "audio/mp4"), "no parent");

    // The captions end with the broadcast.
    let rest = [Parts::of(&capture()).stream(5..6), END.to_vec()].concat();
    assert_eq!(origin.post(STREAM, &rest, 1 << 16).await.status, 200);
    assert!(!origin.ended().await.is_live);
    everything_points(&origin, "/live.isml").await;

    // The folder of its archive plays from wherever it is copied to.
    let origin = origin.restarted(|_| {}).await;
    let copy = origin.root().join("other/place");
    std::fs::create_dir_all(&copy).unwrap();
    for entry in std::fs::read_dir(run_folder(&origin)).unwrap().flatten() {
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
        }
    }
    everything_points(&origin, "/other/place/live.ism").await;
    let listed = origin.get("/other/place/live.ism/Manifest").await;
    let listed = smooth::manifest::read(&listed.body, &Limits::default()).unwrap();
    let served = origin.manifest().await;
    assert_eq!((listed.duration, &listed.streams), (served.duration, &served.streams));
    for stream in &listed.streams {
        for (rank, level) in stream.levels.iter().enumerate() {
            for chunk in stream.chunks.iter() {
                let path = smooth::url::expand(&stream.url, level, chunk.time).unwrap();
                let copied = origin.get(&format!("/other/place/live.ism/{path}")).await;
                let original = origin.fragment(stream, rank, chunk.time).await;
                assert_eq!((copied.status, original.status), (200, 200), "{path}");
                // On demand nothing has to be told of what follows.
                let span = |body: &[u8]| read_head(body, &Limits::default()).unwrap().span;
                assert_eq!(span(&copied.body), span(&original.body));
                let media = |body: &[u8]| walk(body).nth(1).unwrap().unwrap().whole.to_vec();
                assert!(media(&copied.body) == media(&original.body), "{path}");
            }
        }
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn they_point_in_another_header_or_not_at_all() {
    for (name, kind, own) in
        [("X-Sparse", "video/mp4", "ChildTrack=\"caps=50000000\""), ("", "video/mp4", "")]
    {
        let origin = Origin::with(&[], |s| s.sparse_pointer_header = name.to_owned()).await;
        broadcast(&origin).await;
        let response = origin.get(&format!("/live.isml/{VIDEO}60000000)")).await;
        assert_eq!((response.status, response.header("content-type")), (200, kind));
        assert_eq!(response.header("x-sparse"), own);
        assert!(!response.body.is_empty());
        origin.stop().await;
    }
}
