//! What a presentation has beside its first picture and sound.

use harness::browser::Browser;
use harness::encoder::{LIVE, Recipe};
use harness::files::{Files, Site};
use harness::origin::Origin;
use harness::splitter::Presentation;
use harness::{origin, pages, player, sparse, web};

#[tokio::test]
async fn another_language_is_heard_at_once_and_the_picture_goes_on() {
    let recipe = Recipe { levels: LIVE[..1].to_vec(), seconds: Some(40), ..Recipe::default() };
    let german = Presentation::encode(&Recipe { tone: 1320, ..recipe.clone() });
    let presentation = Presentation::encode(&recipe).in_two_languages(german);
    let (files, browser) = open(&presentation).await;
    player::playing(&browser).await;
    let heard = |tone: u32| format!("Math.abs(window.__probe.tone() - {tone}) < 20");
    browser.until("English is heard", &heard(440)).await;
    browser.until("all is buffered", "window.__probe.ahead() > 20").await;
    for (index, tone) in [(1, 1320), (0, 440)] {
        let before = player::glance(&browser).await;
        browser
            .run(&format!("document.querySelector('smooth-video').audioTracks[{index}].enabled = true"))
            .await;
        browser.until("the other language is heard", &heard(tone)).await;
        let after = player::glance(&browser).await;
        println!("{tone} Hz is heard {:.2} s of the presentation later", after.position - before.position);
        assert!(after.position - before.position < 3.0, "the old language was played to its end");
        assert!(after.ahead > 15.0, "what was buffered of the picture is gone: {after:?}");
    }
    // Before the place of the switch, too, the language is the chosen one.
    browser.run("document.querySelector('smooth-video').currentTime = 0.5").await;
    browser
        .until("it plays there", "window.__probe.media().currentTime > 1 && !window.__probe.media().seeking")
        .await;
    assert!(
        browser.eval("window.__probe.tone()").await.as_f64().is_some_and(|tone| (tone - 440.0).abs() < 20.0)
    );
    let end = player::glance(&browser).await;
    assert_eq!(end.dry, 0, "it stalled");
    let log = files.log();
    let mut pictures: Vec<_> = log.iter().filter(|l| l.path.contains("(video=")).map(|l| &l.path).collect();
    let all = pictures.len();
    pictures.sort();
    pictures.dedup();
    assert_eq!(pictures.len(), all, "no picture is asked for twice");
    browser.no_console_errors().await;
}

/// A picture with a red square as its caption, from 2 s to 6 s, in the middle of its upper half.
const IMAGE_CAPTIONS: &str = r##"<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling"
    xmlns:smpte="http://www.smpte-ra.org/schemas/2052-1/2010/smpte-tt" xml:lang="en"><head>
    <metadata><smpte:image xml:id="square" imagetype="PNG" encoding="Base64">
    iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mP4z8BAEmIY1TCqYfhqAACQ+f8B8u7oVwAAAABJRU5ErkJggg==
    </smpte:image></metadata>
    <layout><region xml:id="upper" tts:origin="40% 10%" tts:extent="20% 30%"/></layout></head>
    <body><div begin="2s" end="6s" region="upper" smpte:backgroundImage="#square"/>
    <div><p begin="7s" end="30s" tts:color="yellow" tts:fontStyle="italic">text</p></div></body></tt>"##;

/// What stands in the manifest itself; and levels and streams that no browser here plays.
const MORE: &str = r#"
  <StreamIndex Type="text" Subtype="SCMD" Name="script"><Content>
    <ScriptCommand Time="40000000" Type="URL" Command="a &amp; b"/><ScriptCommand Time="10000000" Type="CAPTION" Command="one"/>
  </Content></StreamIndex>
  <StreamIndex Type="text" Subtype="CHAP" Name="chapters"><Content>
    <Marker Time="0" Value="Beginning"/><Marker Time="50000000" Value="End"/></Content></StreamIndex>
  <StreamIndex Type="text" Subtype="DATA" Name="inline" ParentStreamIndex="video" ManifestOutput="TRUE"
    Url="QualityLevels({bitrate})/Fragments(inline={start time})"><QualityLevel Index="0" Bitrate="500" FourCC="DATA"/>
    <c t="30000000"><f i="0">AP8Q</f></c></StreamIndex>
  <StreamIndex Type="audio" Name="surround" Url="QualityLevels({bitrate})/Fragments(surround={start time})">
    <QualityLevel Index="0" Bitrate="192000" FourCC="EC-3" AudioTag="65534" SamplingRate="48000" Channels="6"
      CodecPrivateData="00063F000000AF87FBA7022DFB42A4D405CD93843BDD0600200F00"/><c t="0" d="20000000"/></StreamIndex>
