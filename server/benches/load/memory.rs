//! What a channel costs in memory, beside the media that it holds for the live edge.

use super::broadcast::{DURATION, Encoder};
use super::report::Report;
use super::servers::{Server, free_address};

/// Channels with the same broadcast.
const CHANNELS: usize = 4;
/// Fragments that each has seen at the first and the second look.
const FRAGMENTS: [usize; 2] = [8_000, 24_000];
/// Bytes of media in a fragment: small, for it is not what is measured.
const SIZE: usize = 1_000;
/// Seconds of media that stay in memory.
const LIVE_CACHE: usize = 60;

/// An index entry from the growth between two looks; what is left, from the second.
pub(crate) async fn per_channel(report: &mut Report) {
    let folder = tempfile::tempdir().unwrap();
    for channel in 0..CHANNELS {
        std::fs::write(folder.path().join(format!("live{channel}.isml")), DEFINITION).unwrap();
    }
    let address = free_address();
    let cache = LIVE_CACHE.to_string();
    let flags = ["--live-cache-seconds", cache.as_str(), "--ingest-idle-seconds", "600"];
    let origin = Server::silverlane(folder.path(), address, &flags);
    let before = origin.memory();
    let mut encoders = Vec::new();
    for channel in 0..CHANNELS {
        encoders.push(Encoder::start(address, &format!("/live{channel}.isml"), &[SIZE]).await);
    }
    let mut looks = [0; 2];
    for (look, fragments) in looks.iter_mut().zip([FRAGMENTS[0], FRAGMENTS[1] - FRAGMENTS[0]]) {
        for encoder in &mut encoders {
            for _ in 0..fragments {
                encoder.push().await;
            }
        }
        origin.idle().await;
        *look = origin.memory().saturating_sub(before);
    }
    let grown = looks[1].saturating_sub(looks[0]) as f64;
    let entry = grown / ((FRAGMENTS[1] - FRAGMENTS[0]) * CHANNELS) as f64;
    report.figure("memory of an indexed fragment", format!("{entry:.0} bytes"), "≤ 64 bytes", entry <= 64.0);
    // With a second for what is on its way to the disk.
    let cached = (LIVE_CACHE as u64 + 1) * 10_000_000 / DURATION * (SIZE as u64 + 1_000);
    let index = entry * FRAGMENTS[1] as f64;
    let rest = looks[1] as f64 / CHANNELS as f64 - cached as f64 - index;
    report.figure(
        "memory of a channel beside its live cache and index",
        format!("{:.2} MB", rest / 1e6),
        "≤ 1 MB",
        rest <= 1e6,
    );
}

/// The whole event can be watched, from the archive what is older than the live cache.
const DEFINITION: &str = r#"<smil xmlns="http://www.w3.org/2001/SMIL20/Language"><head>
<meta name="publishing" content="Fragments;Streams;Archives" /><meta name="manifestWindowLength" content="0" />
</head><body /></smil>"#;
