//! Who may publish, who may administrate, and who may watch.

pub mod credentials;
pub mod secret;

use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, uri};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use self::credentials::Claim;
use super::peer::Peer;
use super::signed::{self, Refused};
use super::{App, problem};

/// Whether a request may administrate; the answer to send if not.
///
/// Once credentials name an administrator, that is who proves to be one. Until then it is a program on
/// this machine that speaks to us directly and by a name of this machine: not what a proxy passes on. A
/// page of another site in a browser never may.
///
/// # Errors
///
/// 401 for who has to say who they are, 403 for who may not.
pub async fn administrate(
    app: &App,
    peer: &Peer,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(), Response<Body>> {
    if !method.is_safe() && !is_same_site(headers) {
        return Err(forbidden("a page of another site may not administrate"));
    }
    let credentials = app.credentials.load();
    if !credentials.has_admin() {
        return match refusal(peer, headers) {
            Some(message) => Err(forbidden(message)),
            None => Ok(()),
        };
    }
    let proven = credentials.prove(claim(headers).as_ref(), peer.identity.as_deref()).await;
    if proven.iter().any(|user| user.is_admin) {
        return Ok(());
    }
    tracing::warn!(peer = %peer.address, known = !proven.is_empty(), "administration refused");
    Err(if proven.is_empty() { unauthorized() } else { forbidden("this user may not administrate") })
}

/// Whether a request may publish to the point at `path`; the answer to send if not.
///
/// # Errors
///
/// 401 for who has to say who they are, 403 for who may not.
pub async fn publish(app: &App, peer: &Peer, headers: &HeaderMap, path: &str) -> Result<(), Response<Body>> {
    let credentials = app.credentials.load();
    if credentials.is_open(path) {
        return Ok(());
    }
    let proven = credentials.prove(claim(headers).as_ref(), peer.identity.as_deref()).await;
    if proven.iter().any(|user| user.may_publish(path)) {
        return Ok(());
    }
    tracing::warn!(point = path, peer = %peer.address, known = !proven.is_empty(), "encoder refused");
    Err(if proven.is_empty() { unauthorized() } else { forbidden("this user may not publish here") })
}

/// Whether `path`, decoded, may be watched with `token`; the answer to send if not.
///
/// # Errors
///
/// 403 for a path that needs a signature and has none that fits.
#[allow(clippy::result_large_err, reason = "the answer is sent as it is")]
pub fn watch(app: &App, path: &str, token: Option<&str>) -> Result<(), Response<Body>> {
    let credentials = app.credentials.load();
    if !credentials.signed.match_path(path) {
        return Ok(());
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let verify =
        |token| signed::verify(&credentials.keys, token, path, now, app.settings.signature_skew_seconds);
    match token.ok_or(Refused::Missing).and_then(verify) {
        Ok(()) => Ok(()),
        Err(Refused::Expired) => Err(problem(StatusCode::FORBIDDEN, "expired", "the signature has expired")),
        Err(e) => Err(problem(StatusCode::FORBIDDEN, "not-signed", &e.to_string())),
    }
}

/// What a request says of who sent it.
fn claim(headers: &HeaderMap) -> Option<Claim> {
    let (scheme, value) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let value = value.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Claim::Bearer(value.to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(BASE64.decode(value).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some(Claim::Basic(name.to_owned(), password.to_owned()))
}

fn forbidden(message: &str) -> Response<Body> {
    problem(StatusCode::FORBIDDEN, "forbidden", message)
}

fn unauthorized() -> Response<Body> {
    let mut response = problem(StatusCode::UNAUTHORIZED, "unauthorized", "say who you are");
    for challenge in ["Basic realm=\"silverlane\", charset=\"UTF-8\"", "Bearer realm=\"silverlane\""] {
        response.headers_mut().append(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}

/// Why a request may not administrate while there are no credentials for it.
fn refusal(peer: &Peer, headers: &HeaderMap) -> Option<&'static str> {
    if !peer.is_local() || FORWARDED.iter().any(|name| headers.contains_key(*name)) {
        return Some("only this machine may administrate until there are credentials for it");
    }
    if !host(headers).as_ref().is_some_and(is_local_name) {
        return Some("this machine must be called by its own name: localhost, 127.0.0.1 or [::1]");
    }
    None
}

/// Whether a browser says that the request comes from a page of ours, or no browser sent it.
fn is_same_site(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(|v| v.as_bytes());
    if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
        return false;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().ok().and_then(|o| o.split_once("://")).map(|(_, authority)| authority);
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok());
    origin.is_some() && origin == host
}

/// The name that the client calls us by, without the port.
fn host(headers: &HeaderMap) -> Option<uri::Authority> {
    headers.get(header::HOST)?.to_str().ok()?.parse().ok()
}

/// Names that no other site can have: one that leads its own name here may not speak to us.
fn is_local_name(authority: &uri::Authority) -> bool {
    let host = authority.host();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|a| a.to_canonical().is_loopback())
}

/// What proxies add.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (header::HeaderName::from_static(n), v.parse().unwrap())).collect()
    }

    #[test]
    fn without_credentials_only_programs_and_pages_of_this_machine_administrate() {
        let refused =
            |address: &str, pairs| refusal(&Peer::plain(address.parse().unwrap()), &headers(pairs)).is_some();
        for (address, headers) in [
            ("127.0.0.1:9", &[("host", "127.0.0.1:8080")]),
            ("127.8.0.1:9", &[("host", "localhost")]),
            ("[::1]:9", &[("host", "[::1]:8080")]),
            ("[::ffff:127.0.0.1]:9", &[("host", "LOCALHOST:8080")]),
        ] {
            assert!(!refused(address, headers), "{address} {headers:?}");
        }
        let host = ("host", "localhost");
        for (address, headers) in [
            ("192.0.2.1:9", &[host][..]),
            ("[::ffff:192.0.2.1]:9", &[host]),
            ("127.0.0.1:9", &[]),
            ("127.0.0.1:9", &[("host", "rebound.example:8080")]),
            ("127.0.0.1:9", &[host, ("x-forwarded-for", "192.0.2.1")]),
            ("127.0.0.1:9", &[host, ("forwarded", "for=192.0.2.1")]),
        ] {
            assert!(refused(address, headers), "{address} {headers:?}");
        }
    }

    #[test]
    fn a_page_of_another_site_is_told_apart() {
        let (host, own) = (("host", "o:8080"), ("origin", "http://o:8080"));
        for headers in [&[host][..], &[host, own], &[host, own, ("sec-fetch-site", "same-origin")]] {
            assert!(is_same_site(&self::headers(headers)), "{headers:?}");
        }
        for other in [
            ("origin", "http://other.example"),
            ("origin", "null"),
            ("origin", "http://o:9999"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert!(!is_same_site(&headers(&[host, other])), "{other:?}");
        }
    }

    #[test]
    fn a_claim_is_read_from_the_header() {
        let basic = |n: &str, p: &str| Some(Claim::Basic(n.to_owned(), p.to_owned()));
        for (value, expected) in [
            ("Basic dXNlcjpwYTpzcw==", basic("user", "pa:ss")),
            ("basic  dXNlcjo=", basic("user", "")),
            ("BEARER abc", Some(Claim::Bearer("abc".to_owned()))),
            ("Basic dXNlcg==", None),
            ("Basic ?", None),
            ("Basic /w==", None),
            ("Digest username=\"user\"", None),
            ("Basic", None),
        ] {
            assert!(claim(&headers(&[("authorization", value)])) == expected, "{value}");
        }
    }
}
