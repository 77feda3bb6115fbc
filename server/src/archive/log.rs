//! The log of an archived broadcast: a queue, the thread behind it, and reading back.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use smooth::boxes;

use super::catalog::Catalog;
use super::disk::Output;
use super::journal::Indexed;
use super::recorder::{Gap, Gaps, Item, Job, Recorder};
use super::status::{Status, Trouble};
use super::{FragmentLog, Media, NewTrack, Place, Published, Stored, TrackId};

/// Told what [`FragmentLog::reached`] answers, whenever it may answer otherwise.
pub type Watcher = Arc<dyn Fn(u64) + Send + Sync>;

/// See the module.
pub struct DiskLog {
    shared: Arc<Shared>,
    /// Hands out numbers for what is to be stored, over all logs of the server.
    tickets: Arc<AtomicU64>,
}

/// What the thread shares with everybody else.
pub(super) struct Shared {
    queue: Mutex<Queue>,
    /// The queue has something new, or nothing any more.
    wake: Condvar,
    /// Number of the newest job, and of the newest that is done.
    position: AtomicU64,
    done: AtomicU64,
    degraded: AtomicBool,
    status: Mutex<Status>,
    stored: Mutex<Vec<Stored>>,
    catalog: RwLock<Catalog>,
    outputs: Mutex<Vec<Arc<dyn Output>>>,
    retired: Mutex<Vec<Arc<dyn Output>>>,
    /// Bytes of the journal, and how many of them are known to be on the disk itself.
    journal: AtomicU64,
    synced: AtomicU64,
    limits: Limits,
    watcher: Watcher,
    /// What was done when it was looked at last, see [`DiskLog::watch`].
    seen: AtomicU64,
}

/// Bounds of a log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Jobs that wait.
    pub(super) queue: usize,
    /// Bytes of a fragment.
    pub(super) fragment: u64,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<(u64, Job)>,
    /// The thread is at a job.
    busy: bool,
    /// Nothing is added any more: the thread ends when it is done.
    closed: bool,
    /// The thread has ended.
    ended: bool,
}

impl Shared {
    pub(super) fn new(limits: Limits, watcher: Watcher) -> Arc<Self> {
        Arc::new(Self {
            queue: Mutex::default(),
            wake: Condvar::new(),
            position: AtomicU64::new(0),
            done: AtomicU64::new(0),
            degraded: AtomicBool::new(false),
            status: Mutex::default(),
            stored: Mutex::default(),
            catalog: RwLock::default(),
            outputs: Mutex::default(),
            retired: Mutex::default(),
            journal: AtomicU64::new(0),
            synced: AtomicU64::new(0),
            limits,
            watcher,
            seen: AtomicU64::new(u64::MAX),
        })
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn catalog(&self) -> RwLockReadGuard<'_, Catalog> {
        self.catalog.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn catalog_mut(&self) -> RwLockWriteGuard<'_, Catalog> {
        self.catalog.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The archive has its folder.
    pub(super) fn settle_in(&self, catalog: Catalog) {
        self.status().folder = Some(catalog.folder.clone());
        *self.catalog_mut() = catalog;
    }

    /// Files that are finished, but not yet on the disk itself.
    pub(super) fn retire<'a>(&self, outputs: impl Iterator<Item = &'a Arc<dyn Output>>) {
        self.retired.lock().unwrap_or_else(PoisonError::into_inner).extend(outputs.cloned());
    }

    pub(super) fn set_outputs(&self, outputs: Vec<Arc<dyn Output>>) {
        *self.outputs.lock().unwrap_or_else(PoisonError::into_inner) = outputs;
    }

    /// The journal has so many bytes.
    pub(super) fn written(&self, journal: u64) {
        self.journal.store(journal, Ordering::Release);
    }

    pub(super) fn stored(&self, fragments: &[Indexed]) {
        let mut status = self.status();
        status.fragments += fragments.len() as u64;
        status.bytes += fragments.iter().map(|f| f.size).sum::<u64>();
        drop(status);
        let mut stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        stored.extend(fragments.iter().map(Stored::from));
    }

