//! `silverlane sign`: a playback URL that is good for a while.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Failure;
use crate::http::auth::credentials::Credentials;
use crate::http::signed;

/// The arguments of `silverlane sign`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The URL to sign: a presentation with all below it, a file, or a folder if it ends in a slash.
    url: String,
    /// How long it is good: 90s, 15m, 2h or 7d.
    #[arg(long, default_value = "2h", value_parser = span)]
    ttl: Duration,
    /// The credentials file of the server, whose first playback key signs.
    #[arg(long, env = "SILVERLANE_CREDENTIALS")]
    credentials: PathBuf,
}

/// Prints the signed URL.
///
/// # Errors
///
/// The credentials cannot be read or hold no playback key, or the URL has no path.
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    let credentials = Credentials::load(&args.credentials)?;
    let key = credentials.keys.first().ok_or("the credentials hold no playback key")?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    println!("{}", signed_url(key, &args.url, now.saturating_add(args.ttl).as_secs())?);
    Ok(ExitCode::SUCCESS)
}

fn signed_url(key: &ring::hmac::Key, url: &str, expires: u64) -> Result<String, Failure> {
    let host = url.find("://").map_or(0, |at| at + 3);
    let slash = url[host..].find('/').ok_or("the URL has no path")? + host;
    let (site, rest) = url.split_at(slash);
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    let whole = smooth::url::split_presentation(path).map_or(path, |(whole, _)| whole);
    let token = signed::sign(key, &smooth::url::decode(whole)?, expires);
    Ok(format!("{site}/~{token}{rest}"))
}

fn span(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err("the unit is one of s, m, h, d".to_owned()),
    };
    let count: u64 = digits.parse().map_err(|_| "a number and one of s, m, h, d".to_owned())?;
    count.checked_mul(unit).map(Duration::from_secs).ok_or_else(|| "it is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presentations_are_signed_as_a_whole_and_folders_with_all_in_them() {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"k");
        for (url, opens) in [
            ("http://o:8080/paid/a.isml/Manifest?x=1", "/paid/a.isml/QualityLevels(1)/Fragments(v=0)"),
            ("https://o/paid/a%2Eisml", "/paid/a.isml/Manifest"),
            ("/paid/", "/paid/b.isml/Manifest"),
            ("https://o/paid/film.mp4#t=1", "/paid/film.mp4"),
        ] {
            let signed = signed_url(&key, url, 1000).unwrap();
            let at = signed.find("/~").unwrap();
            let (token, rest) = signed::split(&signed[at..]).unwrap();
            assert!(url.ends_with(rest) && url.starts_with(&signed[..at]), "{signed}");
            assert_eq!(signed::verify(std::slice::from_ref(&key), token, opens, 1, 0), Ok(()), "{signed}");
        }
        assert!(signed_url(&key, "http://o", 1000).is_err());
    }

    #[test]
    fn spans_have_units() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("15m", 900), ("2h", 7200), ("7d", 604_800)] {
            assert_eq!(span(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "h", "1y", "-1s", "1 h", "99999999999999999999d", "999999999999999999d"] {
            assert!(span(text).is_err(), "{text}");
        }
    }
}
