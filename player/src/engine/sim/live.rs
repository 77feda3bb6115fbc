//! What happens to a broadcast and to those who watch it, told in virtual time.

use smooth::manifest::Kind;

use super::*;
use crate::engine::{Code, Event, GapCause, Notice, Settings, Severity};

fn broadcast(live: Broadcast, settings: Settings) -> World {
    let mut w = World::new(Origin::broadcast(live), settings);
    w.load(None);
    w
}

fn jumps(w: &World) -> Vec<GapCause> {
    let jump =
        |(_, n): &(f64, Notice)| if let Notice::GapJump { cause, .. } = n { Some(*cause) } else { None };
    w.notices.iter().filter_map(jump).collect()
}

fn rates(w: &World) -> Vec<f64> {
    let rate =
        |(_, n): &(f64, Notice)| if let Notice::RateControl { rate, .. } = n { Some(*rate) } else { None };
    w.notices.iter().filter_map(rate).collect()
}

#[test]
fn who_joins_as_a_broadcast_begins_falls_back_from_its_edge_unheard() {
    for head_start in [4.2, 6.1, 9.0] {
        let mut w = broadcast(Broadcast { head_start, ..Broadcast::default() }, Settings::default());
        w.play(10.0);
        assert_eq!(w.rate, 0.95, "{head_start}");
        w.play(120.0);
        assert_eq!((w.rate, rates(&w)), (1.0, vec![0.95, 1.0]), "{head_start}");
        let latency = w.engine.stats().latency;
        assert!((5.8..6.6).contains(&latency), "{head_start} {latency}");
        assert!(w.stalled < 2.5, "{head_start} {}", w.stalled);
    }
    let mut w = broadcast(Broadcast::default(), Settings::default());
    w.play(60.0);
    assert_eq!(rates(&w), [], "who joins later is where he should be");
}

#[test]
fn a_target_latency_is_come_to_and_kept() {
    for (target, from) in [(4.0, None), (12.0, None), (6.0, Some(12.0))] {
        let settings = Settings { target_latency: Some(from.unwrap_or(target)), ..Settings::default() };
        let mut w = broadcast(Broadcast { dvr: 0.0, head_start: 60.3, ..Broadcast::default() }, settings);
        w.play(60.0);
        w.feed(Event::TargetLatency { seconds: Some(target) });
        w.play(150.0);
        let latency = w.engine.stats().latency;
        assert!((latency - target).abs() < 0.6, "{latency} for {target}");
        assert_eq!((w.stalled, w.manifests()), (0.0, 1));
        assert!(rates(&w).iter().all(|rate| (0.95..=1.05).contains(rate)), "{:?}", rates(&w));
        assert!(rates(&w).len() <= 6, "{:?}", rates(&w));
    }
}

#[test]
fn a_short_pause_is_caught_up_with_and_a_long_one_is_the_viewers_wish() {
    for (pause, caught_up) in [(4.0, true), (30.0, false)] {
        let settings = Settings { target_latency: Some(6.0), ..Settings::default() };
        let mut w = broadcast(Broadcast::default(), settings);
        w.play(30.0);
        w.paused = true;
        w.play(pause);
        w.paused = false;
        w.play(120.0);
        let latency = w.engine.stats().latency;
        assert_eq!((latency - 6.0).abs() < 0.6, caught_up, "{latency} after {pause} s");
        assert_eq!(w.stalled, 0.0);
    }
}

#[test]
fn the_viewers_own_rate_is_left_alone() {
    let settings = Settings { target_latency: Some(6.0), ..Settings::default() };
    let mut w = broadcast(Broadcast { dvr: 0.0, head_start: 90.0, ..Broadcast::default() }, settings);
    w.play(20.0);
    w.rate = 0.5;
    w.play(10.0);
    assert_eq!(w.rate, 0.5);
    w.rate = 1.0;
    w.play(1.0);
    assert_eq!(w.rate, 1.05, "he is behind now");
}

#[test]
fn nothing_is_lost_when_the_network_is_gone_for_a_while() {
    let mut w = broadcast(Broadcast::default(), Settings::default());
    // So fast that a fragment is there at once: what stood still for want of it is not frozen.
    w.rates = vec![(0.0, 5e6), (30.2, 0.0), (50.0, 5e9)];
    w.play(50.0);
    w.feed(Event::Online);
    assert!(w.run(3.0, |w| w.ahead() > 4.0), "{}", w.ahead());
    let moved = w.moved();
    w.play(30.0);
    assert!(w.moved() - moved > 29.0, "{}", w.moved());
    assert_eq!(jumps(&w), []);
    assert!(errors(&w).iter().all(|p| p.severity == Severity::Recovered));
}

