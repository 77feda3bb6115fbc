//! Protected content, made by `silverlane package --protect` and `push --protect`, opened in Chromium with Clear Key.

#![allow(clippy::unwrap_used, reason = "tests end at the first surprise")]

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use harness::browser::{Browser, GUARD};
use harness::encoder::{LIVE, Recipe};
use harness::origin::{self, Origin};
use harness::player;
use harness::process::Process;
use serde_json::{Value, json};

const KEY: &str = "0123abcd-4567-89ef-8877-665544332211:000102030405060708090a0b0c0d0e0f";
const OTHER: &str = "11111111-1111-1111-1111-111111111111:22222222222222222222222222222222";
const SECONDS: f64 = 12.0;

/// The element says what it has to say in `window.told`.
const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><title>protected</title><script src="smooth-player.js"></script>
<smooth-video muted autoplay width="320"></smooth-video><script>
const video = document.querySelector("smooth-video");
window.told = [];
for (const name of ["error", "warning", "encrypted", "keysneeded", "ended"]) {
  video.addEventListener(name, (event) => told.push([name, event.detail?.code, event.detail?.status, event.initDataType]));
}
window.watch = (src, protection) => {
  told.length = 0;
  video.protection = protection;
  video.src = src;
};
</script>"#;

#[tokio::test]
async fn clear_key_opens_what_package_protects() {
    let origin = Origin::start().await;
    let sources = tempfile::tempdir().unwrap();
    let file = sources.path().join("film.mp4");
    let recipe = Recipe { levels: vec![LIVE[2]], seconds: Some(SECONDS as u32), ..Recipe::default() };
    recipe.encode(&["-f", "mp4", "-movflags", "+faststart"], &file);
    let package = |name: &str, options: &[&str]| {
        let mut run = Command::new(origin::binary());
        run.arg("package").arg(&file).arg("-o").arg(origin.root().join(name)).args(options);
        let run = run.output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    };
    package("film", &["--protect", KEY, "--license-url", "http://nowhere.invalid/"]);
    package("lead", &["--protect", KEY, "--clear-lead", "4"]);
    package("turns", &["--protect", KEY, "--protect", OTHER, "--key-period", "4"]);
    origin.page(&format!("{}/film.ism/Manifest", origin.url()));
    std::fs::write(origin.root().join("protected.html"), PAGE).unwrap();
    let browser = Browser::start().await;
    browser.open(&format!("{}/protected.html", origin.url())).await;

    println!("keys in the page");
    watch(&browser, "film", &json!({ "clearkey": { "keys": keys(&[KEY]) } }).to_string()).await;
    player::playing(&browser).await;
    shows(&browser, 8).await;
    browser.run("video.play()").await;
    browser.until("it ends", "video.ended").await;
    let end = player::glance(&browser).await;
    assert!((end.position - SECONDS).abs() < 0.1 && end.audio_bytes > 0, "{end:?}");
    let told = told(&browser).await;
    assert!(told.contains("keysneeded") && told.contains(r#"["encrypted",null,null,"cenc"]"#), "{told}");
    assert!(!told.contains("error") && !told.contains("warning"), "{told}");

    println!("keys from a licence server");
    let server = Licences::serve(&[KEY]).await;
    let config = json!({ "clearkey": { "licenseUrl": server.url, "headers": { "X-Token": "open" } } });
    server.busy(1);
    watch(&browser, "film", &config.to_string()).await;
    player::playing(&browser).await;
    shows(&browser, 3).await;
    // One for both streams; the first was answered 503.
    assert_eq!(server.heard(), ["open", "open"]);

    println!("a licence server that says no");
    let refused = json!({ "clearkey": { "licenseUrl": server.url } });
    assert_eq!(fails(&browser, "film", &refused.to_string()).await, ("license-refused".to_owned(), 403));

    println!("no key, and no system");
    let without = json!({ "clearkey": { "keys": keys(&[OTHER]) } });
    assert_eq!(fails(&browser, "film", &without.to_string()).await.0, "no-key");
    assert_eq!(fails(&browser, "film", "{}").await.0, "no-key-system");
    let closed = browser.eval("video.paused && video.currentTime").await;
    assert_eq!(closed.as_f64(), Some(0.0));

    println!("a clear lead");
    // The page answers, but not before the lead plays.
    let late = format!(
        "{{ clearkey: {{ keys: {} }}, async request() {{
            while (!(video.currentTime > 1)) await new Promise((done) => setTimeout(done, 20));
            told.push([\"asked\", video.currentTime]);
        }} }}",
        keys(&[KEY])
    );
    watch(&browser, "lead", &late).await;
    browser.until("it plays on behind the lead", "video.currentTime > 5").await;
    shows(&browser, 6).await;
    assert!(self::told(&browser).await.contains("asked"));
    assert_eq!(fails(&browser, "lead", &without.to_string()).await.0, "no-key");
    let position = browser.eval("video.currentTime").await.as_f64().unwrap();
    assert!((3.0..=4.1).contains(&position), "stood still at {position}");

    println!("a second key");
    let both = format!(
        "{{ clearkey: {{ keys: {} }}, request({{ body }}) {{ told.push(JSON.parse(new TextDecoder().decode(body)).kids) }} }}",
        keys(&[KEY, OTHER])
    );
    watch(&browser, "turns", &both).await;
    browser.until("it plays with the second key and with the first again", "video.currentTime > 9").await;
    shows(&browser, 6).await;
    let told = self::told(&browser).await;
    for kid in ["ASOrzUVnie-Id2ZVRDMiEQ", "EREREREREREREREREREREQ"] {
        assert_eq!(told.matches(kid).count(), 1, "each key is asked for once: {told}");
    }
    assert_eq!(
        fails(&browser, "turns", &json!({ "clearkey": { "keys": keys(&[KEY]) } }).to_string()).await.0,
        "no-key"
    );
    browser.no_console_errors_but(&["503", "403"]).await;
}

