//! What comes back for a fragment request: head, bytes, end.

use smooth::boxes::{self, init, mse};
use smooth::manifest::Kind;

use super::abr::{self, Progress};
use super::command::{Command, RequestId};
use super::event::Failure;
use super::notice::{Notice, SwitchReason};
use super::session::Session;
use super::stream::family;
use super::time::Bound;
use super::track::{Cursor, Flight};

impl Session {
    /// The track that waits for `request`.
    pub(super) fn track_of(&self, request: RequestId) -> Option<usize> {
        self.tracks.iter().position(|t| t.flight.as_ref().is_some_and(|f| f.request == request))
    }

    /// Takes the request of a track out of the air.
    pub(super) fn land(&mut self, i: usize) -> Option<Flight> {
        let track = self.tracks.get_mut(i)?;
        let flight = track.flight.take()?;
        if flight.started.is_some() {
            let timescale = self.streams.get(track.stream)?.timescale;
            self.meter.stop(self.now, flight.received, timescale.seconds(flight.chunk.duration));
        }
        Some(flight)
    }

    /// Gives up the request of a track, with what of it went to the buffer. The cursor stays at the oldest
    /// chunk that is not appended whole.
    pub(super) fn cancel(&mut self, i: usize) {
        let flight = self.land(i);
        if let Some(flight) = &flight {
            self.out.push(Command::Abort { request: flight.request });
        }
        if flight.is_some_and(|f| f.head) {
            self.reset_parser(i);
        }
    }

    /// Drops what is queued for a buffer, and goes back to what is lost with it.
    pub(super) fn reset_parser(&mut self, i: usize) {
        let Some(track) = self.tracks.get_mut(i).filter(|t| t.is_media()) else { return };
        if let Some((_, chunk)) = track.appending.first() {
            track.cursor = Cursor::At(chunk.time);
        }
        track.appending.clear();
        // Its init segment may have been in the queue.
        track.init = None;
        let kind = track.kind;
        self.out.push(Command::ResetParser { kind });
    }

    pub(super) fn response_started(&mut self, request: RequestId) {
        let Some(i) = self.track_of(request) else { return };
        self.begin(i);
    }

    fn begin(&mut self, i: usize) {
        let (now, zero) = (self.now, self.zero);
        let Some(track) = self.tracks.get_mut(i) else { return };
        let Some(flight) = track.flight.as_mut().filter(|f| f.started.is_none()) else { return };
        flight.started = Some(now);
        self.meter.start(now);
        if !flight.held {
            self.meter.first_byte(now - flight.sent);
        }
        let since = if flight.held { now } else { flight.sent };
        if flight.early {
            if let Some(stream) = self.streams.get_mut(track.stream) {
                // Held for longer than a chunk lasts: the broadcast was interrupted, and is later than before.
                let late = flight.held && now - flight.sent > stream.chunk_seconds();
                stream.serve(flight.chunk.time, since, zero, late || track.not_yet > 0);
            }
            self.news();
        }
    }

    /// More bytes arrived.
    pub(super) fn received(&mut self, request: RequestId, total: u64) {
        let Some(i) = self.track_of(request) else { return };
        self.begin(i);
        let Some(flight) = self.tracks.get_mut(i).and_then(|t| t.flight.as_mut()) else { return };
        let more = total.saturating_sub(flight.received);
        flight.received = flight.received.max(total);
        self.meter.receive(self.now, more);
        self.out.stats.bytes = self.out.stats.bytes.saturating_add(more);
        self.consider_abandoning(i);
    }

    /// Starts over with a lower level if the fragment under way would come too late.
    pub(super) fn consider_abandoning(&mut self, i: usize) {
        let Some(track) = self.tracks.get(i).filter(|t| t.kind == Kind::Video && t.chosen.is_none()) else {
            return;
        };
        let Some((flight, started)) = track.flight.as_ref().and_then(|f| Some((f, f.started?))) else {
            return;
        };
        let level = self.streams.get(track.stream).and_then(|s| s.levels.get(flight.level));
        let Some(level) = level else { return };
        let progress = Progress {
            bitrate: level.model.bitrate,
            received: flight.received,
            size: flight.size,
            elapsed: self.now - started,
        };
        let chunk = flight.chunk;
        let present = self.meter.present(self.now);
        let Some(rung) = abr::abandon(&self.rungs(i), &progress, present, &self.input(i, chunk)) else {
            return;
        };
        self.cancel(i);
        let Some(track) = self.tracks.get_mut(i) else { return };
        track.fallback = Some(rung.level);
        track.reason = SwitchReason::Abandoned;
    }

