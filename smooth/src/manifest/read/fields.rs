//! Attributes of the manifest's elements, and the numbers in them.

use std::borrow::Cow;

use crate::{error::Error, text, xml::Element};

/// The values of the attributes `names` of `element`, in that order; empty where there is none, for
/// that says the same. Of several of a name the last one counts.
pub(super) fn attributes<'e, const N: usize>(
    element: &'e Element<'_>,
    names: &[&str; N],
) -> Result<[Cow<'e, str>; N], Error> {
    let mut values = [const { Cow::Borrowed("") }; N];
    fill(element, names, &mut values)?;
    Ok(values)
}

/// One loop for all elements: it is in the module once, whatever the number of names.
#[inline(never)]
fn fill<'e>(element: &'e Element<'_>, names: &[&str], values: &mut [Cow<'e, str>]) -> Result<(), Error> {
    for attribute in element.attributes() {
        let (name, value) = attribute?;
        for (slot, known) in values.iter_mut().zip(names) {
            if *known == name {
                *slot = value;
                break;
            }
        }
    }
    Ok(())
}

/// Decimal digits, white space around them allowed.
#[inline(never)]
pub(super) fn number(text: &str) -> Option<u64> {
    text::digits(text.trim_ascii())
}

/// A number of 32 bits.
#[inline(never)]
pub(super) fn number32(text: &str) -> Option<u32> {
    number(text).and_then(|number| u32::try_from(number).ok())
}

/// A number of 32 bits that only describes: 0 if it cannot be read.
#[inline(never)]
pub(super) fn size(text: &str) -> u32 {
    number32(text).unwrap_or(0)
}

/// A number of 16 bits, likewise.
#[inline(never)]
pub(super) fn size16(text: &str) -> u16 {
    u16::try_from(size(text)).unwrap_or(0)
}

/// `true` or `false` in any letter case, or a digit.
pub(super) fn boolean(text: &str) -> Option<bool> {
    let text = text.trim_ascii();
    let is = |digit: &str, word: &str| text == digit || text.eq_ignore_ascii_case(word);
    if is("1", "true") { Some(true) } else { is("0", "false").then_some(false) }
}
