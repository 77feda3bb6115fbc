//! From URL paths to publishing points.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use smooth::smil::definition::{self, Definition};

pub use super::files::is_plain;
use super::memory::Memory;
use super::past::Past;
use super::state::State;
use super::{PublishingPoint, files, read_definition};
use crate::archive::Archives;
use crate::config::Settings;

/// The points under the root, found when they are first asked for.
pub struct Registry {
    root: PathBuf,
    settings: Arc<Settings>,
    archives: Arc<Archives>,
    memory: Arc<Memory>,
    /// By path in lower case: clients change the case of URLs.
    points: RwLock<HashMap<String, Arc<PublishingPoint>>>,
    /// Held while points are made and removed.
    changes: Mutex<()>,
}

/// All that [`Registry::list`] found, in order of path.
#[derive(Default)]
pub struct Listing {
    /// The publishing points.
    pub points: Vec<Arc<PublishingPoint>>,
    /// Files that should be some.
    pub unreadable: Vec<Unreadable>,
    /// Whether there is more than the settings allow to list.
    pub is_cut: bool,
}

/// A file or folder that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its URL path.
    pub path: String,
    /// Why, for people.
    pub reason: String,
}

/// Why a publishing point is not made or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// No path of a publishing point.
    #[error("the path must begin with / and end in .isml; its parts must not begin with a dot")]
    Path,
    /// There is a file of this name.
    #[error("there is a publishing point or file of this name")]
    Exists,
    /// There is no such publishing point.
    #[error("there is no publishing point here")]
    Missing,
    /// The storage failed.
    #[error("the definition's file or folder cannot be changed: {0}")]
    File(io::Error),
}

impl Registry {
    /// A registry of what lies under the root of `settings`.
    ///
    /// # Errors
    ///
    /// The root is no folder that can be read.
    pub fn new(settings: Arc<Settings>) -> io::Result<Self> {
        let root = settings.root.canonicalize()?;
        let archives = Arc::new(Archives::new(Arc::clone(&settings), &root));
        let memory = Memory::new(settings.max_memory_bytes);
        Ok(Self { root, settings, archives, memory, points: RwLock::default(), changes: Mutex::default() })
    }

    fn make(&self, path: String, file: PathBuf, definition: Definition) -> PublishingPoint {
        let point = PublishingPoint::new(path, file, definition, Arc::clone(&self.settings));
        point.archived(Arc::clone(&self.archives)).weighed(&self.memory)
    }

    /// Keeps the memory of all points within its bound; called after fragments have come.
    pub fn relieve(&self) {
        if self.memory.is_short() {
            let points: Vec<_> = self.read().values().cloned().collect();
            self.memory.relieve(&points);
        }
    }

