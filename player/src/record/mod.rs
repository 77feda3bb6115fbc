//! A session written down: everything the engine was told and when, and what it answered. It can be played again
//! elsewhere, in any build of the engine, and has to come to the same decisions.
//!
//! ```text
//! recording = "SLVR" version settings entry*
//! entry     = now event answer
//! answer    = line*              as text, with its count before it
//! ```
//!
//! | value | bytes |
//! | --- | --- |
//! | `f64` | eight, least significant first: every bit counts |
//! | whole number | seven bits a byte, least significant first, the top bit says that more follow (LEB128) |
//! | `bool`, kind, tag of an event | one |
//! | text, bytes, list | the count, then what is counted |
//! | what may be missing | 0, or 1 and the value |
//!
//! Events are numbered in `event`, and their fields follow in the order that stands there. Of a fragment the engine
//! reads the `moof` alone, and no more of it is here; media never is. A line of the answer is a command, a
//! [`Decision`](crate::engine::Decision), or the next deadline. Floats in it are written so that they read back
//! the same, and of long ones a sum stands for the rest, so equal lines are equal answers to the bit.
//!
//! The player that viewers get writes nothing down: the feature `record` is for a build of its own (`make recorder`).

mod answer;
mod code;
mod event;
mod replay;

pub use event::Told;
pub use replay::{Difference, Entry, Invalid, Recording};

use std::ops::Deref;

use answer::Answerer;
use code::Code as _;

use crate::engine::{Command, Engine, Event, Settings};

/// "SLVR", and the version of the format.
const MAGIC: &[u8; 5] = b"SLVR\x01";

/// An [`Engine`] that writes down what it is told and what it answers.
#[derive(Debug)]
pub struct Recorder {
    engine: Engine,
    answerer: Answerer,
    bytes: Vec<u8>,
}

impl Recorder {
    /// An engine that plays nothing yet; see [`Engine::new`].
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let mut bytes = MAGIC.to_vec();
        settings.write(&mut bytes);
        Self { engine: Engine::new(settings), answerer: Answerer::default(), bytes }
    }

    /// Takes in one event at `now`; see [`Engine::handle`].
    #[must_use]
    pub fn handle(&mut self, now: f64, event: Event<'_>) -> Vec<Command> {
        now.write(&mut self.bytes);
        event::write(&event, &mut self.bytes);
        let commands = self.engine.handle(now, event);
        self.answerer.lines(&self.engine, &commands).write(&mut self.bytes);
        commands
    }

    /// The recording so far.
    #[must_use]
    pub fn recording(&self) -> &[u8] {
        &self.bytes
    }
}

impl Deref for Recorder {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}
