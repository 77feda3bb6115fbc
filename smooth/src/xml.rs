//! Guarded XML reading: encodings, depth, no DTD.
//!
//! [`decode`] makes text of a document in any of the encodings seen in the wild, [`Reader`] walks over
//! its elements. No entity is known beyond the five of XML and the numeric ones, so nothing expands.
//!
//! ```
//! # fn main() -> Result<(), smooth::Error> {
//! use smooth::{Limits, xml};
//!
//! let limits = Limits::default();
//! let text = xml::decode(b"<a><b n='1'/><c><d/></c><b n='2'/></a>", &limits)?;
//! let mut reader = xml::Reader::new(&text, &limits);
//! let root = reader.root()?;
//! let mut sum = 0;
//! while let Some(child) = reader.child(&root)? {
//!     for attribute in child.attributes() {
//!         let (name, value) = attribute?;
//!         if child.name() == "b" && name == "n" {
//!             sum += value.parse::<u32>().unwrap_or(0);
//!         }
//!     }
//! }
//! assert_eq!(sum, 3);
//! # Ok(())
//! # }
//! ```

mod decode;
mod escape;

pub use decode::decode;
pub use escape::{escape, unescape};

use std::borrow::Cow;

use crate::{Limits, error::Error};

/// What [`Error`]s of this module name.
const WHAT: &str = "XML";

/// Walks over the elements and text of a document, in order.
///
/// Recursive descent uses [`root`](Self::root), [`child`](Self::child) and [`text`](Self::text), which
/// skip what the caller does not read; mixed content uses [`event`](Self::event).
pub struct Reader<'a> {
    /// What is not read yet.
    rest: &'a str,
    /// Names of the open elements, as written.
    open: Vec<&'a str>,
    max_depth: u32,
    /// The element just started was empty, and its end is still to be reported.
    empty: bool,
    /// An element was seen.
    started: bool,
}

