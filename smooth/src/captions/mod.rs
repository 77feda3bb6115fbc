//! TTML to cues to WebVTT.
//!
//! Reads the dialects met in Smooth Streaming text streams: the 2004 and 2006 drafts (DFXP), TTML 1 and 2,
//! SMPTE-TT with its images, EBU-TT-D and IMSC 1. Elements and attributes count by their local names, so the
//! namespace and its prefix do not matter. What WebVTT can carry is kept: lines, italics, bold, underline,
//! the eight colours, alignment and the place of the region; the rest is passed over.
//!
//! | part | TTML 1 | TTML 2 |
//! | --- | --- | --- |
//! | times and their nesting | 10 | 12 |
//! | style and region association | 8.4, 9.3 | 10.4, 11.3 |
//! | white space | 7.2.3 | 8.2.3 |
//! | images | SMPTE ST 2052-1, 5.4 and 5.5 | 9 (not read) |
//!
//! ```
//! # fn main() -> Result<(), smooth::Error> {
//! let ttml = r##"<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling"><body><div>
//!     <p begin="00:00:01.500" dur="2s">One &amp; <span tts:color="#ffff00">two</span></p>
//! </div></body></tt>"##;
//! let document = smooth::captions::read_ttml(ttml.as_bytes(), &smooth::Limits::default())?;
//! let cue = &document.cues[0];
//! assert_eq!((cue.begin_ms, cue.end_ms), (1500, 3500));
//! assert_eq!(cue.text, "One &amp; <c.yellow>two</c>");
//! # Ok(())
//! # }
//! ```

#![warn(clippy::indexing_slicing)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

mod payload;
mod read;
mod sheet;
mod style;
mod times;
pub mod webvtt;
mod write;

#[cfg(test)]
mod tests;

pub use read::read_ttml;
pub use write::{SimpleCue, write_ttml};

use crate::error::Error;

/// What a caption document holds.
///
/// Takes at most 64 bytes for each byte of the document it was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// The cues, in document order. They may overlap.
    pub cues: Vec<Cue>,
    /// The pictures that [`Cue::image`] points at.
    pub images: Vec<Image>,
}

/// Text or a picture that is shown for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cue {
    /// First moment it is shown, in milliseconds.
    pub begin_ms: u64,
    /// First moment it is no longer shown, in milliseconds; always after `begin_ms`. [`Cue::OPEN`] if
    /// nothing in the document ends it.
    pub end_ms: u64,
    /// WebVTT cue text: lines ended by `\n`, with `<b>`, `<i>`, `<u>` and `<c.yellow.bg_blue>`. Empty if
    /// the cue is a picture.
    pub text: String,
    /// Where it stands; `None` leaves the place to the player.
    pub region: Option<Region>,
    /// How its lines are aligned within the region.
    pub align: Align,
    /// Index of its picture in [`Document::images`].
    pub image: Option<usize>,
}

impl Cue {
    /// The `end_ms` of a cue that nothing in its document ends: it is shown until the end of the fragment
    /// or presentation that the document came in.
    pub const OPEN: u64 = u64::MAX;
}

/// A rectangle on the picture. Never reaches beyond it, and is never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Left edge, of the width of the picture.
    pub x: Percent,
    /// Upper edge, of the height of the picture.
    pub y: Percent,
    /// Of the width of the picture.
    pub width: Percent,
    /// Of the height of the picture.
    pub height: Percent,
    /// Where in the region the lines stand.
    pub display: DisplayAlign,
}

/// Between 0 and 100 per cent, in hundredths of a per cent: no text of a float is read or written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u16);

impl Percent {
    /// 100 %.
    pub const FULL: Self = Self(10_000);

    /// From hundredths of a per cent, cut off at 100 %.
    #[must_use]
    pub const fn from_hundredths(hundredths: u32) -> Self {
        Self(if hundredths > 10_000 { 10_000 } else { hundredths as u16 })
    }

    /// In hundredths of a per cent, at most 10 000.
    #[must_use]
    pub fn hundredths(self) -> u32 {
        self.0.into()
    }

    /// As the number between 0 and 100 that the properties of a `VTTCue` take.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

/// How lines are aligned within their region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// At the side where the text begins.
    Start,
    /// In the middle, as captions without a region are.
    #[default]
    Center,
    /// At the side where the text ends.
    End,
    /// At the left side.
    Left,
    /// At the right side.
    Right,
}

impl Align {
    /// The keyword that the `align` of a `VTTCue` and of a cue in a file take.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Center => "center",
            Self::End => "end",
            Self::Left => "left",
            Self::Right => "right",
        }
    }
}

/// Where in the height of a region the lines stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DisplayAlign {
    /// At the top.
    #[default]
    Before,
    /// In the middle.
    Center,
    /// At the bottom.
    After,
}

/// A picture with text painted in it, as DVD subtitles are. PNG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The file in base64 without white space, ready for a `data:image/png;base64,` address. Not checked.
    pub base64: String,
}

impl Image {
    /// The bytes of the file, three for four characters of [`base64`](Self::base64).
    ///
    /// # Errors
    ///
    /// As [`base64_decode`](crate::text::base64_decode).
    pub fn png(&self) -> Result<Vec<u8>, Error> {
        crate::text::base64_decode(&self.base64)
    }
}

impl Document {
    /// Whether the times count from the start of the fragment that the document came in, and not from
    /// zero of the presentation: packagers do either (IIS and Azure the first), and nothing says which.
    ///
    /// They do if every cue would be over before the fragment begins, and begins within its duration (0
    /// if that is not known). A cue without an end speaks for neither.
    ///
    /// At the very start of a presentation both readings are the same, and the answer is `false`. While
    /// the fragment starts earlier than its cues end, a cue of either reading may be meant: the answer is
    /// `false` still. Packagers do not change their mind, so keep the first `true` for the rest of the
    /// stream.
    #[must_use]
    pub fn times_are_relative(&self, fragment_start_ms: u64, fragment_duration_ms: u64) -> bool {
        let within = |begin: u64| fragment_duration_ms == 0 || begin < fragment_duration_ms;
        let over = |end: u64| end <= fragment_start_ms || end == Cue::OPEN;
        fragment_start_ms > 0
            && !self.cues.is_empty()
            && self.cues.iter().all(|cue| within(cue.begin_ms) && over(cue.end_ms))
    }

    /// Puts the cues on the time of the presentation: moves them if their times are `relative` to the
    /// fragment, and ends open ones with the fragment if its duration is known (not 0).
    pub fn place(&mut self, fragment_start_ms: u64, fragment_duration_ms: u64, relative: bool) {
        let offset = if relative { fragment_start_ms } else { 0 };
        let fragment_end = fragment_start_ms.saturating_add(fragment_duration_ms);
        for cue in &mut self.cues {
            cue.begin_ms = cue.begin_ms.saturating_add(offset);
            cue.end_ms = cue.end_ms.saturating_add(offset);
            if cue.end_ms == Cue::OPEN && fragment_duration_ms > 0 {
                cue.end_ms = fragment_end;
            }
        }
        self.cues.retain(|cue| cue.begin_ms < cue.end_ms);
    }
}
