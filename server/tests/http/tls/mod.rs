//! Encrypted connections, and certificates that change.

mod acme;

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::harness::{END, Origin, Parts, Response, STREAM, capture, read_response};

/// An authority that vouches for `localhost`, and the files of who it vouches for.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "an authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let this = Self { issuer, folder: tempfile::tempdir().unwrap() };
        std::fs::write(this.file("ca.pem"), this.issuer.pem()).unwrap();
        this.issue("server");
        this
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a new certificate for `localhost` and its key, and says which it is.
    fn issue(&self, name: &str) -> CertificateDer<'static> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned(), format!("{name}.example")]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        // Replaced as a whole, as tools for certificates do it.
        for (end, text) in [("key", key.serialize_pem()), ("pem", certificate.pem())] {
            std::fs::write(self.file("new"), text).unwrap();
            std::fs::rename(self.file("new"), self.file(&format!("{name}.{end}"))).unwrap();
        }
        certificate.der().clone()
    }

    fn read(&self, name: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let chain = CertificateDer::from_pem_file(self.file(&format!("{name}.pem"))).unwrap();
        (chain, PrivateKeyDer::from_pem_file(self.file(&format!("{name}.key"))).unwrap())
    }

    /// A certificate for `localhost` that is good for two more days of a hundred.
    fn nearly_over(&self) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let day = Duration::from_secs(86_400);
        params.not_before = (SystemTime::now() - 98 * day).into();
        params.not_after = (SystemTime::now() + 2 * day).into();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    async fn origin(&self, credentials: &str) -> Origin {
        std::fs::write(self.file("credentials.toml"), credentials).unwrap();
        Origin::with(&[], |s| {
            s.tls_cert = self.file("server.pem");
            s.tls_key = self.file("server.key");
            s.tls_client_ca = self.file("ca.pem");
            s.credentials = self.file("credentials.toml");
            s.reload_seconds = 1;
            s.request_head_seconds = 2;
        })
        .await
    }

    /// Connects as a client, with the certificate `client` of `authority` if there is one.
    async fn connect(&self, origin: &Origin, client: Option<(&Self, &str)>) -> std::io::Result<Client> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match client {
            None => config.with_no_client_auth(),
            Some((authority, name)) => {
                let chain =
                    vec![CertificateDer::from_pem_file(authority.file(&format!("{name}.pem"))).unwrap()];
                let key = PrivateKeyDer::from_pem_file(authority.file(&format!("{name}.key"))).unwrap();
                config.with_client_auth_cert(chain, key).unwrap()
            }
        };
        let stream = TcpStream::connect(("127.0.0.1", origin.tls_port())).await?;
        let name = ServerName::try_from("localhost").unwrap();
        Ok(Client(TlsConnector::from(Arc::new(config)).connect(name, stream).await?))
    }
}

struct Client(TlsStream<TcpStream>);

