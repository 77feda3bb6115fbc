//! The few things an archive does to a disk, behind a trait: tests make each of them fail.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

/// Where archives are written.
pub(super) trait Disk: Send + Sync {
    /// Makes a folder that is not there.
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    /// Makes a file that is not there; a link in its place counts as being there.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn Output>>;

    /// Opens a file to write on.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn Output>>;

    /// Puts `bytes` in the place of the file at `path`, whole or not at all.
    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Deletes a file, if it is there.
    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }
}

/// A file that is written. One thread writes; another may sync.
pub(super) trait Output: Send + Sync {
    /// Writes all of `bytes` at byte `at`.
    fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file off after `len` bytes.
    fn cut(&self, len: u64) -> io::Result<()>;

    /// Returns when everything written before is on the disk itself.
    fn sync(&self) -> io::Result<()>;
}

/// The system's file systems.
#[derive(Debug)]
pub(super) struct System;

impl Disk for System {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn Output>> {
        Ok(Arc::new(OpenOptions::new().write(true).create_new(true).open(path)?))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn Output>> {
        Ok(Arc::new(OpenOptions::new().write(true).open(path)?))
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let draft = path.with_file_name(format!(".{name}.draft"));
        self.remove(&draft)?;
        let mut file = OpenOptions::new().write(true).create_new(true).open(&draft)?;
        file.write_all(bytes)?;
        drop(file);
        fs::rename(&draft, path)
    }
}

impl Output for File {
    fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let mut file = self;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)
    }

    fn cut(&self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

#[cfg(test)]
pub(super) mod faults {
    //! A disk that fails when it is told to.

    use std::sync::{Condvar, Mutex};

    use super::*;

    /// What the disk does.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(in super::super) enum Mood {
        Fine,
        /// Every write fails; half of its bytes are written all the same.
        Failing(io::ErrorKind),
        /// Writes do not return.
        Stuck,
    }

    pub(in super::super) struct Moody(Arc<(Mutex<Mood>, Condvar)>);

    impl Default for Moody {
        fn default() -> Self {
            Self(Arc::new((Mutex::new(Mood::Fine), Condvar::new())))
        }
    }

    struct MoodyFile(File, Arc<(Mutex<Mood>, Condvar)>);

    impl Moody {
        pub(in super::super) fn set(&self, mood: Mood) {
            *self.0.0.lock().unwrap() = mood;
            self.0.1.notify_all();
        }

        fn check(mood: &(Mutex<Mood>, Condvar)) -> io::Result<()> {
            let guard = mood.0.lock().unwrap();
            let mood = mood.1.wait_while(guard, |mood| *mood == Mood::Stuck).unwrap();
            match *mood {
                Mood::Failing(kind) => Err(kind.into()),
                _ => Ok(()),
            }
        }
    }

    impl Disk for Moody {
        fn create_folder(&self, path: &Path) -> io::Result<()> {
            Self::check(&self.0)?;
            System.create_folder(path)
        }

        fn create(&self, path: &Path) -> io::Result<Arc<dyn Output>> {
            Self::check(&self.0)?;
            let file = OpenOptions::new().write(true).create_new(true).open(path)?;
            Ok(Arc::new(MoodyFile(file, Arc::clone(&self.0))))
        }

        fn open(&self, path: &Path) -> io::Result<Arc<dyn Output>> {
            let file = OpenOptions::new().write(true).open(path)?;
            Ok(Arc::new(MoodyFile(file, Arc::clone(&self.0))))
        }

        fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
            Self::check(&self.0)?;
            System.replace(path, bytes)
        }
    }

    impl Output for MoodyFile {
        fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
            let result = Moody::check(&self.1);
            let written = if result.is_ok() { bytes.len() } else { bytes.len() / 2 };
            Output::write(&self.0, at, &bytes[..written])?;
            result
        }

        fn cut(&self, len: u64) -> io::Result<()> {
            Output::cut(&self.0, len)
        }

        fn sync(&self) -> io::Result<()> {
            Moody::check(&self.1)
        }
    }
}
