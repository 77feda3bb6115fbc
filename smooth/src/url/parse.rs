//! The request grammar.

use core::str::FromStr;

use super::{FragmentRequest, Noun, Request, escape};
use crate::error::Error;

const WHAT: &str = "URL";

/// Reads `rest`, whose names are percent-encoded if `encoded`.
pub(super) fn request(rest: &str, encoded: bool) -> Result<Request, Error> {
    let text = Text { encoded };
    let mut segments = rest.split('/').filter(|segment| !segment.is_empty());
    let mut next = || segments.next().map(group);
    let mut segment = next();
    let mut event = None;
    if let Some((word, Some(id))) = segment
        && word.eq_ignore_ascii_case("Events")
    {
        event = Some(text.decode(id)?);
        segment = next();
    }
    let (word, body) = segment.ok_or(invalid("nothing is asked for"))?;
    let request = match body {
        _ if word.eq_ignore_ascii_case("Manifest") => {
            Request::Manifest { event, options: text.decode(body.unwrap_or(""))? }
        }
        None if word.eq_ignore_ascii_case("StreamManifest") => Request::StreamManifest { event },
        None if word.eq_ignore_ascii_case("Key") => Request::Key { event },
        Some(stream) if word.eq_ignore_ascii_case("Streams") && !stream.is_empty() => {
            Request::Ingest { event, stream: text.decode(stream)? }
        }
        Some(level) if word.eq_ignore_ascii_case("QualityLevels") => {
            let level = text.level(level)?;
            let (word, body) = next().ok_or(invalid("a quality level alone"))?;
            text.view(event, level, word, body.ok_or(invalid("a noun without parentheses"))?)?
        }
        _ => return Err(invalid("an unknown noun")),
    };
    if next().is_some() { Err(invalid("something follows")) } else { Ok(request) }
}

/// Splits `Word(body)`; the body ends with the last parenthesis, and nothing follows it but perhaps an
/// extension, as `.m3u8`, `.ts` or `.m4s`: clients want to see one, and it says nothing new.
fn group(segment: &str) -> (&str, Option<&str>) {
    let is_extension =
        |text: &str| (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    let bare = match segment.rsplit_once('.') {
        Some((bare, extension)) if bare.ends_with(')') && is_extension(extension) => bare,
        _ => segment,
    };
    match bare.strip_suffix(')').and_then(|open| open.split_once('(')) {
        Some((word, body)) => (word, Some(body)),
        None => (segment, None),
    }
}

type Level = (u32, Vec<(String, String)>);

#[derive(Clone, Copy)]
struct Text {
    encoded: bool,
}

impl Text {
    fn decode(self, text: &str) -> Result<String, Error> {
        if self.encoded { escape::decode(text) } else { Ok(text.to_owned()) }
    }

    /// `bitrate,key=value,key=value`; empty parts are passed over, for clients that have no attributes
    /// and leave the comma.
    fn level(self, body: &str) -> Result<Level, Error> {
        let mut parts = body.split(',').map(str::trim_ascii);
        let bitrate = number(parts.next().unwrap_or(""))?;
        let mut attributes = Vec::new();
        for part in parts.filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').ok_or(invalid("an attribute is key=value"))?;
            attributes.push((self.decode(key)?, self.decode(value)?));
        }
        Ok((bitrate, attributes))
    }

    /// What is asked for of a level.
    fn view(
        self,
        event: Option<String>,
        (bitrate, attributes): Level,
        word: &str,
        body: &str,
    ) -> Result<Request, Error> {
        if word.eq_ignore_ascii_case("Manifest") {
            return Ok(Request::LevelManifest { event, bitrate, attributes, options: self.decode(body)? });
        }
        let noun = Noun::of(word).ok_or(invalid("an unknown noun"))?;
        let (address, options) = body.split_once(',').unwrap_or((body, ""));
        let (name, time) = address.split_once('=').ok_or(invalid("a fragment is name=time"))?;
        let name = self.decode(name.trim_ascii())?;
        if name.is_empty() {
            return Err(invalid("a fragment has a name"));
        }
        let (time, options) = (time.trim_ascii(), self.decode(options.trim_ascii())?);
        if time.eq_ignore_ascii_case("i") && noun == Noun::Fragments {
            return Ok(Request::InitSegment { event, bitrate, attributes, name, options });
        }
        let time = number(time)?;
        Ok(Request::Fragment(FragmentRequest { event, noun, bitrate, attributes, name, time, options }))
    }
}

/// Decimal digits and nothing else.
fn number<T: FromStr>(text: &str) -> Result<T, Error> {
    let number = if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None };
    number.ok_or(invalid("not a number of its range"))
}

const fn invalid(rule: &'static str) -> Error {
    Error::Invalid { what: WHAT, rule }
}
