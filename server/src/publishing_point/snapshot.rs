//! One version of a publishing point, as viewers see it. Never changes; reading it takes no lock.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use smooth::manifest::Kind;
use smooth::smil::definition::Definition;
use smooth::{Span, Timescale};

use super::blocks::Blocks;
use super::broadcast::Broadcast;
pub use super::document::Document;
use super::state::State;
use super::track::{Entry, TrackSpec};
use super::traffic::{Meter, Traffic};
use crate::archive::{FragmentLog, Media, TrackId};

/// See the module.
pub struct Snapshot {
    /// Goes up with every version.
    pub version: u64,
    /// Where the point stands.
    pub state: State,
    /// Event that is being broadcast, where the encoder names one.
    pub event: Option<String>,
    /// How many of the newest chunks are held back while the point is live.
    pub look_ahead: u32,
    /// Seconds of media that stay available; 0 for all.
    pub window: u64,
    /// Settings of the publishing point.
    pub definition: Arc<Definition>,
    /// Milliseconds for which a request for the next fragment may be held; 0 for none.
    pub max_hold_ms: u64,
    /// Streams in the order of the manifest.
    pub streams: Vec<StreamView>,
    /// Counts what viewers ask for; shared by all versions.
    pub traffic: Arc<Traffic>,
    log: Option<Arc<dyn FragmentLog>>,
    documents: Mutex<HashMap<String, Arc<OnceLock<Option<Document>>>>>,
}

/// One stream of a [`Snapshot`].
pub struct StreamView {
    /// What it carries.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Ticks per second.
    pub timescale: Timescale,
    /// Chunks published so far, those held back among them.
    pub chunks: Blocks<Span>,
    /// Start of the newest chunk that has left, in ticks; `None` while all of them are there.
    pub gone: Option<u64>,
    /// Start of the first fragment that is here and not published yet, in ticks.
    pub waiting: Option<u64>,
    /// Levels, lowest bitrate first.
    pub levels: Vec<LevelView>,
    /// See [`StreamView::usual_duration`].
    pub(crate) usual: OnceLock<u64>,
}

/// One level of a [`StreamView`].
pub struct LevelView {
    /// Its number in the log.
    pub id: TrackId,
    /// Its header.
    pub spec: Arc<TrackSpec>,
    /// Its fragments.
    pub entries: Blocks<Entry>,
    /// Counts requests for them; shared by all versions.
    pub requests: Arc<Meter>,
}

/// What a snapshot takes from the definition and the settings.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    pub(super) event: Option<String>,
    pub(super) version: u64,
    pub(super) state: State,
    pub(super) definition: Arc<Definition>,
    pub(super) max_hold_ms: u64,
    pub(super) traffic: Arc<Traffic>,
}

impl Broadcast {
    /// Its streams as viewers see them.
    pub(crate) fn views(&self) -> Vec<StreamView> {
        let level = |&id: &TrackId| {
            let track = self.tracks.get(id)?;
            Some(LevelView {
                id,
                spec: Arc::clone(&track.spec),
                entries: track.entries.clone(),
                requests: Arc::clone(&track.requests),
            })
        };
        let waiting = |&id: &TrackId| self.tracks.get(id)?.pending.front().map(|w| w.span.time);
        let view = |s: &super::stream::Stream| StreamView {
            kind: s.kind,
            name: s.name.clone(),
            timescale: s.timescale,
            chunks: s.chunks.clone(),
            gone: s.gone,
            waiting: s.levels.iter().filter_map(waiting).min(),
            levels: s.levels.iter().filter_map(level).collect(),
            usual: OnceLock::new(),
        };
        self.streams.iter().map(view).collect()
    }
}

impl StreamView {
    /// The duration that seven of eight late chunks do not exceed, in ticks: an odd one changes nothing.
    /// Found at the first call, for every segment is asked for by it.
    #[must_use]
    pub fn usual_duration(&self) -> u64 {
        *self.usual.get_or_init(|| {
            let mut durations: Vec<_> = self.chunks.iter().rev().take(SAMPLE).map(|c| c.duration).collect();
            let Some(at) = (durations.len() * 7).div_ceil(8).checked_sub(1) else { return 0 };
            *durations.select_nth_unstable(at).1
        })
    }
}

