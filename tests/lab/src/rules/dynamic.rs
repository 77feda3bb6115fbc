//! Throughput while the buffer is low, BOLA when it is not: the default of dash.js in two versions.

use super::{Bola, BolaE, Choice, Download, Progress, Rule, Throughput, View};
use crate::film::Film;

/// With BOLA, as published.
#[derive(Clone, Debug)]
pub struct Dynamic {
    bola: Bola,
    throughput: Throughput,
    by_buffer: bool,
}

impl Dynamic {
    /// For a buffer of `capacity` ms.
    #[must_use]
    pub fn new(film: &Film, capacity: f64) -> Self {
        Self { bola: Bola::new(film, capacity, false), throughput: Throughput::default(), by_buffer: false }
    }
}

impl Rule for Dynamic {
    fn choose(&mut self, view: &View<'_>) -> Choice {
        let (bola, throughput) = (self.bola.choose(view), self.throughput.choose(view));
        if self.by_buffer {
            self.by_buffer = view.buffer >= HIGH || bola.level >= throughput.level;
        } else {
            self.by_buffer = view.buffer > HIGH && bola.level >= throughput.level;
        }
        if self.by_buffer { bola } else { throughput }
    }

    fn abandon(&mut self, view: &View<'_>, progress: &Progress) -> Option<usize> {
        self.throughput.abandon(view, progress)
    }
}

/// With BOLA-E, as in dash.js.
#[derive(Clone, Debug)]
pub struct DynamicDash {
    bola: BolaE,
    throughput: Throughput,
    by_buffer: bool,
}

impl DynamicDash {
    /// For a buffer of `capacity` ms.
    #[must_use]
    pub fn new(film: &Film, capacity: f64) -> Self {
        Self { bola: BolaE::new(film, capacity), throughput: Throughput::default(), by_buffer: false }
    }

    fn rule(&mut self) -> &mut dyn Rule {
        if self.by_buffer { &mut self.bola } else { &mut self.throughput }
    }
}

impl Rule for DynamicDash {
    fn choose(&mut self, view: &View<'_>) -> Choice {
        self.by_buffer = if self.by_buffer { view.buffer >= LOW } else { view.buffer > HIGH };
        self.rule().choose(view)
    }

    fn waited(&mut self, time: f64) {
        self.bola.waited(time);
    }

    fn downloaded(&mut self, view: &View<'_>, download: &Download) {
        self.bola.downloaded(view, download);
    }

    fn abandon(&mut self, view: &View<'_>, progress: &Progress) -> Option<usize> {
        self.rule().abandon(view, progress)
    }
}

/// Milliseconds above which the buffer decides.
const HIGH: f64 = 10_000.0;
/// Milliseconds below which it does not.
const LOW: f64 = 5000.0;
