//! The publishing point definition: the `.isml` file whose address is the broadcast's.
//!
//! ```text
//! smil
//!   head: meta*    one setting each
//!   body
//!     par: ref*    publishing points to push to, or to pull from
//! ```

use super::{NAMESPACE, push_attributes, push_element};
use crate::error::Error;
use crate::limits::Limits;
use crate::xml::{self, Element, Reader, local};

/// The settings of a publishing point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// `title`: name for people.
    pub title: String,
    /// `module`: `liveSmoothStreaming` for a live publishing point.
    pub module: String,
    /// `sourceType`: how the input arrives.
    pub source: Source,
    /// `publishing`: what is given out.
    pub publishing: Publishing,
    /// `estimatedTime`: expected length of the event in seconds; 0 if unknown.
    pub estimated_time: u32,
    /// `lookaheadChunks`: how many of the newest fragments are held back and announced by those before.
    pub lookahead_chunks: u32,
    /// `manifestWindowLength`: DVR window in seconds; 0 is the whole event.
    pub manifest_window_length: u32,
    /// `startOnFirstRequest`: an idle publishing point starts when someone asks for it.
    pub start_on_first_request: bool,
    /// `restartOnEncoderReconnect`: a stopped one starts over when an encoder comes.
    pub restart_on_encoder_reconnect: bool,
    /// `archivePath`: where archives go; `None` is the server's default.
    pub archive_path: Option<String>,
    /// `archiveSegmentLength`: seconds of one archived presentation; 0 is all of the event.
    pub archive_segment_length: u32,
    /// `formats`: other outputs, such as `m3u8-aapl`.
    pub formats: Vec<String>,
    /// The `m3u8-aapl-…` settings.
    pub apple: Apple,
    /// `body/par/ref`: other publishing points.
    pub refs: Vec<Ref>,
    /// Every other `meta`, name and content, in document order.
    pub other: Vec<(String, String)>,
}

/// `sourceType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// Encoders post to the publishing point.
    #[default]
    Push,
    /// The publishing point fetches from others.
    Pull,
}

/// `publishing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publishing {
    /// `Fragments`: viewers may watch.
    pub fragments: bool,
    /// `Streams`: other servers may fetch.
    pub streams: bool,
    /// `Archives`: the event is archived.
    pub archives: bool,
}

/// Settings of the output for Apple devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Apple {
    /// `m3u8-aapl-segmentlength` in seconds.
    pub segment_length: u32,
    /// `m3u8-aapl-maxbitrate` in bits/s; levels above are left out.
    pub max_bitrate: u32,
    /// `m3u8-aapl-allowcaching`.
    pub allow_caching: bool,
    /// `m3u8-aapl-backwardcompatible`.
    pub backward_compatible: bool,
    /// `m3u8-aapl-enableencryption`.
    pub enable_encryption: bool,
}

/// Another publishing point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ref {
    /// Its URL.
    pub src: String,
    /// Every other attribute, such as the name of the credentials, in document order.
    pub other: Vec<(String, String)>,
}

impl Default for Definition {
    fn default() -> Self {
        Self {
            title: String::new(),
            module: String::from("liveSmoothStreaming"),
            source: Source::Push,
            publishing: Publishing { fragments: true, streams: true, archives: true },
            estimated_time: 0,
            lookahead_chunks: 2,
            manifest_window_length: 0,
            start_on_first_request: false,
            restart_on_encoder_reconnect: false,
            archive_path: None,
            archive_segment_length: 0,
            formats: Vec::new(),
            apple: Apple::default(),
            refs: Vec::new(),
            other: Vec::new(),
        }
    }
}

impl Default for Apple {
    fn default() -> Self {
        Self {
            segment_length: 10,
            max_bitrate: 1_600_000,
            allow_caching: false,
            backward_compatible: true,
            enable_encryption: false,
        }
    }
}

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
            "archivepath" => self.archive_path = (!value.is_empty()).then(|| value.into()),
            "archivesegmentlength" => self.archive_segment_length = number(value, "archiveSegmentLength")?,
            "formats" => self.formats = list(value).map(String::from).collect(),
            "m3u8-aapl-segmentlength" => {
                self.apple.segment_length = number(value, "m3u8-aapl-segmentlength")?;
            }
            "m3u8-aapl-maxbitrate" => self.apple.max_bitrate = number(value, "m3u8-aapl-maxbitrate")?,
            "m3u8-aapl-allowcaching" => self.apple.allow_caching = flag(value, "m3u8-aapl-allowcaching")?,
            "m3u8-aapl-backwardcompatible" => {
                self.apple.backward_compatible = flag(value, "m3u8-aapl-backwardcompatible")?;
            }
            "m3u8-aapl-enableencryption" => {
                self.apple.enable_encryption = flag(value, "m3u8-aapl-enableencryption")?;
            }
            _ => self.other.push((name.into(), content.into())),
        }
        Ok(())
    }
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

