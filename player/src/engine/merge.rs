//! Text streams of other manifests beside those of the presentation: captions that were made later, or elsewhere.
//! Times are absolute, so both count from the same zero.

use smooth::manifest::{self, Kind};
use smooth::url;

use super::command::{Command, Purpose, RequestId};
use super::notice::{Code, Notice, Problem};
use super::session::{Phase, Session};
use super::stream::Stream;

impl Session {
    /// Asks for the manifest at `address`, to take over its text streams. Only while the presentation plays.
    pub(super) fn merge(&mut self, address: &str) {
        if self.phase != Phase::Playing {
            return;
        }
        let request = self.out.request();
        let url = url::manifest_url(address);
        self.merging.push((request, url.clone()));
        let timeout = self.settings.timeout;
        self.out.push(Command::Fetch { request, url, purpose: Purpose::Manifest, timeout });
    }

    /// Whether `request` was for such a manifest; it is no longer under way then.
    pub(super) fn take_merging(&mut self, request: RequestId) -> Option<String> {
        let at = self.merging.iter().position(|(known, _)| *known == request)?;
        Some(self.merging.remove(at).1)
    }

    /// Such a manifest is there. `url` was asked for, `address` answered.
    pub(super) fn merged(&mut self, url: String, address: &str, bytes: &[u8]) {
        let Ok(mut manifest) = manifest::read(bytes, &self.settings.limits) else {
            return self.merge_failed(url, Code::ManifestInvalid, 0);
        };
        let (streams, _) = Stream::read_all(&mut manifest);
        let mut new = Vec::new();
        for mut stream in streams {
            if stream.kind != Kind::Text {
                continue;
            }
            if !stream.url.is_empty() {
                stream.url.insert_str(0, url::base(address));
            }
            while self.streams.iter().any(|known| known.name == stream.name) {
                stream.name.push('_');
            }
            // It is not followed beyond what it lists.
            stream.sparse = true;
            stream.served = stream.chunks.last().map(|last| last.time);
            new.push(stream);
        }
        self.new_text(new);
    }

    /// There is no such manifest.
    pub(super) fn merge_failed(&mut self, url: String, code: Code, status: u16) {
        let problem = Problem { url, ..self.manifest_problem(code, status) };
        self.out.notify(Notice::Error(problem));
    }
}
