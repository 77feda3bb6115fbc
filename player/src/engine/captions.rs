//! Captions: whole fragments in, TTML documents and where they belong out. The page reads them
//! (`www/src/ttml.js`). Nothing here ever holds up picture or sound.

use smooth::Span;
use smooth::boxes;
use smooth::manifest::{EmbeddedContent, Kind};

use super::command::{CaptionDocument, Command, TextTrackId};
use super::notice::{Code, Notice};
use super::session::Session;
use super::stream::Stream;
use super::time::{Bound, Zero};
use super::track::{Cursor, Track};

/// State of the caption streams.
#[derive(Debug, Default)]
pub(super) struct Captions {
    /// Text tracks of the page.
    tracks: Vec<TextTrack>,
    /// The settings name a stream that the broadcast does not have yet.
    pub(super) missing: bool,
    /// When a problem was last told.
    told_at: Option<f64>,
}

#[derive(Debug)]
struct TextTrack {
    stream: usize,
    id: TextTrackId,
    /// Cues that end before this time are cleared, in milliseconds.
    cleared: u64,
}

impl Session {
    /// The caption stream that the settings name.
    pub(super) fn select_captions_at_start(&mut self) {
        let Some(name) = self.settings.captions.clone() else { return };
        match self.find_stream(Kind::Text, &name) {
            Some(stream) => self.tracks.push(Track::new(Kind::Text, stream)),
            // A broadcast lists its captions once there is one.
            None if self.live.is_some() => self.captions.missing = true,
            None => self.no_such(Kind::Text),
        }
    }

    /// A newer manifest has text streams that are new, and new samples in it.
    pub(super) fn new_text(&mut self, streams: Vec<Stream>) {
        self.streams.extend(streams);
        self.add_text_tracks();
        self.follow_data();
        let wanted = self.settings.captions.clone().filter(|_| self.captions.missing);
        let wanted = wanted.filter(|name| self.find_stream(Kind::Text, name).is_some());
        if let Some(name) = wanted {
            self.captions.missing = false;
            self.select_captions(Some(&name));
        }
    }

    /// One text track for each caption stream that has none yet.
    pub(super) fn add_text_tracks(&mut self) {
        let known = self.captions.tracks.len();
        let is_captions = |s: &Stream| s.kind == Kind::Text && s.data.is_none();
        let streams = self.streams.iter().enumerate().filter(|(_, s)| is_captions(s)).skip(known);
        for (stream, model) in streams {
            let track = self.out.text_track();
            let name = model.name.clone();
            let language = model.language.clone();
            let label = if language.is_empty() { name.clone() } else { language.clone() };
            self.out.push(Command::AddTextTrack { track, name, language, label });
            let text_track = TextTrack { stream, id: track, cleared: 0 };
            self.captions.tracks.push(text_track);
        }
        if let Some(track) = self.captions_track().and_then(|i| self.tracks.get(i)).filter(|_| known == 0) {
            let name = self.streams.get(track.stream).map(|s| s.name.clone());
            self.out.notify(Notice::StreamChange { kind: Kind::Text, name });
        }
    }

    /// The viewer wants captions, others, or none.
    pub(super) fn select_captions(&mut self, name: Option<&str>) {
        self.captions.missing = false;
        let stream = match name {
            None => None,
            Some(name) => match self.find_stream(Kind::Text, name) {
                Some(stream) => Some(stream),
                None => return self.no_such(Kind::Text),
            },
        };
        let current = self.captions_track();
        if current.and_then(|i| self.tracks.get(i)).map(|t| t.stream) == stream {
            return;
        }
        if let Some(i) = current {
            self.cancel(i);
            self.tracks.remove(i);
        }
        if let Some(stream) = stream {
            self.tracks.push(Track::new(Kind::Text, stream));
            if let Some(i) = self.tracks.len().checked_sub(1) {
                self.place_text(i);
            }
        }
        let name = stream.and_then(|s| self.streams.get(s)).map(|s| s.name.clone());
        self.out.notify(Notice::StreamChange { kind: Kind::Text, name });
    }

    /// The track of the captions that are shown.
    fn captions_track(&self) -> Option<usize> {
        let captions = |t: &Track| self.streams.get(t.stream).is_some_and(|s| s.data.is_none());
        self.tracks.iter().position(|t| t.kind == Kind::Text && captions(t))
    }

