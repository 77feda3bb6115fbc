//! Settings of the origin. Each is declared once, in `settings!` below; flag, environment variable,
//! file key, default and help text come from that one place.
//!
//! Precedence: flag, then environment (`SILVERLANE_…`), then the file, then the default. The file is
//! TOML; its keys are the flag names with `_` for `-`. An unknown key is an error.

mod list;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use instant_acme::LetsEncrypt;
use serde::Deserialize;

pub use self::list::List;
pub use crate::http::access::Format as AccessFormat;

macro_rules! settings {
    ($( $(#[doc = $doc:literal])+ $name:ident ($env:literal) : $type:ty = $default:expr; )+) => {
        /// Flags and environment of `silverlane serve`.
        #[derive(Clone, Debug, Default, clap::Args)]
        pub struct Flags {
            /// A TOML file with settings.
            #[arg(long, env = "SILVERLANE_CONFIG")]
            pub config: Option<PathBuf>,
            $( $(#[doc = $doc])+
            #[arg(long, env = $env, help = help(concat!($($doc),+), &{ let default: $type = $default; default }))]
            pub $name: Option<$type>, )+
        }

        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            $( #[serde(default)] $name: Option<$type>, )+
        }

        /// Everything that can be set.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Settings {
            $( $(#[doc = $doc])+ pub $name: $type, )+
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $( $name: $default, )+ }
            }
        }

        impl Settings {
            fn merge(flags: Flags, file: File) -> Self {
                Self { $( $name: flags.$name.or(file.$name).unwrap_or_else(|| $default), )+ }
            }
        }
    };
}

settings! {
    /// Folder with publishing points (.isml) and static files.
    root("SILVERLANE_ROOT"): PathBuf = PathBuf::from(".");
    /// Address to listen on.
    listen("SILVERLANE_LISTEN"): SocketAddr = SocketAddr::from(([0, 0, 0, 0], 8080));
    /// Address to listen on for TLS, where there is a certificate.
    tls_listen("SILVERLANE_TLS_LISTEN"): SocketAddr = SocketAddr::from(([0, 0, 0, 0], 8443));
    /// PEM file with the certificate for TLS and those that vouch for it. Empty: no TLS.
    tls_cert("SILVERLANE_TLS_CERT"): PathBuf = PathBuf::new();
    /// PEM file with the key of tls-cert.
    tls_key("SILVERLANE_TLS_KEY"): PathBuf = PathBuf::new();
    /// PEM file with the authorities whose client certificates prove who an encoder or administrator is.
    tls_client_ca("SILVERLANE_TLS_CLIENT_CA"): PathBuf = PathBuf::new();
    /// Names to ask an authority for a certificate for, instead of tls-cert; they must lead here, from port 80.
    /// To name one is to agree to the authority's terms.
    acme_domains("SILVERLANE_ACME_DOMAINS"): List = List::default();
    /// The authority's ACME directory.
    acme_directory("SILVERLANE_ACME_DIRECTORY"): String = LetsEncrypt::Production.url().to_owned();
    /// Where the authority writes to when something is wrong. Empty: nowhere.
    acme_email("SILVERLANE_ACME_EMAIL"): String = String::new();
    /// PEM file with the root that vouches for the authority's own server. Empty: what the system trusts.
    acme_ca("SILVERLANE_ACME_CA"): PathBuf = PathBuf::new();
    /// Folder in which account, certificate and key are kept.
    acme_folder("SILVERLANE_ACME_FOLDER"): PathBuf = PathBuf::from(".silverlane");
    /// Seconds between two looks whether the files with certificates and credentials have changed.
    reload_seconds("SILVERLANE_RELOAD_SECONDS"): u64 = 10;

    /// TOML file that says who may publish and administrate. Empty: everybody may publish, and programs on
    /// this machine administrate.
    credentials("SILVERLANE_CREDENTIALS"): PathBuf = PathBuf::new();
    /// Seconds for which a signed playback URL is good beyond its end, for clocks that differ.
    signature_skew_seconds("SILVERLANE_SIGNATURE_SKEW_SECONDS"): u64 = 30;
    /// Sites whose pages may play from here, as origins (`https://player.example`), separated by commas. *: all.
    cors_origins("SILVERLANE_CORS_ORIGINS"): List = List::from("*");
    /// What is written of each answer to the standard output: off, text or json.
    access_log("SILVERLANE_ACCESS_LOG"): AccessFormat = AccessFormat::Off;

    /// Connections served at the same time; more wait in the system's queue.
    max_connections("SILVERLANE_MAX_CONNECTIONS"): usize = 20_000;
    /// Connections from one address (or one /64 of IPv6) at the same time; more are closed at once. Those of
    /// this machine are not counted. 0: no limit.
    max_connections_per_address("SILVERLANE_MAX_CONNECTIONS_PER_ADDRESS"): usize = 1000;
    /// Requests at the same time on one connection of HTTP/2.
    max_http2_streams("SILVERLANE_MAX_HTTP2_STREAMS"): u32 = 100;
    /// Bytes of one request's head; more is answered with 431. At least 8192.
    max_request_head_bytes("SILVERLANE_MAX_REQUEST_HEAD_BYTES"): usize = 16 << 10;
    /// Header fields of one request; more is answered with 431.
    max_request_headers("SILVERLANE_MAX_REQUEST_HEADERS"): usize = 64;
    /// Seconds in which a request's head must arrive, and a connection connection may lie idle.
    request_head_seconds("SILVERLANE_REQUEST_HEAD_SECONDS"): u64 = 30;
    /// Bytes a second that a peer must take of an answer, on average over request-head-seconds; a slower one
    /// is hung up on.
    min_send_rate("SILVERLANE_MIN_SEND_RATE"): u64 = 4096;
    /// Seconds that open requests get to finish when the server is told to stop.
    drain_seconds("SILVERLANE_DRAIN_SECONDS"): u64 = 5;

    /// Seconds without a byte after which an encoder's connection is closed.
    ingest_idle_seconds("SILVERLANE_INGEST_IDLE_SECONDS"): u64 = 15;
    /// Seconds in which a fragment of an encoder, or its header, must come as a whole once it has begun.
    ingest_fragment_seconds("SILVERLANE_INGEST_FRAGMENT_SECONDS"): u64 = 60;
    /// Encoder connections at the same time, over all publishing points.
    max_encoders("SILVERLANE_MAX_ENCODERS"): usize = 256;
    /// Bytes of the header boxes of a push stream (ftyp to moov).
    max_stream_header_bytes("SILVERLANE_MAX_STREAM_HEADER_BYTES"): usize = 1 << 20;
    /// Bytes of one fragment.
    max_fragment_bytes("SILVERLANE_MAX_FRAGMENT_BYTES"): usize = 32 << 20;
    /// Tracks of one publishing point.
    max_tracks("SILVERLANE_MAX_TRACKS"): usize = 64;
    /// Bytes of media that one publishing point keeps in memory; beyond it the oldest fragments go.
    max_point_bytes("SILVERLANE_MAX_POINT_BYTES"): u64 = 1 << 30;
    /// Bytes of media in memory over all publishing points. Near it the oldest fragments that archives have
    /// are let go, then the oldest of all.
    max_memory_bytes("SILVERLANE_MAX_MEMORY_BYTES"): u64 = 4 << 30;

    /// Bytes of the body of a request to administrate; more is answered with 413.
    max_admin_body_bytes("SILVERLANE_MAX_ADMIN_BODY_BYTES"): usize = 256 << 10;
    /// Publishing points that a list of them holds at most.
    max_listed_points("SILVERLANE_MAX_LISTED_POINTS"): usize = 1000;
    /// Folders below each other under the root in which publishing points are looked for.
    max_folder_depth("SILVERLANE_MAX_FOLDER_DEPTH"): usize = 8;

    /// Seconds of media that a publishing point keeps in memory beside its archive, where its definition
    /// does not say.
    live_cache_seconds("SILVERLANE_LIVE_CACHE_SECONDS"): u64 = 60;

    /// Archive broadcasts, where their definitions publish Archives.
    archive("SILVERLANE_ARCHIVE"): bool = true;
    /// Folder of the archives, in the root unless it begins with a slash.
    archive_root("SILVERLANE_ARCHIVE_ROOT"): PathBuf = PathBuf::from("archives");
    /// Longest time in milliseconds that a fragment waits for the disk before viewers get it from memory,
    /// and the archive counts as degraded until the disk has caught up.
    archive_wait_ms("SILVERLANE_ARCHIVE_WAIT_MS"): u64 = 250;
    /// Every so many seconds what is archived is made to survive a power failure, too. 0: only when a
    /// segment or broadcast ends.
    archive_sync_seconds("SILVERLANE_ARCHIVE_SYNC_SECONDS"): u64 = 10;
    /// Chunks of one publishing point that wait for its disk at most; beyond it the oldest are not archived.
    max_archive_queue("SILVERLANE_MAX_ARCHIVE_QUEUE"): usize = 20_000;

    /// Start an idle publishing point when an encoder posts to it, whatever its definition says.
    auto_start("SILVERLANE_AUTO_START"): bool = true;
    /// How many fragments behind the end of its track a time may lie and still be a resend after a
    /// reconnect, instead of an encoder that began anew.
    resend_fragments("SILVERLANE_RESEND_FRAGMENTS"): u32 = 3;
    /// Seconds of media by which a track may jump forward and still be the same timeline.
    max_jump_seconds("SILVERLANE_MAX_JUMP_SECONDS"): u64 = 86_400;

    /// Outputs beside Smooth Streaming that every publishing point offers, between commas; its definition
    /// may name more (formats). m3u8-cmaf is HLS, mpd-time-csf DASH,
    /// m3u8-aapl HLS for Apple devices.
    formats("SILVERLANE_FORMATS"): String = "m3u8-cmaf,mpd-time-csf".to_owned();
    /// Bytes of segments for Apple devices that are kept once made, over all publishing points. 0: none.
    segment_cache_bytes("SILVERLANE_SEGMENT_CACHE_BYTES"): usize = 64 << 20;
    /// Outputs beside Smooth Streaming that every presentation on demand (.ism) offers, between commas.
    on_demand_formats("SILVERLANE_ON_DEMAND_FORMATS"): String = "m3u8-aapl,m3u8-cmaf,mpd-time-csf".to_owned();
    /// Presentations on demand that are kept open; beyond it the one that was not asked for the longest goes.
    max_presentations("SILVERLANE_MAX_PRESENTATIONS"): usize = 200;
    /// Fragments of one presentation on demand, over all bitrates, and chunks of its manifest.
    max_presentation_fragments("SILVERLANE_MAX_PRESENTATION_FRAGMENTS"): u64 = 2_000_000;
    /// Seconds between two looks whether the files of a presentation have changed. 0: at every request.
    presentation_check_seconds("SILVERLANE_PRESENTATION_CHECK_SECONDS"): u64 = 1;
    /// Seconds of media by which redundant encoders of a track may be apart.
    max_lag_seconds("SILVERLANE_MAX_LAG_SECONDS"): u64 = 10;
    /// Fragments in a row of a redundant encoder that need not start where those of the other do; after as
    /// many it is sent away.
    max_unaligned_fragments("SILVERLANE_MAX_UNALIGNED_FRAGMENTS"): u32 = 4;
    /// Seconds for which a broadcast waits, before viewers get it, for the streams that its first encoder
    /// announces (StreamManifest).
    stream_wait_seconds("SILVERLANE_STREAM_WAIT_SECONDS"): u64 = 30;

    /// Seconds for which a cache may keep a fragment without asking again, where no event id makes its
    /// URL unique for good.
    fragment_cache_seconds("SILVERLANE_FRAGMENT_CACHE_SECONDS"): u64 = 60;
    /// Header in which fragments say where those of sparse streams are (ChildTrack). IIS appends it to
    /// Content-Type, which pages may read wherever they come from. Empty: they do not say it.
    sparse_pointer_header("SILVERLANE_SPARSE_POINTER_HEADER"): String = "Content-Type".to_owned();
    /// Longest time in milliseconds that a request for a fragment to come (?wait=MS) is held. 0: never.
    max_hold_ms("SILVERLANE_MAX_HOLD_MS"): u64 = 8000;
    /// Requests held at the same time, over all publishing points; more are answered at once.
    max_held_requests("SILVERLANE_MAX_HELD_REQUESTS"): usize = 20_000;
}

impl Settings {
    /// Settings from `flags` (which hold the environment too), the file they name, and the defaults.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is not TOML, or holds a key that does not exist.
    pub fn load(flags: Flags) -> Result<Self, Error> {
        let file = match &flags.config {
            Some(path) => File::read(path)?,
            None => File::default(),
        };
        Ok(Self::merge(flags, file))
    }

    /// Limits for the readers of the format.
    #[must_use]
    pub fn limits(&self) -> smooth::Limits {
        smooth::Limits {
            streams: self.max_tracks,
            header_bytes: self.max_stream_header_bytes,
            fragment_bytes: self.max_fragment_bytes,
            // A definition is a small file, and so is the manifest box of a push stream.
            xml_bytes: self.max_stream_header_bytes,
            ..smooth::Limits::default()
        }
    }

    /// [`ingest_idle_seconds`](Self::ingest_idle_seconds).
    #[must_use]
    pub const fn ingest_idle(&self) -> Duration {
        Duration::from_secs(self.ingest_idle_seconds)
    }

    /// [`ingest_fragment_seconds`](Self::ingest_fragment_seconds).
    #[must_use]
    pub const fn ingest_fragment(&self) -> Duration {
        Duration::from_secs(self.ingest_fragment_seconds)
    }

    /// Files and folders that nobody may read but the server.
    pub fn secrets(&self) -> impl Iterator<Item = &Path> {
        let all = [&self.tls_key, &self.credentials, &self.acme_folder];
        all.into_iter().map(PathBuf::as_path).filter(|path| !path.as_os_str().is_empty())
    }

    /// Whether TLS is spoken.
    #[must_use]
    pub fn has_tls(&self) -> bool {
        !self.tls_cert.as_os_str().is_empty() || !self.acme_domains.is_empty()
    }

    /// [`drain_seconds`](Self::drain_seconds).
    #[must_use]
    pub const fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }

    /// [`stream_wait_seconds`](Self::stream_wait_seconds).
    #[must_use]
    pub const fn stream_wait(&self) -> Duration {
        Duration::from_secs(self.stream_wait_seconds)
    }

    /// [`archive_wait_ms`](Self::archive_wait_ms).
    #[must_use]
    pub const fn archive_wait(&self) -> Duration {
        Duration::from_millis(self.archive_wait_ms)
    }

    /// [`presentation_check_seconds`](Self::presentation_check_seconds).
    #[must_use]
    pub const fn presentation_check(&self) -> Duration {
        Duration::from_secs(self.presentation_check_seconds)
    }

    /// [`max_hold_ms`](Self::max_hold_ms).
    #[must_use]
    pub const fn max_hold(&self) -> Duration {
        Duration::from_millis(self.max_hold_ms)
    }
}

impl File {
    fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
        toml::from_str(&text)
            .map_err(|source| Error::Malformed { path: path.to_owned(), source: Box::new(source) })
    }
}

