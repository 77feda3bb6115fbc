//! One presentation in one media element: events in, commands out, one timer.
//!
//! Every callback of the browser ends in [`Session::feed`] or [`Session::tell`]. No cell is borrowed
//! while the engine's commands are carried out, nor while the page's callback runs.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::{Date, Function};
use smooth::Limits;
use smooth::manifest::Kind;
use wasm_bindgen::prelude::*;
use web_sys::{HtmlVideoElement, Performance, Window};

use super::buffer::{Outcome, Task};
use super::dom::{Listener, SourceClass, shift, source_class, window};
use super::fetch::Request;
use super::marks::Marks;
use super::source::{Act, Source, listen};
use super::tell;
use super::text::CaptionTracks;
use super::timer::Timer;
#[cfg(not(feature = "record"))]
use crate::engine::Engine;
use crate::engine::{
    AppendFailure, CaptionDocument, Command, Event, Failure, Media, Notice, RequestId, Settings,
};
#[cfg(feature = "record")]
use crate::record::Recorder as Engine;

/// One presentation in one media element.
pub(super) struct Session {
    me: Weak<Self>,
    pub(super) window: Window,
    performance: Performance,
    pub(super) video: HtmlVideoElement,
    notify: Function,
    /// Requests carry cookies to other sites.
    pub(super) credentials: bool,
    pub(super) limits: Limits,
    pub(super) marks: Marks,
    class: SourceClass,
    managed: bool,
    /// When the session began, in milliseconds of `performance.now()`.
    began: f64,
    /// The clock on the wall minus that one, in milliseconds, and what they went apart since.
    wall: Cell<f64>,
    slept: Cell<f64>,
    pub(super) engine: RefCell<Engine>,
    pub(super) source: RefCell<Option<Source>>,
    pub(super) requests: RefCell<Vec<Request>>,
    tracks: CaptionTracks,
    /// The caption stream last told to the engine, or by it.
    captions: RefCell<Option<String>>,
    pub(super) words: RefCell<Vec<Word>>,
    notices: RefCell<Vec<Notice>>,
    /// [`Self::run`] is at work.
    running: Cell<bool>,
    ended: Cell<bool>,
    /// Where to seek once there is metadata, in seconds.
    seek: Cell<Option<f64>>,
    /// Newest position of a broadcast that plays without a stall, in seconds.
    live: Cell<Option<f64>>,
    pub(super) timer: RefCell<Option<Timer>>,
    pub(super) last_media: Cell<f64>,
    listeners: RefCell<Vec<Listener>>,
}

/// What is to be told to the engine after the commands under way.
#[derive(Debug)]
pub(super) enum Word {
    Opened,
    Supported(String, bool),
    Appended(Kind, RequestId),
    AppendFailed(Kind, AppendFailure),
    Evicted(Kind),
    Failed(RequestId, Failure),
    Media,
    Seeking,
    Streaming(bool),
    WaitingForKey,
    Captions(Option<String>),
    CaptionsUnreadable(u64, String),
    Tick,
}

impl Session {
    /// Starts to play in `video`. `None` if the browser has no media source.
    pub(super) fn start(
        video: &HtmlVideoElement,
        notify: &Function,
        settings: Settings,
        credentials: bool,
    ) -> Option<Rc<Self>> {
        let window = window();
        let performance = window.performance()?;
        let (class, managed) = source_class(&window)?;
        let session = Rc::new_cyclic(|me: &Weak<Self>| Self {
            me: me.clone(),
            began: performance.now(),
            wall: Cell::new(Date::now() - performance.now()),
            slept: Cell::new(0.0),
            marks: Marks::new(&performance, video),
            video: video.clone(),
            notify: notify.clone(),
            credentials,
            limits: settings.limits,
            class,
            managed,
            engine: RefCell::new(Engine::new(settings)),
            source: RefCell::default(),
            requests: RefCell::default(),
            tracks: CaptionTracks::new(video),
            captions: RefCell::default(),
            words: RefCell::default(),
            notices: RefCell::default(),
            running: Cell::new(false),
            ended: Cell::new(false),
            seek: Cell::new(None),
            live: Cell::new(None),
            timer: RefCell::default(),
            last_media: Cell::new(0.0),
            listeners: RefCell::default(),
            window,
            performance,
        });
        session.listen();
        Some(session)
    }

