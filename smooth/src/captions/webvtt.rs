//! WebVTT: where a cue stands, and whole files.
//!
//! [`Settings`] are numbers for the properties of a `VTTCue`. They keep to what every browser does: none of
//! them needs `lineAlign` or `positionAlign`, which Chromium lacks.

use super::{Align, Cue, DisplayAlign, Percent, Region, style::COLORS};

/// Settings of a cue, WebVTT section 6.3. What is `None` is left at `auto` (`size`: 100).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `line`, and with it `snapToLines`.
    pub line: Option<Line>,
    /// `position`: of the text's start, middle or end, as `align` says.
    pub position: Option<Percent>,
    /// `size`: the width of the box.
    pub size: Option<Percent>,
    /// `align`.
    pub align: Align,
}

/// Where the first line of a cue stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// `line` with `snapToLines` true: in lines of text, -1 is the lowest.
    Row(i16),
    /// `line` with `snapToLines` false: the upper edge, of the height of the picture.
    Top(Percent),
}

/// Height of a line of cue text, in hundredths of a per cent of the picture: 5 % of it is the size of the
/// font, and Chromium spaces lines by 1.17.
const LINE: u32 = 583;

/// Where `cue` stands.
///
/// Text at the bottom of its region is put on rows counted from the bottom of the picture, because only
/// those grow upwards when a browser breaks a long line in two.
#[must_use]
pub fn cue_settings(cue: &Cue) -> Settings {
    let align = cue.align;
    let Some(Region { x, y, width, height, display }) = cue.region else {
        return Settings { align, ..Settings::default() };
    };
    let full = Percent::FULL.hundredths();
    let lines = cue.text.bytes().filter(|&b| b == b'\n').count().saturating_add(1);
    let lines = u32::try_from(lines).unwrap_or(u32::MAX).min(20);
    let text = lines.saturating_mul(LINE);
    let top = |top: u32| Line::Top(Percent::from_hundredths(top.min(full.saturating_sub(text))));
    let line = match display {
        DisplayAlign::Before => top(y.hundredths()),
        DisplayAlign::Center => {
            top(y.hundredths().saturating_add(height.hundredths() / 2).saturating_sub(text / 2))
        }
        DisplayAlign::After => {
            let below = full.saturating_sub(y.hundredths()).saturating_sub(height.hundredths());
            // at most 17 rows below, and 20 lines
            Line::Row((below / LINE).saturating_add(lines).wrapping_neg() as i16)
        }
    };
    let within = match align {
        Align::Start | Align::Left => 0,
        Align::Center => width.hundredths() / 2,
        Align::End | Align::Right => width.hundredths(),
    };
    let position = Some(Percent::from_hundredths(x.hundredths().saturating_add(within)));
    Settings { line: Some(line), position, size: Some(width), align }
}

/// Style rules for the colour classes of cue text, for the page: Chromium brings none, although WebVTT
/// section 8.2.2.1 asks for them.
#[must_use]
pub fn class_rules() -> String {
    let mut out = String::new();
    for color in COLORS {
        for part in
            ["::cue(.", color, "){color:", color, "}\n::cue(.bg_", color, "){background:", color, "}\n"]
        {
            out.push_str(part);
        }
    }
    out
}

/// A WebVTT file, or a segment, of `cues`. Pictures are left out: WebVTT has none. A cue that nothing
/// ends is given a day.
#[must_use]
pub fn write(cues: &[Cue]) -> String {
    const DAY: u64 = 24 * 3_600_000;
    let mut out = String::from("WEBVTT\n");
    if cues.iter().any(|cue| cue.text.contains("<c.")) {
        out.push_str("\nSTYLE\n");
        out.push_str(&class_rules());
    }
    for cue in cues.iter().filter(|cue| !cue.text.is_empty()) {
        out.push('\n');
        time(&mut out, cue.begin_ms);
        out.push_str(" --> ");
        time(&mut out, if cue.end_ms == Cue::OPEN { cue.begin_ms.saturating_add(DAY) } else { cue.end_ms });
        settings(&mut out, cue_settings(cue));
        out.push('\n');
        for line in cue.text.split('\n') {
            // an empty line would end the cue
            out.push_str(if line.trim_ascii().is_empty() { "&nbsp;" } else { line });
            out.push('\n');
        }
    }
    out
}

/// The settings of `cue` as they stand behind its times, without the blank before them.
#[must_use]
pub fn settings_text(cue: &Cue) -> String {
    let mut out = String::new();
    settings(&mut out, cue_settings(cue));
    out.trim_start().to_owned()
}

