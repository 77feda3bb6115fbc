//! What the engine says, as calls of the page's `Player`.

use smooth::manifest::Kind;
use wasm_bindgen::prelude::*;

use super::brain::Brain;
use super::tell;
use crate::engine::{Command, Purpose};

#[wasm_bindgen]
extern "C" {
    /// The class `Player` of `www/src/player.js`, where its methods are explained. None of them throws. A `kind` is 0 for
    /// video, 1 for audio.
    #[derive(Debug)]
    pub type Hands;

    /// Seconds since the presentation was loaded.
    #[wasm_bindgen(method)]
    pub(super) fn now(this: &Hands) -> f64;
    #[wasm_bindgen(method)]
    fn open(this: &Hands);
    #[wasm_bindgen(method)]
    fn plays(this: &Hands, mime: &str) -> bool;
    /// `purpose`: the kind of buffer that the body is for; 2 for a body that the engine reads, 3 for a manifest.
    #[wasm_bindgen(method)]
    fn fetch(this: &Hands, request: u32, url: &str, purpose: u32, timeout: f64);
    #[wasm_bindgen(method)]
    fn abort(this: &Hands, request: u32);
    #[wasm_bindgen(method)]
    fn create(this: &Hands, kind: u32, mime: &str, until: f64);
    #[wasm_bindgen(method, js_name = changeType)]
    fn change_type(this: &Hands, kind: u32, mime: &str);
    /// `request`: whose body follows, 0 for none.
    #[wasm_bindgen(method)]
    fn append(this: &Hands, kind: u32, bytes: &[u8], request: u32);
    #[wasm_bindgen(method)]
    fn reset(this: &Hands, kind: u32);
    #[wasm_bindgen(method)]
    fn evict(this: &Hands, kind: u32, start: f64, end: f64);
    #[wasm_bindgen(method, js_name = setDuration)]
    fn set_duration(this: &Hands, seconds: f64);
    #[wasm_bindgen(method, js_name = setLiveSeekable)]
    fn set_live_seekable(this: &Hands, start: f64, end: f64);
    #[wasm_bindgen(method, js_name = endOfStream)]
    fn end_of_stream(this: &Hands);
    #[wasm_bindgen(method, js_name = seekTo)]
    fn seek_to(this: &Hands, position: f64);
    #[wasm_bindgen(method, js_name = addTextTrack)]
    fn add_text_track(this: &Hands, track: u32, name: &str, language: &str, label: &str);
    /// Adds the cues of a document that came in a fragment at `start` that lasts `duration` (0 if that is not known); position 0
    /// is at `zero`. In milliseconds. False if it cannot be read.
    #[wasm_bindgen(method, js_name = readCaptions)]
    fn read_captions(this: &Hands, track: u32, document: &[u8], start: f64, duration: f64, zero: f64)
    -> bool;
    #[wasm_bindgen(method, js_name = clearCues)]
    fn clear_cues(this: &Hands, track: u32, before: f64);
    #[wasm_bindgen(method)]
    fn notice(this: &Hands, name: &str, detail: &JsValue);
}

/// What the engine is to be told after the commands that are under way.
pub(super) enum Reply {
    Supported(String, bool),
    Unreadable(u64, String),
}

impl Brain {
    /// Has a command carried out.
    pub(super) fn carry_out(&self, command: Command) -> Option<Reply> {
        let hands = &self.hands;
        match command {
            Command::Open => hands.open(),
            Command::Probe { mime } => {
                let supported = hands.plays(&mime);
                return Some(Reply::Supported(mime, supported));
            }
            Command::Fetch { request, url, purpose, timeout } => {
                self.bodies.borrow_mut().begin(request, purpose);
                let purpose = match purpose {
                    Purpose::Media { kind } => code(kind),
                    Purpose::Whole { .. } => 2,
                    Purpose::Manifest => 3,
                };
                hands.fetch(request.0, &url, purpose, timeout);
            }
            Command::Abort { request } => {
                self.bodies.borrow_mut().end(request);
                hands.abort(request.0);
            }
            Command::CreateBuffer { kind, mime, until } => hands.create(code(kind), &mime, until),
            Command::ChangeType { kind, mime } => hands.change_type(code(kind), &mime),
            Command::AppendInit { kind, bytes } => hands.append(code(kind), &bytes, 0),
            Command::AppendHead { request, kind, bytes } => hands.append(code(kind), &bytes, request.0),
            Command::ResetParser { kind } => hands.reset(code(kind)),
            Command::Evict { kind, start, end } => hands.evict(code(kind), start, end),
            Command::SetDuration(seconds) => hands.set_duration(seconds),
            Command::SetLiveSeekable { start, end } => hands.set_live_seekable(start, end),
            Command::EndOfStream => hands.end_of_stream(),
            Command::SeekTo(position) if position.is_finite() => hands.seek_to(position),
            Command::SeekTo(_) => {}
            Command::SetRate(rate) => self.video.set_playback_rate(rate),
            Command::AddTextTrack { track, name, language, label } => {
                hands.add_text_track(track.0, &name, &language, &label);
            }
            Command::ReadCaptions(it) => {
                let [start, duration, zero] = [it.start_ms, it.duration_ms, it.zero_ms].map(|ms| ms as f64);
                if !hands.read_captions(it.track.0, &it.bytes, start, duration, zero) {
                    return Some(Reply::Unreadable(it.time, it.url));
                }
            }
            Command::ClearCues { track, before } => hands.clear_cues(track.0, before),
            Command::Notify(notice) => {
                let (name, detail) = tell::notice(&notice, &self.engine.borrow());
                hands.notice(name, &detail);
            }
        }
        None
    }
}

/// The number of a kind.
fn code(kind: Kind) -> u32 {
    match kind {
        Kind::Video => 0,
        Kind::Audio => 1,
        Kind::Text => 2,
    }
}
