//! Requests: their bodies piece by piece, and their time-outs.
//!
//! Bare promises and callbacks: an async runtime would cost 2 kB of every viewer's download.

use std::rc::Rc;

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use web_sys::{
    AbortController, ReadableStreamDefaultReader, RequestCache, RequestCredentials, RequestInit, Response,
};

use super::dom::Piece;
use super::head::{Head, Next};
use super::session::{Session, Word};
use crate::engine::{Event, Failure, Purpose, RequestId};

/// A request under way. It stays in [`Session::requests`] until its pending promise is settled, for the
/// promise calls closures that live in it.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: RequestId,
    pub(super) purpose: Purpose,
    timeout: f64,
    controller: AbortController,
    reader: Option<ReadableStreamDefaultReader>,
    body: Body,
    /// Final address, of a manifest.
    url: String,
    /// Bytes of the body so far.
    total: u64,
    /// When it times out.
    pub(super) deadline: f64,
    /// Given up, or failed: nothing of it is told any more.
    pub(super) dead: bool,
    closures: Rc<Closures>,
}

/// What has become of a body.
#[derive(Debug)]
enum Body {
    /// It is kept, to be handed over whole.
    Kept(Vec<u8>),
    /// Its `moof` is not complete.
    Head(Head),
    /// The `moof` was told; these pieces wait for the engine's answer.
    Held(Vec<Uint8Array>),
    /// Its pieces go to the buffer.
    Flowing,
}

#[derive(Debug)]
struct Closures {
    response: Closure<dyn FnMut(JsValue)>,
    piece: Closure<dyn FnMut(JsValue)>,
    error: Closure<dyn FnMut(JsValue)>,
}

impl Session {
    /// Sends a request.
    pub(super) fn fetch(self: &Rc<Self>, id: RequestId, url: &str, purpose: Purpose, timeout: f64) {
        let Ok(controller) = AbortController::new() else { return };
        let init = RequestInit::new();
        init.set_signal(Some(&controller.signal()));
        if purpose == Purpose::Manifest {
            init.set_cache(RequestCache::NoStore);
        }
        if self.credentials {
            init.set_credentials(RequestCredentials::Include);
        }
        let closure = |act: fn(&Rc<Self>, RequestId, JsValue)| {
            // Strong: an ended session lives until its requests are settled.
            let session = Rc::clone(self);
            Closure::<dyn FnMut(JsValue)>::new(move |value| act(&session, id, value))
        };
        let closures = Rc::new(Closures {
            response: closure(Self::on_response),
            piece: closure(Self::on_piece),
            error: closure(|session, id, _| session.on_error(id)),
        });
        self.requests.borrow_mut().push(Request {
            id,
            purpose,
            timeout,
            controller,
            reader: None,
            body: match purpose {
                Purpose::Media { .. } => Body::Head(Head::new(self.limits.moof_bytes)),
                _ => Body::Kept(Vec::new()),
            },
            url: String::new(),
            total: 0,
            deadline: self.now() + timeout,
            dead: false,
            closures: Rc::clone(&closures),
        });
        let _ = self.window.fetch_with_str_and_init(url, &init).then2(&closures.response, &closures.error);
    }

    /// Gives a request up.
    pub(super) fn abort(&self, id: RequestId) {
        let controller = self.request(id, |request| {
            request.dead = true;
            request.body = Body::Flowing;
            request.controller.clone()
        });
        if let Some(controller) = controller {
            controller.abort();
        }
        if let Some(source) = self.source.borrow_mut().as_mut() {
            source.forget(id);
        }
    }

    /// Gives every request up.
    pub(super) fn abort_all(&self) {
        for id in self.late(f64::INFINITY) {
            self.abort(id);
        }
    }

    /// Fails the requests that have timed out.
    pub(super) fn time_out(self: &Rc<Self>) {
        for id in self.late(self.now()) {
            self.abort(id);
            self.tell(Word::Failed(id, Failure::Timeout));
        }
    }

