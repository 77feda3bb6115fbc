//! Many viewers for one fragment.

use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

use crate::harness::{Origin, Parts, STREAM, capture, read_response};

#[tokio::test(flavor = "multi_thread")]
async fn all_who_wait_for_the_next_fragment_get_it() {
    let parts = Parts::of(&capture());
    let origin = Origin::start().await;
    let mut push = origin.push(STREAM).await;
    push.piece(&parts.stream(0..5)).await;
    push.settled(&origin, "/live.isml/QualityLevels(100000)/Fragments(video=40000000)", 200).await;
    let path = "/live.isml/QualityLevels(100000)/Fragments(video=60000000)";
    let mut viewers = JoinSet::new();
    for _ in 0..400 {
        let mut stream = origin.connect().await;
        let request = format!("GET {path}?wait=600000 HTTP/1.1\r\nHost: o\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        viewers.spawn(async move { read_response(&mut stream, false).await });
    }
    // Ten fragments ahead, and not asked to be held: told at once, and caches may say so for a second …
    let ahead = origin.get("/live.isml/QualityLevels(100000)/Fragments(video=240000000)").await;
    assert_eq!((ahead.status, ahead.body.len()), (412, 0));
    assert_eq!(ahead.header("cache-control"), "public, max-age=1");
    // … which they may not of the next one.
    let next = origin.get(path).await;
    assert_eq!((next.status, next.header("cache-control")), (412, "no-store"));
    push.piece(&parts.media(5..6)).await;
    let mut bodies = Vec::new();
    while let Some(answer) = viewers.join_next().await {
        let answer = answer.unwrap();
        assert_eq!(answer.status, 200);
        bodies.push(answer.body);
    }
    assert_eq!(bodies.len(), 400);
    bodies.dedup();
    assert_eq!(bodies, [origin.get(path).await.body]);
    drop(push);
    origin.stop().await;
}
