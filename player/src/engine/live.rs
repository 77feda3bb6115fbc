//! The live edge: where it is, when to ask for a newer manifest, and how a broadcast ends.
//!
//! Fragments announce their successors (`tfrf`), so one manifest request is enough for a session. Another
//! is sent only when a track knows no next chunk (no look-ahead, or the end of the broadcast), when
//! fragments are missing, and when the broadcast falls silent.

use smooth::manifest::{Kind, Manifest, Timeline};

use super::element::SLACK;
use super::notice::{Code, GapCause, Notice};
use super::session::Session;
use super::start::earliest;
use super::stream::{Level, Reloaded, Stream};
use super::time::Bound;
use super::track::Track;

/// What is known of a running broadcast.
#[derive(Clone, Debug)]
pub(super) struct Live {
    /// DVR window in seconds; 0 for the whole event.
    dvr: f64,
    /// A manifest is wanted.
    wanted: bool,
    /// Manifests in a row that brought nothing new.
    idle_reloads: u32,
    /// When something new was last heard of, while waiting for it.
    progress_at: f64,
    /// A silence was told.
    silent: bool,
    /// Stalls since it was joined.
    pub(super) stalls: f64,
    /// The manifest is gone since then.
    gone_since: Option<f64>,
    /// What was told last.
    told: Window,
    told_at: f64,
}

/// The part of a broadcast that can be played, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Window {
    /// Oldest position.
    pub(super) start: f64,
    /// Newest position that plays without a stall.
    pub(super) target: f64,
    /// End of the newest chunk that is served.
    pub(super) edge: f64,
}

impl Live {
    pub(super) fn new(manifest: &Manifest, now: f64) -> Self {
        Self {
            dvr: manifest.timescale.seconds(manifest.dvr_window),
            wanted: false,
            idle_reloads: 0,
            progress_at: now,
            silent: false,
            stalls: 0.0,
            gone_since: None,
            told: Window::default(),
            told_at: 0.0,
        }
    }
}

impl Session {
    /// Where the window is; `None` on demand.
    pub(super) fn window(&self) -> Option<Window> {
        let live = self.live.as_ref()?;
        let (mut start, mut edge) = (0.0_f64, f64::INFINITY);
        // A stream that was not listened to so far does not know the edge yet.
        for (track, stream) in self.media().filter(|(track, _)| track.stale == 0.0) {
            if let (Some(first), Some(newest)) = (stream.chunks.first(), stream.newest()) {
                start = start.at_least(stream.place(first, self.zero).0);
                edge = edge.at_most(self.edge_of(track, stream, stream.place(newest, self.zero)));
            }
        }
        if !edge.is_finite() {
            return Some(live.told);
        }
        if live.dvr > 0.0 {
            start = start.at_least(edge - live.dvr);
        }
        Some(Window { start, target: (edge - self.delay()).at_least(start), edge })
    }

    /// End of what a track can have. A track that is far behind hears nothing of the edge; that moves on
    /// with the clock meanwhile.
    pub(super) fn edge_of(&self, track: &Track, stream: &Stream, newest: (f64, f64)) -> f64 {
        let seconds = stream.chunk_seconds();
        let served_at = newest.0 + stream.offset.unwrap_or(0.0);
        let missed = ((self.now - served_at) / seconds).floor();
        let sent =
            track.flight.as_ref().filter(|f| f.early && f.started.is_none()).map_or(self.now, |f| f.sent);
        let in_vain = self.now - sent > seconds;
        let silent = track.starved || track.not_yet > 0 || in_vain;
        if silent || missed < 2.0 { newest.1 } else { newest.1 + missed * seconds }
    }

    /// Duration of a fragment, in seconds.
    pub(super) fn fragment(&self) -> f64 {
        self.media().map(|(_, stream)| stream.chunk_seconds()).fold(0.5, Bound::at_least).at_most(30.0)
    }

    /// Media tracks and their streams.
    pub(super) fn media(&self) -> impl Iterator<Item = (&Track, &Stream)> {
        let tracks = self.tracks.iter().filter(|t| t.is_media());
        tracks.filter_map(|t| Some((t, self.streams.get(t.stream)?)))
    }

    /// Asks for a newer manifest as soon as it is decent.
    pub(super) const fn want_reload(&mut self) {
        if let Some(live) = &mut self.live {
            live.wanted = true;
        }
    }

    /// The broadcast told something new.
    pub(super) fn news(&mut self) {
        let Some(live) = &mut self.live else { return };
        live.progress_at = self.now;
        live.idle_reloads = 0;
        if core::mem::take(&mut live.silent) {
            self.out.notify(Notice::SilenceEnded);
        }
    }