    /// The requests that time out at `now` or before.
    fn late(&self, now: f64) -> Vec<RequestId> {
        let mut ids = Vec::new();
        for request in self.requests.borrow().iter() {
            if !request.dead && request.deadline <= now {
                ids.push(request.id);
            }
        }
        ids
    }

    /// The engine's answer to a `moof`: the pieces that waited for it.
    pub(super) fn flow(&self, id: RequestId) -> (Vec<Uint8Array>, bool) {
        let held = self.request(id, |request| match core::mem::replace(&mut request.body, Body::Flowing) {
            Body::Held(pieces) => pieces,
            _ => Vec::new(),
        });
        // A request that is gone has arrived whole.
        held.map_or_else(|| (Vec::new(), true), |pieces| (pieces, false))
    }

    fn on_response(self: &Rc<Self>, id: RequestId, value: JsValue) {
        let response: Response = value.unchecked_into();
        let Some((dead, purpose)) = self.request(id, |request| (request.dead, request.purpose)) else {
            return;
        };
        if dead {
            return self.settle(id);
        }
        // An origin that was asked to wait says "not yet" without an error status.
        let status = if response.status() == 204 { 412 } else { response.status() };
        if status == 412 || !response.ok() {
            self.abort(id);
            self.settle(id);
            return self.feed(Event::Failed { request: id, failure: Failure::Http(status) });
        }
        let Some(body) = response.body() else { return self.finish(id) };
        let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
        let deadline = self.now();
        self.request(id, |request| {
            request.reader = Some(reader);
            request.deadline = deadline + request.timeout;
        });
        if purpose == Purpose::Manifest {
            self.request(id, |request| request.url = response.url());
        } else {
            self.feed(Event::ResponseStarted { request: id });
            if let Ok(Some(kind)) = response.headers().get("content-type") {
                self.feed(Event::Pointers(&kind));
            }
        }
        self.read(id);
    }

    /// Asks for the next piece.
    fn read(self: &Rc<Self>, id: RequestId) {
        let pending = self.request(id, |request| (request.reader.clone(), Rc::clone(&request.closures)));
        if let Some((Some(reader), closures)) = pending {
            let _ = reader.read().then2(&closures.piece, &closures.error);
        }
    }

    fn on_piece(self: &Rc<Self>, id: RequestId, value: JsValue) {
        let piece: Piece = value.unchecked_into();
        let now = self.now();
        let Some((dead, purpose)) = self.request(id, |request| {
            request.deadline = now + request.timeout;
            (request.dead, request.purpose)
        }) else {
            return;
        };
        if dead {
            return self.settle(id);
        }
        if piece.done() {
            return self.finish(id);
        }
        let bytes = piece.value();
        if matches!(purpose, Purpose::Media { .. }) {
            self.marks.first_byte();
        }
        if self.accept(id, bytes).is_none() {
            self.abort(id);
            self.settle(id);
            return self.feed(Event::Failed { request: id, failure: Failure::Malformed });
        }
        if let Some((false, total)) = self.request(id, |request| (request.dead, request.total)) {
            self.feed(Event::Received { request: id, total });
        }
        // The engine may have given it up by now; then the promise asked for here is rejected, and that
        // settles the request.
        self.read(id);
    }

