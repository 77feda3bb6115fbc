//! Durations of XML Schema (3.2.6) and times of Atom (RFC 3339).

use std::time::{SystemTime, UNIX_EPOCH};

use crate::deliver::date::iso8601;

/// Seconds as `PT1H30M5S`; none is `PT0S`.
pub(super) fn duration(seconds: u32) -> String {
    let parts = [(seconds / 3600, 'H'), (seconds / 60 % 60, 'M'), (seconds % 60, 'S')];
    let text: String = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if text.is_empty() { "PT0S".to_owned() } else { format!("PT{text}") }
}

/// Milliseconds as `PT0.811S`.
pub(super) fn milliseconds(ms: u64) -> String {
    format!("PT{}.{:03}S", ms / 1000, ms % 1000)
}

/// `P1DT2H3M4.5S` in whole seconds. Years and months have no length of their own, and are none.
pub(super) fn read_duration(text: &str) -> Option<u32> {
    let mut rest = text.trim().strip_prefix('P')?;
    let (mut total, mut time, mut any) = (0_u64, false, false);
    let mut last = 0;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            if time {
                return None;
            }
            (time, rest) = (true, after);
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let unit = after.chars().next()?;
        let (rank, seconds) = match (time, unit) {
            (false, 'D') => (1, 86_400),
            (true, 'H') => (2, 3600),
            (true, 'M') => (3, 60),
            (true, 'S') => (4, 1),
            _ => return None,
        };
        if rank <= last {
            return None;
        }
        last = rank;
        let whole = match number.split_once('.') {
            Some((whole, part))
                if unit == 'S' && !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()) =>
            {
                whole
            }
            Some(_) => return None,
            None => number,
        };
        total = whole.parse::<u64>().ok()?.checked_mul(seconds)?.checked_add(total)?;
        (any, rest) = (true, &after[1..]);
    }
    if any { u32::try_from(total).ok() } else { None }
}

/// `2026-11-25T04:00:00.000Z`.
pub(super) fn timestamp(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    iso8601(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_and_read() {
        for (seconds, text) in [(0, "PT0S"), (10, "PT10S"), (5400, "PT1H30M"), (90_061, "PT25H1M1S")] {
            assert_eq!(duration(seconds), text);
            assert_eq!(read_duration(text), Some(seconds));
        }
        assert_eq!(read_duration("P1DT2H3M4.5S"), Some(93_784));
        assert_eq!(read_duration("P2D"), Some(172_800));
        assert_eq!(milliseconds(811), "PT0.811S");
        for wrong in [
            "",
            "P",
            "PT",
            "10",
            "PT10",
            "P1Y",
            "P1M",
            "PT1S1M",
            "PT1.5M",
            "-PT1S",
            "PT99999999999H",
            "PT1.S",
        ] {
            assert_eq!(read_duration(wrong), None, "{wrong}");
        }
    }
}
