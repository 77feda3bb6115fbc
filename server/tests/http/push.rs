//! What encoders push comes out again, whatever pieces it came in.

use std::process::Stdio;

use smooth::boxes::{init, mse, read_head};
use smooth::codec::Codec;
use smooth::ingest::Fragment;

use crate::harness::{END, Origin, Parts, STREAM, capture};

#[tokio::test(flavor = "multi_thread")]
async fn pieces_of_any_size_give_the_same_manifest_and_every_mdat_is_what_was_pushed() {
    let data = capture();
    let parts = Parts::of(&data);
    let mut manifests = Vec::new();
    for size in [1, 1000, 64_000] {
        let origin = Origin::start().await;
        assert_eq!(origin.post(STREAM, &data, size).await.status, 200);
        let response = origin.get("/live.isml/Manifest").await;
        assert_eq!(response.header("content-type"), "text/xml; charset=utf-8");
        manifests.push(response.body);
        if size == 1 {
            served_as_pushed(&origin, &parts).await;
        }
        origin.stop().await;
    }
    assert_eq!(manifests[0], manifests[1]);
    assert_eq!(manifests[0], manifests[2]);
}

/// The broadcast has ended: all ten fragments of each track are there.
async fn served_as_pushed(origin: &Origin, parts: &Parts) {
    let manifest = origin.manifest().await;
    assert!(!manifest.is_live);
    assert_eq!(manifest.streams.iter().map(|s| s.levels.len()).collect::<Vec<_>>(), [3, 1]);
    for track in &parts.tracks.tracks {
        let stream = manifest.streams.iter().find(|s| s.kind == track.kind).unwrap();
        let level = stream.levels.iter().position(|l| l.bitrate == track.level.bitrate).unwrap();
        assert_eq!(stream.chunks.len(), 10);
        let pushed = parts.fragments.iter().filter(|f| f.track_id == track.id);
        for (fragment, chunk) in pushed.zip(stream.chunks.iter()) {
            let response = origin.fragment(stream, level, chunk.time).await;
            assert_eq!(response.status, 200);
            let (moof, mdat) = response.body.split_at(response.body.len() - fragment.mdat.len());
            assert_eq!(mdat, fragment.mdat, "{:?} {}", track.kind, chunk.time);
            let head = read_head(moof, &smooth::Limits::default()).unwrap();
            assert_eq!(head.span, Some(chunk));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ffprobe_reads_every_level() {
    let origin = Origin::start().await;
    let parts = Parts::of(&capture());
    origin.post(STREAM, &capture(), 64_000).await;
    let manifest = origin.manifest().await;
    for stream in &manifest.streams {
        for (index, level) in stream.levels.iter().enumerate() {
            let codec = Codec::from_level(stream.kind, level, &stream.subtype).unwrap();
            let track = init::Track {
                timescale: stream.timescale,
                codec: &codec,
                language: &stream.language,
                protection: None,
            };
            let mut file = init::segment(&track);
            for chunk in stream.chunks.iter() {
                let body = origin.fragment(stream, index, chunk.time).await.body;
                let moof_end = u32::from_be_bytes(body[..4].try_into().unwrap()) as usize;
                let (moof, mdat) = body.split_at(moof_end);
                // ffprobe wants tfdt, which Smooth Streaming does not have.
                let options = mse::Options { decode_time: chunk.time, ..mse::Options::default() };
                file.extend(mse::rewrite(moof, &options).unwrap());
                file.extend(mdat);
            }
            let Some(report) = ffprobe(&file) else { return };
            let samples = |f: &Fragment| read_head(&f.moof, &smooth::Limits::default()).unwrap().samples;
            let track = parts.tracks.tracks.iter().find(|t| t.level.bitrate == level.bitrate).unwrap().id;
            let count: u32 = parts.fragments.iter().filter(|f| f.track_id == track).map(samples).sum();
            let count = format!(
                "nb_read_packets={count}
"
            );
            assert!(report.contains(&count), "{:?} {}: {report}", stream.kind, level.bitrate);
        }
    }
    origin.stop().await;
}

/// What ffprobe says of `file`; `None` where there is no ffprobe. Anything on its error output fails.
fn ffprobe(file: &[u8]) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("probe.mp4");
    std::fs::write(&path, file).unwrap();
    let output = std::process::Command::new("ffprobe")
        .args(["-v", "error", "-count_packets", "-show_entries", "stream=codec_name,nb_read_packets"])
        .arg(&path)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && errors.is_empty(), "ffprobe: {errors}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconnect_that_sends_the_last_fragments_again_changes_nothing() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    assert_eq!(origin.post(STREAM, &parts.stream(0..6), 9999).await.status, 200);
    // The encoder was in the middle of a fragment when the connection broke; it sends two again.
    let again = [parts.stream(4..10), END.to_vec()].concat();
    assert_eq!(origin.post(STREAM, &again, 9999).await.status, 200);
    served_as_pushed(&origin, &parts).await;
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redundant_encoders_and_a_stream_per_track_give_the_same_as_one() {
    let data = capture();
    let parts = Parts::of(&data);
    let origin = Origin::start().await;
    let mut pushes = Vec::new();
    for _ in 0..2 {
        let mut push = origin.push(STREAM).await;
        push.piece(&parts.head).await;
        pushes.push(push);
    }
    for n in 0..10 {
        for push in &mut pushes {
            push.pieces(&parts.media(n..n + 1), 5000).await;
        }
    }
    for mut push in pushes {
        push.piece(END).await;
        assert_eq!(push.finish().await.status, 200);
    }
    served_as_pushed(&origin, &parts).await;
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoder_that_begins_at_zero_again_goes_on() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    for _ in 0..3 {
        assert_eq!(origin.post(STREAM, &parts.stream(0..10), 1 << 16).await.status, 200);
    }
    let manifest = origin.manifest().await;
    assert!(manifest.is_live);
    let video = &manifest.streams[0];
    let starts: Vec<_> = video.chunks.iter().map(|c| c.time).collect();
    assert_eq!(starts, (0..28).map(|n| n * 20_000_000).collect::<Vec<_>>());
    let fragment = origin.fragment(video, 0, 300_000_000).await;
    let head = read_head(&fragment.body, &smooth::Limits::default()).unwrap();
    assert_eq!(head.span.unwrap().time, 300_000_000);
    assert_eq!(head.look_ahead.iter().map(|s| s.time).collect::<Vec<_>>(), [320_000_000, 340_000_000]);
    assert_eq!(manifest.streams[1].chunks.len(), 28);
    origin.stop().await;
}
