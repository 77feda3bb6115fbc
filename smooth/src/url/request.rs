//! What a URL behind a publishing point asks for, [MS-SSTR] 2.2.1, 2.2.3, 2.2.7 and 2.2.8.

use core::fmt;

use super::{escape::push_encoded, parse};
use crate::{error::Error, text::push_decimal};

/// A request to a publishing point. `Display` gives the canonical form, relative to it. Behind a closing
/// parenthesis an extension may stand, as `.m3u8`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Request {
    /// `Manifest`, or `Manifest(format=m3u8-aapl)`.
    Manifest {
        /// `Events(id)/` before it.
        event: Option<String>,
        /// What stands in parentheses; empty if nothing does.
        options: String,
    },
    /// `QualityLevels(…)/Manifest(name,format=…)`: the playlist of one level.
    LevelManifest {
        /// `Events(id)/` before it.
        event: Option<String>,
        /// Bits/s.
        bitrate: u32,
        /// Custom attributes of the level, in order.
        attributes: Vec<(String, String)>,
        /// What stands in parentheses, the stream's name first.
        options: String,
    },
    /// A fragment, or a view of one.
    Fragment(FragmentRequest),
    /// `QualityLevels(…)/Fragments(name=i,format=…)`: what a decoder needs before fragments of a level.
    InitSegment {
        /// `Events(id)/` before it.
        event: Option<String>,
        /// Bits/s.
        bitrate: u32,
        /// Custom attributes of the level, in order.
        attributes: Vec<(String, String)>,
        /// Name of the stream; never empty.
        name: String,
        /// What follows behind a comma, as `format=m3u8-cmaf`; empty if nothing does.
        options: String,
    },
    /// `Streams(id)`: an encoder's push stream.
    Ingest {
        /// `Events(id)/` before it.
        event: Option<String>,
        /// Names the encoder's stream.
        stream: String,
    },
    /// `streammanifest`: the streams of a publishing point, for another server.
    StreamManifest {
        /// `Events(id)/` before it.
        event: Option<String>,
    },
    /// `Key`: what segments for Apple devices are encrypted with.
    Key {
        /// `Events(id)/` before it.
        event: Option<String>,
    },
}

/// `QualityLevels(bitrate,key=value)/Fragments(name=time,options)`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FragmentRequest {
    /// `Events(id)/` before it.
    pub event: Option<String>,
    /// Which view of the fragment.
    pub noun: Noun,
    /// Bits/s.
    pub bitrate: u32,
    /// Custom attributes of the level, in order.
    pub attributes: Vec<(String, String)>,
    /// Name of the stream; never empty.
    pub name: String,
    /// Start, in ticks of the stream.
    pub time: u64,
    /// What follows the time behind a comma, as `format=m3u8-aapl`; empty if nothing does.
    pub options: String,
}

/// Views of a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Noun {
    /// `moof` and `mdat`.
    Fragments,
    /// `moof` alone.
    FragmentInfo,
    /// The samples, without boxes.
    RawFragments,
    /// `moof` and `mdat` with nothing but the key frames.
    KeyFrames,
}

impl Request {
    /// Reads the part of a path behind the publishing point (see
    /// [`split_presentation`](super::split_presentation)), still percent-encoded. Nouns are taken in
    /// any letter case; a slash before or after it is passed over.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for anything else: a malformed URL.
    pub fn parse(rest: &str) -> Result<Self, Error> {
        // Clients encode as they please, even the parentheses. What is in the clear is structure,
        // unless it makes no sense as such.
        parse::request(rest, true).or_else(|error| {
            let decoded = super::decode(rest)?;
            if decoded == rest { Err(error) } else { parse::request(&decoded, false) }
        })
    }
}

impl Noun {
    /// Canonical spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fragments => "Fragments",
            Self::FragmentInfo => "FragmentInfo",
            Self::RawFragments => "RawFragments",
            Self::KeyFrames => "KeyFrames",
        }
    }

    /// The noun spelt `word` in any letter case.
    pub(super) fn of(word: &str) -> Option<Self> {
        let all = [Self::Fragments, Self::FragmentInfo, Self::RawFragments, Self::KeyFrames];
        all.into_iter().find(|noun| word.eq_ignore_ascii_case(noun.as_str()))
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        match self {
            Self::Fragment(fragment) => return fragment.fmt(f),
            Self::Manifest { event, options } => {
                push_event(&mut out, event.as_deref());
                out.push_str("Manifest");
                if !options.is_empty() {
                    push_group(&mut out, options, PLAIN_IN_OPTIONS);
                }
            }
            Self::LevelManifest { event, bitrate, attributes, options } => {
                push_event(&mut out, event.as_deref());
                push_level(&mut out, *bitrate, attributes);
                out.push_str("Manifest");
                push_group(&mut out, options, PLAIN_IN_OPTIONS);
            }
            Self::InitSegment { event, bitrate, attributes, name, options } => {
                push_event(&mut out, event.as_deref());
                push_level(&mut out, *bitrate, attributes);
                out.push_str("Fragments(");
                push_encoded(&mut out, name, b"");
                out.push_str("=i");
                push_options(&mut out, options);
            }
            Self::Ingest { event, stream } => {
                push_event(&mut out, event.as_deref());
                out.push_str("Streams");
                push_group(&mut out, stream, b"");
            }
            Self::StreamManifest { event } => {
                push_event(&mut out, event.as_deref());
                out.push_str("StreamManifest");
            }
            Self::Key { event } => {
                push_event(&mut out, event.as_deref());
                out.push_str("Key");
            }
        }
        f.write_str(&out)
    }
}

impl fmt::Display for FragmentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        push_event(&mut out, self.event.as_deref());
        push_level(&mut out, self.bitrate, &self.attributes);
        out.push_str(self.noun.as_str());
        out.push('(');
        push_encoded(&mut out, &self.name, b"");
        out.push('=');
        push_decimal(&mut out, self.time);
        push_options(&mut out, &self.options);
        f.write_str(&out)
    }
}

/// Options are kept as one text, so their commas need no encoding.
const PLAIN_IN_OPTIONS: &[u8] = b",=";

fn push_event(out: &mut String, event: Option<&str>) {
    if let Some(event) = event {
        out.push_str("Events");
        push_group(out, event, b"");
        out.push('/');
    }
}

pub(super) fn push_level(out: &mut String, bitrate: u32, attributes: &[(String, String)]) {
    out.push_str("QualityLevels(");
    push_decimal(out, bitrate.into());
    if !attributes.is_empty() {
        out.push(',');
        push_attributes(out, attributes);
    }
    out.push_str(")/");
}

/// `,options)`, or the parenthesis alone.
fn push_options(out: &mut String, options: &str) {
    if !options.is_empty() {
        out.push(',');
        push_encoded(out, options, PLAIN_IN_OPTIONS);
    }
    out.push(')');
}

fn push_group(out: &mut String, text: &str, plain: &[u8]) {
    out.push('(');
    push_encoded(out, text, plain);
    out.push(')');
}

/// `key=value,key=value`
pub(super) fn push_attributes(out: &mut String, attributes: &[(String, String)]) {
    for (i, (key, value)) in attributes.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        push_encoded(out, key, b"");
        out.push('=');
        push_encoded(out, value, b"");
    }
}
