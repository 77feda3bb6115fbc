//! What a publishing point remembers when its process is gone: how far its broadcasts reached, so that
//! no URL ever means something else, and which events are over.
//!
//! ```text
//! 00000000000200000000      edge, in units of 100 ns: written over in place, which is one small write
//! "first event"             an event that is over, as a JSON string; oldest first
//! ```
//! A hidden file beside the definition. Where it cannot be written the point works as well, until its
//! process ends.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::files;

/// See the module.
#[derive(Debug)]
pub(super) struct Past {
    path: PathBuf,
    edge: i64,
    events: VecDeque<String>,
    file: Option<File>,
    is_broken: bool,
}

impl Past {
    /// What the point with this definition did; nothing, if nobody knows.
    pub(super) fn of(definition: &Path) -> Self {
        let path = Self::path(definition);
        let mut past = Self { path, edge: 0, events: VecDeque::new(), file: None, is_broken: false };
        let mut text = String::new();
        let read = File::open(&past.path).and_then(|file| file.take(LARGEST).read_to_string(&mut text));
        match read {
            Ok(_) => past.parse(&text),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => past.complain(&e),
        }
        past
    }

    /// Forgets it: the point is removed.
    pub(super) fn remove(definition: &Path) {
        let _ = std::fs::remove_file(Self::path(definition));
    }

    fn path(definition: &Path) -> PathBuf {
        let name = definition.file_name().unwrap_or_default().to_string_lossy();
        definition.with_file_name(format!(".{name}.past"))
    }

    fn parse(&mut self, text: &str) {
        let mut lines = text.lines();
        self.edge = lines.next().and_then(|edge| edge.parse().ok()).unwrap_or(0);
        self.events = lines.filter_map(|line| serde_json::from_str(line).ok()).collect();
    }

    /// Where the next broadcast may begin, in units of 100 ns.
    pub(super) const fn edge(&self) -> i64 {
        self.edge
    }

    /// A broadcast reaches to `edge`, in units of 100 ns.
    pub(super) fn reach(&mut self, edge: i64) {
        if edge <= self.edge {
            return;
        }
        self.edge = edge;
        let written = match &mut self.file {
            Some(file) => file.rewind().and_then(|()| file.write_all(Self::digits(edge).as_bytes())),
            None => self.write(),
        };
        if let Err(e) = written {
            self.complain(&e);
        }
    }

    /// Whether `event` is over.
    pub(super) fn has(&self, event: &str) -> bool {
        self.events.iter().any(|e| e == event)
    }

    /// `event` is over.
    pub(super) fn end(&mut self, event: &str) {
        if self.has(event) {
            return;
        }
        if self.events.len() >= EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event.to_owned());
        self.rewrite();
    }

    /// Ids of events may be used again.
    pub(super) fn forgive(&mut self) {
        if !self.events.is_empty() {
            self.events.clear();
            self.rewrite();
        }
    }

    fn rewrite(&mut self) {
        if let Err(e) = self.write() {
            self.complain(&e);
        }
    }

    fn write(&mut self) -> io::Result<()> {
        // A new file takes the place of the one that is open.
        self.file = None;
        let mut text = Self::digits(self.edge);
        for event in &self.events {
            text.push_str(&serde_json::Value::from(event.as_str()).to_string());
            text.push('\n');
        }
        files::replace(&self.path, text.as_bytes())?;
        self.file = Some(File::options().write(true).open(&self.path)?);
        Ok(())
    }

    fn digits(edge: i64) -> String {
        format!("{:020}\n", edge.max(0))
    }

    fn complain(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.is_broken, true) {
            let file = self.path.display();
            tracing::warn!(%file, %error, "what was broadcast here will not be remembered when the server stops");
        }
    }
}

/// Events that are remembered.
const EVENTS: usize = 64;

/// Bytes of the file that are read: far more than `EVENTS` of any sensible length.
const LARGEST: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edge_and_events_outlive_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let definition = folder.path().join("live.isml");
        let mut past = Past::of(&definition);
        assert_eq!((past.edge(), past.has("a")), (0, false));
        past.reach(20);
        past.reach(10);
        past.end("line\nbreak");
        past.reach(1_234_567_890_123);
        assert!(folder.path().join(".live.isml.past").exists());
        let mut past = Past::of(&definition);
        assert_eq!((past.edge(), past.has("line\nbreak")), (1_234_567_890_123, true));
        for n in 0..EVENTS {
            past.end(&n.to_string());
        }
        let mut past = Past::of(&definition);
        assert!(!past.has("line\nbreak") && past.has("0") && past.has("63"));
        past.forgive();
        let past = Past::of(&definition);
        assert_eq!((past.edge(), past.has("63")), (1_234_567_890_123, false));
        Past::remove(&definition);
        assert_eq!(Past::of(&definition).edge(), 0);
    }

    #[test]
    fn what_cannot_be_read_or_written_is_no_obstacle() {
        let folder = tempfile::tempdir().unwrap();
        let definition = folder.path().join("live.isml");
        std::fs::write(folder.path().join(".live.isml.past"), b"\xff nonsense\n{\n\"a\"\n").unwrap();
        let mut past = Past::of(&definition);
        past.reach(7);
        assert_eq!(past.edge(), 7);
        let mut past = Past::of(&folder.path().join("none/live.isml"));
        past.reach(7);
        past.end("a");
        assert!(past.edge() == 7 && past.has("a"));
    }
}
