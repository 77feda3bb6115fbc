//! Signed playback URLs: `/~EXPIRY.DEPTH.SIGNATURE/path.isml/…`.
//!
//! The token stands in front of the path and not in the query, since players resolve fragments and
//! segments against the URL of the manifest, which keeps the first and drops the second. For a single
//! file `?token=…` does as well.
//!
//! | part | meaning |
//! | --- | --- |
//! | `EXPIRY` | Unix time in seconds after which it is refused |
//! | `DEPTH` | how many segments of the path are signed, from the left: what lies below is signed with them |
//! | `SIGNATURE` | HMAC-SHA-256 of `silverlane-playback\n`, expiry, `\n`, the signed part of the path, in base64url |

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::hmac;

/// Why a token does not open a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is none.
    #[error("this address needs a signature")]
    Missing,
    /// It is damaged, of another key, or of another path.
    #[error("the signature does not fit this address")]
    Wrong,
    /// Its time is over.
    #[error("the signature has expired")]
    Expired,
}

/// The token that opens `path`, decoded, and all below it until `expires`, in seconds of Unix time.
#[must_use]
pub fn sign(key: &hmac::Key, path: &str, expires: u64) -> String {
    let depth = path.split('/').filter(|segment| !segment.is_empty()).count();
    let path = first(path, depth).unwrap_or_default();
    let signature = hmac::sign(key, message(&path, expires).as_bytes());
    format!("{expires}.{depth}.{}", BASE64.encode(signature))
}

/// Whether `token` opens `path`, decoded, at `now`, in seconds of Unix time. `skew` is by how much the
/// clock of who signed may be behind.
///
/// # Errors
///
/// Why it does not.
pub fn verify(keys: &[hmac::Key], token: &str, path: &str, now: u64, skew: u64) -> Result<(), Refused> {
    let mut parts = token.splitn(3, '.');
    let mut next = || parts.next().ok_or(Refused::Wrong);
    let expires = next()?.parse().map_err(|_| Refused::Wrong)?;
    let depth = next()?.parse().map_err(|_| Refused::Wrong)?;
    let signature = BASE64.decode(next()?).map_err(|_| Refused::Wrong)?;
    let message = message(&first(path, depth).ok_or(Refused::Wrong)?, expires);
    // First the signature: what is not ours is not told how old it is.
    if !keys.iter().any(|key| hmac::verify(key, message.as_bytes(), &signature).is_ok()) {
        return Err(Refused::Wrong);
    }
    if now > expires.saturating_add(skew) { Err(Refused::Expired) } else { Ok(()) }
}

/// The token in front of a path as it came, and the rest with its slash.
#[must_use]
pub fn split(path: &str) -> Option<(&str, &str)> {
    let rest = path.strip_prefix("/~").or_else(|| path.strip_prefix("/%7E"))?;
    let slash = rest.find('/')?;
    Some(rest.split_at(slash))
}

/// `token=…` of a query.
#[must_use]
pub fn in_query(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("token="))
}

/// The first `depth` segments of a path, in lower case as publishing points are found in any.
fn first(path: &str, depth: usize) -> Option<String> {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let mut out = String::new();
    for _ in 0..depth {
        out.push('/');
        out.push_str(&segments.next()?.to_lowercase());
    }
    Some(out)
}

fn message(path: &str, expires: u64) -> String {
    format!("silverlane-playback\n{expires}\n{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes())
    }

    #[test]
    fn a_token_opens_its_path_and_what_lies_below_until_it_expires() {
        let keys = [key("new"), key("old")];
        for signer in &keys {
            let token = sign(signer, "/paid/a.isml", 1000);
            for path in
                ["/paid/a.isml", "/paid/A.ISML/Manifest", "/paid/a.isml/QualityLevels(1)/Fragments(v=0)"]
            {
                assert_eq!(verify(&keys, &token, path, 999, 0), Ok(()), "{path}");
            }
            for path in ["/paid/b.isml/Manifest", "/paid", "/", "/x/paid/a.isml", "/paid/a.isml2"] {
                assert_eq!(verify(&keys, &token, path, 999, 0), Err(Refused::Wrong), "{path}");
            }
            assert_eq!(verify(&keys, &token, "/paid/a.isml", 1000, 0), Ok(()));
            assert_eq!(verify(&keys, &token, "/paid/a.isml", 1001, 0), Err(Refused::Expired));
            assert_eq!(verify(&keys, &token, "/paid/a.isml", 1030, 30), Ok(()));
        }
        let folder = sign(&keys[0], "/paid/", u64::MAX);
        assert_eq!(verify(&keys, &folder, "/paid/b.isml/Manifest", u64::MAX, 30), Ok(()));
        let all = sign(&keys[0], "/", 1000);
        assert_eq!(verify(&keys, &all, "/b.isml/Manifest", 1, 0), Ok(()));
    }

    #[test]
    fn no_part_of_a_token_can_be_changed() {
        let keys = [key("a")];
        let token = sign(&keys[0], "/paid/a.isml", 1000);
        let path = "/paid/a.isml/Manifest";
        for at in 0..token.len() {
            for byte in [b'0', b'1', b'9', b'A', b'.', b'~'] {
                let mut changed = token.clone().into_bytes();
                if std::mem::replace(&mut changed[at], byte) != byte {
                    let changed = String::from_utf8(changed).unwrap();
                    assert_eq!(verify(&keys, &changed, path, 1, 0), Err(Refused::Wrong), "{changed}");
                }
            }
            assert_eq!(verify(&keys, &token[..at], path, 1, 0), Err(Refused::Wrong));
        }
        assert_eq!(verify(&[key("b")], &token, path, 1, 0), Err(Refused::Wrong));
        assert_eq!(verify(&[], &token, path, 1, 0), Err(Refused::Wrong));
        // One segment less with the same signature, or a depth that no path has.
        let loose = token.replace(".2.", ".1.");
        assert_eq!(verify(&keys, &loose, path, 1, 0), Err(Refused::Wrong));
        let deep = token.replace(".2.", ".18446744073709551615.");
        assert_eq!(verify(&keys, &deep, path, 1, 0), Err(Refused::Wrong));
    }

    #[test]
    fn a_token_is_found_in_front_of_a_path_or_in_a_query() {
        assert_eq!(split("/~1.2.x/a.isml/Manifest"), Some(("1.2.x", "/a.isml/Manifest")));
        assert_eq!(split("/%7E1.2.x/"), Some(("1.2.x", "/")));
        assert_eq!(split("/~1.2.x"), None);
        assert_eq!(split("/a/~1.2.x/b"), None);
        assert_eq!(in_query("wait=1&token=1.2.x"), Some("1.2.x"));
        assert_eq!(in_query("mytoken=1"), None);
    }
}
