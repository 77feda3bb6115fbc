//! BOLA-E: BOLA with a virtual buffer that stands for what a short real one cannot say (Spiteri, Sitaraman,
//! Sparacio, MMSys 2018).

use super::bola::Score;
use super::{Choice, Download, Insufficient, Progress, Rule, View};
use crate::film::Film;

/// See the module.
#[derive(Clone, Debug)]
pub struct BolaE {
    score: Score,
    /// Milliseconds that the buffer is thought to hold beside what it holds.
    placeholder: f64,
    last: usize,
    started: bool,
    insufficient: Insufficient,
}

impl BolaE {
    /// For a buffer of `capacity` ms.
    #[must_use]
    pub fn new(film: &Film, capacity: f64) -> Self {
        let mut score = Score::new(film, 1.0);
        let room = capacity.max(MINIMUM + PER_LEVEL * film.rates.len() as f64);
        score.gamma = (score.utilities[film.top()] - 1.0) / (room / MINIMUM - 1.0);
        score.v = MINIMUM / score.gamma;
        Self { score, placeholder: 0.0, last: 0, started: false, insufficient: Insufficient::default() }
    }

    /// Milliseconds from which `level` is preferred to every lower one.
    fn least(&self, film: &Film, level: usize) -> f64 {
        let u = &self.score.utilities;
        let (rate, utility) = (film.rates[level], u[level]);
        let from = |lower: usize| {
            let low = film.rates[lower];
            self.score.v * (self.score.gamma + (rate * u[lower] - low * utility) / (rate - low))
        };
        (0..level).map(from).fold(0.0, f64::max)
    }
}

impl Rule for BolaE {
    fn choose(&mut self, view: &View<'_>) -> Choice {
        let film = view.film;
        let carried = film.sustained(view.estimate.rate(), view.estimate.latency());
        if !self.started {
            self.started = true;
            self.placeholder = (self.least(film, carried) - view.buffer).max(0.0);
            return Choice::now(carried);
        }
        let mut level = self.score.best(film, view.buffer + self.placeholder);
        if level > self.last && level > carried {
            level = self.last.max(carried);
        }
        let excess = (view.buffer + self.placeholder - self.score.most(level)).max(0.0);
        let spent = excess.min(self.placeholder);
        self.placeholder -= spent;
        let mut choice = Choice { level, delay: if level == film.top() { 0.0 } else { excess - spent } };
        let safe = self.insufficient.limit(view, level);
        if safe < level {
            choice = Choice::now(safe);
            self.placeholder = self.placeholder.min((self.least(film, safe) - view.buffer).max(0.0));
        }
        choice
    }

    fn waited(&mut self, time: f64) {
        self.placeholder += time;
    }

    fn downloaded(&mut self, view: &View<'_>, download: &Download) {
        self.last = download.level;
        if download.abandoned {
            // Something went wrong: back to what the lower level needs.
            self.placeholder = self.placeholder.min((MINIMUM - view.buffer).max(0.0));
            return;
        }
        let was = view.buffer + download.time;
        self.placeholder = self.placeholder.min((self.score.most(download.level) - was).max(0.0));
        if view.buffer > 0.0 {
            self.placeholder = self.placeholder.max(self.least(view.film, download.level) - was);
        }
    }

    fn abandon(&mut self, view: &View<'_>, progress: &Progress) -> Option<usize> {
        let left = progress.size - progress.bits;
        if progress.bits <= 0.0 || left <= 0.0 {
            return None;
        }
        // Asking anew costs a latency, in which the download under way would go on.
        let buffer = (view.buffer + self.placeholder - progress.latency).max(0.0);
        let rate = progress.bits / (progress.time - progress.latency);
        let left = left - progress.latency * rate;
        if left <= 0.0 {
            return None;
        }
        let mut best = self.score.of(progress.level, buffer, left);
        let mut to = None;
        for level in 0..progress.level {
            let size = progress.size * view.film.rates[level] / view.film.rates[progress.level];
            let score = self.score.of(level, buffer, size);
            if size < left && score > best {
                (best, to) = (score, Some(level));
            }
        }
        to
    }
}

/// Milliseconds of buffer at which quality begins to matter.
const MINIMUM: f64 = 10_000.0;
/// Milliseconds of buffer for each level.
const PER_LEVEL: f64 = 2000.0;
