//! Publishing points: one writer each, and snapshots for any number of readers.
//!
//! ```text
//! ingest ─→ PublishingPoint ─→ Broadcast ─→ FragmentLog
//!                 │ publish (a version)
//!                 ↓
//!             Snapshot  ←─ deliver (no lock)
//! ```

pub mod blocks;
pub mod broadcast;
pub mod header;
mod placement;
mod push;
pub mod registry;
mod runs;
mod session;
pub mod snapshot;
pub mod state;
pub mod stream;
pub mod track;
mod window;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use arc_swap::ArcSwap;
use smooth::smil::definition::{self, Definition};
use tokio::sync::watch;

use crate::archive::{MemoryLog, TrackId};
use crate::config::Settings;
use broadcast::{Arrival, Broadcast, Note, Outcome, Refusal, Rules};
use push::Pushes;
use snapshot::{Frame, Snapshot};
use state::{Input, State};
use track::{SessionId, TrackSpec};

/// See the module.
pub struct PublishingPoint {
    path: String,
    file: PathBuf,
    settings: Arc<Settings>,
    born: Instant,
    writer: Mutex<Writer>,
    snapshot: ArcSwap<Snapshot>,
    version: watch::Sender<u64>,
}

struct Writer {
    state: State,
    definition: Arc<Definition>,
    broadcast: Broadcast,
    pushes: Pushes,
    version: u64,
    next_session: SessionId,
}

/// Why an encoder is sent away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It is idle, and requests do not start it.
    #[error("the publishing point is not started")]
    Idle,
    /// The broadcast is over.
    #[error(
        "the broadcast has ended; shut the publishing point down, or let it restart by itself (restartOnEncoderReconnect)"
    )]
    Stopped,
    /// Another event is being broadcast.
    #[error("another event is being broadcast")]
    OtherEvent,
    /// The stream's header does not fit.
    #[error(transparent)]
    Header(#[from] Refusal),
}

impl PublishingPoint {
    /// The point at URL path `path`, defined by `file`, which holds `definition`.
    #[must_use]
    pub fn new(path: String, file: PathBuf, definition: Definition, settings: Arc<Settings>) -> Self {
        let broadcast = Broadcast::new(rules(&definition, &settings), Arc::new(MemoryLog::default()), 0);
        Self {
            path,
            file,
            settings,
            born: Instant::now(),
            snapshot: ArcSwap::from_pointee(Snapshot::of(Frame::default(), None)),
            version: watch::Sender::new(0),
            writer: Mutex::new(Writer {
                state: State::Idle,
                definition: Arc::new(definition),
                broadcast,
                pushes: Pushes::default(),
                version: 0,
                next_session: 0,
            }),
        }
    }

