//! The server manifest of a presentation on demand: the `.ism` file whose address is the presentation's.
//! It says in which file and track the fragments of a stream and bitrate lie.
//!
//! ```text
//! smil
//!   head
//!     meta clientManifestRelativePath    the .ismc, which viewers are given as it is
//!   body
//!     switch
//!       (video | audio | textstream)*    one track of a file each: src, systemBitrate
//!         param*                         trackID, trackName, …
//! ```

use super::{NAMESPACE, push_attributes, push_element};
use crate::error::Error;
use crate::limits::Limits;
use crate::manifest::Kind;
use crate::time::Timescale;
use crate::xml::{self, Element, Reader, local};

/// A presentation on demand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presentation {
    /// `clientManifestRelativePath`: the client manifest, relative to the folder of the document. `None`
    /// if there is none.
    pub client_manifest: Option<String>,
    /// Every other `meta`, name and content, in document order.
    pub other: Vec<(String, String)>,
    /// In document order.
    pub tracks: Vec<Track>,
}

/// One track of a media file: a quality level of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Element name.
    pub kind: Kind,
    /// `src`: the media file, relative to the folder of the document.
    pub src: String,
    /// `systemBitrate` in bits/s, as in fragment URLs.
    pub bitrate: u32,
    /// `systemLanguage`, as written; empty if absent.
    pub language: String,
    /// `trackID` in the file. `None`: it is the file's only track of this kind.
    pub id: Option<u32>,
    /// `trackName`: the name of the stream; `video`, `audio` or `textstream` if absent.
    pub name: String,
    /// `timescale` in ticks per second. `None`: what the file says.
    pub timescale: Option<Timescale>,
    /// `parentTrackName`: makes the track sparse.
    pub parent: Option<String>,
    /// `manifestOutput`: the samples stand in the client manifest.
    pub manifest_output: bool,
    /// Every other `param`, name and value, in document order. `{namespace}_{attribute}` and
    /// `hardwareProfile` tell apart levels of one bitrate.
    pub other: Vec<(String, String)>,
}

