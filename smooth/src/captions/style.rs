//! Styling attributes, TTML 1 section 8.2: those that a cue can carry.

use super::{
    Align, DisplayAlign, Percent, Region,
    times::{decimal, split_unit},
};
use crate::text::{digits, hex_decode, split_at_any};

/// What one element says about its style. `None` where it says nothing.
#[derive(Clone, Copy, Default)]
pub(super) struct Style {
    pub(super) color: Option<Paint>,
    pub(super) background: Option<Paint>,
    pub(super) italic: Option<bool>,
    pub(super) bold: Option<bool>,
    pub(super) underline: Option<bool>,
    pub(super) visible: Option<bool>,
    /// `display="none"` or no opacity at all: hides whatever is inside.
    pub(super) hidden: Option<bool>,
    pub(super) text_align: Option<Align>,
    pub(super) display_align: Option<DisplayAlign>,
    /// From the left and upper edge, in hundredths of a per cent.
    pub(super) origin: Option<(u32, u32)>,
    /// Width and height, in hundredths of a per cent.
    pub(super) extent: Option<(u32, u32)>,
}

/// One of the colours that WebVTT has classes for, or none at all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    Clear,
    /// Red 1, green 2, blue 4: index of [`COLORS`].
    Solid(u8),
}

/// The names of WebVTT's colour classes, by the bits of [`Paint::Solid`].
pub(super) const COLORS: [&str; 8] = ["black", "red", "lime", "yellow", "blue", "magenta", "cyan", "white"];
pub(super) const BLACK: Paint = Paint::Solid(0);
pub(super) const WHITE: Paint = Paint::Solid(7);

/// What lengths are measured in.
pub(super) struct Units {
    /// Width and height of the picture, in thousandths of a pixel; 0 where the document does not say.
    pixels: (u64, u64),
    /// Columns and rows.
    cells: (u64, u64),
}

impl Default for Units {
    fn default() -> Self {
        Self { pixels: (0, 0), cells: (32, 15) }
    }
}

impl Style {
    /// Takes in one attribute, if it is one of style. `name` has no prefix.
    #[inline(never)]
    pub(super) fn attribute(&mut self, name: &str, value: &str, units: &Units) {
        let value = value.trim_ascii();
        match name {
            "color" => self.color = paint(value).or(self.color),
            "backgroundColor" => self.background = paint(value).or(self.background),
            "fontStyle" => self.italic = either(value, "normal", &["italic", "oblique"]),
            "fontWeight" => self.bold = either(value, "normal", &["bold"]),
            "textDecoration" => {
                for word in value.split_ascii_whitespace() {
                    self.underline = either(word, "noUnderline", &["underline"])
                        .or_else(|| (word == "none").then_some(false))
                        .or(self.underline);
                }
            }
            "visibility" => self.visible = either(value, "hidden", &["visible"]),
            "display" if value == "none" => self.hidden = Some(true),
            "opacity" if decimal(value) == Some((0, 0)) => self.hidden = Some(true),
            "textAlign" => {
                self.text_align = match value {
                    "start" | "justify" => Some(Align::Start),
                    "center" => Some(Align::Center),
                    "end" => Some(Align::End),
                    "left" => Some(Align::Left),
                    "right" => Some(Align::Right),
                    _ => None,
                }
            }
            "displayAlign" => {
                self.display_align = match value {
                    "before" => Some(DisplayAlign::Before),
                    "center" => Some(DisplayAlign::Center),
                    "after" => Some(DisplayAlign::After),
                    _ => None,
                }
            }
            "origin" => self.origin = units.pair(value),
            "extent" => self.extent = units.pair(value),
            _ => {}
        }
    }

    /// This style, with `base` for what it leaves open.
    pub(super) fn over(self, base: &Self) -> Self {
        Self {
            color: self.color.or(base.color),
            background: self.background.or(base.background),
            italic: self.italic.or(base.italic),
            bold: self.bold.or(base.bold),
            underline: self.underline.or(base.underline),
            visible: self.visible.or(base.visible),
            hidden: self.hidden.or(base.hidden),
            text_align: self.text_align.or(base.text_align),
            display_align: self.display_align.or(base.display_align),
            origin: self.origin.or(base.origin),
            extent: self.extent.or(base.extent),
        }
    }

    /// The rectangle it describes, if it says anything about one.
    #[inline(never)]
    pub(super) fn region(&self) -> Option<Region> {
        if self.origin.is_none() && self.extent.is_none() && self.display_align.is_none() {
            return None;
        }
        let full = Percent::FULL.hundredths();
        let (x, y) = self.origin.unwrap_or((0, 0));
        let (width, height) = self.extent.unwrap_or((full, full));
        let side = |from: u32, size: u32| {
            // an empty or outlying rectangle takes what room there is, so that the text is seen
            let from = if from >= full { 0 } else { from };
            let room = full.saturating_sub(from);
            let size = if size == 0 { room } else { size.min(room) };
            (Percent::from_hundredths(from), Percent::from_hundredths(size))
        };
        let ((x, width), (y, height)) = (side(x, width), side(y, height));
        Some(Region { x, y, width, height, display: self.display_align.unwrap_or_default() })
    }
}

impl Units {
    /// Takes in an attribute of the root element, if it is one of length.
    pub(super) fn parameter(&mut self, name: &str, value: &str) {
        let Some((a, b)) = split_at_any(value.trim_ascii(), b" ") else { return };
        match name {
            "extent" => {
                let pixels = |text: &str| match length(text) {
                    Some((n, "px")) => n,
                    _ => 0,
                };
                self.pixels = (pixels(a), pixels(b.trim_ascii()));
            }
            "cellResolution" => {
                if let (Some(a @ 1..=10_000), Some(b @ 1..=10_000)) = (digits(a), digits(b.trim_ascii())) {
                    self.cells = (a, b);
                }
            }
            _ => {}
        }
    }

