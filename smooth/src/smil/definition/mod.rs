//! The publishing point definition: the `.isml` file whose address is the broadcast's.
//!
//! ```text
//! smil
//!   head: meta*    one setting each
//!   body
//!     par: ref*    publishing points to push to, or to pull from
//! ```
//!
//! Where the file's spelling of a setting was never published, those that follow from the management
//! service are read too (`useEventIdOnPath`, `m3u8-aapl-key`), and the one shown below is written.

mod read;
mod write;

pub use read::read;
pub use write::write;

use crate::error::Error;
use crate::manifest::Version;
use crate::text::{hex_decode, hex_encode};

/// The settings of a publishing point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// `title`: name for people.
    pub title: String,
    /// `module`: `liveSmoothStreaming` for a live publishing point.
    pub module: String,
    /// `sourceType`: how the input arrives.
    pub source: Source,
    /// `publishing`: what is given out.
    pub publishing: Publishing,
    /// `estimatedTime`: expected length of the event in seconds; 0 if unknown.
    pub estimated_time: u32,
    /// `lookaheadChunks`: how many of the newest fragments are held back and announced by those before.
    pub lookahead_chunks: u32,
    /// `manifestWindowLength`: DVR window in seconds; 0 is the whole event.
    pub manifest_window_length: u32,
    /// `startOnFirstRequest`: an idle publishing point starts when someone asks for it.
    pub start_on_first_request: bool,
    /// `restartOnEncoderReconnect`: a stopped one starts over when an encoder comes.
    pub restart_on_encoder_reconnect: bool,
    /// `archivePath`: where archives go; `None` is the server's default.
    pub archive_path: Option<String>,
    /// `archiveSegmentLength`: seconds of one archived presentation; 0 is all of the event.
    pub archive_segment_length: u32,
    /// `eventId-on-path`: an archive's folder is named after its event, not after the time.
    pub event_id_on_path: bool,
    /// `liveCacheLength`: seconds of media kept in memory, older ones come from the archive; 0 leaves it
    /// to the server.
    pub live_cache_length: u32,
    /// `clientManifestVersion`: 2.0, or 2.2 whose runs of equal chunks are one line.
    pub client_manifest_version: Version,
    /// `sendEndOfStreamOnStop`: servers that get the streams are told when they end.
    pub send_end_of_stream_on_stop: bool,
    /// `formats`: other outputs, such as `m3u8-aapl`.
    pub formats: Vec<String>,
    /// The `m3u8-aapl-…` settings.
    pub apple: Apple,
    /// `filters`: kept as it is; its purpose is not known.
    pub filters: Option<String>,
    /// `body/par/ref`: other publishing points.
    pub refs: Vec<Ref>,
    /// Every other `meta`, name and content, in document order.
    pub other: Vec<(String, String)>,
}

/// `sourceType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// Encoders post to the publishing point.
    #[default]
    Push,
    /// The publishing point fetches from others.
    Pull,
}

/// `publishing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publishing {
    /// `Fragments`: viewers may watch.
    pub fragments: bool,
    /// `Streams`: other servers may fetch.
    pub streams: bool,
    /// `Archives`: the event is archived.
    pub archives: bool,
}

/// Settings of the output for Apple devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apple {
    /// `m3u8-aapl-segmentlength` in seconds.
    pub segment_length: u32,
    /// `m3u8-aapl-maxbitrate` in bits/s; levels above are left out.
    pub max_bitrate: u32,
    /// `m3u8-aapl-allowcaching`.
    pub allow_caching: bool,
    /// `m3u8-aapl-backwardcompatible`.
    pub backward_compatible: bool,
    /// `m3u8-aapl-includecodecs`: variants name their codecs.
    pub include_codecs: bool,
    /// `m3u8-aapl-enableencryption`.
    pub enable_encryption: bool,
    /// `m3u8-aapl-encryptionkey`: for AES-128.
    pub encryption_key: Option<Key>,
    /// `m3u8-aapl-keyuri`: where players get the key; `None` is the publishing point itself.
    pub key_uri: Option<String>,
}

/// 128 bits that nobody should read in a log.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key(pub [u8; 16]);

impl core::fmt::Debug for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// The key in 32 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for anything else.
    pub fn from_hex(text: &str) -> Result<Self, Error> {
        let wrong = Error::Invalid { what: "encryption key", rule: "it is not 32 hexadecimal digits" };
        let bytes = hex_decode(text).map_err(|_| wrong)?;
        Ok(Self(bytes.try_into().map_err(|_| wrong)?))
    }

    /// 32 hexadecimal digits.
    #[must_use]
    pub fn to_hex(self) -> String {
        hex_encode(&self.0)
    }
}

/// Another publishing point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ref {
    /// Its URL.
    pub src: String,
    /// Every other attribute, such as the name of the credentials, in document order.
    pub other: Vec<(String, String)>,
}

impl Default for Definition {
    fn default() -> Self {
        Self {
            title: String::new(),
            module: String::from("liveSmoothStreaming"),
            source: Source::Push,
            publishing: Publishing { fragments: true, streams: true, archives: true },
            estimated_time: 0,
            lookahead_chunks: 2,
            manifest_window_length: 0,
            start_on_first_request: false,
            restart_on_encoder_reconnect: false,
            archive_path: None,
            archive_segment_length: 0,
            event_id_on_path: false,
            live_cache_length: 0,
            client_manifest_version: Version::V2_0,
            send_end_of_stream_on_stop: true,
            formats: Vec::new(),
            apple: Apple::default(),
            filters: None,
            refs: Vec::new(),
            other: Vec::new(),
        }
    }
}

impl Default for Apple {
    fn default() -> Self {
        Self {
            segment_length: 10,
            max_bitrate: 1_600_000,
            allow_caching: false,
            backward_compatible: true,
            include_codecs: true,
            enable_encryption: false,
            encryption_key: None,
            key_uri: None,
        }
    }
}

#[cfg(test)]
mod tests;
