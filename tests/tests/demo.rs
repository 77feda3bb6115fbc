//! What `make demo` starts.

use std::process::Command;
use std::time::Duration;

use harness::browser::Browser;
use harness::process::{Process, free_port};
use harness::{origin, player, web};

#[tokio::test]
async fn the_demo_shows_a_broadcast_with_sound_and_captions() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = format!("127.0.0.1:{}", free_port());
    let mut command = Command::new(origin::binary());
    command.args(["demo", "--listen", &address]).current_dir(folder.path());
    let _demo = Process::run("silverlane-demo", &mut command);
    let page = format!("http://{address}/SmoothStreamingPlayer.html");
    // The demo names the address when the broadcast is on the air.
    web::until(&format!("http://{address}/LiveSmoothStream.isml/Manifest"), |xml| xml.contains("<c ")).await;
    let browser = Browser::start().await;
    browser.open(&page).await;
    player::playing(&browser).await;
    let caption = browser.until("a caption shows", "window.__probe.captions()[0]").await;
    let seen = player::watch(&browser, Duration::from_secs(15)).await;
    let (first, last) = (seen[0], seen[seen.len() - 1]);
    println!("{:.3} s per second, {} frames, caption {caption}", player::pace(&seen), last.frames);
    assert!((0.95..1.05).contains(&player::pace(&seen)), "{first:?} {last:?}");
    assert!(last.frames > first.frames && last.audio_bytes > first.audio_bytes, "{first:?} {last:?}");
    let next = browser.eval("window.__probe.captions()[0]").await;
    assert_ne!(caption, next, "the captions stand still");
    assert_eq!(last.dry, 0, "it stalled");
    browser.no_console_errors().await;
    browser.open(&format!("http://{address}/apple.html")).await;
    player::playing(&browser).await;
}
