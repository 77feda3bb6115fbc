//! `silverlane point`, as a person or a script runs it.

use std::path::PathBuf;
use std::process::Output;

use tokio::process::Command;

use crate::harness::Origin;

async fn point(origin: &Origin, arguments: &[&str], user: Option<&str>) -> (Output, String) {
    let mut command = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_silverlane")));
    command.arg("point").args(arguments).args(["--server", &format!("http://127.0.0.1:{}", origin.port())]);
    command.env_remove("SILVERLANE_SERVER").env_remove("SILVERLANE_TOKEN").env_remove("SILVERLANE_USER");
    if let Some(user) = user {
        command.env("SILVERLANE_USER", user);
    }
    let output = command.output().await.unwrap();
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output, String::from_utf8(text).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_makes_runs_and_removes_a_point() {
    let origin = Origin::start().await;
    let run = async |arguments: &[&str]| {
        let (output, text) = point(&origin, arguments, None).await;
        assert!(output.status.success(), "{arguments:?}: {text}");
        text
    };
    let refused = async |arguments: &[&str], says: &str| {
        let (output, text) = point(&origin, arguments, None).await;
        assert!(output.status.code() == Some(1) && text.contains(says), "{arguments:?}: {text}");
    };
    assert_eq!(
        run(&["add", "tv/new one.isml", "--set", "title=The final", "-s", "appleOutput=yes"]).await,
        "Idle\n"
    );
    refused(&["add", "tv/new one.isml"], "of this name").await;
    refused(&["add", "b.isml", "--set", "appleSegmentLength=1"], "appleSegmentLength: It must be at least 2")
        .await;
    let list = run(&["list"]).await;
    assert!(list.contains("/live.isml") && list.contains("The final"), "{list}");
    assert_eq!(run(&["edit", "tv/new one.isml", "--set", "windowLength=300"]).await, "Idle\n");
    let shown = run(&["show", "tv/new one.isml"]).await;
    assert!(shown.contains("The final") && shown.contains("tv/new%20one.isml/Manifest"), "{shown}");
    let json = run(&["show", "tv/new one.isml", "--json"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["point"]["settings"]["windowLength"], 300);
    assert_eq!(json["point"]["settings"]["appleOutput"], true);
    assert_eq!(run(&["start", "tv/new one.isml"]).await, "Starting\n");
    refused(&["edit", "tv/new one.isml", "--set", "title=x"], "it cannot take other settings").await;
    assert_eq!(run(&["stop", "tv/new one.isml"]).await, "Stopped\n");
    refused(&["start", "tv/new one.isml"], "it cannot be started").await;
    assert_eq!(run(&["shutdown", "/tv/new one.isml"]).await, "Idle\n");
    assert_eq!(run(&["remove", "tv/new one.isml"]).await, "");
    refused(&["show", "tv/new one.isml"], "no publishing point").await;
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_told_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials.toml");
    std::fs::write(&file, "[[user]]\nname = \"op\"\npassword = \"secret\"\nadmin = true\n").unwrap();
    let origin = Origin::with(&[], |s| s.credentials = file.clone()).await;
    let (output, text) = point(&origin, &["list"], None).await;
    assert!(!output.status.success() && text.contains("SILVERLANE_USER"), "{text}");
    let (output, text) = point(&origin, &["list"], Some("op:secret")).await;
    assert!(output.status.success() && text.contains("/live.isml"), "{text}");
    let (output, text) = point(&origin, &["list"], Some("op:wrong")).await;
    assert!(!output.status.success() && !text.contains("wrong"), "{text}");
    origin.stop().await;
}
