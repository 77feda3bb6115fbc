//! RobustMPC: the best plan for the next five segments under a cautious forecast (Yin et al., SIGCOMM
//! 2015). The forecast is the harmonic mean of the last five downloads over one plus its largest error.

use super::{Choice, Download, Rule, View};

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct RobustMpc {
    last: usize,
    forecast: Option<f64>,
    errors: Vec<f64>,
}

impl Rule for RobustMpc {
    fn choose(&mut self, view: &View<'_>) -> Choice {
        let latest = view.estimate.latest.iter().rev().take(WINDOW);
        let count = latest.len() as f64;
        let mean = count / latest.map(|rate| 1.0 / rate).sum::<f64>();
        let error = self.errors.iter().rev().take(WINDOW).copied().fold(0.0, f64::max);
        self.forecast = Some(mean);
        let plan = Plan { view, rate: mean / (1.0 + error), latency: view.estimate.latency() };
        let end = (view.segment + WINDOW).min(view.film.len());
        let (_, level) = plan.best(view.segment, end, view.buffer, self.last);
        self.last = level;
        Choice::now(level)
    }

    fn downloaded(&mut self, _view: &View<'_>, download: &Download) {
        let rate = download.bits / (download.time - download.latency);
        if let Some(forecast) = self.forecast {
            self.errors.push((forecast - rate).abs() / rate);
        }
    }
}

struct Plan<'a> {
    view: &'a View<'a>,
    rate: f64,
    latency: f64,
}

impl Plan<'_> {
    /// Value of the best plan from `segment` to `end`, and its first level.
    fn best(&self, segment: usize, end: usize, buffer: f64, last: usize) -> (f64, usize) {
        if segment == end {
            return (0.0, last);
        }
        let film = self.view.film;
        let mut best = (f64::NEG_INFINITY, 0);
        for level in 0..film.rates.len() {
            let time = self.latency + film.sizes[segment][level] / self.rate;
            let stalled = (time - buffer).max(0.0);
            let after = ((buffer - time).max(0.0) + film.segment).min(self.view.capacity);
            let change = (film.rates[level] - film.rates[last]).abs();
            let value = film.rates[level] / 1000.0 - 4.3 * stalled / 1000.0 - change / 1000.0;
            let value = value + self.best(segment + 1, end, after, level).0;
            if value > best.0 {
                best = (value, level);
            }
        }
        best
    }
}

/// Segments to look back, and ahead.
const WINDOW: usize = 5;
