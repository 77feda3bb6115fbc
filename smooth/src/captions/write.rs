//! TTML for the push of live captions.

use super::webvtt;

/// A caption as a live source gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimpleCue {
    /// First moment it is shown, in milliseconds from zero of the presentation.
    pub begin_ms: u64,
    /// First moment it is no longer shown, in milliseconds from zero of the presentation.
    pub end_ms: u64,
    /// Plain text, lines ended by `\n`.
    pub text: String,
}

/// A TTML document of `cues`, white on the lower part of the picture. `language` is a tag of BCP 47, empty
/// if unknown.
///
/// [`read_ttml`](super::read_ttml) gives the cues back, if they have text and end after they begin. White
/// space around a text is lost; characters that XML cannot carry become U+FFFD, carriage returns go.
///
/// ```
/// use smooth::captions::{SimpleCue, read_ttml, write_ttml};
///
/// # fn main() -> Result<(), smooth::Error> {
/// let cue = SimpleCue { begin_ms: 61_500, end_ms: 64_000, text: "Good evening.\nWelcome.".into() };
/// let ttml = write_ttml(&[cue], "en");
/// assert!(ttml.contains(r#"<p begin="00:01:01.500" end="00:01:04.000">Good evening.<br/>Welcome.</p>"#));
/// let read = read_ttml(ttml.as_bytes(), &smooth::Limits::default())?;
/// assert_eq!(read.cues[0].text, "Good evening.\nWelcome.");
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn write_ttml(cues: &[SimpleCue], language: &str) -> String {
    let mut out = String::from(HEAD);
    out.push_str(&crate::xml::escape(language));
    out.push_str(BODY);
    for cue in cues {
        out.push_str("<p begin=\"");
        webvtt::time(&mut out, cue.begin_ms);
        out.push_str("\" end=\"");
        webvtt::time(&mut out, cue.end_ms);
        out.push_str("\">");
        for (number, line) in cue.text.split('\n').enumerate() {
            if number > 0 {
                out.push_str("<br/>");
            }
            for part in line.split('\r') {
                out.push_str(&crate::xml::escape(part));
            }
        }
        out.push_str("</p>");
    }
    out.push_str("</div></body></tt>");
    out
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
    <tt xmlns=\"http://www.w3.org/ns/ttml\" xmlns:tts=\"http://www.w3.org/ns/ttml#styling\" \
    xml:space=\"preserve\" xml:lang=\"";
const BODY: &str = "\"><head><layout><region xml:id=\"bottom\" tts:origin=\"10% 10%\" tts:extent=\"80% 80%\" \
    tts:displayAlign=\"after\" tts:textAlign=\"center\"/></layout></head><body region=\"bottom\"><div>";
