//! Encoders that begin anew, come back, lag, or change their clock.

use super::*;

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
    for n in 0..2 {
        assert_eq!(show.bring(3, 0, n * 2000, 2000, 3), Outcome::Held);
        assert_eq!(show.bring(3, 1, n * 2000, 2000, 3), Outcome::Held);
    }
    assert_eq!(show.chunks("video").last(), Some(&14_000));
    show.broadcast.close(1);
    show.broadcast.close(2);
    // What it brought meanwhile is not lost.
    assert_eq!(show.bring(3, 0, 4000, 2000, 3), OK);
    assert_eq!(show.bring(3, 1, 4000, 2000, 3), OK);
    assert_eq!(show.chunks("video")[7..], [14_000, 16_000, 18_000, 20_000]);
    assert_eq!(show.broadcast.tracks[0].counters.restarts, 1);
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
    assert_eq!(show.ffmpeg(2, 0, 90)[0], Outcome::Held);
    assert_eq!(show.ffmpeg(2, 1, 90)[0], Outcome::Held);
    assert_eq!(show.ffmpeg(2, 2, 90)[..2], [OK, OK]);
    assert_eq!(show.chunks("video")[7..], [14_000, 16_000, 18_000, 20_000]);
    assert_eq!(show.chunks("audio").len(), 11);
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
fn a_broadcast_after_another_uses_no_time_twice() {
    let mut show = Show::after(RULES, 100_000_000);
    show.open(1);
    assert_eq!(show.ffmpeg(1, 0, 0)[..2], [RESTARTED, OK]);
    show.ffmpeg(1, 1, 0);
    assert_eq!(show.chunks("video"), [10_000, 12_000]);
    assert_eq!(show.chunks("audio"), [10_000, 11_920]);
}
