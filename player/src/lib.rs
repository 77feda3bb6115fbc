//! The adaptive Smooth Streaming player.

pub mod engine;
#[cfg(target_arch = "wasm32")]
pub mod web;
