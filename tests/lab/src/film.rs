//! Films: the sizes of real segments at every level.

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Film {
    /// Milliseconds of a segment.
    pub segment: f64,
    /// Kbit/s of each level, lowest first.
    pub rates: Vec<f64>,
    /// Bits of each segment at each level.
    pub sizes: Vec<Vec<f64>>,
}

impl Film {
    /// A film in ten levels from 230 to 6000 kbit/s.
    #[must_use]
    pub fn standard() -> Self {
        Self::read(include_str!("../traces/bbb.txt"))
    }

    /// The same in six levels from 1 to 35 Mbit/s.
    #[must_use]
    pub fn high() -> Self {
        Self::read(include_str!("../traces/bbb4k.txt"))
    }

    /// A film of `segments` segments whose size is exactly that of their level's rate.
    #[must_use]
    pub fn constant(segment: f64, rates: &[f64], segments: usize) -> Self {
        let sizes = rates.iter().map(|rate| rate * segment).collect();
        Self { segment, rates: rates.to_vec(), sizes: vec![sizes; segments] }
    }

    /// `# segment_ms N`, `# kbps N …`, then a line of bits for each segment.
    fn read(text: &str) -> Self {
        let numbers = |line: &str| line.split(' ').map(|n| n.parse().unwrap()).collect::<Vec<f64>>();
        let mut lines = text.lines();
        let mut field = |name: &str| lines.next().and_then(|l| l.strip_prefix(name)).map(numbers).unwrap();
        let segment = field("# segment_ms ");
        let rates = field("# kbps ");
        Self { segment: segment[0], rates, sizes: lines.map(numbers).collect() }
    }

    /// The same film cut, or begun again, to last `seconds`.
    #[must_use]
    pub fn lasting(mut self, seconds: f64) -> Self {
        let count = (seconds * 1000.0 / self.segment).ceil() as usize;
        self.sizes = self.sizes.iter().cycle().take(count).cloned().collect();
        self
    }

    /// How many segments there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.sizes.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// Index of the highest level.
    #[must_use]
    pub const fn top(&self) -> usize {
        self.rates.len().saturating_sub(1)
    }

    /// The highest level whose segments arrive, first bit and all, before they have played at `rate`
    /// kbit/s and `latency` ms.
    #[must_use]
    pub fn sustained(&self, rate: f64, latency: f64) -> usize {
        let fits = |level: &usize| latency + self.segment * self.rates[*level] / rate <= self.segment;
        (1..self.rates.len()).take_while(fits).last().unwrap_or(0)
    }
}
