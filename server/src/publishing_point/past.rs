//! What a publishing point remembers when its process is gone: how far its broadcasts reached, so that
//! no URL ever means something else, and which events are over.
//!
//! ```text
//! 00000000036200000000      reserve, in units of 100 ns: written over in place, which is one small write
//! "first event"             an event that is over, as a JSON string; oldest first
//! ```
//! A hidden file beside the definition. Where it cannot be written the point works as well, until its
//! process ends.
//!
//! The reserve is ahead of what was reached: times below it are not used by a later process. It is written
//! when a broadcast begins or jumps, and then by a thread of its own, long before it is reached: a disk
//! that hangs never holds a broadcast up.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::files;

/// See the module.
#[derive(Debug)]
pub(super) struct Past {
    path: PathBuf,
    /// What the broadcasts of this process reached, or where they may begin.
    edge: i64,
    /// What the file says, or is being told.
    asked: i64,
    events: VecDeque<String>,
    file: Option<Arc<File>>,
    pen: Arc<Pen>,
    is_broken: bool,
}

/// What a thread that writes the reserve shares with the writer of the point.
#[derive(Debug, Default)]
struct Pen {
    /// What stands in the file.
    reserve: AtomicI64,
    /// A thread is writing.
    is_busy: AtomicBool,
}

impl Past {
    /// What the point with this definition did; nothing, if nobody knows.
    pub(super) fn of(definition: &Path) -> Self {
        let path = Self::path(definition);
        let (events, pen) = (VecDeque::new(), Arc::default());
        let mut past = Self { path, edge: 0, asked: 0, events, file: None, pen, is_broken: false };
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
        self.edge = lines.next().and_then(|reserve| reserve.parse().ok()).unwrap_or(0);
        self.asked = self.edge;
        self.pen.reserve.store(self.edge, Ordering::Release);
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
        let left = self.pen.reserve.load(Ordering::Acquire).saturating_sub(edge);
        if left > RESERVE / 2 {
            return;
        }
        if self.pen.is_busy.load(Ordering::Acquire) {
            // The disk hangs: whoever waits for it now waits for ever.
            if left < 0 {
                self.complain(&io::ErrorKind::TimedOut.into());
            }
            return;
        }
        let begins = self.file.is_none() || left < 0;
        self.asked = self.asked.max(edge.saturating_add(RESERVE));
        let written = match &self.file {
            Some(file) if begins => put(file, self.asked),
            Some(file) => self.pen.write(Arc::clone(file), self.asked),
            None => self.write(),
        };
        match written {
            Ok(()) if begins => self.pen.reserve.store(self.asked, Ordering::Release),
            Ok(()) => {}
            Err(e) => self.complain(&e),
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
        let mut text = digits(self.asked.max(self.edge));
        for event in &self.events {
            text.push_str(&serde_json::Value::from(event.as_str()).to_string());
            text.push('\n');
        }
        files::replace(&self.path, text.as_bytes())?;
        self.file = Some(Arc::new(File::options().write(true).open(&self.path)?));
        Ok(())
    }

    fn complain(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.is_broken, true) {
            let file = self.path.display();
            tracing::warn!(%file, %error, "what was broadcast here will not be remembered when the server stops");
        }
    }
}

impl Pen {
    /// Writes `reserve` into `file`, on a thread of its own.
    fn write(self: &Arc<Self>, file: Arc<File>, reserve: i64) -> io::Result<()> {
        self.is_busy.store(true, Ordering::Release);
        let pen = Arc::clone(self);
        let work = move || {
            match put(&file, reserve) {
                Ok(()) => pen.reserve.store(reserve, Ordering::Release),
                Err(error) => tracing::warn!(%error, "the time of a broadcast cannot be reserved"),
            }
            pen.is_busy.store(false, Ordering::Release);
        };
        let started = std::thread::Builder::new().name("past".to_owned()).stack_size(STACK).spawn(work);
        started.map(drop).inspect_err(|_| self.is_busy.store(false, Ordering::Release))
    }
}

fn put(mut file: &File, reserve: i64) -> io::Result<()> {
    file.rewind()?;
    file.write_all(digits(reserve).as_bytes())
}

fn digits(reserve: i64) -> String {
    format!("{:020}\n", reserve.max(0))
}

/// How far ahead of a broadcast times are reserved, in units of 100 ns: an hour.
const RESERVE: i64 = 3600 * 10_000_000;

/// Bytes of the stack of a thread that writes a number.
const STACK: usize = 128 << 10;

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
        assert_eq!(past.edge(), 1_234_567_890_123);
        let mut past = Past::of(&definition);
        assert_eq!((past.edge(), past.has("line\nbreak")), (1_234_567_890_123 + RESERVE, true));
        for n in 0..EVENTS {
            past.end(&n.to_string());
        }
        let mut past = Past::of(&definition);
        assert!(!past.has("line\nbreak") && past.has("0") && past.has("63"));
        past.forgive();
        let past = Past::of(&definition);
        assert_eq!((past.edge(), past.has("63")), (1_234_567_890_123 + RESERVE, false));
        Past::remove(&definition);
        assert_eq!(Past::of(&definition).edge(), 0);
    }

    #[test]
    fn no_time_is_used_twice_though_it_is_seldom_written() {
        let folder = tempfile::tempdir().unwrap();
        let definition = folder.path().join("live.isml");
        let mut past = Past::of(&definition);
        let (second, mut written) = (10_000_000, std::collections::BTreeSet::new());
        for n in 1..=4 * 3600 {
            past.reach(n * second);
            while past.pen.is_busy.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
            // As after `kill -9` right here.
            let kept = Past::of(&definition).edge();
            assert!(kept > n * second && kept <= n * second + RESERVE, "{n}");
            written.insert(kept);
        }
        assert!(written.len() <= 9, "{written:?}");
        // A jump is there before anything else happens.
        past.reach(1_000_000 * second);
        assert!(Past::of(&definition).edge() > 1_000_000 * second);
    }

    #[test]
    fn a_disk_that_hangs_holds_no_broadcast_up() {
        let folder = tempfile::tempdir().unwrap();
        let mut past = Past::of(&folder.path().join("live.isml"));
        past.reach(1);
        // What a thread looks like whose write does not return.
        past.pen.is_busy.store(true, Ordering::Release);
        past.reach(RESERVE * 3 / 4);
        past.reach(RESERVE * 3);
        assert!(past.edge() == RESERVE * 3 && past.is_broken);
        past.pen.is_busy.store(false, Ordering::Release);
        past.reach(RESERVE * 3 + 1);
        assert_eq!(past.pen.reserve.load(Ordering::Acquire), RESERVE * 4 + 1);
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
