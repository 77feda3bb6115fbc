//! A running origin, and a client that writes HTTP by hand: tests choose every byte and piece.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use server::config::Settings;
use server::http::Listeners;
use smooth::Span;
use smooth::boxes::build;
use smooth::ingest::{Demuxer, Event, Fragment, Header};
use smooth::manifest::{Kind, Manifest, Stream};
use smooth::url;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// An origin with the publishing point `/live.isml`.
pub(crate) struct Origin {
    root: TempDir,
    port: u16,
    tls_port: u16,
    stop: Option<oneshot::Sender<()>>,
    done: Option<JoinHandle<std::io::Result<()>>>,
}

pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Origin {
    pub(crate) async fn start() -> Self {
        Self::with(&[], |_| {}).await
    }

    /// `meta` changes the definition, `change` the settings.
    pub(crate) async fn with(meta: &[(&str, &str)], change: impl FnOnce(&mut Settings)) -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("live.isml"), definition(meta)).unwrap();
        Self::at(root, "127.0.0.1", change).await
    }

    /// Listens on an address that is not this machine's alone.
    pub(crate) async fn listening(host: &str, change: impl FnOnce(&mut Settings)) -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("live.isml"), definition(&[])).unwrap();
        Self::at(root, host, change).await
    }

    /// Stops, and starts again with the files that are there.
    pub(crate) async fn restarted(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        let _ = self.stop.take().unwrap().send(());
        self.done.take().unwrap().await.unwrap().unwrap();
        Self::at(self.root, "127.0.0.1", change).await
    }

    async fn at(root: TempDir, host: &str, change: impl FnOnce(&mut Settings)) -> Self {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut settings = Settings { root: root.path().to_owned(), ..Settings::default() };
        change(&mut settings);
        let tls = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tls_port = tls.local_addr().unwrap().port();
        let listeners = Listeners::from(listener).with_tls(tls);
        let (stop, stopped) = oneshot::channel();
        let done = tokio::spawn(server::serve(settings, listeners, async {
            let _ = stopped.await;
        }));
        Self { root, port, tls_port, stop: Some(stop), done: Some(done) }
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Of TLS; nobody gets through there without a certificate in the settings.
    pub(crate) const fn tls_port(&self) -> u16 {
        self.tls_port
    }

    pub(crate) async fn stop(mut self) {
        let _ = self.stop.take().unwrap().send(());
        self.done.take().unwrap().await.unwrap().unwrap();
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
    }

    pub(crate) async fn send(&self, request: &str) -> Response {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        read_response(&mut stream, request.starts_with("HEAD")).await
    }

    pub(crate) async fn request(&self, method: &str, path: &str, headers: &str) -> Response {
        self.send(&format!("{method} {path} HTTP/1.1\r\nHost: o\r\nConnection: close\r\n{headers}\r\n")).await
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request("GET", path, "").await
    }

    /// Begins a chunked POST.
    pub(crate) async fn push(&self, path: &str) -> Push {
        let mut stream = self.connect().await;
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: o\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        Push { stream }
    }

    /// Posts `data` in pieces of `size`.
    pub(crate) async fn post(&self, path: &str, data: &[u8], size: usize) -> Response {
        let mut push = self.push(path).await;
        push.pieces(data, size).await;
        push.finish().await
    }

    pub(crate) async fn manifest(&self) -> Manifest {
        let response = self.get("/live.isml/Manifest").await;
        assert_eq!(response.status, 200, "{}", response.text());
        smooth::manifest::read(&response.body, &smooth::Limits::default()).unwrap()
    }

    /// The manifest once the broadcast is over: an encoder that does not read our answer may be gone before.
    pub(crate) async fn ended(&self) -> Manifest {
        loop {
            let response = self.get("/live.isml/Manifest").await;
            let read = smooth::manifest::read(&response.body, &smooth::Limits::default());
            match read {
                Ok(manifest) if response.status == 200 && !manifest.is_live => return manifest,
                _ => tokio::task::yield_now().await,
            }
        }
    }

    /// The fragment of `level` of `stream` that starts at `time`.
    pub(crate) async fn fragment(&self, stream: &Stream, level: usize, time: u64) -> Response {
        let path = url::expand(&stream.url, &stream.levels[level], time).unwrap();
        self.get(&format!("/live.isml/{path}")).await
    }
}

/// An encoder's connection.
pub(crate) struct Push {
    stream: TcpStream,
}

impl Push {
    /// Sends `data` as one chunk. A server that has hung up is no failure here.
    pub(crate) async fn piece(&mut self, data: &[u8]) {
        let mut chunk = format!("{:x}\r\n", data.len()).into_bytes();
        chunk.extend_from_slice(data);
        chunk.extend_from_slice(b"\r\n");
        let _ = self.stream.write_all(&chunk).await;
    }

    pub(crate) async fn pieces(&mut self, data: &[u8], size: usize) {
        // Many small chunks in one write, or this takes as long as the system calls do.
        for group in data.chunks(size.max(1 << 16)) {
            let mut out = Vec::new();
            for piece in group.chunks(size) {
                out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                out.extend_from_slice(piece);
                out.extend_from_slice(b"\r\n");
            }
            if self.stream.write_all(&out).await.is_err() {
                return;
            }
        }
    }

    pub(crate) async fn finish(mut self) -> Response {
        let _ = self.stream.write_all(b"0\r\n\r\n").await;
        self.answer().await
    }

    /// Until there is something to read.
    pub(crate) async fn readable(&self) {
        self.stream.readable().await.unwrap();
    }

