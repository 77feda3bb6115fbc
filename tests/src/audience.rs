//! Viewers of broadcasts: a page with several of our players, what they tell, and what a person sees of them.

use serde_json::Value;

use crate::browser::Browser;
use crate::files::{Files, Site};
use crate::origin;

/// A browser with a page of players.
#[derive(Debug)]
pub struct Audience {
    /// The browser.
    pub browser: Browser,
    _files: Files,
}

/// A player at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Glance {
    /// `currentTime` in seconds.
    pub position: f64,
    /// Frames decoded so far.
    pub frames: u64,
    /// Bytes of sound decoded so far.
    pub sound: u64,
    /// Where its buffer ends, in seconds.
    pub buffered: f64,
    /// Oldest position of the window, in seconds.
    pub start: f64,
    /// Newest position that plays without a stall, in seconds.
    pub target: f64,
}

impl Audience {
    /// Opens a page with a `<smooth-player>` for each of `players`: its id, which is its name in scripts, and its other
    /// attributes. The first one is large. `script` runs before all others.
    pub async fn gather(players: &[(&str, &str)], script: &str) -> Self {
        let player = |(index, (id, attributes)): (usize, &(&str, &str))| {
            let size = if index == 0 { "width:640px;height:360px" } else { "width:240px;height:135px" };
            format!(
                "<smooth-player id=\"{id}\" {attributes} autoplay muted style=\"{size}\"></smooth-player>\n"
            )
        };
        let players: String = players.iter().enumerate().map(player).collect();
        let page = format!(
            "<!doctype html><meta charset=\"utf-8\"><title>test</title><script>{script}</script>\n\
             <script src=\"/player/smooth-player.js\"></script>\n{players}<script>{}</script>",
            include_str!("audience/page.js")
        );
        let mut site = Site::default();
        site.folder("/player/", origin::dist()).file("/", page);
        let files = Files::serve(site).await;
        let browser = Browser::start().await;
        browser.open(&files.url()).await;
        Self { browser, _files: files }
    }

    /// How a player is now.
    pub async fn glance(&self, who: &str) -> Glance {
        let state = self.browser.eval(&format!("glance({who})")).await;
        let number = |value: &Value| value.as_f64().unwrap_or_default();
        Glance {
            position: number(&state["position"]),
            frames: number(&state["frames"]) as u64,
            sound: number(&state["sound"]) as u64,
            buffered: number(&state["buffered"]),
            start: number(&state["edge"]["start"]),
            target: number(&state["edge"]["target"]),
        }
    }

    /// Waits until a player plays, and shows the picture of its time.
    #[track_caller]
    pub fn playing<'a>(&'a self, who: &str) -> impl Future<Output = Value> + use<'a> {
        let playing = format!("{who}.currentTime > 0.2 && !{who}.paused && inStep({who})");
        self.browser.until(&format!("{who} plays"), &playing)
    }

    /// Waits until the picture of a player has moved on by `seconds` and showed new frames, from where it is now.
    #[track_caller]
    pub fn goes_on(&self, who: &str, seconds: f64) -> impl Future<Output = ()> {
        let at = std::panic::Location::caller();
        async move {
            let before = self.glance(who).await;
            let (position, frames) = (before.position + seconds, before.frames + (seconds * 15.0) as u64);
            let moved = format!("{who}.currentTime > {position} && glance({who}).frames > {frames}");
            self.browser.until(&format!("the picture of {who} goes on ({at})"), &moved).await;
        }
    }

    /// Waits until a player shows the picture of its time.
    #[track_caller]
    pub fn in_step<'a>(&'a self, who: &str) -> impl Future<Output = Value> + use<'a> {
        self.browser.until(&format!("the picture of {who} is that of its time"), &format!("inStep({who})"))
    }

    /// Waits until a player told of an event that `test` is true of, since [`forget`](Self::forget).
    #[track_caller]
    pub fn told<'a>(&'a self, who: &str, name: &str, test: &str) -> impl Future<Output = Value> + use<'a> {
        let found = format!("told.{who}.find((e) => e.name === '{name}' && ({test}))");
        self.browser.until(&format!("{name} is told by {who} where {test}"), &found)
    }

    /// Panics unless a player has played all between two positions, without a jump.
    #[track_caller]
    pub fn played(&self, who: &str, from: f64, to: f64) -> impl Future<Output = ()> {
        let at = std::panic::Location::caller();
        async move {
            let ranges = self.browser.eval(&format!("played({who})")).await;
            let end = |range: &Value, i: usize| range[i].as_f64().unwrap_or_default();
            let mut list = ranges.as_array().into_iter().flatten();
            let whole = list.any(|range| end(range, 0) <= from && end(range, 1) >= to);
            assert!(
                whole,
                "{at}: {who} has played {ranges}, not all of {from} to {to}\n{}",
                self.browser.state().await
            );
        }
    }

    /// All that a player told since [`forget`](Self::forget), of these events.
    pub async fn all_told(&self, who: &str, names: &str) -> Vec<Value> {
        let found = format!("told.{who}.filter((e) => '{names}'.split(' ').includes(e.name))");
        self.browser.eval(&found).await.as_array().cloned().unwrap_or_default()
    }

    /// Forgets what was told so far.
    pub async fn forget(&self) {
        self.browser.run("for (const events of Object.values(told)) events.length = 0").await;
    }

    /// Waits until a person can read `text` over the picture.
    #[track_caller]
    pub fn reads<'a>(&'a self, who: &str, text: &str) -> impl Future<Output = Value> + use<'a> {
        self.browser.until(&format!("{text:?} is to be read"), &format!("reads({who}, {text:?})"))
    }
}
