//! Marks on the page's own timeline: what a viewer waited for.
//!
//! | mark | when |
//! | --- | --- |
//! | `silverlane:manifest` | the manifest is there |
//! | `silverlane:first-media-byte` | the first byte of any fragment is there |
//! | `silverlane:first-fragment-complete` | the first video fragment is there to its end |
//! | `silverlane:first-frame` | the first frame is shown |

use std::cell::{Cell, RefCell};

use js_sys::Reflect;
use smooth::manifest::Kind;
use wasm_bindgen::prelude::*;
use web_sys::{HtmlVideoElement, Performance};

use super::dom::{FrameSource, Listener};

const MANIFEST: &str = "silverlane:manifest";
const FIRST_BYTE: &str = "silverlane:first-media-byte";
const FRAGMENT: &str = "silverlane:first-fragment-complete";
const FRAME: &str = "silverlane:first-frame";

/// Sets each mark once.
#[derive(Debug)]
pub(super) struct Marks {
    performance: Performance,
    byte: Cell<bool>,
    fragment: Cell<bool>,
    frame: RefCell<Option<Watch>>,
}

/// What waits for the first frame; held for its drop.
#[derive(Debug)]
enum Watch {
    Frame(FrameSource, u32, Closure<dyn FnMut()>),
    Loaded(#[expect(dead_code, reason = "listens until it is dropped")] Listener),
}

impl Marks {
    /// Clears the marks of an earlier presentation, and watches `video` for its first frame.
    pub(super) fn new(performance: &Performance, video: &HtmlVideoElement) -> Self {
        for name in [MANIFEST, FIRST_BYTE, FRAGMENT, FRAME] {
            performance.clear_marks_with_mark_name(name);
        }
        let clock = performance.clone();
        let shown = move || mark(&clock, FRAME);
        let watch = if Reflect::has(video, &"requestVideoFrameCallback".into()).unwrap_or(false) {
            let source: FrameSource = video.clone().unchecked_into();
            let closure = Closure::once(shown);
            let handle = source.request_frame(closure.as_ref().unchecked_ref());
            Watch::Frame(source, handle, closure)
        } else {
            let done = Cell::new(false);
            Watch::Loaded(Listener::new(video, "loadeddata", move || {
                if !done.replace(true) {
                    shown();
                }
            }))
        };
        Self {
            performance: performance.clone(),
            byte: Cell::new(false),
            fragment: Cell::new(false),
            frame: RefCell::new(Some(watch)),
        }
    }

    /// The manifest is there.
    pub(super) fn manifest(&self) {
        mark(&self.performance, MANIFEST);
    }

    /// A piece of a fragment is there.
    pub(super) fn first_byte(&self) {
        if !self.byte.replace(true) {
            mark(&self.performance, FIRST_BYTE);
        }
    }

    /// A whole fragment is there.
    pub(super) fn fragment(&self, kind: Kind) {
        if kind == Kind::Video && !self.fragment.replace(true) {
            mark(&self.performance, FRAGMENT);
        }
    }

    /// Stops watching.
    pub(super) fn end(&self) {
        if let Some(Watch::Frame(source, handle, _closure)) = self.frame.take() {
            source.cancel_frame(handle);
        }
    }
}

fn mark(performance: &Performance, name: &str) {
    let _ = performance.mark(name);
}