    pub(crate) async fn answer(&mut self) -> Response {
        read_response(&mut self.stream, false).await
    }

    /// Waits until the server has taken in everything sent so far.
    pub(crate) async fn settled(&self, origin: &Origin, path: &str, status: u16) {
        while origin.get(path).await.status != status {
            tokio::task::yield_now().await;
        }
    }
}

impl Response {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// One response; the connection may stay open after it.
pub(crate) async fn read_response<S: AsyncRead + Unpin>(stream: &mut S, head_only: bool) -> Response {
    let mut data = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    let split = loop {
        if let Some(at) = data.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        let n = stream.read(&mut buffer).await.expect("an answer before the connection breaks");
        assert!(n > 0, "no answer: {}", String::from_utf8_lossy(&data));
        data.extend_from_slice(&buffer[..n]);
    };
    let head = String::from_utf8(data[..split].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: HashMap<_, _> = lines
        .filter_map(|l| l.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut body = data.split_off(split + 4);
    let len = headers.get("content-length").map_or(0, |v| v.parse().unwrap());
    while !head_only && body.len() < len {
        let n = stream.read(&mut buffer).await.unwrap();
        assert!(n > 0, "the body is cut short");
        body.extend_from_slice(&buffer[..n]);
    }
    Response { status, headers, body }
}

fn definition(meta: &[(&str, &str)]) -> String {
    let mut all: HashMap<&str, &str> = HashMap::from([
        ("title", "Live"),
        ("module", "liveSmoothStreaming"),
        ("sourceType", "Push"),
        ("lookaheadChunks", "2"),
        ("manifestWindowLength", "0"),
    ]);
    all.extend(meta.iter().copied());
    let meta: String = all.iter().map(|(n, v)| format!("<meta name=\"{n}\" content=\"{v}\"/>")).collect();
    format!("<smil xmlns=\"http://www.w3.org/2001/SMIL20/Language\"><head>{meta}</head><body/></smil>")
}

/// What ffmpeg 5.1 pushed in 20 s: three levels of video, one of audio, ten fragments each.
pub(crate) fn capture() -> Vec<u8> {
    std::fs::read(capture_path()).unwrap()
}

pub(crate) fn capture_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/ffmpeg-push.ismv")
}

/// A push stream taken apart, to be put together otherwise.
pub(crate) struct Parts {
    /// From `ftyp` to `moov`.
    pub(crate) head: Vec<u8>,
    pub(crate) tracks: Header,
    /// In the order of the stream.
    pub(crate) fragments: Vec<Fragment>,
}

impl Parts {
    pub(crate) fn of(data: &[u8]) -> Self {
        let mut demuxer = Demuxer::new(smooth::Limits::default());
        demuxer.push(Bytes::copy_from_slice(data));
        let (mut tracks, mut fragments) = (None, Vec::new());
        while let Some(event) = demuxer.poll().unwrap() {
            match event {
                Event::Header(header) => tracks = Some(header),
                Event::Fragment(fragment) => fragments.push(fragment),
                Event::EndOfStream => {}
            }
        }
        let media: usize = fragments.iter().map(|f| f.moof.len() + f.mdat.len()).sum();
        let head = data[..data.len() - media - END.len()].to_vec();
        Self { head, tracks: tracks.unwrap(), fragments }
    }

    /// Fragments `range` of every track, in order, without a header.
    pub(crate) fn media(&self, range: std::ops::Range<usize>) -> Vec<u8> {
        let tracks = self.tracks.tracks.len();
        let wanted = &self.fragments[range.start * tracks..range.end * tracks];
        wanted.iter().flat_map(|f| [&f.moof[..], &f.mdat[..]].concat()).collect()
    }

    /// A whole stream of fragments `range`, without its end.
    pub(crate) fn stream(&self, range: std::ops::Range<usize>) -> Vec<u8> {
        [self.head.clone(), self.media(range)].concat()
    }
}

/// An empty `mfra`: the stream is over.
pub(crate) const END: &[u8] = b"\0\0\0\x08mfra";

pub(crate) const STREAM: &str = "/live.isml/Streams(Encoder1)";

/// A caption track in a push stream of its own.
pub(crate) struct Captions {
    track: smooth::smil::live::Track,
}

impl Captions {
    pub(crate) fn new() -> Self {
        let mut track = smooth::smil::live::Track::new(1, Kind::Text);
        track.name = "caps".to_owned();
        track.language = "eng".to_owned();
        track.subtype = "CAPT".to_owned();
        track.level.bitrate = 1000;
        track.level.fourcc = "TTML".to_owned();
        Self { track }
    }

    /// The same, sparse beside the stream `parent`.
    pub(crate) fn sparse(parent: &str) -> Self {
        let mut captions = Self::new();
        captions.track.parent = Some(parent.to_owned());
        captions
    }

    pub(crate) fn header(&self) -> Vec<u8> {
        build::push_header(std::slice::from_ref(&self.track)).unwrap()
    }

    /// Two seconds from `time` in ticks.
    pub(crate) fn fragment(&self, time: u64, text: &str) -> Vec<u8> {
        let size = u32::try_from(text.len()).unwrap();
        let sample =
            build::Sample { duration: 20_000_000, size, flags: build::SYNC_SAMPLE, composition_offset: 0 };
        let span = Span { time, duration: 20_000_000 };
        let spec = build::FragmentSpec { sequence: 1, track_id: 1, span, samples: &[sample] };
        let mdat = [&(size + 8).to_be_bytes()[..], b"mdat", text.as_bytes()].concat();
        [build::fragment(&spec), mdat].concat()
    }
}
