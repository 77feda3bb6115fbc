//! The origin in this process, spoken to over HTTP as encoders and viewers do.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod archive;
mod cmaf;
mod codecs;
mod credentials;
mod delivery;
mod dvr;
mod events;
mod faults;
#[allow(dead_code, reason = "shared with the hostile tests")]
mod harness;
mod held;
mod hls;
mod key_frames;
mod lifecycle;
mod mpd;
mod on_demand;
mod push;
mod settings;
mod sparse;
mod tls;
