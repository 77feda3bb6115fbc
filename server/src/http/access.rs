//! The access log: one line for each answer, when its last byte is handed over.
//!
//! Lines go to the standard output by a thread of their own: who answers requests never waits for a slow
//! disk or a full pipe. When lines come faster than they can be written some are lost, and a line says how
//! many. No line has a query or the token of a signed URL.

use std::fmt;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use smooth::url;

use super::peer::Peer;
use super::signed;

/// How answers are logged.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Not at all.
    #[default]
    Off,
    /// Words, for reading.
    Text,
    /// JSON, for other programs.
    Json,
}

/// As it is written in a flag.
impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", |value| value.get_name()))
    }
}

/// Writes lines.
#[derive(Debug)]
pub(crate) struct AccessLog {
    format: Format,
    lost: Arc<AtomicU64>,
    /// `None` once it is being dropped.
    lines: Option<SyncSender<String>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl AccessLog {
    /// A log to `out`; `None` if there is to be none.
    pub(crate) fn new(format: Format, out: impl Write + Send + 'static) -> Option<Arc<Self>> {
        if format == Format::Off {
            return None;
        }
        let (lines, incoming) = sync_channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&lost);
        let writer = std::thread::Builder::new().name("access log".to_owned());
        let writer = writer.spawn(move || write(out, &incoming, &counter)).ok();
        Some(Arc::new(Self { format, lost, lines: Some(lines), writer: Mutex::new(writer) }))
    }

    /// The line of `request`, to be completed and dropped.
    pub(super) fn begin(self: &Arc<Self>, request: &Request<Body>, peer: &Peer) -> Entry {
        let path = request.uri().path();
        let path = signed::split(path).map_or_else(|| path.to_owned(), |(_, rest)| format!("/~{rest}"));
        let agent = request.headers().get(header::USER_AGENT).and_then(|v| v.to_str().ok());
        Entry {
            log: Arc::clone(self),
            began: Instant::now(),
            method: request.method().clone(),
            path: cut(path, MAX_PATH),
            peer: peer.address,
            is_secure: peer.is_secure,
            agent: cut(agent.unwrap_or_default().to_owned(), MAX_AGENT),
            status: StatusCode::OK,
            bytes: 0,
        }
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        self.lines = None;
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = writer.join();
        }
    }
}

/// One answer on its way. Its line is written when it is dropped.
#[derive(Debug)]
pub(super) struct Entry {
    log: Arc<AccessLog>,
    began: Instant,
    method: Method,
    path: String,
    peer: SocketAddr,
    is_secure: bool,
    agent: String,
    pub(super) status: StatusCode,
    /// Of the body, handed over for sending.
    pub(super) bytes: u64,
}

#[derive(Serialize)]
struct Line<'a> {
    /// Unix time in seconds.
    time: f64,
    peer: SocketAddr,
    tls: bool,
    method: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    point: Option<&'a str>,
    status: u16,
    bytes: u64,
    micros: u128,
    agent: &'a str,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64);
        let line = Line {
            time: now as f64 / 1000.0,
            peer: self.peer,
            tls: self.is_secure,
            method: self.method.as_str(),
            path: &self.path,
            point: url::split_presentation(self.path.trim_start_matches("/~")).map(|(point, _)| point),
            status: self.status.as_u16(),
            bytes: self.bytes,
            micros: self.began.elapsed().as_micros(),
            agent: &self.agent,
        };
        let line = match self.log.format {
            Format::Json => serde_json::to_string(&line).unwrap_or_default(),
            _ => text(&line),
        };
        if self.log.lines.as_ref().is_none_or(|lines| lines.try_send(line).is_err()) {
            self.log.lost.fetch_add(1, Relaxed);
        }
    }
}

/// What a client writes is quoted: no line can be forged.
fn text(line: &Line<'_>) -> String {
    let Line { time, peer, method, path, status, bytes, micros, agent, .. } = line;
    let scheme = if line.tls { "https" } else { "http" };
    format!("{time:.3} {peer} {scheme} {method} {path:?} {status} {bytes} {micros}us {agent:?}")
}

fn write(mut out: impl Write, lines: &Receiver<String>, lost: &AtomicU64) {
    let mut buffer = String::new();
    while let Ok(line) = lines.recv() {
        buffer.push_str(&line);
        buffer.push('\n');
        // All that waits in one write.
        for line in lines.try_iter().take(WAITING) {
            buffer.push_str(&line);
            buffer.push('\n');
        }
        if out.write_all(buffer.as_bytes()).and_then(|()| out.flush()).is_err() {
            tracing::error!("the access log cannot be written");
            return;
        }
        buffer.clear();
        let lost = lost.swap(0, Relaxed);
        if lost > 0 {
            tracing::warn!(lost, "the access log has lost lines");
        }
    }
}

fn cut(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        let end = (0..=bytes).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

/// Lines that may wait for the disk.
const WAITING: usize = 4096;
const MAX_PATH: usize = 1024;
const MAX_AGENT: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Out(Arc<Mutex<Vec<u8>>>);

    impl Write for Out {
        fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(data);
            Ok(data.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: Format, path: &str, agent: &str) -> String {
        let out = Out::default();
        let log = AccessLog::new(format, out.clone()).unwrap();
        let request = Request::get(path).header("user-agent", agent).body(Body::empty()).unwrap();
        let mut entry = log.begin(&request, &Peer::plain("192.0.2.1:5".parse().unwrap()));
        entry.status = StatusCode::NOT_FOUND;
        entry.bytes = 7;
        drop(entry);
        // Waits for the writer.
        drop(log);
        String::from_utf8(out.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_line_says_what_was_asked_and_answered_and_keeps_secrets() {
        let path = "/~1999.2.secret/a/x.isml/Manifest?token=secret";
        let json = logged(Format::Json, path, "player \"1\"");
        assert!(json.ends_with("\n") && json.lines().count() == 1, "{json}");
        let line: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(line["path"], "/~/a/x.isml/Manifest");
        assert_eq!(line["point"], "/a/x.isml");
        assert_eq!((&line["status"], &line["bytes"]), (&404.into(), &7.into()));
        assert_eq!((&line["peer"], &line["tls"]), (&"192.0.2.1:5".into(), &false.into()));
        let text = logged(Format::Text, path, "a\tb");
        assert!(text.contains("192.0.2.1:5 http GET \"/~/a/x.isml/Manifest\" 404 7 "), "{text}");
        assert!(text.ends_with("\"a\\tb\"\n"), "{text}");
        assert!(!json.contains("secret") && !text.contains("secret"));
    }

    #[test]
    fn long_paths_and_names_are_cut() {
        let line = logged(Format::Text, &format!("/{}", "x".repeat(5000)), &"é".repeat(500));
        assert!(line.len() < 2000, "{}", line.len());
        assert!(AccessLog::new(Format::Off, Vec::new()).is_none());
    }
}
