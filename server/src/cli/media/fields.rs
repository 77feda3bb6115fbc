//! Reading the fields of a box, each read checked against the bytes that are there.

use smooth::Error;
use smooth::boxes::walk;

/// Reads big-endian fields one after the other.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Fields<'a> {
    pub(super) const fn new(rest: &'a [u8], what: &'static str) -> Self {
        Self { rest, what }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(Error::Incomplete { what: self.what })?;
        self.rest = rest;
        Ok(*head)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_be_bytes)
    }

    /// A field of 64 bits if `wide`, else of 32.
    pub(super) fn uint(&mut self, wide: bool) -> Result<u64, Error> {
        if wide { self.u64() } else { self.u32().map(u64::from) }
    }

    /// Version and flags of a full box.
    pub(super) fn version(&mut self) -> Result<(u8, u32), Error> {
        let word = self.u32()?;
        Ok(((word >> 24) as u8, word & 0x00ff_ffff))
    }

    /// A count of entries of `size` bytes each, all of which are there.
    pub(super) fn count(&mut self, size: usize) -> Result<u32, Error> {
        let count = self.u32()?;
        self.has(count, size)?;
        Ok(count)
    }

    /// Checks that `count` entries of `size` bytes each are there.
    pub(super) fn has(&self, count: u32, size: usize) -> Result<(), Error> {
        let bytes = usize::try_from(count).ok().and_then(|n| n.checked_mul(size));
        if bytes.is_none_or(|n| n > self.rest.len()) {
            return Err(Error::Incomplete { what: self.what });
        }
        Ok(())
    }
}

/// What the first box of type `kind` in `data` holds.
pub(super) fn child<'a>(data: &'a [u8], kind: &[u8; 4]) -> Result<Option<&'a [u8]>, Error> {
    for child in walk(data) {
        let child = child?;
        if child.kind == *kind {
            return Ok(Some(child.payload));
        }
    }
    Ok(None)
}

/// What is found by going down from `data` along `path`.
pub(super) fn descend<'a>(mut data: &'a [u8], path: &[&[u8; 4]]) -> Result<Option<&'a [u8]>, Error> {
    for kind in path {
        match child(data, kind)? {
            Some(inner) => data = inner,
            None => return Ok(None),
        }
    }
    Ok(Some(data))
}
