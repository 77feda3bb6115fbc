//! The walk over a document.

use core::mem::take;
use std::borrow::Cow;

use super::{
    Align, Cue, Document, Image,
    payload::{Look, Piece, build, moments},
    sheet::{Entry, Sheet},
    style::{Style, Units},
    times::Clock,
};
use crate::{
    Limits,
    error::Error,
    xml::{self, Element, Event},
};

/// Reads a TTML document, in UTF-8 or UTF-16. No bytes at all, as in a text fragment without captions,
/// are a document without cues.
///
/// # Errors
///
/// [`Error::Invalid`] or [`Error::Incomplete`] for what is not well-formed XML or not TTML,
/// [`Error::Unsupported`] for a document type, [`Error::Limit`] for more than [`Limits::cues`] cues or
/// too large a document. What is well-formed but means nothing, such as a time that cannot be read or a
/// reference to nothing, is passed over.
pub fn read_ttml(bytes: &[u8], limits: &Limits) -> Result<Document, Error> {
    let text = xml::decode(bytes, limits)?;
    if text.trim_ascii().is_empty() {
        return Ok(Document::default());
    }
    let mut walk = Walk {
        clock: Clock::default(),
        units: Units::default(),
        sheet: Sheet::default(),
        settled: false,
        open: Vec::new(),
        pieces: Vec::new(),
        base64: String::new(),
        cues: Vec::new(),
        pictures: Vec::new(),
        max_cues: limits.cues,
        slices: text.len().saturating_mul(SLICED),
    };
    let mut reader = xml::Reader::new(&text, limits);
    loop {
        match reader.event()? {
            Event::Start(element) => walk.start(&element)?,
            Event::End => walk.end()?,
            Event::Text(text) => walk.text(&text),
            Event::Eof => return Ok(walk.finish()),
        }
    }
}

/// Text that paragraphs with timed spans may be cut into, as a multiple of the document's size.
const SLICED: usize = 4;

struct Walk {
    clock: Clock,
    units: Units,
    sheet: Sheet,
    /// The sheet is complete: the body has begun.
    settled: bool,
    open: Vec<Open>,
    /// Content of the paragraph that is open.
    pieces: Vec<Piece>,
    /// Data of the image that is open.
    base64: String,
    cues: Vec<Cue>,
    /// Cues and the names of their pictures, which may be defined later.
    pictures: Vec<(usize, String)>,
    max_cues: usize,
    /// Bytes of text that may still be cut.
    slices: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `tt`, `head`, `styling`, `layout`: looked into.
    Outer,
    Region,
    /// `body`, `div`.
    Block,
    Paragraph,
    Span,
    Image,
    /// Passed over with everything inside, except for images.
    Other,
}

/// An open element.
struct Open {
    kind: Kind,
    begin: u64,
    /// Where it and all inside it ends at the latest.
    end: u64,
    /// Its end does not depend on what is inside.
    ended: bool,
    /// What is inside comes one after the other (`timeContainer="seq"`).
    seq: bool,
    /// Where the latest child ends.
    cursor: u64,
    /// With what it inherits.
    style: Style,
    /// White space is kept.
    preserve: bool,
    region: Option<usize>,
    /// Name of its picture.
    picture: String,
    /// Name of a region or an image, and the styles that a region refers to.
    id: String,
    references: String,
}

