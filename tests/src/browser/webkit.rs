//! WebKitGTK over its own driver, on a screen that exists in memory only.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use fantoccini::wd::Capabilities;
use serde_json::json;

use super::GUARD;
use crate::process::{Process, free_port, program};

/// Starts the screen and the driver. Returns the driver's port and what it is to be asked for.
pub(super) async fn driver(profile: &Path) -> (u16, Vec<Process>, Capabilities) {
    let screen = ["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"];
    let mut screen = Process::start("xvfb", program("Xvfb"), &screen);
    let display = screen.line(GUARD, |line| line.trim().parse::<u32>().ok()).await;
    let port = free_port();
    let mut command = Command::new(program("WebKitWebDriver"));
    command
        .arg(format!("--port={port}"))
        .env("DISPLAY", format!(":{display}"))
        .env("XDG_RUNTIME_DIR", profile);
    for (name, value) in ENVIRONMENT {
        command.env(name, value);
    }
    let mut driver = Process::run("webkitdriver", &mut command);
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let running = driver.is_running() && start.elapsed() < GUARD;
        assert!(running, "WebKitWebDriver does not listen:\n{}", driver.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut capabilities = Capabilities::new();
    let options = json!({ "binary": browser(), "args": ["--automation", "--autoplay-policy=allow"] });
    capabilities.insert("webkitgtk:browserOptions".to_owned(), options);
    (port, vec![driver, screen], capabilities)
}

/// The browser's window: Debian and others keep it away from `PATH`.
fn browser() -> PathBuf {
    let folders = ["/usr/lib", "/usr/lib64", "/usr/libexec"].map(Path::new);
    let below = folders.iter().flat_map(|folder| folder.read_dir().into_iter().flatten().flatten());
    let candidates = folders.iter().map(|folder| folder.to_path_buf()).chain(below.map(|entry| entry.path()));
    let mut browsers = candidates.map(|folder| folder.join("webkit2gtk-4.1/MiniBrowser"));
    browsers
        .find(|file| file.is_file())
        .expect("MiniBrowser of WebKitGTK 4.1: run `bash scripts/test-setup.sh`")
}

/// For the driver and the browser that it starts.
const ENVIRONMENT: [(&str, &str); 5] = [
    // Off unless it is asked for.
    ("WEBKIT_GST_ENABLE_HLS_SUPPORT", "1"),
    // There is no graphics card on the machines that run tests, and no session bus.
    ("LIBGL_ALWAYS_SOFTWARE", "1"),
    ("WEBKIT_DISABLE_COMPOSITING_MODE", "1"),
    ("DBUS_SESSION_BUS_ADDRESS", "disabled:"),
    // The sandbox does not start for root, who runs tests in containers.
    ("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1"),
];
