//! The content of a paragraph, and the WebVTT cue text made of it.

use super::style::{BLACK, COLORS, Paint, Style, WHITE};

/// What of a style shows in cue text.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Indices of [`COLORS`].
    color: Option<u8>,
    background: Option<u8>,
    italic: bool,
    bold: bool,
    underline: bool,
}

impl Look {
    /// White on black is how cues look anyway. Black text needs a background of another colour.
    pub(super) fn of(style: &Style) -> Self {
        let solid = |paint: Option<Paint>, plain: Paint| match paint.filter(|&paint| paint != plain) {
            Some(Paint::Solid(color)) => Some(color),
            _ => None,
        };
        let background = solid(style.background, BLACK);
        let color = style.color.filter(|&color| color != BLACK || background.is_some());
        Self {
            color: solid(color, WHITE),
            background,
            italic: style.italic == Some(true),
            bold: style.bold == Some(true),
            underline: style.underline == Some(true),
        }
    }

    #[inline(never)]
    fn open(self, out: &mut String) {
        if self.color.is_some() || self.background.is_some() {
            out.push_str("<c");
            for (prefix, color) in [(".", self.color), (".bg_", self.background)] {
                if let Some(name) = color.and_then(|color| COLORS.get(usize::from(color))) {
                    out.push_str(prefix);
                    out.push_str(name);
                }
            }
            out.push('>');
        }
        for (on, tag) in [(self.bold, "<b>"), (self.italic, "<i>"), (self.underline, "<u>")] {
            if on {
                out.push_str(tag);
            }
        }
    }

    #[inline(never)]
    fn close(self, out: &mut String) {
        let class = self.color.is_some() || self.background.is_some();
        for (on, tag) in
            [(self.underline, "</u>"), (self.italic, "</i>"), (self.bold, "</b>"), (class, "</c>")]
        {
            if on {
                out.push_str(tag);
            }
        }
    }
}

/// Text of one look, shown in one span of time.
pub(super) struct Piece {
    pub(super) begin: u64,
    pub(super) end: u64,
    pub(super) look: Look,
    /// White space is kept as it is.
    pub(super) preserve: bool,
    /// A line break is `\n`, other white space is spaces.
    pub(super) text: String,
}

impl Piece {
    /// Whether the two differ in nothing but text.
    pub(super) fn continues(&self, other: &Self) -> bool {
        (self.begin, self.end, self.look, self.preserve)
            == (other.begin, other.end, other.look, other.preserve)
    }

    /// Adds text of the document, or a line break.
    pub(super) fn push(&mut self, text: Option<&str>) {
        let Some(text) = text else { return self.text.push('\n') };
        self.text.reserve(text.len());
        for c in text.chars() {
            match c {
                '\n' if self.preserve => self.text.push('\n'),
                '\r' if self.preserve => {}
                ' ' | '\t' | '\r' | '\n' => self.text.push(' '),
                c => self.text.push(c),
            }
        }
    }
}

/// Most moments at which the text of one paragraph changes.
const MAX_MOMENTS: usize = 256;

/// The moments at which the text of a paragraph changes, in order. `None` if there are too many, or if
/// the text between all of them were more than `room`, which is taken from.
#[inline(never)]
pub(super) fn moments(pieces: &[Piece], room: &mut usize) -> Option<Vec<u64>> {
    let mut moments: Vec<u64> = Vec::new();
    for moment in pieces.iter().flat_map(|piece| [piece.begin, piece.end]) {
        // most pieces begin where another one did
        if let Err(at) = moments.binary_search(&moment) {
            if moments.len() == MAX_MOMENTS {
                return None;
            }
            moments.insert(at, moment);
        }
    }
    if moments.len() > 2 {
        let size: usize = pieces.iter().map(|piece| piece.text.len().saturating_add(8)).sum();
        *room = room.checked_sub(size.saturating_mul(moments.len()))?;
    }
    Some(moments)
}

/// The cue text of those `pieces` that are shown from `begin` to `end`: white space collapsed, no empty
/// lines around it, special characters escaped. Empty if nothing would show.
#[inline(never)]
pub(super) fn build(pieces: &[Piece], begin: u64, end: u64) -> String {
    let mut out = String::new();
    let mut open = Look::default();
    // white space is written only once something follows it
    let (mut lines, mut spaces) = (0u32, 0u32);
    for piece in pieces.iter().filter(|piece| piece.begin <= begin && piece.end >= end) {
        for c in piece.text.chars() {
            match c {
                '\n' => (lines, spaces) = (lines.saturating_add(1), 0),
                ' ' if piece.preserve => spaces = spaces.saturating_add(1),
                ' ' if lines > 0 => {}
                ' ' => spaces = spaces.max(1),
                c => {
                    let first = out.is_empty();
                    if open != piece.look {
                        open.close(&mut out);
                    }
                    if !first {
                        (0..lines).for_each(|_| out.push('\n'));
                        (0..spaces).for_each(|_| out.push(' '));
                    }
                    (lines, spaces) = (0, 0);
                    if open != piece.look {
                        open = piece.look;
                        open.open(&mut out);
                    }
                    escape(c, &mut out);
                }
            }
        }
    }
    open.close(&mut out);
    out
}

/// Writes a character of cue text, WebVTT section 3.3 (`-->` may not stand in it).
pub(super) fn escape(c: char, out: &mut String) {
    match c {
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '&' => out.push_str("&amp;"),
        c => out.push(c),
    }
}
