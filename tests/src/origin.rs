//! The origin as an operator runs it: the binary, on a folder with a publishing point.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use tempfile::TempDir;

use crate::browser::GUARD;
use crate::process::{Process, free_port, workspace};

/// `silverlane serve` on a folder of its own. It ends with this value.
#[derive(Debug)]
pub struct Origin {
    process: Process,
    root: TempDir,
    address: SocketAddr,
}

/// A publishing point's definition as operators write it.
const DEFINITION: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<smil xmlns="http://www.w3.org/2001/SMIL20/Language">
  <head>
    <meta name="title" content="Live Smooth Stream" />
    <meta name="module" content="liveSmoothStreaming" />
    <meta name="sourceType" content="Push" />
    <meta name="publishing" content="Fragments;Streams;Archives" />
    <meta name="estimatedTime" content="0" />
    <meta name="lookaheadChunks" content="2" />
    <meta name="manifestWindowLength" content="0" />
    <meta name="startOnFirstRequest" content="True" />
    <meta name="archiveSegmentLength" content="0" />
    <meta name="restartOnEncoderReconnect" content="True" />
  </head>
  <body></body>
</smil>
"#;

impl Origin {
    /// Starts it with the publishing point `/LiveSmoothStream.isml`.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// The same, with more settings in the definition of the publishing point.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let meta =
            |(name, content): &(&str, &str)| format!("<meta name=\"{name}\" content=\"{content}\" />\n");
        let more: String = settings.iter().map(meta).collect();
        let definition = DEFINITION.replace("</head>", &format!("{more}</head>"));
        std::fs::write(root.path().join("LiveSmoothStream.isml"), definition).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let process = Self::serve(root.path(), address).await;
        Self { process, root, address }
    }

    /// Ends it as a power failure does, and starts it again at the same address on the same folder.
    pub async fn crash_and_come_back(&mut self) {
        self.process.kill();
        self.process = Self::serve(self.root.path(), self.address).await;
    }

    async fn serve(root: &Path, address: SocketAddr) -> Process {
        let listen = address.to_string();
        let arguments = ["serve", "--root", root.to_str().unwrap(), "--listen", &listen];
        let mut process = Process::start("silverlane-serve", binary(), &arguments);
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            let running = process.is_running() && start.elapsed() < GUARD;
            assert!(running, "silverlane serve does not listen:\n{}", process.log());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        process
    }

    /// Asks for a state of the publishing point, as the admin page does.
    pub async fn wish(&self, state: &str) {
        let url = format!("{}/api/v1/points/LiveSmoothStream.isml/state", self.url());
        let (status, body) = crate::web::put(&url, &format!("{{\"state\":\"{state}\"}}")).await;
        assert_eq!(status, 200, "{state}: {body}");
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The folder that it serves.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// URL of the publishing point.
    #[must_use]
    pub fn point(&self) -> String {
        format!("{}/LiveSmoothStream.isml", self.url())
    }

    /// Writes the pages for `manifest` into the served folder with `silverlane page`.
    pub fn page(&self, manifest: &str) {
        page(manifest, self.root());
    }

    /// Waits until it has logged `text` at least `times` times.
    pub async fn logged(&self, text: &str, times: usize) {
        let start = Instant::now();
        while self.log().matches(text).count() < times {
            assert!(start.elapsed() < GUARD, "not {times} times {text:?} in the log:\n{}", self.log());
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }
}

/// Runs `silverlane page MANIFEST -o FOLDER`.
pub fn page(manifest: &str, folder: &Path) {
    let output = Command::new(binary()).args(["page", manifest, "-o"]).arg(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "silverlane page: {said}");
}

/// The built binary: `SILVERLANE_BIN`, else the newest under `target/`.
#[must_use]
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("SILVERLANE_BIN") {
        return path.into();
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    let built = ["release", "debug"].map(|profile| target.join(profile).join("silverlane"));
    let age = |path: &PathBuf| path.metadata().and_then(|m| m.modified()).ok();
    built.into_iter().filter(|path| path.is_file()).max_by_key(age).unwrap_or_else(|| {
        panic!("the origin is not built: run `make build` (or `cargo build`), or set SILVERLANE_BIN")
    })
}

/// The built player: `SILVERLANE_DIST`, else `dist/`.
#[must_use]
pub fn dist() -> PathBuf {
    let folder = std::env::var_os("SILVERLANE_DIST").map_or_else(|| workspace().join("dist"), PathBuf::from);
    let there = folder.join("smooth-player.js").is_file();
    assert!(
        there,
        "the player is not built in {}: run `make dist`, or set SILVERLANE_DIST",
        folder.display()
    );
    folder
}
