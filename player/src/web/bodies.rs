//! Bodies of requests, as far as the engine reads them: whole ones, and the `moof` of a fragment.

use smooth::Limits;

use super::head::{Head, Next};
use crate::engine::{Purpose, RequestId};

/// The bodies that are on their way.
#[derive(Debug)]
pub(crate) struct Bodies {
    list: Vec<(RequestId, Body)>,
    /// Upper bound of a body that is kept, in bytes.
    whole: usize,
    /// Upper bound of a `moof`, in bytes.
    moof: usize,
}

/// What there is of a body.
#[derive(Debug)]
pub(crate) enum Body {
    /// All of it so far; whether it is a manifest.
    Kept(Vec<u8>, bool),
    /// Its `moof`, which is not complete.
    Head(Head),
}

/// What a piece brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Brought {
    /// Nothing that could be told yet.
    Part,
    /// The end of the `moof`, and where in the piece the media begins.
    Moof(Vec<u8>, usize),
    /// Too much, or something that is no fragment.
    Broken,
}

impl Bodies {
    pub(crate) const fn new(limits: &Limits) -> Self {
        // XML of that length may come in UTF-16.
        Self { list: Vec::new(), whole: limits.xml_bytes.saturating_mul(2), moof: limits.moof_bytes }
    }

    /// A request is sent.
    pub(crate) fn begin(&mut self, request: RequestId, purpose: Purpose) {
        let body = match purpose {
            Purpose::Media { .. } => Body::Head(Head::new(self.moof)),
            _ => Body::Kept(Vec::new(), purpose == Purpose::Manifest),
        };
        self.list.push((request, body));
    }

    /// Gives out what there is of a body, and forgets it. `None` of a fragment whose `moof` was told.
    pub(crate) fn end(&mut self, request: RequestId) -> Option<Body> {
        let at = self.list.iter().position(|(id, _)| *id == request)?;
        Some(self.list.swap_remove(at).1)
    }

    /// Whether this is the request for a manifest.
    pub(crate) fn is_manifest(&self, request: RequestId) -> bool {
        self.list.iter().any(|(id, body)| *id == request && matches!(body, Body::Kept(_, true)))
    }

    /// Takes a piece in.
    pub(crate) fn piece(&mut self, request: RequestId, bytes: &[u8]) -> Brought {
        let Some((_, body)) = self.list.iter_mut().find(|(id, _)| *id == request) else {
            return Brought::Part;
        };
        let begins = match body {
            Body::Kept(kept, _) if bytes.len() > self.whole.saturating_sub(kept.len()) => None,
            Body::Kept(kept, _) => {
                kept.extend_from_slice(bytes);
                Some(None)
            }
            Body::Head(head) => collect(head, bytes),
        };
        match begins {
            None => Brought::Broken,
            Some(None) => Brought::Part,
            Some(Some(at)) => match self.end(request) {
                Some(Body::Head(head)) => Brought::Moof(head.moof(), at),
                _ => Brought::Broken,
            },
        }
    }
}

/// Takes what belongs to the `moof` out of a piece. `Some(Some(at))` once it is complete: the media begins at `at`.
/// `None` if this is no fragment.
fn collect(head: &mut Head, bytes: &[u8]) -> Option<Option<usize>> {
    let mut left = bytes;
    loop {
        match head.next() {
            Next::Done => return Some(bytes.len().checked_sub(left.len())),
            Next::Malformed => return None,
            _ if left.is_empty() => return Some(None),
            Next::Skip(count) => {
                let count = usize::try_from(count).unwrap_or(usize::MAX).min(left.len());
                head.skipped(count as u64);
                left = left.get(count..)?;
            }
            Next::Take(count) => {
                let (taken, rest) = left.split_at_checked(count.min(left.len()))?;
                head.take(taken);
                left = rest;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smooth::manifest::Kind;

    const ID: RequestId = RequestId(7);
    const MEDIA: Purpose = Purpose::Media { kind: Kind::Video };

    fn bodies(purpose: Purpose) -> Bodies {
        let limits = Limits { xml_bytes: 5, moof_bytes: 64, ..Limits::default() };
        let mut bodies = Bodies::new(&limits);
        bodies.begin(ID, purpose);
        bodies
    }

    #[test]
    fn the_media_begins_behind_the_moof() {
        let mut bodies = bodies(MEDIA);
        assert_eq!(bodies.piece(ID, b"\0\0\0\x08free\0\0\0\x0cmo"), Brought::Part);
        assert_eq!(bodies.piece(ID, b"ofabcd\0\0\0"), Brought::Moof(b"\0\0\0\x0cmoofabcd".to_vec(), 6));
        assert!(bodies.end(ID).is_none());
    }

    #[test]
    fn a_moof_that_ends_with_its_piece_is_told() {
        let mut bodies = bodies(MEDIA);
        assert_eq!(bodies.piece(ID, b"\0\0\0\x08moof"), Brought::Moof(b"\0\0\0\x08moof".to_vec(), 8));
    }

    #[test]
    fn what_is_no_fragment_is_broken() {
        assert_eq!(bodies(MEDIA).piece(ID, b"\0\0\0\x09mdat!"), Brought::Broken);
    }

    #[test]
    fn a_body_is_kept_up_to_its_limit() {
        let mut bodies = bodies(Purpose::Manifest);
        assert!(bodies.is_manifest(ID));
        assert_eq!(bodies.piece(ID, b"01234"), Brought::Part);
        assert_eq!(bodies.piece(ID, b"56789"), Brought::Part);
        assert_eq!(bodies.piece(ID, b"!"), Brought::Broken);
        assert!(matches!(bodies.end(ID), Some(Body::Kept(bytes, true)) if bytes == b"0123456789"));
    }

    #[test]
    fn a_request_that_is_given_up_is_forgotten() {
        let mut bodies = bodies(MEDIA);
        bodies.end(ID);
        assert_eq!(bodies.piece(ID, b"\0\0\0\x08moof"), Brought::Part);
    }
}