/// Why settings could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings file cannot be opened or read.
    #[error("cannot read the settings file {path}: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The settings file is not TOML, or has a key or value that does not exist.
    #[error("the settings file {path} is wrong: {source}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: Box<toml::de::Error>,
    },
}

fn help(doc: &str, default: &dyn std::fmt::Debug) -> String {
    format!("{} [default: {default:?}]", doc.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_beats_the_file_and_the_file_the_default() {
        let file = toml::from_str("max_tracks = 3\nmax_hold_ms = 4\nlisten = \"127.0.0.1:1\"").unwrap();
        let flags = Flags { max_tracks: Some(7), ..Flags::default() };
        let settings = Settings::merge(flags, file);
        assert_eq!(settings.max_tracks, 7);
        assert_eq!(settings.max_hold(), Duration::from_millis(4));
        assert_eq!(settings.listen.port(), 1);
        assert_eq!(settings.max_encoders, Settings::default().max_encoders);
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        let e = toml::from_str::<File>("max_trakcs = 3").unwrap_err();
        assert!(e.to_string().contains("max_trakcs"), "{e}");
    }

    #[test]
    fn the_environment_stands_between_flag_and_file() {
        use clap::{Args, FromArgMatches};
        let command = Flags::augment_args(clap::Command::new("t").no_binary_name(true));
        let envs: Vec<_> = command.get_arguments().filter_map(|a| a.get_env()).collect();
        assert!(envs.iter().all(|e| e.to_str().unwrap().starts_with("SILVERLANE_")));
        let matches = command.try_get_matches_from(["--auto-start", "false", "--root", "/x"]).unwrap();
        let flags = Flags::from_arg_matches(&matches).unwrap();
        assert_eq!(flags.auto_start, Some(false));
        assert_eq!(flags.root, Some(PathBuf::from("/x")));
    }

    #[test]
    fn the_documentation_lists_every_setting_as_it_is_declared() {
        use clap::Args;
        let page = include_str!("../../../docs/origin.md");
        let command = Flags::augment_args(clap::Command::new("t"));
        for argument in command.get_arguments().filter(|a| a.get_id() != "config") {
            let help = argument.get_help().unwrap().to_string();
            let (meaning, default) = help.rsplit_once(" [default: ").unwrap();
            let row = format!(
                "| `{}` | `{}` | {meaning} |",
                argument.get_long().unwrap(),
                default.trim_end_matches(']')
            );
            assert!(page.contains(&row), "docs/origin.md lacks the row:\n{row}");
        }
    }
}