#[tokio::test]
async fn a_protected_broadcast_passes_the_origin_unchanged() {
    let origin = Origin::start().await;
    origin.page(&format!("{}/Manifest", origin.point()));
    std::fs::write(origin.root().join("protected.html"), PAGE).unwrap();
    let point = origin.point();
    let options =
        ["push", "--demo", "--quiet", "--protect", KEY, "--protect", OTHER, "--key-period", "6", &point];
    let _encoder = Process::start("silverlane-push", origin::binary(), &options);
    let browser = Browser::start().await;
    browser.open(&format!("{}/protected.html", origin.url())).await;
    let config = json!({ "clearkey": { "keys": keys(&[KEY, OTHER]) } });
    browser.run(&format!("watch({:?}, {config})", format!("{point}/Manifest"))).await;
    player::playing(&browser).await;
    let from = player::glance(&browser).await;
    // Beyond two changes of the key.
    let there = format!("video.currentTime > {} + 13", from.position);
    browser.until("it plays on", &there).await;
    let now = player::glance(&browser).await;
    assert!(now.frames > from.frames + 200 && now.audio_bytes > from.audio_bytes, "{from:?} {now:?}");
    assert!(!told(&browser).await.contains("\"error\""));
    // The manifest is not there before the encoder is.
    browser.no_console_errors_but(&["Manifest"]).await;
}

