//! From URL paths to publishing points.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use super::{PublishingPoint, read_definition};
use crate::config::Settings;

/// The points under the root, found when they are first asked for.
pub struct Registry {
    root: PathBuf,
    settings: Arc<Settings>,
    /// By path in lower case: clients change the case of URLs.
    points: RwLock<HashMap<String, Arc<PublishingPoint>>>,
}

impl Registry {
    /// A registry of what lies under the root of `settings`.
    ///
    /// # Errors
    ///
    /// The root is no folder that can be read.
    pub fn new(settings: Arc<Settings>) -> std::io::Result<Self> {
        let root = settings.root.canonicalize()?;
        Ok(Self { root, settings, points: RwLock::default() })
    }

    /// The root, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The point at `path`, decoded, from the slash to `.isml`.
    pub async fn find(self: &Arc<Self>, path: &str) -> Option<Arc<PublishingPoint>> {
        let key = path.to_lowercase();
        if let Some(point) = self.points.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Some(Arc::clone(point));
        }
        let (this, path) = (Arc::clone(self), path.to_owned());
        let (file, definition) = tokio::task::spawn_blocking(move || this.read(&path)).await.ok()??;
        let canonical = format!("/{}", file.strip_prefix(&self.root).ok()?.to_str()?);
        let mut points = self.points.write().unwrap_or_else(PoisonError::into_inner);
        let point = points.entry(key).or_insert_with(|| {
            Arc::new(PublishingPoint::new(canonical, file, definition, Arc::clone(&self.settings)))
        });
        Some(Arc::clone(point))
    }

    fn read(&self, path: &str) -> Option<(PathBuf, smooth::smil::definition::Definition)> {
        let file = self.resolve(path)?;
        match read_definition(&file, &self.settings) {
            Ok(definition) => Some((file, definition)),
            Err(e) => {
                tracing::warn!(file = %file.display(), error = %e, "not a publishing point");
                None
            }
        }
    }

    /// The file at `path`: each part as it is written, else in another letter case. Never outside the
    /// root, not even by a link.
    fn resolve(&self, path: &str) -> Option<PathBuf> {
        let mut file = self.root.clone();
        for part in path.strip_prefix('/')?.split('/') {
            if !is_plain(part) {
                return None;
            }
            let exact = file.join(part);
            file = if exact.exists() { exact } else { same_but_case(&file, part)? };
        }
        let file = file.canonicalize().ok()?;
        (file.is_file() && file.starts_with(&self.root)).then_some(file)
    }
}

/// Whether a decoded part of a path names something in its folder, and nothing hidden.
#[must_use]
pub fn is_plain(part: &str) -> bool {
    !part.is_empty() && !part.starts_with('.') && !part.contains(['/', '\\', '\0', ':'])
}

fn same_but_case(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(Result::ok)
        .filter(|e| e.file_name().to_str().is_some_and(|n| n.eq_ignore_ascii_case(name)))
        .map(|e| e.path())
        .collect();
    found.sort();
    found.into_iter().next()
}
