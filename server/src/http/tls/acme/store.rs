//! What is kept of an authority: account, certificate and key.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use instant_acme::AccountCredentials;
use serde::{Deserialize, Serialize};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::Failure;
use crate::config::List;
use crate::http::tls::{Certificate, files, names};

/// A folder of our own.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
}

/// A certificate that was kept.
pub(super) struct Kept {
    pub(super) certificate: Certificate,
    names: Vec<String>,
    begins: SystemTime,
    ends: SystemTime,
}

impl Kept {
    /// Whether it is for all of `domains`.
    pub(super) fn covers(&self, domains: &List) -> bool {
        domains.iter().all(|domain| self.names.iter().any(|name| name.eq_ignore_ascii_case(domain)))
    }

    /// When it should be replaced: two thirds of its time are over.
    pub(super) fn renewal(&self) -> SystemTime {
        let life = self.ends.duration_since(self.begins).unwrap_or_default();
        self.begins + life * 2 / 3
    }
}

#[derive(Deserialize, Serialize)]
struct KeptAccount {
    directory: String,
    credentials: AccountCredentials,
}

impl Store {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The account at `directory`, if there is one.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub(super) fn account(&self, directory: &str) -> Result<Option<AccountCredentials>, Failure> {
        let text = match std::fs::read_to_string(self.folder.join(ACCOUNT)) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        // What is not as we wrote it is replaced; the error would quote the key.
        let kept: Option<KeptAccount> = serde_json::from_str(&text).ok();
        Ok(kept.filter(|kept| kept.directory == directory).map(|kept| kept.credentials))
    }

    /// Keeps the account at `directory`.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub(super) fn keep_account(
        &self,
        directory: &str,
        credentials: AccountCredentials,
    ) -> Result<(), Failure> {
        let kept = KeptAccount { directory: directory.to_owned(), credentials };
        Ok(self.write(ACCOUNT, &serde_json::to_string(&kept)?)?)
    }

    /// The certificate, if there is one.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(super) fn certificate(&self) -> Result<Option<Kept>, Failure> {
        let (chain, key) = (self.folder.join(CHAIN), self.folder.join(KEY));
        if !chain.exists() {
            return Ok(None);
        }
        let certificate = files::read(&chain, &key)?;
        let own = certificate.chain.first().ok_or("the chain is empty")?;
        let (_, own) = X509Certificate::from_der(own)?;
        let time = |seconds: i64| {
            SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
        };
        let validity = own.validity();
        let (begins, ends) = (time(validity.not_before.timestamp()), time(validity.not_after.timestamp()));
        let names = names(&own);
        Ok(Some(Kept { names, begins, ends, certificate }))
    }

    /// Keeps a certificate and its key, in PEM.
    ///
    /// # Errors
    ///
    /// They cannot be written.
    pub(super) fn keep(&self, chain: &str, key: &str) -> std::io::Result<()> {
        // The key first: a chain without it would not be looked at, a key without its chain is.
        self.write(KEY, key)?;
        self.write(CHAIN, chain)
    }

    /// As a whole, and for nobody else to read.
    fn write(&self, name: &str, text: &str) -> std::io::Result<()> {
        let mut folder = std::fs::DirBuilder::new();
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
            folder.mode(0o700);
            options.mode(0o600);
        }
        folder.recursive(true).create(&self.folder)?;
        let new = self.folder.join(format!("{name}.new"));
        let mut file = options.write(true).create(true).truncate(true).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(new, self.folder.join(name))
    }
}

const ACCOUNT: &str = "account.json";
const CHAIN: &str = "certificate.pem";
const KEY: &str = "certificate.key";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_private_and_says_when_it_is_due() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(&folder.path().join("deep/state"));
        assert!(store.certificate().unwrap().is_none());
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 4, 1);
        store.keep(&params.self_signed(&key).unwrap().pem(), &key.serialize_pem()).unwrap();
        let kept = store.certificate().unwrap().unwrap();
        assert!(kept.covers(&List::from("A.example")) && !kept.covers(&List::from("a.example,b.example")));
        let march = SystemTime::from(rcgen::date_time_ymd(2026, 3, 2));
        assert_eq!(kept.renewal(), march);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
            assert_eq!((mode(&store.folder), mode(&store.folder.join(KEY))), (0o700, 0o600));
        }
        // Another key: seen before it is used.
        let other = rcgen::KeyPair::generate().unwrap();
        std::fs::write(store.folder.join(KEY), other.serialize_pem()).unwrap();
        let kept = store.certificate().unwrap().unwrap();
        assert!(crate::http::tls::Tls::default().replace(kept.certificate, Vec::new()).is_err());
    }

    #[test]
    fn a_damaged_account_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        assert!(store.account("https://d").unwrap().is_none());
        std::fs::write(folder.path().join(ACCOUNT), "{\"directory\":\"https://d\"}").unwrap();
        assert!(store.account("https://d").unwrap().is_none());
    }
}
