//! From a snapshot to what viewers read. The modules below are pure functions; [`route`] is their edge.

pub mod body;
pub mod cmaf;
pub mod codecs;
pub mod dash;
pub mod date;
pub mod formats;
pub mod hls;
pub mod route;
pub mod smooth;
pub mod source;
pub mod waits;
