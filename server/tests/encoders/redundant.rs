//! Two encoders for the same tracks.

use crate::harness::{END, Origin, Parts, Push, STREAM, capture};
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

/// What two origins answer for the same set of fragments.
async fn answers(origin: &Origin) -> Vec<(String, Vec<u8>)> {
    let mut paths = vec!["Manifest".to_owned()];
    for stream in &origin.manifest().await.streams {
        for level in &stream.levels {
            for chunk in stream.chunks.iter() {
                paths.push(smooth::url::expand(&stream.url, level, chunk.time).unwrap());
            }
        }
    }
    for format in ["m3u8-cmaf", "mpd-time-csf"] {
        paths.push(format!("Manifest(format={format})"));
    }
    let mut answers = Vec::new();
    let mut at = 0;
    while at < paths.len() {
        let path = paths[at].clone();
        at += 1;
        let response = origin.get(&format!("/live.isml/{path}")).await;
        assert_eq!(response.status, 200, "{path}: {}", response.text());
        // Whatever a playlist names is asked for, too.
        if response.body.starts_with(b"#EXTM3U") {
            let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
            for line in response.text().lines() {
                let map = line.split("URI=\"").nth(1).and_then(|u| u.split('"').next());
                let named = if line.starts_with('#') { map } else { Some(line) };
                let named = named.filter(|n| !n.is_empty()).map(|n| format!("{folder}{n}"));
                paths.extend(named.filter(|n| !paths.contains(n)));
            }
        }
        answers.push((path, response.body));
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn two_origins_with_the_same_fragments_answer_the_same_bytes() {
    let parts = Parts::of(&capture());
    let one = Origin::with(&LIVE_ONLY[..1], |_| {}).await;
    assert_eq!(one.post(STREAM, &[parts.stream(0..10), END.to_vec()].concat(), 1 << 14).await.status, 200);

    // The other one gets it from two encoders, in another order, with other losses.
    let two = Origin::with(&LIVE_ONLY[..1], |_| {}).await;
    let mut a = two.push(STREAM).await;
    a.piece(&parts.stream(0..3)).await;
    listed(&two, 0).await;
    let mut b = two.push("/live.isml/Streams(Backup)").await;
    b.piece(&parts.stream(1..5)).await;
    listed(&two, 4000).await;
    // The first breaks in the middle of a fragment, comes back, and repeats two.
    let torn = parts.media(3..4);
    a.piece(&torn[..torn.len() / 2]).await;
    drop(a);
    let again = two.post(STREAM, &parts.stream(3..7), 777).await;
    assert_eq!(again.status, 200, "{}", again.text());
    b.pieces(&parts.media(5..10), 1 << 12).await;
    b.piece(END).await;
    assert_eq!(b.finish().await.status, 200);
    assert_eq!(two.post(STREAM, &[parts.head.clone(), END.to_vec()].concat(), 99).await.status, 200);

    let (one_says, two_says) = (answers(&one).await, answers(&two).await);
    assert_eq!(one_says.len(), two_says.len());
    for ((path, one), (other, two)) in one_says.iter().zip(&two_says) {
        assert_eq!(path, other);
        assert!(one == two, "{path}: {} and {} bytes differ", one.len(), two.len());
    }
    assert!(one_says.len() > 40, "{}", one_says.len());
    one.stop().await;
    two.stop().await;
}
