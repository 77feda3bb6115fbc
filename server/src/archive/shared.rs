//! The queue of a log, and what its thread shares with everybody else.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use super::Stored;
use super::catalog::Catalog;
use super::disk::Output;
use super::job::{Gap, Gaps, Job};
use super::journal::Indexed;
use super::status::{Status, Trouble};

/// Told what [`FragmentLog::reached`](super::FragmentLog::reached) answers, whenever it may answer otherwise.
pub type Watcher = Arc<dyn Fn(u64) + Send + Sync>;

/// What the thread shares with everybody else.
pub(super) struct Shared {
    pub(super) queue: Mutex<Queue>,
    /// The queue has something new, or nothing any more.
    pub(super) wake: Condvar,
    /// Number of the newest job, and of the newest that is done.
    pub(super) position: AtomicU64,
    pub(super) done: AtomicU64,
    pub(super) degraded: AtomicBool,
    pub(super) status: Mutex<Status>,
    pub(super) stored: Mutex<Vec<Stored>>,
    pub(super) catalog: RwLock<Catalog>,
    pub(super) outputs: Mutex<Vec<Arc<dyn Output>>>,
    pub(super) retired: Mutex<Vec<Arc<dyn Output>>>,
    /// Bytes of the journal, and how many of them are known to be on the disk itself.
    pub(super) journal: AtomicU64,
    pub(super) synced: AtomicU64,
    pub(super) limits: Limits,
    pub(super) watcher: Watcher,
    /// What was done when it was looked at last, see [`DiskLog::watch`].
    pub(super) seen: AtomicU64,
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
pub(super) struct Queue {
    pub(super) jobs: VecDeque<(u64, Job)>,
    /// The thread is at a job.
    pub(super) busy: bool,
    /// Nothing is added any more: the thread ends when it is done.
    pub(super) closed: bool,
    /// The thread has ended.
    pub(super) ended: bool,
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

    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn status(&self) -> MutexGuard<'_, Status> {
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
    pub(super) fn degrade(&self, reason: String) {
        self.note_trouble(reason);
        self.tell();
    }

    pub(super) fn note_trouble(&self, reason: String) {
        let mut status = self.status();
        if status.trouble.is_none() {
            let folder = status.folder.as_deref().unwrap_or_else(|| "".as_ref());
            tracing::error!(folder = %folder.display(), reason, "the archive is degraded: live goes on from memory");
            status.trouble = Some(Trouble::now(reason));
        }
        self.degraded.store(true, Ordering::Release);
    }

    /// Degrades unless everything is stored by now.
    pub(super) fn give_up(&self) {
        let queue = self.queue();
        if queue.busy || !queue.jobs.is_empty() {
            // Under the lock, or the thread might find that it is at the end, and heal, just before.
            self.note_trouble("the disk takes too long".to_owned());
        }
        drop(queue);
        self.tell();
    }

    pub(super) fn tell(&self) {
        (self.watcher)(self.reached());
    }

    pub(super) fn reached(&self) -> u64 {
        if self.degraded.load(Ordering::Acquire) { u64::MAX } else { self.done.load(Ordering::Acquire) }
    }

    /// Everything is stored again.
    pub(super) fn heal(&self) {
        if !self.degraded.swap(false, Ordering::AcqRel) {
            return;
        }
        let mut status = self.status();
        status.trouble = None;
        let folder = status.folder.as_deref().unwrap_or_else(|| "".as_ref());
        tracing::warn!(folder = %folder.display(), missing = status.missing, "the archive has caught up");
    }

    /// Puts a job in the queue. Returns its number.
    pub(super) fn put(&self, ticket: u64, job: Job) {
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
    pub(super) fn shorten(&self, jobs: &mut VecDeque<(u64, Job)>) {
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
    pub(super) fn next(&self) -> Option<(u64, Job)> {
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
    pub(super) fn pause(&self, pause: Duration) -> bool {
        let queue = self.queue();
        let until = Instant::now() + pause;
        let waited = self.wake.wait_timeout_while(queue, pause, |q| !q.closed && Instant::now() < until);
        !waited.unwrap_or_else(PoisonError::into_inner).0.closed
    }

    /// Ends the thread when it has done what is in the queue.
    pub(super) fn close(&self) {
        self.queue().closed = true;
        self.wake.notify_all();
    }

    /// Waits until job `ticket` is done, or has waited for too long.
    pub(super) fn wait(&self, done: impl Fn(&Queue) -> bool, limit: Duration) -> bool {
        let queue = self.queue();
        let waited = self.wake.wait_timeout_while(queue, limit, |q| !done(q));
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}
