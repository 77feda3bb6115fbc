//! The sets of the published experiments: traces, a film and a buffer.

use crate::Film;
use crate::rules::{Bba, Bola, BolaE, Dynamic, DynamicDash, RobustMpc, Rule, Throughput};
use crate::trace::{BELGIUM_4G, FCC_HD, FCC_SD, Family, HSDPA_3G, SYNTHETIC};

/// See the module.
#[derive(Clone, Debug)]
pub struct Set {
    /// Short name.
    pub name: String,
    /// The traces.
    pub family: Family,
    /// What is played.
    pub film: Film,
    /// Room in the buffer, in milliseconds.
    pub capacity: f64,
}

/// All sets. On demand a buffer has room for 25 s, live for 10 s or 5 s.
#[must_use]
pub fn all() -> Vec<Set> {
    let set = |family: Family, what: &str, film, seconds: f64| Set {
        name: format!("{} {what}", family.name),
        family,
        film,
        capacity: seconds * 1000.0,
    };
    let mut sets = vec![
        set(HSDPA_3G, "live 10 s", Film::standard(), 10.0),
        set(HSDPA_3G, "live 5 s", Film::standard(), 5.0),
        set(HSDPA_3G, "on demand", Film::standard(), 25.0),
        set(BELGIUM_4G, "live 10 s", Film::high(), 10.0),
        set(BELGIUM_4G, "on demand", Film::high(), 25.0),
        set(FCC_SD, "on demand", Film::standard().lasting(180.0), 25.0),
        set(FCC_HD, "on demand", Film::high().lasting(180.0), 25.0),
    ];
    for family in SYNTHETIC {
        sets.push(set(family, "live 10 s", Film::standard().lasting(300.0), 10.0));
        sets.push(set(family, "on demand", Film::standard().lasting(300.0), 25.0));
    }
    sets
}

/// A rule of the literature, and how to begin anew with it.
pub type Baseline = (&'static str, fn(&Film, f64) -> Box<dyn Rule>);

/// The rules to compare with.
pub const BASELINES: [Baseline; 7] = [
    ("throughput", |_, _| Box::new(Throughput::default())),
    ("BBA", |_, _| Box::new(Bba::default())),
    ("BOLA", |film, capacity| Box::new(Bola::new(film, capacity, true))),
    ("BOLA-E", |film, capacity| Box::new(BolaE::new(film, capacity))),
    ("dynamic", |film, capacity| Box::new(Dynamic::new(film, capacity))),
    ("dynamic (dash.js)", |film, capacity| Box::new(DynamicDash::new(film, capacity))),
    ("RobustMPC", |_, _| Box::new(RobustMpc::default())),
];
