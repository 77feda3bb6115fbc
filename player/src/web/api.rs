//! The class that the elements in `www/src` use. Pages use the elements.

use std::rc::Rc;

use js_sys::{Function, Reflect};
use smooth::manifest::Kind;
use wasm_bindgen::prelude::*;
use web_sys::HtmlVideoElement;

use super::session::Session;
use super::tell;
use crate::engine::{Event, Settings};

/// Plays presentations in a media element, one after the other.
#[wasm_bindgen]
pub struct Player {
    video: HtmlVideoElement,
    notify: Function,
    pub(super) session: Option<Rc<Session>>,
}

#[wasm_bindgen]
impl Player {
    /// `notify(name, detail)` is called with whatever the page may want to know.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(video: HtmlVideoElement, notify: Function) -> Self {
        Self { video, notify, session: None }
    }

    /// Plays what is at `url`. False if the browser cannot, for want of a media source. `options`: `start`,
    /// `bufferGoal`, `backBuffer`, `liveDelay`, `targetLatency`, `timeout` (seconds), `maxBitrate`, `initialThroughput`
    /// (bits/s), `capToViewport`, `withCredentials`, `changeType` (whether source buffers can),
    /// `keyFrames` (these alone, for thumbnails), `clipBegin`, `clipEnd` (seconds), `audio`, `captions` (names or languages).
    pub fn load(&mut self, url: &str, options: &JsValue) -> bool {
        self.destroy();
        let options = Options(options);
        let settings = options.settings();
        let credentials = options.get("withCredentials").is_truthy();
        let Some(session) = Session::start(&self.video, &self.notify, settings, credentials) else {
            return false;
        };
        session.feed(Event::Load { url, start: options.number("start") });
        self.session = Some(session);
        true
    }

    /// Ends what plays, and lets go of everything.
    pub fn destroy(&mut self) {
        if let Some(session) = self.session.take() {
            session.end();
        }
    }

    /// Asks for nothing more. What is shown stays.
    pub fn stop(&self) {
        self.feed(Event::Stop);
    }

    /// One video quality by its bitrate in bits/s, or automatic choice.
    #[wasm_bindgen(js_name = selectLevel)]
    pub fn select_level(&self, bitrate: Option<u32>) {
        self.feed(Event::SelectLevel { kind: Kind::Video, bitrate });
    }

    /// Another stream, by its name: sound, or captions, or no captions.
    #[allow(clippy::needless_pass_by_value, reason = "what crosses from JavaScript is owned")]
    pub fn select(&self, captions: bool, name: Option<String>) {
        let kind = if captions { Kind::Text } else { Kind::Audio };
        self.feed(Event::SelectStream { kind, name: name.as_deref() });
    }

    /// Goes to the newest position of a broadcast.
    #[wasm_bindgen(js_name = seekToLive)]
    pub fn seek_to_live(&self) {
        if let Some(live) = self.session.as_ref().and_then(|session| session.live()) {
            self.video.set_current_time(live);
        }
    }

    /// How far behind the live edge to play, in seconds; undefined for no target.
    #[wasm_bindgen(js_name = setTargetLatency)]
    pub fn set_target_latency(&self, seconds: Option<f64>) {
        self.feed(Event::TargetLatency { seconds: seconds.filter(|seconds| *seconds >= 0.0) });
    }

    /// Takes over the text streams of another manifest, once the presentation's own is read.
    pub fn merge(&self, url: &str) {
        self.feed(Event::Merge(url));
    }

    /// Address, start and duration (in seconds) of the fragment of a stream of data at `position`; else undefined.
    #[wasm_bindgen(js_name = fragmentAt)]
    #[must_use]
    pub fn fragment_at(&self, name: &str, position: f64) -> JsValue {
        let session = self.session.as_ref();
        let found = session.and_then(|session| session.engine.borrow().fragment_at(name, position));
        found.map_or(JsValue::UNDEFINED, |(url, start, duration)| {
            js_sys::Array::of3(&url.into(), &start.into(), &duration.into()).into()
        })
    }

    /// Size of the picture on the page, in device pixels.
    pub fn viewport(&self, width: u32, height: u32) {
        self.feed(Event::Viewport { width, height });
    }

    /// What there is to choose from; undefined before the manifest is read.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn presentation(&self) -> JsValue {
        let session = self.session.as_ref();
        session.map_or(JsValue::UNDEFINED, |session| {
            session.engine.borrow().presentation().map_or(JsValue::UNDEFINED, |it| tell::presentation(&it))
        })
    }

    /// Figures; undefined while nothing is loaded.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn stats(&self) -> JsValue {
        let session = self.session.as_ref();
        session.map_or(JsValue::UNDEFINED, |session| tell::stats(&session.engine.borrow().stats()))
    }

    fn feed(&self, event: Event<'_>) {
        if let Some(session) = &self.session {
            session.feed(event);
        }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.destroy();
    }
}

/// The options of [`Player::load`].
struct Options<'a>(&'a JsValue);

impl Options<'_> {
    fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        let seconds = |key| self.number(key).map(|n| n.max(0.0));
        if let Some(goal) = seconds("bufferGoal") {
            settings.buffer_goal = goal;
        }
        if let Some(back) = seconds("backBuffer") {
            settings.back_buffer = back;
        }
        if let Some(timeout) = seconds("timeout") {
            settings.timeout = timeout;
        }
        settings.live_delay = seconds("liveDelay");
        settings.target_latency = seconds("targetLatency");
        settings.max_bitrate = self.whole("maxBitrate");
        if let Some(throughput) = self.whole("initialThroughput") {
            settings.initial_throughput = throughput;
        }
        settings.cap_to_viewport = self.get("capToViewport").is_truthy();
        settings.clip.start = seconds("clipBegin").unwrap_or(0.0);
        settings.clip.end =
            seconds("clipEnd").filter(|end| *end > settings.clip.start).unwrap_or(f64::INFINITY);
        settings.key_frames = self.get("keyFrames").is_truthy();
        settings.change_type = self.get("changeType").is_truthy();
        settings.audio = self.get("audio").as_string();
        settings.captions = self.get("captions").as_string();
        settings
    }

    fn get(&self, key: &str) -> JsValue {
        Reflect::get(self.0, &key.into()).unwrap_or(JsValue::UNDEFINED)
    }

    fn number(&self, key: &str) -> Option<f64> {
        self.get(key).as_f64().filter(|number| number.is_finite())
    }

    fn whole(&self, key: &str) -> Option<u32> {
        // The cast saturates.
        self.number(key).filter(|number| *number >= 1.0).map(|number| number as u32)
    }
}
