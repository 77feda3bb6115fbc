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
mod request;

pub use escape::{decode, encode};
pub use request::{FragmentRequest, Noun, Request};

use crate::{error::Error, manifest::QualityLevel, text::push_decimal};

/// The manifest that `user_url` means: `/Manifest` is appended to a publishing point (`.ism`, `.isml`,
/// or an event of one) without it. A query stays, a fragment goes.
#[must_use]
pub fn manifest_url(user_url: &str) -> String {
    let url = user_url.trim();
    let url = url.split_once('#').map_or(url, |(url, _)| url);
    let (path, query) = url.split_at(path_end(url));
    let bare = path.trim_end_matches('/');
    let is_bare = match split_presentation(bare) {
        Some((_, rest)) => rest.is_empty() || is_event(rest),
        None => false,
    };
    if is_bare { [bare, "/Manifest", query].concat() } else { url.to_owned() }
}

/// What fragment URLs are relative to: `manifest_url` up to the last slash of its path, inclusive.
/// The whole URL if its path has none. Pass the URL after redirects.
#[must_use]
pub fn base(manifest_url: &str) -> &str {
    let (path, _) = manifest_url.split_at(path_end(manifest_url));
    let host = path.find("://").map_or(0, |at| at.saturating_add(3));
    let slash = path.rfind('/').filter(|&at| at >= host);
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
    while let Some((before, after)) = rest.split_once('{') {
        let (token, after) =
            after.split_once('}').ok_or(Error::Invalid { what: "Url", rule: "a brace is not closed" })?;
        out.push_str(before);
        match Token::of(token) {
            Some(Token::Bitrate) => push_decimal(&mut out, level.bitrate.into()),
            Some(Token::Time) => {
                push_decimal(&mut out, time);
                has_time = true;
            }
            Some(Token::Attributes) if level.custom_attributes.is_empty() => {
                out.truncate(out.trim_end_matches([',', ' ']).len());
            }
            Some(Token::Attributes) => request::push_attributes(&mut out, &level.custom_attributes),
            None => return Err(Error::Invalid { what: "Url", rule: "a token is unknown" }),
        }
        rest = after;
    }
    out.push_str(rest);
    if has_time { Ok(out) } else { Err(Error::Invalid { what: "Url", rule: "it has no {start time}" }) }
}

/// Splits a request path behind the publishing point: its path including `.ism` or `.isml`, and what
/// follows without the slash between them. Both as they are: see [`decode`] for the first and
/// [`Request::parse`] for the second.
#[must_use]
pub fn split_presentation(path: &str) -> Option<(&str, &str)> {
    let mut end = path.len();
    loop {
        let (head, rest) = path.split_at_checked(end)?;
        let name = head.rsplit_once('/').map_or(head, |(_, name)| name);
        if is_presentation(name) {
            return Some((head, rest.strip_prefix('/').unwrap_or(rest)));
        }
        end = head.rfind('/')?;
    }
}

/// Whether a template can name a fragment.
pub(crate) fn has_start_time(template: &str) -> bool {
    let tokens = template.split('{').skip(1).filter_map(|part| part.split_once('}'));
    tokens.map(|(token, _)| Token::of(token)).any(|token| token == Some(Token::Time))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Bitrate,
    Time,
    Attributes,
}

impl Token {
    fn of(token: &str) -> Option<Self> {
        let is = |words: &[&str]| words.iter().any(|word| token.eq_ignore_ascii_case(word));
        if is(&["bitrate"]) {
            return Some(Self::Bitrate);
        }
        if is(&["start time", "start_time", "start%20time"]) {
            return Some(Self::Time);
        }
        is(&["CustomAttributes"]).then_some(Self::Attributes)
    }
}

/// Where the path of `url` ends and its query begins.
fn path_end(url: &str) -> usize {
    url.find(['?', '#']).unwrap_or(url.len())
}

fn is_presentation(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|e| e.eq_ignore_ascii_case("ism") || e.eq_ignore_ascii_case("isml"))
}

fn is_event(rest: &str) -> bool {
    !rest.contains('/') && rest.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("events("))
}

#[cfg(test)]
mod tests;
