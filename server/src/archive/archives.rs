//! All archives of a server: where they go, and which of them to come back to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use smooth::smil::definition::{self, Definition};

use super::disk::{Disk, System};
use super::journal::Begin;
use super::layout::{self, POINTERS};
use super::lock::Lock;
use super::log::DiskLog;
use super::plan::{Plan, Pointer};
use super::recorder::Recorder;
use super::shared::{Limits, Shared, Watcher};
use super::status::unix_ms;
use super::{hash, recover};
use crate::config::Settings;
use crate::publishing_point::broadcast::{Broadcast, Rules};

/// See the module.
pub struct Archives {
    settings: Arc<Settings>,
    /// Root of the server.
    base: PathBuf,
    root: PathBuf,
    disk: Arc<dyn Disk>,
    tickets: Arc<AtomicU64>,
    logs: Mutex<Vec<Weak<DiskLog>>>,
    lock: Arc<Lock>,
    /// Whether the keeper runs, and how it is woken to end.
    is_kept: AtomicBool,
    ended: Arc<(Mutex<bool>, Condvar)>,
}

/// A broadcast that was going on, or could be watched, when the server ended.
pub struct Recovered {
    /// What was published, as far as it is in the window.
    pub broadcast: Broadcast,
    /// Where it goes on.
    pub log: Arc<DiskLog>,
    /// The settings that were in force.
    pub definition: Definition,
    /// The event, where the encoder names one.
    pub event: Option<String>,
    /// The broadcast is over.
    pub is_over: bool,
}

impl Archives {
    /// The archives of a server whose root is `root`.
    #[must_use]
    pub fn new(settings: Arc<Settings>, root: &Path) -> Self {
        Self::on(Arc::new(System), settings, root)
    }

    pub(super) fn on(disk: Arc<dyn Disk>, settings: Arc<Settings>, root: &Path) -> Self {
        Self {
            base: root.to_owned(),
            lock: Arc::new(Lock::new(root.join(&settings.archive_root))),
            root: root.join(&settings.archive_root),
            settings,
            disk,
            tickets: Arc::default(),
            logs: Mutex::default(),
            is_kept: AtomicBool::new(false),
            ended: Arc::default(),
        }
    }

    /// A log for the broadcast that begins at `begin`, in units of 100 ns, on the publishing point at URL
    /// path `point`; `None` if it is not to be archived.
    #[must_use]
    pub fn open(
        self: &Arc<Self>,
        point: &str,
        definition: &Definition,
        begin: i64,
        watcher: Watcher,
    ) -> Option<Arc<DiskLog>> {
        if !self.settings.archive || !definition.publishing.archives {
            return None;
        }
        let since = SystemTime::now();
        let begin = Begin {
            point: point.to_owned(),
            event: None,
            begin,
            since: unix_ms(since),
            definition: definition::write(definition),
        };
        let recorder = self.recorder(begin, definition, since, watcher);
        self.start(recorder)
            .inspect_err(|e| tracing::error!(point, error = %e, "no archive: no thread for it"))
            .ok()
    }

    fn recorder(
        &self,
        begin: Begin,
        definition: &Definition,
        since: SystemTime,
        watcher: Watcher,
    ) -> Recorder {
        let (root, parts) = match &definition.archive_path {
            // The place of the publishing point is not appended.
            Some(path) => (self.base.join(path), Vec::new()),
            None => (self.root.clone(), layout::folders(&begin.point)),
        };
        let plan = Plan {
            root,
            parts,
            name: layout::stem(&begin.point),
            since,
            segment_length: segment_length(definition),
            event_on_path: definition.event_id_on_path,
            pointer: self.pointer(&begin.point),
            limits: self.settings.limits(),
            lock: Arc::clone(&self.lock),
            begin,
        };
        let limits = Limits {
            queue: self.settings.max_archive_queue,
            fragment: self.settings.max_fragment_bytes as u64,
        };
        Recorder::new(Arc::clone(&self.disk), Shared::new(limits, watcher), plan)
    }

    fn start(self: &Arc<Self>, recorder: Recorder) -> io::Result<Arc<DiskLog>> {
        let log = Arc::new(DiskLog::start(recorder, Arc::clone(&self.tickets))?);
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        logs.retain(|l| l.strong_count() > 0);
        logs.push(Arc::downgrade(&log));
        drop(logs);
        self.keep()?;
        Ok(log)
    }

