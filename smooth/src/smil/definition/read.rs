//! From the document to the settings.

use super::{Definition, Key, Publishing, Ref, Source};
use crate::error::Error;
use crate::limits::Limits;
use crate::manifest::Version;
use crate::xml::{self, Element, Reader, local};

/// Reads a definition in any encoding. Names of settings are compared without regard to letter case;
/// settings that are missing have their defaults.
///
/// # Errors
///
/// [`Error::Invalid`] if the document is not SMIL, or a setting that we know has a value that we do not;
/// those of [`xml`].
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Definition, Error> {
    let text = xml::decode(bytes, limits)?;
    let mut reader = Reader::new(&text, limits);
    let root = reader.root()?;
    if root.name() != "smil" {
        return Err(Error::Invalid { what: "publishing point definition", rule: "the root is not smil" });
    }
    let mut definition = Definition::default();
    read_children(&mut reader, &root, &mut definition)?;
    Ok(definition)
}

fn read_children(
    reader: &mut Reader<'_>,
    parent: &Element<'_>,
    definition: &mut Definition,
) -> Result<(), Error> {
    while let Some(child) = reader.child(parent)? {
        match child.name() {
            "head" | "body" | "par" | "switch" | "seq" => read_children(reader, &child, definition)?,
            "meta" => {
                let (name, content) = (child.attribute("name")?, child.attribute("content")?);
                if let Some(name) = name {
                    definition.set(&name, content.as_deref().unwrap_or(""))?;
                }
            }
            "ref" => definition.refs.push(read_ref(&child)?),
            _ => {}
        }
    }
    Ok(())
}

fn read_ref(element: &Element<'_>) -> Result<Ref, Error> {
    let mut found = Ref::default();
    for attribute in element.attributes() {
        let (name, value) = attribute?;
        if local(name) == "src" {
            found.src = value.into_owned();
        } else {
            found.other.push((name.into(), value.into_owned()));
        }
    }
    Ok(found)
}

impl Definition {
    fn set(&mut self, name: &str, content: &str) -> Result<(), Error> {
        let value = content.trim();
        let apple = &mut self.apple;
        match name.trim().to_ascii_lowercase().as_str() {
            "title" => self.title = content.into(),
            "module" => self.module = value.into(),
            "sourcetype" => self.source = source(value)?,
            "publishing" => self.publishing = publishing(value),
            "estimatedtime" => self.estimated_time = number(value, "estimatedTime")?,
            "lookaheadchunks" => self.lookahead_chunks = number(value, "lookaheadChunks")?,
            "manifestwindowlength" => self.manifest_window_length = number(value, "manifestWindowLength")?,
            "startonfirstrequest" => self.start_on_first_request = flag(value, "startOnFirstRequest")?,
            "restartonencoderreconnect" => {
                self.restart_on_encoder_reconnect = flag(value, "restartOnEncoderReconnect")?;
            }
            "archivepath" => self.archive_path = filled(value),
            "archivesegmentlength" => self.archive_segment_length = number(value, "archiveSegmentLength")?,
            "eventid-on-path" | "eventidonpath" | "useeventidonpath" => {
                self.event_id_on_path = flag(value, "eventId-on-path")?;
            }
            "livecachelength" => self.live_cache_length = number(value, "liveCacheLength")?,
            "clientmanifestversion" => self.client_manifest_version = version(value)?,
            "sendendofstreamonstop" => {
                self.send_end_of_stream_on_stop = flag(value, "sendEndOfStreamOnStop")?;
            }
            "formats" => self.formats = list(value).map(String::from).collect(),
            "filters" => self.filters = Some(content.into()),
            "m3u8-aapl-segmentlength" => apple.segment_length = number(value, "m3u8-aapl-segmentlength")?,
            "m3u8-aapl-maxbitrate" => apple.max_bitrate = number(value, "m3u8-aapl-maxbitrate")?,
            "m3u8-aapl-allowcaching" => apple.allow_caching = flag(value, "m3u8-aapl-allowcaching")?,
            "m3u8-aapl-backwardcompatible" => {
                apple.backward_compatible = flag(value, "m3u8-aapl-backwardcompatible")?;
            }
            "m3u8-aapl-includecodecs" | "m3u8-aapl-codecs" => {
                apple.include_codecs = flag(value, "m3u8-aapl-includecodecs")?;
            }
            "m3u8-aapl-enableencryption" | "m3u8-aapl-encrypt" => {
                apple.enable_encryption = flag(value, "m3u8-aapl-enableencryption")?;
            }
            "m3u8-aapl-encryptionkey" | "m3u8-aapl-key" => {
                apple.encryption_key = filled(value).map(|digits| Key::from_hex(&digits)).transpose()?;
            }
            "m3u8-aapl-keyuri" | "m3u8-aapl-encryptionkeyuri" => apple.key_uri = filled(value),
            _ => self.other.push((name.into(), content.into())),
        }
        Ok(())
    }
}

fn filled(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.into())
}

/// Names between `;` or `,`.
fn list(value: &str) -> impl Iterator<Item = &str> {
    value.split([';', ',']).map(str::trim).filter(|name| !name.is_empty())
}

fn source(value: &str) -> Result<Source, Error> {
    match value.to_ascii_lowercase().as_str() {
        "push" | "" => Ok(Source::Push),
        "pull" => Ok(Source::Pull),
        _ => Err(Error::Invalid { what: "sourceType", rule: "it is neither Push nor Pull" }),
    }
}

fn version(value: &str) -> Result<Version, Error> {
    match value {
        "2.0" | "2" | "" => Ok(Version::V2_0),
        "2.2" => Ok(Version::V2_2),
        _ => Err(Error::Invalid { what: "clientManifestVersion", rule: "it is neither 2.0 nor 2.2" }),
    }
}

fn publishing(value: &str) -> Publishing {
    let has = |name| list(value).any(|listed| listed.eq_ignore_ascii_case(name));
    Publishing { fragments: has("Fragments"), streams: has("Streams"), archives: has("Archives") }
}

/// A whole number; an empty value is 0.
fn number(value: &str, what: &'static str) -> Result<u32, Error> {
    if value.is_empty() {
        return Ok(0);
    }
    value.parse().map_err(|_| Error::Invalid { what, rule: "it is not a whole number" })
}

fn flag(value: &str, what: &'static str) -> Result<bool, Error> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" | "" => Ok(false),
        _ => Err(Error::Invalid { what, rule: "it is neither true nor false" }),
    }
}