    pub(super) fn missed(&self, fragments: u64) {
        self.status().missing += fragments;
    }

    /// The storage does not do what it should: nobody waits for it until it has caught up.
    fn degrade(&self, reason: String) {
        self.note_trouble(reason);
        self.tell();
    }

    fn note_trouble(&self, reason: String) {
        let mut status = self.status();
        if status.trouble.is_none() {
            let folder = status.folder.as_deref().unwrap_or_else(|| "".as_ref());
            tracing::error!(folder = %folder.display(), reason, "the archive is degraded: live goes on from memory");
            status.trouble = Some(Trouble::now(reason));
        }
        self.degraded.store(true, Ordering::Release);
    }

    /// Degrades unless everything is stored by now.
    fn give_up(&self) {
        let queue = self.queue();
        if queue.busy || !queue.jobs.is_empty() {
            // Under the lock, or the thread might find that it is at the end, and heal, just before.
            self.note_trouble("the disk takes too long".to_owned());
        }
        drop(queue);
        self.tell();
    }

    fn tell(&self) {
        (self.watcher)(self.reached());
    }

    fn reached(&self) -> u64 {
        if self.degraded.load(Ordering::Acquire) { u64::MAX } else { self.done.load(Ordering::Acquire) }
    }

    /// Everything is stored again.
    fn heal(&self) {
        if !self.degraded.swap(false, Ordering::AcqRel) {
            return;
        }
        let mut status = self.status();
        status.trouble = None;
        let folder = status.folder.as_deref().unwrap_or_else(|| "".as_ref());
        tracing::warn!(folder = %folder.display(), missing = status.missing, "the archive has caught up");
    }

    /// Puts a job in the queue. Returns its number.
    fn put(&self, ticket: u64, job: Job) {
        let mut queue = self.queue();
        if queue.closed {
            return;
        }
        // Viewers wait for what they are shown, and for nothing else.
        if job.is_shown() {
            self.position.store(ticket, Ordering::Release);
        }
        queue.jobs.push_back((ticket, job));
        if queue.jobs.len() > self.limits.queue {
            self.shorten(&mut queue.jobs);
        }
        drop(queue);
        self.wake.notify_all();
    }

    /// Gives the oldest fragments in the queue up.
    fn shorten(&self, jobs: &mut VecDeque<(u64, Job)>) {
        let mut lost = Gaps::new();
        for (_, job) in jobs.iter_mut().take(self.limits.queue / 2 + 1) {
            match job {
                Job::Publish { fragments, .. } => {
                    fragments.drain(..).for_each(|f| Gap::of(f.span).add(&mut lost, f.track));
                }
                Job::Lost(before) => {
                    std::mem::take(before).into_iter().for_each(|(track, gap)| gap.add(&mut lost, track));
                }
                _ => {}
            }
        }
        jobs.retain(|(_, job)| match job {
            Job::Publish { fragments, .. } => !fragments.is_empty(),
            Job::Lost(gaps) => !gaps.is_empty(),
            _ => true,
        });
        jobs.push_front((0, Job::Lost(lost)));
    }

    /// The next job; `None` when the thread may end.
    fn next(&self) -> Option<(u64, Job)> {
        let mut queue = self.queue();
        queue.busy = false;
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                queue.busy = true;
                return Some(job);
            }
            if queue.closed {
                return None;
            }
            self.heal();
            self.wake.notify_all();
            queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits before a job is tried again. Returns whether it makes sense.
    fn pause(&self, pause: Duration) -> bool {
        let queue = self.queue();
        let until = Instant::now() + pause;
        let waited = self.wake.wait_timeout_while(queue, pause, |q| !q.closed && Instant::now() < until);
        !waited.unwrap_or_else(PoisonError::into_inner).0.closed
    }

    /// Ends the thread when it has done what is in the queue.
    fn close(&self) {
        self.queue().closed = true;
        self.wake.notify_all();
    }

