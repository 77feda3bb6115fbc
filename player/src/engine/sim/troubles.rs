//! What a viewer sees when something is wrong, told in virtual time.

use smooth::Span;
use smooth::manifest::Kind;

use super::*;
use crate::engine::{AppendFailure, Code, Command, GapCause, Notice, Settings, Severity};

#[test]
fn a_hole_in_the_broadcast_is_jumped() {
    let mut origin = Origin::broadcast(Broadcast::default());
    for feed in &mut origin.feeds {
        let from = feed.chunks[30].time;
        feed.chunks.iter_mut().filter(|c| c.time >= from).for_each(|c| c.time += 60_000_000);
    }
    let mut w = world(origin);
    w.play(120.0);
    let jump =
        |n: &Notice| matches!(n, Notice::GapJump { cause: GapCause::Hole, from, to } if to - from > 5.0);
    assert!(w.notices.iter().any(|(_, n)| jump(n)), "{:?}", w.notices);
    assert!(w.position > 105.0, "{}", w.position);
}

#[test]
fn a_hole_that_nothing_will_fill_costs_no_time() {
    let mut origin = Origin::vod(60);
    for feed in &mut origin.feeds {
        feed.chunks.retain(|c| !(200_000_000..240_000_000).contains(&c.time));
    }
    let mut w = world(origin);
    assert!(w.run(90.0, |w| w.ended), "{}", w.position);
    let jump = |n: &&(f64, Notice)| matches!(n.1, Notice::GapJump { .. });
    assert_eq!(w.notices.iter().filter(jump).count(), 1, "{:?}", w.notices);
    assert!(w.stalled < 0.05, "{}", w.stalled);
}

#[test]
fn a_few_missing_frames_of_sound_are_jumped() {
    let mut origin = Origin::broadcast(Broadcast::default());
    let sound = origin.feeds.iter_mut().find(|feed| feed.kind == Kind::Audio).unwrap();
    let from = sound.chunks[30].time;
    sound.chunks.iter_mut().filter(|c| c.time >= from).for_each(|c| c.time += 533_333);
    let mut w = world(origin);
    w.play(120.0);
    let jump = |n: &Notice| matches!(n, Notice::GapJump { cause: GapCause::Hole, .. });
    assert!(w.notices.iter().any(|(_, n)| jump(n)), "{:?}", w.notices);
    assert!(w.position > 105.0 && w.stalled < 1.0, "{} after {} s of stall", w.position, w.stalled);
}

#[test]
fn an_empty_text_stream_and_an_unknown_codec_do_not_matter() {
    let mut origin = Origin::vod(20);
    origin.feeds.push(Feed::new(Kind::Text, &[1000], 10_000_000, 0, 20_000_000, 0));
    origin.feeds.push(Feed { name: "old", fourcc: "WVC1", ..origin.feeds[0].clone() });
    let settings = Settings { captions: Some("text".into()), ..Settings::default() };
    let mut w = World::new(origin, settings);
    w.load(None);
    assert!(w.run(30.0, |w| w.ended));
    assert!(w.notices.iter().any(|(_, n)| matches!(n, Notice::Skipped(s) if s.stream == "old")));
}

#[test]
fn nothing_playable_names_every_reason() {
    let mut w = World::new(Origin::vod(20), Settings::default());
    w.unsupported = "mp4";
    w.load(None);
    w.play(1.0);
    let skipped = w.notices.iter().filter(|(_, n)| matches!(n, Notice::Skipped(_))).count();
    assert_eq!(skipped, 8, "six levels, two streams");
    let last = errors(&w).last().cloned().unwrap();
    assert_eq!((last.code, last.severity), (Code::NothingPlayable, Severity::Fatal));
}

#[test]
fn a_missing_fragment_is_had_in_another_quality_or_left_out() {
    let mut origin = Origin::vod(60);
    origin.faults.push(Fault { text: "300000)/Fragments(video=200000000)", from: 0.0, to: 1e9, status: 404 });
    origin.faults.push(Fault { text: "(video=400000000)", from: 0.0, to: 1e9, status: 404 });
    let mut w = world(origin);
    w.rates = vec![(0.0, 600e3)];
    assert!(w.run(120.0, |w| w.ended), "{}", w.position);
    let skipped: Vec<_> =
        w.notices.iter().filter(|(_, n)| matches!(n, Notice::ChunkSkipped { .. })).collect();
    assert_eq!(skipped.len(), 1, "{skipped:?}");
    assert!(w.urls.iter().any(|(_, url)| url.contains("700000)/Fragments(video=200000000)")));
}

