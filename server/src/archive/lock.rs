//! The one process that writes to the archives of a folder.
//!
//! The system forgets the lock with the process that holds it, however that ends.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// See the module.
#[derive(Debug)]
pub(super) struct Lock {
    root: PathBuf,
    held: Mutex<Option<File>>,
}

impl Lock {
    /// Of the archives in `root`; not held yet.
    pub(super) const fn new(root: PathBuf) -> Self {
        Self { root, held: Mutex::new(None) }
    }

    /// Makes sure that no other process writes here. Blocks.
    ///
    /// # Errors
    ///
    /// Another one does, or the storage failed.
    pub(super) fn claim(&self) -> io::Result<()> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_some() {
            return Ok(());
        }
        fs::create_dir_all(&self.root)?;
        let file = File::options().write(true).create(true).truncate(false).open(self.root.join(NAME))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let folder = self.root.display();
                let reason = format!("another server writes to the archives in {folder}");
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, reason));
            }
            Err(TryLockError::Error(error)) => tracing::debug!(%error, "a file system without locks"),
        }
        *held = Some(file);
        Ok(())
    }

    /// Lets another process write.
    pub(super) fn release(&self) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Hidden, so that it is neither served nor listed.
const NAME: &str = ".lock";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("archives");
        let (first, second) = (Lock::new(root.clone()), Lock::new(root.clone()));
        first.claim().unwrap();
        first.claim().unwrap();
        let refused = second.claim().unwrap_err();
        assert!(refused.to_string().contains(root.to_str().unwrap()), "{refused}");
        first.release();
        second.claim().unwrap();
        assert!(first.claim().is_err());
        drop(second);
        first.claim().unwrap();
    }
}