/// A piece of a document.
pub enum Event<'a> {
    /// An element begins. Its end is reported even if it is empty.
    Start(Element<'a>),
    /// The innermost open element ends.
    End,
    /// Text, unescaped. One text may come in several pieces, split at entities, comments and CDATA.
    Text(Cow<'a, str>),
    /// The document has ended, with every element closed.
    Eof,
}

impl<'a> Reader<'a> {
    /// A reader over `text`, which [`decode`] has made.
    #[must_use]
    pub fn new(text: &'a str, limits: &Limits) -> Self {
        Self { rest: text, open: Vec::new(), max_depth: limits.xml_depth, empty: false, started: false }
    }

    /// The next piece. Comments, processing instructions and the declaration are passed over.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for a document type, [`Error::Limit`] for elements nested too deep,
    /// [`Error::Incomplete`] if the text ends early, [`Error::Invalid`] for text that is not XML.
    pub fn event(&mut self) -> Result<Event<'a>, Error> {
        self.next()
    }

    /// The root element; call it first.
    ///
    /// # Errors
    ///
    /// As [`event`](Self::event), and [`Error::Invalid`] for text before the root.
    pub fn root(&mut self) -> Result<Element<'a>, Error> {
        loop {
            match self.event()? {
                Event::Start(element) => return Ok(element),
                Event::Text(text) if text.trim_ascii().is_empty() => {}
                _ => return Err(Error::Invalid { what: WHAT, rule: "no root element" }),
            }
        }
    }

    /// The next child of `parent`, `None` at its end. Text between children is passed over, and so is
    /// everything inside an earlier child that was not read.
    ///
    /// # Errors
    ///
    /// As [`event`](Self::event).
    pub fn child(&mut self, parent: &Element<'_>) -> Result<Option<Element<'a>>, Error> {
        while self.depth() >= parent.depth {
            // White space between elements is no event then, which halves their number.
            self.rest = self.rest.trim_ascii_start();
            match self.next()? {
                Event::Start(element) if element.depth == parent.depth.saturating_add(1) => {
                    return Ok(Some(element));
                }
                Event::Eof => break,
                _ => {}
            }
        }
        Ok(None)
    }

    /// The text of `element`, up to its end, without that of the elements in it.
    ///
    /// # Errors
    ///
    /// As [`event`](Self::event).
    pub fn text(&mut self, element: &Element<'_>) -> Result<Cow<'a, str>, Error> {
        let mut all = Cow::Borrowed("");
        while self.depth() >= element.depth {
            match self.next()? {
                Event::Text(text) if self.depth() == element.depth => {
                    if all.is_empty() {
                        all = text;
                    } else {
                        all.to_mut().push_str(&text);
                    }
                }
                Event::Eof => break,
                _ => {}
            }
        }
        Ok(all)
    }

    fn next(&mut self) -> Result<Event<'a>, Error> {
        if core::mem::take(&mut self.empty) {
            self.open.pop();
            return Ok(Event::End);
        }
        loop {
            let Some(rest) = self.rest.strip_prefix('<') else {
                return self.between();
            };
            if let Some(comment) = rest.strip_prefix("!--") {
                (_, self.rest) = until(comment, b"-->")?;
            } else if let Some(text) = rest.strip_prefix("![CDATA[") {
                let (text, rest) = until(text, b"]]>")?;
                self.rest = rest;
                return Ok(Event::Text(Cow::Borrowed(text)));
            } else if let Some(instruction) = rest.strip_prefix('?') {
                (_, self.rest) = until(instruction, b"?>")?;
            } else if rest.starts_with('!') {
                until(rest, b">")?;
                return Err(Error::Unsupported { what: WHAT, rule: "document types are refused" });
            } else if let Some(end) = rest.strip_prefix('/') {
                let (name, rest) = until(end, b">")?;
                self.rest = rest;
                if self.open.pop() != Some(name.trim_ascii_end()) {
                    return Err(Error::Invalid { what: WHAT, rule: "an end tag without its start" });
                }
                return Ok(Event::End);
            } else {
                return self.start(rest);
            }
        }
    }

    /// Text, an entity, or the end of the document.
    fn between(&mut self) -> Result<Event<'a>, Error> {
        if self.rest.is_empty() {
            return match self.depth() {
                0 if self.started => Ok(Event::Eof),
                _ => Err(Error::Incomplete { what: WHAT }),
            };
        }
        if let Some(entity) = self.rest.strip_prefix('&') {
            let (name, rest) = until(entity, b";")?;
            self.rest = rest;
            return Ok(Event::Text(Cow::Owned(escape::entity(name)?.into())));
        }
        let end = self.rest.bytes().position(|b| matches!(b, b'<' | b'&')).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        Ok(Event::Text(Cow::Borrowed(text)))
    }

    /// A start tag, of which `text` is what follows its `<`.
    fn start(&mut self, text: &'a str) -> Result<Event<'a>, Error> {
        let mut quote = None;
        let end = text.bytes().position(|b| {
            match (quote, b) {
                (None, b'>') => return true,
                (None, b'"' | b'\'') => quote = Some(b),
                (Some(open), _) if open == b => quote = None,
                _ => {}
            }
            false
        });
        let (tag, rest) = split_off(text, end, 1).ok_or(Error::Incomplete { what: WHAT })?;
        self.rest = rest;
        let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let name = tag.bytes().position(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).unwrap_or(tag.len());
        let (name, attributes) = tag.split_at_checked(name).unwrap_or((tag, ""));
        if name.is_empty() {
            return Err(Error::Invalid { what: WHAT, rule: "a tag without a name" });
        }
        if self.open.is_empty() && self.started {
            return Err(Error::Invalid { what: WHAT, rule: "only one root element is allowed" });
        }
        self.started = true;
        if self.depth() >= self.max_depth {
            return Err(Error::Limit { what: "xml_depth", max: self.max_depth.into() });
        }
        self.open.push(name);
        self.empty = empty;
        Ok(Event::Start(Element { name, attributes, depth: self.depth() }))
    }

    /// How many elements are open; bounded by `max_depth`.
    fn depth(&self) -> u32 {
        u32::try_from(self.open.len()).unwrap_or(u32::MAX)
    }
}

/// Splits at `mark`, and drops it.
fn until<'a>(text: &'a str, mark: &[u8]) -> Result<(&'a str, &'a str), Error> {
    let at = text.as_bytes().windows(mark.len()).position(|window| window == mark);
    split_off(text, at, mark.len()).ok_or(Error::Incomplete { what: WHAT })
}

/// Splits before `at`, and drops so many bytes there.
fn split_off(text: &str, at: Option<usize>, count: usize) -> Option<(&str, &str)> {
    let (before, after) = text.split_at_checked(at?)?;
    Some((before, after.get(count..)?))
}

/// A start tag.
pub struct Element<'a> {
    /// As written.
    name: &'a str,
    /// What stands between the name and the end of the tag.
    attributes: &'a str,
    depth: u32,
}

impl Element<'_> {
    /// Name without a namespace prefix.
    #[must_use]
    pub fn name(&self) -> &str {
        local(self.qualified_name())
    }

    /// Name as written.
    #[must_use]
    pub const fn qualified_name(&self) -> &str {
        self.name
    }

    /// How deep it stands; the root is at 1.
    #[must_use]
    pub const fn depth(&self) -> u32 {
        self.depth
    }

    /// Names as written (see [`local`]) and unescaped values, in document order. Ends after an error.
    #[must_use]
    pub const fn attributes(&self) -> Attributes<'_> {
        Attributes { rest: self.attributes }
    }

    /// Value of the attribute `name`, without regard to namespace prefixes. Visits all attributes: use
    /// one loop over [`attributes`](Self::attributes) to read many.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for attributes that are not XML.
    pub fn attribute(&self, name: &str) -> Result<Option<Cow<'_, str>>, Error> {
        for attribute in self.attributes() {
            let (key, value) = attribute?;
            if local(key) == name {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }
}

