//! NAL units of AVC and HEVC: byte streams with start codes, ITU-T H.264 Annex B.

/// The NAL units of a byte stream, start codes of three or four bytes; empty ones are left out.
/// Bytes before the first start code are ignored.
pub(super) fn units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(stream).map(|(_, rest)| rest);
    core::iter::from_fn(move || {
        let from = rest?;
        let unit;
        (unit, rest) = match after_start_code(from) {
            Some((unit, next)) => (unit, Some(next)),
            None => (from, None),
        };
        Some(trim_zeros(unit))
    })
    .filter(|unit| !unit.is_empty())
}

/// What stands before and after the first start code of three bytes.
fn after_start_code(stream: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = stream.windows(3).position(|code| code == [0, 0, 1])?;
    Some((stream.get(..at)?, stream.get(at.checked_add(3)?..)?))
}

/// A unit never ends in a zero byte: zeros belong to the next start code, or fill up.
fn trim_zeros(mut unit: &[u8]) -> &[u8] {
    while let Some((0, head)) = unit.split_last() {
        unit = head;
    }
    unit
}

/// `unit` without emulation prevention bytes, ITU-T H.264 7.4.1.
pub(super) fn unescape(unit: &[u8]) -> Vec<u8> {
    let mut zeros = 0_u8;
    let keep = |&byte: &u8| {
        let escape = zeros >= 2 && byte == 3;
        zeros = if byte == 0 { zeros.saturating_add(1) } else { 0 };
        !escape
    };
    unit.iter().copied().filter(keep).collect()
}

/// `units`, each behind a start code of four bytes: the form of `CodecPrivateData`.
pub(super) fn join<'a>(units: impl Iterator<Item = &'a Vec<u8>>) -> Vec<u8> {
    let mut stream = Vec::new();
    for unit in units {
        stream.extend_from_slice(&[0, 0, 0, 1]);
        stream.extend_from_slice(unit);
    }
    stream
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_codes_of_three_and_four_bytes() {
        let stream = [9, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2, 0, 0, 1, 0, 0, 1, 0x6f, 0, 0];
        let all: Vec<_> = units(&stream).collect();
        assert_eq!(all, [&[0x67, 1][..], &[0x68, 2], &[0x6f]]);
        assert_eq!(units(&[1, 2, 3]).count(), 0);
    }

    #[test]
    fn emulation_prevention_goes() {
        assert_eq!(unescape(&[1, 0, 0, 3, 0, 0, 3, 1, 0, 3]), [1, 0, 0, 0, 0, 1, 0, 3]);
    }
}
