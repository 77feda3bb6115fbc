//! What `silverlane check` found, and how it is shown.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

/// Everything about one presentation.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Manifest as it was fetched, after redirects.
    pub manifest: String,
    /// Whether anything plays.
    pub verdict: Verdict,
    /// Still running.
    pub live: bool,
    /// Duration in seconds; 0 if unknown, or without end.
    pub duration: f64,
    /// How far back viewers may seek, in seconds; 0 for the whole event.
    pub dvr_window: f64,
    /// Fragments that the server announces before it lists them.
    pub look_ahead: Option<u32>,
    /// What plays.
    pub streams: Vec<Stream>,
    /// What is wrong with the presentation as a whole, and what was kept out.
    pub findings: Vec<Finding>,
}

/// The answer in a word. Its number is the exit status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Plays, and nothing was found wrong.
    Playable,
    /// Plays, with something to repair.
    Findings,
    /// Does not play.
    #[default]
    NotPlayable,
}

/// One stream.
#[derive(Debug, Serialize)]
pub struct Stream {
    /// `video`, `audio` or `text`.
    pub kind: &'static str,
    /// Name in fragment URLs.
    pub name: String,
    /// As written in the manifest; may be empty.
    pub language: String,
    /// Ticks per second.
    pub timescale: u32,
    /// Number of chunks.
    pub chunks: u64,
    /// Start of the first chunk in ticks.
    pub first: Option<u64>,
    /// Start of the last chunk in ticks.
    pub last: Option<u64>,
    /// Duration of the listed chunks in seconds.
    pub seconds: f64,
    /// Its quality levels.
    pub levels: Vec<Level>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// One quality level.
#[derive(Debug, Serialize)]
pub struct Level {
    /// Bits/s.
    pub bitrate: u32,
    /// As in `codecs="…"`.
    pub codec: String,
    /// Width in pixels; 0 for sound and text.
    pub width: u32,
    /// Height in pixels; likewise.
    pub height: u32,
    /// Whether its fragments could be fetched and read.
    pub playable: bool,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// Something wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

impl Finding {
    /// A finding.
    pub fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { problem: problem.into(), remedy: remedy.into() }
    }
}

impl Report {
    /// Draws the conclusion from what was found.
    pub(super) fn conclude(&mut self) {
        let plays = |s: &&Stream| s.kind != "text" && s.levels.iter().any(|l| l.playable);
        let clean = self.findings.is_empty()
            && self
                .streams
                .iter()
                .all(|s| s.findings.is_empty() && s.levels.iter().all(|l| l.findings.is_empty()));
        self.verdict = match (self.streams.iter().any(|s| plays(&s)), clean) {
            (false, _) => Verdict::NotPlayable,
            (true, true) => Verdict::Playable,
            (true, false) => Verdict::Findings,
        };
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.manifest)?;
        if !self.streams.is_empty() {
            let kind = if self.live { "live" } else { "on demand" };
            write!(f, "{kind}")?;
            if self.duration > 0.0 {
                write!(f, ", {:.1} s", self.duration)?;
            }
            if self.live {
                match self.dvr_window {
                    w if w > 0.0 => write!(f, ", viewers may go back {w:.0} s")?,
                    _ => write!(f, ", viewers may go back to the beginning")?,
                }
                match self.look_ahead {
                    Some(n) => write!(f, ", look-ahead {n}")?,
                    None => write!(f, ", no look-ahead said")?,
                }
            }
            writeln!(f)?;
        }
        for stream in &self.streams {
            write!(f, "{stream}")?;
        }
        write_findings(f, "", &self.findings)?;
        let verdict = match self.verdict {
            Verdict::Playable => "playable",
            Verdict::Findings => "playable, with findings",
            Verdict::NotPlayable => "NOT PLAYABLE",
        };
        write!(f, "{verdict}")
    }
}

impl Display for Stream {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "\n  {} `{}`", self.kind, self.name)?;
        if !self.language.is_empty() {
            write!(f, " ({})", self.language)?;
        }
        write!(f, ": {} chunks, {:.1} s", self.chunks, self.seconds)?;
        if let (Some(first), Some(last)) = (self.first, self.last) {
            write!(f, ", from {first} to {last}")?;
        }
        writeln!(f, ", {} ticks per second", self.timescale)?;
        for level in &self.levels {
            let mark = if level.playable { "ok " } else { "BAD" };
            write!(f, "    {mark} {:>9} bit/s  {}", level.bitrate, level.codec)?;
            if level.width > 0 {
                write!(f, "  {}x{}", level.width, level.height)?;
            }
            writeln!(f)?;
            write_findings(f, "      ", &level.findings)?;
        }
        write_findings(f, "    ", &self.findings)
    }
}

fn write_findings(f: &mut Formatter<'_>, indent: &str, findings: &[Finding]) -> fmt::Result {
    for finding in findings {
        writeln!(f, "{indent}! {}", finding.problem)?;
        writeln!(f, "{indent}  → {}", finding.remedy)?;
    }
    Ok(())
}
