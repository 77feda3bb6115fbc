//! The hands: carries out the engine's commands in a browser, and tells it what happens there.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`api`] | the class that the elements in `www/src` use |
//! | `session` | one presentation in one media element: events in, commands out |
//! | `fetch` | requests, their bodies piece by piece, their time-outs |
//! | `head` | finds the `moof` at the start of a body |
//! | `source` | the media source: its duration and end, and the buffers in it |
//! | `buffer` | one source buffer and the queue of what it is to do |
//! | `text` | text tracks and cues |
//! | `recording` | the session written down, with the feature `record` alone |
//! | `timer` | the one timer of a session |
//! | `marks` | marks on the page's own timeline |
//! | `tell` | notices and figures as plain objects for the page |
//! | `dom` | listeners, and the few interfaces of the browser that `web-sys` lacks |
//!
//! Media bytes stay in JavaScript: of a fragment, only its `moof` is copied into this module's memory.

#[cfg(target_arch = "wasm32")]
pub mod api;
#[cfg(target_arch = "wasm32")]
mod buffer;
#[cfg(target_arch = "wasm32")]
mod dom;
#[cfg(target_arch = "wasm32")]
mod fetch;
mod head;
#[cfg(target_arch = "wasm32")]
mod marks;
#[cfg(all(target_arch = "wasm32", feature = "record"))]
mod recording;
#[cfg(target_arch = "wasm32")]
mod session;
#[cfg(target_arch = "wasm32")]
mod source;
#[cfg(target_arch = "wasm32")]
mod tell;
#[cfg(target_arch = "wasm32")]
mod text;
#[cfg(target_arch = "wasm32")]
mod timer;

/// A small allocator: the default one is 4 kB larger.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
