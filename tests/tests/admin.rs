//! An operator makes a publishing point on the administration page, broadcasts through it, ends it, and begins
//! again: as in the tutorial of the original.
//!
//! With `SILVERLANE_PICTURES=1` the pictures in `docs/administration` are taken anew.

use std::process::Command;

use harness::browser::Browser;
use harness::origin::{self, Origin};
use harness::process::{Process, program, workspace};
use harness::{judges, player, web};
use serde_json::json;

#[tokio::test]
async fn a_point_is_made_broadcast_through_stopped_shut_down_and_used_again() {
    let origin = Origin::start().await;
    let file = origin.root().join("LiveSmoothStream.isml");
    std::fs::remove_file(&file).expect("the harness made it");
    let manifest = format!("{}/LiveSmoothStream.isml/Manifest", origin.url());
    let browser = Browser::start().await;
    size(&browser, 1280, 860, "light").await;
    browser.open(&format!("{}/admin/", origin.url())).await;
    browser.until("the page says that there are none", &says("h1", "No publishing points yet")).await;
    accessible(&browser, "the empty list").await;

    // Add publishing point: Basic, Advanced, Mobile Devices.
    browser.press("Add publishing point").await;
    browser.fill("#set-title", "Live Smooth Stream").await;
    picture(&browser, "add-basic").await;
    accessible(&browser, "the first tab").await;
    browser.press("Advanced").await;
    browser.run("document.querySelector('#set-autoStart').click()").await;
    picture(&browser, "add-advanced").await;
    browser.press("Mobile Devices").await;
    browser.run("document.querySelector('#set-appleOutput').click()").await;
    browser.fill("#set-appleSegmentLength", "1").await;
    submit(&browser).await;
    let fault = "document.querySelector('#set-appleSegmentLength-fault').textContent";
    browser.until("the wrong length is named", &format!("{fault}.includes('at least 2')")).await;
    browser.fill("#set-appleSegmentLength", "4").await;
    browser
        .until(
            "it is right now",
            "document.querySelector('#set-appleSegmentLength-fault').textContent === ''",
        )
        .await;
    picture(&browser, "add-mobile").await;
    accessible(&browser, "the last tab").await;
    submit(&browser).await;
    browser.until("it is in the list", &says(".points .state", "Idle")).await;
    browser.until("the dialog is gone", "!document.querySelector('dialog')").await;

    // What the original's dialog never had, operators wrote into the file.
    let text = std::fs::read_to_string(&file).expect("a definition was written");
    for (name, content) in
        [("startOnFirstRequest", "true"), ("formats", "m3u8-aapl"), ("m3u8-aapl-segmentlength", "4")]
    {
        assert!(text.contains(&format!("name=\"{name}\" content=\"{content}\"")), "{name}: {text}");
    }
    let before = "name=\"restartOnEncoderReconnect\" content=\"false\"";
    assert!(text.contains(before), "{text}");
    std::fs::write(&file, text.replace(before, &before.replace("false", "True")))
        .expect("an edited definition");

    // Start, push, watch.
    browser.press("Start").await;
    browser.until("it waits", &says(".points .state", "Waiting for encoder")).await;
    browser.press("Live Smooth Stream").await;
    browser.until("the details are there", &says("h1", "Live Smooth Stream")).await;
    let mut encoder = push(&origin);
    browser.until("it is live", &says(".state", "Live")).await;
    web::until(&manifest, |xml| xml.contains("<c ")).await;
    browser
        .until("every track has its line", "document.querySelectorAll('.tracks tbody tr').length === 5")
        .await;
    browser.press("Watch").await;
    player::playing(&browser).await;
    let shown = |cell: u32| {
        format!("document.querySelector('.tracks tbody tr:last-child td:nth-child({cell})').textContent")
    };
    browser.until("what comes in is measured", &format!("parseFloat({}) > 0", shown(3))).await;
    browser
        .until(
            "requests are counted",
            "parseFloat(document.querySelectorAll('.tile .figure')[1].textContent) > 0",
        )
        .await;
    browser.until("the newest fragment is timed", &format!("/^\\d+:\\d\\d:\\d\\d/.test({})", shown(5))).await;
    assert_eq!(browser.eval("document.querySelector('.peers b').textContent").await, "127.0.0.1");
    let restarts = browser.eval("[...document.querySelectorAll('.pairs dt')].find((t) => t.textContent.startsWith('Restart')).nextSibling.textContent").await;
    assert_eq!(restarts, "Yes", "the edit by hand counts");
    picture(&browser, "live").await;
    accessible(&browser, "the details of a live broadcast").await;
    size(&browser, 390, 844, "dark").await;
    let wide = browser.eval("document.documentElement.scrollWidth > innerWidth").await;
    assert_eq!(wide, false, "the page is wider than the screen of a telephone");
    picture(&browser, "live-narrow").await;
    accessible(&browser, "the same in the dark, on a telephone").await;
    size(&browser, 1280, 860, "light").await;

    // Stop: viewers keep what there is. A new encoder restarts it, for so the file says.
    browser.press("Close").await;
    encoder.kill();
    browser.press("Stop").await;
    browser.until("it is asked for", "document.querySelector('dialog[open] h1')").await;
    browser.press("Stop").await;
    browser.until("it is stopped", &says(".state", "Stopped")).await;
    let stopped = web::until(&manifest, |xml| !xml.contains("IsLive=\"TRUE\"")).await;
    assert!(stopped.contains("<c "), "{stopped}");
    let mut encoder = push(&origin);
    browser.until("the encoder has restarted it", &says(".state", "Live")).await;

    // Shut down: nothing is left. Push again: it starts by itself.
    encoder.kill();
    browser.press("Stop").await;
    browser.until("it is asked for", "document.querySelector('dialog[open] h1')").await;
    browser.press("Stop").await;
    browser.until("it is stopped", &says(".state", "Stopped")).await;
    browser.press("Shut down").await;
    browser.until("it is idle", &says(".state", "Idle")).await;
    assert_eq!(web::get(&manifest).await.0, 404);
    let mut encoder = push(&origin);
    browser.until("the encoder has started it", &says(".state", "Live")).await;
    web::until(&manifest, |xml| xml.contains("IsLive=\"TRUE\"") && xml.contains("<c ")).await;
    browser.press("Publishing points").await;
    browser.until("the list shows it live", &says(".points .state", "Live")).await;
    browser
        .until(
            "its curve is drawn",
            "document.querySelector('.points .spark path:last-child').getAttribute('d').length > 20",
        )
        .await;
    picture(&browser, "list").await;
    accessible(&browser, "the list").await;

    // Remove.
    encoder.kill();
    browser.press("Actions for Live Smooth Stream").await;
    browser.press("Remove").await;
    browser.until("it is asked for", "document.querySelector('dialog[open] h1')").await;
    browser.press("Remove").await;
    browser.until("it is gone", &says("h1", "No publishing points yet")).await;
    assert!(!file.exists());
    browser.no_console_errors().await;
}

