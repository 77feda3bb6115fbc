//! Answers of the engine as lines of text.

use crate::engine::{Command, Engine};

/// Makes lines of answers.
#[derive(Debug, Default)]
pub(super) struct Answerer {
    /// The deadline that was told last.
    deadline: Option<f64>,
}

impl Answerer {
    /// The commands in their order, each request with the decision behind it; then the deadline, if it is another.
    pub(super) fn lines(&mut self, engine: &Engine, commands: &[Command]) -> Vec<String> {
        let mut lines = Vec::new();
        for command in commands {
            lines.push(shorten(format!("{command:?}")));
            if let Command::Fetch { request, .. } = command
                && let Some(decision) = engine.decision(*request)
            {
                lines.push(format!("{decision:?}"));
            }
        }
        let deadline = engine.deadline();
        if self.deadline != deadline {
            self.deadline = deadline;
            lines.push(format!("Deadline({deadline:?})"));
        }
        lines
    }
}

/// Of a long line, the beginning and a sum over all of it.
fn shorten(mut line: String) -> String {
    if line.len() > LONGEST {
        let sum = line.bytes().fold(FNV_BASIS, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(FNV_PRIME));
        let cut = (0..=BEGINNING).rfind(|&at| line.is_char_boundary(at)).unwrap_or(0);
        line.truncate(cut);
        line.push_str(&format!("… {sum:016x}"));
    }
    line
}

/// Bytes of a line that is written out.
const LONGEST: usize = 400;
/// Bytes that are left of one that is not.
const BEGINNING: usize = 80;
/// FNV-1a with 64 bits.
const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x100_0000_01b3;
