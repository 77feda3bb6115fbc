//! The caption track of a broadcast: one TTML document per fragment, with absolute times.

use std::path::Path;

use smooth::captions::{SimpleCue, read_ttml, write_ttml};
use smooth::{Limits, Span};

use super::super::media::SourceError;

/// Ticks per millisecond.
const MS: u64 = 10_000;

/// Where captions come from.
#[derive(Debug)]
pub struct Captions {
    source: Source,
    language: String,
    name: String,
}

#[derive(Debug)]
enum Source {
    /// The time of day, second by second.
    Clock,
    /// Cues at times from the start of a round, in ms.
    Cues(Vec<(u64, u64, String)>),
}

impl Captions {
    /// Captions that show the time of day (UTC).
    #[must_use]
    pub fn clock() -> Self {
        Self { source: Source::Clock, language: "eng".to_owned(), name: "textstream_eng".to_owned() }
    }

    /// The captions of a TTML file. Its times count from the start of a round.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not TTML.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let file = || path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| SourceError::Io { file: file(), source })?;
        let document = read_ttml(&bytes, &Limits::default())
            .map_err(|error| SourceError::Captions { file: file(), error })?;
        let cues = document.cues.into_iter().map(|c| (c.begin_ms, c.end_ms, plain(&c.text))).collect();
        Ok(Self { source: Source::Cues(cues), ..Self::clock() })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn language(&self) -> &str {
        &self.language
    }

    /// The document of the fragment at `span`, in the round that begins at `round`, both in ticks since
    /// the epoch. Cues are cut at the ends of the fragment: its neighbours carry on.
    pub(super) fn document(&self, span: Span, round: u64) -> Vec<u8> {
        let (from, to) = (span.time / MS, span.end() / MS);
        let cut = |begin: u64, end: u64, text: String| {
            let (begin_ms, end_ms) = (begin.max(from), end.min(to));
            (begin_ms < end_ms).then_some(SimpleCue { begin_ms, end_ms, text })
        };
        let cues: Vec<_> = match &self.source {
            Source::Clock => (from / 1000..to.div_ceil(1000))
                .filter_map(|second| cut(second * 1000, (second + 1) * 1000, time_of_day(second)))
                .collect(),
            Source::Cues(cues) => {
                let base = round / MS;
                let absolute = |ms: u64| base.saturating_add(ms);
                cues.iter()
                    .filter_map(|(begin, end, text)| cut(absolute(*begin), absolute(*end), text.clone()))
                    .collect()
            }
        };
        write_ttml(&cues, &self.language).into_bytes()
    }
}

/// `seconds` since the epoch as a time of day.
fn time_of_day(seconds: u64) -> String {
    let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
    format!("Live captions: {hours:02}:{minutes:02}:{:02} UTC", seconds % 60)
}

/// The text of a cue without its markup.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
