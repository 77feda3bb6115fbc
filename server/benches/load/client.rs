//! A client that costs little: kept-alive connections, one buffer each, bodies counted and dropped.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Where requests go.
#[derive(Clone)]
pub(crate) struct Target {
    /// The server.
    pub(crate) address: SocketAddr,
    /// Trusted certificate, where the connection is encrypted.
    pub(crate) certificate: Option<CertificateDer<'static>>,
}

impl Target {
    /// Not encrypted.
    pub(crate) fn plain(address: SocketAddr) -> Self {
        Self { address, certificate: None }
    }

    /// Opens a connection.
    pub(crate) async fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let stream: Box<dyn Stream> = match &self.certificate {
            None => Box::new(stream),
            Some(certificate) => {
                let mut roots = rustls::RootCertStore::empty();
                roots.add(certificate.clone()).unwrap();
                let provider = Arc::new(rustls::crypto::ring::default_provider());
                let config = rustls::ClientConfig::builder_with_provider(provider)
                    .with_safe_default_protocol_versions()
                    .unwrap()
                    .with_root_certificates(roots)
                    .with_no_client_auth();
                let name = ServerName::try_from("localhost").unwrap();
                Box::new(TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap())
            }
        };
        Client { stream, buffer: vec![0; BUFFER] }
    }
}

/// A connection that stays open.
pub(crate) struct Client {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Bytes of the body.
    pub(crate) bytes: usize,
}

impl Client {
    /// GETs `path` and forgets the body.
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.ask(path).await;
        self.answer(None).await
    }

    /// GETs `path` until it is there.
    pub(crate) async fn until_there(&mut self, path: &str) {
        let start = Instant::now();
        while self.get(path).await.status != 200 {
            assert!(start.elapsed() < Duration::from_secs(20), "{path} does not come");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// GETs `path`.
    pub(crate) async fn fetch(&mut self, path: &str) -> (Answer, Vec<u8>) {
        let mut body = Vec::new();
        self.ask(path).await;
        let answer = self.answer(Some(&mut body)).await;
        (answer, body)
    }

    /// Sends a request.
    pub(crate) async fn ask(&mut self, path: &str) {
        let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n");
        self.stream.write_all(head.as_bytes()).await.unwrap();
    }

    /// Gives up a buffer that is larger than what is to come.
    pub(crate) fn small(&mut self) {
        self.buffer = vec![0; 4096];
    }

    /// Reads the answer to the request that was sent.
    pub(crate) async fn answer(&mut self, mut kept: Option<&mut Vec<u8>>) -> Answer {
        let mut have = 0;
        let head = loop {
            let n = self.stream.read(&mut self.buffer[have..]).await.unwrap();
            assert!(n > 0, "the connection was closed without an answer");
            have += n;
            if let Some(at) = self.buffer[..have].windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let text = std::str::from_utf8(&self.buffer[..head]).unwrap();
        let status = text[9..12].parse().unwrap();
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
        });
        let bytes = length.unwrap_or(0);
        let mut left = bytes - (have - head);
        if let Some(kept) = &mut kept {
            kept.extend_from_slice(&self.buffer[head..have]);
        }
        while left > 0 {
            let n = self.stream.read(&mut self.buffer).await.unwrap();
            assert!(n > 0, "the body is cut short");
            left -= n;
            if let Some(kept) = &mut kept {
                kept.extend_from_slice(&self.buffer[..n]);
            }
        }
        Answer { status, bytes }
    }
}

/// Requests `paths` in turn over `connections`, `requests` in all. Returns the bytes of the bodies.
pub(crate) async fn pull(
    target: &Target,
    paths: &Arc<[String]>,
    connections: usize,
    requests: usize,
) -> usize {
    let mut tasks = tokio::task::JoinSet::new();
    for connection in 0..connections {
        let mut client = target.connect().await;
        let paths = Arc::clone(paths);
        tasks.spawn(async move {
            let mut bytes = 0;
            for n in (connection..requests).step_by(connections) {
                let answer = client.get(&paths[n % paths.len()]).await;
                assert_eq!(answer.status, 200);
                bytes += answer.bytes;
            }
            bytes
        });
    }
    tasks.join_all().await.into_iter().sum()
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

const BUFFER: usize = 256 << 10;
