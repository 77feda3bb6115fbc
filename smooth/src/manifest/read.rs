//! Reads a client manifest, [MS-SSTR] 2.2.2, with the tolerance that manifests in the wild ask for.
//!
//! What is wrong with one stream or level costs that stream or level; [`Manifest::skipped`] says why.
//! Unknown elements and attributes are passed over; a number that only describes (a width, a rate)
//! and cannot be read counts as absent. Codecs are not judged here: see [`Manifest::retain_playable`].

mod chunks;
mod level;
mod stream;

use core::str::FromStr;

use super::{Manifest, ProtectionHeader, Reason, Skipped, Version};
use crate::{
    Limits, Timescale,
    error::Error,
    text,
    xml::{self, Element, Reader},
};

const ROOT: &str = "SmoothStreamingMedia";

/// Reads the manifest in `bytes`, in any encoding that [`xml::decode`] knows.
///
/// # Errors
///
/// [`Error::Unsupported`] for another kind of document (DASH, HLS, a web page), another major version
/// or a document type, [`Error::Invalid`] and [`Error::Incomplete`] for text that is not XML,
/// [`Error::Limit`] for a document that is too long or nested too deep.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Manifest, Error> {
    let text = xml::decode(bytes, limits)?;
    if text.trim_ascii_start().starts_with("#EXTM3U") {
        return Err(Error::Unsupported { what: "manifest", rule: "it is an HLS playlist" });
    }
    let mut reader = Reader::new(&text, limits);
    let root = match reader.root() {
        Ok(root) => root,
        // `<!DOCTYPE html>`: say what it is rather than what is wrong with it.
        Err(Error::Unsupported { .. }) if is_html(&text) => return Err(HTML),
        Err(error) => return Err(error),
    };
    check_root(&root)?;
    let mut manifest = Manifest::default();
    read_root(&root, &mut manifest)?;
    while let Some(child) = reader.child(&root)? {
        match child.name() {
            "StreamIndex" => stream::read(&mut reader, &child, limits, &mut manifest)?,
            "Protection" => read_protection(&mut reader, &child, &mut manifest)?,
            "CustomAttributes" => {
                read_custom_attributes(&mut reader, &child, &mut manifest.custom_attributes)?;
            }
            _ => {}
        }
    }
    // Everything must be closed: a manifest cut short would look like the end of a broadcast.
    while !matches!(reader.event()?, xml::Event::Eof) {}
    Ok(manifest)
}

const HTML: Error = Error::Unsupported { what: "manifest", rule: "it is a web page" };

fn is_html(text: &str) -> bool {
    text.trim_ascii_start().get(..14).is_some_and(|start| start.eq_ignore_ascii_case("<!DOCTYPE html"))
}

fn check_root(root: &Element<'_>) -> Result<(), Error> {
    let rule = match root.name() {
        ROOT => return Ok(()),
        "MPD" => "it is a DASH manifest",
        "smil" => "it is a server manifest",
        name if name.eq_ignore_ascii_case("html") => return Err(HTML),
        _ => return Err(Error::Invalid { what: ROOT, rule: "the root element is another" }),
    };
    Err(Error::Unsupported { what: "manifest", rule })
}

fn read_root(root: &Element<'_>, manifest: &mut Manifest) -> Result<(), Error> {
    for attribute in root.attributes() {
        let (name, value) = attribute?;
        match name {
            // Absent is 2; so is what cannot be read.
            "MajorVersion" if number::<u32>(&value).is_some_and(|v| v != 2) => {
                return Err(Error::Unsupported { what: "MajorVersion", rule: "only 2 is known" });
            }
            "MinorVersion" => {
                manifest.version = match number::<u32>(&value) {
                    Some(2) => Version::V2_2,
                    Some(3..) => {
                        return Err(Error::Unsupported {
                            what: "MinorVersion",
                            rule: "only 0 to 2 are known",
                        });
                    }
                    _ => Version::V2_0,
                }
            }
            "TimeScale" if !value.is_empty() => {
                let timescale = number(&value).and_then(Timescale::new);
                manifest.timescale = timescale
                    .ok_or(Error::Invalid { what: "TimeScale", rule: "must be a number from 1 to 2^32-1" })?;
            }
            "Duration" => manifest.duration = number(&value).unwrap_or(0),
            "IsLive" => manifest.is_live = boolean(&value).unwrap_or(false),
            // The name in the specification, and the one that servers write.
            "LookaheadCount" | "LookAheadFragmentCount" => manifest.look_ahead = number(&value),
            "DVRWindowLength" => manifest.dvr_window = number(&value).unwrap_or(0),
            "CanSeek" => manifest.can_seek = boolean(&value),
            "CanPause" => manifest.can_pause = boolean(&value),
            _ => {}
        }
    }
    Ok(())
}

/// A header that cannot be decoded stays, with zeros for its system and nothing for its data: that the
/// presentation is protected is known all the same.
fn read_protection(
    reader: &mut Reader<'_>,
    element: &Element<'_>,
    manifest: &mut Manifest,
) -> Result<(), Error> {
    while let Some(child) = reader.child(element)? {
        if child.name() == "ProtectionHeader" {
            let system_id = child.attribute("SystemID")?.and_then(|id| uuid(&id)).unwrap_or_default();
            let data = text::base64_decode(&reader.text(&child)?).unwrap_or_default();
            manifest.protection.push(ProtectionHeader { system_id, data });
        }
    }
    Ok(())
}

/// Reads `Attribute` elements into `attributes`.
fn read_custom_attributes(
    reader: &mut Reader<'_>,
    element: &Element<'_>,
    attributes: &mut Vec<(String, String)>,
) -> Result<(), Error> {
    while let Some(child) = reader.child(element)? {
        if child.name() != "Attribute" {
            continue;
        }
        let (mut key, mut content) = (String::new(), String::new());
        for attribute in child.attributes() {
            let (name, value) = attribute?;
            match name {
                "Name" => key = value.into_owned(),
                "Value" => content = value.into_owned(),
                _ => {}
            }
        }
        if !key.is_empty() {
            attributes.push((key, content));
        }
    }
    Ok(())
}

/// 16 bytes written as hex, with or without braces and dashes: the specification's own example lacks
/// a dash.
fn uuid(text: &str) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    let mut digits = text.bytes().filter(|b| !matches!(b, b'{' | b'}' | b'-') && !b.is_ascii_whitespace());
    for byte in &mut bytes {
        let mut digit = || digits.next().and_then(text::hex_value);
        *byte = digit()? << 4 | digit()?;
    }
    digits.next().is_none().then_some(bytes)
}

/// Decimal digits, white space around them allowed.
fn number<T: FromStr>(text: &str) -> Option<T> {
    let text = text.trim_ascii();
    if text.starts_with('+') { None } else { text.parse().ok() }
}

/// `true` or `false` in any letter case, or a digit.
fn boolean(text: &str) -> Option<bool> {
    match text.trim_ascii() {
        "1" => Some(true),
        "0" => Some(false),
        word if word.eq_ignore_ascii_case("true") => Some(true),
        word if word.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

impl Manifest {
    /// Notes what was kept out. Bounded: a hostile manifest may hold a million bad levels in a stream
    /// of a long name.
    fn skip(&mut self, stream: &str, bitrate: Option<u32>, reason: Reason) {
        const MOST: usize = 1000;
        const LONGEST: usize = 100;
        if self.skipped.len() < MOST {
            let stream = stream.chars().take(LONGEST).collect();
            self.skipped.push(Skipped { stream, bitrate, reason });
        }
    }
}

#[cfg(test)]
mod tests;