#[test]
fn a_page_that_found_no_network_begins_when_there_is_one() {
    let mut w = World::new(Origin::broadcast(Broadcast::default()), Settings::default());
    w.origin.faults.push(Fault { text: "Manifest", from: 0.0, to: 120.0, status: 0 });
    w.load(None);
    w.play(120.0);
    let last = errors(&w).last().cloned().unwrap();
    assert_eq!((last.code, last.severity), (Code::ManifestUnreachable, Severity::Fatal));
    w.feed(Event::Online);
    w.play(10.0);
    assert!(w.moved() > 8.0, "{}", w.moved());
}

#[test]
fn after_a_sleep_playback_goes_on_where_it_stood_or_where_the_window_begins() {
    for (slept, cause) in
        [(8.0, None), (30.0, None), (300.0, Some(GapCause::WindowSlid)), (3000.0, Some(GapCause::WindowSlid))]
    {
        let mut w = broadcast(Broadcast { dvr: 60.0, ..Broadcast::default() }, Settings::default());
        w.play(30.0);
        let (position, throughput) = (w.position, w.engine.stats().throughput);
        w.sleep(slept);
        w.play(20.0);
        assert!(w.moved() > 46.0, "{slept} {}", w.moved());
        assert_eq!(jumps(&w).first().copied(), cause, "{slept} {:?}", jumps(&w));
        if cause.is_none() {
            assert!((w.position - position - 20.0).abs() < 2.5, "{slept} {} {position}", w.position);
        }
        assert!(w.engine.stats().throughput > throughput / 2, "{slept}: the sleep counts as a slow network");
        let latency = w.engine.stats().latency;
        assert!(latency < 70.0, "{slept} {latency}");
    }
}

#[test]
fn after_an_interruption_live_is_where_the_broadcast_is() {
    for pause in [5.0, 9.0, 30.0] {
        let mut w = broadcast(Broadcast { closes: false, ..Broadcast::default() }, Settings::default());
        w.play(30.3);
        w.origin.live.as_mut().unwrap().ends = w.now;
        w.play(pause);
        let live = w.origin.live.as_mut().unwrap();
        (live.ends, live.head_start) = (1e9, live.head_start - pause);
        w.play(60.0 - pause);
        let edge = w.seekable.1;
        // Less what the origin holds back, and the delay.
        let real = 31.3 + 90.3 - pause - 4.0 - 8.0;
        assert!((edge - real).abs() < 2.5, "{pause}: {edge} {real}");
        w.seek(edge);
        let stalled = w.stalled;
        w.play(20.0);
        assert!(w.stalled - stalled < 0.1, "{pause}: {} {}", w.stalled, stalled);
    }
}

#[test]
fn times_that_jump_never_hang_it() {
    for (audio, video, seconds) in
        [(true, true, 40), (true, true, 3), (true, false, 4), (false, true, 4), (true, false, 40)]
    {
        let mut origin = Origin::broadcast(Broadcast { jumps: true, ..Broadcast::default() });
        for feed in &mut origin.feeds {
            let concerned = if feed.kind == Kind::Audio { audio } else { video };
            let from = feed.chunks[30].time;
            let later = feed.chunks.iter_mut().filter(|c| concerned && c.time >= from);
            later.for_each(|c| c.time += seconds * 10_000_000);
        }
        let mut w = world(origin);
        w.play(180.0);
        let before = w.moved();
        w.play(20.0);
        let (moved, latency) = (w.moved() - before, w.engine.stats().latency);
        assert!(moved > 19.5, "{audio} {video} {seconds}: {moved} {:?}", w.notices.last());
        // What has no sound or no picture for long is waited for; a jump costs no more than a blink.
        let blink = seconds < 10 || audio == video;
        assert!(
            !blink || w.stalled < 1.0 && latency < 12.0,
            "{audio} {video} {seconds}: {} {latency}",
            w.stalled
        );
    }
}

#[test]
fn a_broadcast_without_a_manifest_is_awaited_for_as_long_as_it_takes() {
    let mut origin = Origin::broadcast(Broadcast { head_start: -300.0, ..Broadcast::default() });
    origin.faults.push(Fault { text: "Manifest", from: 0.0, to: 302.0, status: 404 });
    let mut w = world(origin);
    w.play(320.0);
    let codes: Vec<_> = errors(&w).iter().map(|p| (p.code, p.severity)).collect();
    assert_eq!(codes, [(Code::NotStarted, Severity::Recovered)], "told once");
    assert!(w.moved() > 5.0, "{}", w.moved());
    assert!(w.manifests() < 70, "{}", w.manifests());
}
