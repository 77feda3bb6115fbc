//! From bytes to text: UTF-8 and UTF-16, with and without a byte order mark.

use std::borrow::Cow;

use super::WHAT;
use crate::{Limits, error::Error};

/// The text of an XML document in UTF-8 or UTF-16. A byte order mark decides, then the first two bytes
/// (every document begins with an ASCII character); a declaration that says otherwise is ignored. NUL
/// bytes at the end are dropped; XML has none elsewhere.
///
/// # Errors
///
/// [`Error::Limit`] if the text is longer than [`Limits::xml_bytes`], [`Error::Invalid`] for bytes that
/// are not UTF-8 or a NUL inside, [`Error::Incomplete`] for half a UTF-16 unit. Half a surrogate pair becomes U+FFFD.
pub fn decode<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Cow<'a, str>, Error> {
    let too_long = Error::Limit { what: "xml_bytes", max: limits.xml_bytes as u64 };
    let text = match *bytes {
        [0xff, 0xfe, ref rest @ ..] => transcode(rest, u16::from_le_bytes, limits.xml_bytes, too_long)?,
        [0xfe, 0xff, ref rest @ ..] => transcode(rest, u16::from_be_bytes, limits.xml_bytes, too_long)?,
        [1..=0xff, 0, ..] => transcode(bytes, u16::from_le_bytes, limits.xml_bytes, too_long)?,
        [0, 1..=0xff, ..] => transcode(bytes, u16::from_be_bytes, limits.xml_bytes, too_long)?,
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            if bytes.len() > limits.xml_bytes {
                return Err(too_long);
            }
            let text = core::str::from_utf8(bytes);
            Cow::Borrowed(text.map_err(|_| Error::Invalid { what: WHAT, rule: "neither UTF-8 nor UTF-16" })?)
        }
    };
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_end_matches('\0')),
        Cow::Owned(mut text) => {
            text.truncate(text.trim_end_matches('\0').len());
            Cow::Owned(text)
        }
    };
    if text.as_bytes().contains(&0) {
        return Err(Error::Invalid { what: WHAT, rule: "a NUL inside" });
    }
    Ok(text)
}

fn transcode(
    bytes: &[u8],
    unit: fn([u8; 2]) -> u16,
    max: usize,
    too_long: Error,
) -> Result<Cow<'static, str>, Error> {
    let units = bytes.chunks_exact(2);
    if !units.remainder().is_empty() {
        return Err(Error::Incomplete { what: WHAT });
    }
    // No unit makes less than one byte, nor more than three.
    if units.len() > max {
        return Err(too_long);
    }
    let mut text = String::with_capacity(units.len());
    let units =
        units.map(|pair| unit([pair.first().copied().unwrap_or(0), pair.last().copied().unwrap_or(0)]));
    for c in char::decode_utf16(units) {
        text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    if text.len() > max { Err(too_long) } else { Ok(Cow::Owned(text)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        let limits = Limits::default();
        let text = "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><a b=\"ü𝄞\"/>";
        let marked = ["\u{feff}", text].concat();
        for bytes in [
            text.as_bytes().to_vec(),
            marked.as_bytes().to_vec(),
            utf16(text, u16::to_le_bytes),
            utf16(text, u16::to_be_bytes),
            utf16(&marked, u16::to_le_bytes),
            utf16(&marked, u16::to_be_bytes),
            [text.as_bytes(), &[0, 0]].concat(),
        ] {
            assert_eq!(decode(&bytes, &limits).unwrap(), text, "{bytes:?}");
        }
    }

    #[test]
    fn sizes_are_limited_after_transcoding() {
        let limits = Limits { xml_bytes: 4, ..Limits::default() };
        let limit = Err(Error::Limit { what: "xml_bytes", max: 4 });
        assert_eq!(decode(b"<ab/>", &limits), limit);
        assert!(decode(b"<a/>", &limits).is_ok());
        assert!(decode(&utf16("<a/>", u16::to_le_bytes), &limits).is_ok());
        assert_eq!(decode(&utf16("<ab/>", u16::to_le_bytes), &limits), limit);
        assert_eq!(decode(&utf16("<€/>", u16::to_le_bytes), &limits), limit);
    }

    #[test]
    fn broken_encodings_are_errors() {
        let limits = Limits::default();
        for nul in [&b"<a b='\0'/>"[..], b"<a>\0</a>", b"<a><!--\0--></a>\0", b"\xff\xfe<\0\0\0a\0"] {
            assert_eq!(decode(nul, &limits), Err(Error::Invalid { what: WHAT, rule: "a NUL inside" }));
        }
        assert!(matches!(decode(b"<a b='\xfc'/>", &limits), Err(Error::Invalid { .. })));
        assert!(matches!(decode(b"\xff\xfe<\0a", &limits), Err(Error::Incomplete { .. })));
        assert_eq!(decode(b"\xff\xfe<\0\0\xd8", &limits).unwrap(), "<\u{fffd}");
        assert_eq!(decode(b"", &limits).unwrap(), "");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let limits = Limits { xml_bytes: 40, ..Limits::default() };
            if let Ok(text) = decode(&bytes, &limits) {
                prop_assert!(text.len() <= 40);
            }
        }
    }
}
