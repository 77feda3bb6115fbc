//! How far behind its live edge a broadcast plays, and the rate that keeps it there.
//!
//! | | slower than 1 | faster than 1 |
//! | --- | --- | --- |
//! | by itself | nearer than three quarters of the usual delay, as at the start of a broadcast | never |
//! | with a target | nearer than the target | farther, but no farther than a viewer who stays live |
//!
//! Browsers keep the pitch, so a rate within [`STEP`] is not heard. It is changed at most twice for one correction.

use super::command::Command;
use super::live::LIVE_DELAY;
use super::notice::Notice;
use super::session::Session;
use super::time::Bound;

impl Session {
    /// Seconds behind the live edge, as it moves with the clock between two chunks; `None` on demand.
    pub(super) fn latency(&self) -> Option<f64> {
        self.live.as_ref()?;
        let mut edge = f64::INFINITY;
        for (track, stream) in self.media().filter(|(track, _)| track.stale == 0.0) {
            let newest = stream.place(stream.newest()?, self.zero);
            let whole = self.edge_of(track, stream, newest);
            let since = self.now - newest.0 - stream.offset.unwrap_or(0.0) - (whole - newest.1);
            edge = edge.at_most(whole + since.at_least(0.0).at_most(stream.chunk_seconds()));
        }
        Some((edge - self.element.playhead()).at_least(0.0)).filter(|latency| latency.is_finite())
    }

    /// Seconds behind the newest chunk at which a broadcast is joined.
    pub(super) fn delay(&self) -> f64 {
        let usual = || self.settings.live_delay.unwrap_or_else(|| self.fragment() * LIVE_DELAY);
        self.target_latency().unwrap_or_else(usual)
    }

    /// The latency that is asked for. Nearer than this there is nothing to play between two chunks; and each
    /// stall says that it was too near.
    fn target_latency(&self) -> Option<f64> {
        let (target, fragment) = (self.settings.target_latency?, self.fragment());
        let stalls = self.live.as_ref().map_or(0.0, |live| live.stalls * 0.5);
        Some(target.at_least(fragment * NEAREST) + stalls.at_most(fragment))
    }

    /// Sets the rate of playback, if it is to change.
    pub(super) fn steer(&mut self) {
        let rate = self.element.rate;
        if rate != 1.0 && rate != self.rate {
            // The viewer's own.
            self.rate = 1.0;
            return;
        }
        let wanted = self.wanted_rate();
        if wanted != self.rate {
            self.rate = wanted;
            self.out.push(Command::SetRate(wanted));
            let latency = self.latency().unwrap_or(0.0);
            self.out.notify(Notice::RateControl { rate: wanted, latency });
        }
    }

    fn wanted_rate(&self) -> f64 {
        let element = &self.element;
        let Some(latency) = self.latency() else { return 1.0 };
        if element.paused || element.seeking || element.target.is_some() || element.ready < 3 {
            return self.rate;
        }
        let target = self.target_latency();
        let least = target.unwrap_or_else(|| self.delay() * 0.75);
        let most = target.unwrap_or(f64::INFINITY);
        // Once at it, until it is reached.
        let slack = |at_it: bool| if at_it { 0.0 } else { SLACK };
        if latency < least - slack(self.rate < 1.0) {
            1.0 - STEP
        } else if latency > most + slack(self.rate > 1.0) && latency < most + STILL_LIVE {
            1.0 + STEP
        } else {
            1.0
        }
    }
}

/// By so much playback is faster or slower.
const STEP: f64 = 0.05;
/// Seconds beside the target that are left alone.
const SLACK: f64 = 0.5;
/// Who is farther behind than by so many seconds wants to be there.
const STILL_LIVE: f64 = 10.0;
/// Fragments behind the edge at least.
const NEAREST: f64 = 1.5;
