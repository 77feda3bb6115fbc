//! What to do when a fragment does not come.
//!
//! | answer | on the live edge | elsewhere |
//! | --- | --- | --- |
//! | 412 | not yet: wait half a fragment; then another level, then the manifest | live: other levels, then the next chunk; else as 404 |
//! | 404, 410, no fragment | the manifest again (live), then other levels, then the next chunk | the same |
//! | any of the first two, to a guess at the next captions | the manifest, and no guess for a while | |
//! | anything else | again after a growing pause; without end while live or while something is buffered | the same |

use smooth::Span;
use smooth::manifest::Kind;

use super::event::Failure;
use super::live::TEXT_POLL;
use super::notice::{Code, Notice, Problem, Severity};
use super::session::Session;
use super::time::Bound;
use super::track::{Cursor, Flight, Track};

impl Session {
    /// A request failed.
    pub(super) fn failed(&mut self, request: super::RequestId, failure: Failure) {
        if self.loader.request == Some(request) {
            return self.manifest_failed(failure);
        }
        if let Some(url) = self.take_merging(request) {
            let (code, status) = Self::why(failure);
            return self.merge_failed(url, code, status);
        }
        let Some(i) = self.track_of(request) else { return };
        let Some(flight) = self.land(i) else { return };
        if flight.head {
            self.reset_parser(i);
        }
        self.fragment_failed(i, &flight, failure);
    }

    pub(super) fn fragment_failed(&mut self, i: usize, flight: &Flight, failure: Failure) {
        let live = self.live.is_some();
        if failure == Failure::Http(412) {
            self.out.stats.not_yet = self.out.stats.not_yet.saturating_add(1);
        }
        if live && matches!(failure, Failure::Http(404 | 410 | 412)) && self.guessed_wrong(i, flight) {
            return;
        }
        if self.knows_no_key_frames(failure) {
            return;
        }
        match failure {
            Failure::Http(412) if live && flight.early => self.not_yet(i, flight),
            Failure::Http(412) if live => self.hole(i, flight),
            Failure::Http(404 | 410 | 412) | Failure::Malformed => self.missing(i, flight, failure),
            Failure::Http(status) => self.trouble(i, flight, status),
            Failure::Network | Failure::Timeout => self.trouble(i, flight, 0),
        }
    }

    /// Whether the chunk was a guess at what comes next. Then only a manifest can tell.
    fn guessed_wrong(&mut self, i: usize, flight: &Flight) -> bool {
        let stream = self.tracks.get(i).map(|t| t.stream);
        let Some(stream) = stream.and_then(|s| self.streams.get_mut(s)) else { return false };
        let wrong = stream.kind == Kind::Text && stream.chunks.at(flight.chunk.time).is_none();
        if wrong {
            stream.guess_at = self.now + TEXT_POLL;
        }
        wrong
    }

    /// The fragment does not exist yet.
    fn not_yet(&mut self, i: usize, flight: &Flight) {
        let now = self.now;
        let Some(track) = self.tracks.get_mut(i) else { return };
        let Some(stream) = self.streams.get(track.stream) else { return };
        track.not_yet = track.not_yet.saturating_add(1);
        let half = stream.timescale.seconds(flight.chunk.duration) / 2.0;
        // A held request has waited already, unless something on the way answered for the origin.
        let from = if flight.held { flight.sent } else { now };
        track.retry_at = (from + half.at_least(0.25).at_most(5.0)).at_least(now);
        if track.not_yet >= 2 && track.is_media() && track.chosen.is_none() {
            // One bitrate of the encoder may be lost while the others go on.
            let levels = stream.levels.len();
            track.fallback = match flight.level {
                0 if levels > 1 => Some(1),
                level => level.checked_sub(1),
            };
            track.doubted.get_or_insert(flight.level);
        }
        if track.not_yet >= 3 {
            self.want_reload();
        }
    }

    /// The chunk is listed, and this level does not have it: its encoder was away.
    fn hole(&mut self, i: usize, flight: &Flight) {
        let until = self.now + FAILING;
        let Some(track) = self.tracks.get_mut(i) else { return };
        let Some(stream) = self.streams.get_mut(track.stream) else { return };
        if let Some(level) = stream.levels.get_mut(flight.level) {
            level.failing_until = until;
        }
        track.tried.push(flight.level);
        if track.tried.len() < stream.levels.len() {
            return;
        }
        // In none of them: sound and picture may not be equally far.
        track.tried.clear();
        if track.not_yet >= MAX_HOLE_ROUNDS {
            self.leave_out(i, flight.chunk);
        } else {
            self.not_yet(i, flight);
        }
    }