    /// Hears of the element, and sets the timer up.
    fn listen(self: &Rc<Self>) {
        let mut listeners = Vec::new();
        for name in ["timeupdate", "waiting", "playing", "play", "pause", "seeked", "ratechange", "ended"] {
            listeners.push(listen(&self.me, &self.video, name, |session, _| session.tell(Word::Media)));
        }
        listeners.push(listen(&self.me, &self.video, "seeking", |session, _| session.tell(Word::Seeking)));
        let blocked: Act = |session, _| session.tell(Word::WaitingForKey);
        listeners.push(listen(&self.me, &self.video, "waitingforkey", blocked));
        listeners.push(listen(&self.me, &self.video, "loadedmetadata", |session, _| {
            if let Some(position) = session.seek.take() {
                session.video.set_current_time(position);
            }
            session.tell(Word::Media);
        }));
        listeners.push(listen(&self.me, &self.video, "error", |session, _| {
            let kind = session.source.borrow().as_ref().and_then(Source::main_kind);
            if let Some(kind) = kind {
                session.refused(kind);
            }
        }));
        listeners.push(listen(&self.me, &self.window, "online", |session, _| session.feed(Event::Online)));
        if let Some(list) = self.video.text_tracks() {
            listeners.push(listen(&self.me, &list, "change", |session, _| {
                let chosen = session.tracks.chosen();
                if *session.captions.borrow() != chosen {
                    session.captions.replace(chosen.clone());
                    session.tell(Word::Captions(chosen));
                }
            }));
        }
        *self.listeners.borrow_mut() = listeners;
        *self.timer.borrow_mut() = Some(Timer::new(&self.me));
    }

    /// Ends it, and lets go of everything but requests whose promises are pending.
    pub(super) fn end(self: &Rc<Self>) {
        self.feed(Event::Stop);
        if self.ended.replace(true) {
            return;
        }
        self.abort_all();
        self.listeners.borrow_mut().clear();
        if let Some(timer) = self.timer.take() {
            timer.stop(&self.window);
        }
        self.marks.end();
        self.tracks.end();
        if self.source.take().is_some() {
            let _ = self.video.remove_attribute("src");
            self.video.load();
        }
    }

    /// Seconds since the session began.
    pub(super) fn now(&self) -> f64 {
        let now = self.performance.now();
        // That clock stands still while some machines sleep; the one on the wall does not.
        let wall = Date::now() - now;
        let slept = wall - self.wall.replace(wall);
        if slept > NAP {
            self.slept.set(self.slept.get() + slept);
        }
        (now - self.began + self.slept.get()) / 1000.0
    }

    /// The newest position of a broadcast, in seconds.
    pub(super) fn live(&self) -> Option<f64> {
        self.live.get()
    }

    /// Tells the engine at once.
    pub(super) fn feed(self: &Rc<Self>, event: Event<'_>) {
        if self.ended.get() {
            return;
        }
        let outer = self.running.replace(true);
        self.turn(event);
        self.running.set(outer);
        self.run();
    }

    /// Tells the engine after the commands under way.
    pub(super) fn tell(self: &Rc<Self>, word: Word) {
        self.words.borrow_mut().push(word);
        self.run();
    }

    /// Lets the buffers work, and queues what comes of it.
    pub(super) fn work(self: &Rc<Self>) {
        loop {
            let outcome = self.source.borrow_mut().as_mut().and_then(Source::work);
            let Some((kind, outcome)) = outcome else { break };
            let word = match outcome {
                Outcome::Rest => continue,
                Outcome::Appended(request) => Word::Appended(kind, request),
                Outcome::Evicted => Word::Evicted(kind),
                Outcome::Failed(reason) => Word::AppendFailed(kind, reason),
            };
            self.words.borrow_mut().push(Word::Media);
            self.words.borrow_mut().push(word);
        }
        self.run();
    }

