//! The laboratory against figures that others published for the same rules on the same traces: so far as it
//! gives what they got, it can be trusted with a new rule. Spiteri's simulator, options as published.
#![allow(clippy::unwrap_used, reason = "tests end at the first surprise")]

use lab::sets::{self, BASELINES};
use lab::{Outcome, session};

/// Set, rule, mean kbit/s, part of the time that stalls in percent, QoE_lin.
const PUBLISHED: [(&str, &str, f64, f64, f64); 22] = [
    ("3G live 10 s", "BOLA", 799.0, 11.95, -0.829),
    ("3G live 10 s", "BOLA-E", 798.0, 10.27, -0.591),
    ("3G live 10 s", "throughput", 746.0, 9.91, -0.591),
    ("3G live 10 s", "dynamic", 746.0, 9.91, -0.591),
    ("3G live 5 s", "BOLA", 860.0, 50.76, -5.692),
    ("3G live 5 s", "BOLA-E", 285.0, 13.67, -1.491),
    ("3G live 5 s", "throughput", 284.0, 13.67, -1.489),
    ("3G on demand", "BOLA", 880.0, 7.95, -0.196),
    ("3G on demand", "BOLA-E", 937.0, 7.71, -0.099),
    ("3G on demand", "throughput", 814.0, 7.54, -0.212),
    ("3G on demand", "dynamic", 891.0, 8.11, -0.219),
    ("3G on demand", "dynamic (dash.js)", 936.0, 7.62, -0.090),
    ("4G live 10 s", "BOLA-E", 18148.0, 0.27, 16.920),
    ("4G live 10 s", "throughput", 16197.0, 0.14, 15.014),
    ("4G on demand", "BOLA", 19345.0, 0.0, 18.577),
    ("4G on demand", "BOLA-E", 19519.0, 0.0, 18.697),
    ("4G on demand", "throughput", 16532.0, 0.0, 15.473),
    ("4G on demand", "dynamic", 19781.0, 0.03, 18.768),
    ("FCC SD on demand", "BOLA-E", 2523.0, 0.02, 2.421),
    ("FCC SD on demand", "throughput", 2103.0, 0.0, 2.001),
    ("FCC HD on demand", "BOLA-E", 6049.0, 0.05, 5.779),
    ("FCC HD on demand", "dynamic", 6065.0, 0.08, 5.783),
];

#[test]
fn known_rules_reach_what_was_published() {
    let sets = sets::all();
    for (set, rule, rate, stalled, qoe) in PUBLISHED {
        let set = sets.iter().find(|s| s.name == set).unwrap();
        let (_, make) = BASELINES.iter().find(|(name, _)| *name == rule).unwrap();
        let one = |t: &_| session::play(&set.film, t, set.capacity, &mut *make(&set.film, set.capacity));
        let mean = Outcome::mean(&set.family.traces().iter().map(one).collect::<Vec<_>>());
        let place = format!("{}, {rule}: {mean:?}", set.name);
        assert!((mean.rate / rate - 1.0).abs() < 0.01, "{place}");
        assert!((mean.stalled * 100.0 - stalled).abs() < 0.03, "{place}");
        assert!((mean.qoe_lin - qoe).abs() < 0.01 * qoe.abs().max(1.0), "{place}");
    }
}
