//! Big-endian reading and writing of the fields of a box.

use crate::error::Error;

/// Reads fields one after the other from borrowed bytes. Every read is checked against what is there: one
/// beyond the end gives zeros and is remembered, so that a reader of many fields asks once, with
/// [`Cursor::end`], and not at each of them. That keeps the player small.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    /// Names the box in errors.
    what: &'static str,
    /// A field was read that is not there.
    cut: bool,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(rest: &'a [u8], what: &'static str) -> Self {
        Self { rest, what, cut: false }
    }

    /// [`Error::Incomplete`] if any field read so far was not there. To be asked before a field decides
    /// over anything, and at the end.
    pub(crate) const fn end(&self) -> Result<(), Error> {
        if self.cut { Err(Error::Incomplete { what: self.what }) } else { Ok(()) }
    }

    #[inline(never)]
    pub(crate) fn take(&mut self, len: usize) -> &'a [u8] {
        let Some((head, rest)) = self.rest.split_at_checked(len) else {
            // Nothing after it is read either: a later field must not come from the bytes of this one.
            self.rest = &[];
            self.cut = true;
            return &[];
        };
        self.rest = rest;
        head
    }

    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        self.take(N).first_chunk().copied().unwrap_or([0; N])
    }

    /// A number of `len` bytes.
    #[inline(never)]
    pub(crate) fn number(&mut self, len: usize) -> u64 {
        self.take(len).iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
    }

    pub(crate) fn u8(&mut self) -> u8 {
        self.number(1) as u8
    }

    pub(crate) fn u16(&mut self) -> u16 {
        self.number(2) as u16
    }

    pub(crate) fn u24(&mut self) -> u32 {
        self.number(3) as u32
    }

    pub(crate) fn u32(&mut self) -> u32 {
        self.number(4) as u32
    }

    pub(crate) fn u64(&mut self) -> u64 {
        self.number(8)
    }

    /// A 64-bit field if `wide`, else one of 32 bits.
    pub(crate) fn uint(&mut self, wide: bool) -> u64 {
        self.number(if wide { 8 } else { 4 })
    }

    /// Version and flags of a full box.
    pub(crate) fn version(&mut self) -> (u8, u32) {
        (self.u8(), self.u24())
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
