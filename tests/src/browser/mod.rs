//! A browser, driven over its own WebDriver: Chromium, Firefox, or WebKitGTK, which is the nearest to Safari that runs
//! here.

mod chromium;
mod firefox;
mod webkit;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::panic::Location;
use std::time::{Duration, Instant};

use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Process, evidence};

/// How long a fact is waited for before the test is taken to hang. Not a measure of speed.
pub const GUARD: Duration = Duration::from_secs(60);

/// Which browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Chromium, headless.
    Chromium,
    /// Firefox, headless. Its driver has no log, so its console is what the probe (`probe.js`) hears.
    Firefox,
    /// WebKitGTK on a screen of its own (Xvfb). It plays HLS without a script. Of its console goes what does of
    /// Firefox's.
    WebKit,
}

/// A browser window with a fresh profile. Ends with this value.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    engine: Engine,
    /// The driver first, then what it needs: they end in this order.
    processes: Vec<Process>,
    /// Address of the session with the driver.
    session: (SocketAddr, String),
    _profile: TempDir,
}

impl Browser {
    /// Starts Chromium, and sets up the probe for every page to come.
    pub async fn start() -> Self {
        Self::start_with(Engine::Chromium).await
    }

    /// Starts the browser that is asked for.
    pub async fn start_with(engine: Engine) -> Self {
        let profile = tempfile::Builder::new().prefix("silverlane-browser-").tempdir().unwrap();
        let (port, processes, capabilities) = match engine {
            Engine::Chromium => chromium::driver(profile.path()).await,
            Engine::Firefox => firefox::driver(profile.path()).await,
            Engine::WebKit => webkit::driver(profile.path()).await,
        };
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let builder = ClientBuilder::new(connector())
            .capabilities(capabilities)
            .connect(&format!("http://{address}"))
            .await;
        let client =
            builder.unwrap_or_else(|e| panic!("{engine:?} does not start: {e}\n{}", processes[0].log()));
        let session = (address, client.session_id().await.unwrap().unwrap());
        let browser = Self { client, engine, processes, session, _profile: profile };
        if engine == Engine::Chromium {
            browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": PROBE })).await;
        }
        browser
    }

