//! What the script of such a page does with the player, and hears of it.

use harness::browser::Browser;
use harness::encoder::{LIVE, Recipe};
use harness::origin::Origin;
use harness::web;
use serde_json::{Value, json};

use super::{Page, SECONDS, open};

/// Every member and event of the bridge, by the page's own script.
#[tokio::test]
async fn a_script_drives_the_player_as_it_drove_smf() {
    let (_files, browser) = open(include_str!("../../data/smf/bridge.html")).await;
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

/// A broadcast: joined where the item says, sought within its window, left and found again.
#[tokio::test]
async fn a_script_seeks_in_a_broadcast() {
    let origin = Origin::start().await;
    let manifest = format!("{}/Manifest", origin.point());
    origin.page(&manifest);
    let html = include_str!("../../data/smf/bridge.html")
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
    let (_files, browser) = open(include_str!("../../data/smf/bridge.html")).await;
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
