//! Hex and base64, the two text encodings that manifests use.
//!
//! Decoding passes over white space, because packagers wrap long values, and allocates no more than
//! the text's own length.

use crate::error::Error;

/// `bytes` as hex digits in upper case, as manifests write `CodecPrivateData`.
#[must_use]
pub fn hex_encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().saturating_mul(2));
    for &byte in bytes {
        out.push(hex_digit(byte >> 4));
        out.push(hex_digit(byte & 15));
    }
    out
}

/// The bytes that `text` writes as hex digits of either case. White space is passed over.
///
/// # Errors
///
/// [`Error::Invalid`] for any other character, [`Error::Incomplete`] for half a byte.
pub fn hex_decode(text: &str) -> Result<Vec<u8>, Error> {
    const WHAT: &str = "hex";
    let mut out = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for byte in text.bytes().filter(|b| !b.is_ascii_whitespace()) {
        let digit = hex_value(byte).ok_or(Error::Invalid { what: WHAT, rule: "not a hex digit" })?;
        high = match high {
            None => Some(digit << 4),
            Some(high) => {
                out.push(high | digit);
                None
            }
        };
    }
    if high.is_some() { Err(Error::Incomplete { what: WHAT }) } else { Ok(out) }
}

/// `bytes` in base64, RFC 4648 section 4, padded.
#[must_use]
pub fn base64_encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
    for chunk in bytes.chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            if i > chunk.len() {
                out.push('=');
            } else {
                out.push(base64_digit((bits >> (18 - 6 * i)) as u8 & 63));
            }
        }
    }
    out
}

/// The bytes that `text` writes in base64. White space is passed over, padding may be missing.
///
/// # Errors
///
/// [`Error::Invalid`] for a character outside the alphabet or text after the padding,
/// [`Error::Incomplete`] for a single digit at the end.
pub fn base64_decode(text: &str) -> Result<Vec<u8>, Error> {
    const WHAT: &str = "base64";
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut digits, mut padded) = (0u32, 0u8, false);
    for byte in text.bytes().filter(|b| !b.is_ascii_whitespace()) {
        if byte == b'=' {
            padded = true;
            continue;
        }
        let digit = base64_value(byte).filter(|_| !padded);
        let digit = digit.ok_or(Error::Invalid { what: WHAT, rule: "not a base64 digit" })?;
        bits = bits << 6 | u32::from(digit);
        digits += 1;
        if digits == 4 {
            out.extend([(bits >> 16) as u8, (bits >> 8) as u8, bits as u8]);
            (bits, digits) = (0, 0);
        }
    }
    match digits {
        1 => return Err(Error::Incomplete { what: WHAT }),
        2 => out.push((bits >> 4) as u8),
        3 => out.extend([(bits >> 10) as u8, (bits >> 2) as u8]),
        _ => {}
    }
    Ok(out)
}

/// The number that decimal digits write; `None` for anything else, and for what 64 bits cannot hold.
/// Shared by all readers: `parse` would come once for every type, and takes a sign.
#[must_use]
pub fn digits(text: &str) -> Option<u64> {
    let mut value = 0u64;
    for byte in text.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 || value > u64::MAX / 10 {
            return None;
        }
        value = (value * 10).checked_add(digit.into())?;
    }
    if text.is_empty() { None } else { Some(value) }
}

/// Writes a number in decimal digits. The formatting machinery would do it, at some kilobytes in the player.
pub fn push_decimal(out: &mut String, number: u64) {
    if number > 9 {
        push_decimal(out, number / 10);
    }
    out.push(hex_digit((number % 10) as u8));
}

/// `text` before and after the first of the ASCII characters `any`. Like the two below it stands for the
/// searches of `str`, of which each kind brings an engine of its own into the player.
#[inline(never)]
pub(crate) fn split_at_any<'t>(text: &'t str, any: &[u8]) -> Option<(&'t str, &'t str)> {
    let at = text.bytes().position(|byte| any.contains(&byte))?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// `text` before and after the last `byte`, an ASCII character.
#[inline(never)]
pub(crate) fn rsplit_at(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = text.bytes().rposition(|other| other == byte)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// `parts` one after the other. `concat` of slices comes with more cases than a player needs.
#[inline(never)]
pub(crate) fn concat(parts: &[&str]) -> String {
    let mut all = String::new();
    for part in parts {
        all.push_str(part);
    }
    all
}

/// Whether `text` is one of `words`, in any letter case.
#[inline(never)]
pub(crate) fn is_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// The digit for a value below 16.
const fn hex_digit(value: u8) -> char {
    (if value < 10 { b'0' + value } else { b'A' - 10 + value }) as char
}

/// The value of a hex digit of either case.
pub(crate) const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// The digit for a value below 64.
const fn base64_digit(value: u8) -> char {
    (match value {
        0..=25 => b'A' + value,
        26..=51 => b'a' - 26 + value,
        52..=61 => b'0' + (value - 52),
        62 => b'+',
        _ => b'/',
    }) as char
}

const fn base64_value(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hex_of_either_case_and_with_line_breaks() {
        assert_eq!(hex_decode(" 00 aB\r\nFf\t").unwrap(), [0, 0xab, 0xff]);
        assert!(hex_decode("").unwrap().is_empty());
        assert_eq!(hex_encode(&[0, 0xab, 0xff]), "00ABFF");
        assert!(matches!(hex_decode("0x11"), Err(Error::Invalid { .. })));
        assert!(matches!(hex_decode("123"), Err(Error::Incomplete { .. })));
    }

    #[test]
    fn base64_of_the_rfc_with_and_without_padding() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
        ] {
            assert_eq!(base64_encode(plain.as_bytes()), coded);
            assert_eq!(base64_decode(coded).unwrap(), plain.as_bytes());
            assert_eq!(base64_decode(coded.trim_end_matches('=')).unwrap(), plain.as_bytes());
        }
        assert_eq!(base64_decode("Zm\r\n 9v").unwrap(), b"foo");
        assert!(matches!(base64_decode("Z"), Err(Error::Incomplete { .. })));
        assert!(matches!(base64_decode("Zg==Zg=="), Err(Error::Invalid { .. })));
        assert!(matches!(base64_decode("Zm-_"), Err(Error::Invalid { .. })));
    }

    #[test]
    fn digits_up_to_64_bits() {
        assert_eq!(digits("0"), Some(0));
        assert_eq!(digits("00018446744073709551615"), Some(u64::MAX));
        for bad in ["", "+1", "-1", " 1", "1 ", "1.", "18446744073709551616", "99999999999999999999", "1e3"] {
            assert_eq!(digits(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn digits_are_those_of_the_standard_library(number: u64) {
            prop_assert_eq!(digits(&number.to_string()), Some(number));
        }

        #[test]
        fn round_trips(bytes: Vec<u8>) {
            prop_assert_eq!(&hex_decode(&hex_encode(&bytes)).unwrap(), &bytes);
            prop_assert_eq!(&base64_decode(&base64_encode(&bytes)).unwrap(), &bytes);
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = (hex_decode(&text), base64_decode(&text));
        }
    }
}
