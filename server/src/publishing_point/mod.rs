//! Publishing points: one writer each, and snapshots for any number of readers.
//!
//! ```text
//! ingest ─→ PublishingPoint ─→ Broadcast ─→ FragmentLog
//!                 │ publish (a version)
//!                 ↓
//!             Snapshot  ←─ deliver (no lock)
//! ```

mod admission;
pub mod alignment;
pub mod blocks;
pub mod broadcast;
mod cache;
pub mod control;
pub mod document;
pub mod encoder;
pub(crate) mod files;
pub mod header;
mod intake;
mod lineup;
pub mod listing;
pub mod memory;
mod past;
mod placement;
mod push;
pub mod registry;
mod restore;
mod resume;
mod runs;
mod session;
pub mod snapshot;
mod stage;
pub mod state;
pub mod statistics;
pub mod stream;
pub mod track;
pub mod traffic;
mod window;

#[cfg(test)]
mod tests;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use smooth::smil::definition::{self, Definition};
use tokio::sync::watch;

use crate::archive::{Archives, DiskLog, MemoryLog};
use crate::config::Settings;
use broadcast::{Broadcast, Note, Refusal, Rules};
pub use control::{Denied, Wish};
use memory::{Memory, Share};
use past::Past;
use push::Pushes;
use snapshot::{Frame, Snapshot};
use stage::Stage;
use state::State;
use track::SessionId;
use traffic::Traffic;

/// See the module.
pub struct PublishingPoint {
    path: String,
    file: PathBuf,
    settings: Arc<Settings>,
    born: Instant,
    writer: Mutex<Writer>,
    stage: Arc<Stage>,
    archives: Option<Arc<Archives>>,
    traffic: Arc<Traffic>,
}

struct Writer {
    state: State,
    definition: Arc<Definition>,
    broadcast: Broadcast,
    pushes: Pushes,
    version: u64,
    next_session: SessionId,
    last_error: Option<String>,
    past: Past,
    share: Share,
    /// Where the broadcast is archived.
    archive: Option<Arc<DiskLog>>,
}

/// Why an encoder is sent away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It is idle, and requests do not start it.
    #[error("the publishing point is not started")]
    Idle,
    /// It fetches from other servers.
    #[error("the publishing point takes its streams from other servers (sourceType Pull)")]
    Pulls,
    /// The broadcast is over.
    #[error(
        "the broadcast has ended; shut the publishing point down, or let it restart by itself (restartOnEncoderReconnect)"
    )]
    Stopped,
    /// Another event is being broadcast.
    #[error("another event is being broadcast; it has to end first")]
    OtherEvent,
    /// The event was broadcast before.
    #[error(
        "the event {event} is over; use another id, or shut the publishing point down to broadcast it again"
    )]
    EventOver {
        /// Its id.
        event: String,
    },
    /// The point was shut down while the encoder was connected.
    #[error("the publishing point was shut down")]
    ShutDown,
    /// It cuts its fragments elsewhere than the encoder that is connected.
    #[error(
        "the fragments do not start where those of the encoder that is connected do: track {track} came with {start} ticks, the nearest is {nearest}; give both encoders a common clock and the same distance of key frames"
    )]
    Misaligned {
        /// Name of the track.
        track: String,
        /// Start of its latest fragment on the broadcast's timeline, in ticks.
        start: i64,
        /// The nearest start that is there.
        nearest: i64,
    },
    /// Its encoder has another connection for the same stream.
    #[error("a newer connection of the same encoder has taken over this stream")]
    Replaced,
    /// The stream's header does not fit.
    #[error(transparent)]
    Header(#[from] Refusal),
}

impl PublishingPoint {
    /// The point at URL path `path`, defined by `file`, which holds `definition`.
    #[must_use]
    pub fn new(path: String, file: PathBuf, definition: Definition, settings: Arc<Settings>) -> Self {
        let share = Share::new(Memory::new(settings.max_memory_bytes));
        let past = Past::of(&file);
        let broadcast = Broadcast::new(rules(&definition, &settings), Arc::new(MemoryLog), past.edge());
        let definition = Arc::new(definition);
        let traffic = Arc::<Traffic>::default();
        let frame =
            Frame { definition: Arc::clone(&definition), traffic: Arc::clone(&traffic), ..Frame::default() };
        Self {
            path,
            file,
            settings,
            born: Instant::now(),
            stage: Stage::new(Snapshot::of(frame, None)),
            archives: None,
            traffic,
            writer: Mutex::new(Writer {
                state: State::Idle,
                definition,
                broadcast,
                pushes: Pushes::default(),
                version: 0,
                next_session: 0,
                last_error: None,
                past,
                share,
                archive: None,
            }),
        }
    }

