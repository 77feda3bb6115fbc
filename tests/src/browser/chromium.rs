//! Chromium over ChromeDriver.

use std::path::Path;

use fantoccini::wd::Capabilities;
use serde_json::json;

use super::GUARD;
use crate::process::{Process, program};

/// Starts the driver. Returns its port and what it is to be asked for.
pub(super) async fn driver(profile: &Path) -> (u16, Vec<Process>, Capabilities) {
    let chromium = program("chromium");
    let mut driver = Process::start("chromedriver", program("chromedriver"), &["--port=0"]);
    let port = driver
        .line(GUARD, |line| {
            line.split("successfully on port ").nth(1)?.trim_end_matches(['.', '\r']).parse().ok()
        })
        .await;
    let options = json!({
        "binary": chromium,
        "args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required",
            // A mouse, as a desk has one: headless, Chromium says that nothing can hover.
            "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
            "--window-size=960,720", format!("--user-data-dir={}", profile.display()),
        ],
    });
    let mut capabilities = Capabilities::new();
    capabilities.insert("goog:chromeOptions".to_owned(), options);
    capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
    (port, vec![driver], capabilities)
}