"#;

#[tokio::test]
async fn what_a_manifest_tells_beside_picture_and_sound() {
    let recipe = Recipe { levels: LIVE[..1].to_vec(), seconds: Some(10), ..Recipe::default() };
    let mut presentation = Presentation::encode(&recipe)
        .with_events("events", &[(1, "first"), (3, "second")])
        .with_captions("subs", IMAGE_CAPTIONS)
        .with_film_strip();
    presentation.more = MORE.to_owned();
    let (files, browser) = open(&presentation).await;
    browser
        .run(
            "window.told = []; window.left = [];
            window.element = document.querySelector('smooth-video');
            element.addEventListener('datareceived', ({ detail }) => told.push(detail));
            element.addEventListener('streamskipped', ({ detail }) => left.push(`${detail.stream} ${detail.reason} ${detail.about}`));
            element.removeAttribute('src'); element.setAttribute('captions', 'subs'); element.src = '/content.ism/Manifest';",
        )
        .await;
    browser.until("an event comes at its time", "window.told.some((event) => event.text === 'second')").await;
    let told = browser
        .eval("told.map((e) => `${e.stream} ${e.subtype} ${e.position} ${e.type ?? ''} ${e.text || [...e.value]}`).sort().join('; ')")
        .await;
    assert_eq!(
        told,
        "chapters CHAP 0  Beginning; chapters CHAP 5  End; events DATA 1  first; events DATA 3  second; \
         inline DATA 3  0,255,16; script SCMD 1 CAPTION one; script SCMD 4 URL a & b"
    );
    assert_eq!(browser.eval("left.join('; ')").await, "surround unsupported-codec ec-3; surround no-levels ");
    let track =
        |label: &str| format!("[...window.__probe.media().textTracks].find((t) => t.label === '{label}')");
    let chapters = format!(
        "[{0}.kind, ...[...{0}.cues].map((c) => c.startTime + '-' + Math.round(c.endTime) + c.text)].join()",
        track("chapters")
    );
    assert_eq!(browser.eval(&chapters).await, "chapters,0-5Beginning,5-10End");
    let bytes = format!("[{0}.kind, {0}.mode, ...{0}.cues[0].value].join()", track("inline"));
    assert_eq!(browser.eval(&bytes).await, "metadata,hidden,0,255,16");
    assert!(!files.log().iter().any(|l| l.path.contains("inline")), "it stands in the manifest");

    for (position, width) in [(5.0, 16), (7.0, 32)] {
        browser
            .run(&format!(
                "window.strip = null; element.thumbnailAt({position}).then((url) => {{ const image = new Image();
                image.onload = () => {{ strip = image.naturalWidth; }}; image.src = url; }})"
            ))
            .await;
        assert_eq!(browser.until("the thumbnail is there", "window.strip").await, width, "{position}");
    }

    // The square is on the screen, where the region says, whatever the shape of the element.
    browser.run("document.querySelector('smooth-video').currentTime = 3; document.querySelector('smooth-video').pause()").await;
    for (shape, size, expected) in
        [("wide", (640, 360), (256, 36, 128, 108)), ("letterboxed", (400, 360), (160, 90, 80, 68))]
    {
        let (width, height) = size;
        browser
            .run(&format!("Object.assign(document.querySelector('smooth-video').style, {{ width: '{width}px', height: '{height}px' }})"))
            .await;
        let square = browser
            .until(
                &format!("the picture caption shows, {shape}"),
                "(() => { const image = document.querySelector('smooth-video').shadowRoot.querySelector('svg image');
                if (!image) return null;
                const { x, y } = document.querySelector('smooth-video').getBoundingClientRect();
                const box = image.getBoundingClientRect();
                return [box.x - x, box.y - y, box.width, box.height].map(Math.round); })()",
            )
            .await;
        let (x, y, w, h) = expected;
        assert_eq!(square, serde_json::json!([x, y, w, h]), "{shape}");
    }
    browser.run("document.querySelector('smooth-video').currentTime = 8").await;
    browser
        .until("it is gone", "!document.querySelector('smooth-video').shadowRoot.querySelector('svg image')")
        .await;
    browser.until("text shows", "window.__probe.captions().join() === '<c.yellow><i>text</i></c>'").await;

    // A clip of it, with the captions of another manifest.
    browser
        .run(
            "Object.entries({ 'clip-begin': 3.5, 'clip-end': 6.2 }).forEach(([name, value]) => element.setAttribute(name, value));
            element.removeAttribute('captions'); element.src = '/content.ism/Manifest?clip';",
        )
        .await;
    browser.until("the clip is there", "element.currentTime >= 3.5 && element.readyState > 2").await;
    browser.run("element.mergeManifest('/other.ism')").await;
    browser
        .until("the other captions are there", "[...element.textTracks].some((t) => t.label === 'elsewhere')")
        .await;
    browser.run("element.selectCaptions('elsewhere'); element.play()").await;
    browser.until("they show", "window.__probe.captions().some((text) => /second [345]/.test(text))").await;
    browser.until("the clip ends", "element.ended").await;
    let end = browser.eval("[element.currentTime, element.seekable.start(0), element.seekable.end(0)]").await;
    let [at, from, to] = [0, 1, 2].map(|i| end[i].as_f64().unwrap());
    assert!((at - 6.2).abs() < 0.1 && (from - 3.5).abs() < 0.1 && (to - 6.2).abs() < 0.1, "{end}");
    browser.no_console_errors().await;
}

