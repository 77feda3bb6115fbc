//! The adaptive Smooth Streaming player.

pub mod engine;
