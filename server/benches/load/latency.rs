//! From the last byte of a fragment to its viewers.

use std::time::{Duration, Instant};

use super::broadcast::{self, DURATION, Encoder};
use super::client::Target;
use super::report::Report;
use super::servers::{Server, free_address};

const SIZE: usize = 50_000;

/// One viewer who always waits for the next fragment.
pub(crate) async fn last_byte_in(report: &mut Report) {
    const FRAGMENTS: usize = 1000;
    let (_folder, address, _origin) = origin();
    let mut encoder = Encoder::start(address, "/live.isml", &[SIZE]).await;
    let mut next = encoder.push().await;
    let mut viewer = Target::plain(address).connect().await;
    viewer.until_there(&format!("/live.isml/{}", broadcast::path(SIZE, next))).await;
    let mut times = Vec::with_capacity(FRAGMENTS);
    for n in 0..FRAGMENTS as u64 {
        next += DURATION;
        viewer.ask(&format!("/live.isml/{}?wait=8000", broadcast::path(SIZE, next))).await;
        // The request is there before the fragment, at ever other moments of the timers' ticks.
        tokio::time::sleep(Duration::from_micros(1500 + n * 37 % 1000)).await;
        encoder.push().await;
        let start = Instant::now();
        assert_eq!(viewer.answer(None).await.status, 200);
        times.push(start.elapsed());
    }
    times.sort();
    let (middle, late) = (times[FRAGMENTS / 2], times[FRAGMENTS * 99 / 100]);
    report.figure(
        &format!("last byte in → all of it at a waiting viewer, {} kB, p99 of {FRAGMENTS}", SIZE / 1000),
        format!("{:.2} ms (median {:.2} ms)", millis(late), millis(middle)),
        "< 5 ms",
        late < Duration::from_millis(5),
    );
}

/// Ten thousand viewers who wait for the same fragment.
pub(crate) async fn waiting(report: &mut Report) {
    const VIEWERS: usize = 10_000;
    let (_folder, address, origin) = origin();
    let mut encoder = Encoder::start(address, "/live.isml", &[SIZE]).await;
    let first = encoder.push().await;
    let path = |time| format!("/live.isml/{}?wait=60000", broadcast::path(SIZE, time));
    Target::plain(address).connect().await.until_there(&path(first)).await;
    let before = origin.memory();
    let mut viewers = tokio::task::JoinSet::new();
    let target = Target::plain(address);
    for _ in 0..VIEWERS {
        let mut client = target.connect().await;
        client.small();
        client.ask(&path(first + DURATION)).await;
        viewers.spawn(async move { (client.answer(None).await, Instant::now()) });
    }
    origin.idle().await;
    let each = origin.memory().saturating_sub(before) / VIEWERS as u64;
    let cpu = origin.cpu();
    encoder.push().await;
    let start = Instant::now();
    let answers = viewers.join_all().await;
    let cpu = origin.cpu() - cpu;
    let answered = answers.iter().filter(|(answer, _)| answer.status == 200 && answer.bytes > SIZE).count();
    let last = answers.iter().map(|(_, at)| at.duration_since(start)).max().unwrap();
    report.figure(
        &format!("{VIEWERS} viewers wait for the same fragment"),
        format!(
            "{answered} answered within {:.0} ms; {:.0} µs CPU and {:.1} kB of memory each",
            millis(last),
            cpu * 1e6 / VIEWERS as f64,
            each as f64 / 1000.0
        ),
        "all",
        answered == VIEWERS,
    );
}

/// An origin that holds nothing back, and many requests.
fn origin() -> (tempfile::TempDir, std::net::SocketAddr, Server) {
    let folder = tempfile::tempdir().unwrap();
    let definition = super::media::DEFINITION
        .replace("\"lookaheadChunks\" content=\"2\"", "\"lookaheadChunks\" content=\"0\"");
    std::fs::write(folder.path().join("live.isml"), definition).unwrap();
    let address = free_address();
    let flags = [
        "--max-connections",
        "20000",
        "--max-held-requests",
        "20000",
        "--max-hold-ms",
        "60000",
        "--ingest-idle-seconds",
        "600",
    ];
    let server = Server::silverlane(folder.path(), address, &flags);
    (folder, address, server)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
