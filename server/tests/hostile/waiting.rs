//! Many viewers for one fragment.

use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

use crate::harness::{Origin, Parts, STREAM, capture, read_response};

/// Every thread for work that blocks is taken, as when the system has no more to give: what is in memory is
/// taken in and served without one.
#[test]
fn without_threads_to_spare_the_live_edge_goes_on() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(4)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let parts = Parts::of(&capture());
        let origin = Origin::start().await;
        std::fs::write(origin.root().join("page.html"), "12345").unwrap();
        let mut push = origin.push(STREAM).await;
        push.piece(&parts.stream(0..5)).await;
        let path = |n: u64| format!("/live.isml/QualityLevels(100000)/Fragments(video={})", n * 20_000_000);
        push.settled(&origin, &path(2), 200).await;
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        let busy: Vec<_> = (0..64)
            .map(|_| {
                let held = Arc::clone(&held);
                tokio::task::spawn_blocking(move || held.lock().unwrap().recv().unwrap_err())
            })
            .collect();
        // A file has to wait for a thread.
        let mut page = origin.connect().await;
        page.write_all(b"GET /page.html HTTP/1.1\r\nHost: o\r\n\r\n").await.unwrap();
        for n in 5..10_u64 {
            let at = usize::try_from(n).unwrap();
            push.piece(&parts.media(at..at + 1)).await;
            push.settled(&origin, &path(n - 2), 200).await;
            assert_eq!(origin.get("/live.isml/Manifest").await.status, 200);
        }
        assert!(page.try_read(&mut [0; 1]).is_err(), "it was answered without a thread");
        drop(hold);
        assert_eq!(read_response(&mut page, false).await.body, b"12345");
        for task in busy {
            task.await.unwrap();
        }
        drop(push);
        origin.stop().await;
    });
}

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
