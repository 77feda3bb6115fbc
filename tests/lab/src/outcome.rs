//! What a viewer got, in figures.

/// One session in figures.
///
/// Averages are over the time that the viewer sat there, stalls and start included, per stretch of one
/// segment. With `r` the played rate in Mbit/s:
///
/// ```text
/// QoE_lin = mean(r) - 4.3 · stalled seconds per segment - mean |change of r|
/// QoE_log = mean(ln(r / r_lowest)) - 2.66 · stalled seconds per segment - mean |change of ln r|
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Mean rate of what was played, in kbit/s.
    pub rate: f64,
    /// Part of the time in which playback stood still after it had begun, 0 to 1.
    pub stalled: f64,
    /// How often it stood still.
    pub stalls: f64,
    /// Mean change of the rate from one segment to the next, in kbit/s.
    pub change: f64,
    /// How often the rate changed.
    pub switches: f64,
    /// Milliseconds from the request to the first picture.
    pub start: f64,
    /// See the type.
    pub qoe_lin: f64,
    /// See the type.
    pub qoe_log: f64,
}

/// Collects what is played.
#[derive(Clone, Debug)]
pub struct Account {
    segment: f64,
    lowest: f64,
    last: Option<f64>,
    sum: f64,
    sum_log: f64,
    change: f64,
    change_log: f64,
    switches: f64,
    stalled: f64,
    stalls: f64,
    time: f64,
    start: f64,
}

impl Account {
    /// For segments of `segment` ms, the lowest level having `lowest` kbit/s.
    #[must_use]
    pub const fn new(segment: f64, lowest: f64) -> Self {
        Self {
            segment,
            lowest,
            last: None,
            sum: 0.0,
            sum_log: 0.0,
            change: 0.0,
            change_log: 0.0,
            switches: 0.0,
            stalled: 0.0,
            stalls: 0.0,
            time: 0.0,
            start: 0.0,
        }
    }

    /// It took `time` ms until playback began.
    pub fn started(&mut self, time: f64) {
        self.start = time;
        self.time += time;
    }

    /// A segment of `rate` kbit/s begins to play.
    pub fn plays(&mut self, rate: f64) {
        self.sum += rate;
        self.sum_log += (rate / self.lowest).ln();
        if let Some(last) = self.last.replace(rate)
            && last != rate
        {
            self.change += (rate - last).abs();
            self.change_log += (rate / last).ln().abs();
            self.switches += 1.0;
        }
    }

    /// `time` ms of it played.
    pub fn played(&mut self, time: f64) {
        self.time += time;
    }

    /// Nothing to play for `time` ms; `begins` if it played before.
    pub fn stood(&mut self, time: f64, begins: bool) {
        self.time += time;
        self.stalled += time;
        self.stalls += f64::from(u8::from(begins));
    }

    /// The figures.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let share = self.segment / self.time;
        let stalled = self.stalled / 1000.0 * share;
        let (rate, change) = (self.sum * share, self.change * share);
        Outcome {
            rate,
            stalled: self.stalled / self.time,
            stalls: self.stalls,
            change,
            switches: self.switches,
            start: self.start,
            qoe_lin: rate / 1000.0 - 4.3 * stalled - change / 1000.0,
            qoe_log: self.sum_log * share - 2.66 * stalled - self.change_log * share,
        }
    }
}

impl Outcome {
    /// The mean of each figure.
    #[must_use]
    pub fn mean(all: &[Self]) -> Self {
        let mean = |figure: fn(&Self) -> f64| all.iter().map(figure).sum::<f64>() / all.len() as f64;
        Self {
            rate: mean(|o| o.rate),
            stalled: mean(|o| o.stalled),
            stalls: mean(|o| o.stalls),
            change: mean(|o| o.change),
            switches: mean(|o| o.switches),
            start: mean(|o| o.start),
            qoe_lin: mean(|o| o.qoe_lin),
            qoe_log: mean(|o| o.qoe_log),
        }
    }
}
