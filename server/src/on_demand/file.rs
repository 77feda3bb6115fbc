//! Files of a presentation: opened once, read at any place by any number of threads.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use smooth::boxes::Header;

/// What tells a file from the one that stood in its place before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    len: u64,
    modified: Option<SystemTime>,
    number: u64,
}

impl Identity {
    fn of(data: &Metadata) -> Self {
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(data);
        #[cfg(not(unix))]
        let number = 0;
        Self { len: data.len(), modified: data.modified().ok(), number }
    }

    /// Of the file at `path`; `None` if there is none.
    pub(super) fn at(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().map(|data| Self::of(&data))
    }
}

/// An open file.
#[derive(Debug)]
pub(super) struct Media {
    /// As the server manifest calls it.
    pub(super) name: String,
    file: File,
    identity: Identity,
}

/// A box at the top level of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct TopBox {
    pub(super) kind: [u8; 4],
    /// First byte of the box.
    pub(super) start: u64,
    /// First byte after it.
    pub(super) end: u64,
}

impl Media {
    /// Opens the file at `path`, which has been looked at: it is a file, and inside the root.
    pub(super) fn open(name: &str, path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let identity = Identity::of(&file.metadata()?);
        Ok(Self { name: name.to_owned(), file, identity })
    }

    /// Bytes of the file when it was opened.
    pub(super) const fn len(&self) -> u64 {
        self.identity.len
    }

    /// Whether somebody wrote to the file since it was opened.
    pub(super) fn has_changed(&self) -> bool {
        self.file.metadata().map_or(true, |data| Identity::of(&data) != self.identity)
    }

    /// Reads `start..end`. Nothing is allocated for what is not in the file; callers keep the length
    /// within a limit.
    pub(super) fn read(&self, start: u64, end: u64) -> io::Result<Vec<u8>> {
        let short = || io::Error::new(io::ErrorKind::UnexpectedEof, "it ends before what is asked for");
        if end > self.len() {
            return Err(short());
        }
        let len = end.checked_sub(start).and_then(|len| usize::try_from(len).ok()).ok_or_else(short)?;
        let mut bytes = vec![0; len];
        read_exact_at(&self.file, &mut bytes, start)?;
        Ok(bytes)
    }

    /// The box that begins at `start`; `None` at the end of the file. One that the file ends before is
    /// given with the end that is announced.
    pub(super) fn top_box(&self, start: u64) -> io::Result<Option<TopBox>> {
        let end = self.len().min(start.saturating_add(16));
        if start.saturating_add(8) > end {
            return Ok(None);
        }
        let head = self.read(start, end)?;
        let Ok(Some(header)) = Header::read(&head) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "what stands there is no box"));
        };
        let end = header.size.map_or(self.len(), |size| start.saturating_add(size));
        Ok(Some(TopBox { kind: header.kind, start, end }))
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[read..];
        at += read as u64;
    }
    Ok(())
}
