//! The manifest: asked for, read, asked for again.

use smooth::manifest::{self, Kind, Manifest};
use smooth::{text, url};

use super::command::{Command, Purpose, RequestId};
use super::event::Failure;
use super::live::Live;
use super::notice::{Code, Notice, Problem, Severity};
use super::session::{Phase, Session};
use super::stream::Stream;
use super::time::Bound;

/// Requests for the manifest.
#[derive(Debug, Default)]
pub(super) struct Loader {
    /// Address asked for.
    pub(super) url: String,
    /// Where fragment addresses start.
    pub(super) base: String,
    pub(super) request: Option<RequestId>,
    pub(super) failures: u32,
    /// What was told of it last, since one arrived.
    pub(super) code: Option<Code>,
    pub(super) retry_at: Option<f64>,
    /// When the last one arrived.
    pub(super) loaded_at: f64,
}

impl Loader {
    /// The address of what lies at `path` of the presentation.
    pub(super) fn address(&self, path: &str) -> String {
        let mut address = self.base.clone();
        // That of another manifest is absolute.
        if path.as_bytes().windows(3).any(|part| part == b"://") {
            address.clear();
            address.push_str(path);
            return address;
        }
        if !address.ends_with('/') {
            address.push('/');
        }
        address.push_str(path);
        address
    }
}

impl Session {
    pub(super) fn request_manifest(&mut self) {
        let request = self.out.request();
        self.loader.request = Some(request);
        self.loader.retry_at = None;
        self.out.stats.manifest_requests = self.out.stats.manifest_requests.saturating_add(1);
        self.out.push(Command::Fetch {
            request,
            url: self.loader.url.clone(),
            purpose: Purpose::Manifest,
            timeout: self.settings.timeout,
        });
    }

    /// A manifest arrived.
    pub(super) fn manifest_loaded(&mut self, request: RequestId, address: &str, bytes: &[u8]) {
        if let Some(url) = self.take_merging(request) {
            return self.merged(url, address, bytes);
        }
        if self.loader.request != Some(request) {
            return;
        }
        self.loader.request = None;
        let read = manifest::read(bytes, &self.settings.limits);
        let first = self.phase == Phase::Loading;
        match read {
            Ok(manifest) => {
                self.loader.failures = 0;
                self.loader.loaded_at = self.now;
                if first {
                    self.loader.base = String::from(url::base(address));
                    self.first_manifest(manifest);
                } else {
                    self.loader.code = None;
                    self.next_manifest(manifest);
                }
            }
            Err(_) if first => self.fatal(self.manifest_problem(Code::ManifestInvalid, 0)),
            Err(_) => self.manifest_retry(Code::ManifestInvalid, 0),
        }
    }

    /// A manifest did not arrive.
    pub(super) fn manifest_failed(&mut self, failure: Failure) {
        self.loader.request = None;
        let (mut code, status) = Self::why(failure);
        if self.phase == Phase::Playing {
            self.reload_failed(code);
            self.manifest_retry(code, status);
            return;
        }
        // A broadcast may be about to start; anything else that says no will say no again.
        let broadcast = self.loader.url.as_bytes().windows(5).any(|part| part.eq_ignore_ascii_case(b".isml"));
        let absent = broadcast && matches!(failure, Failure::Http(404 | 410 | 412));
        if absent {
            code = Code::NotStarted;
        }
        let again = match failure {
            Failure::Network | Failure::Timeout => true,
            Failure::Http(status) => status >= 500 || status == 408 || status == 429,
            Failure::Malformed => false,
        };
        if absent || again && self.loader.failures < self.settings.retries {
            self.manifest_retry(code, status);
        } else {
            self.loader.code = Some(code);
            self.fatal(self.manifest_problem(code, status));
        }
    }

