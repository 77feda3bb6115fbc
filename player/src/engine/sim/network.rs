//! The network: requests on a link of a rate and a latency that are plain figures.

use super::origin::Reply;
use super::world::{STEP, World};
use crate::engine::{Event, Failure, Purpose, RequestId};

pub(super) struct Transfer {
    pub(super) id: RequestId,
    pub(super) url: String,
    pub(super) purpose: Purpose,
    pub(super) sent: f64,
    pub(super) timeout: f64,
    pub(super) reply: Option<Reply>,
    pub(super) total: f64,
    pub(super) got: f64,
    pub(super) head: bool,
}

impl World {
    pub(super) fn network(&mut self) {
        let ids: Vec<_> = self.transfers.iter().map(|t| t.id).collect();
        for id in ids {
            let now = self.now;
            let Some(t) = self.transfers.iter_mut().find(|t| t.id == id && t.reply.is_none()) else {
                continue;
            };
            if now < t.sent + self.latency {
                continue;
            }
            let Some(reply) = self.origin.answer(&t.url, now, now - t.sent) else {
                if now > t.sent + t.timeout {
                    self.drop_transfer(id);
                    self.feed(Event::Failed { request: id, failure: Failure::Timeout });
                }
                continue;
            };
            if let Reply::Status(status) = reply {
                self.drop_transfer(id);
                self.feed(Event::Failed { request: id, failure: Failure::Http(status) });
                continue;
            }
            t.total = match &reply {
                Reply::Manifest(body) | Reply::Whole(body) => body.len() as f64,
                Reply::Fragment(moof, media) => moof.len() as f64 + *media as f64,
                Reply::Status(_) => 0.0,
            };
            let url = t.url.clone();
            let manifest = matches!(reply, Reply::Manifest(_));
            t.reply = Some(reply);
            if !manifest {
                let pointers = self.origin.pointers(&url);
                self.feed(Event::ResponseStarted { request: id });
                self.feed(Event::Pointers(&pointers));
            }
        }
        let active: Vec<_> = self.transfers.iter().filter(|t| t.reply.is_some()).map(|t| t.id).collect();
        let rate = self.rates.iter().rev().find(|(from, _)| *from <= self.now).map_or(0.0, |(_, rate)| *rate);
        let share = rate / 8.0 * STEP / active.len().max(1) as f64;
        for id in active {
            self.transfer(id, share);
        }
    }

    pub(super) fn drop_transfer(&mut self, id: RequestId) {
        self.transfers.retain(|t| t.id != id);
    }

    fn transfer(&mut self, id: RequestId, bytes: f64) {
        let Some(t) = self.transfers.iter_mut().find(|t| t.id == id) else { return };
        t.got = (t.got + bytes).min(t.total);
        let (got, done) = (t.got, t.got >= t.total);
        match (t.purpose, t.reply.as_ref().unwrap()) {
            (Purpose::Manifest, Reply::Manifest(body)) if done => {
                let (body, url) = (body.clone(), t.url.clone());
                self.drop_transfer(id);
                self.feed(Event::ManifestLoaded { request: id, url: &url, bytes: &body });
            }
            (Purpose::Whole { .. }, Reply::Whole(body)) if done => {
                let body = body.clone();
                self.drop_transfer(id);
                self.feed(Event::Finished { request: id, body: Some(&body) });
            }
            (Purpose::Media { kind }, Reply::Fragment(moof, _)) => {
                let (moof, head) = (moof.clone(), t.head);
                if !head && got >= moof.len() as f64 {
                    t.head = true;
                    self.feed(Event::Head { request: id, moof: &moof });
                }
                if !self.transfers.iter().any(|t| t.id == id) {
                    return;
                }
                self.feed(Event::Received { request: id, total: got as u64 });
                if self.transfers.iter().any(|t| t.id == id) {
                    self.append(kind, id, (got - moof.len() as f64 - 8.0).max(0.0), done);
                }
            }
            _ => {}
        }
    }
}
