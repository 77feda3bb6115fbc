//! BBA: the buffer alone decides, by a straight line from the lowest level to the highest (Huang et al.,
//! SIGCOMM 2014, BBA-0), with its rule against flapping.

use super::{Choice, Rule, View};

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bba {
    last: usize,
}

impl Rule for Bba {
    fn choose(&mut self, view: &View<'_>) -> Choice {
        let rates = &view.film.rates;
        let (lowest, highest) = (rates[0], rates[view.film.top()]);
        // Reservoir and top in the proportions of the publication (90 s and 216 s of 240 s).
        let (reservoir, full) = (view.capacity * 0.375, view.capacity * 0.9);
        let share = ((view.buffer - reservoir) / (full - reservoir)).clamp(0.0, 1.0);
        let allowed = lowest + share * (highest - lowest);
        let last = self.last;
        let up = rates.get(last + 1).copied().unwrap_or(highest);
        let down = if last > 0 { rates[last - 1] } else { lowest };
        self.last = if share >= 1.0 {
            view.film.top()
        } else if share <= 0.0 {
            0
        } else if allowed >= up {
            rates.iter().rposition(|&rate| rate <= allowed).unwrap_or(0)
        } else if allowed <= down {
            rates.iter().position(|&rate| rate >= allowed).unwrap_or(last)
        } else {
            last
        };
        Choice::now(self.last)
    }
}
