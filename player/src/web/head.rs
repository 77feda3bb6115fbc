//! Finds the `moof` at the start of a fragment's body, whatever pieces the body comes in.
//!
//! ISO/IEC 14496-12 §4.2: a box begins with its size (32 bits) and type; a size of 1 stands for a size of
//! 64 bits behind the type.

/// Collects a `moof`. Ask [`next`](Self::next) what to do with the body's next bytes, do it, ask again.
#[derive(Debug)]
pub(crate) struct Head {
    /// The beginning of the box that is being read.
    bytes: Vec<u8>,
    /// Bytes of boxes before the `moof` that are still to be passed over.
    skip: u64,
    /// Upper bound of the `moof`, in bytes.
    limit: usize,
}

/// What to do with the next bytes. See [`Head::next`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Pass over up to so many, and say how many with [`Head::skipped`].
    Skip(u64),
    /// Give up to so many to [`Head::take`].
    Take(usize),
    /// The `moof` is complete: [`Head::moof`].
    Done,
    /// This is no fragment: no box, or media before any `moof`, or a `moof` over the limit.
    Malformed,
}

impl Head {
    /// Starts at the start of a body.
    pub(crate) const fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), skip: 0, limit }
    }

    /// Says what to do with the next bytes.
    pub(crate) fn next(&mut self) -> Next {
        if self.skip > 0 {
            return Next::Skip(self.skip);
        }
        let have = self.bytes.len();
        let Some((&[a, b, c, d, ref kind @ ..], rest)) = self.bytes.split_first_chunk::<8>() else {
            return Next::Take(8_usize.saturating_sub(have));
        };
        let size = match u32::from_be_bytes([a, b, c, d]) {
            1 => match rest.first_chunk::<8>() {
                Some(large) => u64::from_be_bytes(*large),
                None => return Next::Take(16_usize.saturating_sub(have)),
            },
            size => size.into(),
        };
        // The four bytes of the type, and nothing else, are left after the size.
        let kind: &[u8; 4] = kind;
        if kind == b"moof" {
            return match usize::try_from(size) {
                Ok(size) if size >= have && size <= self.limit => {
                    if size == have {
                        Next::Done
                    } else {
                        Next::Take(size.saturating_sub(have))
                    }
                }
                _ => Next::Malformed,
            };
        }
        match size.checked_sub(u64::try_from(have).unwrap_or(u64::MAX)) {
            Some(left) if kind != b"mdat" => {
                self.bytes.clear();
                self.skip = left;
                if left > 0 { Next::Skip(left) } else { Next::Take(8) }
            }
            _ => Next::Malformed,
        }
    }

    /// Takes the next bytes in, at most as many as asked for.
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// So many bytes were passed over.
    pub(crate) fn skipped(&mut self, count: u64) {
        self.skip = self.skip.saturating_sub(count);
    }

    /// The `moof`, once it is complete.
    pub(crate) fn moof(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(body: &[u8], piece: usize) -> Result<(Vec<u8>, usize), ()> {
        let mut head = Head::new(64);
        let mut at = 0;
        loop {
            let end = (at + piece).min(body.len());
            match head.next() {
                Next::Done => return Ok((head.moof(), at)),
                Next::Malformed => return Err(()),
                _ if at == body.len() => return Err(()),
                Next::Skip(count) => {
                    let count = usize::try_from(count).unwrap().min(end - at);
                    head.skipped(count as u64);
                    at += count;
                }
                Next::Take(count) => {
                    let count = count.min(end - at);
                    head.take(&body[at..at + count]);
                    at += count;
                }
            }
        }
    }

    const MOOF: &[u8] = b"\0\0\0\x0cmoofabcd";

    #[test]
    fn a_moof_is_found_in_pieces_of_any_size() {
        for before in [&b""[..], b"\0\0\0\x08free", b"\0\0\0\x0astypxx\0\0\0\x08skip"] {
            let body = [before, MOOF, b"\0\0\0\x09mdat!"].concat();
            for piece in 1..body.len() {
                assert_eq!(run(&body, piece), Ok((MOOF.to_vec(), before.len() + MOOF.len())));
            }
        }
    }

    #[test]
    fn a_size_of_64_bits_is_read() {
        let moof = b"\0\0\0\x01moof\0\0\0\0\0\0\0\x12!!";
        assert_eq!(run(moof, 3), Ok((moof.to_vec(), 18)));
    }

    #[test]
    fn what_is_no_fragment_is_malformed() {
        for body in [
            &b"<!doctype html>"[..],
            b"\0\0\0\x09mdat!",
            b"\0\0\0\x04moof",
            b"\0\0\0\x00free",
            b"\0\0\x10\0moof",
            b"\0\0\0\x0cmoof",
            b"\0\0\0\x01moof\0\0\0\0\0\0\0\x08",
        ] {
            assert_eq!(run(body, 1), Err(()));
        }
    }
}
