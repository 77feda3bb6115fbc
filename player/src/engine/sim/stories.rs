//! What a viewer sees, told in virtual time.

use smooth::manifest::Kind;

use super::*;
use crate::engine::{Code, Command, Event, Notice, Settings, SwitchReason};

#[test]
fn on_demand_plays_to_the_end() {
    let mut w = world(Origin::vod(60));
    assert!(w.run(70.0, |w| w.ended), "{} {:?}", w.position, w.notices);
    assert_eq!((w.stalled, w.duration, w.manifests()), (0.0, 60.0, 1));
    assert!(w.now < 61.5);
    assert_eq!(errors(&w), []);
    assert_eq!(w.urls.len(), 1 + 30 + 30);
}

#[test]
fn seeks_play_wherever_they_go() {
    let mut w = world(Origin::vod(600));
    w.play(3.0);
    for position in [300.0, 599.0, 10.1, 12.0, 450.7, 0.0] {
        w.seek(position);
        assert!(w.run(2.0, |w| w.position > position + 0.2), "{position} {:?}", w.notices.last());
    }
    assert_eq!(w.stalled, 0.0);
    w.seek(590.0);
    assert!(w.run(20.0, |w| w.ended));
}

#[test]
fn a_seek_into_the_buffer_asks_for_nothing_twice() {
    let mut w = world(Origin::vod(60));
    w.play(20.0);
    w.seek(4.0);
    w.play(1.0);
    w.seek(15.0);
    assert!(w.run(50.0, |w| w.ended));
    let mut urls: Vec<_> = w.urls.iter().map(|(_, url)| url.split("/Fragments").nth(1)).collect();
    urls.sort();
    let all = urls.len();
    urls.dedup();
    assert_eq!(urls.len(), all);
}

#[test]
fn ten_minutes_live_take_one_manifest_and_no_stall() {
    for hold in [8000, 0] {
        for head_start in [20.0, 20.9, 21.5, 21.99] {
            let mut w = world(Origin::broadcast(Broadcast { hold, head_start, ..Broadcast::default() }));
            w.rates = vec![(0.0, 5e6)];
            w.play(600.0);
            assert_eq!((w.stalled, w.manifests()), (0.0, 1), "{hold} {head_start}");
            assert!(w.position > 598.0, "{}", w.position);
            let stats = w.engine.stats();
            assert!(stats.latency < 10.5, "{}", stats.latency);
            assert!(hold == 0 || stats.not_yet == 0, "{}", stats.not_yet);
            assert_eq!(errors(&w), []);
        }
    }
}

#[test]
fn without_look_ahead_the_manifest_is_asked_every_fragment() {
    for live in [
        Broadcast { look_ahead: 0, hold: 0, ..Broadcast::default() },
        Broadcast { tfrf: false, hold: 0, ..Broadcast::default() },
    ] {
        let mut w = world(Origin::broadcast(live));
        w.play(120.0);
        assert!(w.position > 117.0, "{}", w.position);
        assert!(w.stalled < 0.1, "{}", w.stalled);
        assert!((40..=75).contains(&w.manifests()), "{}", w.manifests());
    }
}

#[test]
fn a_slower_network_costs_quality_before_it_costs_time() {
    for live in [false, true] {
        let origin = if live { Origin::broadcast(Broadcast::default()) } else { Origin::vod(200) };
        let mut w = world(origin);
        w.rates = vec![(0.0, 6e6), (40.0, 1e6), (80.0, 6e6)];
        w.play(38.0);
        let top = renditions(&w).last().unwrap().1;
        assert!(top >= 3_000_000, "{top}");
        w.play(41.0);
        let low = renditions(&w).iter().rfind(|r| r.0 < 79.0).unwrap().1;
        assert!(low <= 700_000, "{low}");
        w.play(50.0);
        let again = renditions(&w).last().unwrap().1;
        assert!(again >= 3_000_000, "{again} {:?}", renditions(&w));
        assert_eq!(
            w.stalled,
            0.0,
            "live {live} {:?} {:?}",
            renditions(&w),
            w.notices.iter().filter(|n| matches!(n.1, Notice::Stall { .. })).collect::<Vec<_>>()
        );
    }
}

#[test]
fn times_beyond_2_to_the_53_are_asked_for_to_the_tick() {
    let start = 17_472_959_488_675_333;
    let mut origin = Origin::new(vec![
        Feed::new(Kind::Video, &[500_000], 10_000_000, start, 20_000_001, 10),
        Feed::new(Kind::Audio, &[64_000], 48_000, 83_870_205_545_642, 96_000, 10),
    ]);
    origin.feeds[0].attributes = vec![("profile".into(), "hi".into()), ("angle".into(), "2".into())];
    let mut w = world(origin);
    assert!(w.run(30.0, |w| w.ended), "{}", w.position);
    assert_eq!(w.stalled, 0.0);
    let first = "http://o/x.isml/QualityLevels(500000,profile=hi,angle=2)/Fragments(video=17472959488675333)";
    assert!(w.urls.iter().any(|(_, url)| url == first), "{:?}", w.urls);
}