    /// When the manifest is to be asked for again, if it is.
    pub(super) fn reload_at(&self) -> Option<f64> {
        let live = self.live.as_ref()?;
        let fragment = self.fragment();
        // Every fragment while it brings news, then more and more rarely.
        let pause = match live.idle_reloads {
            0 => fragment,
            n => (fragment / 2.0 * f64::from(1_u32 << n.min(8))).at_most(fragment.at_least(RAREST)),
        };
        let decent = self.loader.loaded_at + pause;
        if live.wanted {
            return Some(decent);
        }
        let mut due = None::<f64>;
        for track in self.tracks.iter().filter(|t| t.starved) {
            let Some(stream) = self.streams.get(track.stream) else { continue };
            let mut at = decent;
            if let Some(last) = stream.chunks.last() {
                at = at.at_least(stream.expected(last.end(), self.zero));
            }
            if track.kind == Kind::Text {
                // Captions are sparse: silence is no sign of news. Where others announce them it is none at all.
                let rare = if stream.data.is_some() || stream.sparse { RARE_POLL } else { TEXT_POLL };
                at = at.at_least(self.loader.loaded_at + fragment.at_least(rare));
            }
            due = Some(due.map_or(at, |due| due.at_most(at)));
        }
        if self.captions.missing {
            let at = self.loader.loaded_at + RARE_POLL;
            due = Some(due.map_or(at, |due| due.at_most(at)));
        }
        due
    }

    /// A newer manifest of a broadcast arrived.
    pub(super) fn next_manifest(&mut self, mut manifest: Manifest) {
        let (models, _) = Stream::read_all(&mut manifest);
        let (now, zero) = (self.now, self.zero);
        let Some(live) = &mut self.live else { return };
        live.wanted = false;
        live.gone_since = None;
        live.dvr = manifest.timescale.seconds(manifest.dvr_window);
        let (mut news, mut restarted) = (false, false);
        let mut new_text = Vec::new();
        for mut model in models {
            let same = |s: &&mut Stream| s.kind == model.kind && s.name == model.name;
            let Some(stream) = self.streams.iter_mut().find(same) else {
                if model.kind == Kind::Text {
                    new_text.push(model);
                }
                continue;
            };
            let index = model.kind;
            let list: Timeline = core::mem::take(&mut model.chunks);
            let last = list.last();
            let media = stream.kind != Kind::Text;
            stream.embedded = model.embedded;
            match stream.reload(list, !manifest.is_live) {
                Reloaded::Same => {}
                Reloaded::News => {
                    news |= media;
                    if let Some(last) = last {
                        stream.serve(last.time, now, zero, false);
                    }
                }
                Reloaded::Restarted => restarted |= media,
            }
            if refresh_levels(&mut stream.levels, model.levels) {
                // New parameter sets: what is appended next needs its init segment first.
                for track in self.tracks.iter_mut().filter(|t| t.kind == index) {
                    track.init = None;
                }
            }
        }
        self.new_text(new_text);
        for track in self.tracks.iter_mut().filter(|t| t.reloaded && t.tried.is_empty()) {
            track.retry_at = 0.0;
        }
        for track in &mut self.tracks {
            track.starved = false;
        }
        let live_now = manifest.is_live;
        if news || restarted {
            self.news();
        } else if let Some(live) = &mut self.live {
            live.idle_reloads = live.idle_reloads.saturating_add(1);
        }
        if restarted {
            self.restart();
        } else if let Some(target) = self.element.target {
            self.clamp_pending_seek(target);
        }
        if !live_now {
            self.end_broadcast();
        }
    }

    /// The broadcast is on another timeline: begin again at its live edge, on positions that go on from
    /// those before.
    fn restart(&mut self) {
        let now = self.now;
        self.zero = earliest(self.media().map(|(_, stream)| stream)).unwrap_or(self.zero);
        let zero = self.zero;
        for stream in &mut self.streams {
            if let Some(last) = stream.chunks.last() {
                stream.served = Some(last.time);
                stream.offset = None;
                stream.serve(last.time, now, zero, true);
            }
        }
        for i in 0..self.tracks.len() {
            self.cancel(i);
            self.reset_parser(i);
            self.evict_all(i);
        }
        let from = self.element.playhead();
        let to = self.window().map_or(0.0, |window| window.target);
        self.out.notify(Notice::GapJump { from, to, cause: GapCause::Restarted });
        self.jump(to);
    }

    /// A newer manifest did not arrive.
    pub(super) fn reload_failed(&mut self, code: Code) {
        let now = self.now;
        let Some(live) = &mut self.live else { return };
        if code != Code::ManifestNotFound {
            live.gone_since = None;
            return;
        }
        let since = *live.gone_since.get_or_insert(now);
        let nothing_left =
            self.tracks.iter().filter(|t| t.is_media()).all(|t| t.waits_for_news() || t.reloaded);
        if now - since >= GONE_FOR_GOOD && nothing_left {
            self.loader.retry_at = None;
            self.end_broadcast();
        }
    }

