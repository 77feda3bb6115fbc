//! Key frames alone ([MS-SSTR] 2.2.4, the noun `KeyFrames`), for thumbnails and fast play; and film strips, whose
//! fragments are JPEGs.

use smooth::manifest::Kind;
use smooth::url;

use super::event::Failure;
use super::session::Session;
use super::time::Bound;

impl Session {
    /// From now on pictures are asked for by their key frames, or as a whole.
    pub(super) fn ask_for(&mut self, noun: &str) {
        for stream in self.streams.iter_mut().filter(|s| s.kind == Kind::Video) {
            let mut parts = stream.url.as_bytes().windows(NOUNS[0].len());
            let at =
                parts.position(|part| NOUNS.iter().any(|noun| part.eq_ignore_ascii_case(noun.as_bytes())));
            if let Some(at) = at {
                stream.url.replace_range(at..at.saturating_add(noun.len()), noun);
            }
        }
    }

    /// Whether a fragment failed because the server does not know the noun: plain files do not. Then whole
    /// fragments will do.
    pub(super) fn knows_no_key_frames(&mut self, failure: Failure) -> bool {
        let unknown = matches!(failure, Failure::Http(400 | 404 | 405 | 501));
        let news = unknown && core::mem::take(&mut self.settings.key_frames);
        if news {
            self.ask_for(NOUNS[0]);
        }
        news
    }

    /// Address, start and duration (in seconds) of the fragment of a stream of data at `position`.
    pub(super) fn fragment_at(&self, name: &str, position: f64) -> Option<(String, f64, f64)> {
        let stream = self.streams.iter().find(|s| s.data.is_some() && s.name == name)?;
        let time = self.zero.ticks(position.at_least(0.0), stream.timescale);
        let chunk = stream.chunks.floor(time)?;
        let path = url::expand(&stream.url, &stream.levels.first()?.model, chunk.time).ok()?;
        let (start, end) = stream.place(chunk, self.zero);
        Some((self.loader.address(&path), start, end - start))
    }
}

/// Of the same length, so that one takes the other's place.
pub(super) const NOUNS: [&str; 2] = ["Fragments", "KeyFrames"];
/// `Subtype` of film strips.
pub(super) const FILM_STRIP: &str = "ZOET";