    /// Waits until job `ticket` is done, or has waited for too long.
    fn wait(&self, done: impl Fn(&Queue) -> bool, limit: Duration) -> bool {
        let queue = self.queue();
        let waited = self.wake.wait_timeout_while(queue, limit, |q| !done(q));
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

/// The thread.
fn run(mut recorder: Recorder, shared: &Shared) {
    while let Some((ticket, job)) = shared.next() {
        let whole = attempt(&mut recorder, shared, &job);
        shared.done.fetch_max(ticket, Ordering::AcqRel);
        shared.tell();
        let mut whole = whole;
        while let Some(chore) = recorder.chore().filter(|_| whole) {
            whole = attempt(&mut recorder, shared, &chore);
        }
        if !whole || matches!(job, Job::Close) {
            shared.close();
            break;
        }
    }
    if let Err(e) = recorder.sync() {
        tracing::error!(error = %e, "the archive cannot be put on the disk itself");
    }
    shared.set_outputs(Vec::new());
    let mut queue = shared.queue();
    queue.jobs.clear();
    (queue.busy, queue.ended) = (false, true);
    drop(queue);
    shared.degraded.store(true, Ordering::Release);
    shared.wake.notify_all();
    shared.tell();
}

/// Does a job, for as long as it takes. Returns whether it is done: once the log is closed, one attempt
/// has to do.
fn attempt(recorder: &mut Recorder, shared: &Shared, job: &Job) -> bool {
    let mut pause = FIRST_PAUSE;
    loop {
        let Err(e) = recorder.perform(job) else { return true };
        shared.degrade(e.to_string());
        if !shared.pause(pause) {
            if let Err(e) = recorder.perform(job) {
                tracing::error!(error = %e, "the archive ends incomplete");
                return false;
            }
            return true;
        }
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

impl DiskLog {
    /// A log that `recorder` writes, on a thread of its own.
    pub(super) fn start(recorder: Recorder, tickets: Arc<AtomicU64>) -> io::Result<Self> {
        let shared = Arc::clone(&recorder.shared);
        let on_thread = Arc::clone(&shared);
        thread::Builder::new()
            .name("archive".to_owned())
            .stack_size(STACK)
            .spawn(move || run(recorder, &on_thread))?;
        Ok(Self { shared, tickets })
    }

    /// How it does.
    #[must_use]
    pub fn status(&self) -> Status {
        let queue = self.shared.queue();
        let waiting = queue.jobs.iter().filter(|(_, job)| job.is_shown()).count() as u64;
        Status { waiting, ..self.shared.status().clone() }
    }

    /// Waits until everything that was said is stored, for `limit` at most. Returns whether it is.
    #[must_use]
    pub fn flush(&self, limit: Duration) -> bool {
        self.shared.wait(|q| q.ended || (q.jobs.is_empty() && !q.busy), limit)
    }

    /// Stores what was said and ends, within `limit`. A restart goes on from here.
    pub fn finish(&self, limit: Duration) {
        self.shared.close();
        if !self.shared.wait(|q| q.ended, limit) {
            tracing::error!("the archive's disk does not answer: what it has not taken yet is lost");
        }
    }

    /// Puts what is written on the disk itself. Blocks; the broadcast does not wait for it.
    pub(super) fn sync(&self) {
        let upto = self.shared.journal.load(Ordering::Acquire);
        if self.shared.synced.swap(upto, Ordering::AcqRel) == upto && !self.has_finished_files() {
            return;
        }
        let mut outputs =
            std::mem::take(&mut *self.shared.retired.lock().unwrap_or_else(PoisonError::into_inner));
        outputs.extend_from_slice(&self.shared.outputs.lock().unwrap_or_else(PoisonError::into_inner));
        match outputs.iter().try_for_each(|o| o.sync()) {
            Ok(()) => self.put(Job::Synced { upto }),
            Err(e) => {
                // Tried again at the next call.
                self.shared.synced.store(0, Ordering::Release);
                self.shared.retired.lock().unwrap_or_else(PoisonError::into_inner).extend(outputs);
                self.shared.degrade(format!("what is written does not reach the disk: {e}"));
            }
        }
    }

    /// Whether files are finished that are not on the disk itself yet.
    pub(super) fn has_finished_files(&self) -> bool {
        !self.shared.retired.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Gives up on a disk that has done nothing since the last call, although there was something to do.
    pub(super) fn watch(&self) {
        let done = self.shared.done.load(Ordering::Acquire);
        let waits = self.shared.position.load(Ordering::Acquire) > done;
        let before = self.shared.seen.swap(if waits { done } else { u64::MAX }, Ordering::AcqRel);
        if waits && before == done && !self.shared.degraded.load(Ordering::Acquire) {
            self.shared.give_up();
        }
    }

    fn put(&self, job: Job) {
        self.shared.put(self.tickets.fetch_add(1, Ordering::AcqRel) + 1, job);
    }
}

impl FragmentLog for DiskLog {
    fn get(&self, _: TrackId, _: u64, place: Option<Place>) -> io::Result<Option<Arc<Media>>> {
        let Some(place) = place else { return Ok(None) };
        let Some(path) = self.shared.catalog().path(place.file()) else { return Ok(None) };
        match read(&path, place.offset(), self.shared.limits.fragment) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            result => result.map(|media| Some(Arc::new(media))),
        }
    }

    fn describe(&self, event: Option<&str>, stream: &str, tracks: &[NewTrack]) {
        let (event, stream, tracks) = (event.map(str::to_owned), stream.to_owned(), tracks.to_vec());
        self.put(Job::Describe { event, stream, tracks });
    }

    fn run(&self, offset: i64) {
        self.put(Job::Run(offset));
    }

    fn append(&self, published: Published) {
        let item = |kept: &super::Kept| Item {
            track: kept.track,
            span: kept.span,
            raw: kept.raw,
            media: Arc::downgrade(&kept.media),
        };
        let fragments = published.fragments.iter().map(item).collect();
        self.put(Job::Publish { chunk: published.chunk, fragments });
    }

    fn stored(&self) -> Vec<Stored> {
        std::mem::take(&mut *self.shared.stored.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn position(&self) -> u64 {
        self.shared.position.load(Ordering::Acquire)
    }

    fn reached(&self) -> u64 {
        self.shared.reached()
    }

    fn give_up(&self) {
        self.shared.give_up();
    }

    fn seal(&self) {
        self.put(Job::Seal);
    }

    fn close(&self) {
        self.put(Job::Close);
    }
}

impl Drop for DiskLog {
    fn drop(&mut self) {
        self.shared.close();
    }
}

/// The fragment at `offset` of the file at `path`.
fn read(path: &std::path::Path, offset: u64, limit: u64) -> io::Result<Media> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let moof = read_box(&mut file, *b"moof", limit)?;
    let mdat = read_box(&mut file, *b"mdat", limit)?;
    Ok(Media::new(moof, mdat))
}

/// The box that comes next.
pub(super) fn read_box(input: &mut impl Read, kind: [u8; 4], limit: u64) -> io::Result<Bytes> {
    let damaged = |what: &str| io::Error::new(ErrorKind::InvalidData, format!("damaged archive: {what}"));
    let mut whole = vec![0; 8];
    input.read_exact(&mut whole)?;
    if whole.starts_with(&[0, 0, 0, 1]) {
        whole.resize(16, 0);
        input.read_exact(&mut whole[8..])?;
    }
    let header = boxes::Header::read(&whole).map_err(|e| damaged(&e.to_string()))?;
    let header = header.filter(|h| h.kind == kind).ok_or_else(|| damaged("another box is there"))?;
    let rest =
        header.size.and_then(|size| size.checked_sub(whole.len() as u64)).filter(|&rest| rest <= limit);
    let rest = rest.ok_or_else(|| damaged("a size beyond the limit"))?;
    // Grows with what is there.
    input.take(rest).read_to_end(&mut whole)?;
    if whole.len() as u64 != header.size.unwrap_or_default() {
        return Err(damaged("it is cut short"));
    }
    Ok(whole.into())
}

/// Between the first two attempts.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Between later ones, at most.
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// Bytes of the thread's stack.
const STACK: usize = 256 << 10;