/// Chunks that are looked at to know how long they are.
const SAMPLE: usize = 512;

impl Snapshot {
    pub(super) fn of(frame: Frame, broadcast: Option<&Broadcast>) -> Self {
        Self {
            version: frame.version,
            state: frame.state,
            event: frame.event,
            look_ahead: broadcast.map_or(0, |b| b.rules.look_ahead),
            window: broadcast.map_or(0, |b| b.rules.window),
            definition: frame.definition,
            max_hold_ms: frame.max_hold_ms,
            streams: broadcast.map(Broadcast::views).unwrap_or_default(),
            traffic: frame.traffic,
            log: broadcast.map(|b| Arc::clone(&b.log)),
            documents: Mutex::default(),
        }
    }

    /// The one version of a presentation on demand, whose media is in `log`.
    pub(crate) fn on_demand(
        definition: Definition,
        streams: Vec<StreamView>,
        log: Arc<dyn FragmentLog>,
    ) -> Self {
        let frame = Frame { state: State::Stopped, definition: Arc::new(definition), ..Frame::default() };
        Self { streams, log: Some(log), ..Self::of(frame, None) }
    }

    /// Whether more is to come.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.state == State::Started
    }

    /// Whether players need a licence, for some of it at least.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.streams.iter().flat_map(|s| &s.levels).any(|level| !level.spec.protection.is_empty())
    }

    /// Whether a URL with `event` means this broadcast; one without any does.
    #[must_use]
    pub fn has_event(&self, event: Option<&str>) -> bool {
        event.is_none() || event == self.event.as_deref()
    }

    /// How many of the newest chunks of `stream` are held back. Text is not: its chunks may be rare.
    #[must_use]
    pub fn held_back(&self, stream: &StreamView) -> usize {
        if self.is_live() && stream.kind != Kind::Text { self.look_ahead as usize } else { 0 }
    }

    /// The document `key`, rendered by `render` at the first call and shared by all later ones; `None`
    /// while there is nothing to show. Keys name outputs of this snapshot, never what a client made up,
    /// so there are few.
    pub fn document(&self, key: &str, render: impl FnOnce(&Self) -> Option<Document>) -> Option<Document> {
        let cell = {
            let mut documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
            match documents.get(key) {
                Some(cell) => Arc::clone(cell),
                None => Arc::clone(documents.entry(key.to_owned()).or_default()),
            }
        };
        cell.get_or_init(|| render(self)).clone()
    }

    /// [`media`](Self::media), off the executor's threads where the log has to be read. Counts as a
    /// request for the level.
    ///
    /// # Errors
    ///
    /// The log's storage failed.
    pub async fn load(&self, level: &LevelView, entry: &Entry) -> io::Result<Option<Arc<Media>>> {
        level.requests.add(1);
        match (&entry.media, &self.log) {
            (None, Some(log)) => {
                let (log, id, time, place) = (Arc::clone(log), level.id, entry.span.time, entry.place);
                tokio::task::spawn_blocking(move || log.get(id, time, place))
                    .await
                    .map_err(io::Error::other)?
            }
            _ => self.media(level, entry),
        }
    }

    /// The media of a fragment of this snapshot, from memory or from the log.
    ///
    /// # Errors
    ///
    /// The log's storage failed.
    pub fn media(&self, level: &LevelView, entry: &Entry) -> io::Result<Option<Arc<Media>>> {
        match (&entry.media, &self.log) {
            (Some(media), _) => Ok(Some(Arc::clone(media))),
            (None, Some(log)) => log.get(level.id, entry.span.time, entry.place),
            (None, None) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_document_is_rendered_once_however_many_ask() {
        let (snapshot, rendered) = (Snapshot::of(Frame::default(), None), AtomicUsize::new(0));
        let ask = || {
            let render = |_: &Snapshot| {
                rendered.fetch_add(1, Ordering::Relaxed);
                Some(Document::new("manifest"))
            };
            snapshot.document("smooth", render).unwrap().body.as_ptr() as usize
        };
        let seen: std::collections::HashSet<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert_eq!((rendered.into_inner(), seen.len()), (1, 1));
    }
}
