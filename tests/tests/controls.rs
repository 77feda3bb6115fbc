//! The controls of `<smooth-player>`: every one by keyboard alone, every state judged by axe.
//!
//! With `SILVERLANE_PICTURES=1` the pictures in `docs/player` are taken anew.

use std::process::Command;

use harness::browser::Browser;
use harness::encoder::{LIVE, Recipe};
use harness::files::{Files, Site};
use harness::process::{Process, free_port, program, workspace};
use harness::splitter::Presentation;
use harness::{judges, origin, player, web};
use serde_json::json;

const CHAPTERS: &str = "WEBVTT\n\n00:00.000 --> 00:06.000\nOpening\n\n00:06.000 --> 00:14.000\nThe road\n\n\
    00:14.000 --> 00:20.000\nThe end\n";
const THUMBNAILS: &str = "WEBVTT\n\n00:00.000 --> 00:10.000\n/thumbs.svg#xywh=0,0,160,90\n\n\
    00:10.000 --> 00:20.000\n/thumbs.svg#xywh=160,0,160,90\n";
const SPRITE: &str = "<svg xmlns='http://www.w3.org/2000/svg' width='320' height='90'>\
    <rect width='160' height='90' fill='teal'/><rect x='160' width='160' height='90' fill='maroon'/></svg>";

