//! Firefox over geckodriver.

use std::path::{Path, PathBuf};
use std::process::Command;

use fantoccini::wd::Capabilities;
use serde_json::json;

use super::GUARD;
use crate::process::{Process, find, program};

/// Starts the driver. Returns its port and what it is to be asked for.
pub(super) async fn driver(profile: &Path) -> (u16, Vec<Process>, Capabilities) {
    let mut command = Command::new(program("geckodriver"));
    // The browser's own profile is made in the folder for temporary files.
    command.args(["--port", "0"]).env("TMPDIR", profile).env("HOME", profile);
    let mut driver = Process::run("geckodriver", &mut command);
    let port =
        driver.line(GUARD, |line| line.split("Listening on 127.0.0.1:").nth(1)?.trim().parse().ok()).await;
    let options = json!({
        "binary": browser(),
        "args": ["-headless", "--width=960", "--height=720"],
        "prefs": {
            "media.autoplay.default": 0,
            "media.autoplay.blocking_policy": 0,
            "dom.security.https_first": false,
        },
    });
    let mut capabilities = Capabilities::new();
    capabilities.insert("moz:firefoxOptions".to_owned(), options);
    (port, vec![driver], capabilities)
}

/// Debian's long-lived version, or whatever else is called Firefox.
fn browser() -> PathBuf {
    find("firefox-esr").unwrap_or_else(|| program("firefox"))
}
