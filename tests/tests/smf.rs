//! Pages that were written for Silverlight, with one script added.

#![allow(clippy::unwrap_used, reason = "tests end at the first surprise")]

use std::sync::LazyLock;

use harness::browser::Browser;
use harness::encoder::{LIVE, Recipe};
use harness::files::{Files, Site};
use harness::origin::Origin;
use harness::splitter::{Presentation, Stream};
use harness::{origin, pages, player, web};
use serde_json::{Value, json};

const SECONDS: u32 = 14;

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

/// Every member and event of the bridge, by the page's own script.
#[tokio::test]
async fn a_script_drives_the_player_as_it_drove_smf() {
    let (_files, browser) = open(include_str!("../data/smf/bridge.html")).await;
    let page = Page(&browser);

    // Ready: in whatever order the page's scripts stand, they get the same object, and miss nothing.
    let order = json!(["onPlayerReady Player", "onLoad true", "onload Player"]);
    browser.until("every handler of the page was called", "order.length === 3").await;
    let mut called: Vec<Value> = browser.eval("order").await.as_array().unwrap().clone();
    called.sort_by_key(ToString::to_string);
    let mut wanted: Vec<Value> = order.as_array().unwrap().clone();
    wanted.sort_by_key(ToString::to_string);
    assert_eq!(called, wanted);
    page.hears("MediaOpened", "null").await;
    page.hears("PlayStateChanged", "'Playing'").await;
    page.hears("PlaylistItemChanged", "undefined").await;
    assert_eq!(browser.eval("document.getElementById('player').content.Player === player").await, true);
    assert_eq!(browser.eval("player.PlayState").await, 3);

    // Positions, as numbers and as text.
    browser.until("it plays", "player.PlaybackPositionSeconds > 1").await;
    page.hears("PlaybackPositionChanged", "undefined").await;
    let end = browser.eval("player.EndPositionSeconds").await.as_f64().unwrap();
    assert!((end - f64::from(SECONDS)).abs() < 0.2, "{end}");
    assert_eq!(
        browser.eval("[player.StartPositionSeconds, player.StartPositionText]").await,
        json!([0, "00:00:00"])
    );
    assert_eq!(browser.eval("player.EndPositionText").await, format!("00:00:{:02}", end as u32));
    assert_eq!(browser.eval("player.SecondsToText(3661)").await, "01:01:01");

    // Captions and sound: found by name in any letter case, told as they come and go.
    let streams =
        "[player.AvailableCaptionStreams, player.AvailableAudioStreams, player.SelectedCaptionStream.Name]";
    let streams = browser.eval(streams).await;
    assert_eq!(streams[0], json!([{ "Name": "textstream_eng", "Language": "" }]));
    assert_eq!(streams[1].as_array().unwrap().len(), 2, "{streams}");
    assert_eq!(streams[2], "textstream_eng");
    let caption = page.hears("CaptionReached", "undefined").await;
    assert!(caption["Content"].as_str().unwrap().starts_with("second "), "{caption}");
    page.hears("CaptionLeft", "undefined").await;
    page.run("player.SelectCaptionStream(null)").await;
    page.hears("CaptionStreamChanged", "null").await;
    page.run("player.SelectAudioStream('COMMENTARY')").await;
    assert_eq!(page.hears("AudioStreamChanged", "undefined").await["Name"], "commentary");
    assert_eq!(browser.eval("player.SelectedAudioStream.Name").await, "commentary");

    // Transport.
    page.run("player.Pause()").await;
    page.hears("PlayStateChanged", "'Paused'").await;
    assert_eq!(browser.eval("player.PlayState").await, 4);
    page.run("player.SeekToPosition(9)").await;
    page.hears("SeekCompleted", "null").await;
    assert_eq!(browser.eval("player.PlaybackPositionText").await, "00:00:09");
    page.run("player.SeekToPosition(1000); player.SeekToPosition(-1); player.SeekToLive()").await;
    page.run("player.Replay()").await;
    page.hears("PlayStateChanged", "'Playing'").await;
    let replayed = browser.eval("player.PlaybackPositionSeconds").await.as_f64().unwrap();
    assert!((3.9..8.0).contains(&replayed), "replayed from {replayed} s");
    page.run("player.Stop()").await;
    page.hears("PlayStateChanged", "'Stopped'").await;
    browser
        .until("it stands at the start", "player.PlaybackPositionSeconds < 0.1 && player.PlayState === 5")
        .await;
    page.run("player.Play()").await;
    page.hears("PlayStateChanged", "'Playing'").await;

    // Scrubbing is a seek under a pressed pointer.
    page.run("window.pointer = (type) => document.getElementById('player').dispatchEvent(new PointerEvent(type, { bubbles: true, composed: true }));
        pointer('pointerdown'); player.SeekToPosition(3)").await;
    assert_eq!(page.hears("ScrubbingStarted", "undefined").await, 3);
    page.run("player.SeekToPosition(4)").await;
    assert_eq!(page.hears("Scrubbing", "undefined").await, 4);
    page.run("pointer('pointerup')").await;
    page.hears("ScrubbingCompleted", "undefined").await;

    // Full screen.
    browser.press("Full screen").await;
    page.hears("FullScreenChanged", "null").await;
    page.run("document.exitFullscreen()").await;
    page.hears("FullScreenChanged", "null").await;

    // Volume.
    page.run("player.SetVolume(0.25)").await;
    page.hears("VolumeLevelChanged", "0.25").await;
    page.run("player.SetVolume(7)").await;
    assert_eq!(browser.eval("player.GetVolume()").await, 1);
    page.run("player.IsMuted = true").await;
    assert_eq!(browser.eval("[player.IsMuted, window.__probe.media().muted]").await, json!([true, true]));
    page.run("player.IsControlStripVisible = false").await;
    assert_eq!(browser.eval("player.IsControlStripVisible").await, false);
    page.run("player.IsControlStripVisible = true").await;

    // Speed: what the browser can play it plays, the rest is jumped.
    page.run("player.StartSlowMotion()").await;
    page.hears("PlaySpeedStateChanged", "'SlowMotion'").await;
    assert_eq!(browser.eval("window.__probe.media().playbackRate").await, 0.5);
    page.run("player.StopSlowMotion()").await;
    page.hears("PlaySpeedStateChanged", "'NormalPlayback'").await;
    page.run("player.SeekToPosition(0); player.StartFastForward()").await;
    page.hears("PlaySpeedStateChanged", "'FastForwarding'").await;
    browser.until("it goes fast", "player.PlaybackPositionSeconds > 4").await;
    page.run("player.StopFastForward(); player.Pause(); player.SeekToPosition(12)").await;
    page.run("player.StartRewind()").await;
    page.hears("PlaySpeedStateChanged", "'Rewinding'").await;
    page.hears("PlaySpeedStateChanged", "'NormalPlayback'").await;
    browser.until("it stands at the start", "player.PlaybackPositionSeconds < 0.1").await;

    // A playlist from the page's script, with markers and chapters; the same content again.
    page.run(
        "list = player.CreatePlaylist();
         var first = player.CreatePlaylistItem('/content.ism/Manifest', '', 'First', 'by script');
         first.DeliveryMethod = 'AdaptiveStreaming';
         var add = function (id, begin, end, seek) {
             var marker = player.CreateMarker();
             marker.Id = id; marker.Begin = begin; marker.End = end; marker.Content = 'content of ' + id; marker.AllowSeek = seek;
             first.AddMarker(marker);
         };
         add('one', 1, 2, true); add('five', 5, 6, false); add('nine', 9, 11, true);
         for (var i = 0; i < 3; i++) {
             var chapter = player.CreateChapter();
             chapter.Title = 'Chapter ' + i; chapter.Begin = 4 * i;
             first.AddChapter(chapter);
         }
         var data = player.CreateMetadataCollection();
         data.AddMetadataItem(player.CreateMetadataItem('key', 'value'));
         first.CustomMetadata = data;
         list.AddPlaylistItem(first);
         player.AutoPlay = true;
         player.SetPlaylist(list)",
    )
    .await;
    page.hears("PlaylistChanged", "undefined").await;
    assert_eq!(page.hears("PlaylistItemChanged", "undefined").await["Title"], "First");
    assert_eq!(
        browser.eval("[player.GetCurrentPlaylistIndex(), list.GetPlaylistItemCount()]").await,
        json!([0, 1])
    );
    page.hears("MediaOpened", "null").await;
    assert_eq!(page.hears("MarkerReached", "undefined").await["Content"], "content of one");
    assert_eq!(page.hears("MarkerLeft", "undefined").await["Id"], "one");
    page.run("player.SeekToPosition(9.5)").await;
    assert_eq!(page.hears("MarkerSkipped", "undefined").await["Id"], "five");
    assert_eq!(page.hears("MarkerReached", "undefined").await["Id"], "nine");
    // Controls see them: what may be sought, and the chapters.
    let tracks = "Array.from(document.getElementById('player').textTracks).filter((t) => t.kind === 'chapters' || t.label === 'markers')
        .map((t) => [t.kind, Array.from(t.cues, (c) => c.text)])";
    let tracks = browser.eval(tracks).await;
    assert_eq!(
        tracks,
        json!([
            ["metadata", ["content of one", "content of nine"]],
            ["chapters", ["Chapter 0", "Chapter 1", "Chapter 2"]]
        ])
    );
    page.run("player.Pause(); player.GoToPreviousChapter()").await;
    browser.until("the chapter before", "player.PlaybackPositionSeconds === 4").await;
    page.run("player.GoToNextChapter()").await;
    browser.until("the chapter after", "player.PlaybackPositionSeconds === 8").await;
    page.run("player.GoToChapterItem(0)").await;
    browser.until("the first chapter", "player.PlaybackPositionSeconds < 0.1").await;

    // Keys.
    let press = |code: &str, more: &str| {
        format!(
            "document.getElementById('player').dispatchEvent(new KeyboardEvent('keydown', {{ code: '{code}', key: ' ', bubbles: true, cancelable: true{more} }}))"
        )
    };
    page.run(&press("Space", "")).await;
    page.hears("PlayStateChanged", "'Playing'").await;
    page.run(&press("Space", "")).await;
    page.hears("PlayStateChanged", "'Paused'").await;
    page.run(&press("KeyL", ", ctrlKey: true, altKey: true")).await;
    page.run(&press("KeyV", ", ctrlKey: true, altKey: true")).await;
    let shown = "[document.getElementById('player').hasAttribute('figures'), document.querySelector('#player output').textContent.indexOf('Silverlane')]";
    assert_eq!(browser.eval(shown).await, json!([true, 0]));

    // The end, what cannot be, and leaving.
    page.run("player.SeekToPosition(13); player.Play()").await;
    page.hears("MediaEnded", "null").await;
    assert_eq!(browser.eval("player.PlayState").await, 4, "at the end it stands");
    page.run("player.BeginAddExternalPlugins('x.xap')").await;
    page.hears("AddExternalPluginsFailed", "undefined").await;
    // What the presentation carries beside: all of it, then only what the script subscribes to; and its own chapters.
    let told = ["events DATA 1 first", "script SCMD 2 CAPTION goal", "chapters CHAP 5 Second half"];
    for (streams, count) in [("", 3), ("player.SubscribeToDataStreams(['Script']);", 1)] {
        page.run(&format!("{streams} player.SetPlaylist([player.CreatePlaylistItem('/told.ism/Manifest')])"))
            .await;
        browser.until("the presentation plays", "player.PlaybackPositionSeconds > 2.5").await;
        let data = browser
            .eval(
                "heard.filter(([name]) => name === 'DataReceived').map(([, { Data, DataChunk, StreamAttributes: { Name, Subtype, Type } }]) =>
                 [Name, Subtype, DataChunk.Timestamp, Type, Data].filter((part) => part !== '').join(' '))",
            )
            .await;
        let data: Vec<_> = data.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        assert_eq!(data.len(), count, "{data:?}");
        assert!(data.iter().all(|line| told.contains(line)), "{data:?}");
    }
    page.run("player.Pause(); player.GoToNextChapter()").await;
    browser.until("the presentation's own chapter", "player.PlaybackPositionSeconds === 5").await;
    for event in
        ["PlaybackBitrateChanged", "DownloadBitrateChanged", "DownloadProgressChanged", "LogEntryReceived"]
    {
        assert_eq!(browser.eval(&format!("ever['{event}']")).await, true, "{event}");
    }
    page.run("document.getElementById('player').remove()").await;
    page.hears("ApplicationExit", "null").await;
    browser.no_console_errors().await;
}

