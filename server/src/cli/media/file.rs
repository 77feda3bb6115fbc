//! The bytes of a source: a file, or data inside the program.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use smooth::boxes::Header;

use super::error::SourceError;

/// Bytes that can be read anywhere, with the name that errors call them by.
#[derive(Debug)]
pub(in crate::cli) struct Media {
    pub(super) name: String,
    len: u64,
    bytes: Store,
}

#[derive(Debug)]
enum Store {
    Memory(Bytes),
    File(Mutex<File>),
}

/// A box at the top level of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct TopBox {
    pub(super) kind: [u8; 4],
    /// First byte of the box.
    pub(super) start: u64,
    /// First byte of what it holds.
    pub(super) payload: u64,
    /// First byte after it.
    pub(super) end: u64,
}

impl Media {
    pub(in crate::cli) fn open(path: &Path) -> Result<Self, SourceError> {
        let name = path.display().to_string();
        let open = || {
            let file = File::open(path)?;
            let len = file.metadata()?.len();
            Ok((file, len))
        };
        match open() {
            Ok((file, len)) => Ok(Self { name, len, bytes: Store::File(Mutex::new(file)) }),
            Err(source) => Err(SourceError::Io { file: name, source }),
        }
    }

    pub(in crate::cli) fn memory(name: &str, bytes: Bytes) -> Self {
        Self { name: name.to_owned(), len: bytes.len() as u64, bytes: Store::Memory(bytes) }
    }

    /// Bytes of the whole source.
    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    /// Reads `start..end`. Callers have compared the range with something that is there: [`Media::len`].
    pub(super) fn read(&self, start: u64, end: u64) -> Result<Bytes, SourceError> {
        self.try_read(start, end).map_err(|source| SourceError::Io { file: self.name.clone(), source })
    }

    fn try_read(&self, start: u64, end: u64) -> io::Result<Bytes> {
        let short = || io::Error::new(io::ErrorKind::UnexpectedEof, "the file ends before its media does");
        if start > end || end > self.len {
            return Err(short());
        }
        match &self.bytes {
            Store::Memory(bytes) => {
                let (start, end) = (usize::try_from(start), usize::try_from(end));
                let (Ok(start), Ok(end)) = (start, end) else { return Err(short()) };
                Ok(bytes.slice(start..end))
            }
            Store::File(file) => {
                let mut data = vec![0; usize::try_from(end - start).map_err(|_| short())?];
                // A reader that panicked has not harmed the file: each read seeks first.
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(start))?;
                file.read_exact(&mut data)?;
                Ok(data.into())
            }
        }
    }

    /// The boxes at the top level, without reading what they hold. A last box that the file ends before
    /// is given with the end that is there: a recording may have been cut off.
    pub(super) fn boxes(&self) -> Result<Vec<TopBox>, SourceError> {
        let mut found = Vec::new();
        let mut start = 0;
        while start + 8 <= self.len {
            let head = self.read(start, self.len.min(start + 16))?;
            let header = Header::read(&head)
                .map_err(|error| SourceError::Broken { file: self.name.clone(), error })?
                .ok_or_else(|| SourceError::broken(&self.name, "file", "it ends inside a box header"))?;
            if found.is_empty() && !header.kind.iter().all(|b| b.is_ascii_graphic() || *b == b' ') {
                return Err(SourceError::NotMp4 { file: self.name.clone() });
            }
            let end = header.size.and_then(|size| start.checked_add(size)).unwrap_or(self.len).min(self.len);
            found.push(TopBox { kind: header.kind, start, payload: start + header.len as u64, end });
            start = end;
        }
        Ok(found)
    }
}
