//! Presentations on demand: an `.ism` file, the client manifest (`.ismc`) and the media files that it
//! names, under the root. Viewers are served as from a publishing point whose broadcast is over.
//!
//! ```text
//! GET /film.ism/Manifest ─ Library ─ Presentation ─┬─ film.ismc, as it is
//!                             │                    └─ Snapshot ─ place of each fragment ─ pread
//!                             └─ opened once, and anew when a file has changed
//! ```
//!
//! | module | what it does |
//! | --- | --- |
//! | `open` | manifests and files to a snapshot |
//! | `join` | which track is a level of the client manifest |
//! | `index` | where the fragments of a file are |
//! | `log` | reads them |
//! | `build` | a client manifest where there is none |

mod build;
mod error;
mod file;
mod index;
mod join;
mod log;
mod open;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

pub use error::Failure;

use self::file::Identity;
use self::log::Files;
use self::open::Seen;
use crate::config::Settings;
use crate::deliver::source::Source;
use crate::publishing_point::files;
use crate::publishing_point::snapshot::{Document, Snapshot};

/// A presentation that is open.
pub struct Presentation {
    path: String,
    manifest: Document,
    snapshot: Arc<Snapshot>,
    log: Arc<Files>,
    versions: watch::Sender<u64>,
}

impl Presentation {
    /// Whether a file is not what it was when this was opened.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.log.is_stale.load(Ordering::Acquire)
    }
}

impl Source for Presentation {
    fn path(&self) -> &str {
        &self.path
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot)
    }

    fn versions(&self) -> watch::Receiver<u64> {
        self.versions.subscribe()
    }

    fn manifest(&self) -> Option<Document> {
        Some(self.manifest.clone())
    }
}

/// The presentations under the root, those that were asked for last kept open.
pub struct Library {
    root: PathBuf,
    settings: Arc<Settings>,
    /// By URL path.
    shelf: Mutex<HashMap<String, Arc<Slot>>>,
    requests: AtomicU64,
}

#[derive(Default)]
struct Slot {
    /// Number of the request that asked for it last.
    asked: AtomicU64,
    /// Held while it is opened: one does it, the others wait for the same result.
    shelved: tokio::sync::Mutex<Option<Shelved>>,
}

/// A presentation, or why it cannot be opened.
struct Shelved {
    seen: Seen,
    looked: Instant,
    result: Result<Arc<Presentation>, Arc<Failure>>,
}

impl Shelved {
    fn is_stale(&self) -> bool {
        self.result.as_ref().is_ok_and(|p| p.is_stale())
    }
}

impl Library {
    /// The library of what lies under `root`, which is canonical.
    #[must_use]
    pub fn new(settings: Arc<Settings>, root: &Path) -> Self {
        Self { root: root.to_owned(), settings, shelf: Mutex::default(), requests: AtomicU64::new(0) }
    }

    /// The presentation at `path`, decoded, from the slash to `.ism`; `None` if there is no such file.
    ///
    /// # Errors
    ///
    /// There is one, and it cannot be served.
    pub async fn find(&self, path: &str) -> Result<Option<Arc<Presentation>>, Arc<Failure>> {
        let slot = self.slot(path);
        let mut shelved = slot.shelved.lock().await;
        if let Some(known) = &mut *shelved
            && !known.is_stale()
        {
            if known.looked.elapsed() < self.settings.presentation_check() {
                return known.result.clone().map(Some);
            }
            let seen = std::mem::take(&mut known.seen);
            let looked = Instant::now();
            let checked = move || {
                let same = seen.iter().all(|(path, then)| Identity::at(path) == *then);
                (seen, same)
            };
            let Ok((seen, same)) = tokio::task::spawn_blocking(checked).await else { return Ok(None) };
            (known.seen, known.looked) = (seen, looked);
            if same {
                return known.result.clone().map(Some);
            }
        }
        *shelved = None;
        let (root, settings, url) = (self.root.clone(), Arc::clone(&self.settings), path.to_owned());
        let opened = tokio::task::spawn_blocking(move || open(&root, &settings, &url)).await.ok().flatten();
        let Some(opened) = opened else {
            drop(shelved);
            self.forget(path, &slot);
            return Ok(None);
        };
        let result = opened.result.clone();
        *shelved = Some(opened);
        result.map(Some)
    }

    /// The slot of `path`. Where there are too many, the one that was not asked for the longest goes.
    fn slot(&self, path: &str) -> Arc<Slot> {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.requests.fetch_add(1, Ordering::Relaxed);
        if !shelf.contains_key(path) && shelf.len() >= self.settings.max_presentations.max(1) {
            let oldest = shelf.iter().min_by_key(|(_, slot)| slot.asked.load(Ordering::Relaxed));
            if let Some(oldest) = oldest.map(|(path, _)| path.clone()) {
                shelf.remove(&oldest);
            }
        }
        let slot = shelf.entry(path.to_owned()).or_default();
        slot.asked.store(now, Ordering::Relaxed);
        Arc::clone(slot)
    }

    fn forget(&self, path: &str, slot: &Arc<Slot>) {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if shelf.get(path).is_some_and(|known| Arc::ptr_eq(known, slot)) {
            shelf.remove(path);
        }
    }
}

/// Opens the presentation at URL path `path`; `None` if there is no such file.
fn open(root: &Path, settings: &Settings, path: &str) -> Option<Shelved> {
    let ism = files::resolve(root, path)?;
    // As it is asked for and as it was found: a link on the way may be turned to another folder.
    let seen = [root.join(path.trim_start_matches('/')), ism.clone()];
    let mut seen: Seen = seen.map(|path| (path.clone(), Identity::at(&path))).into();
    let looked = Instant::now();
    let result = open::open(root, &ism, settings, &mut seen);
    let result = match result {
        Ok(opened) => {
            tracing::info!(presentation = path, micros = looked.elapsed().as_micros(), "presentation opened");
            Ok(Arc::new(Presentation {
                path: path.to_owned(),
                manifest: opened.manifest,
                snapshot: opened.snapshot,
                log: opened.log,
                versions: watch::Sender::new(0),
            }))
        }
        Err(failure) => {
            tracing::warn!(presentation = path, error = %failure, "the presentation cannot be served");
            Err(Arc::new(failure))
        }
    };
    Some(Shelved { seen, looked, result })
}