    /// Two lengths, across and down, in hundredths of a per cent. `None` for `auto` and what cannot be known.
    fn pair(&self, value: &str) -> Option<(u32, u32)> {
        let (a, b) = split_at_any(value, b" \t\n\r")?;
        Some((
            hundredths(a, self.pixels.0, self.cells.0)?,
            hundredths(b.trim_ascii(), self.pixels.1, self.cells.1)?,
        ))
    }
}

/// A length in hundredths of a per cent, at most 100 %. Below zero is zero.
fn hundredths(text: &str, pixels: u64, cells: u64) -> Option<u32> {
    if text.starts_with('-') {
        return Some(0);
    }
    let (n, unit) = length(text)?;
    // what makes 100 %, in thousandths
    let whole = match unit {
        "%" | "rw" | "rh" => 100_000,
        "px" => pixels,
        "c" => cells.saturating_mul(1000),
        _ => return None,
    };
    let n = n.saturating_mul(10_000).saturating_add(whole / 2).checked_div(whole)?;
    Some(Percent::from_hundredths(u32::try_from(n).unwrap_or(u32::MAX)).hundredths())
}

/// A number in thousandths, and its unit.
fn length(text: &str) -> Option<(u64, &str)> {
    let (number, unit) = split_unit(text)?;
    let (whole, millionths) = decimal(number)?;
    Some((whole.checked_mul(1000)?.checked_add(millionths / 1000)?, unit))
}

fn either(value: &str, no: &str, yes: &[&str]) -> Option<bool> {
    if value == no { Some(false) } else { yes.contains(&value).then_some(true) }
}

/// The named colours that [`paint`] knows. In a table: a `match` on words is a comparison for each in code.
const NAMES: [(&str, u8); 18] = [
    ("black", 0),
    ("red", 1),
    ("maroon", 1),
    ("lime", 2),
    ("green", 2),
    ("yellow", 3),
    ("olive", 3),
    ("blue", 4),
    ("navy", 4),
    ("magenta", 5),
    ("fuchsia", 5),
    ("purple", 5),
    ("cyan", 6),
    ("aqua", 6),
    ("teal", 6),
    ("white", 7),
    ("silver", 7),
    ("gray", 7),
];

/// A colour, TTML 1 section 8.3.2, as the nearest one of WebVTT: each channel on or off.
fn paint(value: &str) -> Option<Paint> {
    let mut channels = [0, 0, 0, 255];
    if let Some(hex) = value.strip_prefix('#') {
        let bytes = hex_decode(hex).ok()?;
        // The decoder passes over white space.
        if !matches!(hex.len(), 6 | 8) || bytes.len() != hex.len() / 2 {
            return None;
        }
        for (channel, byte) in channels.iter_mut().zip(bytes) {
            *channel = byte;
        }
    } else if value.starts_with("rgb") {
        let (_, mut list) = split_at_any(value.strip_suffix(')')?, b"(")?;
        for channel in &mut channels {
            let (number, rest) = split_at_any(list, b",").unwrap_or((list, ""));
            *channel = u8::try_from(digits(number.trim_ascii())?).ok()?;
            if list.len() == number.len() {
                break;
            }
            list = rest;
        }
    } else if value == "transparent" {
        return Some(Paint::Clear);
    } else {
        let (_, color) = NAMES.iter().find(|(name, _)| *name == value)?;
        return Some(Paint::Solid(*color));
    }
    let [r, g, b, a] = channels;
    Some(if a == 0 { Paint::Clear } else { Paint::Solid(r >> 7 | g >> 7 << 1 | b >> 7 << 2) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_to_the_nearest_of_eight() {
        for (value, name) in [
            ("#ffff00", "yellow"),
            ("#FFFF00FF", "yellow"),
            ("#c0c0c0", "white"),
            ("#101010", "black"),
            ("#0080ff", "cyan"),
            ("rgb(255,0,0)", "red"),
            ("rgba( 0, 255, 0, 255 )", "lime"),
            ("green", "lime"),
            ("navy", "blue"),
            ("fuchsia", "magenta"),
        ] {
            let Some(Paint::Solid(color)) = paint(value) else { panic!("{value}") };
            assert_eq!(COLORS[usize::from(color)], name, "{value}");
        }
        for clear in ["transparent", "#12345600", "rgba(1,2,3,0)"] {
            assert!(paint(clear) == Some(Paint::Clear), "{clear}");
        }
        for bad in ["", "#", "#fff", "#ggffff", "#é1234", "rgb(1,2,3", "rgb(256,0,0)", "inherit", "mauve"] {
            assert!(paint(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn lengths_in_every_unit() {
        let mut units = Units::default();
        assert_eq!(units.pair("10% 80.25%"), Some((1000, 8025)));
        assert_eq!(units.pair("16c 15c"), Some((5000, 10_000)));
        assert_eq!(units.pair("-5%\n  120%"), Some((0, 10_000)));
        assert_eq!(units.pair("50rw 5rh"), Some((5000, 500)));
        for unknown in ["auto", "10px 10px", "1em 1em", "10%", "10 10", "% %", "1e9% 1%", ""] {
            assert_eq!(units.pair(unknown), None, "{unknown}");
        }
        units.parameter("extent", "640px 480px");
        units.parameter("cellResolution", "50 30");
        assert_eq!(units.pair("64px 240px"), Some((1000, 5000)));
        assert_eq!(units.pair("5c 3c"), Some((1000, 1000)));
        units.parameter("cellResolution", "0 0");
        assert_eq!(units.pair("5c 3c"), Some((1000, 1000)));
    }
}
