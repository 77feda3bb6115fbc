//! Two servers for one folder of archives.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::{Parts, STREAM, capture};
use crate::machine::Server;

fn chunk(data: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}

/// An encoder that has sent the first five fragments, which are served.
async fn encoder(server: &Server, parts: &Parts) -> TcpStream {
    let mut encoder = server.connect().await;
    let head = format!("POST {STREAM} HTTP/1.1\r\nHost: o\r\nTransfer-Encoding: chunked\r\n\r\n");
    encoder.write_all(head.as_bytes()).await.unwrap();
    encoder.write_all(&chunk(&parts.stream(0..5))).await.unwrap();
    while server.get("/live.isml/QualityLevels(100000)/Fragments(video=40000000)").await.status != 200 {}
    encoder
}

/// Waits until the archive is in `state`; what it says then.
async fn archive_is(server: &Server, state: &str) -> String {
    loop {
        let answer = server.get("/api/v1/points/live.isml/statistics").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let now: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        if now["archive"]["state"] == state {
            return now["archive"]["message"].as_str().unwrap_or_default().to_owned();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_archives_at_a_time_and_the_next_once_it_is_gone_however_it_went() {
    let shared = tempfile::tempdir().unwrap();
    let flags = ["--archive-root", shared.path().to_str().unwrap()];
    let (mut first, second) = (Server::start("", &flags), Server::start("", &flags));
    let parts = Parts::of(&capture());
    let folders = || std::fs::read_dir(shared.path().join("live-isml")).unwrap().count();
    let _encoder = encoder(&first, &parts).await;
    archive_is(&first, "writing").await;
    assert_eq!(folders(), 1);
    // The other one broadcasts all the same, touches nothing, and says why.
    let mut encoder = encoder(&second, &parts).await;
    let message = archive_is(&second, "failing").await;
    assert!(message.contains("another server writes to the archives"), "{message}");
    assert_eq!(folders(), 1);
    first.signal("KILL");
    first.child.wait().unwrap();
    encoder.write_all(&chunk(&parts.media(5..7))).await.unwrap();
    archive_is(&second, "writing").await;
    assert_eq!(folders(), 2);
    assert_eq!(second.get("/live.isml/Manifest").await.status, 200);
}
