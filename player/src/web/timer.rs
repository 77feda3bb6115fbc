//! The one timer of a session.

use std::rc::{Rc, Weak};

use wasm_bindgen::prelude::*;
use web_sys::Window;

use super::session::{Session, Word};

/// The alarm, and when it rings.
pub(super) struct Timer {
    closure: Closure<dyn Fn()>,
    /// The handle and time of the alarm that is set.
    set: Option<(i32, f64)>,
}

/// The media element's state is told at least this often, in seconds …
const HEARTBEAT: f64 = 1.0;
/// … and while it waits for data: before a hole it tells nothing more by itself.
const WAITING: f64 = 0.35;

impl Timer {
    /// Rings for `session`, as long as it lives.
    pub(super) fn new(session: &Weak<Session>) -> Self {
        let session = session.clone();
        let closure = Closure::<dyn Fn()>::new(move || {
            if let Some(session) = session.upgrade() {
                session.alarm();
            }
        });
        Self { closure, set: None }
    }

    /// Takes the alarm back.
    pub(super) fn stop(self, window: &Window) {
        if let Some((handle, _)) = self.set {
            window.clear_timeout_with_handle(handle);
        }
    }
}

impl Session {
    fn alarm(self: &Rc<Self>) {
        if let Some(timer) = self.timer.borrow_mut().as_mut() {
            timer.set = None;
        }
        self.time_out();
        if self.source.borrow().is_some() && self.now() - self.last_media.get() >= self.beat() {
            self.words.borrow_mut().push(Word::Media);
        }
        self.tell(Word::Tick);
    }

    fn beat(&self) -> f64 {
        if self.video.ready_state() < 3 && !self.video.paused() { WAITING } else { HEARTBEAT }
    }

    /// Sets the alarm to the next time at which there is something to do.
    pub(super) fn set_timer(&self) {
        let mut next = self.engine.borrow().deadline().unwrap_or(f64::INFINITY);
        for request in self.requests.borrow().iter().filter(|request| !request.dead) {
            next = next.min(request.deadline);
        }
        if self.source.borrow().is_some() {
            next = next.min(self.last_media.get() + self.beat());
        }
        if next.is_infinite() {
            return;
        }
        let mut timer = self.timer.borrow_mut();
        let Some(timer) = timer.as_mut() else { return };
        match timer.set {
            Some((_, set)) if set <= next => return,
            Some((handle, _)) => self.window.clear_timeout_with_handle(handle),
            None => {}
        }
        // Browsers cut milliseconds off; a tick that comes early would come again.
        let wait = ((next - self.now()).max(0.0) * 1000.0) as i32;
        let wait = wait.saturating_add(1);
        let callback = timer.closure.as_ref().unchecked_ref();
        if let Ok(handle) = self.window.set_timeout_with_callback_and_timeout_and_arguments_0(callback, wait)
        {
            timer.set = Some((handle, next));
        }
    }
}