/// `name` without its namespace prefix.
#[must_use]
pub fn local(name: &str) -> &str {
    let colon = name.bytes().position(|b| b == b':');
    colon.and_then(|at| name.get(at.saturating_add(1)..)).unwrap_or(name)
}

/// The attributes of a start tag. Scans by itself, byte by byte: they are short, and a manifest has
/// hundreds of thousands of them.
pub struct Attributes<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<(&'a str, Cow<'a, str>), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.trim_ascii_start();
        if rest.is_empty() {
            return None;
        }
        let Some((name, value, plain, rest)) = split(rest) else {
            self.rest = "";
            return Some(Err(Error::Invalid { what: WHAT, rule: "attributes are name=\"value\"" }));
        };
        self.rest = rest;
        if plain {
            return Some(Ok((name, Cow::Borrowed(value))));
        }
        Some(unescape(value).map(|value| (name, value)))
    }
}

/// Splits `name = "value" rest`, and says whether the value stands for itself.
fn split(text: &str) -> Option<(&str, &str, bool, &str)> {
    let is_end = |b| matches!(b, b'=' | b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'\'');
    let end = text.bytes().position(is_end).filter(|&end| end > 0)?;
    let (name, rest) = text.split_at_checked(end)?;
    let rest = rest.trim_ascii_start().strip_prefix('=')?.trim_ascii_start();
    let quote = rest.bytes().next().filter(|b| matches!(b, b'"' | b'\''))?;
    let rest = rest.get(1..)?;
    let mut plain = true;
    let end = rest.bytes().position(|b| {
        plain &= b != b'&' && b >= b' ';
        b == quote
    })?;
    let (value, rest) = rest.split_at_checked(end)?;
    Some((name, value, plain, rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(text: &str) -> Result<String, Error> {
        let limits = Limits { xml_depth: 3, ..Limits::default() };
        let mut reader = Reader::new(text, &limits);
        let mut out = String::new();
        loop {
            match reader.event()? {
                Event::Start(e) => {
                    out += "<";
                    out += e.name();
                    for attribute in e.attributes() {
                        let (name, value) = attribute?;
                        for part in [" ", name, "=", &value] {
                            out += part;
                        }
                    }
                }
                Event::End => out += ">",
                Event::Text(text) => out += &text,
                Event::Eof => return Ok(out),
            }
        }
    }

    #[test]
    fn empty_elements_end_and_text_is_unescaped() {
        let text =
            "<?xml version='1.0'?><!-- x --><p:a x = \"1\" y='&lt;&#x41;'>b&amp;c<b/><![CDATA[<]]></p:a>\r\n";
        assert_eq!(walk(text).unwrap(), "<a x=1 y=<Ab&c<b><>\r\n");
    }

    #[test]
    fn depth_is_limited() {
        assert!(walk("<a><b><c/></b></a>").is_ok());
        assert_eq!(walk("<a><b><c><d/></c></b></a>"), Err(Error::Limit { what: "xml_depth", max: 3 }));
    }

    #[test]
    fn a_document_type_is_refused() {
        for text in ["<!DOCTYPE a><a/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"] {
            assert!(matches!(walk(text), Err(Error::Unsupported { .. })), "{text}");
        }
    }

    #[test]
    fn cut_and_broken_text_differ() {
        for text in ["", "<a>", "<a><b/>", "<a b='", "<a", "<a><!-- ", "<!DOCTYPE "] {
            assert!(matches!(walk(text), Err(Error::Incomplete { .. })), "{text}");
        }
        for text in [
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a>&b;</a>",
            "<a b='&b;'/>",
            "<a b/>",
            "<a b=1/>",
            "<a 'b'='1'/>",
        ] {
            assert!(matches!(walk(text), Err(Error::Invalid { .. })), "{text}");
        }
    }

    #[test]
    fn children_that_are_not_read_are_skipped() {
        let limits = Limits::default();
        let mut reader = Reader::new("<a>x<b><c>no</c></b><d>y<e>no</e>&amp;z</d></a>", &limits);
        let root = reader.root().unwrap();
        assert_eq!(reader.child(&root).unwrap().unwrap().name(), "b");
        let d = reader.child(&root).unwrap().unwrap();
        assert_eq!(reader.text(&d).unwrap(), "y&z");
        assert!(reader.child(&d).unwrap().is_none());
        assert!(reader.child(&root).unwrap().is_none());
        assert!(matches!(reader.event().unwrap(), Event::Eof));
    }
}
