//! Streams that an encoder announces before it posts them (StreamManifest).

use crate::harness::{END, Origin};
use crate::video::{Video, chunks};

const LIVE_ONLY: [(&str, &str); 2] = [("publishing", "Fragments;Streams"), ("lookaheadChunks", "0")];

/// `header` behind a list of streams `low` and `high`.
fn announcing(header: &[u8]) -> Vec<u8> {
    let list = "<smil xmlns=\"http://www.w3.org/2001/SMIL20/Language\"><head/><body><par>\
                <ref src=\"Streams(low)\"/><ref src=\"Streams(high)\"/></par></body></smil>";
    let ftyp = u32::from_be_bytes(header[..4].try_into().unwrap()) as usize;
    let size = u32::try_from(28 + list.len()).unwrap();
    let id = 0x3c2f_e51b_efee_40a3_ae81_5300_199d_c348_u128;
    let uuid = [&size.to_be_bytes()[..], b"uuid", &id.to_be_bytes(), &[0; 4], list.as_bytes()].concat();
    [&header[..ftyp], &uuid, &header[ftyp..]].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_waits_for_the_streams_that_its_first_encoder_announces() {
    let (origin, low) = (Origin::with(&LIVE_ONLY, |_| {}).await, Video::new());
    let high = low.rung(2, 900_000);
    let whole = [announcing(&low.header()), low.run(0, 2000, 3, 1), END.to_vec()].concat();
    assert_eq!(origin.post("/live.isml/Streams(low)", &whole, 999).await.status, 200);
    assert_eq!(origin.get("/live.isml/Manifest").await.status, 404, "one of two has come, and ended");
    let mut push = origin.push("/live.isml/Streams(high)").await;
    push.piece(&[announcing(&high.header()), high.run(0, 2000, 2, 1)].concat()).await;
    push.settled(&origin, "/live.isml/Manifest", 200).await;
    let manifest = origin.manifest().await;
    assert_eq!((manifest.is_live, manifest.streams[0].levels.len()), (true, 2));
    push.piece(&[high.fragment(4000, 2000, 1), END.to_vec()].concat()).await;
    assert_eq!(push.finish().await.status, 200);
    assert!(!origin.manifest().await.is_live);
    assert_eq!(chunks(&origin).await, [0, 2000, 4000]);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_announced_and_never_comes_is_not_waited_for_for_ever() {
    for (seconds, looks) in [(0, true), (1, true), (1, false)] {
        let (origin, low) =
            (Origin::with(&LIVE_ONLY, |s| s.stream_wait_seconds = seconds).await, Video::new());
        let body = [announcing(&low.header()), low.run(0, 2000, 3, 1)].concat();
        let mut push = origin.push("/live.isml/Streams(low)").await;
        push.piece(&body).await;
        if looks {
            push.settled(&origin, "/live.isml/Manifest", 200).await;
        }
        push.piece(END).await;
        assert_eq!(push.finish().await.status, 200);
        // With nobody there, nor asking for anything that would start it.
        let state = "GET /api/v1/points/live.isml HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        while !origin.send(state).await.text().contains("\"Stopped\"") {
            tokio::task::yield_now().await;
        }
        assert!(!origin.manifest().await.is_live);
        assert_eq!(chunks(&origin).await, [0, 2000, 4000]);
        origin.stop().await;
    }
}
