//! The network, the media source and the media element.

use std::collections::VecDeque;

use smooth::boxes::{self, moov, read_head};
use smooth::manifest::Kind;
use smooth::{Limits, Timescale};

use super::captions;
use super::network::Transfer;
use super::origin::Origin;
use crate::engine::{AppendFailure, Command, Event, Failure, Media, Notice, Range, RequestId, Settings};
use crate::record::Recorder;

struct Buffer {
    kind: Kind,
    ranges: Vec<Range>,
    scale: Timescale,
    init: bool,
    /// The segment under way: request, start, duration, bytes of its media.
    segment: Option<(RequestId, f64, f64, f64)>,
}

pub(in crate::engine) struct World {
    pub(in crate::engine) engine: Recorder,
    pub(in crate::engine) origin: Origin,
    /// Bits/s from a time on, in seconds.
    pub(in crate::engine) rates: Vec<(f64, f64)>,
    /// Seconds from request to first byte.
    pub(in crate::engine) latency: f64,
    pub(in crate::engine) now: f64,
    pub(in crate::engine) paused: bool,
    /// Of playback, as the engine or the viewer set it.
    pub(in crate::engine) rate: f64,
    pub(in crate::engine) position: f64,
    pub(in crate::engine) duration: f64,
    pub(in crate::engine) seekable: (f64, f64),
    pub(in crate::engine) ended: bool,
    /// Seconds in which playback stood still, after it had begun and apart from seeks.
    pub(in crate::engine) stalled: f64,
    /// Bytes of media a buffer takes, as seconds; for quota errors.
    pub(in crate::engine) quota: f64,
    pub(in crate::engine) log: Vec<(u64, Command)>,
    pub(in crate::engine) notices: Vec<(f64, Notice)>,
    pub(in crate::engine) urls: Vec<(f64, String)>,
    pub(in crate::engine) captions: captions::Page,
    pub(in crate::engine) unsupported: &'static str,
    /// The element waits for a key.
    pub(in crate::engine) locked: bool,
    pub(super) transfers: Vec<Transfer>,
    buffers: Vec<Buffer>,
    events: VecDeque<Word>,
    end_of_stream: bool,
    seeking: bool,
    moving: bool,
    moved: f64,
    waiting: bool,
    told: f64,
}

enum Word {
    Opened,
    Supported(String),
    Seeking(f64),
    Evicted(Kind),
    CaptionsUnreadable(u64, String),
}

/// Seconds of one step.
pub(super) const STEP: f64 = 0.01;

impl World {
    pub(in crate::engine) fn new(origin: Origin, settings: Settings) -> Self {
        Self {
            engine: Recorder::new(settings),
            origin,
            rates: vec![(0.0, 20e6)],
            latency: 0.04,
            now: 0.0,
            paused: false,
            rate: 1.0,
            position: 0.0,
            duration: 0.0,
            seekable: (0.0, 0.0),
            ended: false,
            stalled: 0.0,
            quota: 1e9,
            log: Vec::new(),
            notices: Vec::new(),
            urls: Vec::new(),
            captions: captions::Page::default(),
            unsupported: "-",
            locked: false,
            transfers: Vec::new(),
            buffers: Vec::new(),
            events: VecDeque::new(),
            end_of_stream: false,
            seeking: false,
            moving: false,
            moved: 0.0,
            waiting: false,
            told: 0.0,
        }
    }

    pub(in crate::engine) fn load(&mut self, start: Option<f64>) {
        self.feed(Event::Load { url: "http://o/x.isml", start });
    }

    /// Plays until `done` or for `seconds`. Says whether it was done.
    pub(in crate::engine) fn run(&mut self, seconds: f64, done: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + seconds;
        while self.now < end {
            if done(self) {
                return true;
            }
            self.step();
        }
        done(self)
    }

    pub(in crate::engine) fn play(&mut self, seconds: f64) {
        self.run(seconds, |_| false);
    }

    /// The machine sleeps: its clock goes on, nothing else does, and its connections are dead when it wakes.
    pub(in crate::engine) fn sleep(&mut self, seconds: f64) {
        self.now += seconds;
        for transfer in core::mem::take(&mut self.transfers) {
            self.feed(Event::Failed { request: transfer.id, failure: Failure::Timeout });
        }
    }

    pub(in crate::engine) fn seek(&mut self, position: f64) {
        self.set_position(position);
        self.feed(Event::Seeking { position });
    }

    fn set_position(&mut self, position: f64) {
        self.position = position;
        self.seeking = true;
        self.moving = false;
        self.ended = false;
    }