#[tokio::test]
async fn every_control_works_by_keyboard_and_no_rule_of_accessibility_is_broken() {
    let (files, browser) = on_demand().await;
    browser.until("the controls are there", "!!player.ui.controls && player.readyState >= 1").await;
    accessible(&browser, "before it plays").await;

    // Every control is reached by Tab, and has a name.
    browser.run("player.currentTime = 8; document.body.focus()").await;
    browser.until("it is there", "player.readyState >= 2 && !player.seeking").await;
    let mut names = Vec::new();
    for _ in 0..14 {
        key(&browser, "Tab").await;
        names.push(browser.eval("focusName()").await.as_str().unwrap_or_default().to_owned());
    }
    for wanted in
        ["play", "seek", "seek back 10 seconds", "mute", "volume", "closed captions", "enter fullscreen mode"]
    {
        assert!(names.iter().any(|name| name == wanted), "{wanted}: {names:?}");
    }
    assert!(names.iter().any(|name| name.starts_with("settings. quality: auto")), "{names:?}");

    // Play, pause, back, sound. What the controls show follows the element by its events: both are waited for.
    focus(&browser, "media-control-bar media-play-button").await;
    key(&browser, " ").await;
    browser.until("it plays", "!player.paused && player.currentTime > 8.2").await;
    accessible(&browser, "while it plays").await;
    key(&browser, "k").await;
    browser.until("it pauses", "player.paused").await;
    let before = browser.eval("player.currentTime").await.as_f64().unwrap();
    focus(&browser, "media-seek-backward-button").await;
    key(&browser, "Enter").await;
    browser.until("it went back", &format!("player.currentTime < {before} - 7")).await;
    focus(&browser, "media-time-range").await;
    let before = browser.eval("player.currentTime").await.as_f64().unwrap();
    key(&browser, "ArrowRight").await;
    browser.until("it went on", &format!("player.currentTime > {before}")).await;
    focus(&browser, "media-mute-button").await;
    key(&browser, "Enter").await;
    browser.until("it is silent", "player.muted && bar().getAttribute('mediavolumelevel') === 'off'").await;
    key(&browser, "m").await;
    browser.until("it is not", "!player.muted && bar().getAttribute('mediavolumelevel') === 'high'").await;
    focus(&browser, "media-volume-range").await;
    key(&browser, "ArrowDown").await;
    browser.until("it is lower", "player.volume < 1").await;
    focus(&browser, "media-captions-button").await;
    key(&browser, "Enter").await;
    browser
        .until(
            "captions are on",
            "player.captions === 'textstream_eng' && bar().hasAttribute('mediasubtitlesshowing')",
        )
        .await;
    key(&browser, "c").await;
    browser.until("captions are off", "!player.captions").await;

    // The menu: quality, captions, sound, speed, chapters.
    choose(&browser, "quality", "144p", "the menu of qualities").await;
    browser.until("the quality is chosen", "player.renditions.selectedIndex === 0").await;
    choose(&browser, "quality", "Auto", "the menu of qualities").await;
    browser.until("it is the player's again", "player.renditions.selectedIndex === -1").await;
    choose(&browser, "captions", "textstream_eng", "the menu of captions").await;
    browser.until("captions are on", "player.captions === 'textstream_eng'").await;
    choose(&browser, "sound", "German", "the menu of languages").await;
    browser.until("another language is on", "player.audioTracks[1].enabled").await;
    choose(&browser, "speed", "0.25×", "the menu of speeds").await;
    browser.until("it is slow", "player.playbackRate === 0.25").await;
    choose(&browser, "speed", "Normal", "the menu of speeds").await;
    choose(&browser, "chapters", "The end", "the menu of chapters").await;
    browser.until("it is at the chapter", "player.currentTime >= 14 && player.currentTime < 15").await;
    // Escape leads back a step at a time, to the button in the end.
    focus(&browser, ".gear").await;
    for (pressed, shown) in [("Enter", "Settings"), ("ArrowRight", "Quality"), ("Escape", "Settings")] {
        key(&browser, pressed).await;
        browser
            .until(
                "the menu follows",
                &format!("!part('menu').hidden && part('menu').ariaLabel === {shown:?}"),
            )
            .await;
    }
    key(&browser, "Escape").await;
    browser.until("the menu is closed", "part('menu').hidden && focused().matches('.gear')").await;

    // The pointer on the seek bar shows a thumbnail and the chapter.
    let bar = browser.run("const { left, top, width, height } = player.shadowRoot.querySelector('media-time-range').getBoundingClientRect();
        return [left + width * 0.4, top + height / 2]").await;
    for x in [-8.0, 0.0] {
        let at = json!({ "type": "mouseMoved", "x": bar[0].as_f64().unwrap() + x, "y": bar[1] });
        browser.devtools("Input.dispatchMouseEvent", at).await;
    }
    browser.until("it is shown", "player.shadowRoot.querySelector('media-preview-thumbnail').mediaPreviewImage?.endsWith('#xywh=0,0,160,90')").await;
    assert_eq!(
        browser
            .eval("player.shadowRoot.querySelector('media-time-range').getAttribute('mediapreviewchapter')")
            .await,
        "The road"
    );

    // Statistics, by the menu; Escape closes them.
    focus(&browser, ".gear").await;
    for pressed in ["Enter", "End", "Enter"] {
        key(&browser, pressed).await;
    }
    browser
        .until(
            "figures are shown",
            "!part('figures').hidden && part('figures').querySelector('dd').textContent.includes('×')",
        )
        .await;
    accessible(&browser, "statistics").await;
    let log = browser.eval("player.sessionLog()").await;
    let log = log.as_str().unwrap();
    assert!(
        log.contains("renditionchange") && log.contains("\"reason\":\"start\"") && !log.contains("token=1"),
        "{log}"
    );
    focus(&browser, ".figures").await;
    key(&browser, "Escape").await;
    browser.until("figures are gone", "part('figures').hidden && !player.hasAttribute('figures')").await;

    // Full screen and picture in picture.
    focus(&browser, "media-fullscreen-button").await;
    key(&browser, "Enter").await;
    browser
        .until(
            "it fills the screen",
            "document.fullscreenElement === player && bar().hasAttribute('mediaisfullscreen')",
        )
        .await;
    key(&browser, "f").await;
    browser.until("it does not", "!document.fullscreenElement").await;

    // An error, and trying again.
    browser.run("player.src = '/nothing.ism/Manifest'").await;
    browser.until("the panel shows", "!part('panel').hidden && part('panel').textContent.includes('There is nothing at this address.')").await;
    accessible(&browser, "an error").await;
    let asked = || files.log().iter().filter(|line| line.path.starts_with("/nothing.ism")).count();
    let before = asked();
    focus(&browser, ".retry").await;
    key(&browser, "Enter").await;
    browser.until("it failed again", "!part('panel').hidden && !!player.error").await;
    assert!(asked() > before, "nothing was asked for again");
    browser.no_console_errors_but(&["/nothing.ism"]).await;
}

#[tokio::test]
async fn a_broadcast_has_its_window_its_live_button_and_the_viewers_language() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = format!("127.0.0.1:{}", free_port());
    let mut command = Command::new(origin::binary());
    command.args(["demo", "--listen", &address]).current_dir(folder.path());
    let _demo = Process::run("silverlane-demo", &mut command);
    let (url, manifest) =
        (format!("http://{address}"), format!("http://{address}/LiveSmoothStream.isml/Manifest"));
    web::until(&manifest, |xml| xml.contains("<c ")).await;
    let browser = Browser::start().await;
    size(&browser, 1280, 720).await;
    browser.open(&format!("{url}/SmoothStreamingPlayer.html")).await;
    player::playing(&browser).await;
    browser.run(HELPERS).await;
    browser.until("the controls are there", "!!player.ui.controls").await;
    // They were not even asked for before the first picture was there.
    let order = browser
        .run(
            "const script = performance.getEntriesByType('resource').find(({ name }) => name.includes('smooth-controls.js'));
             return [window.__probe.mark('silverlane:first-frame'), script.startTime, script.responseEnd]",
        )
        .await;
    println!("first frame, controls asked for, controls there: {order} ms");
    assert!(order[1].as_f64() >= order[0].as_f64() && order[0].is_number(), "{order}");
    browser.until("it is live", "bar().hasAttribute('mediatimeislive')").await;
    assert_eq!(browser.eval("bar().getAttribute('mediastreamtype')").await, "live");

    // Back in the window, and to the live edge again.
    browser
        .until(
            "there is something to go back to",
            "player.edge && player.edge.target - player.edge.start > 14",
        )
        .await;
    focus(&browser, "media-seek-backward-button").await;
    key(&browser, "Enter").await;
    browser.until("it is behind", "!bar().hasAttribute('mediatimeislive') && /^−0:(0|1)\\d/.test(player.shadowRoot.querySelector('.time').textContent)").await;
    browser.until("it plays there", "!player.seeking && !player.paused && player.readyState > 2").await;
    browser.run("player.markers = [{ time: player.edge.start + 3, text: 'Kick-off' }]; player.chapters = [{ start: player.edge.start, end: player.edge.start + 8, title: 'Before' }, { start: player.edge.start + 8, title: 'Match' }]").await;
    browser
        .until("the marker is on the bar", "player.shadowRoot.querySelectorAll('.marks i').length === 1")
        .await;
    accessible(&browser, "behind the live edge").await;
    picture(&browser, "live").await;
    focus(&browser, ".gear").await;
    key(&browser, "Enter").await;
    browser.run("player.figures = true").await;
    browser.until("there is a curve", "player.ui.controls.figures.samples.length > 12").await;
    picture(&browser, "menu").await;
    accessible(&browser, "menu and statistics of a broadcast").await;
    key(&browser, "Escape").await;
    browser.run("player.figures = false").await;
    focus(&browser, "media-live-button").await;
    key(&browser, "Enter").await;
    browser.until("it is live again", "bar().hasAttribute('mediatimeislive') && !player.paused").await;

    // On a telephone: everything is inside, and large enough to touch.
    size(&browser, 390, 844).await;
    browser.run("document.body.style.overflow = 'auto'; const host = document.querySelector('#silverlightControlHost'); host.style.height = player.style.height = 'auto'").await;
    browser.until("it is narrow", "player.ui.box.classList.contains('narrow')").await;
    browser.run("player.pause()").await;
    browser.until("it pauses", "player.paused").await;
    let small = browser.run("const { right, bottom } = player.getBoundingClientRect();
        return [...player.shadowRoot.querySelectorAll('media-control-bar media-play-button, media-mute-button, media-captions-button, .gear, media-fullscreen-button, media-live-button')]
          .map((one) => [one.localName, one.getBoundingClientRect()])
          .filter(([, box]) => box.right > right || box.bottom > bottom || box.width < 24 || box.height < 24).map(([name]) => name)").await;
    assert_eq!(small, json!([]), "too small, or outside");
    accessible(&browser, "on a telephone").await;
    picture(&browser, "narrow").await;
    focus(&browser, ".gear").await;
    key(&browser, "Enter").await;
    browser.until("the menu is open", "!part('menu').hidden").await;
    accessible(&browser, "the menu on a telephone").await;
    picture(&browser, "narrow-menu").await;
    browser.run("player.src = '/nothing.ism/Manifest'").await;
    browser.until("the panel shows", "!part('panel').hidden").await;
    picture(&browser, "narrow-error").await;

    // In the language of the page; and in words that it brings itself.
    browser.run("const german = document.createElement('smooth-player'); german.lang = 'de'; german.src = '/nothing.ism/Manifest'; player.replaceWith(german); window.player = german").await;
    browser
        .until(
            "it speaks German",
            "part('panel').querySelector('b').textContent === 'Unter dieser Adresse ist nichts.'",
        )
        .await;
    assert_eq!(browser.eval("part('panel').querySelector('button').textContent").await, "Noch einmal");
    browser.run("Silverlane.languages.nl = { Play: 'Afspelen', 'manifest-not-found': 'Hier is niets.' }; const dutch = document.createElement('smooth-player'); dutch.lang = 'nl'; dutch.src = '/nothing.ism/Manifest'; player.replaceWith(dutch); window.player = dutch").await;
    browser
        .until(
            "it speaks as the page does",
            "part('panel').querySelector('b').textContent === 'Hier is niets.'",
        )
        .await;
    assert_eq!(browser.eval("part('panel').querySelector('button').textContent").await, "Try again");
    browser.no_console_errors_but(&["/nothing.ism"]).await;
}

/// Content with everything that has a control, on a page that breaks no rule by itself.
async fn on_demand() -> (Files, Browser) {
    let recipe = Recipe { levels: LIVE[1..].to_vec(), seconds: Some(20), ..Recipe::default() };
    let german = Presentation::encode(&Recipe { tone: 1320, levels: LIVE[..1].to_vec(), ..recipe.clone() });
    let presentation = Presentation::encode(&recipe).in_two_languages(german);
    let mut site = Site::default();
    let manifest =
        presentation.with_captions("textstream_eng", &player::seconds_as_ttml(20)).put(&mut site, "content");
    site.folder("/player/", origin::dist())
        .file("/chapters.vtt", CHAPTERS)
        .file("/thumbnails.vtt", THUMBNAILS)
        .file("/thumbs.svg", SPRITE)
        .file(
            "/",
            format!(
                "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Controls</title>\
                 <script src=\"/player/smooth-player.js\"></script><main><h1>Controls</h1>\
                 <smooth-player src=\"{manifest}?token=1\" style=\"width:900px;max-width:100%\">\
                 <track kind=\"chapters\" src=\"/chapters.vtt\">\
                 <track kind=\"metadata\" label=\"thumbnails\" src=\"/thumbnails.vtt\"></smooth-player></main></html>"
            ),
        );
    let files = Files::serve(site).await;
    let browser = Browser::start().await;
    size(&browser, 1280, 720).await;
    browser.open(&files.url()).await;
    browser.run(HELPERS).await;
    (files, browser)
}

/// Opens the menu, goes to a subject and takes a choice, all by keyboard; axe judges it on the way.
async fn choose(browser: &Browser, subject: &str, label: &str, what: &str) {
    focus(browser, ".gear").await;
    key(browser, "Enter").await;
    browser
        .until("the menu is open", "!part('menu').hidden && focused().getRootNode() === player.shadowRoot")
        .await;
    let at = format!("focused().dataset.name === {subject:?}");
    for _ in 0..6 {
        if browser.eval(&at).await == true {
            break;
        }
        key(browser, "ArrowDown").await;
    }
    browser.until("the subject is reached", &at).await;
    key(browser, "ArrowRight").await;
    browser
        .until(
            "its choices are shown",
            "focused().getAttribute('role') === 'menuitemradio' || focused().matches('.head')",
        )
        .await;
    accessible(browser, what).await;
    let at = format!("focused().firstChild.textContent.trim() === {label:?}");
    for _ in 0..12 {
        if browser.eval(&at).await == true {
            break;
        }
        key(browser, "ArrowDown").await;
    }
    browser.until("the choice is reached", &at).await;
    key(browser, "Enter").await;
    browser.until("the menu is closed", "part('menu').hidden").await;
}

const HELPERS: &str = "
    window.player = document.querySelector('smooth-player');
    window.part = (name) => player.shadowRoot.querySelector(`[part~=${name}]`);
    window.bar = () => player.shadowRoot.querySelector('media-controller');
    window.focused = () => player.shadowRoot.activeElement ?? document.body;
    window.focusName = () => {
      let one = document.activeElement;
      while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
      return (one?.getAttribute('aria-label') ?? one?.textContent ?? '').toLowerCase();
    };";

async fn focus(browser: &Browser, selector: &str) {
    browser
        .run(&format!(
            "const one = player.shadowRoot.querySelector({selector:?}); (one.shadowRoot?.querySelector('input') ?? one).focus()"
        ))
        .await;
}

/// Presses a key, as a person would.
async fn key(browser: &Browser, key: &str) {
    let (code, text) = match key {
        "Tab" => (9, ""),
        "Enter" => (13, "\r"),
        "Escape" => (27, ""),
        " " => (32, " "),
        "End" => (35, ""),
        "ArrowRight" => (39, ""),
        "ArrowDown" => (40, ""),
        letter => (u32::from(letter.to_ascii_uppercase().as_bytes()[0]), letter),
    };
    for kind in [if text.is_empty() { "rawKeyDown" } else { "keyDown" }, "keyUp"] {
        let mut event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
        if kind == "keyDown" {
            event["text"] = text.into();
        }
        browser.devtools("Input.dispatchKeyEvent", event).await;
    }
}

/// No rule of WCAG 2.2 AA, nor of good practice, is broken by what the page shows.
async fn accessible(browser: &Browser, what: &str) {
    browser.run(&format!("if (!window.axe) {{ {} }}", judges::axe())).await;
    browser
        .run("window.judged = null; axe.run(player).then((r) => { window.judged = r.violations; }, (e) => { window.judged = [{ id: String(e), nodes: [] }]; })")
        .await;
    let found = browser
        .until(
            "axe has judged",
            "window.judged && JSON.stringify(window.judged.map((v) => [v.id, v.nodes.map((n) => [n.target, n.failureSummary])]))",
        )
        .await;
    assert_eq!(found, "[]", "{what}");
}

async fn size(browser: &Browser, width: u32, height: u32) {
    let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
    browser.devtools("Emulation.setDeviceMetricsOverride", screen).await;
}

/// Keeps what the player shows in `docs/player`, if that is asked for: in few colours, so that it is small.
async fn picture(browser: &Browser, name: &str) {
    if std::env::var_os("SILVERLANE_PICTURES").is_none() {
        return;
    }
    let folder = workspace().join("docs/player");
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    let raw = tempfile::Builder::new().suffix(".png").tempfile().expect("a file");
    std::fs::write(raw.path(), browser.picture().await).expect("a picture");
    let height = browser.eval("Math.round(player.getBoundingClientRect().height)").await;
    let few = format!(
        "crop=iw:{height}:0:0,split[a][b];[a]palettegen=max_colors=128:stats_mode=single[p];[b][p]paletteuse=dither=none"
    );
    let output = Command::new(program("ffmpeg"))
        .args(["-hide_banner", "-loglevel", "error", "-y", "-i"])
        .arg(raw.path())
        .args(["-vf", &few, "-compression_level", "9", "-pred", "none"])
        .arg(folder.join(format!("{name}.png")))
        .output()
        .expect("ffmpeg");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
