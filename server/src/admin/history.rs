//! The last two minutes of every publishing point, for the small curves of the page: who opens it sees at
//! once how things went.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::archive::TrackId;
use crate::publishing_point::PublishingPoint;
use crate::publishing_point::registry::Registry;
use crate::publishing_point::state::State;

/// Between two samples.
pub const PERIOD: Duration = Duration::from_secs(2);

/// Samples that are kept: two minutes.
const LENGTH: usize = 60;

/// The curves of all points that run, by path.
#[derive(Debug, Default)]
pub struct History {
    points: Mutex<HashMap<String, PointHistory>>,
}

/// The curves of one point.
#[derive(Clone, Debug, Default)]
pub struct PointHistory {
    /// Bits a second over all tracks.
    pub incoming: Curve,
    /// Requests a second over all outputs.
    pub requests: Curve,
    /// By number of the track.
    pub tracks: BTreeMap<TrackId, TrackHistory>,
}

/// The curves of one track.
#[derive(Clone, Debug, Default)]
pub struct TrackHistory {
    /// Bits a second.
    pub incoming: Curve,
    /// Requests a second.
    pub requests: Curve,
}

/// The latest values, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Curve(VecDeque<f64>);

impl Curve {
    fn push(&mut self, value: f64) {
        if self.0.len() == LENGTH {
            self.0.pop_front();
        }
        self.0.push_back(value);
    }

    /// Whole numbers.
    #[must_use]
    pub fn values(&self) -> Vec<u64> {
        self.0.iter().map(|&v| v as u64).collect()
    }

    /// With one digit after the point.
    #[must_use]
    pub fn rates(&self) -> Vec<f64> {
        self.0.iter().map(|v| (v * 10.0).round() / 10.0).collect()
    }
}

impl History {
    /// The curves of the point at `path`; empty ones if it does not run.
    #[must_use]
    pub fn of(&self, path: &str) -> PointHistory {
        self.points.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned().unwrap_or_default()
    }

    /// Takes a sample every [`PERIOD`], for ever.
    pub async fn follow(&self, registry: &Registry) {
        let mut period = tokio::time::interval(PERIOD);
        period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            period.tick().await;
            self.sample(&registry.running());
        }
    }

    /// Takes one sample of `running`, and forgets what does not run any more.
    pub fn sample(&self, running: &[Arc<PublishingPoint>]) {
        let mut points = self.points.lock().unwrap_or_else(PoisonError::into_inner);
        points.retain(|path, _| running.iter().any(|p| p.path() == path));
        for point in running {
            points.entry(point.path().to_owned()).or_default().sample(point);
        }
    }
}

impl PointHistory {
    fn sample(&mut self, point: &PublishingPoint) {
        let now = point.statistics();
        if now.state == State::Starting {
            *self = Self::default();
        }
        self.incoming.push(now.incoming_bitrate() as f64);
        self.requests.push(now.sinks.iter().map(|s| s.request_rate).sum());
        let mut tracks: BTreeMap<TrackId, (f64, f64)> = BTreeMap::new();
        for track in now.streams.iter().flat_map(|s| &s.tracks) {
            let entry = tracks.entry(track.id).or_default();
            entry.0 += track.incoming_bitrate as f64;
            // Every push stream that brings the track tells the same.
            entry.1 = track.request_rate;
        }
        self.tracks.retain(|id, _| tracks.contains_key(id));
        for (id, (incoming, requests)) in tracks {
            let curves = self.tracks.entry(id).or_default();
            curves.incoming.push(incoming);
            curves.requests.push(requests);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_keeps_its_latest_values() {
        let mut curve = Curve::default();
        (0..100).for_each(|n| curve.push(f64::from(n) + 0.26));
        assert_eq!(curve.values(), (40..100).collect::<Vec<_>>());
        assert_eq!(curve.rates()[0], 40.3);
    }
}
