//! Sound in several languages.

use std::collections::HashMap;

use smooth::manifest::Kind;

use super::*;
use crate::engine::{Command, Event, RequestId};

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
