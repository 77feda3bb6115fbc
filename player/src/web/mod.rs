//! The hands: fetch, Media Source, the video element, captions, timers.

use wasm_bindgen::prelude::*;

/// The player's version.
#[wasm_bindgen]
#[must_use]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").into()
}
