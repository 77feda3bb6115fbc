//! Broadcasts without a clock: the rules of `placement`, `runs` and `stream` played through.
//!
//! Times are in milliseconds, on tracks with 10 000 000 ticks per second.

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
    resend_fragments: 3,
    max_jump: 86_400,
    max_bytes: 1 << 30,
    max_tracks: 8,
};
const OK: Outcome = Outcome::Accepted { gap: 0, restarted: false };
const RESTARTED: Outcome = Outcome::Accepted { gap: 0, restarted: true };

fn gap(ms: u64) -> Outcome {
    Outcome::Accepted { gap: ms * 10_000, restarted: false }
}

fn spec(kind: Kind, name: &str, bitrate: u32) -> TrackSpec {
    TrackSpec {
        kind,
        name: name.to_owned(),
        subtype: String::new(),
        language: String::new(),
        timescale: Timescale::DEFAULT,
        parent: None,
        manifest_output: false,
        display: (0, 0),
        level: QualityLevel { bitrate, ..QualityLevel::default() },
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
        let log = Arc::new(MemoryLog::default());
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
fn an_encoder_that_begins_at_zero_again_goes_on_at_the_end_twice() {
    let mut show = Show::new(RULES);
    for run in 0..3u8 {
        let session = u64::from(run);
        show.open(session);
        for n in 0..10 {
            let outcomes = show.ffmpeg(session, n, run * 100);
            let first = if run > 0 && n == 0 { RESTARTED } else { OK };
            assert_eq!(outcomes[0], first, "run {run} fragment {n}");
            assert_eq!(outcomes[1], OK, "run {run} fragment {n}");
            assert!(
                matches!(outcomes[2], Outcome::Accepted { restarted: false, .. }),
                "run {run} fragment {n}"
            );
        }
        show.broadcast.close(session);
        show.wait(500);
    }
    let every_two_seconds: Vec<_> = (0..30).map(|n| n * 2000).collect();
    assert_eq!(show.chunks("video"), every_two_seconds);
    let audio = show.chunks("audio");
    assert_eq!(audio.len(), 30);
    // The seam: audio ended 80 ms before video, and begins anew 21 ms before it.
    assert_eq!(audio[9..12], [17_920, 19_979, 21_920]);
}

#[test]
fn what_a_killed_encoder_left_unpublished_is_no_hole_for_the_next() {
    let mut show = Show::new(RULES);
    show.open(1);
    for n in 0..5 {
        show.ffmpeg(1, n, 0);
    }
    // One level is a fragment ahead when the encoder dies.
    assert_eq!(show.bring(1, 0, 10_000, 2000, 9), OK);
    show.broadcast.close(1);
    show.open(2);
    assert_eq!(show.ffmpeg(2, 0, 50)[0], RESTARTED);
    show.ffmpeg(2, 1, 50);
    assert_eq!(show.chunks("video"), [0, 2000, 4000, 6000, 8000, 10_000, 12_000]);
    assert!(show.broadcast.notes.is_empty());
}

#[test]
fn an_encoder_killed_in_its_first_seconds_goes_on_whether_its_bytes_differ_or_not() {
    for other in [0, 100] {
        let mut show = Show::new(RULES);
        show.open(1);
        show.ffmpeg(1, 0, 0);
        show.ffmpeg(1, 1, 0);
        show.broadcast.close(1);
        show.open(2);
        let first = show.ffmpeg(2, 0, other);
        if other == 0 {
            assert_eq!(first, [Outcome::Duplicate; 3]);
        } else {
            assert_eq!(first[..2], [RESTARTED, OK]);
        }
        for n in 1..5 {
            show.ffmpeg(2, n, other);
        }
        let count = if other == 0 { 5 } else { 7 };
        assert_eq!(show.chunks("video"), (0..count).map(|n| n * 2000).collect::<Vec<_>>());
        assert_eq!(show.chunks("audio").len(), count as usize);
    }
}

#[test]
fn an_encoder_killed_before_anything_was_published_begins_anew_at_zero() {
    let mut show = Show::new(RULES);
    show.open(1);
    show.bring(1, 0, 0, 2000, 1);
    show.broadcast.close(1);
    show.open(2);
    assert_eq!(show.ffmpeg(2, 0, 50)[..2], [RESTARTED, OK]);
    assert_eq!(show.chunks("video"), [0]);
    assert_eq!(
        show.broadcast.tracks[0].entries.first().unwrap().hash,
        Media::new(Bytes::new(), Bytes::from(vec![50; 64])).hash
    );
}

#[test]
fn the_same_bytes_at_the_same_times_long_after_are_a_restart() {
    let mut show = Show::new(RULES);
    show.open(1);
    for n in 0..10 {
        show.ffmpeg(1, n, 0);
    }
    show.broadcast.close(1);
    show.open(2);
    assert_eq!(show.ffmpeg(2, 0, 0)[..2], [RESTARTED, OK]);
    assert_eq!(show.ffmpeg(2, 1, 0)[..2], [OK, OK]);
    assert_eq!(show.chunks("video").len(), 12);
}

#[test]
fn connections_of_one_encoder_land_on_one_run() {
    let mut show = Show::new(RULES);
    for run in 0..3 {
        let (video, audio) = (run * 2, run * 2 + 1);
        show.broadcast.open(video, &ladder()[..2]).unwrap();
        show.broadcast.open(audio, &ladder()[2..]).unwrap();
        for n in 0..6 {
            let content = u8::try_from(run * 50).unwrap();
            let time = i64::from(n) * 2000;
            // Who comes first differs from run to run.
            if run == 1 {
                show.bring(audio, 2, time, 2000, content);
            }
            show.bring(video, 0, time, 2000, content);
            show.bring(video, 1, time, 2000, content);
            if run != 1 {
                show.bring(audio, 2, time, 2000, content);
            }
            show.wait(2000);
        }
        show.broadcast.close(video);
        show.broadcast.close(audio);
    }
    assert_eq!(show.chunks("video"), (0..18).map(|n| n * 2000).collect::<Vec<_>>());
    assert_eq!(show.chunks("audio"), show.chunks("video"));
    assert_eq!(show.broadcast.tracks.iter().map(|t| t.counters.restarts).sum::<u64>(), 2);
}

#[test]
fn a_reconnect_with_the_last_two_fragments_again_is_seamless() {
    let mut show = Show::new(RULES);
    show.open(1);
    for n in 0..6 {
        show.ffmpeg(1, n, 0);
    }
    show.broadcast.close(1);
    show.open(2);
    assert_eq!(show.ffmpeg(2, 4, 0), [Outcome::Duplicate; 3]);
    assert_eq!(show.ffmpeg(2, 5, 0), [Outcome::Duplicate; 3]);
    assert_eq!(show.ffmpeg(2, 6, 0), [OK; 3]);
    assert_eq!(show.ffmpeg(2, 9, 0), [gap(4000); 3]);
    assert_eq!(show.chunks("video").last(), Some(&18_000));
}

#[test]
fn of_two_encoders_the_first_copy_wins_and_one_that_lags_is_dropped() {
    let mut show = Show::new(RULES);
    show.open(1);
    show.open(2);
    for n in 0..8 {
        assert_eq!(show.bring(1, 0, n * 2000, 2000, 1), OK);
        assert_eq!(show.bring(1, 1, n * 2000, 2000, 1), OK);
        assert_eq!(show.bring(2, 0, n * 2000, 2000, 1), Outcome::Duplicate);
        assert_eq!(show.bring(2, 1, n * 2000, 2000, 7), Outcome::Conflict);
        show.wait(2000);
    }
    // A third one on another timeline has to wait until the others are gone.
    show.open(3);
    assert_eq!(show.bring(3, 0, 0, 2000, 3), Outcome::Conflict);
    assert_eq!(show.bring(3, 0, 1000, 2000, 3), Outcome::Late);
    show.broadcast.close(1);
    show.broadcast.close(2);
    assert_eq!(show.bring(3, 0, 2000, 2000, 3), RESTARTED);
    assert_eq!(show.bring(3, 1, 2000, 2000, 3), OK);
    assert_eq!(show.chunks("video").last(), Some(&16_000));
}

#[test]
fn a_silent_connection_does_not_keep_an_encoder_out() {
    let mut show = Show::new(RULES);
    show.open(1);
    for n in 0..8 {
        show.ffmpeg(1, n, 0);
    }
    // The old connection is half open: it delivered two seconds ago.
    show.open(2);
    assert_eq!(show.ffmpeg(2, 0, 90)[0], Outcome::Conflict);
    assert_eq!(show.ffmpeg(2, 1, 90)[0], Outcome::Conflict);
    assert_eq!(show.ffmpeg(2, 2, 90)[..2], [RESTARTED, OK]);
    assert_eq!(show.chunks("video").last(), Some(&16_000));
}

#[test]
fn one_connection_may_jump_back() {
    let mut show = Show::new(RULES);
    show.open(1);
    for n in 0..8 {
        show.ffmpeg(1, n, 0);
    }
    assert_eq!(show.ffmpeg(1, 0, 90)[..2], [RESTARTED, OK]);
    assert_eq!(show.ffmpeg(1, 1, 90)[..2], [OK, OK]);
    assert_eq!(show.chunks("video").last(), Some(&18_000));
}

#[test]
fn wall_clock_times_and_a_change_of_timeline() {
    let day = 86_400_000;
    let epoch = 1_700_000_000_000;
    let mut show = Show::new(RULES);
    show.open(1);
    assert_eq!(show.bring(1, 0, epoch, 2000, 1), OK);
    assert_eq!(show.bring(1, 1, epoch, 2000, 1), OK);
    assert_eq!(show.bring(1, 2, epoch, 2000, 1), OK);
    assert_eq!(show.chunks("video"), [epoch.cast_unsigned()]);
    show.wait(60_000);
    assert_eq!(show.bring(1, 0, epoch + 3 * day, 2000, 1), RESTARTED);
    assert_eq!(show.bring(1, 1, epoch + 3 * day, 2000, 1), OK);
    assert_eq!(show.chunks("video")[1], epoch.cast_unsigned() + 2000);
    // ffmpeg takes over, then an encoder on the first timeline comes back.
    show.broadcast.close(1);
    show.open(2);
    for n in 0..3 {
        show.ffmpeg(2, n, 50);
    }
    show.broadcast.close(2);
    show.open(3);
    assert_eq!(show.bring(3, 0, epoch + 20_000, 2000, 1), gap(10_000));
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
fn rare_captions_follow_the_encoder_to_its_new_run() {
    let mut show = Show::new(RULES);
    let captions = [spec(Kind::Text, "captions", 1)];
    for run in 0..2u8 {
        let session = u64::from(run) * 10;
        show.open(session);
        for n in 0..20 {
            show.ffmpeg(session, n, run * 100);
            if n % 10 == 6 {
                // Each in a post of its own.
                let post = session + 1 + n.cast_unsigned();
                show.broadcast.open(post, &captions).unwrap();
                let outcome = show.bring(post, 3, n * 2000, 2000, run);
                assert!(matches!(outcome, Outcome::Accepted { restarted: false, .. }), "{outcome:?}");
                show.broadcast.close(post);
            }
        }
        show.broadcast.close(session);
    }
    assert_eq!(show.chunks("captions"), [12_000, 32_000, 52_000, 72_000]);
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
    assert_eq!(show.broadcast.log.range(0), Some((300_000_000, 380_000_000)));

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
fn a_broadcast_after_another_uses_no_time_twice() {
    let mut show = Show::after(RULES, 100_000_000);
    show.open(1);
    assert_eq!(show.ffmpeg(1, 0, 0)[..2], [RESTARTED, OK]);
    show.ffmpeg(1, 1, 0);
    assert_eq!(show.chunks("video"), [10_000, 12_000]);
    assert_eq!(show.chunks("audio"), [10_000, 11_920]);
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