impl Client {
    fn certificate(&self) -> CertificateDer<'static> {
        self.0.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    }

    async fn send(&mut self, request: &str) -> Response {
        self.0.write_all(request.as_bytes()).await.unwrap();
        read_response(&mut self.0, false).await
    }

    async fn get(&mut self, path: &str) -> Response {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_replaced_and_connections_go_on() {
    let authority = Authority::new();
    let origin = authority.origin("[anyone]\npublish = [\"*\"]").await;
    let mut early = authority.connect(&origin, None).await.unwrap();
    let first = early.certificate();
    // In the middle of a push.
    let parts = Parts::of(&capture());
    let mut push = authority.connect(&origin, None).await.unwrap();
    let stream = parts.stream(0..10);
    let (begin, end) = stream.split_at(stream.len() / 2);
    let length = stream.len() + END.len();
    let head = format!("POST {STREAM} HTTP/1.1\r\nHost: o\r\nContent-Length: {length}\r\n\r\n");
    push.0.write_all(&[head.as_bytes(), begin].concat()).await.unwrap();

    let second = authority.issue("server");
    assert_ne!(first, second);
    loop {
        // Whichever it is, it is whole.
        let now = authority.connect(&origin, None).await.unwrap().certificate();
        if now == second {
            break;
        }
        assert_eq!(now, first);
        // The old connection stays awake, and answers.
        assert_eq!(early.get("/healthz").await.status, 200);
    }
    // A broken file changes nothing, and neither does it keep the next good one away.
    std::fs::write(authority.file("server.key"), "no key").unwrap();
    let third = authority.issue("server");
    while authority.connect(&origin, None).await.unwrap().certificate() != third {
        assert_eq!(early.get("/healthz").await.status, 200);
    }
    push.0.write_all(&[end, END].concat()).await.unwrap();
    assert_eq!(read_response(&mut push.0, false).await.status, 200);
    assert_eq!(early.get("/live.isml/Manifest").await.status, 200);
    assert!(!origin.manifest().await.is_live);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_is_a_credential() {
    let authority = Authority::new();
    let users = "[[user]]\nname = \"one\"\ncertificates = [\"encoder.example\"]\npublish = [\"/live.isml\"]";
    let origin = authority.origin(users).await;
    authority.issue("encoder");
    authority.issue("stranger");
    let hello = format!("POST {STREAM} HTTP/1.1\r\nHost: o\r\nContent-Length: 0\r\n\r\n");
    for (client, status) in [(None, 401), (Some("stranger"), 401), (Some("encoder"), 200)] {
        let client = client.map(|name| (&authority, name));
        let mut connection = authority.connect(&origin, client).await.unwrap();
        assert_eq!(connection.send(&hello).await.status, status);
        // Viewers need none.
        let mut viewer = authority.connect(&origin, client).await.unwrap();
        assert_eq!(viewer.get("/healthz").await.status, 200);
    }
    // The right name of the wrong authority is not even spoken to.
    let forger = Authority::new();
    forger.issue("encoder");
    let forged = match authority.connect(&origin, Some((&forger, "encoder"))).await {
        // In TLS 1.3 the client learns of it when it reads.
        Ok(mut client) => client.0.read(&mut [0; 1]).await.map(|n| n > 0),
        Err(e) => Err(e),
    };
    assert!(forged.is_err());
    // Nor does a plain connection carry a certificate.
    assert_eq!(origin.send(&hello).await.status, 401);
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_speaks_both_versions_of_http_over_tls() {
    let authority = Authority::new();
    let origin = authority.origin("[anyone]\npublish = [\"*\"]").await;
    assert_eq!(origin.post(STREAM, &capture(), 1 << 16).await.status, 200);
    let path = "/live.isml/QualityLevels(100000)/Fragments(video=0)";
    let plain = origin.get(path).await;
    for version in ["--http1.1", "--http2"] {
        let curl = tokio::process::Command::new("curl")
            .args(["-sS", version, "-w", "\n%{http_version}", "--cacert"])
            .arg(authority.file("ca.pem"))
            .arg(format!("https://localhost:{}{path}", origin.tls_port()))
            .stdin(Stdio::null())
            .output()
            .await;
        let Ok(curl) = curl else { return };
        assert!(curl.status.success(), "{}", String::from_utf8_lossy(&curl.stderr));
        let expected = if version == "--http2" { &b"\n2"[..] } else { b"\n1.1" };
        let body = curl.stdout.strip_suffix(expected).expect("the version that was asked for");
        assert_eq!(body, plain.body, "{version}");
    }
    origin.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_does_not_go_on_is_given_up() {
    let authority = Authority::new();
    let origin = authority.origin("").await;
    for begin in [&b""[..], &[22, 3, 1, 0, 200, 1], b"GET / HTTP/1.1\r\n\r\n"] {
        let mut stream = TcpStream::connect(("127.0.0.1", origin.tls_port())).await.unwrap();
        stream.write_all(begin).await.unwrap();
        // An alert at most, and then the end.
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(rest.len() < 16, "{rest:?}");
    }
    // A server without a certificate speaks to nobody there.
    let without = Origin::start().await;
    assert!(authority.connect(&without, None).await.is_err());
    without.stop().await;
    origin.stop().await;
}
