//! Walking over boxes, ISO/IEC 14496-12 4.2.

use crate::error::Error;

/// What the first bytes of a box say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Box type.
    pub kind: [u8; 4],
    /// Bytes of size and type: 8, or 16 where the size has 64 bits. The extended type of a `uuid` box is
    /// not counted.
    pub len: usize,
    /// Bytes of the whole box; `None` if it lasts to the end of the data (size 0).
    pub size: Option<u64>,
}

impl Header {
    /// Reads a header; `None` if more bytes are needed.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a size that does not hold the header itself.
    pub fn read(data: &[u8]) -> Result<Option<Self>, Error> {
        let Some((size, rest)) = data.split_first_chunk().map(|(s, r)| (u32::from_be_bytes(*s), r)) else {
            return Ok(None);
        };
        let Some((&kind, rest)) = rest.split_first_chunk() else { return Ok(None) };
        let (len, size) = match size {
            0 => return Ok(Some(Self { kind, len: 8, size: None })),
            1 => {
                let Some(size) = rest.first_chunk() else { return Ok(None) };
                (16, u64::from_be_bytes(*size))
            }
            size => (8, u64::from(size)),
        };
        if size < len as u64 {
            return Err(Error::Invalid { what: "box", rule: "size is smaller than the header" });
        }
        Ok(Some(Self { kind, len, size: Some(size) }))
    }
}

/// One box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Box<'a> {
    /// Box type.
    pub kind: [u8; 4],
    /// Extended type of a `uuid` box.
    pub usertype: Option<[u8; 16]>,
    /// Where the box begins, in bytes from the start of the walked data.
    pub offset: usize,
    /// Bytes before the payload, the extended type included.
    pub header_len: usize,
    /// The whole box.
    pub whole: &'a [u8],
    /// What follows the header (and the extended type).
    pub payload: &'a [u8],
}

impl Box<'_> {
    /// Whether it is of the extended type `usertype`. Compared as a whole: a pattern of sixteen bytes is
    /// sixteen comparisons in the player.
    pub(crate) fn is(&self, usertype: [u8; 16]) -> bool {
        self.usertype == Some(usertype)
    }
}

/// The boxes in `data`, one after the other. Ends after the first error.
///
/// A box of size 0 lasts to the end of `data`. Fewer than 8 bytes at the end are padding, and ignored.
#[must_use]
pub const fn walk(data: &[u8]) -> Walk<'_> {
    Walk { rest: data, offset: 0 }
}

/// See [`walk`].
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Walk<'a> {
    fn read(&mut self) -> Result<Option<Box<'a>>, Error> {
        const CUT: Error = Error::Incomplete { what: "box" };
        if self.rest.len() < 8 {
            return Ok(None);
        }
        let header = Header::read(self.rest)?.ok_or(CUT)?;
        let size = match header.size {
            Some(size) => usize::try_from(size).map_err(|_| CUT)?,
            None => self.rest.len(),
        };
        let (whole, rest) = self.rest.split_at_checked(size).ok_or(CUT)?;
        let mut payload = whole.get(header.len..).ok_or(CUT)?;
        let mut usertype = None;
        if header.kind == *b"uuid" {
            let (id, after) = payload.split_first_chunk().ok_or(CUT)?;
            (usertype, payload) = (Some(*id), after);
        }
        let found = Box {
            kind: header.kind,
            usertype,
            offset: self.offset,
            header_len: whole.len().saturating_sub(payload.len()),
            whole,
            payload,
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(size);
        Ok(Some(found))
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Result<Box<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.read().transpose();
        if !matches!(item, Some(Ok(_))) {
            self.rest = &[];
        }
        item
    }
}

impl core::iter::FusedIterator for Walk<'_> {}

/// The first box of type `kind` in `data`.
pub(crate) fn find(data: &[u8], kind: [u8; 4]) -> Result<Option<Box<'_>>, Error> {
    for child in walk(data) {
        let child = child?;
        if child.kind == kind {
            return Ok(Some(child));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_32_and_64_bits_and_to_the_end() {
        let data = b"\0\0\0\x09free!\0\0\0\x01mdat\0\0\0\0\0\0\0\x12ab\0\0\0\0moofxyz";
        let all: Vec<_> = walk(data).map(Result::unwrap).collect();
        assert_eq!(all.iter().map(|b| b.payload).collect::<Vec<_>>(), [&b"!"[..], b"ab", b"xyz"]);
        assert_eq!(
            all.iter().map(|b| (b.offset, b.header_len)).collect::<Vec<_>>(),
            [(0, 8), (9, 16), (27, 8)]
        );
    }

    #[test]
    fn a_size_below_the_header_or_beyond_the_data_ends_the_walk() {
        for (data, cut) in [
            (&b"\0\0\0\x07free\0\0\0\x08free"[..], false),
            (b"\0\0\0\x01free\0\0\0\0\0\0\0\x0f", false),
            (b"\0\0\0\x09free", true),
            (b"\0\0\0\x01free\0\0\0\0", true),
            (b"\0\0\0\x01free\xff\xff\xff\xff\xff\xff\xff\xff", true),
            (b"\0\0\0\x17uuid0123456789abcde", true),
        ] {
            let mut boxes = walk(data);
            let error = boxes.next().unwrap().unwrap_err();
            assert_eq!(matches!(error, Error::Incomplete { .. }), cut, "{data:?}");
            assert_eq!(boxes.next(), None);
        }
    }

    #[test]
    fn a_few_stray_bytes_are_padding() {
        assert_eq!(walk(b"\0\0\0\x08free\0\0\0").count(), 1);
    }
}
