//! The adaptive Smooth Streaming player.

pub mod engine;
pub mod record;
#[cfg(any(target_arch = "wasm32", test))]
pub mod web;
