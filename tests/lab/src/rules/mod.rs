//! Known rules, as baselines: each from its publication, with the constants published there.

mod bba;
mod bola;
mod bola_e;
mod dynamic;
mod mpc;
mod throughput;

pub use bba::Bba;
pub use bola::Bola;
pub use bola_e::BolaE;
pub use dynamic::{Dynamic, DynamicDash};
pub use mpc::RobustMpc;
pub use throughput::Throughput;

use crate::film::Film;

/// What a rule may look at.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What is played.
    pub film: &'a Film,
    /// The segment to ask for.
    pub segment: usize,
    /// Milliseconds in the buffer.
    pub buffer: f64,
    /// Milliseconds for which there is room.
    pub capacity: f64,
    /// Of the network.
    pub estimate: &'a Estimate,
}

/// What to ask for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Index of the level.
    pub level: usize,
    /// Milliseconds to wait first.
    pub delay: f64,
}

/// A download under way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Index of its level.
    pub level: usize,
    /// Bits of all of it.
    pub size: f64,
    /// Bits so far.
    pub bits: f64,
    /// Milliseconds since it was asked for.
    pub time: f64,
    /// Milliseconds to its first bit.
    pub latency: f64,
}

/// A download that has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Download {
    /// Index of its level.
    pub level: usize,
    /// Bits that arrived.
    pub bits: f64,
    /// Milliseconds since it was asked for.
    pub time: f64,
    /// Milliseconds to its first bit.
    pub latency: f64,
    /// It was given up.
    pub abandoned: bool,
}

/// Chooses levels. The first segment is asked for at the lowest level unless the rule says otherwise.
pub trait Rule {
    /// Level of the very first segment.
    fn first(&self) -> usize {
        0
    }

    /// Level of the next one.
    fn choose(&mut self, view: &View<'_>) -> Choice;

    /// The buffer was full for `time` ms.
    fn waited(&mut self, _time: f64) {}

    /// A download ended; the buffer in `view` has it already.
    fn downloaded(&mut self, _view: &View<'_>, _download: &Download) {}

    /// A download is under way: a lower level, to give it up for that.
    fn abandon(&mut self, _view: &View<'_>, _progress: &Progress) -> Option<usize> {
        None
    }
}

impl Choice {
    /// At once.
    #[must_use]
    pub const fn now(level: usize) -> Self {
        Self { level, delay: 0.0 }
    }
}

/// Throughput and latency, each as the more careful of two exponential means, which forget half in 3 s
/// and in 8 s of downloading. The estimate of dash.js and of the published experiments.
#[derive(Clone, Debug, Default)]
pub struct Estimate {
    rate: [Mean; 2],
    latency: [Mean; 2],
    /// Rates of the latest downloads in kbit/s, newest last.
    pub latest: Vec<f64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    value: f64,
    known: f64,
}

impl Mean {
    /// Adds what was measured for `weight` half-lives.
    fn add(&mut self, value: f64, weight: f64) {
        let keep = 0.5_f64.powf(weight);
        self.value = keep * self.value + (1.0 - keep) * value;
        self.known = 1.0 - keep * (1.0 - self.known);
    }

    fn get(&self) -> f64 {
        self.value / self.known
    }
}

impl Estimate {
    /// Adds a download of `time` ms at `rate` kbit/s, its first bit after `latency` ms.
    pub fn add(&mut self, segment: f64, time: f64, rate: f64, latency: f64) {
        for (i, half_life) in [3000.0, 8000.0].into_iter().enumerate() {
            self.rate[i].add(rate, time / half_life);
            self.latency[i].add(latency, segment / half_life);
        }
        self.latest.push(rate);
    }

    /// In kbit/s.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.rate[0].get().min(self.rate[1].get())
    }

    /// In milliseconds.
    #[must_use]
    pub fn latency(&self) -> f64 {
        self.latency[0].get().max(self.latency[1].get())
    }
}

/// What both throughput and BOLA-E do while the buffer is low: no segment that may not arrive before it is
/// empty. The margin is small at first and grows to a half.
#[derive(Clone, Copy, Debug)]
struct Insufficient {
    safety: f64,
}

impl Default for Insufficient {
    fn default() -> Self {
        Self { safety: 0.9 }
    }
}

impl Insufficient {
    /// The level not above `level` that is safe.
    fn limit(&mut self, view: &View<'_>, level: usize) -> usize {
        let bits = self.safety * (view.buffer - view.estimate.latency()) * view.estimate.rate();
        self.safety = (self.safety * 0.9).max(0.5);
        let fits = |level: &usize| view.film.rates[*level] * view.film.segment <= bits;
        (1..=level).take_while(fits).last().unwrap_or(0)
    }
}