impl Track {
    /// The track of `kind` in the file `src`.
    #[must_use]
    pub fn new(kind: Kind, src: &str, bitrate: u32) -> Self {
        let name = if kind == Kind::Text { "textstream" } else { kind.as_str() };
        Self {
            kind,
            src: src.into(),
            bitrate,
            language: String::new(),
            id: None,
            name: name.into(),
            timescale: None,
            parent: None,
            manifest_output: false,
            other: Vec::new(),
        }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Error> {
        match name.to_ascii_lowercase().as_str() {
            "trackid" => self.id = Some(number(value, "trackID")?),
            "trackname" if !value.is_empty() => self.name = value.into(),
            "systembitrate" => self.bitrate = number(value, "systemBitrate")?,
            "systemlanguage" => self.language = value.into(),
            "timescale" => {
                let timescale = Timescale::new(number(value, "timescale")?);
                self.timescale =
                    Some(timescale.ok_or(Error::Invalid { what: "timescale", rule: "it is zero" })?);
            }
            "parenttrackname" => self.parent = (!value.is_empty()).then(|| value.into()),
            "manifestoutput" => self.manifest_output = value == "1" || value.eq_ignore_ascii_case("true"),
            _ => self.other.push((name.into(), value.into())),
        }
        Ok(())
    }
}

fn number<T: core::str::FromStr>(value: &str, what: &'static str) -> Result<T, Error> {
    value.parse().map_err(|_| Error::Invalid { what, rule: "it is not a number in range" })
}

/// Reads a server manifest in any encoding. Names are compared without regard to letter case.
///
/// # Errors
///
/// [`Error::Invalid`] if the document is not SMIL, a track lacks `src` or `systemBitrate`, or a path is
/// not [relative](relative_path); [`Error::Limit`] for more tracks than `streams` times `levels` of
/// `limits`; and those of [`xml`].
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Presentation, Error> {
    let text = xml::decode(bytes, limits)?;
    let mut reader = Reader::new(&text, limits);
    let root = reader.root()?;
    if !root.name().eq_ignore_ascii_case("smil") {
        return Err(Error::Invalid { what: "server manifest", rule: "the root is not smil" });
    }
    let mut presentation = Presentation::default();
    read_children(&mut reader, &root, limits, &mut presentation)?;
    Ok(presentation)
}

/// Tracks stand in `body/switch`; looking into every container costs nothing.
fn read_children(
    reader: &mut Reader<'_>,
    parent: &Element<'_>,
    limits: &Limits,
    presentation: &mut Presentation,
) -> Result<(), Error> {
    while let Some(child) = reader.child(parent)? {
        let kind = match child.name().to_ascii_lowercase().as_str() {
            "head" | "body" | "switch" | "par" | "seq" => {
                read_children(reader, &child, limits, presentation)?;
                continue;
            }
            "meta" => {
                read_meta(&child, presentation)?;
                continue;
            }
            "video" => Kind::Video,
            "audio" => Kind::Audio,
            "textstream" => Kind::Text,
            _ => continue,
        };
        let max = limits.streams.saturating_mul(limits.levels);
        if presentation.tracks.len() >= max {
            return Err(Error::Limit { what: "streams", max: max as u64 });
        }
        presentation.tracks.push(read_track(reader, &child, kind)?);
    }
    Ok(())
}

fn read_meta(element: &Element<'_>, presentation: &mut Presentation) -> Result<(), Error> {
    let (name, content) = (element.attribute("name")?, element.attribute("content")?);
    let (name, content) = (name.unwrap_or_default(), content.unwrap_or_default());
    if !name.trim().eq_ignore_ascii_case("clientManifestRelativePath") {
        presentation.other.push((name.into_owned(), content.into_owned()));
    } else if !content.trim().is_empty() {
        presentation.client_manifest = Some(path(&content, "clientManifestRelativePath")?);
    }
    Ok(())
}

fn read_track(reader: &mut Reader<'_>, element: &Element<'_>, kind: Kind) -> Result<Track, Error> {
    let missing = |what| Error::Invalid { what, rule: "it is missing" };
    let mut track = Track::new(kind, "", 0);
    let mut has_bitrate = false;
    while let Some(child) = reader.child(element)? {
        if !child.name().eq_ignore_ascii_case("param") {
            continue;
        }
        let (name, value) = (child.attribute("name")?, child.attribute("value")?);
        if let (Some(name), Some(value)) = (name, value) {
            has_bitrate |= name.trim().eq_ignore_ascii_case("systemBitrate");
            track.set(name.trim(), value.trim())?;
        }
    }
    // The attributes win over parameters of the same name.
    for attribute in element.attributes() {
        let (name, value) = attribute?;
        match local(name).to_ascii_lowercase().as_str() {
            "src" => track.src = path(&value, "src")?,
            known @ ("systembitrate" | "systemlanguage") => {
                has_bitrate |= known == "systembitrate";
                track.set(known, value.trim())?;
            }
            _ => {}
        }
    }
    if track.src.is_empty() {
        return Err(missing("src"));
    }
    if has_bitrate { Ok(track) } else { Err(missing("systemBitrate")) }
}

fn path(value: &str, what: &'static str) -> Result<String, Error> {
    let rule = "it is not a path below the folder of the server manifest";
    relative_path(value.trim()).ok_or(Error::Invalid { what, rule })
}

/// `value` as a path with slashes that stays below the folder that it is relative to, in form at least:
/// links are for the file system to follow. `None` for absolute paths, URLs, drives, hidden files and
/// every `..`.
#[must_use]
pub fn relative_path(value: &str) -> Option<String> {
    let mut path = String::new();
    for part in value.split(['/', '\\']) {
        if part == "." {
            continue;
        }
        if part.is_empty() || part.starts_with('.') || part.contains(|c: char| c == ':' || c.is_control()) {
            return None;
        }
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(part);
    }
    (!path.is_empty()).then_some(path)
}

/// Writes the document, UTF-8 without a byte order mark.
#[must_use]
pub fn write(presentation: &Presentation) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<smil");
    push_attributes(&mut out, &[("xmlns", NAMESPACE)]);
    out.push_str(">\n  <head>\n");
    let meta = |name: &str, content: &str, out: &mut String| {
        push_element(out, "    ", "meta", &[("name", name), ("content", content)]);
    };
    if let Some(path) = &presentation.client_manifest {
        meta("clientManifestRelativePath", path, &mut out);
    }
    for (name, content) in &presentation.other {
        meta(name, content, &mut out);
    }
    out.push_str("  </head>\n  <body>\n    <switch>\n");
    for track in &presentation.tracks {
        write_track(track, &mut out);
    }
    out.push_str("    </switch>\n  </body>\n</smil>\n");
    out
}

fn write_track(track: &Track, out: &mut String) {
    let tag = if track.kind == Kind::Text { "textstream" } else { track.kind.as_str() };
    out.push_str("      <");
    out.push_str(tag);
    push_attributes(out, &[("src", &track.src), ("systemBitrate", &track.bitrate.to_string())]);
    if !track.language.is_empty() {
        push_attributes(out, &[("systemLanguage", &track.language)]);
    }
    out.push_str(">\n");
    let mut param = |name: &str, value: &str| {
        let attributes = [("name", name), ("value", value), ("valuetype", "data")];
        push_element(out, "        ", "param", &attributes);
    };
    if let Some(id) = track.id {
        param("trackID", &id.to_string());
    }
    param("trackName", &track.name);
    if let Some(timescale) = track.timescale {
        param("timescale", &timescale.get().to_string());
    }
    if let Some(parent) = &track.parent {
        param("parentTrackName", parent);
    }
    if track.manifest_output {
        param("manifestOutput", "true");
    }
    for (name, value) in &track.other {
        param(name, value);
    }
    out.push_str("      </");
    out.push_str(tag);
    out.push_str(">\n");
}

#[cfg(test)]
mod tests;