/// Chromium has no PlayReady and no Widevine: a stand-in says what they say, as far as pages can see it.
#[tokio::test]
async fn playready_and_widevine_ask_as_their_servers_expect() {
    let origin = Origin::start().await;
    let server = Licences::serve(&[KEY]).await;
    let file = origin.root().join("film.mp4");
    let recipe = Recipe { levels: vec![LIVE[0]], seconds: Some(4), ..Recipe::default() };
    recipe.encode(&["-f", "mp4", "-movflags", "+faststart"], &file);
    let mut package = Command::new(origin::binary());
    package.arg("package").arg(&file).arg("-o").arg(origin.root().join("film"));
    package.args(["--protect", KEY, "--license-url", &server.url]);
    assert!(package.status().unwrap().success());
    origin.page(&format!("{}/film.ism/Manifest", origin.url()));
    std::fs::write(origin.root().join("protected.html"), PAGE).unwrap();
    let browser = Browser::start().await;
    browser.open(&format!("{}/protected.html", origin.url())).await;
    browser.run(STAND_IN).await;

    // The address is that of the manifest's header.
    watch(&browser, "film", "{ playready: { headers: { 'X-Token': 'open' } } }").await;
    browser.until("PlayReady has its licence", "told.some(([name]) => name === 'licence')").await;
    let told = told(&browser).await;
    assert!(told.contains("com.microsoft.playready.recommendation"), "{told}");
    let init = told.split("\"init\",\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(init.starts_with("0000") && init[8..].starts_with("7073736800000000"), "{init}");
    assert_eq!(&init[24..56], "9a04f07998404286ab92e65be0885f95");
    let (headers, body) = server.last();
    assert_eq!(body, "<challenge>é</challenge>");
    assert_eq!(headers[header::CONTENT_TYPE], "text/xml; charset=utf-8");
    assert_eq!(headers["soapaction"], "\"AcquireLicense\"");
    assert_eq!(headers["x-token"], "open");

    // The header of Widevine is made of the key id, which is all that there is.
    let config =
        format!("{{ widevine: {{ licenseUrl: {:?}, headers: {{ 'X-Token': 'open' }} }} }}", server.url);
    watch(&browser, "film", &config).await;
    browser.until("Widevine has its licence", "told.some(([name]) => name === 'licence')").await;
    let told = self::told(&browser).await;
    assert!(
        told.contains("edef8ba979d64acea3c827dcd51d21ed00000014080112100123abcd456789ef8877665544332211"),
        "{told}"
    );
    assert_eq!(server.last().1, "raw");
}

/// A browser with PlayReady and Widevine, and nothing behind them.
const STAND_IN: &str = r#"
let keys = null;
Object.defineProperty(HTMLMediaElement.prototype, "mediaKeys", { get: () => keys });
HTMLMediaElement.prototype.setMediaKeys = async (given) => { keys = given; };
const wide = (text) => Uint16Array.from(text, (c) => c.charCodeAt(0)).buffer;
const challenge = btoa(String.fromCharCode(...new TextEncoder().encode("<challenge>é</challenge>")));
const messages = {
  "com.microsoft.playready.recommendation": wide(`<PlayReadyKeyMessage type="LicenseAcquisition"><LicenseAcquisition Version="1">
    <Challenge encoding="base64encoded">${challenge}</Challenge><HttpHeaders>
    <HttpHeader><name>Content-Type</name><value>text/xml; charset=utf-8</value></HttpHeader>
    <HttpHeader><name>SOAPAction</name><value>"AcquireLicense"</value></HttpHeader>
    </HttpHeaders></LicenseAcquisition></PlayReadyKeyMessage>`),
  "com.widevine.alpha": new TextEncoder().encode("raw").buffer,
};
class Session extends EventTarget {
  keyStatuses = new Map();
  constructor(name) { super(); this.name = name; }
  async generateRequest(type, data) {
    const digits = Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
    told.push([type, this.name], ["init", digits]);
    this.dispatchEvent(Object.assign(new Event("message"), { message: messages[this.name], messageType: "license-request" }));
  }
  async update(licence) { told.push(["licence", licence.byteLength]); }
  async close() {}
}
navigator.requestMediaKeySystemAccess = async (name, [wanted]) => {
  if (!messages[name] || !wanted.videoCapabilities[0].contentType.includes("avc1")) throw new DOMException("no", "NotSupportedError");
  return { keySystem: name, createMediaKeys: async () => ({ createSession: () => new Session(name) }) };
};
"#;

/// Shows the picture of this second. A canvas gets nothing of a protected one: the number is read off the screen.
async fn shows(browser: &Browser, second: u64) {
    browser.run(&format!("video.pause(); video.currentTime = {second}.5")).await;
    browser.until("it is there", "!video.seeking && video.readyState >= 2").await;
    let start = Instant::now();
    loop {
        let picture = browser.devtools("Page.captureScreenshot", json!({})).await;
        let picture = picture["data"].as_str().unwrap();
        let number = browser.run(&NUMBER.replace("PICTURE", picture)).await;
        if number.as_u64() == Some(second) {
            return;
        }
        assert!(start.elapsed() < GUARD, "{number} is shown, and not {second}");
    }
}

/// As the probe reads it, of the screen.
const NUMBER: &str = r#"return (async () => {
  const image = new Image();
  image.src = "data:image/png;base64,PICTURE";
  await image.decode();
  const { left, top, width, height } = video.getBoundingClientRect();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [160, 90];
  const context = canvas.getContext("2d");
  context.drawImage(image, left, top, width, height, 0, 0, 160, 90);
  const bit = (i) => context.getImageData(i * 20 + 10, 80, 1, 1).data.slice(0, 3).reduce((a, b) => a + b) > 384;
  return [0, 1, 2, 3, 4, 5, 6, 7].reduce((sum, i) => sum + (bit(i) ? 2 ** i : 0), 0);
})()"#;

