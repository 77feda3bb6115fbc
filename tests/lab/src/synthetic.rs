//! Networks that were made up, each for one habit of real ones. No constant of our rule was ever chosen by them.
//!
//! A trace is a pure function of its family and number: a generator of random numbers with a written-down seed.

use crate::trace::{Period, Trace};

/// Traces of a family.
const COUNT: usize = 20;
/// Milliseconds of a trace.
const LONG: f64 = 300_000.0;

/// A rate that holds for 15 to 45 s, then another.
#[must_use]
pub fn steps() -> Vec<Trace> {
    family("steps", |dice, trace| trace.add(dice.between(15_000.0, 45_000.0), dice.rate(), 50.0))
}

/// Rates that climb for 10 to 40 s, fall at once, and climb again.
#[must_use]
pub fn sawtooth() -> Vec<Trace> {
    family("sawtooth", |dice, trace| {
        let (low, high) = (dice.between(300.0, 800.0), dice.between(2500.0, 8000.0));
        let teeth = (dice.between(10.0, 40.0)) as u32;
        for tooth in 0..teeth {
            trace.add(1000.0, low + (high - low) * f64::from(tooth) / f64::from(teeth), 50.0);
        }
    })
}

/// A good link with tunnels: nothing at all for 2 to 6 s.
#[must_use]
pub fn on_off() -> Vec<Trace> {
    family("on and off", |dice, trace| {
        trace.add(dice.between(10_000.0, 30_000.0), dice.between(2000.0, 8000.0), 60.0);
        trace.add(dice.between(2000.0, 6000.0), 0.0, 60.0);
    })
}

/// Wi-Fi at the edge of its reach: the rate is another every 200 ms, bursts of loss take most of it for up to 2 s,
/// and answers come late then.
#[must_use]
pub fn wifi() -> Vec<Trace> {
    family("lossy Wi-Fi", |dice, trace| {
        let mean = dice.between(1500.0, 5000.0);
        for _ in 0..(dice.between(20.0, 60.0)) as u32 {
            trace.add(200.0, mean * dice.between(0.4, 1.6), dice.between(5.0, 40.0));
        }
        trace.add(dice.between(300.0, 2000.0), mean * dice.between(0.02, 0.15), dice.between(100.0, 300.0));
    })
}

/// From cell to cell: a second or two of silence, then a connection that begins slowly, at the rate of the new cell.
#[must_use]
pub fn hand_over() -> Vec<Trace> {
    family("hand-over", |dice, trace| {
        let rate = dice.rate();
        trace.add(dice.between(500.0, 2000.0), 0.0, 80.0);
        // A window of ten packets doubles with each round trip until it fills the link.
        let mut slow = 10.0 * 1500.0 * 8.0 / 80.0;
        while slow < rate {
            trace.add(80.0, slow, 80.0);
            slow *= 2.0;
        }
        trace.add(dice.between(15_000.0, 50_000.0), rate, 80.0);
    })
}

/// One rate for ever: a tenth above each level of the standard film, and in the middle between two.
#[must_use]
pub fn constant() -> Vec<Trace> {
    let rates = crate::Film::standard().rates;
    let above = rates.iter().map(|rate| rate * 1.1);
    let between = rates.windows(2).map(|pair| f64::midpoint(pair[0], pair[1]));
    let trace = |rate: f64| Trace { name: format!("{rate:.0}"), ..Trace::constant(rate, 50.0) };
    above.chain(between).map(trace).collect()
}

fn family(name: &str, more: impl Fn(&mut Dice, &mut Trace)) -> Vec<Trace> {
    let trace = |number: usize| {
        let mut dice = Dice(fastrand::Rng::with_seed(number as u64 * 7919 + name.len() as u64));
        let mut trace = Trace { name: format!("{name} {number}"), periods: Vec::new() };
        while trace.periods.iter().map(|p| p.duration).sum::<f64>() < LONG {
            more(&mut dice, &mut trace);
        }
        trace
    };
    (0..COUNT).map(trace).collect()
}

struct Dice(fastrand::Rng);

impl Dice {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.0.f64() * (high - low)
    }

    /// From 400 kbit/s to 8 Mbit/s, each doubling as likely as the other.
    fn rate(&mut self) -> f64 {
        400.0 * 20.0_f64.powf(self.0.f64())
    }
}

impl Trace {
    fn add(&mut self, duration: f64, rate: f64, latency: f64) {
        self.periods.push(Period { duration, rate, latency });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_the_same_every_time() {
        for make in [steps, sawtooth, on_off, wifi, hand_over] {
            let traces = make();
            assert_eq!(traces.len(), COUNT);
            assert_eq!(traces, make());
            assert!(traces.windows(2).all(|pair| pair[0].periods != pair[1].periods), "each is another");
            assert!(traces.iter().all(|t| t.mean() > 300.0));
        }
        assert_eq!(constant().len(), 19);
    }
}
