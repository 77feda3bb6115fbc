//! What could have been reached with the trace known: the ceiling for every rule.
//!
//! Dynamic programming over segments. A state is the level of the last segment and the moment at which it
//! arrived, in steps of 100 ms; of the plans that meet there the one with the highest QoE_lin so far goes
//! on. The plan found is then played exactly. Nothing is given up half way or fetched twice.

use crate::film::Film;
use crate::link::Link;
use crate::outcome::{Account, Outcome};
use crate::trace::{Sum, Trace};

/// The best plan found, in figures.
#[must_use]
pub fn play(film: &Film, trace: &Trace, capacity: f64) -> Outcome {
    let plan = plan(film, &Sum::of(trace), capacity);
    let mut link = Link::new(trace);
    let mut account = Account::new(film.segment, film.rates[0]);
    // Played so far, and buffered, in milliseconds.
    let (mut played, mut buffer) = (0.0, 0.0);
    for (segment, &level) in plan.iter().enumerate() {
        let excess: f64 = buffer + film.segment - capacity;
        let begin = link.now();
        link.wait(excess.max(0.0));
        link.first_bit();
        link.carry(film.sizes[segment][level]);
        let took = link.now() - begin;
        if segment == 0 {
            account.started(took);
        } else {
            let plays = took.min(buffer);
            advance(film, &plan, &mut played, plays, &mut account);
            if took > buffer {
                account.stood(took - buffer, true);
            }
            buffer -= plays;
        }
        buffer += film.segment;
    }
    advance(film, &plan, &mut played, buffer, &mut account);
    account.outcome()
}

/// `time` ms more play.
fn advance(film: &Film, plan: &[usize], played: &mut f64, time: f64, account: &mut Account) {
    let first = (*played / film.segment - 1e-9).ceil() as usize;
    let last = ((*played + time) / film.segment - 1e-9).ceil() as usize;
    for &level in plan.iter().take(last).skip(first) {
        account.plays(film.rates[level]);
    }
    account.played(time);
    *played += time;
}

#[derive(Clone, Copy)]
struct State {
    value: f64,
    time: f64,
    buffer: f64,
    /// Index of the state before, among those of the segment before.
    from: u32,
    level: u8,
}

fn plan(film: &Film, sum: &Sum, capacity: f64) -> Vec<usize> {
    let mut layers: Vec<Vec<State>> = Vec::with_capacity(film.len());
    for segment in 0..film.len() {
        let mut cells: std::collections::HashMap<(u8, u64), State> = std::collections::HashMap::new();
        let start = [State { value: 0.0, time: 0.0, buffer: 0.0, from: 0, level: u8::MAX }];
        let before = layers.last().map_or(&start[..], Vec::as_slice);
        for (from, state) in before.iter().enumerate() {
            let wait = (state.buffer + film.segment - capacity).max(0.0);
            for (level, &rate) in film.rates.iter().enumerate() {
                let time = sum.arrival(state.time + wait, film.sizes[segment][level]);
                let took = time - state.time;
                let first = state.level == u8::MAX;
                let stalled = if first { 0.0 } else { (took - state.buffer).max(0.0) };
                let change = if first { 0.0 } else { (rate - film.rates[usize::from(state.level)]).abs() };
                let value = state.value + rate / 1000.0 - 4.3 * stalled / 1000.0 - change / 1000.0;
                let buffer = if first { 0.0 } else { (state.buffer - took).max(0.0) } + film.segment;
                let next = State { value, time, buffer, from: from as u32, level: level as u8 };
                let cell = cells.entry((level as u8, (time / STEP) as u64)).or_insert(next);
                if next.value > cell.value {
                    *cell = next;
                }
            }
        }
        let mut layer: Vec<State> = cells.into_values().collect();
        // In one order, so that equal inputs give equal plans; and not endlessly many where stalls spread them.
        layer.sort_by(|a, b| {
            b.value.total_cmp(&a.value).then(a.time.total_cmp(&b.time)).then(a.level.cmp(&b.level))
        });
        layer.truncate(WIDTH);
        layers.push(layer);
    }
    let mut levels = Vec::with_capacity(film.len());
    let mut at = 0;
    for layer in layers.iter().rev() {
        let state = &layer[at];
        levels.push(usize::from(state.level));
        at = state.from as usize;
    }
    levels.reverse();
    levels
}

/// Milliseconds in which moments count as the same.
const STEP: f64 = 100.0;
/// States of a segment that go on.
const WIDTH: usize = 4000;