/// Two items from `playersettings`, that wait for their viewer.
#[tokio::test]
async fn playersettings_make_a_playlist() {
    let (_files, browser) = open(include_str!("../data/smf/settings.html")).await;
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
    let (_files, browser) = open(include_str!("../data/smf/many.html")).await;
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

/// A broadcast: joined where the item says, sought within its window, left and found again.
#[tokio::test]
async fn a_script_seeks_in_a_broadcast() {
    let origin = Origin::start().await;
    let manifest = format!("{}/Manifest", origin.point());
    origin.page(&manifest);
    let html = include_str!("../data/smf/bridge.html")
        .replace("/player/", "")
        .replace("mediaurl=/content.ism", "mediaurl=/LiveSmoothStream.isml");
    std::fs::write(origin.root().join("bridge.html"), html).unwrap();
    let _encoder = Recipe { levels: LIVE[..1].to_vec(), ..Recipe::default() }.push(&origin.point());
    web::until(&manifest, |xml| xml.matches("<c ").count() > 12).await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/bridge.html", origin.url())).await;
    let page = Page(&browser);
    page.hears("PlayStateChanged", "'Playing'").await;
    assert_eq!(browser.eval("[player.IsMediaLive, player.IsPositionLive]").await, json!([true, true]));
    browser.until("the window grows", "player.EndPositionSeconds > player.StartPositionSeconds + 8").await;
    page.run("player.EstimatedLiveDurationSeconds = 1").await;
    page.hears("TimelineChanged", "null").await;
    page.hears("EstimatedLiveDurationExceeded", "null").await;
    page.run("player.SeekToPosition(1)").await;
    page.hears("SeekCompleted", "null").await;
    assert_eq!(browser.eval("player.IsPositionLive").await, false);
    assert!(browser.eval("player.PlaybackPositionSeconds").await.as_f64().unwrap() < 3.0);
    // What cannot be stopped is paused, and fast forward ends at the edge.
    page.run("player.Stop()").await;
    page.hears("PlayStateChanged", "'Paused'").await;
    page.run("player.SeekToLive()").await;
    page.hears("PlayStateChanged", "'Playing'").await;
    browser.until("it is live again", "player.IsPositionLive").await;
    // An item of a script begins at the start of the window.
    page.run("player.SetPlaylist([player.CreatePlaylistItem('/LiveSmoothStream.isml/Manifest')])").await;
    page.hears("PlayStateChanged", "'Playing'").await;
    let position =
        browser.eval("player.PlaybackPositionSeconds - player.StartPositionSeconds").await.as_f64().unwrap();
    assert!(position < 4.0, "it began at {position} s of the window");
    browser.no_console_errors().await;
}

/// What fails is told and tried again as long as the page says, and then the next item's turn has come.
#[tokio::test]
async fn failures_are_told_and_tried_again() {
    let (_files, browser) = open(include_str!("../data/smf/bridge.html")).await;
    let page = Page(&browser);
    browser.until("it plays", "window.player?.PlaybackPositionSeconds > 1").await;
    // The network brings nothing of this presentation, three times.
    page.run(
        "refused = 0; allowed = 3; var fetched = window.fetch;
         window.fetch = function (request, options) {
             var address = String((request && request.url) || request);
             if (address.indexOf('other.ism') < 0 || refused >= allowed) { return fetched.apply(window, arguments); }
             refused += 1;
             return Promise.resolve(new Response('', { status: 404 }));
         };
         player.RetryDurationSeconds = 30; player.RetryIntervalSeconds = 0.2;
         player.SetPlaylist([player.CreatePlaylistItem('/other.ism/Manifest'), player.CreatePlaylistItem('/content.ism/Manifest')])",
    )
    .await;
    let message = page.hears("MediaFailed", "undefined").await;
    assert!(message.as_str().unwrap().contains("There is nothing at this address."), "{message}");
    page.hears("RetryStarted", "null").await;
    page.hears("RetryAttemptFailed", "null").await;
    page.hears("RetrySuccessful", "null").await;
    page.hears("PlayStateChanged", "'Playing'").await;
    let told = browser.eval("failures[0]").await;
    assert_eq!(
        (&told[0], &told[1], &told[2]),
        (&json!("player"), &json!("MediaError"), &json!(4001)),
        "{told}"
    );
    assert_eq!(browser.eval("player.GetCurrentPlaylistIndex()").await, 0);
    // The viewer does not wait for it.
    page.run("refused = 0; player.RetryIntervalSeconds = 30; player.GoToPlaylistItem(0)").await;
    page.hears("RetryStarted", "null").await;
    assert_eq!(browser.eval("[player.RetryState, player.PlayState]").await, json!(["Retrying", 0]));
    page.run("player.GoToPlaylistItem(1)").await;
    page.hears("RetryCancelled", "null").await;
    page.hears("PlayStateChanged", "'Playing'").await;
    // For ever: the next one plays.
    page.run("allowed = Infinity; player.RetryDurationSeconds = 0.5; player.RetryIntervalSeconds = 0.2; player.GoToPlaylistItem(0)").await;
    page.hears("RetryFailed", "null").await;
    browser
        .until("the next item plays", "player.GetCurrentPlaylistIndex() === 1 && player.PlayState === 3")
        .await;
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
        include_str!("../../www/src/smf/initparams.js"),
        include_str!("../../www/src/smf/time.js"),
        include_str!("../../www/src/smf/items.js"),
        include_str!("../../www/src/smf/settings.js"),
        include_str!("../../www/src/smf/markers.js"),
        include_str!("../../www/test/smf.js"),
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
        .file("/Silverlight.js", include_str!("../data/smf/Silverlight.js"))
        .file("/", page.to_owned());
    let files = Files::serve(site).await;
    let browser = Browser::start().await;
    browser.open(&files.url()).await;
    (files, browser)
}
