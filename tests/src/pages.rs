//! Pages that tests open.

/// Plays with rx-player. The folder of [`crate::judges::players`] is served at `/judges/`.
#[must_use]
pub fn rx_player(manifest: &str) -> String {
    page(&format!(
        r#"<script type="module">
        import RxPlayer from "/judges/rx-player/dist/es2017/index.js";
        const player = new RxPlayer({{ videoElement: document.querySelector("video") }});
        player.addEventListener("error", (error) => {{ window.failure = String(error); }});
        player.loadVideo({{ url: "{manifest}", transport: "smooth", autoPlay: true }});
        </script>"#
    ))
}

/// Plays with dash.js.
#[must_use]
pub fn dash_js(manifest: &str) -> String {
    page(&format!(
        r#"<script src="/judges/dashjs/dist/modern/umd/dash.all.min.js"></script>
        <script src="/judges/dashjs/dist/modern/umd/dash.mss.min.js"></script>
        <script>
        const player = dashjs.MediaPlayer().create();
        player.initialize(document.querySelector("video"), "{manifest}", true);
        player.on("error", (event) => {{ window.failure = JSON.stringify(event.error ?? event); }});
        </script>"#
    ))
}

fn page(script: &str) -> String {
    format!(
        "<!doctype html><meta charset=\"utf-8\"><title>test</title><video muted controls></video>{script}"
    )
}
