//! How the engine is set up.

use smooth::Limits;

use super::event::Range;

/// Settings of one [`Engine`](super::Engine). The defaults suit most pages.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Media to hold ahead of the playhead, in seconds.
    pub buffer_goal: f64,
    /// Media to keep behind the playhead, in seconds.
    pub back_buffer: f64,
    /// How far behind the newest chunk a broadcast is joined, in seconds; `None` for four fragments.
    pub live_delay: Option<f64>,
    /// How far behind the live edge to play, in seconds, by a rate that is not heard; `None` to leave that where
    /// it comes to be. Replaces `live_delay`.
    pub target_latency: Option<f64>,
    /// What the network is believed to carry before anything is measured, in bits/s.
    pub initial_throughput: u32,
    /// No level above this is chosen automatically, in bits/s.
    pub max_bitrate: Option<u32>,
    /// No level is chosen automatically that is larger than the picture on the page.
    pub cap_to_viewport: bool,
    /// A source buffer can change its type, so that levels of different codecs can stand beside each other.
    pub change_type: bool,
    /// The part of a presentation on demand that is played, in seconds.
    pub clip: Range,
    /// Pictures alone, and of them the key frames alone where the server knows how: for thumbnails and fast play.
    pub key_frames: bool,
    /// Name or language of the audio stream to start with; any letter case.
    pub audio: Option<String>,
    /// Name or language of the caption stream to start with; any letter case. `None` for no captions.
    pub captions: Option<String>,
    /// Seconds to wait for an answer, and for the next byte of one.
    pub timeout: f64,
    /// First pause before a failed request is sent again, in seconds; doubles up to `max_backoff`.
    pub backoff: f64,
    /// See [`backoff`](Self::backoff).
    pub max_backoff: f64,
    /// How often one request is tried again before it counts as lost. While a broadcast runs, failures
    /// of the network itself are retried without end.
    pub retries: u32,
    /// Bounds on what is read.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            buffer_goal: 30.0,
            back_buffer: 30.0,
            live_delay: None,
            target_latency: None,
            initial_throughput: 1_500_000,
            max_bitrate: None,
            cap_to_viewport: false,
            change_type: true,
            clip: Range { start: 0.0, end: f64::INFINITY },
            key_frames: false,
            audio: None,
            captions: None,
            timeout: 10.0,
            backoff: 0.5,
            max_backoff: 8.0,
            retries: 5,
            limits: Limits::default(),
        }
    }
}