    /// The broadcast is over: what is listed is all there will be.
    fn end_broadcast(&mut self) {
        self.live = None;
        self.loader.retry_at = None;
        let duration = self.end();
        for i in 0..self.tracks.len() {
            // Nothing is held back any more, so nothing is worth waiting for.
            if self
                .tracks
                .get(i)
                .is_some_and(|t| t.flight.as_ref().is_some_and(|f| f.held && f.started.is_none()))
            {
                self.cancel(i);
            }
            if let Some(track) = self.tracks.get_mut(i) {
                track.starved = false;
                track.retry_at = 0.0;
                track.not_yet = 0;
            }
        }
        self.out.push(super::Command::SetDuration(duration));
        self.out.notify(Notice::BroadcastEnded { duration });
    }

    /// The clock's part: the window slides, silence is noticed, the page is told.
    pub(super) fn drive_live(&mut self) {
        let Some(window) = self.window() else { return };
        let now = self.now;
        let fragment = self.fragment();
        let waiting = self.tracks.iter().filter(|t| t.is_media()).any(Track::waits_for_news);
        let started = self.element.ready > 0;
        let Some(live) = &mut self.live else { return };
        if live.dvr > 0.0 {
            for stream in &mut self.streams {
                if let Some(newest) = stream.newest() {
                    let kept = stream.timescale.ticks(live.dvr);
                    stream.chunks.remove_before(newest.end().saturating_sub(kept));
                }
            }
            self.goal = self.goal.at_most((live.dvr * 0.8).at_least(fragment * 2.0));
        }
        if !waiting {
            live.progress_at = now;
        }
        let quiet = now - live.progress_at;
        let patience = (fragment * 3.0).at_least(6.0);
        if quiet >= patience && !live.silent {
            live.silent = true;
            live.wanted = true;
            self.out.notify(Notice::Silence { seconds: quiet });
        } else if quiet >= patience {
            // Only a manifest tells whether it is over.
            live.wanted = true;
        } else if waiting && !live.silent {
            let at = live.progress_at + patience;
            self.wake_at(at);
        }
        self.tell_window(window);
        let playhead = self.element.playhead();
        let slid = started && window.start - playhead > 0.5;
        let dry = |track: &Track| self.element.reach(track.kind, playhead) <= playhead + SLACK;
        if slid && self.media().any(|(track, _)| dry(track)) {
            // A little further in, or it slides out again at once.
            let to = (window.start + fragment * 2.0).at_most(window.target).at_least(window.start);
            self.out.notify(Notice::GapJump { from: playhead, to, cause: GapCause::WindowSlid });
            self.jump(to);
        }
    }

    fn tell_window(&mut self, window: Window) {
        let now = self.now;
        let Some(live) = &mut self.live else { return };
        let far = |a: f64, b: f64| (a - b).abs() >= 0.5;
        let moved = far(window.edge, live.told.edge) || far(window.start, live.told.start);
        let first = live.told == Window::default();
        if !first && (!moved || now - live.told_at < TELL_EVERY) {
            return;
        }
        live.told = window;
        live.told_at = now;
        let Window { start, target, edge } = window;
        self.out.push(super::Command::SetLiveSeekable { start, end: target });
        self.out.notify(Notice::LiveEdge { start, target, edge });
    }
}

/// Takes over what is new about levels that are there already. True if a decoder needs to know.
fn refresh_levels(levels: &mut [Level], models: Vec<Level>) -> bool {
    let mut changed = false;
    for new in models {
        let same = |l: &&mut Level| {
            l.model.bitrate == new.model.bitrate && l.model.custom_attributes == new.model.custom_attributes
        };
        // All that a codec is made from.
        let new_codec = |l: &&mut Level| {
            let (old, new) = (&l.model, &new.model);
            let sound = old.sampling_rate != new.sampling_rate || old.channels != new.channels;
            sound || old.private_data != new.private_data || old.fourcc != new.fourcc
        };
        if let Some(level) = levels.iter_mut().find(same).filter(new_codec) {
            *level = Level { failing_until: level.failing_until, ..new };
            changed = true;
        }
    }
    changed
}

/// Seconds between manifests at most, while a broadcast is silent.
const RAREST: f64 = 10.0;
/// Fragments behind the newest chunk at which a broadcast is joined. Of these an origin holds two back as
/// look-ahead; one is being fetched, and one is to spare for a link or an origin that falters.
pub(super) const LIVE_DELAY: f64 = 4.0;
/// Seconds between manifests at least, when only captions wait for news.
pub(super) const TEXT_POLL: f64 = 8.0;
/// Between manifests, when captions are wanted that the broadcast does not list yet, and when data waits for news.
const RARE_POLL: f64 = 60.0;
/// A broadcast whose manifest is not found for so long is over.
const GONE_FOR_GOOD: f64 = 60.0;
/// The page hears of the window no more often.
const TELL_EVERY: f64 = 0.5;
