//! Two encoders for the same tracks: `alignment` and the waiting for holes.

use super::*;

/// Both levels of video, and audio, cut alike.
fn both(show: &mut Show, session: SessionId, time: i64, duration: u64, content: u8) -> [Outcome; 3] {
    [0, 1, 2].map(|track| show.bring(session, track, time, duration, content))
}

fn is_misaligned(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Misaligned(_))
}

#[test]
fn an_encoder_that_cuts_elsewhere_is_sent_away_and_never_harms_the_first() {
    // Start of the second encoder, and duration of its fragments: skewed either way, on another grid,
    // an hour ahead.
    for (skew, duration) in [(300, 2000), (-300, 2000), (0, 3000), (0, 1000), (1000, 2000), (3_600_000, 2000)]
    {
        let mut show = Show::new(RULES);
        show.open(1);
        both(&mut show, 1, 0, 2000, 1);
        show.open(2);
        let (mut next, mut sent_away) = (2000, false);
        for n in 1..20 {
            let now = n * 2000;
            // Whoever is first with a stretch of time, the first encoder keeps its place.
            while next + skew <= now && !sent_away {
                sent_away = both(&mut show, 2, next + skew, duration, 2).into_iter().any(is_misaligned);
                next += i64::try_from(duration).unwrap();
            }
            if sent_away {
                show.broadcast.close(2);
            }
            assert_eq!(both(&mut show, 1, now, 2000, 1), [OK; 3], "{skew} {duration} {now}");
            show.wait(2000);
            if skew > 10_000 {
                sent_away |= is_misaligned(show.bring(2, 0, now + skew, 2000, 2));
            }
        }
        assert!(sent_away, "{skew} {duration}");
        assert_eq!(show.chunks("video"), (0..20).map(|n| n * 2000).collect::<Vec<_>>());
        assert!(
            show.broadcast.tracks[0]
                .entries
                .iter()
                .all(|e| e.hash == show.broadcast.tracks[0].entries.first().unwrap().hash)
        );
        assert!(show.broadcast.notes.is_empty(), "{:?}", show.broadcast.notes);
    }
}

#[test]
fn the_younger_of_two_goes_when_their_clocks_have_drifted_apart() {
    let mut show = Show::new(RULES);
    show.open(1);
    show.open(2);
    let (mut elder, mut younger) = (Vec::new(), Vec::new());
    for n in 0..40 {
        // From the sixth fragment on the younger one is ahead, and early by more and more.
        let drift = (n - 5).clamp(0, 10) * 60;
        if !younger.iter().copied().any(is_misaligned) {
            younger.push(show.bring(2, 0, n * 2000 - drift, 2000, 2));
            if younger.last().copied().is_some_and(is_misaligned) {
                show.broadcast.close(2);
            }
        }
        elder.push(show.bring(1, 0, n * 2000, 2000, 1));
        show.bring(1, 1, n * 2000, 2000, 1);
        show.wait(2000);
    }
    assert!(younger.iter().copied().any(is_misaligned), "{younger:?} {elder:?}");
    assert!(!elder.iter().copied().any(is_misaligned), "{elder:?}");
    assert_eq!(elder[30..], [OK; 10]);
}

#[test]
fn aligned_encoders_a_frame_apart_are_copies_of_each_other() {
    let mut show = Show::new(RULES);
    show.open(1);
    show.open(2);
    for n in 0..10 {
        assert_eq!(both(&mut show, 1, n * 2000, 2000, 1), [OK; 3]);
        let second = both(&mut show, 2, n * 2000 + 21, 2000, 2);
        assert_eq!(second, [Outcome::Conflict; 3], "{n}");
        show.wait(2000);
    }
    assert_eq!(show.broadcast.tracks[0].counters.conflicts, 10);
    // The first one is gone: the other goes on where it ended.
    show.broadcast.close(1);
    for n in 10..13 {
        for outcome in both(&mut show, 2, n * 2000 + 21, 2000, 2) {
            assert!(matches!(outcome, Outcome::Accepted { restarted: false, .. }), "{outcome:?}");
        }
        show.wait(2000);
    }
    assert_eq!(show.chunks("video").len(), 13);
}