    /// What the failure of a request for a manifest means.
    pub(super) const fn why(failure: Failure) -> (Code, u16) {
        match failure {
            Failure::Http(status @ (404 | 410)) => (Code::ManifestNotFound, status),
            Failure::Http(status) => (Code::ManifestRefused, status),
            Failure::Network | Failure::Timeout => (Code::ManifestUnreachable, 0),
            Failure::Malformed => (Code::ManifestInvalid, 0),
        }
    }

    fn manifest_retry(&mut self, code: Code, status: u16) {
        self.tell_manifest(code, status);
        let pause = self.backoff(self.loader.failures);
        self.loader.retry_at =
            Some(self.now + if code == Code::NotStarted { pause.at_most(ABSENT_POLL) } else { pause });
        self.loader.failures = self.loader.failures.saturating_add(1);
    }

    /// Tells once why there is no manifest.
    fn tell_manifest(&mut self, code: Code, status: u16) {
        if self.loader.code.replace(code) != Some(code) {
            let problem = self.manifest_problem(code, status);
            self.out.notify(Notice::Error(problem));
        }
    }

    /// Pause after `failures` earlier failures.
    pub(super) fn backoff(&self, failures: u32) -> f64 {
        let factor = 1_u32 << failures.min(10);
        (self.settings.backoff * f64::from(factor)).at_most(self.settings.max_backoff)
    }

    pub(super) fn manifest_problem(&self, code: Code, status: u16) -> Problem {
        let url = self.loader.url.clone();
        Problem { code, severity: Severity::Recovered, kind: None, url, status, time: None }
    }

    fn first_manifest(&mut self, mut manifest: Manifest) {
        let (streams, skipped) = Stream::read_all(&mut manifest);
        let chunks = streams.iter().any(|s| s.kind != Kind::Text && !s.chunks.is_empty());
        let media = streams.iter().any(|s| s.kind != Kind::Text);
        if media && !chunks && manifest.is_live {
            // Not started: ask again until something is there.
            self.tell_manifest(Code::NotStarted, 0);
            self.loader.retry_at = Some(self.now + NOT_STARTED_POLL);
            return;
        }
        self.loader.code = None;
        self.streams = streams;
        self.protect(core::mem::take(&mut manifest.protection));
        self.skipped = skipped;
        self.hold = hold(&manifest);
        self.live = manifest.is_live.then(|| Live::new(&manifest, self.now));
        self.phase = Phase::Probing;
        for stream in self.streams.iter().filter(|s| s.kind != Kind::Text) {
            for level in &stream.levels {
                if !self.probes.iter().any(|(mime, _)| *mime == level.mime) {
                    self.probes.push((level.mime.clone(), None));
                    self.out.push(Command::Probe { mime: level.mime.clone() });
                }
            }
        }
        self.start_if_ready();
    }

    /// Asks for the manifest again when it is due.
    pub(super) fn drive_manifest(&mut self) {
        if self.loader.request.is_some() || matches!(self.phase, Phase::Idle | Phase::Over) {
            return;
        }
        if let Some(at) = self.loader.retry_at.or_else(|| self.reload_at()) {
            if at > self.now {
                self.wake_at(at);
            } else {
                self.request_manifest();
            }
        }
    }
}

/// What the origin announces at the root of the manifest: how long it may hold a request, in ms.
fn hold(manifest: &Manifest) -> u32 {
    let mut attributes = manifest.custom_attributes.iter();
    let value = attributes.find(|(name, _)| name.eq_ignore_ascii_case("silverlane-wait"));
    let asked = value.and_then(|(_, value)| text::digits(value.trim_ascii())).unwrap_or(0);
    u32::try_from(asked).unwrap_or(MAX_HOLD_MS).min(MAX_HOLD_MS)
}

/// How often a broadcast that has not begun is asked.
const NOT_STARTED_POLL: f64 = 2.0;
/// How often one that has no manifest is asked for at least.
const ABSENT_POLL: f64 = 5.0;
/// No request is held longer, whatever an origin announces.
const MAX_HOLD_MS: u32 = 30_000;
