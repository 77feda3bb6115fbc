//! The faults of encoders, each made to happen on the wire; tests are named for what a person sees.
//! The rules are those of `docs/publishing-points.md`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod announced;
mod determinism;
mod faults;
#[allow(dead_code, reason = "shared with the other tests of the server")]
#[path = "../http/harness.rs"]
mod harness;
#[allow(dead_code, reason = "shared with the other tests of the server")]
#[path = "../http/mpd.rs"]
mod mpd;
mod redundant;
mod times;
mod video;