#[test]
fn an_encoder_that_lags_takes_over_without_beginning_anew() {
    let mut show = Show::new(Rules { resend_fragments: 2, ..RULES });
    show.open(1);
    show.open(2);
    for n in 0..20 {
        both(&mut show, 1, n * 2000, 2000, 1);
        if n >= 4 {
            // Eight seconds behind, and its bytes differ.
            both(&mut show, 2, (n - 4) * 2000, 2000, 2);
        }
        show.wait(2000);
    }
    show.broadcast.close(1);
    for n in 16..25 {
        let expected = if n < 20 { Outcome::Conflict } else { OK };
        assert_eq!(both(&mut show, 2, n * 2000, 2000, 2), [expected; 3], "{n}");
        show.wait(2000);
    }
    assert_eq!(show.chunks("video"), (0..25).map(|n| n * 2000).collect::<Vec<_>>());
    assert_eq!(show.broadcast.tracks[0].counters.restarts, 0);
}

#[test]
fn what_an_encoder_brought_before_it_was_known_to_fit_is_not_lost() {
    let mut show = Show::new(RULES);
    show.open(1);
    for n in 0..5 {
        both(&mut show, 1, n * 2000, 2000, 1);
        show.wait(2000);
    }
    // The second one is ahead: nothing says yet that it fits.
    show.open(2);
    assert_eq!(both(&mut show, 2, 12_000, 2000, 2), [Outcome::Held; 3]);
    assert_eq!(both(&mut show, 1, 10_000, 2000, 1), [OK; 3]);
    // The first one dies. Then what waited goes in.
    show.broadcast.close(1);
    assert_eq!(both(&mut show, 2, 14_000, 2000, 2), [OK; 3]);
    assert_eq!(show.chunks("video"), (0..8).map(|n| n * 2000).collect::<Vec<_>>());
}

#[test]
fn a_hole_waits_for_the_encoder_that_may_fill_it_and_no_longer() {
    let mut show = Show::new(RULES);
    show.open(1);
    show.open(2);
    for n in 0..5 {
        both(&mut show, 1, n * 2000, 2000, 1);
        both(&mut show, 2, n * 2000, 2000, 1);
        show.wait(2000);
    }
    // The first one loses a fragment, the second one is late.
    both(&mut show, 1, 12_000, 2000, 1);
    assert_eq!(show.chunks("video").last(), Some(&8000));
    assert_eq!(both(&mut show, 2, 10_000, 2000, 1), [OK; 3]);
    assert_eq!(show.chunks("video"), (0..7).map(|n| n * 2000).collect::<Vec<_>>());
    // Both lose it: when the second one is past it, it is a hole.
    both(&mut show, 1, 16_000, 2000, 1);
    assert_eq!(show.chunks("video").last(), Some(&12_000));
    both(&mut show, 2, 16_000, 2000, 1);
    assert_eq!(show.chunks("video").last(), Some(&16_000));
    // The second one falls silent: soon nobody waits for it.
    show.wait(2000);
    for n in 10..20 {
        both(&mut show, 1, n * 2000, 2000, 1);
        show.wait(2000);
    }
    assert_eq!(show.chunks("video").last(), Some(&38_000));
}

/// A broadcast of two encoders with captions as their fourth track.
fn captioned() -> Show {
    let mut show = Show::new(RULES);
    join_captioned(&mut show, [1, 2]);
    show
}

fn join_captioned(show: &mut Show, sessions: [SessionId; 2]) {
    let tracks = [ladder(), vec![spec(Kind::Text, "captions", 1)]].concat();
    for session in sessions {
        show.broadcast.open(session, &tracks).unwrap();
    }
}

/// Picture and sound of `n`, and a caption that lasts longer than to the next one.
fn caption(show: &mut Show, session: SessionId, n: i64, content: u8) -> Outcome {
    show.bring(session, 3, n * 2000, 5000, content)
}

