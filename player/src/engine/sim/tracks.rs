//! Sound in several languages, and streams of data.

use std::collections::HashMap;

use smooth::manifest::{Embedded, EmbeddedContent, Kind, Reason, Skipped};

use super::*;
use crate::engine::{Code, Command, Event, Range, RequestId, Severity};

/// A presentation with sound in two languages.
fn bilingual(live: bool) -> Origin {
    let mut origin = if live { Origin::broadcast(Broadcast::default()) } else { Origin::vod(120) };
    let other = Feed { name: "audio_ger", ..origin.feeds[1].clone() };
    origin.feeds.push(other);
    origin
}

/// The language in the buffer of sound at `position`: that of the fragment that was appended last there.
fn language(w: &World, position: f64) -> Option<&'static str> {
    let mut urls: HashMap<RequestId, &str> = HashMap::new();
    let mut found = None;
    let zero = w.origin.feeds[0].chunks[0].time;
    for (_, command) in &w.log {
        match command {
            Command::Fetch { request, url, .. } => drop(urls.insert(*request, url)),
            Command::AppendHead { request, kind: Kind::Audio, .. } => {
                let (_, rest) = urls[request].split_once("Fragments(").unwrap();
                let (name, time) = rest.split(')').next().unwrap().split_once('=').unwrap();
                let feed = w.origin.feeds.iter().find(|f| f.name == name).unwrap();
                let chunk = feed.chunks.iter().find(|c| c.time.to_string() == time).unwrap();
                let start = (chunk.time - zero) as f64 / 1e7;
                if (start..start + 2.0).contains(&position) {
                    found = Some(feed.name);
                }
            }
            Command::Evict { kind: Kind::Audio, start, end } if (*start..*end).contains(&position) => {
                found = None;
            }
            _ => {}
        }
    }
    found
}

#[test]
fn another_language_takes_over_without_a_stall() {
    for live in [false, true] {
        let mut w = world(bilingual(live));
        w.play(12.0);
        let at = w.position;
        assert_eq!(language(&w, at), Some("audio"));
        w.feed(Event::SelectStream { kind: Kind::Audio, name: Some("audio_ger") });
        // Nothing is removed from under the viewer's ears.
        assert!(w.ahead() > 2.0, "{}", w.ahead());
        w.play(0.5);
        if !live {
            assert_eq!(language(&w, w.position), Some("audio_ger"), "at once");
        }
        w.play(10.0);
        assert_eq!(language(&w, w.position), Some("audio_ger"), "{live}");
        assert_eq!(w.stalled, 0.0, "{live}");
        // No picture is asked for twice.
        let mut pictures: Vec<_> = w.urls.iter().filter_map(|(_, url)| url.split_once("(video=")).collect();
        let all = pictures.len();
        pictures.sort_unstable_by_key(|(_, time)| time.split(')').next());
        pictures.dedup_by_key(|(_, time)| time.split(')').next());
        assert_eq!(pictures.len(), all, "{live}");
        assert!(w.manifests() <= 2, "{live} {}", w.manifests());
    }
}

#[test]
fn no_seek_meets_the_language_of_before() {
    for (wait, to) in [(0.0, 4.0), (0.1, 25.0), (3.0, 4.0), (3.0, 25.0)] {
        let mut w = world(bilingual(false));
        w.play(12.0);
        w.feed(Event::SelectStream { kind: Kind::Audio, name: Some("audio_ger") });
        w.play(wait);
        w.seek(to);
        for _ in 0..100 {
            w.play(0.1);
            if w.ahead() > 0.3 {
                assert_eq!(language(&w, w.position), Some("audio_ger"), "{wait} {to} {}", w.position);
            }
        }
        assert!(w.position > to + 8.0, "{}", w.position);
    }
}

/// What was told of streams of data: when in the session, at which position, what.
fn data(w: &World) -> Vec<(f64, f64, String)> {
    let told = |(at, notice): &(f64, Notice)| match notice {
        Notice::Data { position, content: EmbeddedContent::Sample(bytes), .. } => {
            Some((*at, *position, String::from_utf8(bytes.clone()).unwrap()))
        }
        _ => None,
    };
    w.notices.iter().filter_map(told).collect()
}

