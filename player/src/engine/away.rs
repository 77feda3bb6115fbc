//! Back after a while: the network was gone, or the machine slept, or the browser let the page sleep.
//!
//! Nothing is asked for that plays already: playback goes on where it stood, as long as that is in the window.

use super::command::Command;
use super::notice::Code;
use super::session::{Phase, Session};

impl Session {
    /// The engine did not run for so many `seconds`.
    pub(super) fn was_away(&mut self, seconds: f64) {
        if seconds >= ASLEEP && self.phase == Phase::Playing {
            // What is known of the edge is old, and what was measured counts the sleep.
            for stream in &mut self.streams {
                stream.offset = None;
            }
            self.meter.forget();
            self.ask_again();
            self.want_reload();
        }
    }

    /// The browser says that it is on the network again.
    pub(super) fn online(&mut self) {
        let unreachable = self.loader.code == Some(Code::ManifestUnreachable);
        if self.phase == Phase::Over && self.tracks.is_empty() && unreachable {
            self.phase = Phase::Loading;
        }
        self.ask_again();
    }

    /// Whatever is under way may wait for a connection that is dead, and whatever failed may succeed now.
    fn ask_again(&mut self) {
        if matches!(self.phase, Phase::Idle | Phase::Over) {
            return;
        }
        for i in 0..self.tracks.len() {
            self.cancel(i);
            if let Some(track) = self.tracks.get_mut(i) {
                track.retry_at = 0.0;
                track.failures = 0;
            }
        }
        let request = self.loader.request.take();
        if request.is_some() || self.loader.retry_at.is_some() || self.phase == Phase::Loading {
            self.loader.failures = 0;
            self.loader.retry_at = Some(self.now);
        }
        if let Some(request) = request {
            self.out.push(Command::Abort { request });
        }
    }
}

/// Seconds without an event that are no coincidence: the state of the element is told every second.
const ASLEEP: f64 = 5.0;