    /// URL path, from the slash to `.isml`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What viewers see now.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// Tells of every new version. Take it before the snapshot, so that none is missed.
    #[must_use]
    pub fn versions(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Says whether an encoder may post to `event`, and starts the point where its first request does.
    ///
    /// # Errors
    ///
    /// See [`Refused`].
    pub fn ready(&self, event: Option<&str>) -> Result<(), Refused> {
        let mut writer = self.lock();
        match writer.state {
            State::Idle if self.settings.auto_start || writer.definition.start_on_first_request => {
                self.start(&mut writer);
                Ok(())
            }
            State::Starting => Ok(()),
            State::Started if writer.pushes.admits(event) => Ok(()),
            State::Started => Err(Refused::OtherEvent),
            State::Stopped | State::Stopping if writer.definition.restart_on_encoder_reconnect => Ok(()),
            State::Stopped | State::Stopping => Err(Refused::Stopped),
            State::Idle | State::ShuttingDown | State::Error => Err(Refused::Idle),
        }
    }

    /// Opens a connection of push stream `stream` with the tracks of its header. Returns its number and
    /// those of its tracks.
    ///
    /// # Errors
    ///
    /// See [`Refused`].
    pub fn open(
        &self,
        event: Option<&str>,
        stream: &str,
        specs: &[TrackSpec],
    ) -> Result<(SessionId, Vec<TrackId>), Refused> {
        self.ready(event)?;
        let mut writer = self.lock();
        if writer.state == State::Stopped {
            tracing::info!(point = self.path, stream, "an encoder is back: the broadcast restarts");
            self.clear(&mut writer);
            self.start(&mut writer);
        }
        let session = writer.next_session;
        let tracks = writer.broadcast.open(session, specs)?;
        writer.next_session += 1;
        let text = specs.iter().all(|s| s.kind == smooth::manifest::Kind::Text);
        writer.pushes.open(event, stream, session, text);
        self.apply(&mut writer, Input::Data);
        self.publish(&mut writer);
        Ok((session, tracks))
    }

    /// A connection repeated its header. Returns the numbers of its tracks.
    ///
    /// # Errors
    ///
    /// See [`Refused`].
    pub fn reopen(&self, session: SessionId, specs: &[TrackSpec]) -> Result<Vec<TrackId>, Refused> {
        let mut writer = self.lock();
        if !writer.pushes.knows(session) {
            return Err(Refused::Stopped);
        }
        let tracks = writer.broadcast.open(session, specs)?;
        self.publish(&mut writer);
        Ok(tracks)
    }

    /// Takes in a fragment.
    ///
    /// # Errors
    ///
    /// [`Refused::Stopped`] if the broadcast that the connection belongs to is over.
    pub fn accept(&self, session: SessionId, track: TrackId, arrival: Arrival) -> Result<Outcome, Refused> {
        let mut writer = self.lock();
        if !writer.state.ingests() || !writer.pushes.knows(session) {
            return Err(Refused::Stopped);
        }
        // Read under the lock, so that it never goes back.
        let now = self.born.elapsed();
        let outcome = writer.broadcast.accept(now, session, track, arrival);
        self.publish(&mut writer);
        Ok(outcome)
    }

    /// The encoder said that its stream is over. When all have, so is the broadcast.
    pub fn end(&self, session: SessionId) {
        let mut writer = self.lock();
        writer.pushes.end(session);
        self.leave(&mut writer, session);
    }

    /// The connection is gone. Without [`end`](Self::end) the point waits for its encoder.
    pub fn close(&self, session: SessionId) {
        let mut writer = self.lock();
        writer.pushes.close(session);
        self.leave(&mut writer, session);
    }

    /// Ends the broadcast: viewers keep what there is, encoders are sent away.
    pub fn stop(&self) {
        let mut writer = self.lock();
        self.finish(&mut writer, Input::Stop);
    }

    /// Forgets the broadcast.
    pub fn shut_down(&self) {
        let mut writer = self.lock();
        self.clear(&mut writer);
    }

    fn leave(&self, writer: &mut Writer, session: SessionId) {
        writer.broadcast.close(session);
        if writer.state == State::Started && writer.pushes.all_ended() {
            self.finish(writer, Input::End);
        }
    }

    fn start(&self, writer: &mut Writer) {
        if !self.apply(writer, Input::Start) {
            return;
        }
        // Settings may have been edited since; a file that cannot be read leaves them as they were.
        match read_definition(&self.file, &self.settings) {
            Ok(definition) => writer.definition = Arc::new(definition),
            Err(e) => tracing::warn!(point = self.path, error = %e, "the definition cannot be read again"),
        }
        let begin = writer.broadcast.end();
        let rules = rules(&writer.definition, &self.settings);
        writer.broadcast = Broadcast::new(rules, Arc::new(MemoryLog::default()), begin);
        writer.pushes = Pushes::default();
    }

    fn finish(&self, writer: &mut Writer, input: Input) {
        if !self.apply(writer, input) {
            return;
        }
        writer.broadcast.finish();
        self.apply(writer, Input::Finalised);
        writer.pushes.forget_connections();
        self.publish(writer);
    }

    fn clear(&self, writer: &mut Writer) {
        if self.apply(writer, Input::Shutdown) {
            writer.pushes = Pushes::default();
            self.apply(writer, Input::Cleared);
            writer.broadcast.changed = true;
            self.publish(writer);
        }
    }

    fn apply(&self, writer: &mut Writer, input: Input) -> bool {
        let Some(next) = writer.state.after(input) else { return false };
        tracing::info!(point = self.path, from = ?writer.state, to = ?next, "publishing point");
        writer.state = next;
        true
    }

    /// Shows the writer's state to viewers, if it changed.
    fn publish(&self, writer: &mut Writer) {
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
                    let max_bytes = self.settings.max_point_bytes;
                    tracing::warn!(
                        point = self.path,
                        max_bytes,
                        "the window does not fit into memory: the oldest fragments go early"
                    );
                }
            }
        }
        if !std::mem::take(&mut writer.broadcast.changed) {
            return;
        }
        writer.version += 1;
        let frame = Frame {
            version: writer.version,
            state: writer.state,
            event: writer.pushes.event().map(str::to_owned),
            definition: Arc::clone(&writer.definition),
            max_hold_ms: self.settings.max_hold_ms,
        };
        let broadcast = writer.state.serves().then_some(&writer.broadcast);
        self.snapshot.store(Arc::new(Snapshot::of(frame, broadcast)));
        self.version.send_replace(writer.version);
    }

    fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads an `.isml` file.
///
/// # Errors
///
/// The file cannot be read, or is no definition.
pub fn read_definition(
    file: &Path,
    settings: &Settings,
) -> Result<Definition, Box<dyn std::error::Error + Send + Sync>> {
    let bytes = std::fs::read(file)?;
    Ok(definition::read(&bytes, &settings.limits())?)
}

fn rules(definition: &Definition, settings: &Settings) -> Rules {
    Rules {
        look_ahead: definition.lookahead_chunks,
        window: definition.manifest_window_length.into(),
        resend_fragments: settings.resend_fragments,
        max_jump: settings.max_jump_seconds,
        max_bytes: settings.max_point_bytes,
        max_tracks: settings.max_tracks,
    }
}
