//! DASH of a snapshot, ISO/IEC 23009-1, live profile, with the segments of [`cmaf`](super::cmaf).
//!
//! | module | what it does |
//! | --- | --- |
//! | [`mpd`] | the manifest |
//! | [`timeline`] | which segments there are |
//!
//! The edge is [`cmaf::route`](super::cmaf::route)'s.

pub mod mpd;
pub mod timeline;
