//! A long broadcast, pushed as fast as it is taken: memory has to be level.

use super::broadcast::{DURATION, Encoder};
use super::report::Report;
use super::servers::{Server, free_address};

/// Bytes of media in the fragments of two seconds: 6 Mbit/s over four levels.
const LADDER: [usize; 4] = [850_000, 400_000, 218_000, 32_000];
/// Seconds of the broadcast, and between two looks at its memory.
const LENGTH: u64 = 7_200;
const LOOK: u64 = 600;
/// Seconds of media that stay in memory.
const LIVE_CACHE: u64 = 60;

/// Memory of the server every ten minutes of two hours of media.
pub(crate) async fn two_hours(report: &mut Report) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("live.isml"), DEFINITION).unwrap();
    let address = free_address();
    let cache = LIVE_CACHE.to_string();
    let flags = ["--live-cache-seconds", cache.as_str(), "--ingest-idle-seconds", "600"];
    let origin = Server::silverlane(folder.path(), address, &flags);
    let before = origin.memory();
    let mut encoder = Encoder::start(address, "/live.isml", &LADDER).await;
    let mut looks = Vec::new();
    for second in (0..LENGTH).step_by(2) {
        assert_eq!(encoder.push().await, second * DURATION / 2);
        if (second + 2) % LOOK == 0 {
            origin.idle().await;
            looks.push(origin.memory());
        }
    }
    for (look, bytes) in looks.iter().enumerate() {
        eprintln!("after {:>3} minutes: {:.1} MB", (look as u64 + 1) * LOOK / 60, *bytes as f64 / 1e6);
    }
    let media: usize = LADDER.iter().sum();
    let (most, full) = (looks.iter().copied().max().unwrap_or(0), looks[0]);
    // What is on its way to the disk, and what allocators keep.
    let bound = before + (LIVE_CACHE + 10) / 2 * media as u64 + (32 << 20);
    report.figure(
        "memory after ten minutes, and at most in two hours, of 6 Mbit/s with a minute in memory",
        format!("{:.1} MB, {:.1} MB", full as f64 / 1e6, most as f64 / 1e6),
        &format!("≤ {:.0} MB", bound as f64 / 1e6),
        most <= bound,
    );
}

/// Ten minutes can be watched, nine of them from the archive.
const DEFINITION: &str = r#"<smil xmlns="http://www.w3.org/2001/SMIL20/Language"><head>
<meta name="publishing" content="Fragments;Streams;Archives" /><meta name="manifestWindowLength" content="600" />
</head><body /></smil>"#;
