//! The player's engine over a trace: the very code that runs in the browser, fed with the events that the
//! browser would feed.
//!
//! The film is a presentation on demand with one video stream. The manifest is there at once, for the
//! other rules need none; everything else costs what the link says.

use std::collections::VecDeque;

use player::engine::{Command, Engine, Event, Media, Range, RequestId, Settings};
use smooth::boxes::build::{self, FragmentSpec, SYNC_SAMPLE, Sample};
use smooth::manifest::{self, Kind, Manifest, QualityLevel, Stream, Timeline};
use smooth::url::{FragmentRequest, Request};
use smooth::{Span, Timescale};

use crate::film::Film;
use crate::link::Link;
use crate::outcome::{Account, Outcome};
use crate::trace::Trace;

/// How media becomes playable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Append {
    /// When all of a fragment is there, as the published experiments count it.
    Whole,
    /// While it arrives, as the player does it.
    Growing,
}

/// A request that the engine sent, and when: enough to compare two runs decision by decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// Milliseconds since the start.
    pub at: f64,
    /// Index of the segment.
    pub segment: usize,
    /// Index of the level.
    pub level: usize,
}

/// A level that began to be shown, and when.
pub type Shown = Decision;

/// What came of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Played {
    /// In figures.
    pub outcome: Outcome,
    /// Every request for a fragment.
    pub decisions: Vec<Decision>,
    /// Every segment as it was shown.
    pub shown: Vec<Shown>,
    /// The most that was buffered ahead of the playhead, in milliseconds.
    pub most: f64,
}

/// Plays `film` over `trace` with room for `capacity` ms.
#[must_use]
pub fn play(film: &Film, trace: &Trace, capacity: f64, append: Append) -> Played {
    // The engine asks for the next fragment while not more than its goal is buffered.
    let goal = (capacity - film.segment) / 1000.0;
    let settings = Settings { buffer_goal: goal, timeout: f64::MAX, ..Settings::default() };
    let mut world = World {
        film,
        append,
        link: Link::new(trace),
        engine: Engine::new(settings),
        events: VecDeque::new(),
        transfer: None,
        levels: vec![None; film.len()],
        oldest: 0.0,
        edge: 0.0,
        position: 0.0,
        init: false,
        playing: None,
        told: 0.0,
        account: Account::new(film.segment, film.rates[0]),
        started: false,
        standing: false,
        decisions: Vec::new(),
        shown: Vec::new(),
        most: 0.0,
    };
    world.run();
    Played {
        outcome: world.account.outcome(),
        decisions: world.decisions,
        shown: world.shown,
        most: world.most,
    }
}

struct World<'a> {
    film: &'a Film,
    append: Append,
    link: Link<'a>,
    engine: Engine,
    events: VecDeque<Word>,
    transfer: Option<Transfer>,
    /// Level of each segment in the buffer.
    levels: Vec<Option<usize>>,
    /// Start of what is buffered, in milliseconds of the film.
    oldest: f64,
    /// End of what is buffered.
    edge: f64,
    position: f64,
    /// An init segment was appended.
    init: bool,
    /// The segment that plays.
    playing: Option<usize>,
    told: f64,
    account: Account,
    started: bool,
    standing: bool,
    decisions: Vec<Decision>,
    shown: Vec<Shown>,
    most: f64,
}

/// Answers to commands, in order.
enum Word {
    Opened,
    Supported(String),
    Manifest(RequestId),
    Seeking(f64),
    Evicted(Kind),
}

struct Transfer {
    request: RequestId,
    segment: usize,
    level: usize,
    moof: Vec<u8>,
    /// Bytes of the body.
    size: f64,
    /// Bits that arrived.
    bits: f64,
    /// When its first bit comes, in milliseconds.
    first_bit: f64,
    begun: bool,
    head: bool,
}

