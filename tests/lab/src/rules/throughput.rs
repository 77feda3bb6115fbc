//! Nine tenths of what the network carried, the rule of dash.js.

use super::{Choice, Insufficient, Progress, Rule, View};

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Throughput {
    insufficient: Insufficient,
}

impl Rule for Throughput {
    fn choose(&mut self, view: &View<'_>) -> Choice {
        let level = view.film.sustained(view.estimate.rate() * SAFETY, view.estimate.latency());
        Choice::now(self.insufficient.limit(view, level))
    }

    fn abandon(&mut self, view: &View<'_>, progress: &Progress) -> Option<usize> {
        let receiving = progress.time - progress.latency;
        if progress.time < 500.0 || receiving <= 0.0 {
            return None;
        }
        let rate = progress.bits / receiving;
        let left = progress.size - progress.bits;
        if progress.time + left / rate <= 1.8 * view.film.segment {
            return None;
        }
        let level = view.film.sustained(rate * SAFETY, view.estimate.latency());
        let size = progress.size * view.film.rates[level] / view.film.rates[progress.level];
        (level < progress.level && size < left).then_some(level)
    }
}

const SAFETY: f64 = 0.9;
