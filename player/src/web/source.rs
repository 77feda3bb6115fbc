//! The media source: its duration and end, and the buffers in it.

use std::rc::{Rc, Weak};

use js_sys::{Array, Function, Reflect};
use smooth::manifest::Kind;
use wasm_bindgen::prelude::*;
use web_sys::{HtmlVideoElement, MediaSource, MediaSourceReadyState, Url};

use super::buffer::{Buffer, Outcome, Task};
use super::dom::{Listener, SourceClass, Timed};
use super::session::{Session, Word};
use crate::engine::{AppendFailure, Range, RequestId};

/// A media source, attached to the element from its making to its end.
#[derive(Debug)]
pub(super) struct Source {
    media: MediaSource,
    /// Address of the object, as long as it is not revoked.
    address: Option<String>,
    buffers: Vec<Buffer>,
    /// Duration to set as soon as no buffer is updating, in seconds.
    length: Option<f64>,
    /// The end is to be declared as soon as nothing is queued.
    ending: bool,
    /// A buffer said `error`: the element's own error, which follows, is told already.
    failed: bool,
    _listeners: Vec<Listener>,
}

impl Source {
    /// Makes one and attaches it to the element. `session` hears of it.
    pub(super) fn open(
        session: &Weak<Session>,
        video: &HtmlVideoElement,
        class: &SourceClass,
        managed: bool,
    ) -> Result<Self, JsValue> {
        let media: MediaSource =
            Reflect::construct(class.unchecked_ref::<Function>(), &Array::new())?.unchecked_into();
        let mut listeners = vec![listen(session, &media, "sourceopen", |session, _| session.opened())];
        if managed {
            // Without this a managed source never opens where AirPlay could take over.
            Reflect::set(video, &"disableRemotePlayback".into(), &JsValue::TRUE)?;
            let wanted = |session: &Rc<Session>, _| session.tell(Word::Streaming(true));
            listeners.push(listen(session, &media, "startstreaming", wanted));
            let enough = |session: &Rc<Session>, _| session.tell(Word::Streaming(false));
            listeners.push(listen(session, &media, "endstreaming", enough));
        }
        let address = Url::create_object_url_with_source(&media)?;
        video.set_src(&address);
        Ok(Self {
            media,
            address: Some(address),
            buffers: Vec::new(),
            length: None,
            ending: false,
            failed: false,
            _listeners: listeners,
        })
    }

    /// `sourceopen`: true the first time. It comes again whenever data is appended after the end.
    pub(super) fn opened(&mut self) -> bool {
        let Some(address) = self.address.take() else { return false };
        let _ = Url::revoke_object_url(&address);
        true
    }

    /// `addSourceBuffer`.
    pub(super) fn create(
        &mut self,
        session: &Weak<Session>,
        kind: Kind,
        mime: &str,
        until: f64,
    ) -> Result<(), AppendFailure> {
        let Ok(target) = self.media.add_source_buffer(mime) else { return Err(AppendFailure::Decode) };
        target.set_append_window_end(until);
        let listeners = [
            listen_for(kind, session, &target, "updateend", |session, kind| session.updated(kind)),
            listen_for(kind, session, &target, "error", |session, kind| session.refused(kind)),
        ];
        self.buffers.push(Buffer::new(kind, target, listeners));
        Ok(())
    }

    /// Queues a task for a buffer.
    pub(super) fn push(&mut self, kind: Kind, task: Task) {
        if matches!(task, Task::Bytes(_) | Task::Body { .. }) {
            self.ending = false;
        }
        if let Some(buffer) = self.buffer(kind) {
            buffer.push(task);
        }
    }

    /// The buffer of a kind, if there is one.
    pub(super) fn buffer(&mut self, kind: Kind) -> Option<&mut Buffer> {
        self.buffers.iter_mut().find(|buffer| buffer.kind == kind)
    }

    /// Drops what is left of a body, wherever it was to go.
    pub(super) fn forget(&mut self, request: RequestId) {
        for buffer in &mut self.buffers {
            buffer.forget(request);
        }
    }

    /// Sets the duration as soon as it may be set.
    pub(super) const fn set_length(&mut self, seconds: f64) {
        self.length = Some(seconds);
    }

    /// The window of a broadcast, in seconds.
    pub(super) fn set_window(&self, start: f64, end: f64) {
        if self.media.ready_state() == MediaSourceReadyState::Open {
            let _ = self.media.set_live_seekable_range(start.max(0.0), end.max(start).max(0.0));
        }
    }

    /// Declares the end as soon as nothing is queued.
    pub(super) const fn end(&mut self) {
        self.ending = true;
    }

    /// A buffer failed: whether that is news.
    pub(super) const fn fail(&mut self) -> bool {
        !core::mem::replace(&mut self.failed, true)
    }

    /// Lets the buffers work. Call it until it has nothing to say.
    pub(super) fn work(&mut self) -> Option<(Kind, Outcome)> {
        if let Some(seconds) = self.length {
            if self.buffers.iter().any(Buffer::updating) {
                return None;
            }
            self.length = None;
            // Refused if media beyond it is buffered, or if the source is closed: nothing is lost by it.
            let _ = self.media.unchecked_ref::<Timed>().set_length(seconds);
        }
        for buffer in &mut self.buffers {
            match buffer.work() {
                Outcome::Rest => {}
                outcome => return Some((buffer.kind, outcome)),
            }
        }
        let open = || self.media.ready_state() == MediaSourceReadyState::Open;
        if self.ending && self.buffers.iter().all(Buffer::idle) && open() {
            self.ending = false;
            let _ = self.media.end_of_stream();
        }
        None
    }

    /// Some kind that has a buffer, video first.
    pub(super) fn main_kind(&self) -> Option<Kind> {
        let has = |kind| self.buffers.iter().any(|buffer| buffer.kind == kind).then_some(kind);
        has(Kind::Video).or_else(|| has(Kind::Audio))
    }

    /// What is buffered of a kind.
    pub(super) fn ranges(&self, kind: Kind) -> Vec<Range> {
        self.buffers.iter().find(|buffer| buffer.kind == kind).map_or_else(Vec::new, Buffer::ranges)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.opened();
    }
}

/// What a session does when it hears of something. A plain function: each closure would bring its own copy of
/// everything around it.
pub(super) type Act = fn(&Rc<Session>, Kind);

/// Listens for `session`, as long as it lives.
pub(super) fn listen(
    session: &Weak<Session>,
    target: &web_sys::EventTarget,
    name: &'static str,
    act: Act,
) -> Listener {
    listen_for(Kind::Video, session, target, name, act)
}

/// Listens for `session`, as long as it lives, to what concerns the buffer of `kind`.
fn listen_for(
    kind: Kind,
    session: &Weak<Session>,
    target: &web_sys::EventTarget,
    name: &'static str,
    act: Act,
) -> Listener {
    let session = session.clone();
    Listener::new(target, name, move || {
        if let Some(session) = session.upgrade() {
            act(&session, kind);
        }
    })
}