#[tokio::test]
async fn events_that_are_pushed_beside_a_broadcast_come_before_their_time() {
    let origin = Origin::start().await;
    let manifest = format!("{}/manifest", origin.point());
    origin.page(&manifest);
    let recipe = Recipe { levels: LIVE[..1].to_vec(), ..Recipe::default() };
    let _encoder = recipe.push(&origin.point());
    web::until(&manifest, |xml| xml.contains("<c ")).await;
    sparse::push(&origin.point(), &[(10_000_000, "before")]).await;
    web::until(&manifest, |xml| xml.contains("ParentStreamIndex=\"video\"")).await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/SmoothStreamingPlayer.html", origin.url())).await;
    player::playing(&browser).await;
    browser
        .run(
            "window.told = []; const element = document.querySelector('smooth-player'); window.element = element;
            element.addEventListener('datareceived', ({ detail }) => told.push([element.currentTime, detail.position, detail.text]));",
        )
        .await;
    let zero: u64 =
        browser.eval("String(element.presentationStart)").await.as_str().unwrap().parse().unwrap();
    // Fragments begin at even seconds, and one that begins after the event tells of it.
    let edge = browser.eval("Math.ceil(element.liveEdgeStart / 2) * 2 + 11.9").await.as_f64().unwrap();
    let time = zero + (edge * 1e7) as u64;
    let before = browser.eval("element.stats.manifestRequests").await;
    sparse::push(&origin.point(), &[(time, "break")]).await;
    browser.until("the event comes", "told.some(([, , text]) => text === 'break')").await;
    let told = browser.eval("told.find(([, , text]) => text === 'break')").await;
    let (at, position) = (told[0].as_f64().unwrap(), told[1].as_f64().unwrap());
    println!("told {:.1} s before its time", position - at);
    assert!((position - edge).abs() < 0.01, "{position} {edge}");
    assert!(at < position, "too late: {told}");
    let active = "[...[...element.textTracks].find((t) => t.label === 'markers').activeCues].some((cue) => cue.text === 'break')";
    browser.until("its cue is active", active).await;
    let position = player::glance(&browser).await.position;
    assert!((edge..edge + 1.5).contains(&position), "the cue of {edge} s is active at {position} s");
    assert_eq!(browser.eval("element.stats.manifestRequests").await, before, "the pointer is enough");
    browser.no_console_errors().await;
}

async fn open(presentation: &Presentation) -> (Files, Browser) {
    let mut site = Site::default();
    let mut captions = presentation.clone().with_captions("elsewhere", &player::seconds_as_ttml(10));
    captions.streams.retain(|stream| stream.name == "elsewhere");
    captions.more = String::new();
    captions.put(&mut site, "other");
    let manifest = presentation.put(&mut site, "content");
    site.folder("/player/", origin::dist()).file("/", pages::smooth_video(&manifest));
    let files = Files::serve(site).await;
    let browser = Browser::start().await;
    browser.open(&files.url()).await;
    (files, browser)
}
