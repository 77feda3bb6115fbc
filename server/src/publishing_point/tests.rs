//! Broadcasts without a clock: the rules of `placement`, `runs` and `stream` played through.
//!
//! Times are in milliseconds, on tracks with 10 000 000 ticks per second.

mod redundant;
mod restarts;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use smooth::Timescale;
use smooth::manifest::{Kind, QualityLevel};

use super::broadcast::{Arrival, Broadcast, Note, Outcome, Refusal, Rules};
use super::track::{SessionId, TrackSpec};
use crate::archive::{Media, MemoryLog, TrackId};

const RULES: Rules = Rules {
    look_ahead: 2,
    window: 0,
    live_cache: 60,
    resend_fragments: 3,
    max_jump: 86_400,
    max_bytes: 1 << 30,
    max_tracks: 8,
    max_lag: 10,
    max_unaligned: 4,
};
const OK: Outcome = Outcome::Accepted { gap: 0, restarted: false };
const RESTARTED: Outcome = Outcome::Accepted { gap: 0, restarted: true };

fn gap(ms: u64) -> Outcome {
    Outcome::Accepted { gap: ms * 10_000, restarted: false }
}

pub(super) fn spec(kind: Kind, name: &str, bitrate: u32) -> TrackSpec {
    TrackSpec {
        id: 1,
        kind,
        name: name.to_owned(),
        subtype: String::new(),
        language: String::new(),
        timescale: Timescale::DEFAULT,
        parent: None,
        manifest_output: false,
        display: (0, 0),
        level: QualityLevel { bitrate, ..QualityLevel::default() },
        protection: Vec::new(),
    }
}

/// Two levels of video and one of audio: tracks 0, 1 and 2.
fn ladder() -> Vec<TrackSpec> {
    vec![spec(Kind::Video, "video", 100), spec(Kind::Video, "video", 200), spec(Kind::Audio, "audio", 64)]
}

struct Show {
    broadcast: Broadcast,
    now: Duration,
}

impl Show {
    fn new(rules: Rules) -> Self {
        Self::after(rules, 0)
    }

    fn after(rules: Rules, begin: i64) -> Self {
        let log = Arc::new(MemoryLog);
        Self { broadcast: Broadcast::new(rules, log, begin), now: Duration::from_secs(1000) }
    }

    fn open(&mut self, session: SessionId) {
        self.broadcast.open(session, &ladder()).unwrap();
    }

    fn wait(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
    }

    fn bring(
        &mut self,
        session: SessionId,
        track: TrackId,
        time: i64,
        duration: u64,
        content: u8,
    ) -> Outcome {
        let media = Arc::new(Media::new(Bytes::from_static(b"moof"), Bytes::from(vec![content; 64])));
        let arrival = Arrival { time: time * 10_000, duration: duration * 10_000, media };
        self.broadcast.accept(self.now, session, track, arrival)
    }

    /// Two seconds of all tracks, as ffmpeg sends them: audio begins before zero.
    fn ffmpeg(&mut self, session: SessionId, n: i64, content: u8) -> [Outcome; 3] {
        let (audio, duration) = if n == 0 { (-21, 1941) } else { (n * 2000 - 80, 2000) };
        let content = content.wrapping_add(u8::try_from(n).unwrap());
        let all = [
            self.bring(session, 0, n * 2000, 2000, content),
            self.bring(session, 1, n * 2000, 2000, content),
            self.bring(session, 2, audio, duration, content),
        ];
        self.wait(2000);
        all
    }

    /// Starts of the published chunks of stream `name`.
    fn chunks(&self, name: &str) -> Vec<u64> {
        let stream = self.broadcast.streams.iter().find(|s| s.name == name).unwrap();
        stream.chunks.iter().map(|c| c.time / 10_000).collect()
    }

    fn ends(&self, name: &str) -> Vec<u64> {
        let stream = self.broadcast.streams.iter().find(|s| s.name == name).unwrap();
        stream.chunks.iter().map(|c| c.end() / 10_000).collect()
    }
}

#[test]
fn audio_that_begins_before_zero_begins_at_zero() {
    let mut show = Show::new(RULES);
    show.open(1);
    assert_eq!(show.ffmpeg(1, 0, 0), [OK; 3]);
    assert_eq!(show.ffmpeg(1, 1, 0), [OK; 3]);
    assert_eq!(show.chunks("video"), [0, 2000]);
    assert_eq!(show.chunks("audio"), [0, 1920]);
    assert_eq!(show.ends("audio"), [1920, 3920]);
}

#[test]
fn a_level_without_its_fragment_holds_the_stream_up_only_for_a_moment() {
    let mut show = Show::new(RULES);
    show.open(1);
    for n in 0..12 {
        show.bring(1, 0, n * 2000, 2000, 1);
        if n < 4 {
            show.bring(1, 1, n * 2000, 2000, 1);
        }
        show.wait(2000);
    }
    // Three chunks went out late, after that nobody waits.
    assert_eq!(show.chunks("video").len(), 12);
    assert_eq!(show.broadcast.tracks[1].entries.len(), 4);
    let incomplete = |n: &Note| matches!(n, Note::Incomplete { lacking: 1, .. });
    assert_eq!(show.broadcast.notes.iter().filter(|n| incomplete(n)).count(), 8);
    // It is back: what is missing is filled in, from then on the stream waits again.
    show.open(2);
    assert_eq!(show.bring(2, 1, 22_000, 2000, 1), gap(14_000));
    assert_eq!(show.bring(2, 1, 24_000, 2000, 1), OK);
    assert_eq!(show.bring(2, 1, 26_000, 2000, 1), OK);
    assert_eq!(show.broadcast.tracks[1].entries.at(220_000_000).map(|e| e.span.duration), Some(20_000_000));
    assert_eq!(show.chunks("video").last(), Some(&22_000));
    assert_eq!(show.bring(1, 0, 24_000, 2000, 1), OK);
    assert_eq!(show.chunks("video").last(), Some(&24_000));
}

