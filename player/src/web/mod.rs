//! The seam to the page: the engine as a class for JavaScript, and JavaScript's hands for the engine.
//!
//! What there is to do in a browser is done by `www/src/player.js`, which is a third of the size that it would have
//! here: requests, the media source and its buffers, text tracks, the timer. What to do is decided by the engine alone.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`brain`] | the class `Brain`: what happens is told to it |
//! | `hands` | what the engine says, as calls of the page's `Player` |
//! | `bodies` | bodies of requests, as far as the engine reads them |
//! | `head` | finds the `moof` at the start of a body |
//! | `recording` | the session written down, with the feature `record` alone |
//! | `tell` | notices and figures as plain objects for the page |
//!
//! Media bytes stay in JavaScript: of a fragment, only its `moof` is copied into this module's memory.

mod bodies;
#[cfg(target_arch = "wasm32")]
pub mod brain;
#[cfg(target_arch = "wasm32")]
mod hands;
mod head;
#[cfg(all(target_arch = "wasm32", feature = "record"))]
mod recording;
#[cfg(target_arch = "wasm32")]
mod tell;

/// A small allocator: the default one is 4 kB larger.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
