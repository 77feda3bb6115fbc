//! Captions that are pushed with a broadcast.

use harness::browser::Browser;
use harness::encoder::Recipe;
use harness::origin::{self, Origin};
use harness::process::Process;
use harness::{player, ttml, web};

/// Seconds until the file starts again.
const ROUND: u32 = 10;

#[tokio::test]
async fn captions_show_at_their_times() {
    let folder = tempfile::tempdir().expect("a folder");
    let (media, captions) = (folder.path().join("media.ismv"), folder.path().join("captions.ttml"));
    std::fs::write(&media, Recipe { seconds: Some(ROUND), ..Recipe::default() }.file())
        .expect("space on the disk");
    std::fs::write(&captions, player::seconds_as_ttml(ROUND)).expect("space on the disk");
    let origin = Origin::start().await;
    let manifest = format!("{}/manifest", origin.point());
    origin.page(&manifest);
    let point = origin.point();
    let arguments =
        ["push".as_ref(), media.as_os_str(), "--captions".as_ref(), captions.as_os_str(), point.as_ref()];
    let _encoder = Process::start("silverlane-push", origin::binary(), &arguments);
    web::until(&manifest, |xml| xml.contains("<c ")).await;
    let browser = Browser::start().await;
    browser.open(&format!("{}/SmoothStreamingPlayer.html", origin.url())).await;
    player::playing(&browser).await;
    player::captions_in_step(&browser, 8, ROUND.into()).await;
    browser.no_console_errors().await;
}

#[tokio::test]
async fn page_and_origin_read_caption_documents_alike() {
    let browser = Browser::start().await;
    browser.open("about:blank").await;
    ttml::readers_agree(&browser, 600).await;
}