#[test]
fn a_server_that_falters_is_asked_again() {
    let mut origin = Origin::vod(60);
    origin.faults.push(Fault { text: "Fragments", from: 3.0, to: 12.0, status: 503 });
    let mut w = world(origin);
    w.rates = vec![(0.0, 3e6)];
    assert!(w.run(90.0, |w| w.ended), "{}", w.position);
    assert!(errors(&w).iter().all(|p| p.severity == Severity::Recovered));
    let asked = w.urls.iter().filter(|(at, _)| (3.0..12.0).contains(at)).count();
    assert!(asked < 20, "{asked}");
}

#[test]
fn what_is_lost_for_good_is_a_fatal_error_with_a_remedy() {
    for status in [500, 404] {
        let mut origin = Origin::vod(60);
        origin.faults.push(Fault { text: "video=", from: 3.0, to: 1e9, status });
        let mut w = world(origin);
        w.play(120.0);
        let last = errors(&w).last().cloned().unwrap();
        assert_eq!((last.code, last.severity), (Code::FragmentsLost, Severity::Fatal), "{status}");
        assert!(!last.remedy().is_empty());
        assert!(w.position > 8.0);
    }
}

#[test]
fn one_lost_bitrate_of_a_broadcast_is_left_for_another() {
    let mut origin = Origin::broadcast(Broadcast::default());
    origin.faults.push(Fault { text: "(5000000)/", from: 30.0, to: 1e9, status: 412 });
    let mut w = world(origin);
    w.play(120.0);
    assert!(w.stalled < 0.1, "{}", w.stalled);
    assert!(w.position > 115.0);
    assert!(w.manifests() <= 3, "{}", w.manifests());
}

#[test]
fn a_paused_viewer_who_falls_out_of_the_window_comes_back_at_its_start() {
    let mut w = world(Origin::broadcast(Broadcast { dvr: 40.0, ..Broadcast::default() }));
    w.play(10.0);
    w.paused = true;
    w.play(180.0);
    w.paused = false;
    w.play(100.0);
    let slid = |n: &Notice| matches!(n, Notice::GapJump { cause: GapCause::WindowSlid | GapCause::Hole, .. });
    assert!(w.notices.iter().any(|(_, n)| slid(n)), "{:?}", w.notices);
    let (start, end) = w.seekable;
    assert!(w.position >= start - 0.5 && w.position <= end, "{} {start} {end}", w.position);
    assert!(w.manifests() <= 5, "{}", w.manifests());
}

#[test]
fn an_encoder_that_falls_silent_is_noticed_and_awaited() {
    let live = Broadcast { ends: 60.0, closes: false, ..Broadcast::default() };
    let mut w = world(Origin::broadcast(live));
    w.play(120.0);
    assert!(w.notices.iter().any(|(_, n)| matches!(n, Notice::Silence { .. })));
    assert!(w.manifests() < 15, "{}", w.manifests());
    w.origin.live.as_mut().unwrap().ends = 1e9;
    w.play(60.0);
    assert!(w.notices.iter().any(|(_, n)| *n == Notice::SilenceEnded));
    let before = w.position;
    w.play(10.0);
    assert!(w.position > before + 9.0, "{before} {}", w.position);
}

#[test]
fn a_full_buffer_means_a_smaller_goal() {
    let mut w = World::new(Origin::vod(120), Settings::default());
    w.quota = 15.0;
    w.load(None);
    assert!(w.run(140.0, |w| w.ended), "{} {:?}", w.position, w.notices.last());
    assert!(w.stalled < 0.1, "{}", w.stalled);
    assert!(errors(&w).iter().any(|p| p.code == Code::BufferFull));
}

#[test]
fn a_broadcast_that_has_not_begun_is_awaited() {
    let mut w = world(Origin::broadcast(Broadcast { head_start: -10.0, ..Broadcast::default() }));
    w.play(60.0);
    assert_eq!(errors(&w).first().unwrap().code, Code::NotStarted);
    assert!(w.position > 25.0, "{}", w.position);
}

