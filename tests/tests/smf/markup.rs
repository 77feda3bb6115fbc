//! How such a page puts the player in, and with which settings.

use harness::browser::Browser;
use harness::files::{Files, Site};
use harness::{pages, player};
use serde_json::json;

use super::{Page, SECONDS, open};

#[tokio::test]
async fn the_object_is_replaced_in_place_and_its_settings_count() {
    let page = pages::smf("selectedcaptionstream=textstream_eng,mediaurl=/content.ism/Manifest");
    let (files, browser) = open(&page).await;
    player::playing(&browser).await;
    let place = browser
        .run(
            "let box = window.__probe.media();
             while (box.getRootNode() !== document) box = box.getRootNode().host;
             const { width, height } = box.getBoundingClientRect();
             return { width, height, parent: box.closest('#silverlightControlHost') !== null,
               objects: Array.from(document.querySelectorAll('object'), (o) => o.getBoundingClientRect().width).filter((w) => w > 0).length }",
        )
        .await;
    assert_eq!((place["width"].as_f64(), place["height"].as_f64()), (Some(640.0), Some(360.0)), "{place}");
    assert_eq!((place["parent"].as_bool(), place["objects"].as_u64()), (Some(true), Some(0)), "{place}");
    player::captions_in_step(&browser, 3, 256).await;
    assert!(player::glance(&browser).await.audio_bytes > 0);
    assert!(files.log().iter().all(|l| !l.path.ends_with(".xap")));
    browser.no_console_errors().await;
}

#[tokio::test]
async fn a_page_that_says_not_to_play_waits_for_its_viewer() {
    let (files, browser) = open(&pages::smf("AutoPlay=false,mediaurl=/content.ism/Manifest")).await;
    browser.until("the content is known", "window.__probe.media()?.readyState >= 1").await;
    assert_eq!(browser.eval("window.__probe.media().paused").await, true);
    assert_eq!(browser.eval("window.__probe.events.some((e) => e.name === 'playing')").await, false);
    browser.run("window.__probe.media().play()").await;
    player::playing(&browser).await;
    assert!(files.log().iter().any(|l| l.path.contains("(video=")));
    browser.no_console_errors().await;
}

/// Two items from `playersettings`, that wait for their viewer.
#[tokio::test]
async fn playersettings_make_a_playlist() {
    let (_files, browser) = open(include_str!("../../data/smf/settings.html")).await;
    let page = Page(&browser);
    browser.until("the content is known", "window.player && window.__probe.media()?.readyState >= 1").await;
    let facts = browser.run("return { paused: window.__probe.media().paused, muted: player.IsMuted, auto: player.AutoPlay, start: player.StartMuted,
        cached: player.EnableCachedComposition, at: player.GetCurrentPlaylistIndex(), title: document.getElementById('player').getAttribute('aria-label') }").await;
    assert_eq!(
        facts,
        json!({ "paused": true, "muted": true, "auto": false, "start": true, "cached": true, "at": 0, "title": "First item, with a comma" })
    );
    page.run("player.Play()").await;
    assert_eq!(page.hears("MarkerReached", "undefined").await["Content"], "One second");
    page.run("player.GoToNextChapter()").await;
    browser.until("the second chapter", "player.PlaybackPositionSeconds >= 4").await;

    // The second item begins where it says; past it there is nothing, until the list goes round.
    page.run("player.GoToNextPlaylistItem()").await;
    assert_eq!(page.hears("PlaylistItemChanged", "undefined").await["Title"], "Second");
    page.hears("MediaOpened", "null").await;
    page.hears("PlayStateChanged", "'Playing'").await;
    let position = browser.eval("player.PlaybackPositionSeconds").await.as_f64().unwrap();
    assert!(position >= 3.0, "it began at {position} s");
    let chosen = browser.eval("[player.SelectedAudioStream.Name, player.SelectedCaptionStream.Name]").await;
    assert_eq!(chosen, json!(["commentary", "textstream_eng"]));
    assert_eq!(browser.eval("document.getElementById('player').playlist.hasNext").await, false);
    page.run("player.GoToNextPlaylistItem()").await;
    page.hears("PlaylistReachedEnd", "null").await;
    assert_eq!(browser.eval("player.GetCurrentPlaylistIndex()").await, 1);
    page.run("player.ContinuousPlay = true; player.SeekToPosition(player.EndPositionSeconds - 0.5)").await;
    page.hears("MediaEnded", "null").await;
    assert_eq!(page.hears("PlaylistItemChanged", "undefined").await["Title"], "First item, with a comma");
    page.hears("PlayStateChanged", "'Playing'").await;
    page.run("player.GoToPreviousPlaylistItem()").await;
    assert_eq!(page.hears("PlaylistItemChanged", "undefined").await["Title"], "Second");
    page.run("player.GoToPlaylistItem(0)").await;
    assert_eq!(page.hears("PlaylistItemChanged", "undefined").await["Title"], "First item, with a comma");
    browser.no_console_errors().await;
}