impl Walk {
    #[inline(never)]
    fn start(&mut self, element: &Element<'_>) -> Result<(), Error> {
        let name = element.name();
        let parent = self.open.last().map(|open| open.kind);
        let kind = match (parent, name) {
            (None, "tt") => Kind::Outer,
            (None, _) => return Err(Error::Invalid { what: "captions", rule: "the root element is not tt" }),
            (Some(Kind::Outer), "head" | "styling" | "layout") => Kind::Outer,
            (Some(Kind::Outer), "region") => Kind::Region,
            (Some(Kind::Outer), "body") | (Some(Kind::Block), "div") => Kind::Block,
            (Some(Kind::Block), "p") => Kind::Paragraph,
            (Some(Kind::Paragraph | Kind::Span), "span") => Kind::Span,
            (_, "image") => Kind::Image,
            _ => Kind::Other,
        };
        if parent.is_none() {
            for attribute in element.attributes() {
                let (name, value) = attribute?;
                self.clock.parameter(xml::local(name), &value);
                self.units.parameter(xml::local(name), &value);
            }
        }
        if kind == Kind::Block && !self.settled {
            self.settled = true;
            self.sheet.settle();
        }
        let mut open = self.open(kind, element)?;
        if parent.is_none() {
            // the size of the picture, and no region's
            open.style.extent = None;
        }
        match (parent, name) {
            (Some(Kind::Outer), "style") => {
                let (id, references) = (take(&mut open.id), take(&mut open.references));
                self.sheet.styles.add(id, Entry { style: open.style, references })?;
            }
            (Some(Kind::Outer), "initial") => self.sheet.initial = open.style.over(&self.sheet.initial),
            (Some(Kind::Region), "style") => {
                if let Some(region) = self.open.last_mut() {
                    // the region's own attributes are stronger, and so is what was nested later
                    region.style = region.style.over(&open.style);
                    region.references.push(' ');
                    region.references.push_str(&open.references);
                }
            }
            (Some(Kind::Paragraph | Kind::Span), "br") => self.push(None),
            (Some(Kind::Paragraph | Kind::Span), "span") => {
                // ffmpeg names the region there; a cue has one place, that of its first span
                let paragraph = self.open.iter_mut().rfind(|above| above.kind == Kind::Paragraph);
                if let Some(paragraph) = paragraph.filter(|paragraph| paragraph.region.is_none()) {
                    paragraph.region = open.region;
                }
            }
            _ => {}
        }
        self.open.push(open);
        Ok(())
    }

    /// Reads the attributes of an element, and works in what it inherits.
    #[inline(never)]
    fn open(&self, kind: Kind, element: &Element<'_>) -> Result<Open, Error> {
        let (mut begin, mut end, mut dur) = (None, None, None);
        let named = matches!(kind, Kind::Region | Kind::Image | Kind::Other);
        let mut style = Style::default();
        let (mut seq, mut preserve, mut region) = (false, None, None);
        let (mut picture, mut id, mut references) = (String::new(), String::new(), Cow::Borrowed(""));
        for attribute in element.attributes() {
            let (name, value) = attribute?;
            match xml::local(name) {
                "begin" => begin = self.clock.read(&value),
                "end" => end = self.clock.read(&value),
                "dur" => dur = self.clock.read(&value),
                "timeContainer" => seq = &*value == "seq",
                "space" => preserve = Some(&*value == "preserve"),
                "region" => region = self.sheet.regions.find(value.trim_ascii()),
                "style" => references = value,
                "id" if named => id = value.trim_ascii().into(),
                "backgroundImage" => picture = value.trim_ascii().strip_prefix('#').unwrap_or("").into(),
                name => style.attribute(name, &value, &self.units),
            }
        }
        let parent = self.open.last();
        let (from, limit) =
            parent.map_or((0, Cue::OPEN), |p| (if p.seq { p.cursor } else { p.begin }, p.end));
        let begin = from.saturating_add(begin.unwrap_or(0));
        let ends = [end.map(|end| from.saturating_add(end)), dur.map(|dur| begin.saturating_add(dur))];
        let ended = ends.into_iter().flatten().min();
        if matches!(kind, Kind::Block | Kind::Paragraph | Kind::Span) {
            style = style.over(&self.sheet.referenced(&references));
            references = Cow::Borrowed("");
            if let Some(parent) = parent {
                style = style.over(&parent.style);
            }
        }
        Ok(Open {
            kind,
            begin,
            end: ended.unwrap_or(limit).min(limit),
            ended: ended.is_some(),
            seq,
            cursor: begin,
            style,
            preserve: preserve.unwrap_or_else(|| parent.is_some_and(|p| p.preserve)),
            region: region.or_else(|| parent.and_then(|p| p.region)),
            picture,
            id,
            references: references.into_owned(),
        })
    }

    fn text(&mut self, text: &str) {
        match self.open.last_mut() {
            Some(open) if open.kind == Kind::Image => self.base64.extend(text.split_ascii_whitespace()),
            Some(open) if matches!(open.kind, Kind::Paragraph | Kind::Span) => {
                self.push(Some(text));
            }
            _ => {}
        }
    }

