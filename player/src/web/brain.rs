//! The engine as a class for `www/src/player.js`. Pages use the elements.

use std::cell::RefCell;

use smooth::manifest::Kind;
use wasm_bindgen::prelude::*;
use web_sys::HtmlVideoElement;

use super::bodies::{Bodies, Body, Brought};
use super::hands::{Hands, Reply};
use super::tell;
#[cfg(not(feature = "record"))]
use crate::engine::Engine;
use crate::engine::{AppendFailure, Event, Failure, Media, Range, RequestId, Settings};
#[cfg(feature = "record")]
use crate::record::Recorder as Engine;

/// Decides what the page's player does. Whatever is told to it, it answers by calls of the player's methods
/// before it returns; none of them tells it anything in turn.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Brain {
    pub(super) hands: Hands,
    pub(super) video: HtmlVideoElement,
    pub(super) engine: RefCell<Engine>,
    pub(super) bodies: RefCell<Bodies>,
}

#[wasm_bindgen]
impl Brain {
    /// `settings`: `bufferGoal`, `backBuffer`, `timeout`, `liveDelay`, `targetLatency` (seconds), `maxBitrate`,
    /// `initialThroughput` (bits/s), `clipBegin`, `clipEnd` (seconds), `capToViewport`, `keyFrames`, `changeType`
    /// (not 0 for yes); not a number where the default serves.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(
        hands: Hands,
        video: HtmlVideoElement,
        settings: &[f64],
        audio: Option<String>,
        captions: Option<String>,
    ) -> Self {
        let settings = Settings { audio, captions, ..read(settings) };
        let bodies = RefCell::new(Bodies::new(&settings.limits));
        Self { hands, video, engine: RefCell::new(Engine::new(settings)), bodies }
    }

    /// Plays what is at `url`, from `start` on, in seconds.
    pub fn load(&self, url: &str, start: Option<f64>) {
        self.turn(Event::Load { url, start: start.filter(|start| start.is_finite()) });
    }

    /// Tells one of the events that are numbers: `what` is numbered as in `www/src/player.js`; `of` is a request, or a
    /// kind of buffer as in `hands`.
    pub fn tell(&self, what: u32, of: u32, value: f64) {
        let (request, kind) = (RequestId(of), kind(of));
        self.turn(match what {
            0 => Event::Tick,
            1 => Event::Opened,
            2 => Event::Appended { kind: self::kind(value as u32), request },
            3 => Event::AppendFailed {
                kind,
                reason: match value as u32 {
                    0 => AppendFailure::Quota,
                    1 => AppendFailure::Decode,
                    _ => AppendFailure::Closed,
                },
            },
            4 => Event::Evicted { kind },
            5 => {
                self.bodies.borrow_mut().end(request);
                let failure = match value as u16 {
                    0 => Failure::Network,
                    1 => Failure::Timeout,
                    2 => Failure::Malformed,
                    status => Failure::Http(status),
                };
                Event::Failed { request, failure }
            }
            6 => Event::Received { request, total: value as u64 },
            7 => Event::Seeking { position: self.video.current_time() },
            8 => Event::SelectLevel {
                kind: Kind::Video,
                bitrate: Some(value as u32).filter(|bitrate| *bitrate > 0),
            },
            9 => Event::Streaming { wanted: value > 0.0 },
            10 => Event::TargetLatency { seconds: Some(value).filter(|seconds| *seconds >= 0.0) },
            11 => Event::Online,
            12 => Event::WaitingForKey,
            13 => Event::Stop,
            _ => Event::Viewport { width: of, height: value as u32 },
        });
    }

    /// Status and headers of a request arrived, with a 2xx status.
    pub fn started(&self, request: u32, content_type: &str) {
        let request = RequestId(request);
        if !self.bodies.borrow().is_manifest(request) {
            self.turn(Event::ResponseStarted { request });
            self.turn(Event::Pointers(content_type));
        }
    }

    /// A piece of a body. If it completes the head of a fragment, gives the place in the piece where the media begins; -1 if
    /// the body is not what it should be; else -2.
    pub fn piece(&self, request: u32, bytes: &[u8]) -> i32 {
        let request = RequestId(request);
        let brought = self.bodies.borrow_mut().piece(request, bytes);
        match brought {
            Brought::Part => -2,
            Brought::Broken => -1,
            Brought::Moof(moof, at) => {
                self.turn(Event::Head { request, moof: &moof });
                i32::try_from(at).unwrap_or(-1)
            }
        }
    }

    /// A body arrived whole. `url`: its final address.
    pub fn finished(&self, request: u32, url: &str) {
        let request = RequestId(request);
        let body = self.bodies.borrow_mut().end(request);
        self.turn(match &body {
            Some(Body::Kept(bytes, true)) => Event::ManifestLoaded { request, url, bytes },
            Some(Body::Kept(bytes, false)) => Event::Finished { request, body: Some(bytes) },
            Some(Body::Head(_)) => Event::Failed { request, failure: Failure::Malformed },
            None => Event::Finished { request, body: None },
        });
    }

    /// How the media element is: `currentTime`, `playbackRate`, `readyState`, `paused`, `ended`, `seeking`, frames decoded and
    /// dropped, then the length of the list of what is buffered of video (starts and ends in turn), that list, and the
    /// list for audio.
    pub fn look(&self, facts: &[f64]) {
        let [position, rate, ready, paused, ended, seeking, decoded, dropped, count, ranges @ ..] = facts
        else {
            return;
        };
        let (video, audio) = ranges.split_at_checked(*count as usize).unwrap_or_default();
        self.turn(Event::Media(&Media {
            position: *position,
            video: &pairs(video),
            audio: &pairs(audio),
            paused: *paused > 0.0,
            ended: *ended > 0.0,
            seeking: *seeking > 0.0,
            ready: *ready as u8,
            rate: *rate,
            decoded: *decoded as u32,
            dropped: *dropped as u32,
        }));
    }

    /// The viewer wants another stream: sound, or captions, or no captions.
    #[allow(clippy::needless_pass_by_value, reason = "what crosses from JavaScript is owned")]
    pub fn select(&self, captions: bool, name: Option<String>) {
        let kind = if captions { Kind::Text } else { Kind::Audio };
        self.turn(Event::SelectStream { kind, name: name.as_deref() });
    }

    /// Takes over the text streams of another manifest, once the presentation's own is read.
    pub fn merge(&self, url: &str) {
        self.turn(Event::Merge(url));
    }

    /// When to tell it of the time, in seconds.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn deadline(&self) -> f64 {
        self.engine.borrow().deadline().unwrap_or(f64::INFINITY)
    }

    /// Address, start and duration (in seconds) of the fragment of a stream of data at `position`; else undefined.
    #[wasm_bindgen(js_name = fragmentAt)]
    #[must_use]
    pub fn fragment_at(&self, name: &str, position: f64) -> JsValue {
        let found = self.engine.borrow().fragment_at(name, position);
        found.map_or(JsValue::UNDEFINED, |(url, start, duration)| {
            js_sys::Array::of3(&url.into(), &start.into(), &duration.into()).into()
        })
    }

    /// Figures.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn stats(&self) -> JsValue {
        tell::stats(&self.engine.borrow().stats())
    }

    /// One event, and the commands that follow from it.
    pub(super) fn turn(&self, event: Event<'_>) {
        let commands = self.engine.borrow_mut().handle(self.hands.now(), event);
        let mut replies = Vec::new();
        for command in commands {
            replies.extend(self.carry_out(command));
        }
        for reply in &replies {
            self.turn(match reply {
                Reply::Supported(mime, supported) => Event::Supported { mime, supported: *supported },
                Reply::Unreadable(time, url) => Event::CaptionsUnreadable { time: *time, url },
            });
        }
    }
}