#[test]
fn a_manifest_that_is_not_there_is_told_at_once_or_awaited() {
    let mut origin = Origin::broadcast(Broadcast::default());
    origin.faults.push(Fault { text: "Manifest", from: 0.0, to: 5.0, status: 404 });
    let mut w = world(origin);
    w.play(30.0);
    assert!(w.position > 20.0);
    let mut origin = Origin::vod(60);
    origin.faults.push(Fault { text: "Manifest", from: 0.0, to: 1e9, status: 403 });
    let mut w = world(origin);
    w.play(1.0);
    let last = errors(&w).last().cloned().unwrap();
    assert_eq!((last.code, last.severity, last.status), (Code::ManifestRefused, Severity::Fatal, 403));
}

#[test]
fn a_decoder_that_gives_up_gets_a_new_source_and_another_quality() {
    let mut w = world(Origin::vod(60));
    w.play(10.0);
    let before = renditions(&w).last().unwrap().1;
    w.refuse(Kind::Video, AppendFailure::Decode);
    assert!(w.run(80.0, |w| w.ended), "{}", w.position);
    let after = renditions(&w).iter().find(|r| r.0 > 10.0).unwrap().1;
    assert_ne!(before, after);
    let opened = w.log.iter().filter(|(_, c)| *c == Command::Open).count();
    assert_eq!(opened, 2);
    assert_eq!(errors(&w).len(), 1);
}

#[test]
fn a_publishing_point_that_starts_anew_at_zero_goes_on() {
    let mut w = world(Origin::broadcast(Broadcast { closes: false, ..Broadcast::default() }));
    w.play(20.0);
    for (feed, start) in w.origin.feeds.iter_mut().zip([5000, 0]) {
        feed.chunks =
            (0..1800).map(|i| Span { time: start + i * 20_000_000, duration: 20_000_000 }).collect();
    }
    w.origin.gone = true;
    w.origin.live.as_mut().unwrap().head_start = -5.0;
    w.play(60.0);
    let restarted = |n: &Notice| matches!(n, Notice::GapJump { cause: GapCause::Restarted, .. });
    assert!(w.notices.iter().any(|(_, n)| restarted(n)), "{:?}", w.notices.last());
    let before = w.moved();
    w.play(10.0);
    assert!(w.moved() - before > 9.0, "{}", w.position);
}

#[test]
fn sound_alone_and_pictures_alone_play() {
    for feed in [0, 1] {
        for mut origin in [Origin::vod(30), Origin::broadcast(Broadcast::default())] {
            origin.feeds.remove(feed);
            let mut w = world(origin);
            w.play(25.0);
            assert_eq!(w.stalled, 0.0);
            assert!(w.moved() > 24.0, "{}", w.moved());
            assert_eq!(w.manifests(), 1);
        }
    }
}

#[test]
fn captions_that_begin_later_are_found() {
    let mut w = World::new(
        Origin::broadcast(Broadcast::default()),
        Settings { captions: Some("text".into()), ..Settings::default() },
    );
    w.load(None);
    w.play(15.0);
    let text = Feed {
        name: "text",
        fourcc: "TTML",
        bitrates: vec![1000],
        kind: Kind::Text,
        ..w.origin.feeds[0].clone()
    };
    w.origin.feeds.push(text);
    w.play(80.0);
    assert!(w.captions.cues.len() > 8, "{:?}", w.captions);
    assert!(w.manifests() <= 4, "{}", w.manifests());
    assert_eq!(w.stalled, 0.0);
}

#[test]
fn a_hole_in_one_bitrate_of_the_window_is_filled_from_another() {
    let mut origin = Origin::broadcast(Broadcast { head_start: 120.0, dvr: 0.0, ..Broadcast::default() });
    origin.faults.push(Fault { text: "(5000000)/", from: 5.0, to: 1e9, status: 412 });
    let mut w = world(origin);
    w.play(6.0);
    w.seek(20.0);
    w.play(40.0);
    assert_eq!((w.stalled, w.manifests()), (0.0, 1));
    assert!(w.position > 58.0, "{}", w.position);
}
