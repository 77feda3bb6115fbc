//! Transport streams, on one processor.

use std::hint::black_box;
use std::time::Instant;

use super::report::{Report, median};
use super::samples::Samples;

/// Made in each round: 1.9 GB.
const SEGMENTS: usize = 500;
const ROUNDS: usize = 5;

/// How fast samples of 3 Mbit/s become segments.
pub(crate) fn muxing(report: &mut Report) {
    let mut rates = Samples::new(3_000_000).with(|make| {
        let round = |_| {
            let start = Instant::now();
            let bytes: usize = (0..SEGMENTS).map(|_| black_box(make()).len()).sum();
            bytes as f64 / 1e9 / start.elapsed().as_secs_f64()
        };
        // The first round warms up.
        (0..=ROUNDS).map(round).skip(1).collect::<Vec<_>>()
    });
    let rate = median(&mut rates);
    report.figure("HLS transport streams of 3 Mbit/s", format!("{rate:.2} GB/s"), "≥ 1 GB/s", rate >= 1.0);
}