/// The settings that are numbers, see [`Brain::new`].
fn read(given: &[f64]) -> Settings {
    let mut settings = Settings::default();
    let [goal, back, timeout, delay, latency, most, throughput, begin, end, cap, key_frames, change_type] =
        *given
    else {
        return settings;
    };
    let seconds = |value: f64| value.is_finite().then(|| value.max(0.0));
    // The casts saturate.
    let whole = |value: f64| seconds(value).map(|value| value as u32).filter(|value| *value > 0);
    settings.buffer_goal = seconds(goal).unwrap_or(settings.buffer_goal);
    settings.back_buffer = seconds(back).unwrap_or(settings.back_buffer);
    settings.timeout = seconds(timeout).unwrap_or(settings.timeout);
    settings.live_delay = seconds(delay);
    settings.target_latency = seconds(latency);
    settings.max_bitrate = whole(most);
    settings.initial_throughput = whole(throughput).unwrap_or(settings.initial_throughput);
    settings.clip.start = seconds(begin).unwrap_or(0.0);
    settings.clip.end = seconds(end).filter(|end| *end > settings.clip.start).unwrap_or(f64::INFINITY);
    settings.cap_to_viewport = cap > 0.0;
    settings.key_frames = key_frames > 0.0;
    settings.change_type = change_type > 0.0;
    settings
}

fn pairs(list: &[f64]) -> Vec<Range> {
    list.as_chunks().0.iter().map(|&[start, end]| Range { start, end }).collect()
}

fn kind(code: u32) -> Kind {
    if code == 0 { Kind::Video } else { Kind::Audio }
}