    /// Opens `url` and returns when the document has loaded.
    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|e| panic!("{url} does not open: {e}"));
        if self.engine != Engine::Chromium {
            self.run(PROBE).await;
        }
    }

    /// Runs the body of a JavaScript function and returns its value. What it throws ends the test.
    #[track_caller]
    pub fn run(&self, script: &str) -> impl Future<Output = Value> + Send + use<> {
        let at = Location::caller();
        let (client, script) = (self.client.clone(), script.to_owned());
        async move { client.execute(&script, Vec::new()).await.unwrap_or_else(|e| panic!("{at}: {script}\n{e}")) }
    }

    /// The value of a JavaScript expression.
    #[track_caller]
    pub fn eval(&self, expression: &str) -> impl Future<Output = Value> + Send + use<> {
        self.run(&format!("return ({expression});"))
    }

    /// Waits until a JavaScript expression is true; see [`Browser::until_within`].
    #[track_caller]
    pub fn until<'a>(&'a self, what: &str, expression: &str) -> impl Future<Output = Value> + use<'a> {
        self.until_within(GUARD, what, expression)
    }

    /// Waits until a JavaScript expression is truthy, and returns its value. After `guard` it gives up: with
    /// the state of the page, the console, and a picture under `target/chain/`.
    #[track_caller]
    pub fn until_within<'a>(
        &'a self,
        guard: Duration,
        what: &str,
        expression: &str,
    ) -> impl Future<Output = Value> + use<'a> {
        let at = Location::caller();
        let (what, expression) = (what.to_owned(), expression.to_owned());
        async move {
            let start = Instant::now();
            loop {
                let value = self.eval(&expression).await;
                if !matches!(value, Value::Null | Value::Bool(false)) {
                    return value;
                }
                if start.elapsed() > guard {
                    let state = self.state().await;
                    panic!("{at}: waited {guard:?} in vain until {what}\n{state}");
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// Clicks the button, link, tab or label that a person would call `name`; of several the topmost one, which
    /// is that of an open dialog. Waits until there is one.
    #[track_caller]
    pub fn press(&self, name: &str) -> impl Future<Output = ()> {
        let at = Location::caller();
        let named = format!("[normalize-space()='{name}' or @aria-label='{name}']");
        let path = format!("//*[self::button or self::a or self::label]{named}");
        async move {
            let start = Instant::now();
            loop {
                let found = self.client.find_all(Locator::XPath(&path)).await.unwrap_or_default();
                for element in found.into_iter().rev() {
                    let shown = element.is_displayed().await.unwrap_or(false);
                    if shown && element.is_enabled().await.unwrap_or(false) && element.click().await.is_ok() {
                        return;
                    }
                }
                if start.elapsed() > GUARD {
                    panic!("{at}: there is nothing to press that is called {path}\n{}", self.state().await);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// Types `text` into the field that `selector` finds, in place of what it holds. Waits until there is one.
    #[track_caller]
    pub fn fill(&self, selector: &str, text: &str) -> impl Future<Output = ()> {
        let at = Location::caller();
        let (selector, text) = (selector.to_owned(), text.to_owned());
        async move {
            let field = self.client.wait().at_most(GUARD).for_element(Locator::Css(&selector)).await;
            let field = field.unwrap_or_else(|e| panic!("{at}: {selector}: {e}"));
            field.clear().await.unwrap_or_else(|e| panic!("{at}: {selector}: {e}"));
            field.send_keys(&text).await.unwrap_or_else(|e| panic!("{at}: {selector}: {e}"));
        }
    }

    /// What the window shows, as PNG.
    pub async fn picture(&self) -> Vec<u8> {
        self.client.screenshot().await.unwrap_or_else(|e| panic!("no picture can be taken: {e}"))
    }

    /// What the console has said since the last call, uncaught errors included: `LEVEL message`.
    pub async fn console(&self) -> Vec<String> {
        if self.engine != Engine::Chromium {
            let heard = self.eval("window.__probe?.errors.splice(0) ?? []").await;
            return heard.as_array().into_iter().flatten().map(|line| format!("SEVERE {line}")).collect();
        }
        let entries =
            self.client.issue_cmd(Command { path: "se/log", body: json!({ "type": "browser" }) }).await;
        let entries = entries.unwrap_or_else(|e| panic!("the console cannot be read: {e}"));
        let text = |entry: &Value| {
            let part = |key| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            format!("{} {}", part("level"), part("message"))
        };
        entries.as_array().into_iter().flatten().map(text).collect()
    }

    /// Panics if the console has said anything of level error since the last call.
    #[track_caller]
    pub fn no_console_errors(&self) -> impl Future<Output = ()> {
        self.no_console_errors_but(&[])
    }

    /// The same, but for lines with one of the texts in `expected`. A missing favicon is no error.
    #[track_caller]
    pub fn no_console_errors_but(&self, expected: &[&str]) -> impl Future<Output = ()> + use<'_> {
        let at = Location::caller();
        let mut expected: Vec<String> = expected.iter().map(|&text| text.to_owned()).collect();
        expected.push("/favicon.ico".to_owned());
        async move {
            let lines = self.console().await;
            let news = |line: &&String| !expected.iter().any(|text| line.contains(text.as_str()));
            let errors: Vec<_> =
                lines.iter().filter(|line| line.starts_with("SEVERE")).filter(news).collect();
            assert!(errors.is_empty(), "{at}: errors on the console:\n{errors:#?}");
        }
    }

    /// Sends a DevTools command; Chromium only.
    pub async fn devtools(&self, command: &str, params: Value) -> Value {
        let body = json!({ "cmd": command, "params": params });
        let answer = self.client.issue_cmd(Command { path: "goog/cdp/execute", body }).await;
        answer.unwrap_or_else(|e| panic!("{command}: {e}"))
    }

    /// The browser stands still with all its processes, as on a laptop that is shut; or goes on.
    pub fn freeze(&self, on: bool) {
        self.processes[0].freeze(on);
    }

    /// Takes the browser off the network, or puts it back; Chromium only.
    pub async fn offline(&self, on: bool) {
        let conditions =
            json!({ "offline": on, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.emulateNetworkConditions", conditions).await;
    }

    /// Opens another tab over the page, which is in the background from now on; what a test runs still runs in the page.
    /// Returns the tab's name. Chromium only.
    pub async fn cover(&self) -> Value {
        self.devtools("Target.createTarget", json!({ "url": "about:blank" })).await
    }

    /// Closes the tab that [`cover`](Self::cover) opened.
    pub async fn uncover(&self, tab: Value) {
        self.devtools("Target.closeTarget", tab).await;
    }

    /// Clicks with the mouse on what the JavaScript expression `element` gives, in shadow trees too, at this share of its
    /// width. Waits until there is one to be seen. Chromium only.
    pub async fn click(&self, element: &str, share: f64) {
        let place = format!(
            "(({{ left, top, width, height }}) => width && [left + width * {share}, top + height / 2])({element}?.getBoundingClientRect() ?? {{}})"
        );
        let place = self.until(&format!("{element} is to be seen"), &place).await;
        for (kind, button) in [("mouseMoved", "none"), ("mousePressed", "left"), ("mouseReleased", "left")] {
            let event =
                json!({ "type": kind, "x": place[0], "y": place[1], "button": button, "clickCount": 1 });
            self.devtools("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Everything that helps to understand a failure, as text; the picture goes to a file.
    pub async fn state(&self) -> String {
        let picture = evidence().join(format!("failure-{}.png", std::process::id()));
        // A browser that hangs draws none either.
        let drawn = tokio::time::timeout(Duration::from_secs(10), self.client.screenshot()).await;
        if let Ok(Ok(bytes)) = drawn {
            let _ = std::fs::write(&picture, bytes);
        }
        let state =
            self.client.execute("return JSON.stringify(window.__probe?.state(), null, 1)", Vec::new()).await;
        let state = state.ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        let console = self.console().await.join("\n");
        format!("picture: {}\nstate: {state}\nconsole:\n{console}", picture.display())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Drivers close their browser only when they are told to; killed, or asked to end, they leave it running.
        let (address, id) = &self.session;
        let request =
            format!("DELETE /session/{id} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        if let Ok(mut stream) = TcpStream::connect(address) {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
            let _ = stream.write_all(request.as_bytes());
            let _ = stream.read(&mut [0; 256]);
        }
        self.processes.iter_mut().for_each(Process::kill);
    }
}

/// `fantoccini`'s builder wants a connector; the loopback interface needs no TLS.
fn connector() -> hyper_util::client::legacy::connect::HttpConnector {
    hyper_util::client::legacy::connect::HttpConnector::new()
}

/// ChromeDriver's own commands, which WebDriver does not have.
#[derive(Debug)]
struct Command {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

/// Runs before every page's own scripts (in browsers other than Chromium once the page has loaded, unless the page brings it
/// along). It notes the events of every
/// media element, in whatever shadow tree it stands: media events do not leave theirs.
pub(crate) const PROBE: &str = include_str!("probe.js");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Files, Site};

    #[tokio::test]
    async fn opens_a_page_and_hears_its_console() {
        let mut site = Site::default();
        site.file("/page.html", "<!doctype html><title>hello</title><script>console.error('a'); setTimeout(() => { throw new Error('b') })</script>");
        let files = Files::serve(site).await;
        let browser = Browser::start().await;
        browser.open(&format!("{}/page.html", files.url())).await;
        assert_eq!(browser.eval("document.title").await, "hello");
        let mut heard = Vec::new();
        let start = Instant::now();
        while heard.len() < 2 && start.elapsed() < GUARD {
            heard.extend(
                browser
                    .console()
                    .await
                    .into_iter()
                    .filter(|l| l.starts_with("SEVERE") && !l.contains("favicon")),
            );
        }
        assert!(heard[0].contains("\"a\"") && heard[1].contains("Error: b"), "{heard:?}");
    }
}
