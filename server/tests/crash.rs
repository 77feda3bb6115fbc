//! The origin killed in the middle of everything, again and again: what a viewer was shown once is there
//! for ever.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use smooth::boxes::delivery;
use smooth::ingest::{Demuxer, Event, Fragment};
use smooth::manifest::Manifest;
use smooth::{Limits, Span, url};

const DEFINITION: &str = r#"<smil xmlns="http://www.w3.org/2001/SMIL20/Language"><head>
    <meta name="lookaheadChunks" content="2" /></head><body /></smil>"#;
const KILLS: u64 = 20;
/// Rounds of the capture, ten fragments of each track.
const ROUNDS: u64 = 5;
const STEP: u64 = 20_000_000;
/// Chunks that a live manifest does not list yet: the default look-ahead.
const HELD_BACK: usize = 2;

/// What the encoder has: its header, and all fragments that begin in the same two seconds, by turns.
struct Source {
    header: Vec<u8>,
    groups: Vec<Vec<Fragment>>,
}

impl Source {
    fn new() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/ffmpeg-push.ismv");
        let bytes = std::fs::read(file).unwrap();
        let capture = demux(&bytes);
        let start = bytes.windows(4).position(|w| w == b"moof").unwrap() - 4;
        let tracks = 4;
        let shifted = |round: u64| {
            capture
                .chunks(tracks)
                .map(move |group| group.iter().map(|f| shift(f, round * 10 * STEP)).collect())
        };
        let groups = (0..ROUNDS).flat_map(|round| shifted(round).collect::<Vec<_>>()).collect();
        Self { header: bytes[..start].to_vec(), groups }
    }

    fn bytes(&self, group: usize) -> Vec<u8> {
        self.groups[group].iter().flat_map(|f| [&f.moof[..], &f.mdat[..]].concat()).collect()
    }
}

fn demux(bytes: &[u8]) -> Vec<Fragment> {
    let mut demuxer = Demuxer::new(Limits::default());
    demuxer.push(bytes::Bytes::copy_from_slice(bytes));
    let mut fragments = Vec::new();
    while let Some(event) = demuxer.poll().unwrap() {
        if let Event::Fragment(fragment) = event {
            fragments.push(fragment);
        }
    }
    fragments
}

/// `fragment`, `by` later. The sound of the capture begins before zero, which only its first round may.
fn shift(fragment: &Fragment, by: u64) -> Fragment {
    let span = fragment.head.span.unwrap();
    let span = if by > 0 && span.signed_time() < 0 {
        Span { time: by, duration: span.duration.wrapping_add(span.time) }
    } else {
        Span { time: span.time.wrapping_add(by), duration: span.duration }
    };
    let moof = delivery::rewrite(&fragment.moof, span, &[]).unwrap().into();
    Fragment { moof, ..fragment.clone() }
}

/// The binary, on a folder and a port.
struct Origin {
    process: Child,
    port: u16,
}

impl Origin {
    fn start(root: &Path, port: u16) -> Self {
        let process = Command::new(env!("CARGO_BIN_EXE_silverlane"))
            .args(["serve", "--root", root.to_str().unwrap(), "--listen", &format!("127.0.0.1:{port}")])
            .env("SILVERLANE_LOG", "warn")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut origin = Self { process, port };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(origin.process.try_wait().unwrap().is_none(), "the origin does not start");
            std::thread::yield_now();
        }
        origin
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Status and body; `None` if the origin is gone.
fn get(port: u16, path: &str) -> Option<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let request = format!("GET /live.isml/{path} HTTP/1.1\r\nHost: o\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let split = answer.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..split]).ok()?.to_ascii_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|l| l.strip_prefix("content-length: "))?.parse::<usize>().ok()?;
    let body = answer.split_off(split + 4);
    // Cut short by the end of the origin: nobody was shown this.
    (body.len() == length).then_some((status, body))
}

fn manifest(port: u16) -> Option<Manifest> {
    let (status, body) = get(port, "Manifest")?;
    (status == 200).then(|| smooth::manifest::read(&body, &Limits::default()).unwrap())
}

/// What the manifest lists: URL and duration.
fn listed(manifest: &Manifest) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for stream in &manifest.streams {
        for level in &stream.levels {
            let urls =
                stream.chunks.iter().map(|c| (url::expand(&stream.url, level, c.time).unwrap(), c.duration));
            all.extend(urls);
        }
    }
    all
}

/// Everything that the viewer was ever shown: durations, and bytes where they have come.
#[derive(Default)]
struct Seen {
    listed: BTreeMap<String, u64>,
    bytes: BTreeMap<String, Vec<u8>>,
}

/// Looks at the broadcast without a pause until `done`.
fn watch(port: u16, seen: &Mutex<Seen>, done: &AtomicBool) {
    while !done.load(Ordering::Acquire) {
        let Some(manifest) = manifest(port) else { continue };
        let listed = listed(&manifest);
        let new: Vec<_> = {
            let mut seen = seen.lock().unwrap();
            seen.listed.extend(listed.clone());
            listed.into_keys().filter(|url| !seen.bytes.contains_key(url)).collect()
        };
        for url in new {
            let Some((status, body)) = get(port, &url) else { break };
            assert_eq!(status, 200, "{url} is listed");
            seen.lock().unwrap().bytes.insert(url, body);
        }
    }
}