    /// `sourceopen`
    pub(super) fn opened(self: &Rc<Self>) {
        if self.source.borrow_mut().as_mut().is_some_and(Source::opened) {
            self.tell(Word::Opened);
        }
    }

    /// `updateend`
    pub(super) fn updated(self: &Rc<Self>, kind: Kind) {
        let rested = self.source.borrow_mut().as_mut().and_then(|s| s.buffer(kind)).and_then(|b| b.rested());
        if let Some(evicted) = rested {
            self.words.borrow_mut().push(Word::Media);
            if evicted {
                self.words.borrow_mut().push(Word::Evicted(kind));
            }
        }
        self.work();
    }

    /// `error` of a buffer, or of the element.
    pub(super) fn refused(self: &Rc<Self>, kind: Kind) {
        let news = self.source.borrow_mut().as_mut().is_some_and(|source| {
            if let Some(buffer) = source.buffer(kind) {
                buffer.clear();
            }
            source.fail()
        });
        if news {
            self.tell(Word::AppendFailed(kind, AppendFailure::Decode));
        }
    }

    fn run(self: &Rc<Self>) {
        if self.running.replace(true) {
            return;
        }
        loop {
            let word = shift(&mut self.words.borrow_mut());
            match word {
                Some(_) if self.ended.get() => {}
                Some(word) => self.say(&word),
                None => break,
            }
        }
        self.running.set(false);
        self.set_timer();
        loop {
            let notice = shift(&mut self.notices.borrow_mut());
            let Some(notice) = notice else { break };
            self.notice(&notice);
        }
    }

    fn say(self: &Rc<Self>, word: &Word) {
        self.turn(match word {
            Word::Opened => Event::Opened,
            Word::Supported(mime, supported) => Event::Supported { mime, supported: *supported },
            Word::Appended(kind, request) => Event::Appended { kind: *kind, request: *request },
            Word::AppendFailed(kind, reason) => Event::AppendFailed { kind: *kind, reason: *reason },
            Word::Evicted(kind) => Event::Evicted { kind: *kind },
            Word::Failed(request, failure) => Event::Failed { request: *request, failure: *failure },
            Word::Media => return self.media(),
            Word::Seeking => Event::Seeking { position: self.video.current_time() },
            Word::WaitingForKey => Event::WaitingForKey,
            Word::Streaming(wanted) => Event::Streaming { wanted: *wanted },
            Word::Captions(name) => Event::SelectStream { kind: Kind::Text, name: name.as_deref() },
            Word::CaptionsUnreadable(time, url) => Event::CaptionsUnreadable { time: *time, url },
            Word::Tick => Event::Tick,
        });
    }

    /// Tells the state of the media element.
    fn media(self: &Rc<Self>) {
        let ranges = |kind| self.source.borrow().as_ref().map_or_else(Vec::new, |source| source.ranges(kind));
        let (video, audio) = (ranges(Kind::Video), ranges(Kind::Audio));
        let quality = self.video.get_video_playback_quality();
        self.last_media.set(self.now());
        self.turn(Event::Media(&Media {
            position: self.video.current_time(),
            video: &video,
            audio: &audio,
            paused: self.video.paused(),
            ended: self.video.ended(),
            seeking: self.video.seeking(),
            ready: u8::try_from(self.video.ready_state()).unwrap_or_default(),
            rate: self.video.playback_rate(),
            decoded: quality.total_video_frames(),
            dropped: quality.dropped_video_frames(),
        }));
    }

    /// One event, and the commands that follow from it.
    fn turn(self: &Rc<Self>, event: Event<'_>) {
        let now = self.now();
        let commands = self.engine.borrow_mut().handle(now, event);
        let any = !commands.is_empty();
        for command in commands {
            self.carry_out(command);
        }
        if any {
            self.work();
        }
    }

