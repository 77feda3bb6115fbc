//! The file that says who may do what. Its form is documented in `docs/security.md`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::secret::Secret;
use crate::http::peer::Identity;

/// Who may do what.
#[derive(Debug, Default)]
pub struct Credentials {
    /// Whether there is a file: without one everybody may publish, and this machine administrate.
    is_set: bool,
    users: Vec<User>,
    /// Where publishing needs no credentials.
    open: Patterns,
    /// Where watching needs a signature.
    pub(crate) signed: Patterns,
    /// Keys of signatures: the first signs, all are accepted.
    pub(crate) keys: Vec<ring::hmac::Key>,
}

/// Somebody who may do something.
#[derive(Debug)]
pub struct User {
    /// What the log calls them, and who they say they are with their password.
    pub name: String,
    password: Option<Secret>,
    token: Option<Secret>,
    certificates: Vec<String>,
    publish: Patterns,
    /// Whether they may administrate.
    pub is_admin: bool,
}

/// What a request presents.
#[derive(Clone, PartialEq, Eq)]
pub enum Claim {
    /// A name and a password.
    Basic(String, String),
    /// A token.
    Bearer(String),
}

impl Credentials {
    /// Reads the file at `path`; without a path there are none.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not of the documented form.
    pub fn load(path: &Path) -> Result<Self, Error> {
        if path.as_os_str().is_empty() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
        warn_if_others_can_read(path);
        Self::read(&text).map_err(|(line, rule)| Error::Malformed { path: path.to_owned(), line, rule })
    }

    /// The line that is wrong and why. Never the line itself: there may be a secret in it.
    fn read(text: &str) -> Result<Self, (usize, String)> {
        let file: File = toml::from_str(text).map_err(|e| {
            let line =
                e.span().map_or(0, |span| text.bytes().take(span.start).filter(|b| *b == b'\n').count() + 1);
            // Not its second half, which may quote what it found.
            (line, e.message().split([',', ':']).next().unwrap_or_default().to_owned())
        })?;
        let users = file.user.into_iter().map(User::read).collect::<Result<_, _>>().map_err(|e| (0, e))?;
        let key = |key: &String| ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key.as_bytes());
        if file.playback.keys.iter().any(|key| key.len() < MIN_KEY) {
            return Err((0, format!("a playback key has less than {MIN_KEY} characters")));
        }
        if file.playback.keys.is_empty() && !file.playback.protect.is_empty() {
            return Err((0, "playback is protected, and there is no key to sign with".to_owned()));
        }
        Ok(Self {
            is_set: true,
            users,
            open: Patterns::new(&file.anyone.publish),
            signed: Patterns::new(&file.playback.protect),
            keys: file.playback.keys.iter().map(key).collect(),
        })
    }

    /// Whether anybody may publish to `point` without saying who they are.
    #[must_use]
    pub fn is_open(&self, point: &str) -> bool {
        !self.is_set || self.open.match_path(point)
    }

    /// Whether somebody is named who may administrate.
    #[must_use]
    pub fn has_admin(&self) -> bool {
        self.users.iter().any(|user| user.is_admin)
    }

    /// The users that a request proves to come from.
    pub async fn prove(&self, claim: Option<&Claim>, identity: Option<&Identity>) -> Vec<&User> {
        let mut proven = Vec::new();
        for user in &self.users {
            if identity.is_some_and(|identity| user.has_certificate(identity)) || user.is(claim).await {
                proven.push(user);
            }
        }
        proven
    }
}

impl User {
    fn read(entry: Entry) -> Result<Self, String> {
        let name = entry.name;
        let secret = |text: Option<String>| {
            text.map(|t| Secret::read(&t)).transpose().map_err(|e| format!("the user {name}: {e}"))
        };
        let (password, token) = (secret(entry.password)?, secret(entry.token)?);
        if password.is_none() && token.is_none() && entry.certificates.is_empty() {
            return Err(format!("the user {name} has neither password, token nor certificates"));
        }
        if name.contains(':') {
            return Err(format!("the user {name}: a name has no colon"));
        }
        let certificates = entry.certificates.iter().map(|c| c.to_ascii_lowercase()).collect();
        let publish = Patterns::new(&entry.publish);
        Ok(Self { name, password, token, certificates, publish, is_admin: entry.admin })
    }

    /// Whether they may publish to the point at `path`.
    #[must_use]
    pub fn may_publish(&self, path: &str) -> bool {
        self.publish.match_path(path)
    }

    fn has_certificate(&self, identity: &Identity) -> bool {
        self.certificates.iter().any(|wanted| match wanted.strip_prefix("sha256:") {
            Some(fingerprint) => fingerprint == identity.fingerprint,
            None => identity.names.iter().any(|name| name.eq_ignore_ascii_case(wanted)),
        })
    }

    async fn is(&self, claim: Option<&Claim>) -> bool {
        match (claim, &self.password, &self.token) {
            (Some(Claim::Basic(name, password)), Some(secret), _) => {
                *name == self.name && secret.is(password).await
            }
            (Some(Claim::Bearer(token)), _, Some(secret)) => secret.is(token).await,
            _ => false,
        }
    }
}

/// Paths with `*` for any part of them, in any letter case.
#[derive(Debug, Default)]
pub(crate) struct Patterns(Vec<String>);

impl Patterns {
    fn new(patterns: &[String]) -> Self {
        Self(patterns.iter().map(|p| p.to_lowercase()).collect())
    }

