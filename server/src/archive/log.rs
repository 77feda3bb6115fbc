//! The log of an archived broadcast: the thread behind its queue, and reading back.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use smooth::boxes;

use super::job::{Item, Job};
use super::recorder::Recorder;
use super::shared::Shared;
use super::status::Status;
use super::{FragmentLog, Media, NewTrack, Place, Published, Stored, TrackId};

/// See the module.
pub struct DiskLog {
    shared: Arc<Shared>,
    /// Hands out numbers for what is to be stored, over all logs of the server.
    tickets: Arc<AtomicU64>,
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
