//! One source buffer, and the queue of what it is to do.
//!
//! A source buffer does one thing at a time and says `updateend` after each. What waits here is media in
//! JavaScript's memory; it is bounded by the fragments that the engine has under way.

use js_sys::Uint8Array;
use smooth::manifest::Kind;
use wasm_bindgen::prelude::*;
use web_sys::{DomException, SourceBuffer};

use crate::engine::{AppendFailure, Range, RequestId};
use crate::web::dom::{Listener, shift};

/// Something for a source buffer to do.
#[derive(Debug)]
pub(super) enum Task {
    /// Append bytes that were made here: an init segment, a `moof`.
    Bytes(Vec<u8>),
    /// Append the pieces of a body as they arrive.
    Body {
        /// Whose body.
        request: RequestId,
        /// What has arrived and is not appended.
        pieces: Vec<Uint8Array>,
        /// Whether all of it has arrived.
        whole: bool,
    },
    /// `changeType`.
    Type(String),
    /// `remove`, in seconds.
    Evict(f64, f64),
    /// `abort`.
    Reset,
}

/// What came of letting a buffer work. See [`Buffer::work`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is at work, or has nothing to do for now.
    Rest,
    /// The whole body of a request is appended; there may be more to do.
    Appended(RequestId),
    /// A range is removed; there may be more to do.
    Evicted,
    /// It refused; its queue is emptied.
    Failed(AppendFailure),
}

/// A source buffer with its queue.
#[derive(Debug)]
pub(super) struct Buffer {
    pub(super) kind: Kind,
    target: SourceBuffer,
    tasks: Vec<Task>,
    /// A `remove` runs.
    evicting: bool,
    /// `updateend` and `error`.
    _listeners: [Listener; 2],
}

impl Buffer {
    pub(super) const fn new(kind: Kind, target: SourceBuffer, listeners: [Listener; 2]) -> Self {
        Self { kind, target, tasks: Vec::new(), evicting: false, _listeners: listeners }
    }

    /// Queues a task.
    pub(super) fn push(&mut self, task: Task) {
        self.tasks.push(task);
    }

    /// A piece of a body arrived. Dropped if nothing waits for it any more.
    pub(super) fn piece(&mut self, of: RequestId, piece: Uint8Array) {
        if let Some((pieces, _)) = self.body(of) {
            pieces.push(piece);
        }
    }

    /// A body has arrived to its end.
    pub(super) fn whole(&mut self, of: RequestId) {
        if let Some((_, whole)) = self.body(of) {
            *whole = true;
        }
    }

    /// Drops what is left of a body.
    pub(super) fn forget(&mut self, of: RequestId) {
        let mut tasks = self.tasks.iter();
        let body = |task: &Task| matches!(task, Task::Body { request, .. } if *request == of);
        if let Some(at) = tasks.position(body) {
            self.tasks.remove(at);
        }
    }

    /// Drops everything queued but evictions, whose end is always told.
    pub(super) fn clear(&mut self) {
        self.tasks.retain(|task| matches!(task, Task::Evict(..)));
    }

    /// [`clear`](Self::clear), and the next bytes are read as the start of a segment.
    pub(super) fn reset(&mut self) {
        self.clear();
        self.tasks.insert(0, Task::Reset);
    }

    /// `updateend`: says whether it was a removal that ended. Not to be believed while the buffer is at
    /// work again, as it is after a reset.
    pub(super) fn rested(&mut self) -> Option<bool> {
        (!self.target.updating()).then(|| core::mem::take(&mut self.evicting))
    }

    /// Does the next thing, if it can.
    pub(super) fn work(&mut self) -> Outcome {
        loop {
            if self.target.updating() {
                // Only a reset cuts in, and only on an append: abort() during remove() throws.
                if !self.evicting && matches!(self.tasks.first(), Some(Task::Reset)) {
                    self.tasks.remove(0);
                    let _ = self.target.abort();
                    continue;
                }
                return Outcome::Rest;
            }
            let done = match self.tasks.first_mut() {
                None => return Outcome::Rest,
                Some(Task::Body { request, pieces, whole }) => match shift(pieces) {
                    Some(piece) => self.target.append_buffer_with_js_u8_array(&piece),
                    None if *whole => {
                        let request = *request;
                        self.tasks.remove(0);
                        return Outcome::Appended(request);
                    }
                    None => return Outcome::Rest,
                },
                Some(_) => match shift(&mut self.tasks) {
                    Some(Task::Bytes(mut bytes)) => self.target.append_buffer_with_u8_array(&mut bytes),
                    Some(Task::Type(mime)) => self.target.change_type(&mime),
                    Some(Task::Evict(start, end)) => {
                        self.evicting = start < end && self.target.remove(start.max(0.0), end).is_ok();
                        if !self.evicting {
                            return Outcome::Evicted;
                        }
                        Ok(())
                    }
                    _ => {
                        let _ = self.target.abort();
                        Ok(())
                    }
                },
            };
            if let Err(error) = done {
                self.clear();
                return Outcome::Failed(reason(&error));
            }
        }
    }

    /// Whether it is at work.
    pub(super) fn updating(&self) -> bool {
        self.target.updating()
    }

    /// Whether it has nothing to do.
    pub(super) fn idle(&self) -> bool {
        self.tasks.is_empty() && !self.target.updating()
    }

    /// What is buffered.
    pub(super) fn ranges(&self) -> Vec<Range> {
        let mut list = Vec::new();
        let Ok(ranges) = self.target.buffered() else { return list };
        for i in 0..ranges.length() {
            if let (Ok(start), Ok(end)) = (ranges.start(i), ranges.end(i)) {
                list.push(Range { start, end });
            }
        }
        list
    }

    fn body(&mut self, of: RequestId) -> Option<(&mut Vec<Uint8Array>, &mut bool)> {
        self.tasks.iter_mut().find_map(|task| match task {
            Task::Body { request, pieces, whole } if *request == of => Some((pieces, whole)),
            _ => None,
        })
    }
}

fn reason(error: &JsValue) -> AppendFailure {
    let name = error.dyn_ref::<DomException>().map(DomException::name);
    match name.as_deref() {
        Some("QuotaExceededError") => AppendFailure::Quota,
        Some("NotSupportedError") => AppendFailure::Decode,
        _ => AppendFailure::Closed,
    }
}
