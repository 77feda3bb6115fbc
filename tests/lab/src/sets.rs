//! The sets of the published experiments: traces, a film and a buffer.

use crate::Film;
use crate::rules::{Bba, Bola, BolaE, Dynamic, DynamicDash, RobustMpc, Rule, Throughput};
use crate::trace::{BELGIUM_4G, FCC_HD, FCC_SD, Family, HSDPA_3G};

/// See the module.
#[derive(Clone, Debug)]
pub struct Set {
    /// Short name.
    pub name: &'static str,
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
    let set = |name, family, film, seconds: f64| Set { name, family, film, capacity: seconds * 1000.0 };
    vec![
        set("3G live 10 s", HSDPA_3G, Film::standard(), 10.0),
        set("3G live 5 s", HSDPA_3G, Film::standard(), 5.0),
        set("3G on demand", HSDPA_3G, Film::standard(), 25.0),
        set("4G live 10 s", BELGIUM_4G, Film::high(), 10.0),
        set("4G on demand", BELGIUM_4G, Film::high(), 25.0),
        set("FCC SD on demand", FCC_SD, Film::standard().lasting(180.0), 25.0),
        set("FCC HD on demand", FCC_HD, Film::high().lasting(180.0), 25.0),
    ]
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