#[test]
fn a_timescale_of_1000_and_a_start_at_6_s_begin_at_0() {
    let mut w = world(Origin::new(vec![
        Feed::new(Kind::Video, &[500_000], 1000, 6000, 2000, 10),
        Feed::new(Kind::Audio, &[64_000], 44_100, 264_700, 88_200, 10),
    ]));
    assert!(w.run(30.0, |w| w.ended));
    assert_eq!(w.stalled, 0.0);
    assert!((w.buffered(Kind::Video)[0].start) < 0.001);
    assert!((w.duration - 20.002).abs() < 0.01, "{}", w.duration);
}

#[test]
fn a_ragged_start_is_skipped() {
    let mut w = world(Origin::new(vec![
        Feed::new(Kind::Video, &[500_000], 10_000_000, 20_000_000, 20_000_000, 10),
        Feed::new(Kind::Audio, &[64_000], 10_000_000, 0, 20_000_000, 11),
    ]));
    w.play(1.0);
    assert!(w.position > 2.5, "{}", w.position);
}

#[test]
fn pictures_that_come_late_in_their_chunk_do_not_stop_a_seek() {
    for origin in [Origin::vod(60), Origin::broadcast(Broadcast::default())] {
        let mut w = world(Origin { offset: 800_000, ..origin });
        w.play(5.0);
        assert!(w.moved() > 4.0, "{}", w.position);
        w.seek(12.01);
        w.play(2.0);
        assert!(w.position > 13.5, "{}", w.position);
        assert_eq!(w.stalled, 0.0);
    }
}

#[test]
fn pictures_are_shown_when_their_fragment_says() {
    let late = |feed: Feed| {
        let start = feed.chunks[0].time + 800_000;
        Feed::new(Kind::Video, &feed.bitrates, 10_000_000, start, 20_000_000, feed.chunks.len() as u64)
    };
    for origin in [Origin::vod(60), Origin::broadcast(Broadcast::default())] {
        let live = origin.live.is_some();
        let mut w = world(Origin { offset: 800_000, ..origin.clone() });
        w.play(10.0);
        let start = w.buffered(Kind::Video)[0].start;
        // Nothing is decoded before position 0.
        let expected = if live { 0.0 } else { 0.08 };
        assert!((start.rem_euclid(2.0) - expected).abs() < 1e-6, "{start}");
        // The usual case: sound begins when the first picture is decoded.
        let mut feeds = origin.feeds.clone();
        feeds[0] = late(feeds[0].clone());
        feeds[1].chunks.iter_mut().for_each(|c| c.time -= if live { 106_667 } else { 0 });
        let mut w = world(Origin { offset: 800_000, feeds, ..origin });
        w.play(10.0);
        let start = w.buffered(Kind::Video)[0].start;
        assert!((start.rem_euclid(2.0) - 0.08).abs() < 1e-6, "{start}");
        assert_eq!(w.stalled, 0.0);
    }
}

#[test]
fn a_viewer_far_back_returns_to_the_edge() {
    let mut w = world(Origin::broadcast(Broadcast { dvr: 0.0, head_start: 600.0, ..Broadcast::default() }));
    w.play(10.0);
    w.seek(100.0);
    w.play(60.0);
    assert!((155.0..161.0).contains(&w.position), "{}", w.position);
    assert_eq!(w.manifests(), 1);
    let live = w.seekable.1;
    assert!((live - 660.0).abs() < 6.0, "{live}");
    w.seek(live);
    w.play(30.0);
    assert!(w.position > live + 26.0, "{} {live}", w.position);
    assert!(w.manifests() <= 3, "{}", w.manifests());
    w.seek(1e6);
    w.play(10.0);
    assert!(w.position < 720.0 && w.position > 690.0, "{}", w.position);
}

#[test]
fn the_end_of_a_broadcast_ends_playback() {
    for (look_ahead, hold) in [(2, 8000), (2, 0), (0, 0)] {
        let live = Broadcast { ends: 60.0, look_ahead, hold, dvr: 0.0, ..Broadcast::default() };
        let mut w = world(Origin::broadcast(live));
        assert!(w.run(140.0, |w| w.ended), "{look_ahead} {hold} {} {:?}", w.position, w.notices);
        assert!((w.duration - 90.0).abs() < 2.5, "{}", w.duration);
        assert!(w.manifests() < 40);
    }
}