#[test]
fn a_late_level_joins_the_chunks_that_are_published() {
    let mut show = Show::new(RULES);
    show.broadcast.open(1, &ladder()[..1]).unwrap();
    for n in 0..4 {
        show.bring(1, 0, n * 2000, 2000, 1);
    }
    show.broadcast.open(2, &ladder()[1..2]).unwrap();
    assert_eq!(show.bring(2, 1, 4000, 2000, 1), OK);
    assert_eq!(show.bring(2, 1, 6000, 2000, 1), OK);
    assert_eq!(show.bring(2, 1, 2000, 2000, 1), OK);
    assert_eq!(show.bring(2, 1, 7500, 2000, 1), OK);
    assert_eq!(show.broadcast.tracks[1].entries.len(), 3);
    assert_eq!(show.chunks("video"), [0, 2000, 4000, 6000]);
}

#[test]
fn captions_come_when_they_come_and_hold_nothing_up() {
    let mut show = Show::new(RULES);
    show.open(1);
    show.broadcast.open(9, &[spec(Kind::Text, "captions", 1)]).unwrap();
    for n in 0..4 {
        show.ffmpeg(1, n, 0);
    }
    assert_eq!(show.chunks("video").len(), 4);
    assert_eq!(show.bring(9, 3, 1000, 5000, 1), OK);
    // They may overlap, and may have no duration.
    assert_eq!(show.bring(9, 3, 4000, 5000, 2), OK);
    assert_eq!(show.bring(9, 3, 7000, 0, 3), OK);
    assert_eq!(show.chunks("captions"), [1000, 4000, 7000]);
    assert_eq!(show.bring(9, 3, 7000, 0, 3), Outcome::Duplicate);
    // The end of a long caption is not the end of the broadcast.
    assert_eq!(show.bring(9, 3, 7500, 60_000, 4), OK);
    assert_eq!(show.broadcast.end(), 80_000_000);
}

#[test]
fn the_window_moves_and_memory_is_bounded() {
    let mut show = Show::new(Rules { window: 10, ..RULES });
    show.open(1);
    for n in 0..20 {
        show.ffmpeg(1, n, 0);
    }
    assert_eq!(show.chunks("video"), [30_000, 32_000, 34_000, 36_000, 38_000]);
    assert_eq!(show.broadcast.tracks[0].entries.len(), 5);

    let mut show = Show::new(Rules { max_bytes: 10_000, ..RULES });
    show.open(1);
    for n in 0..100 {
        show.ffmpeg(1, n, 0);
    }
    assert!(show.broadcast.tracks.iter().map(|t| t.bytes).sum::<u64>() <= 10_000);
    assert!(show.chunks("video").len() > 3);
    assert_eq!(show.broadcast.notes, [Note::MemoryFull]);
    // Levels that never get together do not pile up either.
    let mut show = Show::new(Rules { max_bytes: 10_000, ..RULES });
    show.open(1);
    for n in 0..1000 {
        show.bring(1, 0, 1_000_000 + n * 10, if n == 0 { 50_000_000 } else { 10 }, 1);
        show.bring(1, 2, n * 10, 10, 1);
    }
    assert!(show.broadcast.tracks.iter().map(|t| t.bytes).sum::<u64>() <= 10_000);
}

#[test]
fn the_end_publishes_what_waits() {
    let mut show = Show::new(RULES);
    show.open(1);
    show.bring(1, 0, 0, 2000, 1);
    show.bring(1, 0, 2000, 2000, 1);
    assert!(show.chunks("video").is_empty());
    show.broadcast.finish();
    assert_eq!(show.chunks("video"), [0, 2000]);
}

#[test]
fn hostile_times_do_no_harm() {
    let mut show = Show::new(RULES);
    show.open(1);
    let second = 1000;
    for time in [i64::MIN, i64::MAX, -1, 0, 1 << 61, -(1 << 61), i64::MAX / 2] {
        for duration in [0, 1, second, u64::MAX, 1 << 62] {
            let media = Arc::new(Media::new(Bytes::new(), Bytes::from_static(b"x")));
            for track in 0..4 {
                show.broadcast.accept(
                    show.now,
                    1,
                    track,
                    Arrival { time, duration, media: Arc::clone(&media) },
                );
            }
        }
    }
    show.broadcast.finish();
}

#[test]
fn headers_have_to_fit() {
    let mut show = Show::new(RULES);
    show.open(1);
    let mut other = ladder();
    other[1].level.private_data = vec![1];
    let refused = show.broadcast.open(2, &other).unwrap_err();
    assert!(matches!(refused, Refusal::Changed { bitrate: 200, .. }), "{refused}");
    let mut other = spec(Kind::Video, "video", 300);
    other.timescale = Timescale::new(1000).unwrap();
    assert!(matches!(show.broadcast.open(2, &[other]), Err(Refusal::Timescale { .. })));
    let many: Vec<_> = (0..6).map(|n| spec(Kind::Audio, "more", n)).collect();
    assert_eq!(show.broadcast.open(2, &many), Err(Refusal::TooMany { max: 8 }));
    assert_eq!(show.broadcast.open(2, &many[..5]).unwrap(), [3, 4, 5, 6, 7]);
    assert_eq!(show.broadcast.open(3, &ladder()).unwrap(), [0, 1, 2]);
}
