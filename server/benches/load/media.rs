//! Processor time per gigabyte of fragments.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use tempfile::TempDir;

use super::broadcast::{self, Encoder};
use super::client::{Target, pull};
use super::report::{Report, median};
use super::servers::{Server, free_address};

/// Bytes of media in a fragment.
const SIZES: [usize; 3] = [50_000, 256_000, 1_000_000];
/// Fragments of each size that are asked for in turn.
const FRAGMENTS: usize = 24;
/// Bytes of a run.
const RUN: usize = 2_000_000_000;
/// Runs of each server.
const ROUNDS: usize = 5;
const CONNECTIONS: usize = 16;

/// An origin that broadcasts, and the fragments it serves as files for nginx.
pub(crate) struct Stage {
    /// What nginx serves.
    pub(crate) folder: TempDir,
    /// The origin.
    pub(crate) origin: Subject,
    certificate: CertificateDer<'static>,
    times: Vec<u64>,
    _encoder: Encoder,
}

/// A server under load.
pub(crate) struct Subject {
    /// The process.
    pub(crate) server: Server,
    /// Not encrypted.
    pub(crate) plain: Target,
    /// TLS.
    pub(crate) encrypted: Target,
}

/// Not encrypted, nginx without and with `sendfile`.
pub(crate) async fn plain(report: &mut Report) {
    let stage = Stage::build().await;
    for (sendfile, limit) in [(false, 0.90), (true, f64::INFINITY)] {
        let nginx = stage.nginx(if sendfile { "sendfile on;" } else { "sendfile off;" });
        for size in SIZES {
            let what = format!(
                "CPU per GB, {} kB fragments, sendfile {}",
                size / 1000,
                if sendfile { "on" } else { "off" }
            );
            stage.compare(report, &what, size, limit, &nginx, |subject| &subject.plain).await;
        }
    }
}

/// Over TLS 1.3, with the cipher that both choose of themselves.
pub(crate) async fn encrypted(report: &mut Report) {
    let stage = Stage::build().await;
    let nginx = stage.nginx("sendfile off;");
    for size in SIZES {
        let what = format!("CPU per GB over TLS, {} kB fragments", size / 1000);
        stage.compare(report, &what, size, 0.75, &nginx, |subject| &subject.encrypted).await;
    }
}

impl Stage {
    pub(crate) async fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("live.isml"), DEFINITION).unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (chain, key) = (folder.path().join(CERTIFICATE), folder.path().join(KEY));
        std::fs::write(&chain, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let (address, secure) = (free_address(), free_address());
        let (secure_text, chain, key) = (secure.to_string(), chain.to_str().unwrap(), key.to_str().unwrap());
        let flags = [
            ["--tls-listen", secure_text.as_str()],
            ["--tls-cert", chain],
            ["--tls-key", key],
            ["--ingest-idle-seconds", "600"],
        ];
        let server = Server::silverlane(folder.path(), address, &flags.concat());
        let certificate = made.cert.der().clone();
        let origin = Subject::new(server, address, secure, &certificate);
        let mut encoder = Encoder::start(address, "/live.isml", &SIZES).await;
        let mut times = Vec::new();
        for _ in 0..FRAGMENTS {
            times.push(encoder.push().await);
        }
        // As many as the origin holds back.
        encoder.push().await;
        encoder.push().await;
        let mut client = Target::plain(address).connect().await;
        for size in SIZES {
            for &time in &times {
                let path = format!("/live.isml/{}", broadcast::path(size, time));
                client.until_there(&path).await;
                let (answer, body) = client.fetch(&path).await;
                assert_eq!(answer.status, 200, "{path}");
                std::fs::write(folder.path().join(file(size, time)), body).unwrap();
            }
        }
        Self { folder, origin, certificate, times, _encoder: encoder }
    }

    /// nginx as a careful operator would set it up for static files, on one worker as the origin is on one processor.
    pub(crate) fn nginx(&self, http: &str) -> Subject {
        let (address, secure) = (free_address(), free_address());
        let folder = self.folder.path().display();
        let configuration = format!(
            "daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
            events {{ worker_connections 1024; }}
            http {{
                access_log off; {http} tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000;
                open_file_cache max=1000 inactive=1h; open_file_cache_valid 1h;
                types {{ video/mp4 mp4; text/xml xml; }}
                add_header Cache-Control \"public, max-age=60\"; add_header Access-Control-Allow-Origin *;
                client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
                uwsgi_temp_path {folder}; scgi_temp_path {folder};
                server {{
                    listen {address}; listen {secure} ssl; root {folder};
                    ssl_certificate {folder}/{CERTIFICATE}; ssl_certificate_key {folder}/{KEY};
                    ssl_protocols TLSv1.3;
                }}
            }}"
        );
        let path = self.folder.path().join("nginx.conf");
        std::fs::write(&path, configuration).unwrap();
        Subject::new(Server::nginx(&path, address), address, secure, &self.certificate)
    }

    async fn compare(
        &self,
        report: &mut Report,
        what: &str,
        size: usize,
        limit: f64,
        nginx: &Subject,
        target: impl Fn(&Subject) -> &Target,
    ) {
        let paths =
            |make: &dyn Fn(u64) -> String| self.times.iter().map(|&time| make(time)).collect::<Arc<[_]>>();
        let our_paths = paths(&|time| format!("/live.isml/{}", broadcast::path(size, time)));
        let their_paths = paths(&|time| format!("/{}", file(size, time)));
        let mut costs: [Vec<f64>; 3] = Default::default();
        for round in 0..=ROUNDS {
            let a = cost(&self.origin.server, target(&self.origin), &our_paths, RUN / size).await;
            let b = cost(&nginx.server, target(nginx), &their_paths, RUN / size).await;
            // The first round warms both up.
            if round > 0 {
                for (all, one) in costs.iter_mut().zip([a, b, a / b]) {
                    all.push(one);
                }
            }
        }
        let [ours, theirs, ratio] = costs.map(|mut all| median(&mut all));
        report.ratio(what, "s", ours, theirs, ratio, limit);
    }
}

impl Subject {
    fn new(
        server: Server,
        address: SocketAddr,
        secure: SocketAddr,
        certificate: &CertificateDer<'static>,
    ) -> Self {
        let encrypted = Target { address: secure, certificate: Some(certificate.clone()) };
        Self { server, plain: Target::plain(address), encrypted }
    }
}

const CERTIFICATE: &str = "certificate.pem";
const KEY: &str = "key.pem";

/// Processor seconds per gigabyte.
async fn cost(server: &Server, target: &Target, paths: &Arc<[String]>, requests: usize) -> f64 {
    let before = server.cpu();
    let bytes = pull(target, paths, CONNECTIONS, requests).await;
    (server.cpu() - before) * 1e9 / bytes as f64
}

fn file(size: usize, time: u64) -> String {
    format!("{size}-{time}.mp4")
}

/// A publishing point like any other.
pub(crate) const DEFINITION: &str = r#"<smil xmlns="http://www.w3.org/2001/SMIL20/Language"><head>
<meta name="lookaheadChunks" content="2" /><meta name="manifestWindowLength" content="600" />
</head><body /></smil>"#;