#[test]
fn captions_come_as_cues_once_each_and_never_hold_up_the_picture() {
    for live in [false, true] {
        let mut origin = if live { Origin::broadcast(Broadcast::default()) } else { Origin::vod(60) };
        let text = Feed {
            name: "text",
            fourcc: "TTML",
            bitrates: vec![1000],
            kind: Kind::Text,
            ..origin.feeds[0].clone()
        };
        origin.feeds.push(text);
        origin.faults.push(Fault { text: "text=40000000)", from: 0.0, to: 1e9, status: 404 });
        let mut w = World::new(origin, Settings { captions: Some("ENG".into()), ..Settings::default() });
        w.load(None);
        w.play(20.0);
        w.seek(4.0);
        w.play(20.0);
        assert_eq!(w.stalled, 0.0);
        let mut starts: Vec<_> = w.captions.cues.iter().map(|(start, _)| *start).collect();
        assert!(starts.len() > 10, "{starts:?}");
        assert!(starts.iter().all(|s| s % 2000 == 0), "{starts:?}");
        starts.sort_unstable();
        let all = starts.len();
        starts.dedup();
        assert_eq!(starts.len(), all, "no cue twice");
        assert_eq!(w.manifests(), 1);
    }
}

#[test]
fn live_captions_that_announce_nothing_are_followed_without_a_manifest() {
    for hole in [false, true] {
        let mut w = captioned(Broadcast { text_tfrf: false, ..Broadcast::default() }, hole);
        w.play(300.0);
        assert_eq!(w.stalled, 0.0);
        let missing = if hole { 15 } else { 0 };
        assert!(w.captions.cues.len() > 140 - missing, "{hole} {}", w.captions.cues.len());
        let most = if hole { 8 } else { 1 };
        assert!(w.manifests() <= most, "{hole} {}", w.manifests());
        let in_vain = w.engine.stats().not_yet;
        assert!(in_vain <= if hole { 6 } else { 0 }, "{hole} {in_vain}");
    }
}

/// A broadcast with captions; with a hole of half a minute in them, if so wanted.
fn captioned(live: Broadcast, hole: bool) -> World {
    let mut origin = Origin::broadcast(live);
    let mut text = Feed {
        name: "text",
        fourcc: "TTML",
        bitrates: vec![1000],
        kind: Kind::Text,
        ..origin.feeds[0].clone()
    };
    if hole {
        text.chunks.drain(60..75);
    }
    origin.feeds.push(text);
    let mut w = World::new(origin, Settings { captions: Some("eng".into()), ..Settings::default() });
    w.load(None);
    w
}

#[test]
fn a_viewer_may_choose_a_quality_and_a_language() {
    let mut origin = Origin::vod(120);
    let other = Feed { name: "audio_ger", ..origin.feeds[1].clone() };
    origin.feeds.push(other);
    let mut w = world(origin);
    w.play(3.0);
    w.feed(Event::SelectLevel { kind: Kind::Video, bitrate: Some(700_000) });
    w.feed(Event::SelectStream { kind: Kind::Audio, name: Some("AUDIO_GER") });
    w.play(20.0);
    assert_eq!(renditions(&w).last().unwrap().1, 700_000);
    assert_eq!(renditions(&w).last().unwrap().2, SwitchReason::Chosen);
    assert!(w.urls.iter().any(|(_, url)| url.contains("audio_ger=")));
    assert!(w.position > 20.0, "{}", w.position);
    w.feed(Event::SelectLevel { kind: Kind::Video, bitrate: Some(1) });
    assert_eq!(errors(&w).last().unwrap().code, Code::NoSuchChoice);
}

#[test]
fn the_same_events_give_the_same_commands() {
    let run = || {
        let mut w = world(Origin::broadcast(Broadcast::default()));
        w.rates = vec![(0.0, 6e6), (20.0, 8e5), (40.0, 6e6)];
        w.play(30.0);
        w.seek(3.0);
        w.play(40.0);
        w.log
    };
    let (a, b) = (run(), run());
    assert!(a == b);
    assert!(a.iter().any(|(_, c)| matches!(c, Command::AppendHead { .. })));
}

#[test]
fn live_a_slower_network_costs_no_time_whenever_it_comes() {
    for phase in 0..8 {
        let head_start = 30.0 + f64::from(phase) * 0.25;
        let mut w = world(Origin::broadcast(Broadcast { head_start, ..Broadcast::default() }));
        w.rates = vec![(0.0, 6e6), (20.0 + f64::from(phase) * 0.37, 1e6)];
        w.play(40.0);
        assert_eq!(w.stalled, 0.0, "{phase} {:?}", renditions(&w));
    }
}
