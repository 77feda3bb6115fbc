//! Percent-encoding, RFC 3986 section 2.1.

use crate::{error::Error, text};

/// `text` fit for a name, id or attribute in a URL: all but letters, digits and `-._~` becomes `%XX`.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_encoded(&mut out, text, b"");
    out
}

/// The text that `encoded` writes; what is not encoded stands for itself.
///
/// # Errors
///
/// [`Error::Invalid`] for a `%` without two hex digits, and for bytes that are not UTF-8.
pub fn decode(encoded: &str) -> Result<String, Error> {
    const WHAT: &str = "URL";
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(text::hex_value);
        let pair = digit().zip(digit());
        let (high, low) = pair.ok_or(Error::Invalid { what: WHAT, rule: "% needs two hex digits" })?;
        bytes.push(high << 4 | low);
    }
    String::from_utf8(bytes).map_err(|_| Error::Invalid { what: WHAT, rule: "not UTF-8" })
}

/// Appends `text`, with the bytes in `plain` left as they are.
pub(super) fn push_encoded(out: &mut String, text: &str, plain: &[u8]) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || plain.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&text::hex_encode(&[byte]));
        }
    }
}
