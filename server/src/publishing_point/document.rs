//! A rendered manifest or playlist, as it is and compressed.

use std::io::Write;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::archive::hash;

/// See the module. Copies share everything.
#[derive(Clone, Debug)]
pub struct Document {
    /// UTF-8.
    pub body: Bytes,
    /// `ETag`, with its quotes.
    pub tag: String,
    gzip: Arc<OnceLock<Option<Bytes>>>,
}

impl Document {
    /// A document, with its tag.
    #[must_use]
    pub fn new(body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let tag = format!("\"{:016x}\"", hash(&body));
        Self { body, tag, gzip: Arc::default() }
    }

    /// The body in gzip (RFC 1952), made at the first call; `None` where it would save nothing.
    #[must_use]
    pub fn gzip(&self) -> Option<&Bytes> {
        let make =
            || (self.body.len() > SMALL).then(|| compress(&self.body)).filter(|z| z.len() < self.body.len());
        self.gzip.get_or_init(make).as_ref()
    }
}

fn compress(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 8), LEVEL);
    let packed = encoder.write_all(bytes).and_then(|()| encoder.finish());
    packed.expect("writing to memory does not fail").into()
}

/// Manifests repeat themselves: this level makes a fortieth of a long one in a third of a millisecond, and higher ones
/// take several times as long for a tenth less.
const LEVEL: Compression = Compression::new(3);

/// Bytes that fit into one packet with the head of the response anyway.
const SMALL: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn the_packed_body_is_the_body_and_always_the_same() {
        let text = "<c d=\"20000000\"/>".repeat(500);
        let document = Document::new(text.clone());
        let packed = document.gzip().unwrap();
        assert!(packed.len() < text.len() / 20);
        let mut unpacked = String::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, text);
        assert_eq!(Document::new(text).gzip(), Some(packed), "it depends on the moment");
        assert_eq!(document.clone().gzip().map(|z| z.as_ptr()), Some(packed.as_ptr()), "packed once");
    }

    #[test]
    fn what_is_small_or_does_not_shrink_stays_as_it_is() {
        assert_eq!(Document::new("short").gzip(), None);
        let mut x = 1_u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            x.to_be_bytes()[0]
        })
        .take(5000)
        .collect();
        assert_eq!(Document::new(noise).gzip(), None);
    }
}
