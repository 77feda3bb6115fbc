//! What the page is told: typed, each with what a person can do about it.

use smooth::manifest::{EmbeddedContent, Kind, ProtectionHeader, Skipped};

/// Something the page may want to know.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// The manifest is read: [`Engine::presentation`](super::Engine::presentation) now answers.
    ManifestReady {
        /// Whether it is a broadcast that still runs.
        live: bool,
        /// Seconds; `None` while it is live.
        duration: Option<f64>,
    },
    /// A stream or level was kept out; the rest plays.
    Skipped(Skipped),
    /// What is appended from now on, or a part of it, is encrypted with these keys.
    KeysNeeded {
        /// Key ids, in the byte order of Common Encryption; none where nobody names them.
        ids: Vec<[u8; 16]>,
        /// What protection systems need to know to get a licence. Fragments may bring more in `pssh` boxes.
        systems: Vec<ProtectionHeader>,
        /// Where PlayReady's header says that licences are to be had.
        license_url: Option<String>,
    },
    /// What is appended from now on has another quality.
    RenditionChange {
        /// Of which buffer.
        kind: Kind,
        /// Bitrate before, in bits/s; `None` at the start.
        from: Option<u32>,
        /// Bitrate in bits/s.
        to: u32,
        /// From which position on, in seconds.
        position: f64,
        /// Why.
        reason: SwitchReason,
    },
    /// Another stream was selected.
    StreamChange {
        /// Audio or text.
        kind: Kind,
        /// Its name; `None` for no captions.
        name: Option<String>,
    },
    /// Playback stands still for want of data.
    Stall {
        /// Where, in seconds.
        position: f64,
    },
    /// Playback goes on after a [`Notice::Stall`].
    StallEnded {
        /// How long it stood, in seconds.
        seconds: f64,
    },
    /// Playback jumped over a stretch without media.
    GapJump {
        /// From where, in seconds.
        from: f64,
        /// To where, in seconds.
        to: f64,
        /// Why.
        cause: GapCause,
    },
    /// A chunk was left out for good: it could not be had in any quality.
    ChunkSkipped {
        /// Of which kind.
        kind: Kind,
        /// Where it starts, in seconds.
        position: f64,
    },
    /// The window of a broadcast moved.
    LiveEdge {
        /// Oldest position that can be played, in seconds.
        start: f64,
        /// Newest position that plays without a stall, in seconds: where "live" is.
        target: f64,
        /// End of the newest chunk known, in seconds.
        edge: f64,
    },
    /// Playback is a little slower or faster from now on, to come to its distance from the live edge.
    RateControl {
        /// The rate; 1 when it is there.
        rate: f64,
        /// Seconds behind the live edge.
        latency: f64,
    },
    /// The broadcast brings nothing new.
    Silence {
        /// For how long, in seconds.
        seconds: f64,
    },
    /// The broadcast goes on after a [`Notice::Silence`].
    SilenceEnded,
    /// The broadcast is over; what there is can be played to its end.
    BroadcastEnded {
        /// Its duration in seconds.
        duration: f64,
    },
    /// An event of a stream of data; each comes once.
    Data {
        /// Name of the stream.
        stream: String,
        /// Its `Subtype`: `SCMD`, `CHAP`, `DATA`, …
        subtype: String,
        /// When, in seconds.
        position: f64,
        /// For how long, in seconds; 0 if it does not say.
        duration: f64,
        /// What.
        content: EmbeddedContent,
    },
    /// Something went wrong.
    Error(Problem),
}

/// Why playback jumped. See [`Notice::GapJump`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GapCause {
    /// There is no media at that place.
    Hole,
    /// There is media, and yet the element stood still.
    Frozen,
    /// The position fell out of the broadcast's window.
    WindowSlid,
    /// The broadcast started anew on another timeline.
    Restarted,
    /// A seek went beyond the newest position.
    BeyondEdge,
}

/// Why a quality was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SwitchReason {
    /// First choice.
    Start,
    /// The viewer's choice.
    Chosen,
    /// The network carries more.
    ThroughputUp,
    /// The network carries less.
    ThroughputDown,
    /// Too little is buffered for a higher one.
    BufferLow,
    /// The fragment under way would have come too late.
    Abandoned,
    /// The fragment could not be had in the other quality.
    Failing,
    /// Another stream was selected.
    Stream,
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// Of which kind of stream, where it is about one.
    pub kind: Option<Kind>,
    /// Address of the request, where it is about one; else empty.
    pub url: String,
    /// HTTP status, where there is one; else 0.
    pub status: u16,
    /// Start of the chunk in ticks of its stream, where it is about one.
    pub time: Option<u64>,
}

impl Problem {
    /// What a person can do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        self.code.remedy()
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Playback goes on; it is told for the record.
    Recovered,
    /// Playback is over.
    Fatal,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $remedy:literal;)*) => {
        /// What went wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Stable name, for pages and logs.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What a person can do about it.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy,)* }
            }
        }
    };
}

codes! {
    /// The manifest request was answered 404 or 410.
    ManifestNotFound = "manifest-not-found",
        "Check the address.";
    /// The manifest request was answered with another error.
    ManifestRefused = "manifest-refused",
        "The server refuses the manifest: look at the status, and at the server's log.";
    /// The manifest request got no answer.
    ManifestUnreachable = "manifest-unreachable",
        "Check the connection and the address; the server must allow this page by CORS, and an https page needs an https address.";
    /// The manifest cannot be read.
    ManifestInvalid = "manifest-invalid",
        "The address does not lead to a Smooth Streaming manifest: it usually ends in .ism/Manifest or .isml/Manifest.";
    /// No audio and no video stream is left to play.
    NothingPlayable = "nothing-playable",
        "No stream has a codec that this browser plays; the reasons stand in the events before this one. Encode as H.264 with AAC.";
    /// A broadcast has no manifest, or has not listed any chunk yet.
    NotStarted = "not-started",
        "The broadcast has not begun: start the publishing point and its encoder, or check the address. The player goes on by itself.";
    /// A fragment could not be loaded; it is tried again.
    FragmentFailed = "fragment-failed",
        "The connection or the server faltered; the player tries again.";
    /// Fragments of a stream that playback needs cannot be loaded any more.
    FragmentsLost = "fragments-lost",
        "The server no longer gives fragments: check the connection, and the server's log, then load again.";
    /// A fragment cannot be read.
    FragmentInvalid = "fragment-invalid",
        "The server sent something that is not a fragment: check its storage, and proxies on the way.";
    /// The browser could not decode what it was given.
    DecodeFailed = "decode-failed",
        "The browser cannot decode this stream: try another quality, or check the encoder's profile and level.";
    /// The browser's buffer is full; less is buffered from now on.
    BufferFull = "buffer-full",
        "The browser has little memory for media; the player buffers less.";
    /// A caption fragment could not be read or loaded; it is left out.
    CaptionsFailed = "captions-failed",
        "Captions are left out here: check the caption stream's TTML.";
    /// The viewer asked for a level or stream that there is not.
    NoSuchChoice = "no-such-choice",
        "There is no stream or quality of that name in this presentation.";
}
