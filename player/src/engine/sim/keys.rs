//! Protected presentations.

use super::*;
use crate::engine::{Command, Event};

/// When keys were asked for, which, with how many headers, and where.
type Need<'a> = (f64, &'a [[u8; 16]], usize, Option<&'a str>);

fn needs(w: &World) -> Vec<Need<'_>> {
    let mut found = Vec::new();
    for told in &w.notices {
        if let (at, Notice::KeysNeeded { ids, systems, license_url }) = told {
            found.push((*at, &ids[..], systems.len(), license_url.as_deref()));
        }
    }
    found
}

#[test]
fn a_key_is_asked_for_with_the_manifest_and_each_later_one_when_a_fragment_names_it() {
    let mut origin = Origin::vod(60);
    origin.keys = vec![(40_000_000, [1; 16]), (400_000_000, [2; 16])];
    let mut w = world(origin);
    assert!(w.run(70.0, |w| w.ended), "{:?}", w.notices);
    assert_eq!((w.stalled, errors(&w)), (0.0, vec![]));
    let needs = needs(&w);
    let [(first, ids, 1, Some("http://licence/")), (second, later, 0, None)] = &needs[..] else {
        panic!("{needs:?}");
    };
    assert_eq!((*ids, *later), (&[[1; 16]][..], &[[2; 16]][..]));
    // Before the first fragment, and long before 40 s are played.
    let fragment = w.urls.iter().find(|(_, url)| url.contains("Fragments")).unwrap();
    assert!(first <= &fragment.0 && second < &20.0, "{needs:?}");
    // What is clear says so, and what has the second key too; the rest goes by the init segment.
    let groups = w.log.iter().filter_map(|(_, command)| match command {
        Command::AppendHead { bytes, .. } => Some(bytes.windows(4).any(|w| w == b"seig")),
        _ => None,
    });
    let (with, without): (Vec<_>, Vec<_>) = groups.partition(|group| *group);
    assert_eq!((with.len(), without.len()), (2 * (2 + 10), 2 * 18));
    let inits = w.log.iter().filter_map(|(_, command)| match command {
        Command::AppendInit { bytes, .. } => Some(bytes.windows(4).any(|w| w == b"pssh")),
        _ => None,
    });
    assert!(inits.into_iter().all(|protected| protected));
}

#[test]
fn an_element_that_waits_for_a_key_is_left_alone() {
    let mut origin = Origin::vod(60);
    origin.keys = vec![(0, [1; 16])];
    let mut w = world(origin);
    w.play(3.0);
    w.locked = true;
    w.feed(Event::WaitingForKey);
    let before = w.log.len();
    w.play(20.0);
    let touched = |c: &Command| matches!(c, Command::SeekTo(_) | Command::Open);
    assert!(!w.log[before..].iter().any(|(_, c)| touched(c)), "{:?}", w.notices);
    w.locked = false;
    assert!(w.run(70.0, |w| w.ended));
}
