//! What the world tells the engine.

use smooth::manifest::Kind;

use super::command::RequestId;

/// Something that happened outside. Times of the media element are seconds of its own timeline, on
/// which the presentation starts at 0 ([`Presentation::zero`](super::Presentation::zero)).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event<'a> {
    /// Play what is at `url`: a manifest, or a bare `.ism` or `.isml` presentation. Ends whatever was
    /// playing before.
    Load {
        /// Absolute address.
        url: &'a str,
        /// Where to start, in seconds; `None` for the beginning, or the live edge of a broadcast.
        start: Option<f64>,
    },
    /// The `MediaSource` of the last [`Command::Open`](super::Command::Open) is open.
    Opened,
    /// Answer to [`Command::Probe`](super::Command::Probe): whether the browser plays `mime`.
    Supported {
        /// As in the command.
        mime: &'a str,
        /// What `MediaSource.isTypeSupported` says.
        supported: bool,
    },
    /// A [`Purpose::Manifest`](super::Purpose::Manifest) request arrived whole, with a 2xx status.
    ManifestLoaded {
        /// Which request.
        request: RequestId,
        /// Final address, after redirects.
        url: &'a str,
        /// Body.
        bytes: &'a [u8],
    },
    /// Status and headers of a request arrived, with a 2xx status. Not for the manifest.
    ResponseStarted {
        /// Which request.
        request: RequestId,
    },
    /// The `Content-Type` of an answer says where fragments of sparse streams are
    /// ([`smooth::url::child_tracks`]). May be told of every answer, after `ResponseStarted`.
    Pointers(&'a str),
    /// The `moof` of a [`Purpose::Media`](super::Purpose::Media) request is complete. The engine answers with
    /// [`Command::AppendHead`](super::Command::AppendHead), or with an abort.
    Head {
        /// Which request.
        request: RequestId,
        /// The whole box, header included. Boxes that stand before it in the response are left out.
        moof: &'a [u8],
    },
    /// More of a body arrived. Tell it for every piece, or every 50 ms if pieces come faster.
    Received {
        /// Which request.
        request: RequestId,
        /// Bytes of the body so far, `moof` included.
        total: u64,
    },
    /// A body arrived whole. No other event follows for this request, but [`Event::Appended`].
    Finished {
        /// Which request.
        request: RequestId,
        /// The body, for [`Purpose::Whole`](super::Purpose::Whole) only.
        body: Option<&'a [u8]>,
    },
    /// A request failed. No other event follows for this request.
    Failed {
        /// Which request.
        request: RequestId,
        /// How.
        failure: Failure,
    },
    /// Every byte of a finished request went through the source buffer. Tell [`Event::Media`] with the
    /// new ranges first.
    Appended {
        /// Which buffer.
        kind: Kind,
        /// Which request.
        request: RequestId,
    },
    /// The source buffer refused bytes. Drop what is still queued of that buffer; the engine answers
    /// with [`Command::ResetParser`](super::Command::ResetParser) and what else it takes.
    AppendFailed {
        /// Which buffer.
        kind: Kind,
        /// Why.
        reason: AppendFailure,
    },
    /// A [`Command::Evict`](super::Command::Evict) was carried out. Tell [`Event::Media`] with the new ranges first.
    Evicted {
        /// Which buffer.
        kind: Kind,
    },
    /// State of the media element: at least four times a second while it plays, once a second while
    /// it does not, and at once on every `updateend`, `waiting`, `playing`, `play`, `pause`, `seeked`,
    /// `ratechange` and `ended`.
    Media(&'a Media<'a>),
    /// `seeking`: `currentTime` was set, by whomever; also for [`Command::SeekTo`](super::Command::SeekTo).
    Seeking {
        /// New position in seconds.
        position: f64,
    },
    /// The viewer wants one quality level, or automatic choice.
    SelectLevel {
        /// Of which kind.
        kind: Kind,
        /// Bitrate in bits/s, as in the manifest; `None` for automatic choice.
        bitrate: Option<u32>,
    },
    /// The viewer wants another stream: audio in another language, or captions.
    SelectStream {
        /// Of which kind.
        kind: Kind,
        /// Its name, any letter case. `None`: no captions; no effect on audio and video.
        name: Option<&'a str>,
    },
    /// The page wants the text streams of the manifest at this address as well.
    Merge(&'a str),
    /// Size of the picture on the page, in device pixels. Only looked at with
    /// [`Settings::cap_to_viewport`](super::Settings::cap_to_viewport).
    Viewport {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// A managed media source (Safari) wants data, or wants none for now. Nothing to tell elsewhere.
    Streaming {
        /// `startstreaming`, or `endstreaming`.
        wanted: bool,
    },
    /// How far behind the live edge to play; see [`Settings::target_latency`](super::Settings::target_latency).
    TargetLatency {
        /// Seconds; `None` for no target.
        seconds: Option<f64>,
    },
    /// The browser is on the network again.
    Online,
    /// A document of [`Command::ReadCaptions`](super::Command::ReadCaptions) cannot be read.
    CaptionsUnreadable {
        /// As in the command.
        time: u64,
        /// As in the command.
        url: &'a str,
    },
    /// `waitingforkey`: the element has media that it cannot decrypt yet.
    WaitingForKey,
    /// Put an end to it: aborts what is in flight. Only `Load` has an effect afterwards.
    Stop,
    /// Nothing but the time: [`Engine::deadline`](super::Engine::deadline) has come.
    Tick,
}

/// State of the media element. See [`Event::Media`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Media<'a> {
    /// `currentTime`, in seconds.
    pub position: f64,
    /// `SourceBuffer.buffered` of the video buffer; empty without one.
    pub video: &'a [Range],
    /// `SourceBuffer.buffered` of the audio buffer; empty without one.
    pub audio: &'a [Range],
    /// `paused`.
    pub paused: bool,
    /// `ended`.
    pub ended: bool,
    /// `seeking`.
    pub seeking: bool,
    /// `readyState`: 0 nothing, 1 metadata, 2 current data, 3 future data, 4 enough.
    pub ready: u8,
    /// `playbackRate`.
    pub rate: f64,
    /// `getVideoPlaybackQuality().totalVideoFrames`.
    pub decoded: u32,
    /// `getVideoPlaybackQuality().droppedVideoFrames`.
    pub dropped: u32,
}

/// A buffered range, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Range {
    /// First moment.
    pub start: f64,
    /// End, not included.
    pub end: f64,
}

/// How a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// Any status but 2xx.
    Http(u16),
    /// No answer, or the body broke off: no connection, no name, refused by CORS.
    Network,
    /// The time-out of the request passed.
    Timeout,
    /// The body of a media request does not begin with boxes, has no `moof`, or ended inside one.
    Malformed,
}

/// Why a source buffer refused bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppendFailure {
    /// `QuotaExceededError`: the buffer is full.
    Quota,
    /// The media element has an error (`error.code` 3 or 4), or the buffer fired `error`.
    Decode,
    /// Anything else that was thrown: the `MediaSource` is closed or the buffer is gone.
    Closed,
}