    /// Takes a piece of a body in. `None` if the body is not what it should be.
    fn accept(self: &Rc<Self>, id: RequestId, bytes: Uint8Array) -> Option<()> {
        let limits = self.limits;
        let length = bytes.length();
        let mut moof = None;
        let mut rest = None;
        self.request(id, |request| {
            request.total = request.total.saturating_add(length.into());
            match &mut request.body {
                Body::Kept(kept) => {
                    let start = kept.len();
                    let end = start.checked_add(usize::try_from(length).ok()?)?;
                    if end > limits.xml_bytes.saturating_mul(2) {
                        return None;
                    }
                    kept.resize(end, 0);
                    bytes.copy_to(kept.get_mut(start..)?);
                }
                Body::Head(head) => match collect(head, &bytes)? {
                    None => {}
                    Some(at) => {
                        let pieces = if at < length { vec![bytes.subarray(at, length)] } else { Vec::new() };
                        if let Body::Head(head) = core::mem::replace(&mut request.body, Body::Held(pieces)) {
                            moof = Some(head.moof());
                        }
                    }
                },
                Body::Held(pieces) => pieces.push(bytes),
                Body::Flowing => {
                    if let Purpose::Media { kind } = request.purpose {
                        rest = Some((kind, bytes));
                    }
                }
            }
            Some(())
        })??;
        if let Some(moof) = moof {
            self.feed(Event::Head { request: id, moof: &moof });
        }
        if let Some((kind, bytes)) = rest
            && let Some(source) = self.source.borrow_mut().as_mut()
            && let Some(buffer) = source.buffer(kind)
        {
            buffer.piece(id, bytes);
        }
        self.work();
        Some(())
    }

    /// A body has arrived to its end.
    fn finish(self: &Rc<Self>, id: RequestId) {
        let Some(request) = self.take(id) else { return };
        if request.dead {
            return;
        }
        match (request.body, request.purpose) {
            (Body::Kept(bytes), Purpose::Manifest) => {
                self.marks.manifest();
                self.feed(Event::ManifestLoaded { request: id, url: &request.url, bytes: &bytes });
            }
            (Body::Kept(bytes), _) => self.feed(Event::Finished { request: id, body: Some(&bytes) }),
            (Body::Head(_), _) => self.feed(Event::Failed { request: id, failure: Failure::Malformed }),
            (_, purpose) => {
                if let Purpose::Media { kind } = purpose {
                    self.marks.fragment(kind);
                    if let Some(buffer) =
                        self.source.borrow_mut().as_mut().and_then(|source| source.buffer(kind))
                    {
                        buffer.whole(id);
                    }
                }
                self.feed(Event::Finished { request: id, body: None });
                self.work();
            }
        }
    }

    fn on_error(self: &Rc<Self>, id: RequestId) {
        if let Some(request) = self.take(id)
            && !request.dead
        {
            if let Some(source) = self.source.borrow_mut().as_mut() {
                source.forget(id);
            }
            self.feed(Event::Failed { request: id, failure: Failure::Network });
        }
    }

    /// The last promise of a request is settled: lets go of it, and of its closures.
    fn settle(&self, id: RequestId) {
        drop(self.take(id));
    }

    fn take(&self, id: RequestId) -> Option<Request> {
        let mut requests = self.requests.borrow_mut();
        let at = place(&requests, id)?;
        Some(requests.swap_remove(at))
    }

    fn request<T>(&self, id: RequestId, act: impl FnOnce(&mut Request) -> T) -> Option<T> {
        let mut requests = self.requests.borrow_mut();
        let at = place(&requests, id)?;
        requests.get_mut(at).map(act)
    }
}

/// Where a request stands in the list. Its own function, for it is asked in a dozen places.
#[inline(never)]
fn place(requests: &[Request], id: RequestId) -> Option<usize> {
    requests.iter().position(|request| request.id == id)
}

/// Copies what belongs to the `moof` out of a piece. `Some(Some(at))` once it is complete: the media
/// begins at `at`. `None` if this is no fragment.
fn collect(head: &mut Head, bytes: &Uint8Array) -> Option<Option<u32>> {
    let length = bytes.length();
    let mut at: u32 = 0;
    loop {
        let left = length.checked_sub(at)?;
        match head.next() {
            Next::Done => return Some(Some(at)),
            Next::Malformed => return None,
            _ if left == 0 => return Some(None),
            Next::Skip(count) => {
                let count = u32::try_from(count).unwrap_or(u32::MAX).min(left);
                head.skipped(count.into());
                at = at.checked_add(count)?;
            }
            Next::Take(count) => {
                let end = at.checked_add(u32::try_from(count).ok()?.min(left))?;
                head.take(&bytes.subarray(at, end).to_vec());
                at = end;
            }
        }
    }
}