#[test]
fn captions_that_the_faster_of_two_encoders_lost_come_from_the_other() {
    // Their captions may differ, as those of two machines do.
    for content in [1, 2] {
        let mut show = captioned();
        for n in 0..6 {
            both(&mut show, 1, n * 2000, 2000, 1);
            if n != 3 {
                assert_eq!(caption(&mut show, 1, n, 1), OK, "{n}");
            }
            // The other one is a fragment and more behind.
            if n > 0 {
                both(&mut show, 2, (n - 1) * 2000, 2000, 1);
                let outcome = caption(&mut show, 2, n - 1, content);
                let copy = if content == 1 { Outcome::Duplicate } else { Outcome::Conflict };
                assert_eq!(outcome, if n == 4 { OK } else { copy }, "{n}");
                // What both brought is there at once; nobody waits for who has never brought any.
                let newest = if n == 1 { 1 } else { n - 1 } * 2000;
                assert_eq!(show.chunks("captions").last(), Some(&u64::try_from(newest).unwrap()));
            }
            show.wait(2000);
        }
        show.broadcast.finish();
        assert_eq!(show.chunks("captions"), (0..6).map(|n| n * 2000).collect::<Vec<_>>());
    }
}

#[test]
fn captions_wait_for_the_other_encoder_no_longer_than_until_their_picture_is_seen() {
    let mut show = captioned();
    for n in 0..3 {
        for session in [1, 2] {
            both(&mut show, session, n * 2000, 2000, 1);
            caption(&mut show, session, n, 1);
        }
    }
    assert_eq!(show.chunks("captions"), [0, 2000, 4000]);
    // The second one has lost its captions. Two chunks are held back, and behind them nobody is kept waiting.
    for n in 3..11_u64 {
        let at = i64::try_from(n).unwrap();
        both(&mut show, 1, at * 2000, 2000, 1);
        assert_eq!(caption(&mut show, 1, at, 1), OK);
        both(&mut show, 2, at * 2000, 2000, 1);
        // After ten seconds it is not waited for at all.
        let newest = match n {
            3 | 4 => 4000,
            5..=8 => (n - 2) * 2000,
            _ => n * 2000,
        };
        assert_eq!(show.chunks("captions").last(), Some(&newest), "{n}");
    }
    // It has them again.
    caption(&mut show, 2, 10, 1);
    caption(&mut show, 1, 11, 1);
    assert_eq!(show.chunks("captions").last(), Some(&20_000));
    // It hangs up.
    show.broadcast.close(2);
    assert_eq!(show.chunks("captions").last(), Some(&22_000));
    // Who is alone waits for nobody.
    caption(&mut show, 1, 13, 1);
    assert_eq!(show.chunks("captions").last(), Some(&26_000));
}

#[test]
fn captions_come_from_the_other_encoder_after_both_began_anew() {
    let mut show = captioned();
    for (sessions, lost) in [([1, 2], None), ([3, 4], Some(3))] {
        join_captioned(&mut show, sessions);
        for n in 0..8 {
            both(&mut show, sessions[0], n * 2000, 2000, 1);
            if lost != Some(n) {
                caption(&mut show, sessions[0], n, 1);
            }
            // The second is never first, but with that caption.
            if n > 0 {
                both(&mut show, sessions[1], (n - 1) * 2000, 2000, 1);
                caption(&mut show, sessions[1], n - 1, 1);
            }
            show.wait(2000);
        }
        sessions.iter().for_each(|&session| show.broadcast.close(session));
    }
    assert_eq!(show.broadcast.tracks[0].counters.restarts, 1);
    assert_eq!(show.chunks("captions"), (0..16).map(|n| n * 2000).collect::<Vec<_>>());
}

#[test]
fn captions_that_wait_are_not_lost_with_the_encoder_that_brought_them() {
    let mut show = captioned();
    for n in 0..10 {
        both(&mut show, 1, n * 2000, 2000, 1);
        caption(&mut show, 1, n, 1);
        if n < 9 {
            both(&mut show, 2, n * 2000, 2000, 1);
            caption(&mut show, 2, n, 1);
        }
    }
    let captions = show.broadcast.views().pop().unwrap();
    assert_eq!((captions.kind, captions.waiting), (Kind::Text, Some(180_000_000)));
    // The first one dies and begins anew, while the second one is stuck.
    show.broadcast.close(1);
    show.wait(6000);
    show.open(3);
    for n in 0..4 {
        both(&mut show, 3, n * 2000, 2000, 2);
        show.wait(2000);
    }
    assert_eq!(show.broadcast.tracks[0].counters.restarts, 1);
    assert_eq!(show.chunks("captions"), (0..10).map(|n| n * 2000).collect::<Vec<_>>());
}

