//! Pages that were written for Silverlight, with one script added.

#![allow(clippy::unwrap_used, reason = "tests end at the first surprise")]

mod markup;
mod script;

use std::sync::LazyLock;

use harness::browser::Browser;
use harness::encoder::{LIVE, Recipe};
use harness::files::{Files, Site};
use harness::splitter::{Presentation, Stream};
use harness::{origin, player};
use serde_json::Value;

const SECONDS: u32 = 14;
/// A page whose script keeps what it hears in `heard`.
struct Page<'a>(&'a Browser);

impl Page<'_> {
    /// Forgets what was heard so far, and runs `script`.
    async fn run(&self, script: &str) {
        self.0.run(&format!("heard.length = 0; {script}")).await;
    }

    /// Waits for an event, with this result if it is not `undefined`; forgets it, and returns its result.
    async fn hears(&self, event: &str, result: &str) -> Value {
        let at = format!(
            "heard.findIndex(([name, result]) => name === '{event}' && ({result} === undefined || result === {result}))"
        );
        self.0.until(&format!("{event} {result} is heard"), &format!("{at} >= 0")).await;
        self.0.run(&format!("return heard.splice({at}, 1)[0][1];")).await
    }
}

/// In a manifest itself: a script command, and a chapter.
const TOLD: &str = r#"<StreamIndex Type="text" Subtype="SCMD" Name="script"><Content>
    <ScriptCommand Time="20000000" Type="CAPTION" Command="goal"/></Content></StreamIndex>
  <StreamIndex Type="text" Subtype="CHAP" Name="chapters"><Content><Marker Time="50000000" Value="Second half"/></Content></StreamIndex>"#;

/// Opens `page` beside `/content.ism`, which has captions and two sounds, and `/other.ism`.
async fn open(page: &str) -> (Files, Browser) {
    static CONTENT: LazyLock<Presentation> = LazyLock::new(|| {
        let recipe = Recipe { levels: LIVE[..2].to_vec(), seconds: Some(SECONDS), ..Recipe::default() };
        let mut content =
            Presentation::encode(&recipe).with_captions("textstream_eng", &player::seconds_as_ttml(SECONDS));
        let commentary = Stream { name: "commentary", ..content.streams[1].clone() };
        content.streams.push(commentary);
        content
    });
    let mut site = Site::default();
    CONTENT.clone().picture_at(1_000_000_000).put(&mut site, "late");
    let mut told = CONTENT.clone().with_events("events", &[(1, "first")]);
    told.more = TOLD.to_owned();
    told.put(&mut site, "told");
    CONTENT.put(&mut site, "content");
    CONTENT.put(&mut site, "other");
    site.folder("/player/", origin::dist())
        .file("/Silverlight.js", include_str!("../../data/smf/Silverlight.js"))
        .file("/", page.to_owned());
    let files = Files::serve(site).await;
    let browser = Browser::start().await;
    browser.open(&files.url()).await;
    (files, browser)
}
