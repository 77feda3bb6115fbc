//! Bandwidth traces: what a network carried, moment by moment.

use crate::synthetic;

/// A stretch of time in which nothing changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Period {
    /// In milliseconds.
    pub duration: f64,
    /// In kbit/s; may be 0.
    pub rate: f64,
    /// Milliseconds from a request to its first bit.
    pub latency: f64,
}

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// As in its family's file.
    pub name: String,
    /// One after the other, and again from the start.
    pub periods: Vec<Period>,
}

/// Traces of the same kind.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Short name.
    pub name: &'static str,
    source: Source,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Measured(&'static str),
    Made(fn() -> Vec<Trace>),
}

/// 3G in Norway, from moving vehicles (Riiser et al.).
pub const HSDPA_3G: Family = Family::measured("3G", include_str!("../traces/hsdpa-3g.txt"));
/// 4G in Ghent (van der Hooft et al.).
pub const BELGIUM_4G: Family = Family::measured("4G", include_str!("../traces/belgium-4g.txt"));
/// Fixed lines in the USA (FCC), those that carry standard definition.
pub const FCC_SD: Family = Family::measured("FCC SD", include_str!("../traces/fcc-sd.txt"));
/// Fixed lines in the USA (FCC), those that carry high definition.
pub const FCC_HD: Family = Family::measured("FCC HD", include_str!("../traces/fcc-hd.txt"));
/// See [`synthetic`].
pub const SYNTHETIC: [Family; 6] = [
    Family::made("steps", synthetic::steps),
    Family::made("sawtooth", synthetic::sawtooth),
    Family::made("on and off", synthetic::on_off),
    Family::made("lossy Wi-Fi", synthetic::wifi),
    Family::made("hand-over", synthetic::hand_over),
    Family::made("constant", synthetic::constant),
];

impl Family {
    const fn measured(name: &'static str, text: &'static str) -> Self {
        Self { name, source: Source::Measured(text) }
    }

    const fn made(name: &'static str, make: fn() -> Vec<Trace>) -> Self {
        Self { name, source: Source::Made(make) }
    }

    /// Its traces, in the order of their names.
    #[must_use]
    pub fn traces(&self) -> Vec<Trace> {
        match self.source {
            Source::Measured(text) => read(text),
            Source::Made(make) => make(),
        }
    }
}

/// Reads traces: `# name`, then a line `duration rate [latency]` for each period, the latency where it
/// changes.
///
/// # Panics
///
/// On anything else.
#[must_use]
pub fn read(text: &str) -> Vec<Trace> {
    let mut traces: Vec<Trace> = Vec::new();
    let mut latency = 0.0;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("# ") {
            traces.push(Trace { name: name.to_owned(), periods: Vec::new() });
            continue;
        }
        let mut numbers = line.split(' ').map(|n| n.parse::<f64>().unwrap());
        let (duration, rate) = (numbers.next().unwrap(), numbers.next().unwrap());
        latency = numbers.next().unwrap_or(latency);
        traces.last_mut().unwrap().periods.push(Period { duration, rate, latency });
    }
    traces
}

impl Trace {
    /// One rate for ever.
    #[must_use]
    pub fn constant(rate: f64, latency: f64) -> Self {
        Self::steps("constant", latency, &[(1e6, rate)])
    }

    /// Stretches of `(milliseconds, kbit/s)`.
    #[must_use]
    pub fn steps(name: &str, latency: f64, steps: &[(f64, f64)]) -> Self {
        let period = |&(duration, rate): &(f64, f64)| Period { duration, rate, latency };
        Self { name: name.to_owned(), periods: steps.iter().map(period).collect() }
    }

    /// Mean rate in kbit/s.
    #[must_use]
    pub fn mean(&self) -> f64 {
        let bits: f64 = self.periods.iter().map(|p| p.duration * p.rate).sum();
        bits / self.periods.iter().map(|p| p.duration).sum::<f64>()
    }
}

/// A trace added up, to ask it about any moment.
#[derive(Clone, Debug)]
pub struct Sum {
    /// Milliseconds and bits from the start to the start of each period, and to the end of the last.
    steps: Vec<(f64, f64)>,
    latency: f64,
}

impl Sum {
    /// Of `trace`, whose latency is taken for constant.
    #[must_use]
    pub fn of(trace: &Trace) -> Self {
        let mut steps = vec![(0.0, 0.0)];
        for period in &trace.periods {
            let (time, bits) = steps[steps.len() - 1];
            steps.push((time + period.duration, bits + period.duration * period.rate));
        }
        Self { steps, latency: trace.periods[0].latency }
    }

    /// When `bits` that are asked for at `time` have arrived, in milliseconds.
    #[must_use]
    pub fn arrival(&self, time: f64, bits: f64) -> f64 {
        let (round, all) = self.steps[self.steps.len() - 1];
        let begin = time + self.latency;
        let rounds = (begin / round).floor();
        let goal = rounds * all + self.bits(begin - rounds * round) + bits;
        let rounds = ((goal / all).ceil() - 1.0).max(0.0);
        rounds * round + self.time(goal - rounds * all)
    }

    fn bits(&self, time: f64) -> f64 {
        let next = self.steps.partition_point(|step| step.0 <= time).clamp(1, self.steps.len() - 1);
        let ((t0, b0), (t1, b1)) = (self.steps[next - 1], self.steps[next]);
        b0 + (time - t0) / (t1 - t0) * (b1 - b0)
    }

    fn time(&self, bits: f64) -> f64 {
        let next = self.steps.partition_point(|step| step.1 < bits).clamp(1, self.steps.len() - 1);
        let ((t0, b0), (t1, b1)) = (self.steps[next - 1], self.steps[next]);
        t0 + (bits - b0) / (b1 - b0) * (t1 - t0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_families_are_whole() {
        let counts = [HSDPA_3G, BELGIUM_4G, FCC_SD, FCC_HD].map(|f| f.traces().len());
        assert_eq!(counts, [43, 20, 50, 50]);
        for family in [HSDPA_3G, BELGIUM_4G, FCC_SD, FCC_HD] {
            for trace in family.traces() {
                assert!(trace.periods.iter().all(|p| p.duration > 0.0 && p.rate >= 0.0 && p.latency > 0.0));
                assert!(trace.mean() > 0.0, "{} carries nothing", trace.name);
            }
        }
    }

    #[test]
    fn a_sum_tells_what_a_link_does() {
        for trace in HSDPA_3G.traces().iter().take(5) {
            let (sum, mut link) = (Sum::of(trace), crate::Link::new(trace));
            for bits in [5e5, 3e6, 2e5, 4e7, 1e6, 9e6] {
                let asked = link.now();
                link.first_bit();
                link.carry(bits);
                assert!((sum.arrival(asked, bits) - link.now()).abs() < 1.0, "{}", trace.name);
            }
        }
    }
}
