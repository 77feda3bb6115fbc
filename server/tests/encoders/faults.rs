//! One encoder, and what happens to it.

use crate::harness::{END, Origin, Parts, STREAM, capture};
use crate::video::{Video, chunks, listed};

const LIVE_ONLY: [(&str, &str); 2] = [("publishing", "Fragments;Streams"), ("lookaheadChunks", "0")];

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_in_a_fragment_shows_nothing_of_it_and_the_next_goes_on() {
    let (origin, video) = (Origin::with(&LIVE_ONLY, |_| {}).await, Video::new());
    let mut push = origin.push(STREAM).await;
    let torn = video.fragment(4000, 2000, 7);
    push.piece(&[video.header(), video.run(0, 2000, 2, 1), torn[..torn.len() - 300].to_vec()].concat()).await;
    listed(&origin, 2000).await;
    drop(push);
    assert_eq!(chunks(&origin).await, [0, 2000]);
    let next = [video.header(), video.fragment(2000, 2000, 1), video.run(4000, 2000, 2, 1)].concat();
    assert_eq!(origin.post(STREAM, &next, 999).await.status, 200);
    assert_eq!(chunks(&origin).await, [0, 2000, 4000, 6000]);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoder_that_falls_silent_is_let_go_after_three_fragments() {
    let (origin, video) = (Origin::with(&LIVE_ONLY, |s| s.max_encoders = 1).await, Video::new());
    let mut push = origin.push(STREAM).await;
    push.piece(&[video.header(), video.run(0, 100, 3, 1)].concat()).await;
    // The setting says fifteen seconds; the answer comes long before.
    let answer = push.answer().await;
    assert_eq!((answer.status, answer.text().contains("\"idle\"")), (408, true), "{}", answer.text());
    // Its slot is free.
    let next = [video.header(), video.run(300, 100, 2, 1)].concat();
    assert_eq!(origin.post(STREAM, &next, 999).await.status, 200);
    assert_eq!(chunks(&origin).await, [0, 100, 200, 300, 400]);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconnect_takes_over_from_a_connection_that_does_not_know_it_is_dead() {
    let (origin, video) = (Origin::with(&LIVE_ONLY, |_| {}).await, Video::new());
    let mut old = origin.push(STREAM).await;
    old.piece(&[video.header(), video.run(0, 100, 4, 1)].concat()).await;
    listed(&origin, 300).await;
    let mut new = origin.push(STREAM).await;
    new.piece(&[video.header(), video.run(200, 100, 2, 1)].concat()).await;
    // It goes on sending as it encodes; the old one does not.
    let answer = tokio::spawn(async move { old.answer().await });
    let mut pace = tokio::time::interval(std::time::Duration::from_millis(100));
    let mut time = 400;
    while !answer.is_finished() {
        pace.tick().await;
        new.piece(&video.fragment(time, 100, 1)).await;
        time += 100;
    }
    let answer = answer.await.unwrap();
    assert_eq!((answer.status, answer.text().contains("\"replaced\"")), (409, true), "{}", answer.text());
    new.piece(END).await;
    assert_eq!(new.finish().await.status, 200);
    let expected: Vec<_> = (0..u64::try_from(time).unwrap()).step_by(100).collect();
    assert_eq!(chunks(&origin).await, expected);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconnect_goes_on_leaves_a_gap_or_begins_anew_as_its_times_say() {
    let (origin, video) = (Origin::with(&LIVE_ONLY, |_| {}).await, Video::new());
    let mut expected = Vec::new();
    for (time, count, shown) in [(0, 4, 0), (8000, 2, 8000), (20_000, 2, 20_000), (0, 3, 24_000)] {
        let body =
            [video.header(), video.run(time, 2000, count, u8::try_from(shown / 1000).unwrap())].concat();
        assert_eq!(origin.post(STREAM, &body, 999).await.status, 200);
        expected.extend((0..u64::from(count)).map(|n| shown + n * 2000));
        assert_eq!(chunks(&origin).await, expected);
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_jump_forward_leave_a_gap_and_back_begin_anew() {
    let (origin, video) = (Origin::with(&LIVE_ONLY, |_| {}).await, Video::new());
    let hour = 3_600_000;
    for time in [hour, 2 * hour, 0] {
        let body = [video.header(), video.run(time, 2000, 2, 1)].concat();
        assert_eq!(origin.post(STREAM, &body, 999).await.status, 200);
    }
    let expected = [3_600_000, 3_602_000, 7_200_000, 7_202_000, 7_204_000, 7_206_000];
    assert_eq!(chunks(&origin).await, expected);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fragments_out_of_order_overlapping_empty_or_long_harm_nobody() {
    let (origin, video) = (Origin::with(&LIVE_ONLY, |_| {}).await, Video::new());
    let mut body = [video.header(), video.run(0, 2000, 2, 1)].concat();
    // Again and behind, without a duration, early by a millisecond, and one of 25 seconds.
    for (time, duration) in [(0, 2000), (2000, 2000), (4000, 0), (3999, 2001), (6000, 25_000), (31_000, 2000)]
    {
        body.extend(video.fragment(time, duration, 1));
    }
    assert_eq!(origin.post(STREAM, &body, 999).await.status, 200);
    let chunks = chunks(&origin).await;
    assert_eq!(chunks.last(), Some(&31_000), "{chunks:?}");
    assert!(chunks.windows(2).all(|w| w[0] < w[1]), "{chunks:?}");
    let stream = &origin.manifest().await.streams[0];
    for chunk in stream.chunks.iter() {
        assert_eq!(origin.fragment(stream, 0, chunk.time).await.status, 200, "{chunk:?}");
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_header_in_the_middle_is_refused_and_viewers_keep_what_there_is() {
    let parts = Parts::of(&capture());
    let origin = Origin::with(&LIVE_ONLY, |_| {}).await;
    let mut other = parts.head.clone();
    let at = other.windows(9).position(|w| w == b"CodecPriv").unwrap();
    let value = at + other[at..].windows(7).position(|w| w == b"value=\"").unwrap() + 7;
    other[value + 14..value + 16].copy_from_slice(b"29");
    let body = [parts.stream(0..4), other, parts.media(4..6)].concat();
    let answer = origin.post(STREAM, &body, 1 << 14).await;
    assert_eq!((answer.status, answer.text().contains("header-changed")), (409, true), "{}", answer.text());
    assert_eq!(chunks(&origin).await.len(), 4);
    // The same header again is none of that.
    let body = [parts.stream(3..5), parts.stream(4..10)].concat();
    assert_eq!(origin.post(STREAM, &body, 1 << 14).await.status, 200);
    assert_eq!(chunks(&origin).await.len(), 10);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoder_that_is_killed_is_waited_for_and_one_that_says_so_ends_it() {
    let (origin, video) = (Origin::with(&LIVE_ONLY, |_| {}).await, Video::new());
    let body = [video.header(), video.run(0, 2000, 3, 1)].concat();
    assert_eq!(origin.post(STREAM, &body, 999).await.status, 200);
    assert!(origin.manifest().await.is_live);
    let body = [video.header(), video.run(6000, 2000, 1, 1), END.to_vec()].concat();
    assert_eq!(origin.post(STREAM, &body, 999).await.status, 200);
    assert!(!origin.manifest().await.is_live);
    assert_eq!(chunks(&origin).await, [0, 2000, 4000, 6000]);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_as_old_and_odd_encoders_make_them_are_taken() {
    let video = Video::new();
    let body = [video.header(), video.run(0, 2000, 3, 1), END.to_vec()].concat();
    for head in [
        "POST {} HTTP/1.1\r\nHost: o\r\nIcy-MetaData: 1\r\n",
        "PUT {} HTTP/1.1\r\nHost: o\r\n",
        "POST {} HTTP/1.0\r\n",
    ] {
        let origin = Origin::with(&LIVE_ONLY, |_| {}).await;
        let mut stream = origin.connect().await;
        let head = format!("{}Content-Length: {}\r\n\r\n", head.replace("{}", STREAM), body.len());
        tokio::io::AsyncWriteExt::write_all(&mut stream, &[head.as_bytes(), &body].concat()).await.unwrap();
        assert_eq!(crate::harness::read_response(&mut stream, false).await.status, 200, "{head}");
        assert_eq!(chunks(&origin).await, [0, 2000, 4000], "{head}");
        origin.stop().await;
    }
}
