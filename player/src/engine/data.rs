//! Streams of data beside picture and sound: events, script commands, chapters. Their samples stand in the
//! manifest, or are fragments that come now and then; the fragments of another stream say where
//! (`ChildTrack`). Each is told once, and nothing ever waits for it.

use smooth::Span;
use smooth::manifest::{EmbeddedContent, Kind};
use smooth::url;

use super::key_frames::FILM_STRIP;
use super::notice::Notice;
use super::session::Session;
use super::track::Track;

impl Session {
    /// Follows the streams of data that are not followed yet, and delivers what stands in the manifest.
    pub(super) fn follow_data(&mut self) {
        for index in 0..self.streams.len() {
            self.deliver(index);
            let Some(stream) = self
                .streams
                .get_mut(index)
                .filter(|s| s.data.as_ref().is_some_and(|subtype| subtype != FILM_STRIP))
            else {
                continue;
            };
            if stream.url.is_empty() || stream.levels.is_empty() {
                // There is nothing to ask for but the manifest.
                stream.chunks = smooth::manifest::Timeline::new();
            }
            let followed = self.tracks.iter().any(|t| t.stream == index);
            if !followed && self.tracks.len() < MAX_TRACKS {
                self.tracks.push(Track::new(Kind::Text, index));
                self.place_text(self.tracks.len().saturating_sub(1));
            }
        }
    }

    /// Delivers the samples that stand in the manifest.
    fn deliver(&mut self, index: usize) {
        let Some(stream) = self.streams.get_mut(index) else { return };
        let embedded = core::mem::take(&mut stream.embedded);
        for sample in embedded {
            let Some(stream) = self.streams.get_mut(index) else { return };
            // A command and a chapter may begin at the same time, but not twice in one list.
            if stream.told.binary_search(&sample.time).is_ok() {
                continue;
            }
            let listed = stream.chunks.at(sample.time);
            let span = listed.unwrap_or(Span { time: sample.time, duration: 0 });
            match sample.content {
                EmbeddedContent::Sample(document) if stream.data.is_none() => {
                    stream.tell(sample.time);
                    self.read_captions(index, span, Some(&document), String::new());
                }
                content => self.tell_data(index, span, content),
            }
        }
    }

    /// Tells of one sample.
    pub(super) fn tell_data(&mut self, index: usize, span: Span, content: EmbeddedContent) {
        let Some(stream) = self.streams.get_mut(index) else { return };
        stream.tell(span.time);
        let (position, end) = stream.place(span, self.zero);
        let (name, subtype) = (stream.name.clone(), stream.data.clone().unwrap_or_default());
        self.out.notify(Notice::Data { stream: name, subtype, position, duration: end - position, content });
    }

    /// An answer says where fragments of sparse streams are.
    pub(super) fn pointed(&mut self, header: &str) {
        for (name, time) in url::child_tracks(header) {
            let known =
                |s: &&mut super::stream::Stream| s.kind == Kind::Text && s.name.eq_ignore_ascii_case(name);
            let Some(stream) = self.streams.iter_mut().find(known) else {
                // It began after the manifest was read; or it is one that cannot be used.
                if self.strangers < MAX_STRANGERS {
                    self.strangers = self.strangers.saturating_add(1);
                    self.want_reload();
                }
                continue;
            };
            let first = stream.chunks.first().map_or(0, |first| first.time);
            if stream.chunks.push(Span { time, duration: 0 }) {
                stream.served = Some(time);
            } else if time > first && stream.chunks.at(time).is_none() {
                // More than one came at a time: only the manifest lists them all.
                self.want_reload();
            }
        }
    }
}

impl super::stream::Stream {
    /// Notes that the sample at `time` is delivered.
    fn tell(&mut self, time: u64) {
        if self.told.len() >= MAX_TOLD {
            self.told.drain(..MAX_TOLD / 2);
        }
        let (Ok(at) | Err(at)) = self.told.binary_search(&time);
        self.told.insert(at, time);
    }
}

/// Streams in play, whatever a manifest lists.
const MAX_TRACKS: usize = 12;
/// So often a manifest is asked for because of a name that it did not have.
const MAX_STRANGERS: u32 = 3;
/// Delivered samples remembered.
const MAX_TOLD: usize = 20_000;
