//! The live manifest, asked for again and again.

use std::sync::Arc;
use std::time::Instant;

use super::client::pull;
use super::media::Stage;
use super::report::{Report, median};

const REQUESTS: usize = 100_000;
const CONNECTIONS: usize = 32;
const ROUNDS: usize = 5;

/// Requests per second, and what they cost beside nginx with the same manifest as a file.
pub(crate) async fn manifest(report: &mut Report) {
    let stage = Stage::build().await;
    let origin = &stage.origin;
    let (answer, body) = origin.plain.connect().await.fetch("/live.isml/Manifest").await;
    assert_eq!(answer.status, 200);
    let file = format!("manifest, {} bytes", body.len());
    std::fs::write(stage.folder.path().join("manifest.xml"), body).unwrap();
    let nginx = stage.nginx("sendfile off;");

    let paths = |path: &str| Arc::from([path.to_owned()]);
    let (our_paths, their_paths): (Arc<[String]>, Arc<[String]>) =
        (paths("/live.isml/Manifest"), paths("/manifest.xml"));
    let (mut rates, mut per_second): (Vec<f64>, Vec<f64>) = Default::default();
    let (mut costs, mut ratios) = ([Vec::new(), Vec::new()], Vec::new());
    for round in 0..=ROUNDS {
        let (before, start) = (origin.server.cpu(), Instant::now());
        pull(&origin.plain, &our_paths, CONNECTIONS, REQUESTS).await;
        let (ours, time) = (origin.server.cpu() - before, start.elapsed().as_secs_f64());
        let before = nginx.server.cpu();
        pull(&nginx.plain, &their_paths, CONNECTIONS, REQUESTS).await;
        let theirs = nginx.server.cpu() - before;
        // The first round warms both up.
        if round > 0 {
            rates.push(REQUESTS as f64 / time);
            per_second.push(REQUESTS as f64 / ours);
            costs[0].push(ours * 1e6 / REQUESTS as f64);
            costs[1].push(theirs * 1e6 / REQUESTS as f64);
            ratios.push(ours / theirs);
        }
    }
    let (rate, capacity) = (median(&mut rates), median(&mut per_second));
    report.figure(
        &format!("live {file}: requests/s on one processor"),
        format!("{rate:.0} (as fast as they were asked for; {capacity:.0} per CPU second)"),
        "≥ 20,000",
        rate >= 20_000.0,
    );
    let [mut ours, mut theirs] = costs;
    report.ratio(
        &format!("CPU per request, live {file}"),
        "µs",
        median(&mut ours),
        median(&mut theirs),
        median(&mut ratios),
        f64::INFINITY,
    );
}
