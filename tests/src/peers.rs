//! Our player and the two others that play Smooth Streaming, on pages that can be asked the same things.
//!
//! Each page has `window.peer`: `audio(language)` and `captions()` choose, `shown()` is the caption on the screen.

use std::process::Command;
use std::sync::LazyLock;

use crate::browser::PROBE;
use crate::files::Site;
use crate::process::{cache, find};
use crate::{judges, origin};

/// One of the players.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// `<smooth-video>`.
    Silverlane,
    /// rx-player.
    RxPlayer,
    /// dash.js.
    DashJs,
}

impl Peer {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Silverlane, Self::RxPlayer, Self::DashJs];

    /// Name and version.
    #[must_use]
    pub fn name(self) -> String {
        let version = |package: &str| {
            let file = judges::players().join(package).join("package.json");
            let json: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
            json["version"].as_str().unwrap_or_default().to_owned()
        };
        match self {
            Self::Silverlane => "Silverlane".to_owned(),
            Self::RxPlayer => format!("rx-player {}", version("rx-player")),
            Self::DashJs => format!("dash.js {}", version("dashjs")),
        }
    }

    /// Where [`put`](Self::put) puts its page.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Silverlane => "/silverlane.html",
            Self::RxPlayer => "/rx-player.html",
            Self::DashJs => "/dashjs.html",
        }
    }

    /// Puts a page for `manifest` on a site, and the scripts that it needs. Each player as its makers would have it on a
    /// page: minified, without what Smooth Streaming does not need, otherwise as it is.
    pub fn put(self, site: &mut Site, manifest: &str) {
        let page = match self {
            Self::Silverlane => {
                site.folder("/player/", origin::dist());
                SILVERLANE
            }
            Self::RxPlayer => {
                site.file("/rx-player.js", RX_BUNDLE.as_str());
                RX_PLAYER
            }
            Self::DashJs => {
                site.folder("/judges/", judges::players());
                DASH_JS
            }
        };
        let page = page.replace("MANIFEST", manifest);
        site.file(
            self.path(),
            format!(
                "<!doctype html><meta charset=\"utf-8\"><title>test</title><script>{PROBE}</script>{page}"
            ),
        );
    }
}

const SILVERLANE: &str = r#"<script src="/player/smooth-video.js"></script>
<smooth-video src="MANIFEST" autoplay style="width:640px;height:360px"></smooth-video>
<script>
const player = document.querySelector("smooth-video");
window.peer = {
  audio(language) { Array.from(player.audioTracks).find((track) => track.language === language).enabled = true; },
  captions() { player.selectCaptions("captions"); },
  shown: () => window.__probe.captions()[0],
};
</script>"#;

const RX_PLAYER: &str = r#"<div style="position:relative;width:640px;height:360px">
<video style="width:640px;height:360px"></video><div style="position:absolute;inset:0"></div></div>
<script src="/rx-player.js"></script>
<script>
const player = new RxPlayer({ videoElement: document.querySelector("video") });
player.addEventListener("error", (error) => { window.failure = String(error); });
player.loadVideo({ url: "MANIFEST", transport: "smooth", autoPlay: true, textTrackMode: "html",
  textTrackElement: document.querySelector("div > div") });
window.peer = {
  audio(language) {
    player.setAudioTrack(player.getAvailableAudioTracks().find((track) => track.language === language).id);
  },
  captions() { player.setTextTrack(player.getAvailableTextTracks()[0].id); },
  shown: () => document.querySelector("div > div").textContent.trim(),
};
</script>"#;

const DASH_JS: &str = r#"<div style="position:relative;width:640px;height:360px">
<video style="width:640px;height:360px"></video><div></div></div>
<script src="/judges/dashjs/dist/modern/umd/dash.mediaplayer.min.js"></script>
<script src="/judges/dashjs/dist/modern/umd/dash.mss.min.js"></script>
<script>
const player = dashjs.MediaPlayer().create();
player.initialize(document.querySelector("video"), "MANIFEST", true);
player.attachTTMLRenderingDiv(document.querySelector("div > div"));
player.on("error", (event) => { window.failure = JSON.stringify(event.error ?? event); });
const tracks = (kind) => player.getTracksFor(kind);
window.peer = {
  audio(language) { player.setCurrentTrack(tracks("audio").find((track) => track.lang === language)); },
  captions() { player.enableText(true); player.setTextTrack(0); },
  shown: () => document.querySelector("div > div").textContent.trim() || window.__probe.captions()[0],
};
</script>"#;

/// rx-player is published for bundlers. So it is bundled, with esbuild, and with what Smooth Streaming needs.
static RX_BUNDLE: LazyLock<String> = LazyLock::new(|| {
    let folder = judges::players();
    let esbuild = find("esbuild").unwrap_or_else(|| cache().join("node/node_modules/.bin/esbuild"));
    let entry = r#"
        import RxPlayer from "rx-player/minimal";
        import { SMOOTH, MEDIA_SOURCE_MAIN, HTML_TEXT_BUFFER, HTML_TTML_PARSER } from "rx-player/features";
        RxPlayer.addFeatures([MEDIA_SOURCE_MAIN, SMOOTH, HTML_TEXT_BUFFER, HTML_TTML_PARSER]);
        window.RxPlayer = RxPlayer;"#;
    let file = tempfile::Builder::new().suffix(".js").tempfile().unwrap();
    std::fs::write(file.path(), entry).unwrap();
    let output = Command::new(&esbuild)
        .arg(file.path())
        .args(["--bundle", "--minify", "--format=iife", "--log-level=error"])
        .env("NODE_PATH", folder)
        .output()
        .unwrap_or_else(|e| {
            panic!("{}: {e}: run `bash scripts/tools.sh`, which needs npm", esbuild.display())
        });
    assert!(output.status.success(), "esbuild: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
});
