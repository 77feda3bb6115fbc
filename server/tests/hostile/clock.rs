//! The clock of the machine is set while a broadcast goes on.

use std::io::Read;
use std::path::Path;

use tokio::io::AsyncWriteExt;

use crate::harness::{END, Parts, STREAM, capture, read_response};
use crate::machine::Server;

/// Shell that makes what comes behind it see the wall clock moved by what `file` says; how long things take
/// stays true.
fn moved_by(file: &Path) -> String {
    format!(
        "export LD_PRELOAD=\"$(faketime -m -f +0 printenv LD_PRELOAD)\" FAKETIME_DONT_FAKE_MONOTONIC=1 \
         DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=1 FAKETIME_TIMESTAMP_FILE='{}';",
        file.display()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_forth_or_back_harms_no_broadcast() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("clock");
    std::fs::write(&file, "+0\n").unwrap();
    let mut server = Server::start(&moved_by(&file), &["--access-log", "json"]);
    let parts = Parts::of(&capture());
    let mut encoder = server.connect().await;
    let head = format!("POST {STREAM} HTTP/1.1\r\nHost: o\r\nTransfer-Encoding: chunked\r\n\r\n");
    encoder.write_all(head.as_bytes()).await.unwrap();
    let chunk = |data: &[u8]| [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat();
    encoder.write_all(&chunk(&parts.stream(0..4))).await.unwrap();
    let path = |n: usize| format!("/live.isml/QualityLevels(100000)/Fragments(video={})", n * 20_000_000);
    while server.get(&path(1)).await.status != 200 {}
    let began = async || {
        let mpd = server.get("/live.isml/Manifest(format=mpd-time-csf)").await.text();
        mpd.split("availabilityStartTime=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let before = began().await;

    for (n, step) in (4..).zip(["-5", "-7200", "+90000", "+0"]) {
        // A viewer waits for what the next fragment makes known.
        let mut viewer = server.connect().await;
        let request = format!("GET {}?wait=8000 HTTP/1.1\r\nHost: o\r\n\r\n", path(n - 2));
        viewer.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(server.get("/healthz").await.status, 200);
        std::fs::write(&file, format!("{step}\n")).unwrap();
        assert_eq!(server.get("/healthz").await.status, 200);
        encoder.write_all(&chunk(&parts.media(n..n + 1))).await.unwrap();
        assert_eq!(read_response(&mut viewer, false).await.status, 200, "{step}");
        assert_eq!(began().await, before, "{step}");
        assert_eq!(server.get("/live.isml/Manifest(format=m3u8-cmaf)").await.status, 200, "{step}");
    }
    encoder.write_all(&[chunk(END), b"0\r\n\r\n".to_vec()].concat()).await.unwrap();
    assert_eq!(read_response(&mut encoder, false).await.status, 200);
    let manifest = server.get("/live.isml/Manifest").await;
    let manifest = smooth::manifest::read(&manifest.body, &smooth::Limits::default()).unwrap();
    let times: Vec<_> = manifest.streams[0].chunks.iter().map(|c| c.time).collect();
    assert_eq!(times, (0..8).map(|n| n * 20_000_000).collect::<Vec<_>>());
    // The log has the time of each answer: the clock was set.
    server.signal("TERM");
    let mut log = String::new();
    server.child.stdout.take().unwrap().read_to_string(&mut log).unwrap();
    let lines = log.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
    let times: Vec<_> = lines.map(|l| l["time"].as_f64().unwrap()).collect();
    let stepped = |seconds: f64| times.windows(2).any(|w| (w[1] - w[0] - seconds).abs() < 100.0);
    assert!(stepped(-7195.0) && stepped(97_200.0) && stepped(-90_000.0), "{times:?}");
}
