//! Who may publish and who may watch.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Origin, Parts, STREAM, capture, capture_path, read_response};

const USERS: &str = r#"
[[user]]
name = "studio"
password = "tango:7"
token = "a-token-of-the-studio"
publish = ["/live.isml"]

[[user]]
name = "other"
password = "other"
publish = ["/other/*"]

[anyone]
publish = ["/open.isml"]
"#;

/// In a folder of its own, readable by us alone.
struct File(tempfile::TempDir);

impl File {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("credentials.toml"), text).unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("credentials.toml")
    }
}

async fn origin(file: &File) -> Origin {
    let origin = Origin::with(&[], |s| s.credentials = file.path()).await;
    std::fs::copy(origin.root().join("live.isml"), origin.root().join("open.isml")).unwrap();
    origin
}

#[tokio::test(flavor = "multi_thread")]
async fn encoders_say_who_they_are_where_credentials_are_asked_for() {
    let file = File::new(USERS);
    let origin = origin(&file).await;
    let hello = async |path: &str, authorization: &str| {
        let header = format!("Authorization: {authorization}\r\nContent-Length: 0\r\n");
        origin.request("POST", path, &header).await
    };
    let basic = |text: &str| format!("Basic {}", base64(text));
    for (authorization, status) in [
        (basic("studio:tango:7"), 200),
        ("Bearer a-token-of-the-studio".to_owned(), 200),
        (basic("studio:tango"), 401),
        (basic("studio:"), 401),
        (basic("nobody:tango:7"), 401),
        ("Bearer tango:7".to_owned(), 401),
        ("Digest username=\"studio\"".to_owned(), 401),
        (basic("other:other"), 403),
    ] {
        let response = hello(STREAM, &authorization).await;
        assert_eq!(response.status, status, "{authorization}");
        assert!(!response.text().contains("tango"), "{}", response.text());
        let challenge = response.header("www-authenticate");
        assert_eq!(challenge.contains("realm=\"silverlane\""), status == 401, "{challenge}");
    }
    let nobody = origin.request("POST", STREAM, "Content-Length: 0\r\n").await;
    assert_eq!(nobody.status, 401);
    // Whether a point exists is not told either.
    assert_eq!(origin.request("POST", "/none.isml/Streams(1)", "Content-Length: 0\r\n").await.status, 401);
    assert_eq!(origin.request("POST", "/open.isml/Streams(1)", "Content-Length: 0\r\n").await.status, 200);
    // Another spelling is no way around.
    for path in ["/LIVE.ISML/Streams(1)", "/live%2eisml/Streams(1)", "/%6cive.isml/Streams%281%29"] {
        assert_eq!(origin.request("POST", path, "Content-Length: 0\r\n").await.status, 401, "{path}");
        assert_eq!(hello(path, &basic("studio:tango:7")).await.status, 200, "{path}");
    }
    // Watching is open.
    assert_eq!(origin.get("/live.isml/Manifest").await.status, 404);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoder_that_sends_before_it_is_asked_still_reads_why_it_is_sent_away() {
    let file = File::new(USERS);
    let origin = origin(&file).await;
    // In the middle of its stream.
    let mut push = origin.push(STREAM).await;
    push.piece(&Parts::of(&capture()).stream(0..5)).await;
    assert_eq!(push.answer().await.status, 401);
    // One that waits to be told to continue is not told to.
    let mut waiting = origin.connect().await;
    let head =
        format!("POST {STREAM} HTTP/1.1\r\nHost: o\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
    waiting.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(read_response(&mut waiting, false).await.status, 401);
    let mut rest = Vec::new();
    waiting.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
    assert_eq!(origin.get("/live.isml/Manifest").await.status, 404);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ffmpeg_pushes_with_the_credentials_of_its_url() {
    let file = File::new(USERS);
    let origin = origin(&file).await;
    let push = async |credentials: &str| {
        let url = format!("http://{credentials}@127.0.0.1:{}{STREAM}", origin.port());
        tokio::process::Command::new("ffmpeg")
            .args(["-v", "error", "-nostdin", "-i"])
            .arg(capture_path())
            .args(["-map", "0:0", "-map", "0:3", "-c", "copy", "-f", "ismv"])
            .args(["-movflags", "isml+frag_keyframe", &url])
            .stdin(Stdio::null())
            .output()
            .await
    };
    // It answers the challenge, and does not read what is said to its second try.
    if push("studio:guess").await.is_err() {
        return;
    }
    assert_eq!(origin.get("/live.isml/Manifest").await.status, 404);
    let right = push("studio:tango%3A7").await.unwrap();
    assert!(right.status.success(), "{}", String::from_utf8_lossy(&right.stderr));
    let manifest = origin.ended().await;
    assert_eq!(manifest.streams.iter().map(|s| s.chunks.len()).collect::<Vec<_>>(), [10, 10]);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_url_opens_the_presentation_and_what_it_refers_to() {
    let file = File::new(
        "[playback]\nprotect = [\"/live.isml\", \"/film.mp4\"]\nkeys = [\"0123456789abcdef\"]\n\
         [anyone]\npublish = [\"*\"]",
    );
    let origin = origin(&file).await;
    std::fs::write(origin.root().join("film.mp4"), "film").unwrap();
    assert_eq!(origin.post(STREAM, &capture(), 1 << 16).await.status, 200);
    let sign = |url: &str, ttl: &str| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_silverlane"))
            .args(["sign", url, "--ttl", ttl, "--credentials"])
            .arg(file.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let signed = sign("/live.isml/Manifest", "1h");
    let manifest = origin.get(&signed).await;
    assert_eq!(manifest.status, 200, "{}", manifest.text());
    let base = smooth::url::base(&signed);
    assert_eq!(origin.get(&format!("{base}QualityLevels(100000)/Fragments(video=0)")).await.status, 200);
    let code = |response: crate::harness::Response| {
        let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!((response.status, response.header("cache-control")), (403, "no-store"));
        body["error"].as_str().unwrap().to_owned()
    };
    for path in ["/live.isml/Manifest", "/LIVE.isml/QualityLevels(100000)/Fragments(video=0)"] {
        assert_eq!(code(origin.get(path).await), "not-signed", "{path}");
    }
    assert_eq!(
        code(origin.get(&sign("/open.isml/Manifest", "1h").replace("open", "live")).await),
        "not-signed"
    );
    // Its skew is 30 s: what ended a minute ago is over.
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"0123456789abcdef");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let old = server::http::signed::sign(&key, "/live.isml", now - 60);
    assert_eq!(code(origin.get(&format!("/~{old}/live.isml/Manifest")).await), "expired");
    // A file of its own may carry it in the query.
    assert_eq!(code(origin.get("/film.mp4").await), "not-signed");
    let (token, _) = signed_parts(&sign("/film.mp4", "60s"));
    assert_eq!(origin.get(&format!("/film.mp4?token={token}")).await.text(), "film");
    // What needs none is not hurt by one.
    assert_eq!(origin.get(&format!("/~{token}/healthz")).await.status, 200);
    origin.stop().await;
}

fn signed_parts(url: &str) -> (String, String) {
    let (token, rest) = server::http::signed::split(url).unwrap();
    (token.to_owned(), rest.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_push_streams_are_refused() {
    let origin = Origin::start().await;
    let refused = origin
        .request("POST", STREAM, "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x08\x08\x00")
        .await;
    assert_eq!((refused.status, refused.header("accept-encoding")), (415, "identity"));
    let plain = origin.request("POST", STREAM, "Content-Encoding: identity\r\nContent-Length: 0\r\n").await;
    assert_eq!(plain.status, 200);
    origin.stop().await;
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}
