//! DASH of a snapshot.

pub mod route;