impl World<'_> {
    fn run(&mut self) {
        self.feed(Event::Load { url: "http://lab/film.ism/Manifest", start: None });
        let end = self.film.segment * self.film.len() as f64;
        while self.position < end - 1e-6 {
            assert!(self.link.now() < 1e8, "playback never ends");
            self.step();
        }
    }

    /// Time passes until the next thing happens.
    fn step(&mut self) {
        let mut time = STEP.min(self.told + TELL - self.link.now()).max(0.0);
        if let Some(at) = self.engine.deadline() {
            time = time.min((at * 1000.0 - self.link.now()).max(0.0));
        }
        if self.playable() > TINY {
            // The moment at which the buffer runs dry is one to look at.
            time = time.min(self.playable());
        }
        let begin = self.link.now();
        self.receive(time);
        self.pass(self.link.now() - begin);
        self.settle();
        if self.link.now() >= self.told + TELL - 1e-9 {
            self.tell();
        }
        if self.engine.deadline().is_some_and(|at| at * 1000.0 <= self.link.now() + 1e-9) {
            self.feed(Event::Tick);
        }
    }

    /// The link carries what was asked for, for `time` ms or until it is whole.
    fn receive(&mut self, time: f64) {
        let Some(transfer) = &mut self.transfer else { return self.link.wait(time) };
        let silent = transfer.first_bit - self.link.now();
        if silent > 0.0 {
            return self.link.wait(time.min(silent));
        }
        transfer.begun = true;
        transfer.bits += self.link.carry_for(transfer.size * 8.0 - transfer.bits, time);
    }

    /// Tells the engine what the transfer has come to.
    fn settle(&mut self) {
        let Some(transfer) = &mut self.transfer else { return };
        if !transfer.begun {
            return;
        }
        let request = transfer.request;
        let bytes = transfer.bits / 8.0;
        let whole = bytes >= transfer.size - 0.01;
        if !transfer.head {
            if bytes < transfer.moof.len() as f64 {
                return;
            }
            transfer.head = true;
            let moof = std::mem::take(&mut transfer.moof);
            self.feed(Event::ResponseStarted { request });
            self.feed(Event::Head { request, moof: &moof });
        }
        self.feed(Event::Received { request, total: bytes as u64 });
        // The engine may have given it up.
        let Some(transfer) = self.transfer.take_if(|t| t.request == request && whole) else {
            return self.grow();
        };
        self.levels[transfer.segment] = Some(transfer.level);
        self.edge = self.edge.max((transfer.segment + 1) as f64 * self.film.segment);
        self.most = self.most.max(self.edge - self.position);
        self.feed(Event::Finished { request, body: None });
        self.tell();
        self.feed(Event::Appended { kind: Kind::Video, request });
    }

    /// What has arrived of a fragment plays.
    fn grow(&mut self) {
        let Some(transfer) = self.transfer.as_ref().filter(|_| self.append == Append::Growing) else {
            return;
        };
        let start = transfer.segment as f64 * self.film.segment;
        if start <= self.edge + 1e-6 {
            let share = (transfer.bits / 8.0 / transfer.size).min(1.0);
            // Whole pictures.
            let frames = (share * self.film.segment / FRAME).floor();
            self.levels[transfer.segment] = Some(transfer.level);
            self.edge = self.edge.max(start + frames * FRAME);
        }
    }

    /// Milliseconds that play from here on. An element that ran dry waits for some pictures first.
    fn playable(&self) -> f64 {
        let left = (self.edge - self.position).max(0.0);
        let last = self.edge >= self.film.segment * self.film.len() as f64;
        let waits = self.append == Append::Growing && (self.standing || !self.started) && !last;
        if waits && left < ENOUGH { 0.0 } else { left }
    }

    /// `time` ms pass at the element.
    fn pass(&mut self, time: f64) {
        let left = self.playable();
        // Sums of fractions never meet exactly.
        let played = if left - time < TINY { left } else { time };
        if played > 0.0 {
            if !self.started {
                self.started = true;
                self.account.started(self.link.now() - time);
            }
            self.standing = false;
            self.account.played(played);
            self.position += played;
        }
        let segment = ((self.position - 1e-6).max(0.0) / self.film.segment) as usize;
        if self.started && self.playing != Some(segment) && segment < self.levels.len() {
            self.playing = Some(segment);
            if let Some(level) = self.levels[segment] {
                self.account.plays(self.film.rates[level]);
                self.shown.push(Shown { at: self.link.now(), segment, level });
            }
        }
        if self.started && time > played + TINY {
            self.account.stood(time - played, !self.standing);
            self.standing = true;
        }
    }

    fn tell(&mut self) {
        self.told = self.link.now();
        let range = [Range { start: self.oldest / 1000.0, end: self.edge / 1000.0 }];
        let buffered = if self.edge > self.oldest { &range[..] } else { &[] };
        let media = Media {
            position: self.position / 1000.0,
            video: buffered,
            ready: if self.edge - self.position > 1.0 { 4 } else { u8::from(self.init) },
            rate: 1.0,
            ..Media::default()
        };
        self.feed(Event::Media(&media));
    }

    fn feed(&mut self, event: Event<'_>) {
        self.handle(event);
        while let Some(word) = self.events.pop_front() {
            match word {
                Word::Opened => self.handle(Event::Opened),
                Word::Supported(mime) => self.handle(Event::Supported { mime: &mime, supported: true }),
                Word::Manifest(request) => {
                    let bytes = manifest(self.film);
                    let url = "http://lab/film.ism/Manifest";
                    self.handle(Event::ManifestLoaded { request, url, bytes: bytes.as_bytes() });
                }
                Word::Seeking(position) => self.handle(Event::Seeking { position }),
                Word::Evicted(kind) => {
                    self.tell();
                    self.handle(Event::Evicted { kind });
                }
            }
        }
    }

    fn handle(&mut self, event: Event<'_>) {
        for command in self.engine.handle(self.link.now() / 1000.0, event) {
            match command {
                Command::Open => self.events.push_back(Word::Opened),
                Command::Probe { mime } => self.events.push_back(Word::Supported(mime)),
                Command::Fetch { request, url, .. } if url.ends_with("/Manifest") => {
                    self.events.push_back(Word::Manifest(request));
                }
                Command::Fetch { request, url, .. } => self.ask(request, &url),
                Command::Abort { request } => {
                    self.transfer.take_if(|t| t.request == request);
                }
                Command::SeekTo(position) => self.events.push_back(Word::Seeking(position)),
                Command::Evict { kind, start, end } => {
                    assert!(start <= self.oldest / 1000.0, "only what lies behind is ever removed here");
                    self.oldest = self.oldest.max(end * 1000.0);
                    self.events.push_back(Word::Evicted(kind));
                }
                Command::AppendInit { .. } => self.init = true,
                _ => {}
            }
        }
    }

    fn ask(&mut self, request: RequestId, url: &str) {
        let path = url.strip_prefix("http://lab/film.ism/").unwrap();
        let Ok(Request::Fragment(FragmentRequest { bitrate, time, .. })) = Request::parse(path) else {
            panic!("not a fragment: {url}");
        };
        let segment = (time as f64 / TICKS / self.film.segment).round() as usize;
        let level = self.film.rates.iter().position(|&rate| bits(rate) == bitrate).unwrap();
        let moof = moof(self.film, segment, level);
        let first_bit = self.link.now() + self.link.clone().first_bit();
        let size = self.film.sizes[segment][level] / 8.0;
        assert!(self.transfer.is_none(), "one request at a time");
        self.decisions.push(Decision { at: self.link.now(), segment, level });
        let transfer =
            Transfer { request, segment, level, moof, size, bits: 0.0, first_bit, begun: false, head: false };
        self.transfer = Some(transfer);
    }
}