    /// The same, archiving its broadcasts in `archives`.
    #[must_use]
    pub fn archived(self, archives: Arc<Archives>) -> Self {
        Self { archives: Some(archives), ..self }
    }

    /// The same, counting what it takes in `memory`.
    #[must_use]
    pub fn weighed(self, memory: &Arc<Memory>) -> Self {
        self.lock().share = Share::new(Arc::clone(memory));
        self
    }

    /// URL path, from the slash to `.isml`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What viewers see now.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.stage.shown()
    }

    /// Tells of every new version. Take it before the snapshot, so that none is missed.
    #[must_use]
    pub fn versions(&self) -> watch::Receiver<u64> {
        self.stage.versions()
    }

    /// Shows the writer's state to viewers, if it changed.
    fn publish(&self, writer: &mut Writer) {
        writer.weigh();
        for note in writer.broadcast.notes.drain(..) {
            match note {
                Note::Incomplete { stream, time, lacking } => {
                    tracing::warn!(
                        point = self.path,
                        stream,
                        time,
                        lacking,
                        "a chunk is published without all its levels"
                    );
                }
                Note::MemoryFull => {
                    tracing::warn!(
                        point = self.path,
                        max_point_bytes = self.settings.max_point_bytes,
                        max_memory_bytes = self.settings.max_memory_bytes,
                        "the window does not fit into memory: the oldest fragments go early"
                    );
                }
            }
        }
        if !std::mem::take(&mut writer.broadcast.changed) {
            return;
        }
        let edge = writer.broadcast.end();
        writer.past.reach(edge);
        writer.version += 1;
        let frame = Frame {
            version: writer.version,
            state: writer.state,
            event: writer.pushes.event().map(str::to_owned),
            definition: Arc::clone(&writer.definition),
            max_hold_ms: self.settings.max_hold_ms,
            traffic: Arc::clone(&self.traffic),
        };
        let broadcast = writer.state.serves().then_some(&writer.broadcast);
        self.stage.present(Arc::new(Snapshot::of(frame, broadcast)), &*writer.broadcast.log);
    }

    fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why an `.isml` file is no definition.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// It is not there, or the storage failed.
    #[error("the file cannot be read: {0}")]
    File(#[from] std::io::Error),
    /// Its content.
    #[error("the file is no definition of a publishing point: {0}")]
    Format(#[from] smooth::Error),
}

impl Unreadable {
    /// Whether there is no such file.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::File(e) if e.kind() == std::io::ErrorKind::NotFound)
    }
}

/// Reads an `.isml` file.
///
/// # Errors
///
/// See [`Unreadable`].
pub fn read_definition(file: &Path, settings: &Settings) -> Result<Definition, Unreadable> {
    let limits = settings.limits();
    let mut bytes = Vec::new();
    // One byte more than allowed, so that the reader refuses what is longer.
    let most = limits.xml_bytes as u64 + 1;
    std::fs::File::open(file)?.take(most).read_to_end(&mut bytes)?;
    Ok(definition::read(&bytes, &limits)?)
}

fn rules(definition: &Definition, settings: &Settings) -> Rules {
    Rules {
        look_ahead: definition.lookahead_chunks.min(MAX_LOOK_AHEAD),
        window: definition.manifest_window_length.into(),
        live_cache: match definition.live_cache_length {
            0 => settings.live_cache_seconds,
            length => length.into(),
        },
        resend_fragments: settings.resend_fragments,
        max_jump: settings.max_jump_seconds,
        max_bytes: settings.max_point_bytes,
        max_tracks: settings.max_tracks,
        max_lag: settings.max_lag_seconds,
        max_unaligned: settings.max_unaligned_fragments,
    }
}

/// A fragment counts those that it announces in one byte, [MS-SSTR] 2.2.4.5.
const MAX_LOOK_AHEAD: u32 = 255;