/// Writes the document, UTF-8 without a byte order mark: the settings that every definition has, those
/// that differ from their defaults, then what we do not know.
#[must_use]
pub fn write(definition: &Definition) -> String {
    let default = Definition::default();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<smil");
    push_attributes(&mut out, &[("xmlns", NAMESPACE)]);
    out.push_str(">\n  <head>\n");
    let mut meta = |name: &str, content: &str| {
        push_element(&mut out, "    ", "meta", &[("name", name), ("content", content)]);
    };
    let boolean = |value| if value { "true" } else { "false" };
    meta("title", &definition.title);
    meta("module", &definition.module);
    meta("sourceType", if definition.source == Source::Push { "Push" } else { "Pull" });
    let Publishing { fragments, streams, archives } = definition.publishing;
    let published = [(fragments, "Fragments"), (streams, "Streams"), (archives, "Archives")];
    let published: Vec<_> = published.iter().filter(|(on, _)| *on).map(|&(_, name)| name).collect();
    meta("publishing", &published.join(";"));
    meta("estimatedTime", &definition.estimated_time.to_string());
    meta("lookaheadChunks", &definition.lookahead_chunks.to_string());
    meta("manifestWindowLength", &definition.manifest_window_length.to_string());
    meta("startOnFirstRequest", boolean(definition.start_on_first_request));
    meta("restartOnEncoderReconnect", boolean(definition.restart_on_encoder_reconnect));
    if let Some(path) = &definition.archive_path {
        meta("archivePath", path);
    }
    meta("archiveSegmentLength", &definition.archive_segment_length.to_string());
    if !definition.formats.is_empty() {
        meta("formats", &definition.formats.join(";"));
    }
    let (apple, default) = (&definition.apple, &default.apple);
    if apple != default {
        meta("m3u8-aapl-segmentlength", &apple.segment_length.to_string());
        meta("m3u8-aapl-maxbitrate", &apple.max_bitrate.to_string());
        meta("m3u8-aapl-allowcaching", boolean(apple.allow_caching));
        meta("m3u8-aapl-backwardcompatible", boolean(apple.backward_compatible));
        meta("m3u8-aapl-enableencryption", boolean(apple.enable_encryption));
    }
    for (name, content) in &definition.other {
        meta(name, content);
    }
    out.push_str("  </head>\n  <body>\n");
    if !definition.refs.is_empty() {
        out.push_str("    <par>\n");
        for found in &definition.refs {
            let mut attributes = vec![("src", found.src.as_str())];
            attributes.extend(found.other.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            push_element(&mut out, "      ", "ref", &attributes);
        }
        out.push_str("    </par>\n");
    }
    out.push_str("  </body>\n</smil>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<smil xmlns="http://www.w3.org/2001/SMIL20/Language">
  <head>
    <meta name="Title" content="My &quot;event&quot;" />
    <meta name="module" content="liveSmoothStreaming" />
    <meta name="sourceType" content="pull" />
    <meta name="publishing" content="fragments, Archives" />
    <meta name="estimatedTime" content="7200" />
    <meta name="lookaheadchunks" content="3" />
    <meta name="manifestWindowLength" content="120" />
    <meta name="startOnFirstRequest" content="True" />
    <meta name="restartOnEncoderReconnect" content="1" />
    <meta name="archivePath" content="D:\archive" />
    <meta name="archiveSegmentLength" content="600" />
    <meta name="formats" content="m3u8-aapl" />
    <meta name="m3u8-aapl-segmentlength" content="8" />
    <meta name="m3u8-aapl-maxbitrate" content="3000000" />
    <meta name="filters" content="" />
    <meta name="eventId-on-path" content="x" />
  </head>
  <body>
    <par><ref src="http://origin/live.isml" credential="c"/><ref src="http://other/live.isml"/></par>
  </body>
</smil>"#;

    fn parse(text: &str) -> Result<Definition, Error> {
        read(text.as_bytes(), &Limits::default())
    }

    #[test]
    fn every_setting_is_read() {
        let other = [("filters", ""), ("eventId-on-path", "x")];
        let expected = Definition {
            title: "My \"event\"".into(),
            module: "liveSmoothStreaming".into(),
            source: Source::Pull,
            publishing: Publishing { fragments: true, streams: false, archives: true },
            estimated_time: 7200,
            lookahead_chunks: 3,
            manifest_window_length: 120,
            start_on_first_request: true,
            restart_on_encoder_reconnect: true,
            archive_path: Some("D:\\archive".into()),
            archive_segment_length: 600,
            formats: vec!["m3u8-aapl".into()],
            apple: Apple { segment_length: 8, max_bitrate: 3_000_000, ..Apple::default() },
            refs: vec![
                Ref { src: "http://origin/live.isml".into(), other: vec![("credential".into(), "c".into())] },
                Ref { src: "http://other/live.isml".into(), other: Vec::new() },
            ],
            other: other.map(|(name, content)| (name.into(), content.into())).to_vec(),
        };
        assert_eq!(parse(FULL).as_ref(), Ok(&expected));
        assert_eq!(parse(&write(&expected)), Ok(expected));
    }

    #[test]
    fn nothing_said_is_the_defaults() {
        let empty = parse("<smil><head/><body/></smil>");
        assert_eq!(empty, Ok(Definition::default()));
        assert_eq!(parse(&write(&Definition::default())), empty);
    }

    #[test]
    fn a_wrong_value_is_named() {
        let set = |name: &str, value: &str| {
            parse(&format!("<smil><head><meta name='{name}' content='{value}'/></head></smil>")).unwrap_err()
        };
        let what = |error| match error {
            Error::Invalid { what, .. } => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(what(set("lookaheadChunks", "two")), "lookaheadChunks");
        assert_eq!(what(set("startOnFirstRequest", "yes")), "startOnFirstRequest");
        assert_eq!(what(set("sourceType", "Pipe")), "sourceType");
        assert!(parse("<html/>").is_err());
    }
}