async fn watch(browser: &Browser, film: &str, protection: &str) {
    browser.run(&format!("watch(\"{film}.ism/Manifest\", {protection})")).await;
}

/// Code and status of the error that ends playback.
async fn fails(browser: &Browser, film: &str, protection: &str) -> (String, u64) {
    watch(browser, film, protection).await;
    browser.until("it fails", "told.some(([name]) => name === 'error')").await;
    let error =
        browser.eval("[video.error.detail.code, video.error.detail.status, video.error.detail.remedy]").await;
    assert!(error[2].as_str().is_some_and(|remedy| remedy.len() > 10), "{error}");
    (error[0].as_str().unwrap().to_owned(), error[1].as_u64().unwrap())
}

async fn told(browser: &Browser) -> String {
    browser.eval("JSON.stringify(told)").await.as_str().unwrap().to_owned()
}

/// As `protection.clearkey.keys` has them.
fn keys(pairs: &[&str]) -> Value {
    pairs
        .iter()
        .map(|pair| pair.split_once(':').unwrap())
        .map(|(id, key)| (id.to_owned(), json!(key)))
        .collect()
}

/// A licence server for Clear Key that wants to see a token.
struct Licences {
    url: String,
    shared: Arc<Shared>,
}

struct Shared {
    licence: String,
    /// How many requests are to be answered 503.
    busy: Mutex<u32>,
    heard: Mutex<Vec<(HeaderMap, Bytes)>>,
}

impl Licences {
    async fn serve(pairs: &[&str]) -> Self {
        use std::fmt::Write;
        let encode = |digits: &str| {
            let digits = digits.replace('-', "");
            let bytes: Vec<_> =
                (0..16).map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap()).collect();
            let mut bits = String::new();
            bytes.iter().for_each(|byte| write!(bits, "{byte:08b}").unwrap());
            let alphabet: Vec<_> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).collect();
            let digit = |six: &[u8]| {
                let six = format!("{:0<6}", std::str::from_utf8(six).unwrap());
                alphabet[usize::from_str_radix(&six, 2).unwrap()]
            };
            bits.as_bytes().chunks(6).map(digit).collect::<String>()
        };
        let key = |pair: &&str| {
            let (id, key) = pair.split_once(':').unwrap();
            json!({ "kty": "oct", "kid": encode(id), "k": encode(key) })
        };
        let licence = json!({ "keys": pairs.iter().map(key).collect::<Vec<_>>() }).to_string();
        let shared = Arc::new(Shared { licence, busy: Mutex::default(), heard: Mutex::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/licence?a=1&b=2", listener.local_addr().unwrap());
        let app = Router::new().route("/licence", any(give)).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, shared }
    }

    fn busy(&self, times: u32) {
        *self.shared.busy.lock().unwrap() = times;
    }

    /// The tokens of the requests so far.
    fn heard(&self) -> Vec<String> {
        let heard = self.shared.heard.lock().unwrap();
        heard.iter().map(|(headers, _)| headers["x-token"].to_str().unwrap().to_owned()).collect()
    }

    fn last(&self) -> (HeaderMap, String) {
        let (headers, body) = self.shared.heard.lock().unwrap().last().cloned().unwrap();
        (headers, String::from_utf8(body.to_vec()).unwrap())
    }
}

async fn give(
    State(shared): State<Arc<Shared>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = if method == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else if headers.get("x-token").is_none() {
        StatusCode::FORBIDDEN.into_response()
    } else {
        shared.heard.lock().unwrap().push((headers, body));
        let mut busy = shared.busy.lock().unwrap();
        match busy.checked_sub(1) {
            Some(left) => {
                *busy = left;
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
            None => shared.licence.clone().into_response(),
        }
    };
    let cors = [(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"), (header::ACCESS_CONTROL_ALLOW_HEADERS, "*")];
    (cors, answer).into_response()
}
