//! From the last byte of a fragment to its viewers.

use std::time::{Duration, Instant};

use super::broadcast::{self, DURATION, Encoder};
use super::client::{Client, Target};
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
    /// Fragments that come before the one that is waited for.
    const BEFORE: u64 = 4;
    let (_folder, address, origin) = origin();
    let target = Target::plain(address);
    let mut status = target.connect().await;
    let before = origin.memory();
    // Connections first: an encoder that is silent for three fragments is sent away.
    let mut viewers = Vec::with_capacity(VIEWERS);
    for _ in 0..VIEWERS {
        let mut client = target.connect().await;
        client.small();
        viewers.push(client);
    }
    let mut encoder = Encoder::start(address, "/live.isml", &[SIZE]).await;
    let first = encoder.push().await;
    let path = |time| format!("/live.isml/{}?wait=60000", broadcast::path(SIZE, time));
    status.until_there(&path(first)).await;
    let wanted = path(first + (BEFORE + 1) * DURATION);
    let mut waiting = tokio::task::JoinSet::new();
    for mut client in viewers {
        client.ask(&wanted).await;
        waiting.spawn(async move { (client.answer(None).await, Instant::now()) });
    }
    until_held(&mut status, VIEWERS).await;
    let each = origin.memory().saturating_sub(before) / VIEWERS as u64;
    let cpu = origin.cpu();
    for _ in 0..BEFORE {
        let time = encoder.push().await;
        status.until_there(&path(time)).await;
    }
    origin.idle().await;
    let idle = (origin.cpu() - cpu) / BEFORE as f64;
    let cpu = origin.cpu();
    encoder.push().await;
    let start = Instant::now();
    let answers = waiting.join_all().await;
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
    report.figure(
        &format!("a fragment that none of {VIEWERS} waiting viewers waits for"),
        format!("{:.0} ms CPU", idle * 1000.0),
        "≤ 10 ms",
        idle <= 0.010,
    );
}

/// Waits until the origin says that it holds `count` requests.
async fn until_held(status: &mut Client, count: usize) {
    let start = Instant::now();
    loop {
        let (answer, text) = status.fetch("/metrics").await;
        assert_eq!(answer.status, 200);
        let text = String::from_utf8(text).unwrap();
        let held = text.lines().find_map(|line| line.strip_prefix("silverlane_held_requests{} "));
        let held = held.unwrap().parse::<f64>().unwrap();
        if held == count as f64 {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(5), "of {count} requests {held} are held");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An origin that holds nothing back, and many requests.
fn origin() -> (tempfile::TempDir, std::net::SocketAddr, Server) {
    let folder = tempfile::tempdir().unwrap();
    let definition = super::media::DEFINITION
        .replace("\"lookaheadChunks\" content=\"2\"", "\"lookaheadChunks\" content=\"0\"");
    std::fs::write(folder.path().join("live.isml"), definition).unwrap();
    let address = free_address();
    let flags = ["--max-connections", "20000", "--max-held-requests", "20000", "--max-hold-ms", "60000"];
    let server = Server::silverlane(folder.path(), address, &flags);
    (folder, address, server)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