    fn carry_out(self: &Rc<Self>, command: Command) {
        match command {
            Command::Open => self.open(),
            Command::Probe { mime } => {
                let supported = self.class.is_type_supported(&mime);
                self.words.borrow_mut().push(Word::Supported(mime, supported));
            }
            Command::Fetch { request, url, purpose, timeout } => self.fetch(request, &url, purpose, timeout),
            Command::Abort { request } => self.abort(request),
            Command::CreateBuffer { kind, mime, until } => self.with_source(|source| {
                if let Err(reason) = source.create(&self.me, kind, &mime, until) {
                    self.words.borrow_mut().push(Word::AppendFailed(kind, reason));
                }
            }),
            Command::ChangeType { kind, mime } => self.push(kind, Task::Type(mime)),
            Command::AppendInit { kind, bytes } => self.push(kind, Task::Bytes(bytes)),
            Command::AppendHead { request, kind, bytes } => {
                let (pieces, whole) = self.flow(request);
                self.push(kind, Task::Bytes(bytes));
                self.push(kind, Task::Body { request, pieces, whole });
            }
            Command::ResetParser { kind } => self.with_source(|source| {
                if let Some(buffer) = source.buffer(kind) {
                    buffer.reset();
                }
            }),
            Command::Evict { kind, start, end } => self.push(kind, Task::Evict(start, end)),
            Command::SetDuration(seconds) => self.with_source(|source| source.set_length(seconds)),
            Command::SetLiveSeekable { start, end } => {
                self.with_source(|source| source.set_window(start, end))
            }
            Command::EndOfStream => self.with_source(Source::end),
            Command::SeekTo(position) if position.is_finite() => {
                // Asked to seek before there is a picture, WebKitGTK may stand still for ever, and it plays
                // across so little by itself.
                let ahead = position - self.video.current_time();
                if self.managed && self.video.ready_state() < 2 && (0.0..0.08).contains(&ahead) {
                    return;
                }
                if self.video.ready_state() > 0 {
                    self.video.set_current_time(position);
                } else {
                    self.seek.set(Some(position));
                }
            }
            Command::SeekTo(_) => {}
            Command::SetRate(rate) => self.video.set_playback_rate(rate),
            Command::AddTextTrack { track, name, language, label } => {
                self.tracks.add(track.0, &name, &label, &language);
            }
            Command::ReadCaptions(CaptionDocument {
                track,
                bytes,
                start_ms,
                duration_ms,
                zero_ms,
                time,
                url,
            }) => {
                let [start, duration, zero] = [start_ms, duration_ms, zero_ms].map(|ms| ms as f64);
                if !self.tracks.read(track.0, &bytes, start, duration, zero) {
                    self.words.borrow_mut().push(Word::CaptionsUnreadable(time, url));
                }
            }
            Command::ClearCues { track, before } => self.tracks.clear(track.0, before),
            Command::Notify(notice) => self.notices.borrow_mut().push(notice),
        }
    }

    fn open(self: &Rc<Self>) {
        drop(self.source.take());
        match Source::open(&self.me, &self.video, &self.class, self.managed) {
            Ok(source) => drop(self.source.replace(Some(source))),
            Err(_) => self.words.borrow_mut().push(Word::AppendFailed(Kind::Video, AppendFailure::Closed)),
        }
    }

    fn push(&self, kind: Kind, task: Task) {
        self.with_source(|source| source.push(kind, task));
    }

    fn with_source(&self, act: impl FnOnce(&mut Source)) {
        if let Some(source) = self.source.borrow_mut().as_mut() {
            act(source);
        }
    }

    fn notice(&self, notice: &Notice) {
        match notice {
            Notice::StreamChange { kind: Kind::Text, name } => {
                self.captions.replace(name.clone());
                self.tracks.show(name.as_deref());
            }
            Notice::LiveEdge { target, .. } => self.live.set(Some(*target)),
            Notice::BroadcastEnded { .. } => self.live.set(None),
            _ => {}
        }
        let (name, detail) = tell::notice(notice, &self.engine.borrow());
        // What the page throws is its own affair.
        let _ = self.notify.call2(&JsValue::UNDEFINED, &name.into(), &detail);
    }
}

/// What clocks go apart by when a machine sleeps, in milliseconds; less is one being set.
const NAP: f64 = 2000.0;
