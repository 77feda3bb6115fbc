//! URLs: templates of the manifest and the request grammar, both directions.
//!
//! Times are exact for every `u64`: a browser's number would round those beyond 2^53, and Unix time
//! in 100 ns is beyond it.
//!
//! ```
//! use smooth::url::{FragmentRequest, Noun, Request, split_presentation};
//!
//! # fn main() -> Result<(), smooth::Error> {
//! let path = "/live/event.isml/qualitylevels(128000)/fragments(audio=17000000000000000)";
//! let (presentation, rest) = split_presentation(path).expect("a publishing point");
//! assert_eq!(presentation, "/live/event.isml");
//! let Request::Fragment(FragmentRequest { noun, bitrate, name, time, .. }) = Request::parse(rest)? else {
//!     panic!("not a fragment");
//! };
//! assert_eq!((noun, bitrate, &*name, time), (Noun::Fragments, 128_000, "audio", 17_000_000_000_000_000));
//! # Ok(())
//! # }
//! ```

mod escape;
mod parse;
mod pointers;
mod request;

pub use escape::{decode, encode};
pub use pointers::child_tracks;
pub use request::{FragmentRequest, Noun, Request};

use crate::{
    error::Error,
    manifest::QualityLevel,
    text::{concat, is_any, push_decimal, rsplit_at, split_at_any},
};

/// The manifest that `user_url` means: `/Manifest` is appended to a publishing point (`.ism`, `.isml`,
/// or an event of one) without it. A query stays, a fragment goes.
#[must_use]
pub fn manifest_url(user_url: &str) -> String {
    let url = user_url.trim_ascii();
    let url = split_at_any(url, b"#").map_or(url, |(url, _)| url);
    let (path, query) = url.split_at(path_end(url));
    let mut bare = path;
    while let Some(shorter) = bare.strip_suffix('/') {
        bare = shorter;
    }
    let is_bare = match split_presentation(bare) {
        Some((_, rest)) => rest.is_empty() || is_event(rest),
        None => false,
    };
    if is_bare { concat(&[bare, "/Manifest", query]) } else { url.to_owned() }
}

/// What fragment URLs are relative to: `manifest_url` up to the last slash of its path, inclusive.
/// The whole URL if its path has none. Pass the URL after redirects.
#[must_use]
pub fn base(manifest_url: &str) -> &str {
    let (path, _) = manifest_url.split_at(path_end(manifest_url));
    let host =
        path.as_bytes().windows(3).position(|part| part == b"://").map_or(0, |at| at.saturating_add(3));
    let slash = path.bytes().rposition(|byte| byte == b'/').filter(|&at| at >= host);
    slash.and_then(|at| path.get(..=at)).unwrap_or(path)
}

/// The relative URL of the fragment of `level` that starts at `time`, in ticks of its stream:
/// `template` with its tokens `{bitrate}`, `{start time}` and `{CustomAttributes}` replaced, in any
/// letter case. Of a level without custom attributes the comma before the token goes too.
///
/// # Errors
///
/// [`Error::Invalid`] for a template without a start time or with a token that is none of these.
pub fn expand(template: &str, level: &QualityLevel, time: u64) -> Result<String, Error> {
    let mut out = String::with_capacity(template.len().saturating_add(16));
    let mut has_time = false;
    let mut rest = template;
    while let Some((before, after)) = split_at_any(rest, b"{") {
        let (token, after) =
            split_at_any(after, b"}").ok_or(Error::Invalid { what: "Url", rule: "a brace is not closed" })?;
        out.push_str(before);
        match Token::of(token) {
            Some(Token::Bitrate) => push_decimal(&mut out, level.bitrate.into()),
            Some(Token::Time) => {
                push_decimal(&mut out, time);
                has_time = true;
            }
            Some(Token::Attributes) if level.custom_attributes.is_empty() => {
                while out.ends_with([',', ' ']) {
                    out.pop();
                }
            }
            Some(Token::Attributes) => request::push_attributes(&mut out, &level.custom_attributes),
            None => return Err(Error::Invalid { what: "Url", rule: "a token is unknown" }),
        }
        rest = after;
    }
    out.push_str(rest);
    if has_time { Ok(out) } else { Err(Error::Invalid { what: "Url", rule: "it has no {start time}" }) }
}

/// `QualityLevels(bitrate,key=value)/`, which addresses of `level` begin with.
#[must_use]
pub fn quality_level(level: &QualityLevel) -> String {
    let mut out = String::new();
    request::push_level(&mut out, level.bitrate, &level.custom_attributes);
    out
}

/// Splits a request path behind the publishing point: its path including `.ism` or `.isml`, and what
/// follows without the slash between them. Both as they are: see [`decode`] for the first and
/// [`Request::parse`] for the second.
#[must_use]
pub fn split_presentation(path: &str) -> Option<(&str, &str)> {
    let mut end = path.len();
    loop {
        let (head, rest) = path.split_at_checked(end)?;
        let name = rsplit_at(head, b'/').map_or(head, |(_, name)| name);
        if is_presentation(name) {
            return Some((head, rest.strip_prefix('/').unwrap_or(rest)));
        }
        end = rsplit_at(head, b'/')?.0.len();
    }
}

/// Whether a template can name a fragment.
pub(crate) fn has_start_time(template: &str) -> bool {
    let mut rest = template;
    while let Some((_, part)) = split_at_any(rest, b"{") {
        rest = part;
        let before_next = split_at_any(part, b"{").map_or(part, |(before, _)| before);
        if let Some((token, _)) = split_at_any(before_next, b"}")
            && Token::of(token) == Some(Token::Time)
        {
            return true;
        }
    }
    false
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Bitrate,
    Time,
    Attributes,
}

impl Token {
    fn of(token: &str) -> Option<Self> {
        if is_any(token, &["bitrate"]) {
            return Some(Self::Bitrate);
        }
        if is_any(token, &["start time", "start_time", "start%20time"]) {
            return Some(Self::Time);
        }
        is_any(token, &["CustomAttributes"]).then_some(Self::Attributes)
    }
}

/// Where the path of `url` ends and its query begins.
fn path_end(url: &str) -> usize {
    split_at_any(url, b"?#").map_or(url.len(), |(path, _)| path.len())
}

fn is_presentation(name: &str) -> bool {
    rsplit_at(name, b'.').is_some_and(|(_, extension)| is_any(extension, &["ism", "isml"]))
}

fn is_event(rest: &str) -> bool {
    split_at_any(rest, b"/").is_none()
        && rest.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("events("))
}

#[cfg(test)]
mod tests;
