//! Where encoders write the times of their fragments, what these say, and how fast they come.

use smooth::boxes::read_head;
use smooth::{Limits, Span};

use crate::harness::{END, Origin, STREAM};
use crate::video::{Video, chunks, listed};

const LIVE_ONLY: [(&str, &str); 2] = [("publishing", "Fragments;Streams"), ("lookaheadChunks", "0")];

fn boxed(kind: &[u8; 4], payload: &[u8]) -> Vec<u8> {
    [&u32::try_from(payload.len() + 8).unwrap().to_be_bytes()[..], kind, payload].concat()
}

/// `tfrf` of a fragment that lasts two seconds from `time` in ticks on.
fn look_ahead(time: u64) -> Vec<u8> {
    let id = 0xd480_7ef2_ca39_4695_8e54_26cb_9e46_a79f_u128;
    let next = [time.to_be_bytes(), 20_000_000_u64.to_be_bytes()].concat();
    boxed(b"uuid", &[&id.to_be_bytes()[..], &[1, 0, 0, 0], &[1], &next].concat())
}

fn decode_time(time: i64) -> Vec<u8> {
    boxed(b"tfdt", &[&[1, 0, 0, 0][..], &time.to_be_bytes()].concat())
}

/// `fragment` with other boxes in its `traf`: `change` gets `tfhd`, `trun` and `tfxd`.
fn rebuilt(fragment: &[u8], change: impl Fn(&[u8], &[u8], &[u8]) -> Vec<u8>) -> Vec<u8> {
    let size = |at: usize| u32::from_be_bytes(fragment[at..at + 4].try_into().unwrap()) as usize;
    let (moof, traf) = (size(0), 8 + size(8));
    let (tfhd, trun) = (traf + 8, traf + 8 + size(traf + 8));
    let tfxd = trun + size(trun);
    let offset = trun + 16;
    let build = |data_offset: usize| {
        let mut run = fragment[trun..tfxd].to_vec();
        let at = offset - trun;
        run[at..at + 4].copy_from_slice(&u32::try_from(data_offset).unwrap().to_be_bytes());
        let children = change(&fragment[tfhd..trun], &run, &fragment[tfxd..moof]);
        boxed(b"moof", &[&fragment[8..traf], &boxed(b"traf", &children)].concat())
    };
    let head = build(0).len();
    [build(head + 8), fragment[moof..].to_vec()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn times_before_zero_and_boxes_in_any_order_or_missing_are_understood() {
    let ticks = |n: i64| (n * 2000 - 21) * 10_000;
    type Change = fn(i64, &[u8], &[u8], &[u8]) -> Vec<u8>;
    let ways: [(&str, Change); 3] = [
        ("neither tfdt nor tfrf, as ffmpeg", |_, tfhd, trun, tfxd| [tfhd, trun, tfxd].concat()),
        ("tfxd, tfrf, trun", |next, tfhd, trun, tfxd| {
            [tfhd, tfxd, &look_ahead(next.cast_unsigned()), trun].concat()
        }),
        ("tfdt and no tfxd", |next, tfhd, trun, _| [tfhd, &decode_time(next - 20_000_000), trun].concat()),
    ];
    for (what, way) in ways {
        let (origin, video) = (Origin::with(&LIVE_ONLY, |_| {}).await, Video::new());
        let fragment = |n: u8| {
            let whole = video.fragment(i64::from(n) * 2000 - 21, 2000, n);
            rebuilt(&whole, |tfhd, trun, tfxd| way(ticks(i64::from(n) + 1), tfhd, trun, tfxd))
        };
        let body = [video.header(), fragment(0), fragment(1), fragment(2)].concat();
        assert_eq!(origin.post(STREAM, &body, 999).await.status, 200, "{what}");
        let stream = &origin.manifest().await.streams[0];
        let spans: Vec<_> = stream.chunks.iter().map(|c| (c.time, c.duration)).collect();
        assert_eq!(
            spans,
            [(0, 19_790_000), (19_790_000, 20_000_000), (39_790_000, 20_000_000)],
            "{what}: what lies before zero is cut off"
        );
        for (n, (time, duration)) in (0_u8..).zip(spans) {
            let served = origin.fragment(stream, 0, time).await;
            let moof = u32::from_be_bytes(served.body[..4].try_into().unwrap()) as usize;
            let head = read_head(&served.body[..moof], &Limits::default()).unwrap();
            assert_eq!(head.span, Some(Span { time, duration }), "{what}");
            assert_eq!(served.body[moof..], fragment(n)[fragment(n).len() - 1008..], "{what}");
        }
        // One without any time has no place.
        let timeless = rebuilt(&video.fragment(5979, 2000, 3), |tfhd, trun, _| [tfhd, trun].concat());
        let answer = origin.post(STREAM, &[video.header(), timeless].concat(), 999).await;
        assert_eq!((answer.status, answer.text().contains("it has no time")), (400, true));
        assert_eq!(chunks(&origin).await, [0, 1979, 3979], "{what}");
        origin.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_encoders_whose_clocks_drift_apart_the_younger_goes() {
    // 200 ppm: 0.4 ms each fragment, so that after 250 of them more is missing than is overlooked.
    let drifted = |n: i64| n * 2000 - n * 2 / 5;
    let (origin, video) = (Origin::with(&LIVE_ONLY, |_| {}).await, Video::new());
    let mut first = origin.push(STREAM).await;
    first.piece(&[video.header(), video.fragment(0, 2000, 1)].concat()).await;
    listed(&origin, 0).await;
    let mut second = origin.push("/live.isml/Streams(Backup)").await;
    second.piece(&[video.header(), video.fragment(0, 2000, 2)].concat()).await;
    for n in 1..280 {
        first.piece(&video.fragment(n * 2000, 2000, 1)).await;
        listed(&origin, u64::try_from(n).unwrap() * 2000).await;
        second.piece(&video.fragment(drifted(n), 2000, 2)).await;
    }
    let answer = second.answer().await;
    assert_eq!((answer.status, answer.text().contains("\"misaligned\"")), (409, true), "{}", answer.text());
    first.piece(END).await;
    assert_eq!(first.finish().await.status, 200);
    assert_eq!(chunks(&origin).await, (0..280).map(|n| n * 2000).collect::<Vec<_>>());
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_encoder_kept_while_the_network_was_down_comes_at_once_and_is_all_there() {
    // An hour of two-second fragments, in less memory than they take.
    let (origin, video) =
        (Origin::with(&[("lookaheadChunks", "0")], |s| s.max_point_bytes = 1 << 20).await, Video::new());
    let mut push = origin.push(STREAM).await;
    push.piece(&[video.header(), video.run(0, 2000, 2, 1)].concat()).await;
    listed(&origin, 2000).await;
    drop(push);
    let content = |n: i64| u8::try_from(n % 251).unwrap();
    let mut burst = [video.header(), video.run(0, 2000, 2, 1)].concat();
    let count = 1800;
    for n in 2..count {
        burst.extend(video.fragment(n * 2000, 2000, content(n)));
    }
    let mut push = origin.push(STREAM).await;
    push.pieces(&burst, 1 << 16).await;
    listed(&origin, u64::try_from(count - 1).unwrap() * 2000).await;
    let expected: Vec<_> = (0..count).map(|n| u64::try_from(n).unwrap() * 2000).collect();
    assert_eq!(chunks(&origin).await, expected, "no hole where the network was down");
    let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let metrics = origin.send(request).await.text();
    let memory = metrics.lines().find(|l| l.starts_with("silverlane_point_memory_bytes{"));
    let bytes: f64 = memory.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    assert!(bytes <= f64::from(1 << 20), "{bytes} bytes");
    let stream = &origin.manifest().await.streams[0];
    for n in (2..count).step_by(97) {
        let served = origin.fragment(stream, 0, u64::try_from(n * 20_000_000).unwrap()).await;
        assert_eq!((served.status, served.body.last()), (200, Some(&content(n))), "{n}");
    }
    // The encoder is at the live edge again.
    push.piece(&[video.fragment(count * 2000, 2000, 7), END.to_vec()].concat()).await;
    assert_eq!(push.finish().await.status, 200);
    assert_eq!(chunks(&origin).await.len(), expected.len() + 1);
    origin.stop().await;
}
