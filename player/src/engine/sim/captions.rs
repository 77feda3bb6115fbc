//! The page's part in captions: reads the documents, as `www/src/ttml.js` and `www/src/caption-tracks.js` do, with the reader of
//! `smooth`.

use std::collections::HashMap;

use smooth::Limits;
use smooth::captions::read_ttml;

use crate::engine::{CaptionDocument, TextTrackId};

/// The text tracks.
#[derive(Debug, Default)]
pub(in crate::engine) struct Page {
    /// The cues of all tracks: start in milliseconds, and text.
    pub(in crate::engine) cues: Vec<(u64, String)>,
    relative: HashMap<TextTrackId, bool>,
}

impl Page {
    /// Whether the document could be read.
    pub(super) fn read(&mut self, document: &CaptionDocument) -> bool {
        let &CaptionDocument { track, start_ms, duration_ms, zero_ms, .. } = document;
        let Ok(mut read) = read_ttml(&document.bytes, &Limits::default()) else { return false };
        let relative = self.relative.entry(track).or_default();
        *relative |= read.times_are_relative(start_ms, duration_ms);
        read.place(start_ms, duration_ms, *relative);
        for cue in read.cues {
            let cue = (cue.begin_ms.saturating_sub(zero_ms), cue.text);
            if !self.cues.contains(&cue) {
                self.cues.push(cue);
            }
        }
        true
    }
}
