//! Reads a client manifest, [MS-SSTR] 2.2.2, with the tolerance that manifests in the wild ask for.
//!
//! What is wrong with one stream or level costs that stream or level; [`Manifest::skipped`] says why.
//! Unknown elements and attributes are passed over; a number that only describes (a width, a rate)
//! and cannot be read counts as absent. Codecs are not judged here: see [`Manifest::retain_playable`].

mod chunks;
mod fields;
mod level;
mod stream;

use fields::{attributes, boolean, number, number32};

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
    // The last two are the name in the specification, and the one that servers write.
    let [major, minor, timescale, duration, is_live, window, can_seek, can_pause, ahead, look_ahead] =
        &attributes(
            root,
            &[
                "MajorVersion",
                "MinorVersion",
                "TimeScale",
                "Duration",
                "IsLive",
                "DVRWindowLength",
                "CanSeek",
                "CanPause",
                "LookaheadCount",
                "LookAheadFragmentCount",
            ],
        )?;
    // Absent is 2; so is what cannot be read.
    if number32(major).is_some_and(|version| version != 2) {
        return Err(Error::Unsupported { what: "MajorVersion", rule: "only 2 is known" });
    }
    manifest.version = match number32(minor) {
        Some(2) => Version::V2_2,
        Some(3..) => return Err(Error::Unsupported { what: "MinorVersion", rule: "only 0 to 2 are known" }),
        _ => Version::V2_0,
    };
    if !timescale.is_empty() {
        let timescale = number(timescale).and_then(Timescale::new);
        manifest.timescale = timescale
            .ok_or(Error::Invalid { what: "TimeScale", rule: "must be a number from 1 to 2^32-1" })?;
    }
    manifest.duration = number(duration).unwrap_or(0);
    manifest.is_live = boolean(is_live).unwrap_or(false);
    manifest.look_ahead = number32(look_ahead).or_else(|| number32(ahead));
    manifest.dvr_window = number(window).unwrap_or(0);
    manifest.can_seek = boolean(can_seek);
    manifest.can_pause = boolean(can_pause);
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

/// Reads `Attribute` elements into `pairs`.
fn read_custom_attributes(
    reader: &mut Reader<'_>,
    element: &Element<'_>,
    pairs: &mut Vec<(String, String)>,
) -> Result<(), Error> {
    while let Some(child) = reader.child(element)? {
        if child.name() != "Attribute" {
            continue;
        }
        let [key, content] = &attributes(&child, &["Name", "Value"])?;
        if !key.is_empty() {
            pairs.push((key.to_string(), content.to_string()));
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