/// Every way in which pages put the plug-in in, on one page; and what is no player stays as it is.
#[tokio::test]
async fn every_way_to_put_the_player_in_is_taken_over() {
    let (_files, browser) = open(include_str!("../../data/smf/many.html")).await;
    browser.until("all are ready", "ready.length === 5 && loaded.length === 1").await;
    let seen = browser
        .run(
            "const ids = ['one', 'two', 'three', 'four', 'five', 'clock', 'inner'];
             return [ready.slice().sort().join(''), ids.map((id) => document.getElementById(id)?.localName ?? null), loaded,
               typeof immediate, document.getElementById('other').textContent, document.getElementById('two').getAttribute('aria-label')]",
        )
        .await;
    let element = "smooth-player";
    assert_eq!(
        seen,
        json!([
            "ABCDE",
            [element, element, element, element, element, "object", null],
            [["four", "context", "D"]],
            "number",
            "Get Silverlight",
            "Two"
        ])
    );
    assert_eq!(
        browser.eval("Silverlight.isInstalled('4.0')").await,
        false,
        "a page that asks itself is told the truth"
    );
    // Each plays by itself.
    browser.run("for (const id of ['one', 'five']) document.getElementById(id).Content[id === 'one' ? 'A' : 'E'].Play()").await;
    let plays = "['one', 'five'].every((id) => document.getElementById(id).currentTime > 0.2) && document.getElementById('four').paused";
    browser.until("two of them play, and only they", plays).await;
    // One counts in absolute media time: its content begins at 100 s.
    let absolute = browser.eval("['Start', 'Playback', 'End'].map((which) => document.getElementById('five').Content.E[which + 'PositionSeconds'])").await;
    let absolute: Vec<f64> = absolute.as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
    let end = 100.0 + f64::from(SECONDS);
    assert!(
        (absolute[0] - 100.0).abs() < 0.1 && absolute[1] > 100.1 && (absolute[2] - end).abs() < 0.2,
        "{absolute:?}"
    );
    // One that comes much later, as pages did on a click.
    browser.run(
        "document.getElementById('host').innerHTML = '<object id=late type=\"application/x-silverlight-2\"><param name=initParams value=\"scriptablename=F,mediaurl=/content.ism/Manifest\"></object>'",
    )
    .await;
    browser.until("the late one plays", "document.getElementById('late').Content?.F.PlayState === 3").await;
    browser.no_console_errors().await;
}

/// Some pages ask before they put it in; one word at our script answers them.
#[tokio::test]
async fn a_page_that_asks_whether_silverlight_is_installed_gets_the_answer_it_needs() {
    let page = "<!doctype html><title>asks</title><script src=\"/player/smooth-player.js\" data-silverlight=\"installed\"></script>
        <script src=\"/Silverlight.js\"></script><div id=\"host\">Get Microsoft Silverlight</div><script>
        var made = document.createElement('object');
        made.id = 'player';
        made.type = 'application/x-silverlight-2';
        made.innerHTML = '<param name=\"initParams\" value=\"scriptablename=Player,mediaurl=/content.ism/Manifest\">';
        if (Silverlight.isInstalled('4.0')) { document.getElementById('host').replaceWith(made); }
        </script>";
    let (_files, browser) = open(page).await;
    player::playing(&browser).await;
    assert_eq!(
        browser.eval("made.Content.Player === document.getElementById('player').Content.Player").await,
        true
    );
    browser.no_console_errors().await;
}

/// Where nothing can play it, the page gets the address for devices that play HLS.
#[tokio::test]
async fn a_browser_without_media_source_is_given_the_hls_address() {
    let page = pages::smf("mediaurl=/content.ism/Manifest").replace(
        "<script src=\"/player",
        "<script>delete window.MediaSource; delete window.ManagedMediaSource; HTMLMediaElement.prototype.canPlayType = () => '';</script><script src=\"/player",
    );
    let (_files, browser) = open(&page).await;
    let link = "document.querySelector('#silverlightControlHost a[href*=m3u8]')?.getAttribute('href')";
    assert_eq!(browser.until("there is a link", link).await, "/content.ism/manifest(format=m3u8-aapl).m3u8");
    browser.no_console_errors().await;
}

/// The parts without a player: how settings are read, which markers a move crosses, how time is written.
#[tokio::test]
async fn the_parts_without_a_player_keep_their_promises() {
    let parts = [
        include_str!("../../../www/src/smf/initparams.js"),
        include_str!("../../../www/src/smf/time.js"),
        include_str!("../../../www/src/smf/items.js"),
        include_str!("../../../www/src/smf/settings.js"),
        include_str!("../../../www/src/smf/markers.js"),
        include_str!("../../../www/test/smf.js"),
    ];
    let mut site = Site::default();
    site.file("/parts.js", parts.concat())
        .file("/", "<!doctype html><title>parts</title><script src=\"parts.js\"></script>");
    let files = Files::serve(site).await;
    let browser = Browser::start().await;
    browser.open(&files.url()).await;
    browser.no_console_errors().await;
    let cases = browser.eval("runCases()").await;
    let cases = cases.as_array().unwrap();
    for case in cases {
        println!("{}: {}", case[0].as_str().unwrap(), case[1].as_str().unwrap_or("ok"));
    }
    assert!(cases.len() >= 18, "{} cases", cases.len());
    let failed: Vec<_> = cases.iter().filter(|case| !case[1].is_null()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