/// Compares what is served with what was.
fn compare(port: u16, seen: &Mutex<Seen>) {
    let (before, bytes) = {
        let seen = seen.lock().unwrap();
        (seen.listed.clone(), seen.bytes.clone())
    };
    if before.is_empty() {
        return;
    }
    let now = listed(&manifest(port).expect("a manifest as before"));
    for (url, duration) in before {
        assert_eq!(now.get(&url), Some(&duration), "{url} was listed");
    }
    for (url, body) in bytes {
        let (status, again) = get(port, &url).unwrap();
        assert_eq!((status, again == body), (200, true), "{url} was served");
    }
}

/// A connection of the encoder.
fn connect(port: u16, header: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = "POST /live.isml/Streams(Encoder1) HTTP/1.1\r\nHost: o\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    send(&mut stream, header).unwrap();
    stream
}

fn send(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    stream.write_all(format!("{:x}\r\n", bytes.len()).as_bytes())?;
    stream.write_all(bytes)?;
    stream.write_all(b"\r\n")
}

/// SplitMix64: S. Vigna, <https://prng.di.unimi.it/splitmix64.c>.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}

#[test]
fn what_was_shown_outlives_twenty_kills() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("live.isml"), DEFINITION).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let source = Source::new();
    let mut random = Random(19);
    let total = source.groups.len();
    let mut kills: Vec<_> = (0..KILLS).map(|_| random.below(total as u64 - 2) as usize + 1).collect();
    kills.sort_unstable();

    let (seen, done) = (Arc::new(Mutex::new(Seen::default())), Arc::new(AtomicBool::new(false)));
    let mut origin = Origin::start(root.path(), port);
    let viewer = std::thread::spawn({
        let (seen, done) = (Arc::clone(&seen), Arc::clone(&done));
        move || watch(port, &seen, &done)
    });
    let mut encoder = connect(port, &source.header);
    let mut next = 0;
    while next < total {
        let bytes = source.bytes(next);
        if kills.first() == Some(&next) {
            kills.remove(0);
            // At any byte, and a moment later.
            let part = random.below(bytes.len() as u64 + 1) as usize;
            let _ = send(&mut encoder, &bytes[..part]);
            let moment = Instant::now() + Duration::from_micros(random.below(3000));
            while Instant::now() < moment {
                std::thread::yield_now();
            }
            origin.kill();
            origin = Origin::start(root.path(), port);
            compare(port, &seen);
            encoder = connect(port, &source.header);
            // An encoder sends again what may have been lost.
            next = next.saturating_sub(2);
            continue;
        }
        send(&mut encoder, &bytes).unwrap();
        // In real time it would be two seconds until the next: until then it is taken in.
        next += 1;
        let listed = next.saturating_sub(HELD_BACK);
        if listed > 0 {
            let last = |m: Manifest| m.streams.iter().map(|s| s.chunks.len()).min();
            while manifest(origin.port).and_then(last) < Some(listed as u64) {
                std::thread::yield_now();
            }
        }
    }
    assert!(kills.is_empty());
    send(&mut encoder, b"\0\0\0\x08mfra").unwrap();
    encoder.write_all(b"0\r\n\r\n").unwrap();
    while manifest(port).is_none_or(|m| m.is_live) {
        std::thread::yield_now();
    }
    done.store(true, Ordering::Release);
    viewer.join().unwrap();
    compare(port, &seen);
    let shown = listed(&manifest(port).unwrap());
    assert_eq!(shown.len(), total * 4);

    // Killed once more it is still over, and its archive is what was pushed.
    origin.kill();
    let _origin = Origin::start(root.path(), port);
    assert_eq!(listed(&manifest(port).unwrap()), shown);
    let file = archive(root.path()).join("Encoder1.ismv");
    let kept = demux(&std::fs::read(&file).unwrap());
    for track in 1..=4 {
        let kept: Vec<_> = kept.iter().filter(|f| f.track_id == track).map(|f| &f.mdat).collect();
        let pushed = source.groups.iter().flatten().filter(|f| f.track_id == track).map(|f| &f.mdat);
        assert!(kept.into_iter().eq(pushed), "track {track}");
    }
    ffprobe(&file, &source);
}

/// Where the only broadcast is archived.
fn archive(root: &Path) -> PathBuf {
    let runs = std::fs::read_dir(root.join("archives/live-isml")).unwrap();
    let runs: Vec<_> = runs.map(|e| e.unwrap().path()).collect();
    let [run] = &runs[..] else { panic!("{runs:?}") };
    run.clone()
}

/// ffprobe finds as many packets as samples were pushed, and nothing to complain about.
fn ffprobe(file: &Path, source: &Source) {
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "warning",
            "-count_packets",
            "-show_entries",
            "stream=nb_read_packets",
            "-of",
            "csv=p=0",
        ])
        .arg(file)
        .stdin(Stdio::null())
        .output()
        .expect("ffprobe, which `bash scripts/test-setup.sh` installs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}");
    let counted: Vec<usize> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|l| l.trim_matches(',').parse().unwrap())
        .collect();
    let samples = |track: u32| {
        let of_track = source.groups.iter().flatten().filter(move |f| f.track_id == track);
        of_track.map(|f| smooth::boxes::build::read_samples(&f.moof, &Limits::default()).unwrap().len()).sum()
    };
    assert_eq!(counted, (1..=4).map(samples).collect::<Vec<usize>>());
}
