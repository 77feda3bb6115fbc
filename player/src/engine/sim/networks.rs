//! Over any network, live and on demand: nothing is asked for that does not exist yet, no buffer grows beyond its
//! limit, and while the lowest level fits playback goes on.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use smooth::manifest::Kind;

use super::*;
use crate::engine::Settings;

/// Seconds of a chunk.
const CHUNK: f64 = 2.0;
/// Bits/s of the lowest picture and the sound.
const LOWEST: f64 = 364e3;
/// Bits/s that carry everything at once.
const FAST: f64 = 20e6;
/// Seconds that hardly anybody notices.
const BLINK: f64 = 0.5;
/// Seconds that are watched.
const WATCHED: f64 = 90.0;

/// A viewer and what he watches.
#[derive(Clone, Debug)]
struct Viewer {
    /// Chunks that the origin holds back, whether it holds requests, seconds of its window. `None` on demand.
    live: Option<(usize, bool, f64)>,
    /// `buffer_goal`.
    goal: f64,
    /// Seconds to a first byte.
    latency: f64,
}

fn viewer(least: f64) -> impl Strategy<Value = Viewer> {
    let live = (0_usize..3, any::<bool>(), prop::sample::select(vec![0.0, 20.0, 60.0]));
    (prop::option::of(live), least..40.0, 0.01..0.15).prop_map(|(live, goal, latency)| Viewer {
        live,
        goal,
        latency,
    })
}

/// Bits/s from `share` of the lowest level on, as often slow as fast.
fn rate(share: f64) -> impl Strategy<Value = f64> {
    ((LOWEST * share).ln()..FAST.ln()).prop_map(f64::exp)
}

impl Viewer {
    /// What he sees over a link of `steps`, in seconds and bits/s, that begin again at their end.
    fn world(&self, steps: &[(f64, f64)]) -> World {
        let origin = self.live.map_or_else(
            || Origin::vod(120),
            |(look_ahead, hold, dvr)| {
                let hold = if hold { 8000 } else { 0 };
                Origin::broadcast(Broadcast { look_ahead, hold, dvr, ..Broadcast::default() })
            },
        );
        let mut world = World::new(origin, Settings { buffer_goal: self.goal, ..Settings::default() });
        world.latency = self.latency;
        world.rates.clear();
        let mut from = 0.0;
        for &(seconds, rate) in steps.iter().cycle() {
            world.rates.push((from, rate));
            from += seconds;
            if from > WATCHED {
                break;
            }
        }
        world.load(None);
        world
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(32), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_asked_for_too_early_and_no_buffer_grows_too_large(
        viewer in viewer(4.0),
        steps in prop::collection::vec((0.3..10.0, prop_oneof![1 => Just(0.0), 5 => rate(0.2)]), 1..30),
    ) {
        let mut w = viewer.world(&steps);
        let too_much = w.run(WATCHED, |w| {
            let end = |kind| w.buffered(kind).last().map_or(0.0, |range| range.end);
            end(Kind::Video).max(end(Kind::Audio)) - w.position > viewer.goal + CHUNK + 1e-6
        });
        prop_assert!(!too_much, "{:?} at {}", w.buffered(Kind::Video), w.position);
        for (at, url) in &w.urls {
            prop_assert!(w.origin.is_announced(url, at + viewer.latency), "{url} at {at}");
        }
    }
}

proptest! {
    // What a network may do to a viewer has no clear edge: these are the same cases every time.
    #![proptest_config(ProptestConfig {
        cases: cases(24),
        rng_seed: RngSeed::Fixed(5),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_link_that_carries_the_lowest_level_never_stalls(viewer in viewer(4.0), rate in rate(1.2)) {
        let mut w = viewer.world(&[(WATCHED, rate)]);
        w.play(WATCHED);
        prop_assert!(w.stalled == 0.0 && w.moved() > WATCHED - 4.0, "{} {}", w.stalled, w.moved());
    }

    #[test]
    fn a_fall_to_where_the_lowest_level_fits_does_not_stall(
        viewer in viewer(10.0),
        moment in 20.0..30.0,
        before in rate(1.3),
        after in rate(1.3),
    ) {
        let (before, after) = (f64::max(before, after), f64::min(before, after));
        let mut w = viewer.world(&[(moment, before), (WATCHED, after)]);
        w.play(WATCHED);
        // Of a broadcast there is less to live on than a fragment of the top level may take by then.
        let most = if viewer.live.is_some() { BLINK } else { 0.0 };
        prop_assert!(w.stalled <= most, "{}", w.stalled);
    }

    #[test]
    fn a_link_that_changes_all_the_time_costs_no_more_than_a_blink(
        viewer in viewer(10.0),
        steps in prop::collection::vec((0.3..10.0, rate(1.3)), 2..30),
    ) {
        let mut w = viewer.world(&steps);
        w.play(WATCHED);
        prop_assert!(w.stalled <= 2.0 * BLINK, "{}", w.stalled);
    }
}

/// So many, or as many as are asked for.
fn cases(few: u32) -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(few)
}