fn settings(out: &mut String, settings: Settings) {
    match settings.line {
        Some(Line::Row(row)) => {
            out.push_str(if row < 0 { " line:-" } else { " line:" });
            digits(out, row.unsigned_abs().into(), 1);
        }
        Some(Line::Top(top)) => percent(out, " line:", top),
        None => {}
    }
    if let Some(position) = settings.position {
        percent(out, " position:", position);
    }
    if let Some(size) = settings.size {
        percent(out, " size:", size);
    }
    if settings.align != Align::default() {
        out.push_str(" align:");
        out.push_str(settings.align.keyword());
    }
}

fn percent(out: &mut String, name: &str, value: Percent) {
    out.push_str(name);
    digits(out, u64::from(value.hundredths() / 100), 1);
    if !value.hundredths().is_multiple_of(100) {
        out.push('.');
        digits(out, u64::from(value.hundredths() % 100), 2);
    }
    out.push('%');
}

/// `hh:mm:ss.ttt`, which TTML reads as well.
pub(super) fn time(out: &mut String, ms: u64) {
    let seconds = ms / 1000;
    digits(out, seconds / 3600, 2);
    out.push(':');
    digits(out, seconds / 60 % 60, 2);
    out.push(':');
    digits(out, seconds % 60, 2);
    out.push('.');
    digits(out, ms % 1000, 3);
}

/// A number with zeros before it up to `width`.
fn digits(out: &mut String, number: u64, width: usize) {
    if number >= 10 || width > 1 {
        digits(out, number / 10, width.saturating_sub(1));
    }
    out.push(char::from(b'0' | (number % 10) as u8));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cue(text: &str, region: Option<[u32; 4]>, display: DisplayAlign, align: Align) -> Cue {
        let region = region.map(|rect| {
            let [x, y, width, height] = rect.map(|n| Percent::from_hundredths(n * 100));
            Region { x, y, width, height, display }
        });
        Cue { begin_ms: 0, end_ms: 1, text: text.into(), region, align, image: None }
    }

    #[test]
    fn regions_become_settings() {
        use DisplayAlign::{After, Before, Center};
        let top = |percent: u32| Some(Line::Top(Percent::from_hundredths(percent)));
        let rect = Some([10, 80, 80, 20]);
        for (text, rect, display, align, line, position) in [
            ("a", None, Before, Align::Center, None, None),
            ("a", rect, Before, Align::Start, top(8000), Some(10)),
            ("a\nb\nc\nd", rect, Before, Align::Start, top(7668), Some(10)),
            ("a", rect, After, Align::Center, Some(Line::Row(-1)), Some(50)),
            ("a\nb", rect, After, Align::End, Some(Line::Row(-2)), Some(90)),
            ("a\nb", Some([0, 0, 100, 90]), After, Align::Center, Some(Line::Row(-3)), Some(50)),
            ("a", Some([0, 0, 100, 100]), Center, Align::Right, top(4709), Some(100)),
            ("a", Some([0, 0, 100, 0]), Center, Align::Left, top(0), Some(0)),
        ] {
            let settings = cue_settings(&cue(text, rect, display, align));
            assert_eq!(settings.line, line, "{text} {rect:?} {display:?}");
            assert_eq!(settings.position.map(Percent::to_f64), position.map(f64::from));
            assert_eq!(settings.align, align);
        }
    }

    #[test]
    fn colours_bring_their_rules() {
        let file = write(&[cue("<c.red>a</c>", None, DisplayAlign::Before, Align::Center)]);
        assert!(file.starts_with("WEBVTT\n\nSTYLE\n::cue(.black){color:black}\n::cue(.bg_black)"), "{file}");
        assert!(file.ends_with("\n\n00:00:00.000 --> 00:00:00.001\n<c.red>a</c>\n"), "{file}");
    }

    #[test]
    fn a_whole_file() {
        let mut cues = vec![
            cue("One\n\n<i>two</i>", None, DisplayAlign::Before, Align::Center),
            cue("x &amp; y", Some([10, 80, 75, 15]), DisplayAlign::After, Align::Start),
            cue("", None, DisplayAlign::Before, Align::Center),
            cue("z", Some([0, 5, 100, 15]), DisplayAlign::Before, Align::Center),
        ];
        cues[1].begin_ms = 3_723_004;
        cues[1].end_ms = 360_000_000;
        cues[3].end_ms = Cue::OPEN;
        cues[3].region.as_mut().unwrap().x = Percent::from_hundredths(1205);
        assert_eq!(
            write(&cues),
            "WEBVTT\n\
            \n00:00:00.000 --> 00:00:00.001\nOne\n&nbsp;\n<i>two</i>\n\
            \n01:02:03.004 --> 100:00:00.000 line:-1 position:10% size:75% align:start\nx &amp; y\n\
            \n00:00:00.000 --> 24:00:00.000 line:5% position:62.05% size:100%\nz\n"
        );
    }
}
