//! Who may administrate.

use axum::body::Body;
use axum::http::{HeaderMap, Method, Response, StatusCode, header, uri};

use super::peer::Peer;
use super::{App, problem};

/// Whether a request may administrate; the answer to send if not.
///
/// Without credentials that is a program on this machine that speaks to us directly and by a name of
/// this machine: not what a proxy passes on, and not a page of another site in a browser here.
///
/// # Errors
///
/// 403 for a request that may not.
#[allow(clippy::result_large_err, reason = "the answer is sent as it is")]
pub fn administrate(
    _app: &App,
    peer: &Peer,
    method: &Method,
    headers: &HeaderMap,
) -> Result<(), Response<Body>> {
    refusal(peer, method, headers)
        .map_or(Ok(()), |message| Err(problem(StatusCode::FORBIDDEN, "forbidden", message)))
}

/// Why a request may not administrate while there are no credentials for it.
fn refusal(peer: &Peer, method: &Method, headers: &HeaderMap) -> Option<&'static str> {
    if !method.is_safe() && !is_same_site(headers) {
        return Some("a page of another site may not administrate");
    }
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

    fn refused(address: &str, method: &Method, headers: &[(&'static str, &str)]) -> Option<&'static str> {
        let headers =
            headers.iter().map(|(n, v)| (header::HeaderName::from_static(n), v.parse().unwrap())).collect();
        refusal(&Peer::plain(address.parse().unwrap()), method, &headers)
    }

    #[test]
    fn without_credentials_only_programs_and_pages_of_this_machine_administrate() {
        let page = [("host", "localhost:8080"), ("origin", "http://localhost:8080")];
        for (address, headers) in [
            ("127.0.0.1:9", &[("host", "127.0.0.1:8080")][..]),
            ("127.8.0.1:9", &[("host", "localhost")]),
            ("[::1]:9", &[("host", "[::1]:8080")]),
            ("[::ffff:127.0.0.1]:9", &page),
            ("127.0.0.1:9", &[page[0], page[1], ("sec-fetch-site", "same-origin")]),
        ] {
            assert_eq!(refused(address, &Method::POST, headers), None, "{address} {headers:?}");
        }
        for (address, headers) in [
            ("192.0.2.1:9", &page[..]),
            ("[::ffff:192.0.2.1]:9", &page),
            ("127.0.0.1:9", &[]),
            ("127.0.0.1:9", &[("host", "rebound.example:8080")]),
            ("127.0.0.1:9", &[page[0], ("x-forwarded-for", "192.0.2.1")]),
            ("127.0.0.1:9", &[page[0], ("forwarded", "for=192.0.2.1")]),
            ("127.0.0.1:9", &[page[0], ("origin", "http://other.example")]),
            ("127.0.0.1:9", &[page[0], ("origin", "null")]),
            ("127.0.0.1:9", &[page[0], ("origin", "http://localhost:9999")]),
            ("127.0.0.1:9", &[page[0], ("sec-fetch-site", "cross-site")]),
            ("127.0.0.1:9", &[page[0], ("sec-fetch-site", "same-site")]),
        ] {
            assert!(refused(address, &Method::POST, headers).is_some(), "{address} {headers:?}");
        }
    }
}