    /// Starts a text track at the playhead.
    pub(super) fn place_text(&mut self, i: usize) {
        let playhead = self.element.playhead();
        let Some(track) = self.tracks.get_mut(i) else { return };
        let Some(stream) = self.streams.get(track.stream) else { return };
        let time = self.zero.ticks(playhead, stream.timescale);
        track.go_to(Cursor::At(stream.chunks.floor(time).map_or(time, |chunk| chunk.time)));
    }

    /// A fragment of text arrived whole.
    pub(super) fn text_arrived(&mut self, i: usize, body: &[u8]) {
        let Some(flight) = self.land(i) else { return };
        let limits = self.settings.limits;
        let Some(track) = self.tracks.get_mut(i) else { return };
        let index = track.stream;
        track.skipped = 0;
        track.go_to(Cursor::After(flight.chunk.time));
        let Some(stream) = self.streams.get_mut(index) else { return };
        let mut text = None;
        let mut span = flight.chunk;
        if stream.data.is_none()
            && (body.trim_ascii_start().starts_with(b"<") || body.starts_with(b"\xef\xbb\xbf"))
        {
            text = Some(body);
        } else {
            for part in boxes::walk(body).map_while(Result::ok) {
                match &part.kind {
                    b"moof" => {
                        if let Ok(head) = boxes::read_head(part.whole, &limits) {
                            // A guess that was right is known from now on.
                            span = head.span.filter(|span| span.time == flight.chunk.time).unwrap_or(span);
                            stream.chunks.push(span);
                            stream.announce(&head.look_ahead, &limits);
                        }
                    }
                    b"mdat" => text = Some(part.payload),
                    _ => {}
                }
            }
        }
        stream.chunks.push(span);
        if stream.data.is_some() {
            let sample = EmbeddedContent::Sample(text.unwrap_or_default().to_vec());
            return self.tell_data(index, span, sample);
        }
        let url = self.tracks.get(i).map(|t| t.last_url.clone()).unwrap_or_default();
        self.read_captions(index, span, text, url);
    }

    /// Has cues made of a document: the sample at `span` of a stream.
    pub(super) fn read_captions(&mut self, index: usize, span: Span, text: Option<&[u8]>, url: String) {
        let Some(text) = text else { return self.captions_failed(Some(span.time), url) };
        let Some(stream) = self.streams.get(index) else { return };
        let Some(track) = self.captions.tracks.iter().find(|t| t.stream == index) else { return };
        let whole = stream.timescale.seconds(span.duration);
        // Absolute times of a document count from the presentation's own zero, not from position 0.
        let zero_ms = Zero::default().millis(self.zero.in_ticks(stream.timescale), stream.timescale);
        let start = self.zero.millis(span.time, stream.timescale);
        self.out.push(Command::ReadCaptions(CaptionDocument {
            track: track.id,
            bytes: text.to_vec(),
            start_ms: start.saturating_add(zero_ms),
            duration_ms: (whole * 1000.0) as u64,
            zero_ms,
            time: span.time,
            url,
        }));
    }

    /// Forgets cues that lie far behind.
    pub(super) fn clear_old_cues(&mut self, behind: f64) {
        for track in &mut self.captions.tracks {
            let limit = ((behind - KEEP_CUES).at_least(0.0) * 1000.0) as u64;
            // What stood in the manifest does not come again.
            let kept = self.streams.get(track.stream).is_some_and(|s| !s.told.is_empty());
            if !kept && limit > track.cleared.saturating_add(CUE_STEP_MS) {
                track.cleared = limit;
                self.out.push(Command::ClearCues { track: track.id, before: limit as f64 / 1000.0 });
            }
        }
    }

    /// Captions are left out at this place. Told now and then.
    pub(super) fn captions_failed(&mut self, time: Option<u64>, url: String) {
        let due = |at: f64| (self.now - at) >= TELL_EVERY;
        if self.captions.told_at.is_none_or(due) {
            self.captions.told_at = Some(self.now);
            self.out.problem(Code::CaptionsFailed, Kind::Text, url, time);
        }
    }
}

/// Seconds of cues kept behind what is kept of the media.
const KEEP_CUES: f64 = 600.0;
/// Cues are cleared in steps of this size, in milliseconds.
const CUE_STEP_MS: u64 = 60_000;
/// Problems with captions are told no more often.
const TELL_EVERY: f64 = 10.0;