#[test]
fn captions_of_nothing_wait_for_nobody() {
    let mut show = Show::new(RULES);
    for session in [1, 2] {
        show.broadcast.open(session, &[spec(Kind::Text, "captions", 1)]).unwrap();
        show.bring(session, 0, 0, 2000, 1);
    }
    show.bring(1, 0, 2000, 2000, 1);
    assert_eq!(show.chunks("captions"), [0, 2000]);
}

/// Two ffmpeg with B-frames: sound is cut 80 ms before the picture, but the first of a run begins with it.
fn sound(show: &mut Show, session: SessionId, n: i64, first: bool) -> Outcome {
    let start = n * 2000 - if first { 21 } else { 80 };
    show.bring(session, 2, start, u64::try_from((n + 1) * 2000 - 80 - start).unwrap(), 1)
}

/// Starts and ends of the sound's chunks.
fn heard(show: &Show) -> Vec<(u64, u64)> {
    show.chunks("audio").into_iter().zip(show.ends("audio")).collect()
}

fn begun() -> Show {
    let mut show = Show::new(RULES);
    show.open(1);
    for n in 1..5 {
        assert_eq!(sound(&mut show, 1, n, false), OK);
        show.wait(2000);
    }
    show.open(2);
    show
}

#[test]
fn sound_that_begins_late_gives_way_to_the_copy_without_a_hole() {
    let whole = [(5920, 7920), (7920, 9920), (9920, 11_920), (11_920, 13_920)];
    for late_first in [true, false] {
        let mut show = begun();
        if late_first {
            assert_eq!(sound(&mut show, 2, 5, true), gap(59));
            assert_eq!(heard(&show).last(), Some(&(7920, 9920)), "nobody is told of it yet");
            assert_eq!(sound(&mut show, 1, 5, false), OK);
        } else {
            assert_eq!(sound(&mut show, 1, 5, false), OK);
            assert_eq!(sound(&mut show, 2, 5, true), Outcome::Conflict);
        }
        assert_eq!(show.broadcast.tracks[2].counters.conflicts, 1);
        assert_eq!(sound(&mut show, 2, 6, false), OK);
        assert_eq!(sound(&mut show, 1, 6, false), Outcome::Duplicate);
        assert_eq!(heard(&show)[2..], whole, "{late_first}");
    }
}

#[test]
fn sound_that_begins_late_is_published_once_nobody_has_it_whole() {
    // The other one hangs up.
    let mut show = begun();
    assert_eq!(sound(&mut show, 2, 5, true), gap(59));
    show.broadcast.close(1);
    assert_eq!(sound(&mut show, 2, 6, false), OK);
    assert_eq!(heard(&show)[4..], [(9979, 11_920), (11_920, 13_920)]);
    // The other one lost it, too.
    let mut show = begun();
    assert_eq!(sound(&mut show, 2, 5, true), gap(59));
    assert_eq!(sound(&mut show, 1, 6, false), OK);
    assert_eq!(heard(&show)[4..], [(9979, 11_920), (11_920, 13_920)]);
}

#[test]
fn who_stood_by_when_the_other_died_goes_on_with_what_follows() {
    let mut show = begun();
    assert_eq!(sound(&mut show, 1, 5, false), OK);
    show.broadcast.close(1);
    // Its first fragment comes only now; the other one had it.
    assert_eq!(sound(&mut show, 2, 5, true), Outcome::Conflict);
    assert_eq!(sound(&mut show, 2, 6, false), OK);
    show.broadcast.close(2);
    // Nor was anybody there when this one came.
    show.open(3);
    assert_eq!(sound(&mut show, 3, 6, true), Outcome::Conflict);
    assert_eq!(sound(&mut show, 3, 7, false), OK);
    assert_eq!(heard(&show)[4..], [(9920, 11_920), (11_920, 13_920), (13_920, 15_920)]);
    assert_eq!(show.broadcast.tracks[2].counters.restarts, 0);
}