    /// Bytes of memory that the fragments of all points take.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.memory.used()
    }

    /// Takes up again what was going on, or could be watched, when the server ended last. Blocks.
    pub fn resume(&self) {
        for path in self.archives.unfinished() {
            let resumed = self.look(&path).and_then(|point| point.resume().map_err(|e| e.to_string()));
            if let Err(reason) = resumed {
                tracing::error!(point = path, reason, "the broadcast cannot be taken up again");
            }
        }
    }

    /// Lets the archives store what they have been told, and ends them, within `limit`. Blocks.
    pub fn finish(&self, limit: Duration) {
        self.archives.finish(limit);
    }

    /// The root, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The point at `path`, decoded, from the slash to `.isml`.
    ///
    /// While a point is idle its file is looked at each time: an edited one counts, a deleted one is no
    /// point any more.
    pub async fn find(self: &Arc<Self>, path: &str) -> Option<Arc<PublishingPoint>> {
        if let Some(point) = self.known(path)
            && point.snapshot().state != State::Idle
        {
            return Some(point);
        }
        let (this, path) = (Arc::clone(self), path.to_owned());
        tokio::task::spawn_blocking(move || this.look(&path)).await.ok()?.ok()
    }

    /// Every point under the root. Blocks: it walks the folders.
    #[must_use]
    pub fn list(&self) -> Listing {
        let mut listing = Listing::default();
        let mut files = Vec::new();
        self.walk(&self.root, 0, &mut files, &mut listing);
        files.sort();
        for path in files {
            match self.look(&path) {
                Ok(point) => listing.points.push(point),
                Err(reason) => listing.unreadable.push(Unreadable { path, reason }),
            }
        }
        // A point that runs is there, even when its file is gone.
        let known: Vec<_> = self.read().values().cloned().collect();
        for point in known {
            let running = point.snapshot().state != State::Idle;
            if running && !listing.points.iter().any(|p| Arc::ptr_eq(p, &point)) {
                listing.points.push(point);
            }
        }
        listing.points.sort_by(|a, b| a.path().cmp(b.path()));
        listing
    }

    /// The points that are not idle, in order of path. Looks at no file.
    #[must_use]
    pub fn running(&self) -> Vec<Arc<PublishingPoint>> {
        let runs = |point: &&Arc<PublishingPoint>| point.snapshot().state != State::Idle;
        let mut running: Vec<_> = self.read().values().filter(runs).cloned().collect();
        running.sort_by(|a, b| a.path().cmp(b.path()));
        running
    }

    /// Makes a point at `path`, decoded, with its folders. Blocks.
    ///
    /// # Errors
    ///
    /// See [`Failure`].
    pub fn create(&self, path: &str, definition: &Definition) -> Result<Arc<PublishingPoint>, Failure> {
        let _alone = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_point(path) {
            return Err(Failure::Path);
        }
        let file = files::prepare(&self.root, path).map_err(|e| match e.kind() {
            io::ErrorKind::InvalidInput => Failure::Path,
            io::ErrorKind::AlreadyExists => Failure::Exists,
            _ => Failure::File(e),
        })?;
        if self.known(path).is_some_and(|p| p.snapshot().state != State::Idle) {
            return Err(Failure::Exists);
        }
        files::replace(&file, definition::write(definition).as_bytes()).map_err(Failure::File)?;
        tracing::info!(point = path, "publishing point made");
        self.look(path).map_err(|e| Failure::File(io::Error::other(e)))
    }

    /// Shuts the point at `path` down and deletes its file. Blocks.
    ///
    /// # Errors
    ///
    /// See [`Failure`].
    pub fn remove(&self, path: &str) -> Result<(), Failure> {
        let _alone = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_point(path) {
            return Err(Failure::Path);
        }
        let file = files::resolve(&self.root, path);
        let point = file.as_ref().map_or_else(|| self.known(path), |f| self.known(&self.url(f)?));
        if file.is_none() && point.is_none() {
            return Err(Failure::Missing);
        }
        if let Some(file) = file {
            std::fs::remove_file(&file).map_err(Failure::File)?;
            Past::remove(&file);
        }
        if let Some(point) = point {
            // Idle is where it should be.
            let _ = point.shut_down();
            self.write().remove(&point.path().to_lowercase());
        }
        tracing::info!(point = path, "publishing point removed");
        Ok(())
    }

    /// The point at `path`, its file read if it is idle or was not known; or why there is none.
    fn look(&self, path: &str) -> Result<Arc<PublishingPoint>, String> {
        let missing = || "there is no such file".to_owned();
        let Some(file) = files::resolve(&self.root, path) else {
            // The file of a point that runs may be gone.
            let running = self.known(path).filter(|p| p.refresh());
            return running.ok_or_else(|| {
                self.write().remove(&path.to_lowercase());
                missing()
            });
        };
        let path = self.url(&file).ok_or_else(missing)?;
        if let Some(point) = self.known(&path) {
            return if point.refresh() { Ok(point) } else { Err(missing()) };
        }
        let definition = read_definition(&file, &self.settings).map_err(|e| {
            tracing::warn!(file = %file.display(), error = %e, "not a publishing point");
            e.to_string()
        })?;
        let made = || Arc::new(self.make(path.clone(), file, definition));
        Ok(Arc::clone(self.write().entry(path.to_lowercase()).or_insert_with(made)))
    }

    /// URL paths of the files in `folder` and below that should be points.
    fn walk(&self, folder: &Path, depth: usize, found: &mut Vec<String>, listing: &mut Listing) {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(e) => {
                let path = self.url(folder).unwrap_or_default();
                listing.unreadable.push(Unreadable { path, reason: e.to_string() });
                return;
            }
        };
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            // Links are not followed into folders: they may lead in a circle.
            let is_folder = entry.file_type().is_ok_and(|t| t.is_dir());
            let Some(url) = self.url(&path).filter(|u| u.rsplit('/').next().is_some_and(is_plain)) else {
                continue;
            };
            if is_folder && depth < self.settings.max_folder_depth {
                self.walk(&path, depth + 1, found, listing);
            } else if is_folder {
                listing.is_cut = true;
            } else if is_point(&url) {
                if found.len() >= self.settings.max_listed_points {
                    listing.is_cut = true;
                    return;
                }
                found.push(url);
            }
        }
    }

    fn known(&self, path: &str) -> Option<Arc<PublishingPoint>> {
        self.read().get(&path.to_lowercase()).cloned()
    }

    /// URL path of a file under the root.
    fn url(&self, file: &Path) -> Option<String> {
        Some(format!("/{}", file.strip_prefix(&self.root).ok()?.to_str()?))
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, HashMap<String, Arc<PublishingPoint>>> {
        self.points.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, HashMap<String, Arc<PublishingPoint>>> {
        self.points.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether `path` may be that of a publishing point.
fn is_point(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = name.len().checked_sub(".isml".len()).filter(|&at| at > 0);
    let named = stem.and_then(|at| name.get(at..)).is_some_and(|e| e.eq_ignore_ascii_case(".isml"));
    named && path.strip_prefix('/').is_some_and(|p| p.split('/').all(is_plain))
}

#[cfg(test)]
mod tests;
