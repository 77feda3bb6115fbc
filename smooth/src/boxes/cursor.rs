//! Big-endian reading and writing of the fields of a box.

use crate::error::Error;

/// Reads fields one after the other from borrowed bytes. Every read is checked against what is there.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    /// Names the box in errors.
    what: &'static str,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(rest: &'a [u8], what: &'static str) -> Self {
        Self { rest, what }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(Error::Incomplete { what: self.what })?;
        self.rest = rest;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Error> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u24(&mut self) -> Result<u32, Error> {
        let [a, b, c] = self.array()?;
        Ok(u32::from_be_bytes([0, a, b, c]))
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_be_bytes)
    }

    /// A 64-bit field if `wide`, else one of 32 bits.
    pub(crate) fn uint(&mut self, wide: bool) -> Result<u64, Error> {
        if wide { self.u64() } else { self.u32().map(u64::from) }
    }

    /// Version and flags of a full box.
    pub(crate) fn version(&mut self) -> Result<(u8, u32), Error> {
        Ok((self.u8()?, self.u24()?))
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(Error::Incomplete { what: self.what })?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

/// Writes boxes. A box is opened with [`Writer::open`] and closed with [`Writer::close`], which fills in
/// its size.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes) }
    }

    /// Begins a box; the result goes to [`Writer::close`].
    pub(crate) fn open(&mut self, kind: [u8; 4]) -> usize {
        let at = self.len();
        self.u32(0);
        self.put(&kind);
        at
    }

    /// Begins a box with version and flags.
    pub(crate) fn open_full(&mut self, kind: [u8; 4], version: u8, flags: u32) -> usize {
        let at = self.open(kind);
        self.u8(version);
        self.u24(flags);
        at
    }

    /// Begins a `uuid` box with version and flags.
    pub(crate) fn open_uuid(&mut self, usertype: [u8; 16], version: u8, flags: u32) -> usize {
        let at = self.open(*b"uuid");
        self.put(&usertype);
        self.u8(version);
        self.u24(flags);
        at
    }

    /// Ends the box that began at `at`.
    pub(crate) fn close(&mut self, at: usize) {
        let size = u32::try_from(self.len().saturating_sub(at)).unwrap_or(u32::MAX);
        self.patch(at, size);
    }

    /// Overwrites four bytes at `at`.
    pub(crate) fn patch(&mut self, at: usize, value: u32) {
        if let Some(field) = self.bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
            *field = value.to_be_bytes();
        }
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn zeros(&mut self, count: usize) {
        self.bytes.resize(self.len().saturating_add(count), 0);
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(crate) fn u16(&mut self, value: u16) {
        self.put(&value.to_be_bytes());
    }

    pub(crate) fn u24(&mut self, value: u32) {
        let [_, a, b, c] = value.to_be_bytes();
        self.put(&[a, b, c]);
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.put(&value.to_be_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.put(&value.to_be_bytes());
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}
