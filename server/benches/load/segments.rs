//! Segments of a long window, whose place in it has to be found.

use std::sync::Arc;

use super::broadcast::{self, DURATION, Encoder};
use super::client::{Target, pull};
use super::report::{Report, median};
use super::servers::{Server, free_address};

/// Six hours.
const FRAGMENTS: u64 = 10_800;
/// Bytes of a fragment: small, for it is not sending that is measured.
const SIZE: usize = 1_000;
const REQUESTS: usize = 40_000;
const CONNECTIONS: usize = 32;
const ROUNDS: usize = 5;

/// What a request costs for the newest fragments, as each output gives them.
pub(crate) async fn long_window(report: &mut Report) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("live.isml"), DEFINITION).unwrap();
    let address = free_address();
    let origin = Server::silverlane(folder.path(), address, &["--live-cache-seconds", "30000"]);
    let mut encoder = Encoder::start(address, "/live.isml", &[SIZE]).await;
    for _ in 0..FRAGMENTS {
        encoder.push().await;
    }
    let target = Target::plain(address);
    let newest = (FRAGMENTS - 20) * DURATION;
    for (output, options) in
        [("Smooth Streaming", ""), ("HLS", ",format=m3u8-cmaf"), ("DASH", ",format=mpd-time-csf")]
    {
        // The clock of DASH begins ten seconds earlier.
        let lead = if output == "DASH" { 100_000_000 } else { 0 };
        let path = |time| {
            let plain = broadcast::path(SIZE, time + lead);
            format!("/live.isml/{}{options})", plain.trim_end_matches(')'))
        };
        let paths: Arc<[String]> = (0..16).map(|i| path(newest - i * DURATION)).collect();
        target.connect().await.until_there(&paths[0]).await;
        let mut costs = Vec::new();
        for round in 0..=ROUNDS {
            let before = origin.cpu();
            pull(&target, &paths, CONNECTIONS, REQUESTS).await;
            if round > 0 {
                costs.push((origin.cpu() - before) * 1e6 / REQUESTS as f64);
            }
        }
        report.figure(
            &format!("CPU per request, {output} segment of {} kB in a window of six hours", SIZE / 1000),
            format!("{:.1} µs", median(&mut costs)),
            "",
            true,
        );
    }
}

const DEFINITION: &str = r#"<smil xmlns="http://www.w3.org/2001/SMIL20/Language"><head>
<meta name="lookaheadChunks" content="2" /><meta name="manifestWindowLength" content="21600" />
</head><body /></smil>"#;
