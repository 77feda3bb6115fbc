//! Smooth Streaming: manifest and fragments of a snapshot.

pub mod fragment;
pub mod manifest;
pub mod sparse;