#[test]
fn sound_has_no_hole_however_often_encoders_with_b_frames_are_restarted() {
    for seed in 0..300 {
        let mut dice = Dice(seed);
        let mut show = Show::new(RULES);
        // Connection, and its next fragment; a restart costs one and a half of them.
        let mut encoders = [(1, 0), (2, 0)];
        encoders.iter().for_each(|&(session, _)| show.open(session));
        let mut first = [true; 2];
        let mut fresh = 2;
        for n in 0..40 {
            let mut order = [0, 1];
            if dice.roll(2) == 0 {
                order.reverse();
            }
            for at in order {
                let (session, from) = encoders[at];
                if n < from {
                    continue;
                }
                sound(&mut show, session, n, std::mem::take(&mut first[at]));
            }
            show.wait(2000);
            // One at a time: the other has been there for a while.
            let at = usize::try_from(dice.roll(2)).unwrap();
            if n >= 3 && dice.roll(3) == 0 && encoders.iter().all(|&(_, from)| n > from) {
                show.broadcast.close(encoders[at].0);
                fresh += 1;
                show.open(fresh);
                encoders[at] = (fresh, n + 2);
                first[at] = true;
            }
        }
        show.broadcast.finish();
        let chunks = heard(&show);
        assert_eq!(chunks.len(), 40, "seed {seed}");
        assert!(chunks.windows(2).all(|w| w[0].1 == w[1].0), "seed {seed}: {chunks:?}");
        assert!(fresh > 4, "seed {seed}: nothing was restarted");
    }
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Plays 30 fragments from two encoders; of each fragment at least one of them has every track.
fn with_losses(seed: u64) -> Show {
    let mut dice = Dice(seed);
    let mut show = Show::new(RULES);
    let lag = i64::try_from(dice.roll(3)).unwrap();
    let mut sessions = [(1, 0), (2, lag)];
    sessions.iter().for_each(|(session, _)| show.open(*session));
    let mut fresh = 10;
    // Not three in a row: after 2.5 durations an encoder counts as silent.
    let lost: Vec<_> = (0..30).map(|n| n >= 3 && n % 3 != 0 && dice.roll(3) == 0).collect();
    for now in 0..30 + lag {
        for (at, encoder) in sessions.iter_mut().enumerate() {
            let (session, behind) = *encoder;
            let n = now - behind;
            let Some(&lost) = usize::try_from(n).ok().and_then(|n| lost.get(n)) else { continue };
            // Losses go back and forth between the two.
            let is_lost = lost && (usize::try_from(n).unwrap() / 5 + at) % 2 == 0;
            if is_lost {
                if dice.roll(2) == 0 {
                    // The connection broke over it; the encoder is back with another one.
                    show.broadcast.close(session);
                    fresh += 1;
                    encoder.0 = fresh;
                    show.open(fresh);
                }
                continue;
            }
            for track in [0, 1, 2] {
                let content = u8::try_from(n * 3).unwrap() + u8::try_from(track).unwrap();
                show.bring(session, track, n * 2000, 2000, content);
            }
        }
        show.wait(2000);
    }
    show.broadcast.finish();
    show
}

#[test]
fn whatever_each_of_two_encoders_loses_the_broadcast_is_what_both_have_together() {
    let all: Vec<_> = (0..30).map(|n| n * 2000).collect();
    let hashes = |show: &Show| {
        let tracks = show.broadcast.tracks.iter();
        tracks.map(|t| t.entries.iter().map(|e| (e.span, e.hash)).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let first = with_losses(0);
    for seed in 0..300 {
        let show = with_losses(seed);
        assert_eq!(show.chunks("video"), all, "seed {seed}");
        assert_eq!(show.chunks("audio"), all, "seed {seed}");
        assert_eq!(hashes(&show), hashes(&first), "seed {seed}");
    }
}
