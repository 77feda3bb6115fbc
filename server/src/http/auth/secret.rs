//! A password or token that is known without being kept as it is.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{hmac, pbkdf2};
use tokio::sync::Semaphore;

/// What a presented password or token is compared with, in a time that does not depend on either.
pub struct Secret(Kind);

enum Kind {
    /// It stood in the file as it is.
    Plain(hmac::Tag),
    /// Only its hash stood there.
    Hashed(Arc<Hash>),
}

struct Hash {
    iterations: NonZeroU32,
    salt: Vec<u8>,
    hash: Vec<u8>,
    /// Of the right one, once it has been presented: hashing for each request would cost too much.
    known: OnceLock<hmac::Tag>,
}

impl Secret {
    /// A secret as it stands in a file: as it is, or what [`hash`] made of it.
    ///
    /// # Errors
    ///
    /// It begins like a hash and is none, or is empty.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        let Some(hash) = text.strip_prefix(PREFIX) else {
            let plain = (!text.is_empty()).then(|| Self(Kind::Plain(tag(text.as_bytes()))));
            return plain.ok_or("a secret is empty");
        };
        let mut parts = hash.split(':');
        let mut next = || parts.next().ok_or("a hash is incomplete");
        let iterations =
            next()?.parse::<NonZeroU32>().map_err(|_| "the iterations of a hash are no number")?;
        if iterations > MAX_ITERATIONS {
            return Err("a hash has too many iterations");
        }
        let mut bytes = || next().and_then(|p| BASE64.decode(p).map_err(|_| "a hash is not in base64url"));
        let (salt, hash) = (bytes()?, bytes()?);
        if hash.len() != HASH_BYTES {
            return Err("a hash does not have 32 bytes");
        }
        Ok(Self(Kind::Hashed(Arc::new(Hash { iterations, salt, hash, known: OnceLock::new() }))))
    }

    /// Whether `presented` is it.
    pub async fn is(&self, presented: &str) -> bool {
        let is = |tag: &hmac::Tag| hmac::verify(key(), presented.as_bytes(), tag.as_ref()).is_ok();
        let hash = match &self.0 {
            Kind::Plain(tag) => return is(tag),
            Kind::Hashed(hash) => hash,
        };
        if hash.known.get().is_some_and(is) {
            return true;
        }
        // Who guesses keeps one processor busy, not all of them.
        let Ok(_turn) = HASHING.acquire().await else { return false };
        let (hash, presented) = (Arc::clone(hash), presented.to_owned());
        tokio::task::spawn_blocking(move || hash.check(presented.as_bytes())).await.unwrap_or(false)
    }
}

impl Hash {
    fn check(&self, presented: &[u8]) -> bool {
        let right =
            pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA256, self.iterations, &self.salt, presented, &self.hash);
        if right.is_ok() {
            let _ = self.known.set(tag(presented));
        }
        right.is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// `secret` as it may stand in a file without being told to who reads it.
///
/// # Errors
///
/// The system has no random numbers.
pub fn hash(secret: &str) -> Result<String, ring::error::Unspecified> {
    let (mut salt, mut hash) = ([0; 16], [0; HASH_BYTES]);
    SystemRandom::new().fill(&mut salt)?;
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ITERATIONS, &salt, secret.as_bytes(), &mut hash);
    Ok(format!("{PREFIX}{ITERATIONS}:{}:{}", BASE64.encode(salt), BASE64.encode(hash)))
}

/// 256 random bits as text.
///
/// # Errors
///
/// The system has no random numbers.
pub fn generate() -> Result<String, ring::error::Unspecified> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(BASE64.encode(bytes))
}

fn tag(secret: &[u8]) -> hmac::Tag {
    hmac::sign(key(), secret)
}

/// Of this process: tags are compared instead of secrets, so length and content tell nothing.
fn key() -> &'static hmac::Key {
    static KEY: OnceLock<hmac::Key> = OnceLock::new();
    KEY.get_or_init(|| {
        let mut bytes = [0; 32];
        // Without random numbers the comparison is still right, and still takes the same time.
        let _ = SystemRandom::new().fill(&mut bytes);
        hmac::Key::new(hmac::HMAC_SHA256, &bytes)
    })
}

static HASHING: Semaphore = Semaphore::const_new(1);

const PREFIX: &str = "pbkdf2-sha256:";
const HASH_BYTES: usize = 32;
/// What is advised for PBKDF2 with HMAC-SHA-256 (OWASP, 2023).
const ITERATIONS: NonZeroU32 = NonZeroU32::new(600_000).unwrap();
const MAX_ITERATIONS: NonZeroU32 = NonZeroU32::new(10_000_000).unwrap();

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn plain_and_hashed_secrets_know_the_right_one_only() {
        // Few rounds: a debug build takes seconds for as many as there should be.
        let mut hash = [0; HASH_BYTES];
        let rounds = NonZeroU32::new(10).unwrap();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, b"salt", b"tango:7", &mut hash);
        let hashed = format!("{PREFIX}10:{}:{}", BASE64.encode(b"salt"), BASE64.encode(hash));
        for text in ["tango:7", &hashed] {
            let secret = Secret::read(text).unwrap();
            // Twice: the second time by what was remembered.
            for _ in 0..2 {
                assert!(secret.is("tango:7").await);
                for wrong in ["tango:8", "", &hashed] {
                    assert!(!secret.is(wrong).await, "{wrong}");
                }
            }
            assert_eq!(format!("{secret:?}"), "Secret");
        }
    }

    #[test]
    fn what_hash_makes_is_read_and_damage_is_seen() {
        assert!(Secret::read(&format!("{PREFIX}1:AAAA:{}", "A".repeat(43))).is_ok());
        for text in ["", "pbkdf2-sha256:", "pbkdf2-sha256:0:a:b", "pbkdf2-sha256:99999999:AAAA:AAAA"] {
            assert!(Secret::read(text).is_err(), "{text}");
        }
        for text in ["pbkdf2-sha256:1:AAAA", "pbkdf2-sha256:1:AAAA:AAAA", "pbkdf2-sha256:1:AAAA:?"] {
            assert!(Secret::read(text).is_err(), "{text}");
        }
    }
}