    /// The head of a fragment is there: what of it may go to the buffer, and what it says of the broadcast.
    pub(super) fn head(&mut self, request: RequestId, moof: &[u8]) {
        let Some(i) = self.track_of(request).filter(|&i| self.tracks.get(i).is_some_and(|t| t.is_media()))
        else {
            return;
        };
        self.begin(i);
        let limits = self.settings.limits;
        let Ok(head) = boxes::read_head(moof, &limits) else { return self.refuse(i) };
        if head.encrypted {
            self.encrypted(&head);
        }
        let Some(track) = self.tracks.get_mut(i) else { return };
        let Some(stream) = self.streams.get_mut(track.stream) else { return };
        let Some(flight) = track.flight.as_mut().filter(|f| !f.head) else { return };
        let chunk = flight.chunk;
        // The fragment's own time, unless it is on another timeline than the manifest: then the manifest's.
        let near = |time: u64| time.abs_diff(chunk.time) <= chunk.duration;
        let time = head.span.map(|span| span.time).filter(|&time| near(time)).unwrap_or(chunk.time);
        let samples = u64::from(head.samples);
        // That is when its first picture is shown. Where pictures are decoded in another order, it is decoded
        // earlier, which cannot be before position 0: a stream on demand that would begin there is left as it
        // is to its end, for a seam in it would cost pictures.
        let zero = self.zero.in_ticks(stream.timescale);
        let since = time.saturating_sub(zero);
        let offset = if track.kind == Kind::Video { head.first_composition_offset } else { 0 };
        let offset = u64::try_from(offset).unwrap_or(0).min(stream.timescale.get().into());
        let earliest = stream.chunks.first().map_or(0, |first| first.time.saturating_sub(zero));
        let early = *track.early.get_or_insert_with(|| self.live.is_some() || earliest >= offset);
        let lead = if early && since >= offset { offset } else { 0 };
        track.shift = stream.timescale.seconds(offset.saturating_sub(lead));
        let options = mse::Options {
            decode_time: since.saturating_sub(lead),
            force_sync: track.kind == Kind::Video,
            default_duration: chunk
                .duration
                .checked_div(samples)
                .and_then(|ticks| u32::try_from(ticks).ok())
                .unwrap_or(0),
            key: self.protection.key,
            ..mse::Options::default()
        };
        let Ok(bytes) = mse::rewrite(moof, &options) else { return self.refuse(i) };
        flight.head = true;
        flight.size = (head.size > 0).then(|| head.size.saturating_add(moof.len() as u64));
        let (level, kind, fresh) = (flight.level, track.kind, core::mem::take(&mut track.fresh));
        let news = self.live.is_some() && stream.announce(&head.look_ahead, &limits);
        if news {
            self.news();
        }
        self.append_init(i, level);
        self.ended = false;
        self.out.push(Command::AppendHead { request, kind, bytes });
        if fresh {
            self.skip_preroll(i);
        }
    }

    /// Gives a fragment up that cannot be read.
    pub(super) fn refuse(&mut self, i: usize) {
        if let Some(flight) = self.land(i) {
            self.out.push(Command::Abort { request: flight.request });
            self.fragment_failed(i, &flight, Failure::Malformed);
        }
    }

    /// Makes the buffer ready for fragments of `level`.
    fn append_init(&mut self, i: usize, level: usize) {
        let Some(track) = self.tracks.get_mut(i) else { return };
        let Some(stream) = self.streams.get(track.stream) else { return };
        let Some(chosen) = stream.levels.get(level) else { return };
        let kind = track.kind;
        if track.shown != Some(chosen.model.bitrate) {
            let chunk = track.flight.as_ref().map(|f| f.chunk);
            let from = track.shown.replace(chosen.model.bitrate);
            self.out.notify(Notice::RenditionChange {
                kind,
                from,
                to: chosen.model.bitrate,
                position: chunk.map_or(0.0, |c| stream.place(c, self.zero).0.at_least(0.0)),
                reason: track.reason,
            });
        }
        if track.init == Some(level) {
            return;
        }
        track.init = Some(level);
        if track.buffer.as_deref().is_some_and(|mime| family(mime) != family(&chosen.mime)) {
            self.out.push(Command::ChangeType { kind, mime: chosen.mime.clone() });
        }
        track.buffer = Some(chosen.mime.clone());
        let bytes = init::segment(&init::Track {
            timescale: stream.timescale,
            codec: &chosen.codec,
            language: &stream.language,
            protection: self.protection.describe(),
        });
        self.out.push(Command::AppendInit { kind, bytes });
    }

    /// The first picture after a seek may come a few frames after the start of its chunk: a playhead
    /// between the two is moved on, instead of waiting for what never comes.
    fn skip_preroll(&mut self, i: usize) {
        let Some(track) = self.tracks.get(i).filter(|t| t.kind == Kind::Video && t.shift > 0.0) else {
            return;
        };
        let Some(flight) = track.flight.as_ref() else { return };
        let Some(stream) = self.streams.get(track.stream) else { return };
        let start = stream.place(flight.chunk, self.zero).0;
        let first = start + track.shift;
        let playhead = self.element.playhead();
        let before = playhead < first && playhead > start - 0.5;
        if before && self.element.reach(Kind::Video, playhead) <= playhead {
            self.set_position(first + NUDGE);
        }
    }

    /// A request arrived whole.
    pub(super) fn finished(&mut self, request: RequestId, body: Option<&[u8]>) {
        let Some(i) = self.track_of(request) else { return };
        self.begin(i);
        if let Some(body) = body {
            self.received(request, body.len() as u64);
        }
        if self.tracks.get(i).is_some_and(|t| !t.is_media()) {
            return self.text_arrived(i, body.unwrap_or_default());
        }
        let Some(flight) = self.land(i) else { return };
        if !flight.head {
            return self.fragment_failed(i, &flight, Failure::Malformed);
        }
        self.forget_failures(i, &flight);
        let Some(track) = self.tracks.get_mut(i) else { return };
        track.appending.push((request, flight.chunk));
        track.skipped = 0;
        track.go_to(Cursor::After(flight.chunk.time));
        let end = self.streams.get(track.stream).map(|stream| stream.place(flight.chunk, self.zero).1);
        if end.is_some_and(|end| end >= track.stale) {
            track.stale = 0.0;
        }
    }

    /// The buffer has everything of a request.
    pub(super) fn appended(&mut self, kind: Kind, request: RequestId) {
        let Some(track) = self.tracks.iter_mut().find(|t| t.kind == kind) else { return };
        if let Some(i) = track.appending.iter().position(|(waiting, _)| *waiting == request) {
            track.appending.remove(i);
        }
    }
}

/// Seconds beyond the start of a range that are surely inside it, whatever was rounded.
pub(super) const NUDGE: f64 = 0.001;
