//! CMAF of a snapshot, ISO/IEC 23000-19: the segments that HLS and DASH share. They are the fragments as
//! they were pushed, behind a `moof` of another dialect; nothing is encoded or copied.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`presentation`] | what of a snapshot can be shown, and on which clock |
//! | [`segment`] | init and media segments |
//! | [`captions`] | captions as WebVTT |
//! | [`route`] | the edge |
//!
//! Every published chunk is served at once. The look-ahead of Smooth Streaming holds back for the sake of
//! `tfrf`, which CMAF does not have.

pub mod captions;
pub mod presentation;
pub mod route;
pub mod segment;
