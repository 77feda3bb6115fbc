//! BOLA: utility against buffer, by Lyapunov optimisation (Spiteri, Urgaonkar, Sitaraman, INFOCOM 2016),
//! with its limits on going up (BOLA-O) unless it is the basic form.

use super::{Choice, Progress, Rule, View};
use crate::film::Film;

/// See the module.
#[derive(Clone, Debug)]
pub struct Bola {
    basic: bool,
    last: usize,
    score: Score,
}

/// `(V · (utility + γp) - buffer) / rate`, the best of which wins.
#[derive(Clone, Debug)]
pub(super) struct Score {
    pub(super) utilities: Vec<f64>,
    pub(super) gamma: f64,
    /// Milliseconds per unit of utility.
    pub(super) v: f64,
}

impl Score {
    /// Utilities are logarithms of the rate, `base` for the lowest.
    pub(super) fn new(film: &Film, base: f64) -> Self {
        let utilities = film.rates.iter().map(|rate| base + (rate / film.rates[0]).ln()).collect();
        Self { utilities, gamma: 0.0, v: 0.0 }
    }

    pub(super) fn of(&self, level: usize, buffer: f64, bits: f64) -> f64 {
        (self.v * (self.utilities[level] + self.gamma) - buffer) / bits
    }

    /// The level with the best score.
    pub(super) fn best(&self, film: &Film, buffer: f64) -> usize {
        let score = |level: usize| self.of(level, buffer, film.rates[level]);
        (1..film.rates.len()).fold(0, |best, level| if score(level) > score(best) { level } else { best })
    }

    /// Milliseconds above which nothing is asked for at `level`.
    pub(super) fn most(&self, level: usize) -> f64 {
        self.v * (self.utilities[level] + self.gamma)
    }
}

impl Bola {
    /// With the published 5 s for γp.
    #[must_use]
    pub fn new(film: &Film, capacity: f64, basic: bool) -> Self {
        let mut score = Score::new(film, 0.0);
        score.gamma = GAMMA;
        let mut bola = Self { basic, last: 0, score };
        bola.fit(film, capacity);
        bola
    }

    fn fit(&mut self, film: &Film, capacity: f64) {
        let top = self.score.utilities[film.top()];
        self.score.v = (capacity - film.segment) / (top + GAMMA);
    }
}

impl Rule for Bola {
    fn choose(&mut self, view: &View<'_>) -> Choice {
        let film = view.film;
        if !self.basic {
            // A buffer that cannot be full yet, or need not be full any more, is a smaller one.
            let near = view.segment.min(film.len() - view.segment) as f64;
            self.fit(film, view.capacity.min((near / 2.0).max(3.0) * film.segment));
        }
        let mut choice = Choice::now(self.score.best(film, view.buffer));
        if choice.level > self.last {
            let carried = film.sustained(view.estimate.rate(), view.estimate.latency());
            if self.last > carried {
                choice.level = self.last;
            } else if choice.level > carried {
                choice.level = carried;
                if carried < film.top() {
                    choice.delay = (view.buffer - self.score.most(carried)).max(0.0);
                }
            }
        }
        self.last = choice.level;
        choice
    }

    fn abandon(&mut self, view: &View<'_>, progress: &Progress) -> Option<usize> {
        let left = progress.size - progress.bits;
        if self.basic || progress.bits <= 0.0 || left <= 0.0 {
            return None;
        }
        let mut best = self.score.of(progress.level, view.buffer, left);
        if best < 0.0 {
            return None;
        }
        let mut to = None;
        for level in 0..progress.level {
            let size = progress.size * view.film.rates[level] / view.film.rates[progress.level];
            let score = self.score.of(level, view.buffer, size);
            if size < left && score > best {
                (best, to) = (score, Some(level));
            }
        }
        self.last = to.unwrap_or(self.last);
        to
    }
}

/// In units of utility.
const GAMMA: f64 = 5.0;
