//! Text tracks of captions. They are JavaScript (`www/src/caption-tracks.js`), as is the reader of their documents: the browser
//! has the XML parser, and every cue is an object of its own.

use wasm_bindgen::prelude::*;
use web_sys::HtmlVideoElement;

#[wasm_bindgen]
extern "C" {
    /// The tracks of a session.
    #[derive(Debug)]
    pub(super) type CaptionTracks;

    #[wasm_bindgen(constructor)]
    pub(super) fn new(video: &HtmlVideoElement) -> CaptionTracks;

    /// Adds a track, hidden from the viewer until it is chosen.
    #[wasm_bindgen(method)]
    pub(super) fn add(this: &CaptionTracks, id: u32, name: &str, label: &str, language: &str);

    /// Adds the cues of a document that came in a fragment at `start` that lasts `duration` (0 if that is not known); position 0
    /// is at `zero`. In milliseconds. False if it cannot be read.
    #[wasm_bindgen(method)]
    pub(super) fn read(
        this: &CaptionTracks,
        id: u32,
        document: &[u8],
        start: f64,
        duration: f64,
        zero: f64,
    ) -> bool;

    /// Removes the cues of a track that end at `before` or earlier, in seconds.
    #[wasm_bindgen(method)]
    pub(super) fn clear(this: &CaptionTracks, id: u32, before: f64);

    /// Shows the track of this name and no other.
    #[wasm_bindgen(method)]
    pub(super) fn show(this: &CaptionTracks, name: Option<&str>);

    /// Name of the stream whose track the viewer has chosen, in the browser's own menu or by script.
    #[wasm_bindgen(method, getter)]
    pub(super) fn chosen(this: &CaptionTracks) -> Option<String>;

    /// Leaves the tracks empty and disabled.
    #[wasm_bindgen(method)]
    pub(super) fn end(this: &CaptionTracks);
}
