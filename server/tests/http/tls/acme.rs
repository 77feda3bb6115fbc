//! An authority of our own (RFC 8555), and an origin that gets its certificate from it.

use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use rustls::ServerConfig;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{Authority, Client};
use crate::harness::Origin;

/// One account, one order at a time.
struct Acme {
    authority: Authority,
    url: String,
    /// Where the name that is asked for leads.
    origin: AtomicU16,
    orders: AtomicUsize,
    nonces: AtomicUsize,
    state: Mutex<Account>,
}

#[derive(Default)]
struct Account {
    jwk: Value,
    proven: bool,
    certificate: Option<String>,
}

type Shared = State<Arc<Acme>>;

impl Acme {
    async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let this = Arc::new(Self {
            authority: Authority::new(),
            url: format!("https://localhost:{}", listener.local_addr().unwrap().port()),
            origin: AtomicU16::new(0),
            orders: AtomicUsize::new(0),
            nonces: AtomicUsize::new(1),
            state: Mutex::default(),
        });
        let router = Router::new()
            .route("/directory", get(directory))
            .route("/nonce", get(nonce))
            .route("/account", post(account))
            .route("/order", post(new_order))
            .route("/order/1", post(order))
            .route("/authorization/1", post(authorization))
            .route("/challenge/1", post(challenge))
            .route("/finalize/1", post(finalize))
            .route("/certificate/1", post(certificate))
            .with_state(Arc::clone(&this));
        let (chain, key) = this.authority.read("server");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![chain], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, service) = (acceptor.clone(), TowerToHyperService::new(router.clone()));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let http = auto::Builder::new(TokioExecutor::new());
                    let _ = http.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        this
    }

    async fn origin(&self, folder: &std::path::Path) -> Origin {
        self.origin.store(0, SeqCst);
        let origin = Origin::with(&[], |s| {
            s.acme_domains = "localhost".into();
            s.acme_directory = format!("{}/directory", self.url);
            s.acme_ca = self.authority.file("ca.pem");
            s.acme_folder = folder.to_owned();
        })
        .await;
        self.origin.store(origin.port(), SeqCst);
        origin
    }

    /// As soon as there is a certificate.
    async fn connect(&self, origin: &Origin) -> Client {
        loop {
            if let Ok(client) = self.authority.connect(origin, None).await {
                return client;
            }
            tokio::task::yield_now().await;
        }
    }

    fn answer(&self, status: u16, location: &str, body: &Value) -> Response {
        let headers = [
            ("replay-nonce", self.nonces.fetch_add(1, SeqCst).to_string()),
            ("location", format!("{}{location}", self.url)),
        ];
        let kind = [(header::CONTENT_TYPE, "application/json")];
        (StatusCode::from_u16(status).unwrap(), headers, kind, body.to_string()).into_response()
    }

    /// The payload of a JWS, its signature verified by the account's key.
    fn open(&self, body: &Bytes) -> Value {
        let jws: Value = serde_json::from_slice(body).unwrap();
        let part = |name: &str| jws[name].as_str().unwrap();
        let protected: Value = decode(part("protected"));
        if protected["jwk"].is_object() {
            self.state.lock().unwrap().jwk = protected["jwk"].clone();
        }
        assert!(protected["nonce"].as_str().unwrap().parse::<usize>().unwrap() < self.nonces.load(SeqCst));
        let jwk = self.state.lock().unwrap().jwk.clone();
        let number = |name: &str| BASE64.decode(jwk[name].as_str().unwrap()).unwrap();
        let key = [vec![4], number("x"), number("y")].concat();
        let signed = format!("{}.{}", part("protected"), part("payload"));
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key)
            .verify(signed.as_bytes(), &BASE64.decode(part("signature")).unwrap())
            .expect("the account's signature");
        if part("payload").is_empty() { Value::Null } else { decode(part("payload")) }
    }

    fn order(&self) -> Value {
        let state = self.state.lock().unwrap();
        let status = match (state.proven, &state.certificate) {
            (false, _) => "pending",
            (true, None) => "ready",
            (true, Some(_)) => "valid",
        };
        json!({
            "status": status,
            "identifiers": [{ "type": "dns", "value": "localhost" }],
            "authorizations": [format!("{}/authorization/1", self.url)],
            "finalize": format!("{}/finalize/1", self.url),
            "certificate": state.certificate.as_ref().map(|_| format!("{}/certificate/1", self.url)),
        })
    }

    fn challenge(&self) -> Value {
        let status = if self.state.lock().unwrap().proven { "valid" } else { "pending" };
        json!({ "type": "http-01", "url": format!("{}/challenge/1", self.url), "token": TOKEN, "status": status })
    }
}

const TOKEN: &str = "a-token_of-the-authority";

fn decode(part: &str) -> Value {
    serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap()
}

async fn directory(State(acme): Shared) -> Response {
    let url = |path: &str| format!("{}{path}", acme.url);
    let body = json!({ "newNonce": url("/nonce"), "newAccount": url("/account"), "newOrder": url("/order") });
    acme.answer(200, "", &body)
}

