//! Load: the release binary, measured beside nginx that serves the same fragments as files.
//!
//! `make load` runs it. Everything stays on the loopback interface. The servers have the first processor for themselves,
//! what asks them has the others, so that its cost does not count; a server's cost is what the kernel has
//! charged its process. Runs alternate, and medians are shown: compare ratios, never figures of two machines.

#![allow(clippy::unwrap_used, reason = "a measurement ends at the first surprise")]

mod broadcast;
mod client;
mod hits;
mod latency;
mod long;
mod media;
mod memory;
mod report;
#[path = "../samples/mod.rs"]
mod samples;
mod segments;
mod servers;
mod ts;

use report::Report;

fn main() {
    let mut wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    if wanted.is_empty() {
        wanted = ["media", "tls", "hits", "segments", "latency", "waiting", "memory", "ts"]
            .map(str::to_owned)
            .into();
    }
    // The generator is one thread: what it measures does not depend on how the kernel spreads it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut report = Report::default();
    for part in &wanted {
        match part.as_str() {
            "media" => runtime.block_on(media::plain(&mut report)),
            "tls" => runtime.block_on(media::encrypted(&mut report)),
            "hits" => runtime.block_on(hits::manifest(&mut report)),
            "segments" => runtime.block_on(segments::long_window(&mut report)),
            "latency" => runtime.block_on(latency::last_byte_in(&mut report)),
            "waiting" => runtime.block_on(latency::waiting(&mut report)),
            "memory" => runtime.block_on(memory::per_channel(&mut report)),
            "ts" => ts::muxing(&mut report),
            // Writes 5 GB, so only when it is asked for.
            "long" => runtime.block_on(long::two_hours(&mut report)),
            other => panic!("there is no part {other}"),
        }
    }
    println!("\n{report}");
    if !report.holds() {
        std::process::exit(1);
    }
}
