//! What was decided, with its reason.

use smooth::manifest::Kind;

use super::command::RequestId;
use super::notice::SwitchReason;
use super::session::Session;

/// The choice behind a request for media.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    /// Audio or video.
    pub kind: Kind,
    /// Start of the fragment in ticks of its stream.
    pub time: u64,
    /// The same in seconds.
    pub position: f64,
    /// Bits/s of the level.
    pub bitrate: u32,
    /// Why this level.
    pub reason: SwitchReason,
    /// Seconds buffered ahead of the playhead.
    pub ahead: f64,
    /// What the network is thought to carry, in bits/s; 0 before a measurement.
    pub throughput: u64,
}

impl Session {
    /// The choice behind a request that is under way.
    pub(super) fn decision(&self, request: RequestId) -> Option<Decision> {
        let track = self.tracks.get(self.track_of(request)?).filter(|track| track.is_media())?;
        let flight = track.flight.as_ref()?;
        let stream = self.streams.get(track.stream)?;
        let playhead = self.element.playhead();
        Some(Decision {
            kind: track.kind,
            time: flight.chunk.time,
            position: stream.place(flight.chunk, self.zero).0,
            bitrate: stream.levels.get(flight.level)?.model.bitrate,
            reason: track.reason,
            ahead: self.element.reach(track.kind, playhead) - playhead,
            throughput: self.meter.throughput() as u64,
        })
    }
}