async fn nonce(State(acme): Shared) -> Response {
    acme.answer(200, "", &Value::Null)
}

async fn account(State(acme): Shared, body: Bytes) -> Response {
    let account = acme.open(&body);
    assert_eq!(account["termsOfServiceAgreed"], true);
    acme.answer(201, "/account/1", &json!({ "status": "valid" }))
}

async fn new_order(State(acme): Shared, body: Bytes) -> Response {
    assert_eq!(acme.open(&body)["identifiers"], json!([{ "type": "dns", "value": "localhost" }]));
    acme.orders.fetch_add(1, SeqCst);
    {
        let mut state = acme.state.lock().unwrap();
        (state.proven, state.certificate) = (false, None);
    }
    acme.answer(201, "/order/1", &acme.order())
}

async fn order(State(acme): Shared, body: Bytes) -> Response {
    acme.open(&body);
    acme.answer(200, "/order/1", &acme.order())
}

async fn authorization(State(acme): Shared, body: Bytes) -> Response {
    acme.open(&body);
    let challenge = acme.challenge();
    let authorization = json!({
        "identifier": { "type": "dns", "value": "localhost" },
        "status": challenge["status"],
        "challenges": [challenge],
    });
    acme.answer(200, "", &authorization)
}

/// Looks whether the name leads to who holds the key of the account, RFC 8555 section 8.3.
async fn challenge(State(acme): Shared, body: Bytes) -> Response {
    acme.open(&body);
    let port = loop {
        match acme.origin.load(SeqCst) {
            0 => tokio::task::yield_now().await,
            port => break port,
        }
    };
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("GET /.well-known/acme-challenge/{TOKEN} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let jwk = acme.state.lock().unwrap().jwk.clone();
    let text = |name: &str| jwk[name].as_str().unwrap().to_owned();
    // Members in the order of their names, RFC 7638.
    let canonical = format!(
        r#"{{"crv":"{}","kty":"{}","x":"{}","y":"{}"}}"#,
        text("crv"),
        text("kty"),
        text("x"),
        text("y")
    );
    let print = ring::digest::digest(&ring::digest::SHA256, canonical.as_bytes());
    let expected = format!("{TOKEN}.{}", BASE64.encode(print));
    acme.state.lock().unwrap().proven = answer.ends_with(&format!("\r\n\r\n{expected}"));
    acme.answer(200, "", &acme.challenge())
}

async fn finalize(State(acme): Shared, body: Bytes) -> Response {
    let payload = acme.open(&body);
    assert!(acme.state.lock().unwrap().proven);
    let csr = BASE64.decode(payload["csr"].as_str().unwrap()).unwrap();
    let csr = rcgen::CertificateSigningRequestParams::from_der(&csr.into()).unwrap();
    let certificate = csr.signed_by(&acme.authority.issuer).unwrap();
    acme.state.lock().unwrap().certificate = Some(certificate.pem());
    acme.answer(200, "/order/1", &acme.order())
}

async fn certificate(State(acme): Shared, uri: Uri, body: Bytes) -> Response {
    acme.open(&body);
    assert_eq!(uri.path(), "/certificate/1");
    let chain = acme.state.lock().unwrap().certificate.clone().unwrap();
    let nonce = acme.nonces.fetch_add(1, SeqCst).to_string();
    ([("replay-nonce", nonce)], chain).into_response()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_asked_for_proven_kept_and_renewed() {
    let acme = Acme::start().await;
    let state = tempfile::tempdir().unwrap();
    let folder = state.path().join("acme");
    let origin = acme.origin(&folder).await;
    // None before, then one of the authority.
    let mut client = acme.connect(&origin).await;
    assert_eq!(client.get("/healthz").await.status, 200);
    let first = client.certificate();
    for file in ["account.json", "certificate.pem", "certificate.key"] {
        assert_eq!(std::fs::metadata(folder.join(file)).unwrap().mode() & 0o777, 0o600, "{file}");
    }
    origin.stop().await;

    // The next start has it from its folder.
    let origin = acme.origin(&folder).await;
    assert_eq!(acme.connect(&origin).await.certificate(), first);
    assert_eq!(acme.orders.load(SeqCst), 1);
    origin.stop().await;

    // One that has lived most of its life is used, and renewed with the same account.
    let (old, key) = acme.authority.nearly_over();
    std::fs::write(folder.join("certificate.pem"), old.pem()).unwrap();
    std::fs::write(folder.join("certificate.key"), key.serialize_pem()).unwrap();
    let account = std::fs::read(folder.join("account.json")).unwrap();
    let origin = acme.origin(&folder).await;
    while acme.connect(&origin).await.certificate() == *old.der() {}
    assert_eq!(acme.orders.load(SeqCst), 2);
    assert_eq!(std::fs::read(folder.join("account.json")).unwrap(), account);
    // What was proven is over.
    while origin.get(&format!("/.well-known/acme-challenge/{TOKEN}")).await.status != 404 {}
    origin.stop().await;
}
