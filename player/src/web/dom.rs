//! Listeners, and the few interfaces of the browser that `web-sys` lacks.

use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{Event, EventTarget, MediaSource};

#[wasm_bindgen]
extern "C" {
    /// The page's window. (`web_sys::window()` looks for a global object in four places first.)
    #[wasm_bindgen(thread_local_v2, js_name = window)]
    static WINDOW: web_sys::Window;

    /// The class `MediaSource` or `ManagedMediaSource`, itself an object.
    #[derive(Clone, Debug)]
    pub(super) type SourceClass;
    /// [Media Source Extensions] §3, static `isTypeSupported`.
    #[wasm_bindgen(method, js_name = isTypeSupported)]
    pub(super) fn is_type_supported(this: &SourceClass, mime: &str) -> bool;

    /// A media source whose setter of the duration may throw, as it does while a buffer is updating.
    #[wasm_bindgen(extends = MediaSource)]
    pub(super) type Timed;
    #[wasm_bindgen(catch, method, setter, js_name = duration)]
    pub(super) fn set_length(this: &Timed, seconds: f64) -> Result<(), JsValue>;

    /// A video element that calls back with each frame shown (HTMLVideoElement.requestVideoFrameCallback()).
    #[derive(Debug)]
    pub(super) type FrameSource;
    #[wasm_bindgen(method, js_name = requestVideoFrameCallback)]
    pub(super) fn request_frame(this: &FrameSource, callback: &Function) -> u32;
    #[wasm_bindgen(method, js_name = cancelVideoFrameCallback)]
    pub(super) fn cancel_frame(this: &FrameSource, handle: u32);

    /// What `ReadableStreamDefaultReader.read()` gives.
    pub(super) type Piece;
    #[wasm_bindgen(method, getter)]
    pub(super) fn done(this: &Piece) -> bool;
    #[wasm_bindgen(method, getter)]
    pub(super) fn value(this: &Piece) -> js_sys::Uint8Array;
}

/// The page's window.
pub(super) fn window() -> web_sys::Window {
    WINDOW.with(Clone::clone)
}

/// The browser's class for media sources: `ManagedMediaSource` where there is one, as on Apple's devices, for it
/// says when to load and so spares the battery (iPhones have no other); else `MediaSource`. And whether it is the managed
/// one. `None` on browsers that have neither.
pub(super) fn source_class(window: &web_sys::Window) -> Option<(SourceClass, bool)> {
    for (name, managed) in [("ManagedMediaSource", true), ("MediaSource", false)] {
        if let Ok(class) = Reflect::get(window, &name.into())
            && class.is_function()
        {
            return Some((class.unchecked_into(), managed));
        }
    }
    None
}

/// Takes the first off a list. The lists here are a handful long; a ring would be larger in code.
pub(super) fn shift<T>(list: &mut Vec<T>) -> Option<T> {
    (!list.is_empty()).then(|| list.remove(0))
}

/// An event listener; dropping it removes it.
#[derive(Debug)]
pub(super) struct Listener {
    target: EventTarget,
    name: &'static str,
    closure: Closure<dyn Fn(Event)>,
}

impl Listener {
    /// Calls `act` on every event `name` of `target`.
    pub(super) fn new(target: &EventTarget, name: &'static str, act: impl Fn() + 'static) -> Self {
        let closure = Closure::<dyn Fn(Event)>::new(move |_| act());
        // Refused only for callbacks that are no functions.
        let _ = target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        Self { target: target.clone(), name, closure }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ =
            self.target.remove_event_listener_with_callback(self.name, self.closure.as_ref().unchecked_ref());
    }
}