#[test]
fn events_of_a_broadcast_come_before_their_time_once_each_and_for_one_manifest() {
    let mut origin = Origin::broadcast(Broadcast { dvr: 0.0, ..Broadcast::default() });
    let zero = origin.feeds[0].chunks[0].time;
    // Two in one chunk of the picture as well: its pointer names the second only.
    let seconds = [5, 40, 61, 90, 91, 130];
    origin.feeds.push(Feed::events(&seconds.map(|s| zero + s * 10_000_000)));
    let mut w = world(origin);
    w.play(130.0);
    let told = data(&w);
    let mut positions: Vec<_> = told.iter().map(|(_, position, _)| position.round() as u64).collect();
    positions.sort_unstable();
    // Playback began at 22 s: what was before is told as well, if it still holds.
    assert_eq!(positions, seconds, "{told:?}");
    let start = w.position - w.now;
    for (at, position, text) in told.iter().skip(1) {
        assert!(position - start > *at, "{text} at {position} s was told too late, at {at} s");
    }
    assert!(w.manifests() <= 4, "{}", w.manifests());
    assert_eq!((w.stalled, w.engine.stats().not_yet), (0.0, 0));
    w.seek(30.0);
    w.play(20.0);
    assert_eq!(data(&w).len(), seconds.len(), "none twice");
}

#[test]
fn what_stands_in_the_manifest_is_told_at_once_and_not_asked_for() {
    let mut origin = Origin::vod(60);
    let mut events = Feed::events(&[20_000_000, 300_000_000]);
    let sample = |(time, text): (u64, &str)| Embedded { time, content: EmbeddedContent::Sample(text.into()) };
    events.embedded = [(20_000_000, "one"), (300_000_000, "two")].map(sample).into();
    origin.feeds.push(events);
    let mut w = world(origin);
    assert!(w.run(70.0, |w| w.ended));
    let told: Vec<_> = data(&w).into_iter().map(|(_, position, text)| (position, text)).collect();
    assert_eq!(told, [(2.0, "one".to_owned()), (30.0, "two".to_owned())]);
    assert!(!w.urls.iter().any(|(_, url)| url.contains("events")));
    assert_eq!(w.stalled, 0.0);
}

#[test]
fn events_that_cannot_be_had_hold_nothing_up() {
    let mut origin = Origin::vod(60);
    origin.feeds.push(Feed::events(&[20_000_000, 300_000_000]));
    origin.faults.push(Fault { text: "events=20000000)", from: 0.0, to: 1e9, status: 404 });
    let mut w = world(origin);
    assert!(w.run(70.0, |w| w.ended));
    assert_eq!(data(&w).len(), 1);
    let left_out = |n: &(f64, Notice)| matches!(n.1, Notice::ChunkSkipped { kind: Kind::Text, .. });
    assert_eq!(w.notices.iter().filter(|n| left_out(n)).count(), 1);
    assert_eq!(w.stalled, 0.0);
}

/// With HEVC from 3 Mbit/s on.
fn mixed() -> Origin {
    let mut origin = Origin::vod(60);
    origin.feeds[0].hevc_from = 3_000_000;
    origin
}

#[test]
fn levels_of_two_codecs_share_a_buffer_that_can_change_its_type() {
    let mut w = world(mixed());
    assert!(w.run(70.0, |w| w.ended));
    assert!(renditions(&w).iter().any(|&(_, bitrate, _)| bitrate >= 3_000_000), "{:?}", renditions(&w));
    let change =
        |(_, c): &&(u64, Command)| matches!(c, Command::ChangeType { mime, .. } if mime.contains("hvc1"));
    assert_eq!((w.log.iter().filter(change).count(), w.stalled), (1, 0.0));
}

#[test]
fn levels_of_another_codec_are_left_out_with_a_reason_where_a_buffer_cannot() {
    for (change_type, unsupported) in [(false, "-"), (true, "hvc1")] {
        let mut w = World::new(mixed(), Settings { change_type, ..Settings::default() });
        w.unsupported = unsupported;
        w.load(None);
        assert!(w.run(70.0, |w| w.ended));
        assert!(renditions(&w).iter().all(|&(_, bitrate, _)| bitrate < 3_000_000));
        let skipped = w.notices.iter().filter_map(|(_, notice)| match notice {
            Notice::Skipped(Skipped { bitrate, reason: Reason::UnsupportedCodec(codec), .. }) => {
                Some((*bitrate, codec.starts_with("hvc1.")))
            }
            _ => None,
        });
        let expected = [(Some(3_000_000), true), (Some(5_000_000), true)];
        assert_eq!(skipped.collect::<Vec<_>>(), expected, "{change_type}");
        assert!(!w.log.iter().any(|(_, c)| matches!(c, Command::ChangeType { .. })));
    }
}

