//! The adaptive Smooth Streaming player.

pub mod engine;
#[cfg(any(target_arch = "wasm32", test))]
pub mod web;
