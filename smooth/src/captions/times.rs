//! Time expressions, TTML 1 section 10.3, and the parameters they depend on, section 6.2.

use core::num::{NonZeroU32, NonZeroU64};

use crate::text::{digits, split_at_any};

/// How to read the times of one document.
pub(super) struct Clock {
    /// Nominal frames in a second.
    frame_rate: Option<NonZeroU32>,
    /// Frames in a second, as a multiple of the nominal rate.
    multiplier: (NonZeroU32, NonZeroU32),
    sub_frames: NonZeroU32,
    ticks: Option<NonZeroU32>,
    /// `hh:mm:ss` counts frames, not seconds.
    smpte: bool,
    /// Frame numbers 0 and 1 are left out of each minute that is no multiple of ten.
    drop: bool,
}

const ONE: NonZeroU32 = NonZeroU32::MIN;
const THIRTY: NonZeroU32 = NonZeroU32::new(30).unwrap();
const MILLION: u64 = 1_000_000;

impl Default for Clock {
    fn default() -> Self {
        Self {
            frame_rate: None,
            multiplier: (ONE, ONE),
            sub_frames: ONE,
            ticks: None,
            smpte: false,
            drop: false,
        }
    }
}

impl Clock {
    /// Takes in an attribute of the root element, if it is one of time.
    pub(super) fn parameter(&mut self, name: &str, value: &str) {
        let value = value.trim_ascii();
        match name {
            "frameRate" => self.frame_rate = rate(value),
            "subFrameRate" => self.sub_frames = rate(value).unwrap_or(ONE),
            "tickRate" => self.ticks = rate(value),
            "frameRateMultiplier" => {
                // "1000 1001" since TTML 1, "1000:1001" in the drafts
                let (a, b) = split_at_any(value, b" :").unwrap_or((value, "1"));
                if let (Some(a), Some(b)) = (rate(a), rate(b.trim_ascii())) {
                    self.multiplier = (a, b);
                }
            }
            "timeBase" => self.smpte = value == "smpte",
            "dropMode" => self.drop = value == "dropNTSC",
            _ => {}
        }
    }

    /// The time that `text` says, in milliseconds. `None` if it is none.
    pub(super) fn read(&self, text: &str) -> Option<u64> {
        let text = text.trim_ascii();
        let Some((hours, rest)) = split_at_any(text, b":") else { return self.offset(text) };
        let (minutes, rest) = split_at_any(rest, b":")?;
        let (seconds, frames) = split_at_any(rest, b":").map_or((rest, None), |(s, f)| (s, Some(f)));
        let minutes = digits(hours)?.checked_mul(60)?.checked_add(digits(minutes)?)?;
        let (seconds, millionths) = decimal(seconds)?;
        let seconds = minutes.checked_mul(60)?.checked_add(seconds)?;
        let (mut frame, mut part) = (0, 0);
        if let Some(text) = frames {
            let (f, sub) = split_at_any(text, b".").unwrap_or((text, "0"));
            (frame, part) =
                (digits(f)?, digits(sub)?.checked_mul(MILLION)? / NonZeroU64::from(self.sub_frames));
        }
        if self.smpte && frames.is_some() {
            let rate = u64::from(self.frame_rate.unwrap_or(THIRTY).get());
            let dropped = if self.drop { minutes.saturating_sub(minutes / 10).saturating_mul(2) } else { 0 };
            let frame = seconds.checked_mul(rate)?.checked_add(frame)?.saturating_sub(dropped);
            return self.frames(frame, part);
        }
        seconds.checked_mul(1000)?.checked_add(millionths / 1000)?.checked_add(self.frames(frame, part)?)
    }

    /// A number with its unit.
    fn offset(&self, text: &str) -> Option<u64> {
        let (number, unit) = split_unit(text)?;
        let (whole, millionths) = decimal(number)?;
        let unit = match unit {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1000,
            "ms" => 1,
            "f" => return self.frames(whole, millionths),
            "t" => return self.ticks(whole),
            _ => return None,
        };
        whole.checked_mul(unit)?.checked_add(millionths.saturating_mul(unit) / MILLION)
    }

    fn ticks(&self, ticks: u64) -> Option<u64> {
        let rate: NonZeroU64 = match (self.ticks, self.frame_rate) {
            (Some(rate), _) => rate.into(),
            // as many as sub-frames, if there is a frame rate
            (None, Some(rate)) => NonZeroU64::from(rate).saturating_mul(self.sub_frames.into()),
            (None, None) => ONE.into(),
        };
        (ticks / rate).checked_mul(1000)?.checked_add((ticks % rate).saturating_mul(1000) / rate)
    }