#[test]
fn key_frames_are_asked_for_alone_or_with_all_the_rest_where_there_are_none() {
    for key_frames in [true, false] {
        let mut origin = bilingual(false);
        origin.feeds.push(Feed::events(&[20_000_000]));
        origin.key_frames = key_frames;
        let settings =
            Settings { key_frames: true, buffer_goal: 4.0, max_bitrate: Some(1), ..Settings::default() };
        let mut w = World::new(origin, settings);
        w.paused = true;
        w.load(None);
        w.play(0.5);
        for position in [31.0, 90.5, 3.0] {
            w.seek(position);
            w.play(1.0);
            let held = w.buffered(Kind::Video).iter().find(|r| r.start <= position && position < r.end);
            assert!(held.is_some(), "{position}: {:?}", w.buffered(Kind::Video));
        }
        let asked: Vec<_> = w.urls.iter().skip(1).map(|(_, url)| url.as_str()).collect();
        assert!(
            asked.iter().all(|url| url.contains("QualityLevels(300000)") && url.contains("(video=")),
            "{asked:?}"
        );
        let keys = asked.iter().filter(|url| url.contains("/KeyFrames(")).count();
        assert_eq!(keys, if key_frames { asked.len() } else { 1 });
        assert!(asked.len() < 14, "{asked:?}");
    }
}

#[test]
fn a_film_strip_is_no_picture_to_play_but_has_addresses() {
    let mut origin = Origin::vod(60);
    let strip = Feed {
        name: "strip",
        fourcc: "ZOET",
        bitrates: vec![9000],
        kind: Kind::Text,
        ..origin.feeds[0].clone()
    };
    origin.feeds.push(strip);
    let mut w = world(origin);
    w.play(5.0);
    let found = w.engine.fragment_at("strip", 7.3);
    assert_eq!(
        found,
        Some(("http://o/x.isml/QualityLevels(9000)/Fragments(strip=60000000)".into(), 6.0, 2.0))
    );
    assert_eq!(w.engine.fragment_at("video", 7.3), None);
    assert!(!w.urls.iter().any(|(_, url)| url.contains("strip")));
}

#[test]
fn captions_of_another_manifest_are_merged() {
    let mut origin = Origin::vod(60);
    let text = |name| Feed {
        name,
        fourcc: "TTML",
        bitrates: vec![1000],
        kind: Kind::Text,
        ..origin.feeds[0].clone()
    };
    let (own, other) = (text("text"), text("text"));
    let elsewhere = Origin::new(vec![origin.feeds[0].clone(), other]);
    origin.feeds.push(own);
    origin.elsewhere = Some(Box::new(elsewhere));
    let mut w = world(origin);
    w.play(3.0);
    w.feed(Event::Merge("http://else/captions.ism"));
    w.feed(Event::Merge("http://o/none.ism"));
    w.play(1.0);
    let names = |w: &World| {
        let all = w.engine.presentation().unwrap().streams;
        all.iter().filter(|s| s.kind == Kind::Text).map(|s| s.name.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&w), ["text", "text_"]);
    assert_eq!(
        errors(&w).last().map(|p| (p.code, p.severity)),
        Some((Code::ManifestNotFound, Severity::Recovered))
    );
    w.feed(Event::SelectStream { kind: Kind::Text, name: Some("text_") });
    assert!(w.run(70.0, |w| w.ended));
    assert!(w.captions.cues.len() > 25, "{}", w.captions.cues.len());
    let asked = |part: &str| w.urls.iter().filter(|(_, url)| url.contains(part)).count();
    assert!(asked("http://else/captions.ism/QualityLevels(1000)/Fragments(text=") > 25);
    assert_eq!((asked("http://o/x.isml/QualityLevels(1000)"), w.stalled), (0, 0.0));
}

#[test]
fn a_clip_is_all_there_is_to_play() {
    let clip = Range { start: 11.5, end: 31.2 };
    let mut w = World::new(Origin::vod(120), Settings { clip, ..Settings::default() });
    w.load(None);
    w.play(1.5);
    assert!((12.0..13.5).contains(&w.position), "{}", w.position);
    assert!((w.duration - 31.2).abs() < 1e-6);
    for beyond in [2.0, 100.0] {
        w.seek(beyond);
        w.play(0.1);
        assert!((11.5..=31.2).contains(&w.position), "{beyond} {}", w.position);
    }
    w.seek(20.0);
    assert!(w.run(15.0, |w| w.ended), "{}", w.position);
    assert!(
        w.urls.iter().all(|(_, url)| !url.contains("=320000000)") && !url.contains("=80000000)")),
        "{:?}",
        w.urls
    );
}