fn manifest(film: &Film) -> String {
    let span = |segment| Span { time: segment as u64 * ticks(film), duration: ticks(film) };
    let mut chunks = Timeline::new();
    (0..film.len()).for_each(|segment| {
        chunks.push(span(segment));
    });
    let level = |(index, &rate): (usize, &f64)| QualityLevel {
        index: index as u32,
        bitrate: bits(rate),
        fourcc: "H264".to_owned(),
        // Baseline 3.0, 640 × 360.
        private_data: PRIVATE_DATA.to_vec(),
        width: 640,
        height: 360,
        nal_length: 4,
        ..QualityLevel::default()
    };
    let stream = Stream {
        kind: Kind::Video,
        subtype: String::new(),
        name: "video".to_owned(),
        language: String::new(),
        timescale: Timescale::DEFAULT,
        url: "QualityLevels({bitrate})/Fragments(video={start time})".to_owned(),
        max_width: 640,
        max_height: 360,
        display_width: 0,
        display_height: 0,
        parent: None,
        manifest_output: false,
        levels: film.rates.iter().enumerate().map(level).collect(),
        chunks,
        embedded: Vec::new(),
    };
    let duration = ticks(film) * film.len() as u64;
    manifest::write(&Manifest { duration, streams: vec![stream], ..Manifest::default() })
}

/// The head of a segment, of a sample for every picture.
fn moof(film: &Film, segment: usize, level: usize) -> Vec<u8> {
    let frames = (film.segment / FRAME) as u64;
    let spec = |size: u32| {
        let sample = Sample {
            duration: (ticks(film) / frames) as u32,
            size: size / frames as u32,
            flags: SYNC_SAMPLE,
            composition_offset: 0,
        };
        let samples = vec![sample; frames as usize];
        let span = Span { time: segment as u64 * ticks(film), duration: ticks(film) };
        build::fragment(&FragmentSpec { sequence: segment as u32 + 1, track_id: 1, span, samples: &samples })
    };
    let head = spec(0).len() as f64 + 8.0;
    spec((film.sizes[segment][level] / 8.0 - head).max(0.0) as u32)
}

fn ticks(film: &Film) -> u64 {
    (film.segment * TICKS) as u64
}

fn bits(rate: f64) -> u32 {
    (rate * 1000.0) as u32
}

/// Per millisecond.
const TICKS: f64 = 10_000.0;
/// Milliseconds with which an element begins to play.
const ENOUGH: f64 = 200.0;
/// Milliseconds that are none.
const TINY: f64 = 1e-6;
/// Milliseconds of a picture.
const FRAME: f64 = 40.0;
/// The engine hears of a transfer every so many milliseconds, as in the browser …
const STEP: f64 = 50.0;
/// … and of the element every so many.
const TELL: f64 = 250.0;
const PRIVATE_DATA: &[u8] = &[
    0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xbf, 0xe5, 0x40, 0, 0, 0, 1, 0x68, 0xce, 0x3c,
    0x80,
];
