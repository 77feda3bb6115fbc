//! Two encoders for the same tracks.

use smooth::manifest::Kind;

use crate::harness::{Captions, END, Origin, Push, STREAM};
use crate::video::{Video, chunks, listed};

const LIVE_ONLY: [(&str, &str); 2] = [("publishing", "Fragments;Streams"), ("lookaheadChunks", "0")];

async fn begin(origin: &Origin, path: &str, video: &Video) -> Push {
    let mut push = origin.push(path).await;
    push.piece(&video.header()).await;
    push
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoder_that_is_skewed_or_cuts_elsewhere_is_refused_and_the_first_goes_on() {
    for (skew, duration) in [(300, 2000), (0, 3000)] {
        let (origin, video) = (Origin::with(&LIVE_ONLY, |_| {}).await, Video::new());
        let mut first = begin(&origin, STREAM, &video).await;
        first.piece(&video.run(0, 2000, 2, 1)).await;
        listed(&origin, 2000).await;
        let mut second = begin(&origin, "/live.isml/Streams(Backup)", &video).await;
        for n in 2..16 {
            second
                .piece(&video.fragment((n - 1) * i64::try_from(duration).unwrap() + skew, duration, 2))
                .await;
            first.piece(&video.fragment(n * 2000, 2000, 1)).await;
            listed(&origin, u64::try_from(n).unwrap() * 2000).await;
        }
        let answer = second.answer().await;
        assert_eq!(
            (answer.status, answer.text().contains("\"misaligned\"")),
            (409, true),
            "{}",
            answer.text()
        );
        assert!(answer.text().contains("track video"), "{}", answer.text());
        first.piece(END).await;
        assert_eq!(first.finish().await.status, 200);
        assert_eq!(chunks(&origin).await, (0..16).map(|n| n * 2000).collect::<Vec<_>>());
        origin.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_encoders_whose_bytes_differ_the_first_copy_is_served() {
    let (origin, video) = (Origin::with(&LIVE_ONLY, |_| {}).await, Video::new());
    let mut first = begin(&origin, STREAM, &video).await;
    let mut second = begin(&origin, STREAM, &video).await;
    for n in 0..6 {
        first.piece(&video.fragment(n * 2000, 2000, 1)).await;
        listed(&origin, u64::try_from(n).unwrap() * 2000).await;
        second.piece(&video.fragment(n * 2000, 2000, 2)).await;
    }
    // The first dies, the second one goes on.
    drop(first);
    second.piece(&video.run(12_000, 2000, 2, 2)).await;
    second.piece(END).await;
    assert_eq!(second.finish().await.status, 200);
    let stream = &origin.manifest().await.streams[0];
    for (n, chunk) in stream.chunks.iter().enumerate() {
        let body = origin.fragment(stream, 0, chunk.time).await.body;
        assert_eq!(body.last(), Some(if n < 6 { &1 } else { &2 }), "{n}");
    }
    assert_eq!(stream.chunks.len(), 8);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_encoder_lost_the_other_fills() {
    let (origin, video) = (Origin::with(&LIVE_ONLY, |_| {}).await, Video::new());
    let mut first = begin(&origin, STREAM, &video).await;
    let mut second = begin(&origin, "/live.isml/Streams(Backup)", &video).await;
    first.piece(&video.run(0, 2000, 3, 1)).await;
    listed(&origin, 4000).await;
    second.piece(&video.run(0, 2000, 3, 1)).await;
    // The first one has lost the fragment at six seconds; the second one is behind.
    first.piece(&video.fragment(8000, 2000, 1)).await;
    second.piece(&video.run(6000, 2000, 2, 1)).await;
    listed(&origin, 8000).await;
    assert_eq!(chunks(&origin).await, [0, 2000, 4000, 6000, 8000]);
    drop((first, second));
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_level_that_only_an_encoder_that_was_sent_away_announced_is_not_listed() {
    let (origin, video) = (Origin::with(&LIVE_ONLY, |_| {}).await, Video::new());
    let mut first = begin(&origin, STREAM, &video).await;
    first.piece(&video.run(0, 2000, 4, 1)).await;
    listed(&origin, 6000).await;
    let rung = video.rung(2, 900_000);
    let mut second = origin.push("/live.isml/Streams(Backup)").await;
    second.piece(&video.header_with(&rung)).await;
    for n in 1..12 {
        second.piece(&[video.fragment(n * 2000 + 300, 2000, 2), rung.fragment(300, 2000, 2)].concat()).await;
        first.piece(&video.fragment(6000 + n * 2000, 2000, 1)).await;
    }
    let answer = second.answer().await;
    assert_eq!((answer.status, answer.text().contains("\"misaligned\"")), (409, true), "{}", answer.text());
    let manifest = origin.manifest().await;
    assert_eq!(manifest.streams[0].levels.len(), 1, "{manifest:?}");
    for format in ["m3u8-cmaf", "mpd-time-csf"] {
        let other = origin.get(&format!("/live.isml/Manifest(format={format})")).await;
        assert_eq!((other.status, other.text().contains("900000")), (200, false), "{}", other.text());
    }
    // One that fits brings the level.
    second = begin(&origin, "/live.isml/Streams(Backup)", &rung).await;
    second.piece(&[first_of(&rung, &origin).await, END.to_vec()].concat()).await;
    assert_eq!(second.finish().await.status, 200);
    assert_eq!(origin.manifest().await.streams[0].levels.len(), 2);
    drop(first);
    origin.stop().await;
}

/// A fragment of `rung` for the oldest chunk that is listed.
async fn first_of(rung: &Video, origin: &Origin) -> Vec<u8> {
    let time = chunks(origin).await[0];
    rung.fragment(i64::try_from(time).unwrap(), 2000, 2)
}

#[tokio::test(flavor = "multi_thread")]
async fn captions_that_the_faster_encoder_lost_come_from_the_other() {
    let (origin, video, captions) = (Origin::with(&LIVE_ONLY, |_| {}).await, Video::new(), Captions::new());
    let mut first = begin(&origin, STREAM, &video).await;
    first.piece(&video.run(0, 2000, 2, 1)).await;
    listed(&origin, 2000).await;
    let mut streams = Vec::new();
    for id in ["Captions", "Backup"] {
        let mut push = origin.push(&format!("/live.isml/Streams({id})")).await;
        push.piece(&[captions.header(), captions.fragment(0, "<tt/>")].concat()).await;
        while texts(&origin).await.is_empty() {
            tokio::task::yield_now().await;
        }
        streams.push(push);
    }
    // The second encoder is known to have captions once its copy has come.
    let metrics = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    while !origin.send(metrics).await.text().contains(r#"outcome="duplicate"} 1"#) {
        tokio::task::yield_now().await;
    }
    streams[0].piece(&captions.fragment(40_000_000, "<tt/>")).await;
    streams[1].piece(&captions.fragment(20_000_000, "<tt/>")).await;
    streams[1].piece(&captions.fragment(40_000_000, "<tt/>")).await;
    while texts(&origin).await.last() != Some(&40_000_000) {
        tokio::task::yield_now().await;
    }
    assert_eq!(texts(&origin).await, [0, 20_000_000, 40_000_000]);
    drop((first, streams));
    origin.stop().await;
}

/// Starts of the captions that are listed, in ticks.
async fn texts(origin: &Origin) -> Vec<u64> {
    let manifest = origin.manifest().await;
    let text = manifest.streams.iter().find(|s| s.kind == Kind::Text);
    text.map(|s| s.chunks.iter().map(|c| c.time).collect()).unwrap_or_default()
}
