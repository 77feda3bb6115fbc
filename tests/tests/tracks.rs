//! What a presentation has beside its first picture and sound.

use harness::browser::Browser;
use harness::encoder::{LIVE, Recipe};
use harness::files::{Files, Site};
use harness::splitter::Presentation;
use harness::{origin, pages, player};

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

async fn open(presentation: &Presentation) -> (Files, Browser) {
    let mut site = Site::default();
    let manifest = presentation.put(&mut site, "content");
    site.folder("/player/", origin::dist()).file("/", pages::smooth_video(&manifest));
    let files = Files::serve(site).await;
    let browser = Browser::start().await;
    browser.open(&files.url()).await;
    (files, browser)
}
