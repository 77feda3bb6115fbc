//! Pages that tests open.

use crate::browser::PROBE;

/// Plays with rx-player. The folder of [`crate::judges::players`] is served at `/judges/`.
#[must_use]
pub fn rx_player(manifest: &str) -> String {
    rx_player_with(manifest, "")
}

/// The same with further members of its constructor's options.
#[must_use]
pub fn rx_player_with(manifest: &str, options: &str) -> String {
    page(&format!(
        r#"<script type="module">
        import RxPlayer from "/judges/rx-player/dist/es2017/index.js";
        const player = new RxPlayer({{ videoElement: document.querySelector("video"), {options} }});
        player.addEventListener("error", (error) => {{ window.failure = String(error); }});
        player.loadVideo({{ url: "{manifest}", transport: "smooth", autoPlay: true }});
        </script>"#
    ))
}

/// Plays with dash.js, Smooth Streaming or DASH, with captions.
#[must_use]
pub fn dash_js(manifest: &str) -> String {
    dash_js_with(manifest, "")
}

/// The same with further members of its `streaming` settings.
#[must_use]
pub fn dash_js_with(manifest: &str, settings: &str) -> String {
    page(&format!(
        r#"<script src="/judges/dashjs/dist/modern/umd/dash.all.min.js"></script>
        <script src="/judges/dashjs/dist/modern/umd/dash.mss.min.js"></script>
        <script>
        const player = dashjs.MediaPlayer().create();
        player.updateSettings({{ streaming: {{ text: {{ defaultEnabled: true }}, {settings} }} }});
        player.initialize(document.querySelector("video"), "{manifest}", true);
        player.on("error", (event) => {{ window.failure = JSON.stringify(event.error ?? event); }});
        </script>"#
    ))
}

/// Plays HLS with hls.js, with captions.
#[must_use]
pub fn hls_js(playlist: &str) -> String {
    page(&format!(
        r#"<script src="/judges/hls.js/dist/hls.min.js"></script>
        <script>
        const video = document.querySelector("video");
        const player = new Hls();
        player.on(Hls.Events.ERROR, (_, data) => {{
            if (data.fatal) window.failure = `${{data.type}} ${{data.details}} ${{data.error ?? ""}}`;
        }});
        player.on(Hls.Events.MANIFEST_PARSED, () => video.play());
        video.addEventListener("playing", () => {{ player.subtitleTrack = 0; }}, {{ once: true }});
        player.loadSource("{playlist}");
        player.attachMedia(video);
        </script>"#
    ))
}

/// Plays DASH (or HLS) with shaka-player, with captions.
#[must_use]
pub fn shaka(manifest: &str) -> String {
    page(&format!(
        r#"<script src="/judges/shaka-player/dist/shaka-player.compiled.js"></script>
        <script type="module">
        const video = document.querySelector("video");
        const player = new shaka.Player();
        const failed = (error) => {{ window.failure = `${{error.code ?? error}} ${{JSON.stringify(error.data ?? "")}}`; }};
        player.addEventListener("error", (event) => failed(event.detail));
        try {{
            await player.attach(video);
            await player.load("{manifest}");
            const [captions] = player.getTextTracks();
            if (captions) player.selectTextTrack(captions);
            await video.play();
        }} catch (error) {{ failed(error); }}
        </script>"#
    ))
}

/// Leaves everything to the browser, as the page for Apple's devices does.
#[must_use]
pub fn native(url: &str) -> String {
    format!(
        "<!doctype html><meta charset=\"utf-8\"><title>test</title><video src=\"{url}\" muted autoplay controls></video>"
    )
}

fn page(script: &str) -> String {
    format!(
        "<!doctype html><meta charset=\"utf-8\"><title>test</title><video muted controls></video>{script}"
    )
}

/// Plays with our `<smooth-video>`. The folder of [`crate::origin::dist`] is served at `/player/`.
#[must_use]
pub fn smooth_video(manifest: &str) -> String {
    smooth_video_with(manifest, "")
}

/// The same with further attributes.
#[must_use]
pub fn smooth_video_with(manifest: &str, attributes: &str) -> String {
    format!(
        "<!doctype html><meta charset=\"utf-8\"><title>test</title><script>{PROBE}</script>\
         <script src=\"/player/smooth-player.js\"></script>\
         <smooth-video src=\"{manifest}\" {attributes} autoplay controls style=\"width:640px;height:360px\"></smooth-video>"
    )
}

/// A page as the Smooth Streaming Media Framework's users wrote it, with our script added and nothing else.
/// `parameters` is what stands in `InitParams`.
#[must_use]
pub fn smf(parameters: &str) -> String {
    format!(
        r##"<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
    <title>SmoothStreamingPlayer</title>
    <style type="text/css">
    html, body {{ height: 100%; overflow: auto; }}
    body {{ padding: 0; margin: 0; }}
    #silverlightControlHost {{ height: 100%; text-align: center; }}
    </style>
    <script src="/player/smooth-player.js"></script>
    <script type="text/javascript">
        function onSilverlightError(sender, args) {{ throw new Error(args.ErrorMessage); }}
    </script>
</head>
<body>
    <form id="form1" action="#">
    <div id="silverlightControlHost">
        <object id="player" data="data:application/x-silverlight-2," type="application/x-silverlight-2" width="640" height="360">
          <param name="source" value="SmoothStreamingPlayer.xap"/>
          <param name="onError" value="onSilverlightError" />
          <param name="background" value="white" />
          <param name="minRuntimeVersion" value="4.0.50401.0" />
          <param name="autoUpgrade" value="true" />
          <param name="InitParams" value="{parameters}" />
          <a href="http://go.microsoft.com/fwlink/?LinkID=149156&amp;v=4.0.50401.0" style="text-decoration:none">
              <img src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='1' height='1'/%3E" alt="Get Microsoft Silverlight" style="border-style:none"/>
          </a>
        </object>
    </div>
    </form>
</body>
</html>
"##
    )
}