    /// The chunk is listed, and not there.
    fn missing(&mut self, i: usize, flight: &Flight, failure: Failure) {
        let now = self.now;
        let live = self.live.is_some();
        let code = if failure == Failure::Malformed { Code::FragmentInvalid } else { Code::FragmentFailed };
        let status = if let Failure::Http(status) = failure { status } else { 0 };
        let Some(track) = self.tracks.get_mut(i) else { return };
        if track.tried.is_empty() && !track.reloaded {
            let problem = problem(code, track, flight, status);
            self.out.notify(Notice::Error(problem));
        }
        let first = !core::mem::replace(&mut track.reloaded, true);
        if live && first && failure != Failure::Malformed {
            // The window may have moved on: the next manifest says where to.
            track.retry_at = now + RELOAD_PATIENCE;
            self.want_reload();
            return;
        }
        track.tried.push(flight.level);
        track.retry_at = now + MISSING_PAUSE;
        let until = now + FAILING;
        let stream = self.streams.get_mut(track.stream);
        if let Some(level) = stream.and_then(|s| s.levels.get_mut(flight.level)) {
            level.failing_until = until;
        }
    }

    /// The network or the server has a problem.
    fn trouble(&mut self, i: usize, flight: &Flight, status: u16) {
        let Some(track) = self.tracks.get(i) else { return };
        let (failures, kind) = (track.failures, track.kind);
        let problem = problem(Code::FragmentFailed, track, flight, status);
        let playhead = self.element.playhead();
        let dry = self.element.reach(kind, playhead) - playhead < 0.5;
        if failures >= self.settings.retries {
            if kind == Kind::Text {
                return self.leave_out(i, flight.chunk);
            }
            if self.live.is_none() && dry {
                return self.fatal(Problem { code: Code::FragmentsLost, ..problem });
            }
        }
        let pause = self.backoff(failures);
        let at = self.now + pause;
        let Some(track) = self.tracks.get_mut(i) else { return };
        track.failures = failures.saturating_add(1);
        track.retry_at = at;
        if track.failures >= 2 && track.chosen.is_none() {
            track.fallback = flight.level.checked_sub(1);
        }
        if failures == 0 {
            self.out.notify(Notice::Error(problem));
        }
    }

    /// Goes on after a chunk that is to be had in no level.
    pub(super) fn leave_out(&mut self, i: usize, chunk: Span) {
        let live = self.live.is_some();
        let pause = self.backoff(1);
        let Some(track) = self.tracks.get_mut(i) else { return };
        let Some(stream) = self.streams.get(track.stream) else { return };
        let kind = track.kind;
        let position = stream.place(chunk, self.zero).0.at_least(0.0);
        let url = track.last_url.clone();
        track.go_to(Cursor::After(chunk.time));
        track.skipped = track.skipped.saturating_add(1);
        if kind == Kind::Text && stream.data.is_none() {
            track.retry_at = self.now + pause;
            return self.captions_failed(Some(chunk.time), url);
        }
        self.out.notify(Notice::ChunkSkipped { kind, position });
        if kind == Kind::Text {
            track.retry_at = self.now + pause;
            return;
        }
        if track.skipped < MAX_SKIPPED {
            return;
        }
        if live {
            // A publishing point that lost its past: the manifest tells where it goes on.
            track.retry_at = self.now + RELOAD_PATIENCE;
            return self.want_reload();
        }
        let (severity, time) = (Severity::Fatal, Some(chunk.time));
        self.fatal(Problem { code: Code::FragmentsLost, severity, kind: Some(kind), url, status: 0, time });
    }

    /// A fragment arrived: whatever was held against its chunk is void.
    pub(super) fn forget_failures(&mut self, i: usize, flight: &Flight) {
        let until = self.now + FAILING;
        let Some(track) = self.tracks.get_mut(i) else { return };
        if let Some(level) = track.doubted.take().filter(|&level| level != flight.level && track.not_yet >= 2)
        {
            let stream = self.streams.get_mut(track.stream);
            if let Some(level) = stream.and_then(|s| s.levels.get_mut(level)) {
                level.failing_until = until;
            }
        }
    }
}

/// A problem with a fragment.
fn problem(code: Code, track: &Track, flight: &Flight, status: u16) -> Problem {
    let (url, time) = (track.last_url.clone(), Some(flight.chunk.time));
    Problem { code, severity: Severity::Recovered, kind: Some(track.kind), url, status, time }
}

/// How long a missing chunk waits for a newer manifest.
const RELOAD_PATIENCE: f64 = 2.0;
/// So often a chunk that is listed and not served is asked for again.
const MAX_HOLE_ROUNDS: u32 = 3;
/// Between two levels that are tried for a missing chunk.
const MISSING_PAUSE: f64 = 0.1;
/// How long a level that failed is not chosen.
pub(super) const FAILING: f64 = 30.0;
/// So many chunks in a row may be left out.
const MAX_SKIPPED: u32 = 5;
