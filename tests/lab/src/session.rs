//! A viewer's session with a rule from the literature: segment after segment, whole ones in the buffer.

use std::collections::VecDeque;

use crate::film::Film;
use crate::link::Link;
use crate::outcome::{Account, Outcome};
use crate::rules::{Download, Estimate, Progress, Rule, View};
use crate::trace::Trace;

/// Plays `film` over `trace` with room for `capacity` ms, as `rule` says.
pub fn play(film: &Film, trace: &Trace, capacity: f64, rule: &mut dyn Rule) -> Outcome {
    let mut session = Session {
        film,
        capacity,
        link: Link::new(trace),
        buffer: Buffer {
            film,
            levels: VecDeque::new(),
            into: 0.0,
            account: Account::new(film.segment, film.rates[0]),
        },
        estimate: Estimate::default(),
    };
    session.run(rule);
    session.buffer.play_out();
    session.buffer.account.outcome()
}

struct Session<'a> {
    film: &'a Film,
    capacity: f64,
    link: Link<'a>,
    buffer: Buffer<'a>,
    estimate: Estimate,
}

impl Session<'_> {
    fn run(&mut self, rule: &mut dyn Rule) {
        let first = rule.first();
        let latency = self.link.first_bit();
        let size = self.film.sizes[0][first];
        let time = self.link.carry(size);
        self.buffer.account.started(latency + time);
        self.buffer.levels.push_back(first);
        self.estimate.add(self.film.segment, time, size / time, latency);
        let mut next = 1;
        while next < self.film.len() {
            let excess = self.buffer.level() + self.film.segment - self.capacity;
            if excess > 0.0 {
                self.wait(excess);
                rule.waited(excess);
            }
            let choice = rule.choose(&self.view(next, self.buffer.level()));
            if choice.delay > 0.0 {
                self.wait(choice.delay);
            }
            let download = self.download(next, choice.level, rule);
            self.buffer.pass(download.time);
            if !download.abandoned {
                self.buffer.levels.push_back(choice.level);
                next += 1;
            }
            rule.downloaded(&self.view(next, self.buffer.level()), &download);
            if !download.abandoned {
                let time = download.time - download.latency;
                self.estimate.add(self.film.segment, time, download.bits / time, download.latency);
            }
        }
    }

    fn wait(&mut self, time: f64) {
        self.buffer.pass(time);
        self.link.wait(time);
    }

    fn download(&mut self, segment: usize, level: usize, rule: &mut dyn Rule) -> Download {
        let size = self.film.sizes[segment][level];
        let full = self.buffer.level();
        let latency = self.link.first_bit();
        let (mut bits, mut time) = (0.0, latency);
        loop {
            let pause = if bits == 0.0 { STEP - latency } else { STEP };
            let (more, took) = self.link.carry_some(size - bits, LEAST, pause);
            bits += more;
            time += took;
            let mut download = Download { level, bits, time, latency, abandoned: false };
            if bits >= size - 1e-6 {
                return download;
            }
            let progress = Progress { level, size, bits, time, latency };
            let view = self.view(segment, (full - time).max(0.0));
            if let Some(to) = rule.abandon(&view, &progress) {
                debug_assert!(to < level);
                download.abandoned = true;
                return download;
            }
        }
    }

    fn view(&self, segment: usize, buffer: f64) -> View<'_> {
        View { film: self.film, segment, buffer, capacity: self.capacity, estimate: &self.estimate }
    }
}

/// Whole segments, the first of which may have been played in part.
struct Buffer<'a> {
    film: &'a Film,
    levels: VecDeque<usize>,
    /// Milliseconds played of the first.
    into: f64,
    account: Account,
}

impl Buffer<'_> {
    /// In milliseconds.
    fn level(&self) -> f64 {
        self.film.segment * self.levels.len() as f64 - self.into
    }

    /// `time` ms pass: plays, or stands still.
    fn pass(&mut self, mut time: f64) {
        let played = !self.levels.is_empty();
        while time > 0.0
            && let Some(&level) = self.levels.front()
        {
            if self.into == 0.0 {
                self.account.plays(self.film.rates[level]);
            }
            let left = self.film.segment - self.into;
            if time < left {
                self.into += time;
                self.account.played(time);
                return;
            }
            self.account.played(left);
            time -= left;
            self.levels.pop_front();
            self.into = 0.0;
        }
        if time > 0.0 {
            self.account.stood(time, played);
        }
    }

    fn play_out(&mut self) {
        let rest = self.level();
        self.pass(rest);
    }
}

/// A download tells its progress after so many bits …
const LEAST: f64 = 12_000.0;
/// … and so many milliseconds.
const STEP: f64 = 50.0;