    pub(crate) fn match_path(&self, path: &str) -> bool {
        let path = path.to_lowercase();
        self.0.iter().any(|pattern| matches(pattern, &path))
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == path };
    let Some(mut path) = path.strip_prefix(start) else { return false };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    // Each part at its first place: what is left for the ones after it is longest so.
    for part in middle.split('*') {
        let Some(at) = path.find(part) else { return false };
        path = &path[at + part.len()..];
    }
    path.ends_with(end)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    user: Vec<Entry>,
    #[serde(default)]
    anyone: Anyone,
    #[serde(default)]
    playback: Playback,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    password: Option<String>,
    token: Option<String>,
    #[serde(default)]
    certificates: Vec<String>,
    #[serde(default)]
    publish: Vec<String>,
    #[serde(default)]
    admin: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Anyone {
    #[serde(default)]
    publish: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Playback {
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    protect: Vec<String>,
}

/// Characters of a key.
const MIN_KEY: usize = 16;

/// Why credentials could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file cannot be opened or read.
    #[error("cannot read the credentials {path}: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not of the documented form.
    #[error("the credentials {path} are wrong{at}: {rule}", path = path.display(), at = at(*line))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where, from 1; 0 where it is no single line.
        line: usize,
        /// What is wrong.
        rule: String,
    },
}

fn at(line: usize) -> String {
    if line == 0 { String::new() } else { format!(" in line {line}") }
}

/// Says so if a file with secrets is not its owner's alone.
pub(crate) fn warn_if_others_can_read(path: &Path) {
    if is_readable_by_others(path) {
        tracing::warn!(file = %path.display(), "others can read this file with secrets: chmod 600 it");
    }
}

#[cfg(unix)]
fn is_readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).is_ok_and(|m| m.mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_readable_by_others(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_paths_in_any_letter_case() {
        for (pattern, path, expected) in [
            ("/live.isml", "/LIVE.isml", true),
            ("/live.isml", "/live.isml2", false),
            ("*", "/a/b.isml", true),
            ("/a/*", "/a/b/c.isml", true),
            ("/a/*", "/ab.isml", false),
            ("/a/*.isml", "/a/.isml", true),
            ("/*/b*.isml", "/a/b/b1.isml", true),
            ("/*/b*.isml", "/a/c.isml", false),
            ("*aa*aa", "aaa", false),
            ("*aa*aa", "aaaa", true),
            ("", "/", false),
        ] {
            assert_eq!(Patterns::new(&[pattern.to_owned()]).match_path(path), expected, "{pattern} {path}");
        }
    }

    #[tokio::test]
    async fn a_user_is_proven_by_password_token_or_certificate() {
        let text = r#"
            [[user]]
            name = "studio"
            password = "one"
            token = "two"
            certificates = ["Encoder.example", "sha256:AB"]
            publish = ["/live/*"]
            [[user]]
            name = "root"
            password = "three"
            admin = true
            [anyone]
            publish = ["/open.isml"]
        "#;
        let credentials = Credentials::read(text).unwrap();
        let basic = |n: &str, p: &str| Claim::Basic(n.to_owned(), p.to_owned());
        let identity = |name: &str, print: &str| Identity {
            names: vec![name.to_owned()],
            fingerprint: print.to_owned(),
        };
        for (claim, identity, expected) in [
            (Some(basic("studio", "one")), None, &["studio"][..]),
            (Some(basic("studio", "two")), None, &[]),
            (Some(basic("root", "one")), None, &[]),
            (Some(Claim::Bearer("two".to_owned())), None, &["studio"]),
            (Some(Claim::Bearer("one".to_owned())), None, &[]),
            (None, Some(identity("encoder.EXAMPLE", "")), &["studio"]),
            (None, Some(identity("", "ab")), &["studio"]),
            (None, Some(identity("other.example", "cd")), &[]),
            (Some(basic("root", "three")), Some(identity("", "ab")), &["studio", "root"]),
            (None, None, &[]),
        ] {
            let proven = credentials.prove(claim.as_ref(), identity.as_ref()).await;
            assert_eq!(proven.iter().map(|u| u.name.as_str()).collect::<Vec<_>>(), expected);
        }
        assert!(credentials.is_open("/Open.isml") && !credentials.is_open("/live/1.isml"));
        assert!(credentials.has_admin());
        assert!(Credentials::default().is_open("/live/1.isml") && !Credentials::default().has_admin());
    }

    #[test]
    fn a_wrong_file_is_refused_without_a_word_of_what_is_in_it() {
        for (text, line) in [
            ("[[user]]\nname = \"a\"\npassword = hunter2", 3),
            ("[[user]]\nname = \"a\"\npassword = \"hunter2\"\nhunter2 = 1", 4),
            ("[[user]]\nname = \"a\"\ntoken = [\"hunter2\"]", 3),
            ("[[user]]\nname = \"a\"\nadmin = \"hunter2\"", 3),
            ("[[user]]\nname = \"a\"\npassword = \"pbkdf2-sha256:hunter2\"", 0),
            ("[[user]]\nname = \"a\"", 0),
            ("[[user]]\nname = \"a:b\"\ntoken = \"hunter2\"", 0),
            ("[playback]\nkeys = [\"hunter2\"]", 0),
            ("[playback]\nprotect = [\"*\"]", 0),
        ] {
            let (at, rule) = Credentials::read(text).unwrap_err();
            assert_eq!(at, line, "{text}: {rule}");
            assert!(!rule.contains("hunter2") || text.contains("hunter2 ="), "{text}: {rule}");
        }
        let secret =
            "[[user]]\nname = \"a\"\npassword = \"hunter2\"\n[playback]\nkeys = [\"hunter2hunter2hunter2\"]";
        assert!(!format!("{:?}", Credentials::read(secret).unwrap()).contains("hunter2"));
    }
}