    pub(in crate::engine) fn feed(&mut self, event: Event<'_>) {
        self.handle(event);
        while let Some(word) = self.events.pop_front() {
            match word {
                Word::Opened => self.handle(Event::Opened),
                Word::Supported(mime) => {
                    let supported = !mime.contains(self.unsupported);
                    self.handle(Event::Supported { mime: &mime, supported });
                }
                Word::Seeking(position) => self.handle(Event::Seeking { position }),
                Word::CaptionsUnreadable(time, url) => {
                    self.handle(Event::CaptionsUnreadable { time, url: &url });
                }
                Word::Evicted(kind) => {
                    self.tell();
                    self.handle(Event::Evicted { kind });
                }
            }
        }
    }

    fn handle(&mut self, event: Event<'_>) {
        for command in self.engine.handle(self.now, event) {
            self.log.push(((self.now * 1000.0).round() as u64, command.clone()));
            self.carry_out(command);
        }
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Open => {
                self.buffers.clear();
                self.end_of_stream = false;
                self.set_position(0.0);
                self.events.push_back(Word::Opened);
            }
            Command::Probe { mime } => self.events.push_back(Word::Supported(mime)),
            Command::Fetch { request, url, purpose, timeout } => {
                self.urls.push((self.now, url.clone()));
                self.transfers.push(Transfer {
                    id: request,
                    url,
                    purpose,
                    sent: self.now,
                    timeout,
                    reply: None,
                    total: 0.0,
                    got: 0.0,
                    head: false,
                });
            }
            Command::Abort { request } => self.transfers.retain(|t| t.id != request),
            Command::CreateBuffer { kind, .. } => {
                assert!(!self.buffers.iter().any(|b| b.kind == kind));
                let scale = Timescale::DEFAULT;
                self.buffers.push(Buffer { kind, ranges: Vec::new(), scale, init: false, segment: None });
            }
            Command::AppendInit { kind, bytes } => {
                let moov = boxes::walk(&bytes).map(Result::unwrap).find(|b| b.kind == *b"moov").unwrap();
                let tracks = moov::read(moov.whole, &Limits::default()).unwrap();
                let buffer = self.buffer(kind);
                assert!(buffer.segment.is_none(), "an init segment inside a fragment");
                buffer.scale = tracks[0].timescale;
                buffer.init = true;
            }
            Command::AppendHead { request, kind, bytes } => {
                let head = read_head(&bytes, &Limits::default()).unwrap();
                let buffer = self.buffer(kind);
                assert!(buffer.init, "a fragment before its init segment");
                assert!(buffer.segment.is_none(), "a fragment inside a fragment");
                let time = head.decode_time.unwrap() as i64 + head.first_composition_offset;
                let start = buffer.scale.seconds(time as u64);
                buffer.segment =
                    Some((request, start, buffer.scale.seconds(head.duration), head.size as f64));
                self.end_of_stream = false;
            }
            Command::ResetParser { kind } => self.buffer(kind).segment = None,
            Command::Evict { kind, start, end } => {
                let buffer = self.buffer(kind);
                let mut left = Vec::new();
                for r in &buffer.ranges {
                    left.push(Range { start: r.start, end: r.end.min(start) });
                    left.push(Range { start: r.start.max(end), end: r.end });
                }
                left.retain(|r| r.end > r.start);
                buffer.ranges = left;
                self.events.push_back(Word::Evicted(kind));
            }
            Command::SetRate(rate) => self.rate = rate,
            Command::SetDuration(duration) => self.duration = duration,
            Command::SetLiveSeekable { start, end } => self.seekable = (start, end),
            Command::EndOfStream => self.end_of_stream = true,
            Command::SeekTo(position) => {
                self.set_position(position);
                self.events.push_back(Word::Seeking(position));
            }
            Command::ReadCaptions(document) => {
                if !self.captions.read(&document) {
                    self.events.push_back(Word::CaptionsUnreadable(document.time, document.url));
                }
            }
            Command::Notify(notice) => self.notices.push((self.now, notice)),
            Command::ChangeType { .. } | Command::AddTextTrack { .. } | Command::ClearCues { .. } => {}
        }
    }

    fn buffer(&mut self, kind: Kind) -> &mut Buffer {
        self.buffers.iter_mut().find(|b| b.kind == kind).expect("a buffer that was created")
    }

    fn step(&mut self) {
        self.now += STEP;
        self.network();
        self.element();
        if self.now - self.told >= 0.25 {
            self.tell();
        }
        if self.engine.deadline().is_some_and(|at| at <= self.now) {
            self.feed(Event::Tick);
        }
    }

    /// Media of a fragment reaches its buffer.
    pub(super) fn append(&mut self, kind: Kind, id: RequestId, bytes: f64, done: bool) {
        let quota = self.quota;
        let buffer = self.buffer(kind);
        let Some((request, start, duration, size)) = buffer.segment else { return };
        assert_eq!(request, id);
        let end = start + duration * if done { 1.0 } else { (bytes / size).min(1.0) };
        let held: f64 = buffer.ranges.iter().map(|r| r.end - r.start).sum();
        if held > quota && kind == Kind::Video {
            buffer.segment = None;
            self.feed(Event::AppendFailed { kind, reason: AppendFailure::Quota });
            return;
        }
        insert(&mut buffer.ranges, Range { start, end });
        if done {
            buffer.segment = None;
            self.drop_transfer(id);
            self.feed(Event::Finished { request: id, body: None });
            self.tell();
            self.feed(Event::Appended { kind, request: id });
        }
    }

    /// Seconds that all buffers hold from the position on.
    pub(in crate::engine) fn ahead(&self) -> f64 {
        let of = |b: &Buffer| {
            let end = b.ranges.iter().find(|r| r.start <= self.position + 1e-6 && r.end > self.position);
            end.map_or(0.0, |r| r.end - self.position)
        };
        self.buffers.iter().map(of).fold(f64::INFINITY, f64::min)
    }

    pub(in crate::engine) fn buffered(&self, kind: Kind) -> &[Range] {
        self.buffers.iter().find(|b| b.kind == kind).map_or(&[], |b| &b.ranges)
    }

    fn element(&mut self) {
        let ahead = if self.buffers.is_empty() { 0.0 } else { self.ahead() };
        if self.end_of_stream && ahead <= 0.07 && self.position + 0.2 >= self.duration {
            self.ended = true;
            return;
        }
        if self.locked {
            return;
        }
        // An element waits for a few frames before it starts, and stops a few before the end.
        let enough = if self.moving && !self.waiting { 0.07 } else { 0.2 };
        let waits = ahead <= enough && !self.waiting && self.moving && !self.paused;
        self.waiting = ahead <= enough;
        if waits {
            return self.tell();
        }
        if ahead > enough {
            self.seeking = false;
            if !self.paused {
                self.position += STEP * self.rate;
                self.moved += STEP;
                self.moving = true;
            }
        } else if self.moving && !self.paused {
            self.stalled += STEP;
        }
    }

    fn tell(&mut self) {
        self.told = self.now;
        let (video, audio) = (self.buffered(Kind::Video).to_vec(), self.buffered(Kind::Audio).to_vec());
        let ahead = if self.buffers.is_empty() { 0.0 } else { self.ahead() };
        let metadata = !self.buffers.is_empty() && self.buffers.iter().all(|b| b.init);
        let media = Media {
            position: self.position,
            video: &video,
            audio: &audio,
            paused: self.paused,
            ended: self.ended,
            seeking: self.seeking,
            ready: if !metadata {
                0
            } else if ahead > 0.1 && !self.waiting && !self.locked {
                4
            } else {
                1
            },
            rate: self.rate,
            decoded: 0,
            dropped: 0,
        };
        self.feed(Event::Media(&media));
    }

    /// For how many seconds playback has moved.
    pub(in crate::engine) fn moved(&self) -> f64 {
        self.moved
    }

    /// A buffer refuses what it gets.
    pub(in crate::engine) fn refuse(&mut self, kind: Kind, reason: AppendFailure) {
        if let Some(buffer) = self.buffers.iter_mut().find(|b| b.kind == kind) {
            buffer.segment = None;
            self.feed(Event::AppendFailed { kind, reason });
        }
    }

    pub(in crate::engine) fn manifests(&self) -> usize {
        self.urls.iter().filter(|(_, url)| url.ends_with("/Manifest")).count()
    }
}

fn insert(ranges: &mut Vec<Range>, new: Range) {
    ranges.push(new);
    ranges.sort_by(|a, b| a.start.total_cmp(&b.start));
    let mut merged: Vec<Range> = Vec::new();
    for r in ranges.iter() {
        match merged.last_mut() {
            Some(last) if r.start <= last.end + 0.02 => last.end = last.end.max(r.end),
            _ => merged.push(*r),
        }
    }
    *ranges = merged;
}
