//! A recording, read and played again.

use super::answer::Answerer;
use super::code::Code as _;
use super::{MAGIC, Told};
use crate::engine::{Command, Decision, Engine, Event, Settings};

/// A session that was written down.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording<'a> {
    /// What the engine was set up with.
    pub settings: Settings,
    /// What happened, in order.
    pub entries: Vec<Entry<'a>>,
}

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<'a> {
    /// When, in seconds since the session began.
    pub now: f64,
    /// What.
    pub told: Told<'a>,
    /// What the engine answered, line by line.
    pub answer: Vec<&'a str>,
}

/// What is no recording of this version, or ends in the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Byte at which it cannot be read on.
    pub at: usize,
}

/// The first event to which two engines answered differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its index.
    pub entry: usize,
    /// What stands in the recording.
    pub recorded: Vec<String>,
    /// What this engine answers.
    pub answered: Vec<String>,
}

impl<'a> Recording<'a> {
    /// Reads a recording.
    ///
    /// # Errors
    ///
    /// [`Invalid`] if it is none.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Invalid> {
        let mut input = bytes.strip_prefix(MAGIC).ok_or(Invalid { at: 0 })?;
        let at = |input: &[u8]| Invalid { at: bytes.len() - input.len() };
        let settings = Settings::read(&mut input).ok_or_else(|| at(input))?;
        let mut entries = Vec::new();
        while !input.is_empty() {
            let start = input;
            entries.push(Entry::read(&mut input).ok_or_else(|| at(start))?);
        }
        Ok(Self { settings, entries })
    }

    /// Plays it again. `see` gets every event with the commands that follow from it, and the decisions behind those
    /// that ask for media.
    ///
    /// # Errors
    ///
    /// The first [`Difference`] from the recorded answers, after which the events are no longer those of the session.
    pub fn replay(&self, mut see: impl FnMut(&Entry<'a>, &[Command], &[Decision])) -> Result<(), Difference> {
        let mut engine = Engine::new(self.settings.clone());
        let mut answerer = Answerer::default();
        for (index, entry) in self.entries.iter().enumerate() {
            let commands = entry.told.tell(|event| engine.handle(entry.now, event));
            let answered = answerer.lines(&engine, &commands);
            if answered != entry.answer {
                let recorded = entry.answer.iter().map(ToString::to_string).collect();
                return Err(Difference { entry: index, recorded, answered });
            }
            see(entry, &commands, &decisions(&engine, &commands));
        }
        Ok(())
    }

    /// The decisions of an engine that is told the same, but for what `change` makes of each event. What it answers is
    /// not compared, and does not change what it is told.
    pub fn decide(
        &self,
        mut change: impl for<'e> FnMut(usize, Event<'e>) -> Event<'e>,
    ) -> Vec<(f64, Decision)> {
        let mut engine = Engine::new(self.settings.clone());
        let mut all = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            let commands = entry.told.tell(|event| engine.handle(entry.now, change(index, event)));
            all.extend(decisions(&engine, &commands).into_iter().map(|decision| (entry.now, decision)));
        }
        all
    }
}

impl<'a> Entry<'a> {
    fn read(input: &mut &'a [u8]) -> Option<Self> {
        Some(Self {
            now: f64::read(input)?,
            told: Told::read(input)?,
            answer: super::code::Code::read(input)?,
        })
    }
}

fn decisions(engine: &Engine, commands: &[Command]) -> Vec<Decision> {
    let of = |command: &Command| match command {
        Command::Fetch { request, .. } => engine.decision(*request),
        _ => None,
    };
    commands.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Recorder;

    fn recording() -> Vec<u8> {
        let settings = Settings { max_bitrate: Some(3_000_000), ..Settings::default() };
        let mut recorder = Recorder::new(settings);
        let url = "http://o/x.ism";
        for (now, event) in [
            (0.0, Event::Load { url, start: Some(0.1) }),
            (0.25, Event::Opened),
            (f64::from_bits(0.25_f64.to_bits() + 1), Event::Viewport { width: 640, height: u32::MAX }),
            (0.3, Event::Tick),
        ] {
            let _ = recorder.handle(now, event);
        }
        recorder.recording().to_vec()
    }

    #[test]
    fn what_was_written_is_read_to_the_bit() {
        let bytes = recording();
        let read = Recording::read(&bytes).unwrap();
        assert_eq!(read.settings, Settings { max_bitrate: Some(3_000_000), ..Settings::default() });
        let nows: Vec<_> = read.entries.iter().map(|entry| entry.now).collect();
        assert_eq!(nows, [0.0, 0.25, 0.25_f64.next_up(), 0.3]);
        assert_eq!(read.entries[2].told, Told::Event(Event::Viewport { width: 640, height: u32::MAX }));
        assert!(
            read.entries[0].answer[1].contains("http://o/x.ism/Manifest"),
            "{:?}",
            read.entries[0].answer
        );
        assert_eq!(read.replay(|_, _, _| ()), Ok(()));
    }

    #[test]
    fn another_answer_is_told_with_its_place() {
        let bytes = recording();
        let mut read = Recording::read(&bytes).unwrap();
        read.entries[0].told = Told::Event(Event::Load { url: "http://o/y.ism", start: None });
        let difference = read.replay(|_, _, _| ()).unwrap_err();
        assert_eq!(difference.entry, 0);
        assert!(difference.answered[1].contains("y.ism") && difference.recorded[1].contains("x.ism"));
    }

    #[test]
    fn no_cut_and_no_flipped_bit_is_more_than_an_error() {
        let bytes = recording();
        for end in 0..bytes.len() {
            if let Ok(read) = Recording::read(&bytes[..end]) {
                assert!(read.entries.len() < 4);
            }
        }
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x80;
            if let Ok(read) = Recording::read(&bytes) {
                let _ = read.replay(|_, _, _| ());
            }
        }
        assert_eq!(Recording::read(b"SLVR\x02"), Err(Invalid { at: 0 }));
    }
}