    /// To the nearest millisecond.
    fn frames(&self, frames: u64, millionths: u64) -> Option<u64> {
        let (a, b) = self.multiplier;
        let rate = NonZeroU64::from(self.frame_rate.unwrap_or(THIRTY)).saturating_mul(a.into());
        // thousandths of a frame
        let frames = frames.checked_mul(1000)?.checked_add(millionths / 1000)?;
        Some(frames.checked_mul(b.get().into())?.saturating_add(rate.get() / 2) / rate)
    }
}

/// A number that something is divided by.
fn rate(text: &str) -> Option<NonZeroU32> {
    digits(text).and_then(|number| u32::try_from(number).ok()).and_then(NonZeroU32::new)
}

/// A number without a sign: what stands before the point, and millionths. Further digits are cut off.
pub(super) fn decimal(text: &str) -> Option<(u64, u64)> {
    let (whole, fraction) = split_at_any(text, b".,").unwrap_or((text, ""));
    let (mut millionths, mut weight) = (0, MILLION);
    for b in fraction.bytes() {
        if !b.is_ascii_digit() {
            return None;
        }
        weight /= 10;
        millionths = u64::from(b & 15).saturating_mul(weight).saturating_add(millionths);
    }
    Some((if whole.is_empty() && !fraction.is_empty() { 0 } else { digits(whole)? }, millionths))
}

/// Splits a number from its unit.
pub(super) fn split_unit(text: &str) -> Option<(&str, &str)> {
    let is_number = |byte: u8| byte.is_ascii_digit() || byte == b'.' || byte == b',';
    let at = text.bytes().position(|byte| !is_number(byte)).unwrap_or(text.len());
    text.split_at_checked(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parameters: &[(&str, &str)], text: &str) -> Option<u64> {
        let mut clock = Clock::default();
        for (name, value) in parameters {
            clock.parameter(name, value);
        }
        clock.read(text)
    }

    #[test]
    fn clock_and_offset_times() {
        for (text, ms) in [
            ("00:00:01", 1000),
            ("00:00:01.5", 1500),
            ("00:00:01,5", 1500),
            (" 01:02:03.0045678901234567890 ", 3_723_004),
            ("100:00:00.000", 360_000_000),
            ("00:00:01:15", 1500),
            ("1.5h", 5_400_000),
            (".5m", 30_000),
            ("90s", 90_000),
            ("1.25s", 1250),
            ("12ms", 12),
            ("1f", 33),
            ("7t", 7000),
        ] {
            assert_eq!(read(&[], text), Some(ms), "{text}");
        }
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            ":",
            "::",
            "s",
            "1",
            "1 s",
            "-1s",
            "+1s",
            "1x",
            "1.x2s",
            "00:01",
            "0:0:0:0:0",
            "00:00:-1",
            "é",
            "00:00:1é",
            "99999999999999999999s",
            "9999999999999999999h",
            "wallclock(2024)",
            "00:00:01:99999999999999999999",
        ] {
            assert_eq!(read(&[], text), None, "{text}");
        }
    }

    #[test]
    fn frames_and_ticks_follow_the_parameters() {
        let ntsc = [("frameRate", "30"), ("frameRateMultiplier", "1000 1001")];
        assert_eq!(read(&ntsc, "00:00:01:15"), Some(1501));
        assert_eq!(read(&[("frameRate", "30"), ("frameRateMultiplier", "1000:1001")], "30f"), Some(1001));
        assert_eq!(read(&[("frameRate", "25")], "00:00:00:24"), Some(960));
        assert_eq!(read(&[("frameRate", "25"), ("subFrameRate", "4")], "00:00:00:01.2"), Some(60));
        assert_eq!(read(&[("frameRate", "25"), ("subFrameRate", "4")], "50t"), Some(500));
        assert_eq!(read(&[("tickRate", "10000000")], "17000000005000000t"), Some(1_700_000_000_500));
        assert_eq!(read(&[("tickRate", "0"), ("frameRate", "0")], "1t"), Some(1000));
    }

    #[test]
    fn smpte_time_code_counts_frames() {
        let mut clock =
            vec![("timeBase", "smpte"), ("frameRate", "30"), ("frameRateMultiplier", "1000 1001")];
        assert_eq!(read(&clock, "01:00:00:00"), Some(3_603_600));
        clock.push(("dropMode", "dropNTSC"));
        assert_eq!(read(&clock, "01:00:00:00"), Some(3_599_996));
        assert_eq!(read(&clock, "00:01:00:02"), Some(60_060));
        assert_eq!(read(&[("timeBase", "smpte")], "00:00:01"), Some(1000));
    }
}
