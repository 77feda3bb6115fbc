//! A disk that takes no more, by the system's own limit on the size of files: writes end in the middle and fail.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Far more than anything here takes.
const GUARD: Duration = Duration::from_secs(60);

/// Ends with this value.
struct Origin {
    process: Child,
    port: u16,
}

impl Drop for Origin {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Origin {
    /// With files of 256 kB at most. Who goes beyond is told so, and not killed.
    fn limited(root: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut process = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -S -f 512; exec \"$@\"", "sh"])
            .args([env!("CARGO_BIN_EXE_silverlane"), "serve", "--root", root.to_str().unwrap()])
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .env("SILVERLANE_LOG", "error")
            .stdin(Stdio::null())
            // Were it a file, the limit would be its own too.
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until(|| {
            assert!(process.try_wait().unwrap().is_none(), "the origin does not start");
            TcpStream::connect(("127.0.0.1", port)).map_err(|e| e.to_string())
        });
        Self { process, port }
    }

    fn send(&self, method: &str, path: &str, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Waits until what the API says of the point is `expected`.
    fn until(&self, expected: impl Fn(&str) -> bool) {
        until(|| {
            let point = self.send("GET", "/api/v1/points/live.isml", b"");
            if expected(&point) { Ok(()) } else { Err(point) }
        });
    }
}

/// What `ask` finds in the end.
fn until<T>(mut ask: impl FnMut() -> Result<T, String>) -> T {
    let start = Instant::now();
    loop {
        match ask() {
            Ok(found) => return found,
            Err(last) => assert!(start.elapsed() < GUARD, "waited in vain: {last}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn live_goes_on_when_files_cannot_grow_and_the_archive_is_whole_when_they_can() {
    let root = tempfile::tempdir().unwrap();
    let definition = r#"<smil xmlns="http://www.w3.org/2001/SMIL20/Language"><head/><body/></smil>"#;
    std::fs::write(root.path().join("live.isml"), definition).unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/ffmpeg-push.ismv");
    let capture = std::fs::read(file).unwrap();
    // All but the end of the stream.
    let (media, end) = capture.split_at(capture.len() - 8);
    let origin = Origin::limited(root.path());
    let answer = origin.send("POST", "/live.isml/Streams(Encoder1)", media);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // Everything is served, and the fault is told of.
    origin.until(|point| point.contains("File too large"));
    let manifest = origin.send("GET", "/live.isml/Manifest", b"");
    assert!(manifest.contains("IsLive=\"TRUE\"") && manifest.contains("Chunks=\"8\""), "{manifest}");
    let kept = archived(root.path());
    assert!(std::fs::metadata(&kept).unwrap().len() <= 256 * 1024);

    let pid = origin.process.id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited:"]).status();
    assert!(raised.expect("prlimit is part of util-linux").success());
    origin.until(|point| !point.contains("File too large"));
    let head = &media[..media.windows(4).position(|w| w == b"moof").unwrap() - 4];
    let answer = origin.send("POST", "/live.isml/Streams(Encoder1)", &[head, end].concat());
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    origin.until(|point| point.contains("\"Stopped\""));
    // Nothing of the torn write is left: each fragment once, with its bytes.
    let stored = until(|| {
        let stored = fragments(&std::fs::read(&kept).unwrap());
        if stored.len() == 40 { Ok(stored) } else { Err(format!("{} fragments", stored.len())) }
    });
    assert!(stored == fragments(&capture));
}

/// The file of the broadcast.
fn archived(root: &Path) -> PathBuf {
    let runs = std::fs::read_dir(root.join("archives/live-isml")).unwrap();
    runs.map(|e| e.unwrap().path().join("Encoder1.ismv")).find(|f| f.is_file()).unwrap()
}

/// The media of each fragment, in order.
fn fragments(file: &[u8]) -> Vec<Vec<u8>> {
    let boxes = smooth::boxes::walk(file).map_while(Result::ok);
    let mut found: Vec<_> = boxes.filter(|b| b.kind == *b"mdat").map(|b| b.payload.to_vec()).collect();
    found.sort();
    found
}
