//! How the engine is set up.

use core::time::Duration;

use smooth::Limits;

/// Settings of one [`Engine`](super::Engine). The defaults suit most pages.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Media to hold ahead of the playhead.
    pub buffer_goal: Duration,
    /// Media to keep behind the playhead.
    pub back_buffer: Duration,
    /// How far behind the newest chunk a broadcast is joined; `None` for three fragments.
    pub live_delay: Option<Duration>,
    /// What the network is believed to carry before anything is measured, in bits/s.
    pub initial_throughput: u32,
    /// Part of the measured throughput that is used, in percent.
    pub safety_percent: u32,
    /// No level above this is chosen automatically, in bits/s.
    pub max_bitrate: Option<u32>,
    /// No level is chosen automatically that is larger than the picture on the page.
    pub cap_to_viewport: bool,
    /// Name or language of the audio stream to start with; any letter case.
    pub audio: Option<String>,
    /// Name or language of the caption stream to start with; any letter case. `None` for no captions.
    pub captions: Option<String>,
    /// Time to wait for an answer, and for the next byte of one.
    pub timeout: Duration,
    /// First pause before a failed request is sent again; doubles up to `max_backoff`.
    pub backoff: Duration,
    /// See [`backoff`](Self::backoff).
    pub max_backoff: Duration,
    /// How often one request is tried again before it counts as lost. While a broadcast runs, failures
    /// of the network itself are retried without end.
    pub retries: u32,
    /// Bounds on what is read.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            buffer_goal: Duration::from_secs(30),
            back_buffer: Duration::from_secs(30),
            live_delay: None,
            initial_throughput: 1_500_000,
            safety_percent: 75,
            max_bitrate: None,
            cap_to_viewport: false,
            audio: None,
            captions: None,
            timeout: Duration::from_secs(10),
            backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(8),
            retries: 5,
            limits: Limits::default(),
        }
    }
}
