//! HLS of a snapshot.

pub mod route;
