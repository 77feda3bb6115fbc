//! What the engine asks the world to do.

use smooth::manifest::Kind;

use super::notice::Notice;

/// Names a request. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u32);

/// Names a text track. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextTrackId(pub u32);

/// Something to do, in the order in which [`Engine::handle`](super::Engine::handle) gives it.
///
/// Commands that name a buffer (`AppendInit`, `AppendHead`, `ChangeType`, `Evict`) queue up behind one
/// another and behind the bytes of earlier requests, for each buffer by itself. `ResetParser` does not
/// queue.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Make a new `MediaSource`, attach it to the element in place of any other (all buffers, queued
    /// bytes and their requests' bytes are gone), and answer [`Event::Opened`](super::Event::Opened).
    Open,
    /// Say whether the browser plays this type, with [`Event::Supported`](super::Event::Supported).
    Probe {
        /// As for `MediaSource.isTypeSupported`.
        mime: String,
    },
    /// Send a GET request.
    Fetch {
        /// Its name in events.
        request: RequestId,
        /// Absolute address, or one relative to the page.
        url: String,
        /// What to do with the answer.
        purpose: Purpose,
        /// Fail with [`Failure::Timeout`](super::Failure::Timeout) when status and headers have not come
        /// after this time, or when no byte of the body came for this time.
        timeout: f64,
    },
    /// Give a request up: no event for it from now on, and none of its bytes to the buffer. Bytes of it
    /// that are queued already may be dropped.
    Abort {
        /// Which one.
        request: RequestId,
    },
    /// `addSourceBuffer`.
    CreateBuffer {
        /// Audio or video.
        kind: Kind,
        /// Type with codecs.
        mime: String,
        /// `appendWindowEnd`, in seconds.
        until: f64,
    },
    /// `changeType`: what is appended next is of another type.
    ChangeType {
        /// Which buffer.
        kind: Kind,
        /// Type with codecs.
        mime: String,
    },
    /// Append an init segment.
    AppendInit {
        /// Which buffer.
        kind: Kind,
        /// The segment.
        bytes: Vec<u8>,
    },
    /// Append this `moof` in place of the one of the response, then every byte of the body that follows
    /// it, as it arrives (the header of the `mdat` box is the first). When the request has finished and
    /// the last byte is appended, say [`Event::Appended`](super::Event::Appended).
    AppendHead {
        /// Whose body follows.
        request: RequestId,
        /// Which buffer.
        kind: Kind,
        /// The rewritten `moof`.
        bytes: Vec<u8>,
    },
    /// Drop the bytes queued for the buffer (init segments, heads, bodies; other commands stay) and call its `abort()`, so that what comes next is read as
    /// the start of a segment. What is appended already stays. A running `remove()` is waited for.
    ResetParser {
        /// Which buffer.
        kind: Kind,
    },
    /// `remove(start, end)`, then [`Event::Evicted`](super::Event::Evicted).
    Evict {
        /// Which buffer.
        kind: Kind,
        /// Seconds.
        start: f64,
        /// Seconds; may be infinite.
        end: f64,
    },
    /// Set `MediaSource.duration`, in seconds; infinite for a broadcast. Wait until no buffer is updating.
    SetDuration(f64),
    /// `setLiveSeekableRange`, in seconds.
    SetLiveSeekable {
        /// Start of the window.
        start: f64,
        /// The newest position that plays without a stall.
        end: f64,
    },
    /// `endOfStream()` once the queues are empty. Appending afterwards opens the source again.
    EndOfStream,
    /// Set `currentTime`, in seconds; before the element has metadata, as soon as it has.
    SeekTo(f64),
    /// Set `playbackRate`. The viewer's own choice is never overridden.
    SetRate(f64),
    /// Make a text track of kind `captions`; its mode follows the viewer's choice
    /// ([`Event::SelectStream`](super::Event::SelectStream)).
    AddTextTrack {
        /// Its name in [`Command::ReadCaptions`].
        track: TextTrackId,
        /// Name of the stream, for [`Event::SelectStream`](super::Event::SelectStream).
        name: String,
        /// As written in the manifest; may be empty.
        language: String,
        /// For the viewer.
        label: String,
    },
    /// Read a document, and add its cues to a text track, each once.
    ReadCaptions(CaptionDocument),
    /// Remove the cues of a text track that end at `before` or earlier.
    ClearCues {
        /// Which track.
        track: TextTrackId,
        /// Seconds; infinite for all.
        before: f64,
    },
    /// Tell the page.
    Notify(Notice),
}

/// What a request is for, and how its answer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// [`Event::ManifestLoaded`](super::Event::ManifestLoaded), and nothing before. `no-store`.
    Manifest,
    /// A fragment for a source buffer: `ResponseStarted`, `Received`, `Head`, `Received` …, `Finished`,
    /// `Appended`. Its bytes stay outside the engine.
    Media {
        /// Which buffer.
        kind: Kind,
    },
    /// A small body that the engine reads: `ResponseStarted`, `Finished` with the body.
    Whole {
        /// What it belongs to.
        kind: Kind,
    },
}

/// A caption document (TTML), and where it belongs.
///
/// Its times count from the start of the fragment that it came in, or from zero of the presentation: nothing says which, but
/// the times themselves ([`times_are_relative`](smooth::captions::Document::times_are_relative), whose first yes holds for the
/// rest of the track). Cues that it does not end last as long as the fragment, if that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptionDocument {
    /// Where its cues go.
    pub track: TextTrackId,
    /// The document, in UTF-8 or UTF-16; none at all is one without cues. If it cannot be read, answer
    /// [`Event::CaptionsUnreadable`](super::Event::CaptionsUnreadable).
    pub bytes: Vec<u8>,
    /// Start of the fragment on the presentation's own clock, in milliseconds.
    pub start_ms: u64,
    /// Duration of the fragment in milliseconds, 0 if it is not known.
    pub duration_ms: u64,
    /// What position 0 of the element is on the presentation's own clock, in milliseconds.
    pub zero_ms: u64,
    /// Start of the fragment in ticks of its stream, for a report.
    pub time: u64,
    /// Address of the fragment, for a report; empty if it stood in the manifest.
    pub url: String,
}
