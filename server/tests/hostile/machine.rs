//! What the machine and its operator do to the server: no descriptors left, signals, addresses in use.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Origin, Parts, STREAM, capture, read_response};

/// The real program, with `/live.isml`.
pub(crate) struct Server {
    pub(crate) child: Child,
    root: tempfile::TempDir,
    port: u16,
    log: Receiver<String>,
}

impl Server {
    /// Starts it by `sh -c`, after `before`.
    pub(crate) fn start(before: &str, flags: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let definition = "<smil xmlns=\"http://www.w3.org/2001/SMIL20/Language\"><head>\
             <meta name=\"lookaheadChunks\" content=\"2\"/></head><body/></smil>";
        std::fs::write(root.path().join("live.isml"), definition).unwrap();
        let mut child = Command::new("sh")
            .args(["-c", &format!("{before} exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_silverlane"), "serve"])
            .args(["--listen", "127.0.0.1:0", "--root"])
            .arg(root.path())
            .args(flags)
            .env("SILVERLANE_LOG", "info")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = lines(child.stderr.take().unwrap());
        let line = wait_for(&log, "listening");
        let port = line.split("127.0.0.1:").nth(1).unwrap();
        let port = port.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap();
        Self { child, root, port, log }
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> crate::harness::Response {
        let mut stream = self.connect().await;
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        read_response(&mut stream, false).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(stderr: ChildStderr) -> Receiver<String> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    receive
}

fn wait_for(log: &Receiver<String>, text: &str) -> String {
    loop {
        let line = log.recv().expect("the line comes before the server ends");
        if line.contains(text) {
            return line;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_file_descriptors_it_waits_for_some() {
    let server = Server::start("ulimit -n 40;", &[]);
    assert_eq!(server.get("/healthz").await.status, 200);
    let mut held = Vec::new();
    for _ in 0..60 {
        held.push(server.connect().await);
    }
    wait_for(&server.log, "cannot accept connections");
    // Who is connected is served.
    held[0].write_all(b"GET /healthz HTTP/1.1\r\nHost: o\r\n\r\n").await.unwrap();
    assert_eq!(read_response(&mut held[0], false).await.status, 200);
    drop(held);
    wait_for(&server.log, "connections are accepted again");
    assert_eq!(server.get("/healthz").await.status, 200);
    assert_eq!(server.get("/live.isml/Manifest").await.status, 404);
}

#[test]
fn an_address_in_use_or_not_there_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let root = tempfile::tempdir().unwrap();
    for address in [taken.local_addr().unwrap().to_string(), "[2001:db8::1]:80".to_owned()] {
        let output = Command::new(env!("CARGO_BIN_EXE_silverlane"))
            .args(["serve", "--listen", &address, "--root"])
            .arg(root.path())
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success());
        assert!(error.contains(&format!("cannot listen on {address}: ")), "{error}");
        assert!(error.contains("Name another address with --listen"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_signal_changes_credentials_while_an_encoder_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials.toml");
    let write = |text: &str| write_private(&file, text);
    write("[[user]]\nname = \"one\"\ntoken = \"first\"\npublish = [\"*\"]");
    // It never looks by itself.
    let flags = ["--credentials", file.to_str().unwrap(), "--reload-seconds", "100000"];
    let server = Server::start("", &flags);
    let hello = async |token: &str| {
        let mut stream = server.connect().await;
        let head = format!(
            "POST {STREAM} HTTP/1.1\r\nHost: o\r\nAuthorization: Bearer {token}\r\nContent-Length: 0\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        read_response(&mut stream, false).await.status
    };
    let parts = Parts::of(&capture());
    let mut encoder = server.connect().await;
    let body = parts.stream(0..10);
    let head = format!(
        "POST {STREAM} HTTP/1.1\r\nHost: o\r\nAuthorization: Bearer first\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    encoder.write_all(&[head.as_bytes(), &body[..body.len() / 2]].concat()).await.unwrap();
    wait_for(&server.log, "encoder connected");
    write("[[user]]\nname = \"one\"\ntoken = \"second\"\npublish = [\"*\"]");
    assert_eq!((hello("first").await, hello("second").await), (200, 401));
    server.signal("HUP");
    wait_for(&server.log, "read again");
    assert_eq!((hello("first").await, hello("second").await), (401, 200));
    // What cannot be read changes nothing, and what it says is not repeated.
    write("[[user]]\nname = \"one\"\ntoken = hunter2");
    server.signal("HUP");
    let line = wait_for(&server.log, "the credentials stay as they were");
    assert!(line.contains("line 3") && !line.contains("hunter2"), "{line}");
    assert_eq!(hello("second").await, 200);
    encoder.write_all(&body[body.len() / 2..]).await.unwrap();
    assert_eq!(read_response(&mut encoder, false).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_lets_an_encoder_finish_its_fragment() {
    let server = Server::start("", &["--drain-seconds", "60"]);
    let parts = Parts::of(&capture());
    let mut encoder = server.connect().await;
    let begin = [parts.head.clone(), parts.media(0..5)].concat();
    let next = parts.media(5..6);
    // One track of the next fragments, and not all of it.
    let first = parts.fragments[5 * parts.tracks.tracks.len()].clone();
    let length = first.moof.len() + first.mdat.len();
    let (now, later) = next[..length].split_at(length / 2);
    let head = format!("POST {STREAM} HTTP/1.1\r\nHost: o\r\nTransfer-Encoding: chunked\r\n\r\n");
    encoder.write_all(head.as_bytes()).await.unwrap();
    let chunk = |data: &[u8]| [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat();
    encoder.write_all(&chunk(&[&begin, now].concat())).await.unwrap();
    let path = "/live.isml/QualityLevels(100000)/Fragments(video=40000000)";
    while server.get(path).await.status != 200 {}
    // A viewer that waits is answered, and new ones are not let in.
    let mut viewer = server.connect().await;
    let waiting = "GET /live.isml/QualityLevels(100000)/Fragments(video=900000000)?wait=8000 HTTP/1.1\r\nHost: o\r\n\r\n";
    viewer.write_all(waiting.as_bytes()).await.unwrap();
    assert_eq!(server.get("/healthz").await.status, 200);
    server.signal("TERM");
    assert_eq!(read_response(&mut viewer, false).await.status, 204);
    while TcpStream::connect(("127.0.0.1", server.port)).await.is_ok() {}
    assert!(encoder.try_read(&mut [0; 1]).is_err(), "sent away in the middle of a fragment");
    encoder.write_all(&chunk(later)).await.unwrap();
    let answer = read_response(&mut encoder, false).await;
    assert_eq!((answer.status, answer.text().contains("stopping")), (503, true));
    let mut rest = Vec::new();
    encoder.read_to_end(&mut rest).await.unwrap();
    let mut server = server;
    assert!(server.child.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_access_log_has_a_line_for_each_answer() {
    let mut server = Server::start("", &["--access-log", "json"]);
    std::fs::write(server.root.path().join("page.html"), "12345").unwrap();
    assert_eq!(server.get("/page.html?token=secret").await.status, 200);
    assert_eq!(server.get("/~1.2.secret/none").await.status, 404);
    server.signal("TERM");
    let mut log = String::new();
    server.child.stdout.take().unwrap().read_to_string(&mut log).unwrap();
    let lines: Vec<serde_json::Value> = log.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let seen = |n: usize| (lines[n]["path"].as_str().unwrap(), lines[n]["status"].as_u64().unwrap());
    assert_eq!((seen(0), seen(1)), (("/page.html", 200), ("/~/none", 404)));
    assert_eq!(lines[0]["bytes"], 5);
    assert!(!log.contains("secret"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_does_not_wait_for_who_never_finishes() {
    let origin = Origin::with(&[], |s| s.drain_seconds = 2).await;
    let mut push = origin.push(STREAM).await;
    let stream = Parts::of(&capture()).stream(0..5);
    push.piece(&stream[..stream.len() - 100]).await;
    push.settled(&origin, "/live.isml/QualityLevels(100000)/Fragments(video=20000000)", 200).await;
    // This returns: half of the drain for the fragment, all of it for the connection.
    origin.stop().await;
    assert_eq!(push.answer().await.status, 503);
}

fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
