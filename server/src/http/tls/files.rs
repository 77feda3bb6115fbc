//! Certificates and keys in PEM files.

use std::path::{Path, PathBuf};

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::Certificate;
use crate::http::auth::credentials::warn_if_others_can_read;

/// Reads a chain and its key.
///
/// # Errors
///
/// A file cannot be read, or does not hold what it should.
pub(crate) fn read(chain: &Path, key: &Path) -> Result<Certificate, Error> {
    warn_if_others_can_read(key);
    let broken = |source| Error { path: key.to_owned(), source };
    Ok(Certificate { chain: certificates(chain)?, key: PrivateKeyDer::from_pem_file(key).map_err(broken)? })
}

/// Reads certificates, at least one.
///
/// # Errors
///
/// The file cannot be read, or holds no certificate.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let broken = |source| Error { path: path.to_owned(), source };
    let all: Vec<_> =
        CertificateDer::pem_file_iter(path).map_err(broken)?.collect::<Result<_, _>>().map_err(broken)?;
    if all.is_empty() { Err(broken(pem::Error::NoItemsFound)) } else { Ok(all) }
}

/// A PEM file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {path}: {source}", path = path.display())]
pub(crate) struct Error {
    /// The file.
    path: PathBuf,
    /// Why.
    source: pem::Error,
}
