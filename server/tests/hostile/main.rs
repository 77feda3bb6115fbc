//! The faults of peers and machines, each made to happen: what it costs stays with who caused it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod archives;
mod boxes;
mod clock;
mod connections;
#[allow(dead_code, reason = "shared with the other tests of the server")]
#[path = "../http/harness.rs"]
mod harness;
mod http2;
mod machine;
mod paths;
mod requests;
mod waiting;
mod xml;