    /// Adds text, or a line break, to the paragraph that is open.
    fn push(&mut self, text: Option<&str>) {
        let Some(open) = self.open.last() else { return };
        let style = self.computed(open);
        if style.hidden == Some(true) || style.visible == Some(false) {
            return;
        }
        let mut new = Piece {
            begin: open.begin,
            end: open.end,
            look: Look::of(&style),
            preserve: open.preserve,
            text: String::new(),
        };
        match self.pieces.last_mut().filter(|last| last.continues(&new)) {
            Some(last) => last.push(text),
            None => {
                new.push(text);
                self.pieces.push(new);
            }
        }
    }

    /// What an element says, then its region, then the document.
    #[inline(never)]
    fn computed(&self, open: &Open) -> Style {
        let region = open.region.and_then(|index| self.sheet.regions.entries.get(index));
        let style = region.map_or(open.style, |region| open.style.over(&region.style));
        style.over(&self.sheet.initial)
    }

    #[inline(never)]
    fn end(&mut self) -> Result<(), Error> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        match open.kind {
            Kind::Region => {
                self.sheet.regions.add(open.id, Entry { style: open.style, references: open.references })?;
            }
            Kind::Image => {
                let base64 = take(&mut self.base64);
                if !base64.is_empty() {
                    self.sheet.images.add(open.id, Image { base64 })?;
                }
            }
            Kind::Block | Kind::Paragraph | Kind::Span => {
                self.pass_time(&open);
                self.show(open)?;
            }
            Kind::Outer | Kind::Other => {}
        }
        Ok(())
    }

    /// Tells the parent when `open` ends: in a sequence the next one begins then.
    fn pass_time(&mut self, open: &Open) {
        let Some(parent) = self.open.last_mut() else { return };
        let end = match open.kind {
            _ if open.ended => open.end,
            Kind::Block => open.cursor,
            // text alone lasts as long as there is room, or no time at all in a sequence
            _ if parent.seq => open.cursor,
            _ => open.end,
        };
        parent.cursor = if parent.seq { end } else { parent.cursor.max(end) };
    }

    /// Makes cues of a block with a picture, or a paragraph.
    #[inline(never)]
    fn show(&mut self, mut open: Open) -> Result<(), Error> {
        let name = take(&mut open.picture);
        if !name.is_empty() {
            let style = self.computed(&open);
            if style.hidden != Some(true) && style.visible != Some(false) {
                self.pictures.push((self.cues.len(), name));
                self.cue(&open, &[], open.begin, open.end)?;
            }
        }
        if open.kind != Kind::Paragraph {
            return Ok(());
        }
        let pieces = take(&mut self.pieces);
        if let Some(moments) = moments(&pieces, &mut self.slices) {
            for (&begin, &end) in moments.iter().zip(moments.iter().skip(1)) {
                self.cue(&open, &pieces, begin, end)?;
            }
        } else {
            // too many changes: each piece on its own
            for piece in &pieces {
                self.cue(&open, core::slice::from_ref(piece), piece.begin, piece.end)?;
            }
        }
        Ok(())
    }

    fn cue(&mut self, open: &Open, pieces: &[Piece], begin_ms: u64, end_ms: u64) -> Result<(), Error> {
        let text = build(pieces, begin_ms, end_ms);
        let image = self.pictures.last().is_some_and(|&(cue, _)| cue == self.cues.len());
        if begin_ms >= end_ms || (text.is_empty() && !image) {
            if image {
                self.pictures.pop();
            }
            return Ok(());
        }
        if self.cues.len() >= self.max_cues {
            return Err(Error::Limit { what: "cues", max: self.max_cues as u64 });
        }
        let style = self.computed(open);
        let region = style.region();
        let plain = if region.is_some() { Align::Start } else { Align::Center };
        let align = style.text_align.unwrap_or(plain);
        self.cues.push(Cue { begin_ms, end_ms, text, region, align, image: None });
        Ok(())
    }

    fn finish(mut self) -> Document {
        for (cue, name) in &self.pictures {
            if let Some(cue) = self.cues.get_mut(*cue) {
                cue.image = self.sheet.images.find(name);
            }
        }
        self.cues.retain(|cue| cue.image.is_some() || !cue.text.is_empty());
        Document { cues: self.cues, images: self.sheet.images.entries }
    }
}
