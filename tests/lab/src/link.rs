//! A link that carries one request at a time, as its trace says.

use crate::trace::{Period, Trace};

/// See the module.
#[derive(Clone, Debug)]
pub struct Link<'a> {
    trace: &'a Trace,
    index: usize,
    /// Milliseconds left of the period.
    left: f64,
    /// Milliseconds since the start.
    now: f64,
}

impl<'a> Link<'a> {
    /// At the start of `trace`.
    #[must_use]
    pub fn new(trace: &'a Trace) -> Self {
        Self { trace, index: 0, left: trace.periods[0].duration, now: 0.0 }
    }

    /// Milliseconds since the start.
    #[must_use]
    pub const fn now(&self) -> f64 {
        self.now
    }

    /// What holds now.
    #[must_use]
    pub fn period(&self) -> Period {
        self.trace.periods[self.index]
    }

    /// Nothing is asked for, for `time` ms.
    pub fn wait(&mut self, mut time: f64) {
        while time > self.left {
            time -= self.left;
            self.next_period();
        }
        self.pass(time);
    }

    /// From a request to its first bit. Returns how long it took.
    pub fn first_bit(&mut self) -> f64 {
        let begin = self.now;
        // A latency that changes on the way counts for the part of the way that is left.
        let mut share = 1.0;
        while share > 0.0 {
            let time = share * self.period().latency;
            if time <= self.left {
                self.pass(time);
                break;
            }
            share -= self.left / self.period().latency;
            self.next_period();
        }
        self.now - begin
    }

    /// Carries all of `bits`. Returns how long it took.
    pub fn carry(&mut self, bits: f64) -> f64 {
        self.carry_some(bits, f64::INFINITY, 0.0).1
    }

    /// Carries `bits`, or the first of them: at least `least` bits and for at least `time` ms. Returns how
    /// many, and how long it took.
    pub fn carry_some(&mut self, bits: f64, least: f64, time: f64) -> (f64, f64) {
        let begin = self.now;
        let mut carried = 0.0;
        loop {
            let rate = self.period().rate;
            let wanted = (least - carried).max((time - (self.now - begin)) * rate);
            let goal = wanted.min(bits - carried);
            let enough = carried >= least && self.now - begin >= time;
            if enough || bits - carried <= 0.0 {
                return (carried, self.now - begin);
            }
            if rate > 0.0 && goal <= self.left * rate {
                self.pass(goal / rate);
                return (carried + goal, self.now - begin);
            }
            if rate <= 0.0 && carried >= least && time - (self.now - begin) <= self.left {
                self.pass(time - (self.now - begin));
                return (carried, self.now - begin);
            }
            carried += self.left * rate;
            self.next_period();
        }
    }

    /// Carries bits for `time` ms, or until `bits` of them have passed. Returns how many.
    pub fn carry_for(&mut self, bits: f64, mut time: f64) -> f64 {
        let mut carried = 0.0;
        loop {
            let rate = self.period().rate;
            let stretch = time.min(self.left);
            if rate > 0.0 && bits - carried <= stretch * rate {
                self.pass((bits - carried) / rate);
                return bits;
            }
            carried += stretch * rate;
            if time <= self.left {
                self.pass(time);
                return carried;
            }
            time -= self.left;
            self.next_period();
        }
    }

    fn pass(&mut self, time: f64) {
        self.left -= time;
        self.now += time;
    }

    fn next_period(&mut self) {
        self.now += self.left;
        self.index = (self.index + 1) % self.trace.periods.len();
        self.left = self.period().duration;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_flow_at_the_rate_of_the_moment() {
        let trace = Trace::steps("t", 100.0, &[(1000.0, 10.0), (500.0, 0.0), (1000.0, 20.0)]);
        let mut link = Link::new(&trace);
        assert_eq!(link.first_bit(), 100.0);
        assert_eq!(link.carry(9000.0), 900.0);
        assert_eq!(link.carry(10.0), 500.5);
        assert_eq!(link.carry_some(1e9, 100.0, 50.0), (1000.0, 50.0));
        link.wait(949.5);
        assert_eq!(link.now(), 2500.0);
        assert_eq!(link.period().rate, 20.0);
        link.wait(0.5);
        assert_eq!(link.period().rate, 10.0, "it begins again");
    }

    #[test]
    fn progress_is_told_of_silence_too() {
        let trace = Trace::steps("t", 100.0, &[(1000.0, 0.0), (1000.0, 1.0)]);
        let mut link = Link::new(&trace);
        assert_eq!(link.carry_some(1000.0, 0.0, 50.0), (0.0, 50.0));
        assert_eq!(link.carry_some(1000.0, 100.0, 50.0), (100.0, 1050.0));
    }
}
