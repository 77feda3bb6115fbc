//! Entities: the five of XML and the numeric ones.

use std::borrow::Cow;

use super::WHAT;
use crate::{error::Error, text};

/// `text` fit for an attribute value or for content: the five special characters become entities, and
/// so does white space that a reader would turn into spaces. Characters that XML cannot carry at all
/// become U+FFFD.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find(is_special) else {
        return Cow::Borrowed(text);
    };
    let (plain, rest) = text.split_at(first);
    let mut out = String::with_capacity(text.len().saturating_add(16));
    out.push_str(plain);
    for c in rest.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            c if is_special(c) => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// An attribute value as a reader sees it: entities replaced, white space turned into spaces.
///
/// # Errors
///
/// [`Error::Invalid`] for an entity that is not one of the five and not a character's number.
pub fn unescape(value: &str) -> Result<Cow<'_, str>, Error> {
    if !value.bytes().any(|b| matches!(b, b'&' | b'\t' | b'\n' | b'\r')) {
        return Ok(Cow::Borrowed(value));
    }
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find(['&', '\t', '\n', '\r']) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        rest = match special.strip_prefix('&') {
            Some(reference) => {
                let (name, after) = reference.split_once(';').ok_or(UNKNOWN)?;
                out.push(entity(name)?);
                after
            }
            None => {
                out.push(' ');
                special.strip_prefix("\r\n").or_else(|| special.get(1..)).unwrap_or("")
            }
        };
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

/// The character that `&name;` stands for.
pub(super) fn entity(name: &str) -> Result<char, Error> {
    let c = match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => number(name).and_then(char::from_u32),
    };
    c.ok_or(UNKNOWN)
}

const UNKNOWN: Error = Error::Invalid { what: WHAT, rule: "an entity that is not one of the five" };

/// `#1234` or `#x12AB`, other than zero.
fn number(name: &str) -> Option<u32> {
    let digits = name.strip_prefix('#')?;
    let (digits, radix) = digits.strip_prefix('x').map_or((digits, 10), |hex| (hex, 16));
    let mut value = 0u32;
    for digit in digits.bytes() {
        let digit = text::hex_value(digit).map(u32::from).filter(|digit| *digit < radix)?;
        value = value.checked_mul(radix)?.checked_add(digit)?;
    }
    Some(value).filter(|&value| value > 0)
}

/// Whether `c` cannot stand for itself in an attribute value.
const fn is_special(c: char) -> bool {
    matches!(c, '<' | '>' | '&' | '"' | '\'' | '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn entities_of_all_kinds() {
        assert_eq!(unescape("a&lt;&gt;&amp;&quot;&apos;&#65;&#x42;b").unwrap(), "a<>&\"'ABb");
        assert_eq!(unescape("a\r\nb\tc\rd\n").unwrap(), "a b c d ");
        for bad in ["&nbsp;", "&", "&amp", "&;", "&#;", "&#x;", "&#xd800;", "&#0;", "&#+5;", "&#x110000;"] {
            assert!(unescape(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(escape("video 1"), Cow::Borrowed(_)));
        assert!(matches!(unescape("video 1"), Ok(Cow::Borrowed(_))));
        assert_eq!(escape("a\0b"), "a\u{fffd}b");
    }

    proptest! {
        #[test]
        fn round_trips(text in "[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\u{fffe}\\u{ffff}]*") {
            let escaped = escape(&text).into_owned();
            prop_assert_eq!(unescape(&escaped).unwrap(), text);
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = unescape(&text);
            prop_assert!(unescape(&escape(&text)).is_ok());
        }
    }
}