/// Whether an element that is shown says exactly `text`.
fn says(selector: &str, text: &str) -> String {
    format!(
        "[...document.querySelectorAll({selector:?})].some((e) => e.checkVisibility() && e.textContent === {text:?})"
    )
}

fn push(origin: &Origin) -> Process {
    let mut command = Command::new(origin::binary());
    command.args(["push", "--demo", &origin.point()]);
    Process::run("silverlane-push", &mut command)
}

async fn submit(browser: &Browser) {
    browser.run("document.querySelector('dialog button[type=submit]').click()").await;
}

/// No rule of accessibility is broken by what the page shows.
async fn accessible(browser: &Browser, what: &str) {
    browser.run(&format!("if (!window.axe) {{ {} }}", judges::axe())).await;
    browser.run("window.judged = null; axe.run().then((r) => { window.judged = r.violations; })").await;
    let found = browser
        .until(
            "axe has judged",
            "window.judged && JSON.stringify(window.judged.map((v) => [v.id, v.nodes.map((n) => n.target)]))",
        )
        .await;
    assert_eq!(found, "[]", "{what}");
}

async fn size(browser: &Browser, width: u32, height: u32, scheme: &str) {
    let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    browser.devtools("Emulation.setDeviceMetricsOverride", screen).await;
    browser.devtools("Emulation.setScrollbarsHidden", json!({ "hidden": true })).await;
    let scheme = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
    browser.devtools("Emulation.setEmulatedMedia", scheme).await;
}

/// Keeps what the window shows in `docs/administration`, if that is asked for: in few colours, so that it is small.
async fn picture(browser: &Browser, name: &str) {
    if std::env::var_os("SILVERLANE_PICTURES").is_none() {
        return;
    }
    let folder = workspace().join("docs/administration");
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    let raw = tempfile::Builder::new().suffix(".png").tempfile().expect("a file");
    std::fs::write(raw.path(), browser.picture().await).expect("a picture");
    let few = "split[a][b];[a]palettegen=max_colors=160:stats_mode=single[p];[b][p]paletteuse=dither=none";
    let output = Command::new(program("ffmpeg"))
        .args(["-hide_banner", "-loglevel", "error", "-y", "-i"])
        .arg(raw.path())
        .args(["-vf", few, "-compression_level", "9", "-pred", "none"])
        .arg(folder.join(format!("{name}.png")))
        .output()
        .expect("ffmpeg");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