    /// Where it stands what to go on with at `point`, whatever characters the path has.
    fn pointer(&self, point: &str) -> PathBuf {
        let hash = hash(point.to_lowercase().as_bytes());
        self.root.join(POINTERS).join(format!("{}-{hash:016x}.json", layout::stem(point)))
    }

    /// URL paths of the publishing points that have something to come back to.
    #[must_use]
    pub fn unfinished(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root.join(POINTERS)).into_iter().flatten().filter_map(Result::ok);
        let mut files: Vec<_> =
            entries.map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "json")).collect();
        files.sort();
        files.iter().filter_map(|p| Some(read_pointer(p)?.begin.point)).collect()
    }

    /// Takes the broadcast of the publishing point at URL path `point` up again; `None` if there is none.
    /// `rules` follow from its settings.
    ///
    /// # Errors
    ///
    /// The storage failed, or nothing of it is left.
    pub fn recover(
        self: &Arc<Self>,
        point: &str,
        rules: impl Fn(&Definition) -> Rules,
        watcher: Watcher,
    ) -> io::Result<Option<Recovered>> {
        let path = self.pointer(point);
        let Some(pointer) = read_pointer(&path) else { return Ok(None) };
        self.lock.claim()?;
        let began = Instant::now();
        let limits = self.settings.limits();
        let settings =
            |begin: &Begin| definition::read(begin.definition.as_bytes(), &limits).unwrap_or_default();
        let folder = pointer.folder.canonicalize()?;
        let replay = recover::read(&folder, &pointer.begin, &limits, |begin| {
            let definition = settings(begin);
            (rules(&definition), segment_length(&definition))
        })?;
        if replay.closed {
            self.disk.remove(&path)?;
            return Ok(None);
        }
        let (definition, event, is_over) =
            (settings(&replay.begin), replay.begin.event.clone(), replay.sealed);
        let mut recorder = self.recorder(replay.begin.clone(), &definition, SystemTime::now(), watcher);
        let mut broadcast = recorder.resume(replay)?;
        let log = self.start(recorder)?;
        broadcast.resume(Arc::clone(&log) as _);
        tracing::info!(
            point,
            folder = %folder.display(),
            is_over,
            micros = began.elapsed().as_micros(),
            "the broadcast is taken up again"
        );
        Ok(Some(Recovered { broadcast, log, definition, event, is_over }))
    }

    /// Ends all logs, within `limit`: what was said is stored, and a restart goes on from there. Blocks.
    pub fn finish(&self, limit: Duration) {
        let until = Instant::now() + limit;
        for log in self.logs() {
            log.finish(until.saturating_duration_since(Instant::now()));
        }
        self.lock.release();
        *self.ended.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ended.1.notify_all();
    }

    pub(super) fn logs(&self) -> Vec<Arc<DiskLog>> {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        logs.iter().filter_map(Weak::upgrade).collect()
    }

    /// Starts the thread that syncs what is written, off the way of the broadcasts, and looks after disks
    /// that hang.
    fn keep(self: &Arc<Self>) -> io::Result<()> {
        if self.is_kept.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let (this, ended) = (Arc::downgrade(self), Arc::clone(&self.ended));
        let period = Duration::from_secs(self.settings.archive_sync_seconds);
        let keep = move || {
            let mut synced = Instant::now();
            loop {
                let guard = ended.0.lock().unwrap_or_else(PoisonError::into_inner);
                let waited = ended.1.wait_timeout_while(guard, TICK, |ended| !*ended);
                let over = *waited.unwrap_or_else(PoisonError::into_inner).0;
                let Some(this) = this.upgrade().filter(|_| !over) else { return };
                let due = !period.is_zero() && synced.elapsed() >= period;
                for log in this.logs() {
                    log.watch();
                    if due || log.has_finished_files() {
                        log.sync();
                    }
                }
                if due {
                    synced = Instant::now();
                }
            }
        };
        std::thread::Builder::new().name("archive-sync".to_owned()).spawn(keep).map(drop)
    }
}

impl Drop for Archives {
    fn drop(&mut self) {
        *self.ended.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ended.1.notify_all();
    }
}

fn read_pointer(path: &Path) -> Option<Pointer> {
    let text = fs::read_to_string(path).ok()?;
    serde_json::from_str(&text)
        .inspect_err(|e| tracing::warn!(file = %path.display(), error = %e, "no pointer to an archive"))
        .ok()
}

/// In units of 100 ns.
fn segment_length(definition: &Definition) -> i64 {
    i64::from(definition.archive_segment_length) * 10_000_000
}

/// How often the keeper looks.
const TICK: Duration = Duration::from_secs(1);
