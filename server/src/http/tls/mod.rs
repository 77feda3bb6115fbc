//! TLS: certificates from files or by ACME, clients by certificate, both replaceable while connections
//! last.

pub(super) mod acme;
pub(super) mod files;

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoClientAuth, WebPkiClientVerifier};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::peer::Identity;
use super::traffic::Counted;

/// What new connections are accepted with; nothing until there is a certificate.
#[derive(Debug, Default)]
pub(crate) struct Tls(ArcSwapOption<ServerConfig>);

/// A chain of certificates, the server's own first, and its key.
pub(crate) struct Certificate {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Tls {
    /// Uses `certificate` from the next connection on; those that are there stay as they are. With
    /// `authorities`, clients may show a certificate of one of them.
    ///
    /// # Errors
    ///
    /// Chain and key do not belong together, or one of them cannot be used.
    pub(crate) fn replace(
        &self,
        certificate: Certificate,
        authorities: Vec<CertificateDer<'static>>,
    ) -> Result<(), rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let verifier = if authorities.is_empty() {
            Arc::new(NoClientAuth)
        } else {
            let mut roots = rustls::RootCertStore::empty();
            for authority in authorities {
                roots.add(authority)?;
            }
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                // Viewers have none.
                .allow_unauthenticated()
                .build()
                .map_err(|e| rustls::Error::General(e.to_string()))?
        };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_single_cert(certificate.chain, certificate.key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // Viewers who come back need no memory here.
        config.ticketer = ring::Ticketer::new()?;
        self.0.store(Some(Arc::new(config)));
        Ok(())
    }

    /// Speaks TLS on a fresh connection.
    ///
    /// # Errors
    ///
    /// The handshake fails, or there is no certificate yet.
    pub(super) async fn accept(&self, stream: Counted) -> std::io::Result<TlsStream<Counted>> {
        let config =
            self.0.load_full().ok_or_else(|| std::io::Error::other("there is no certificate yet"))?;
        TlsAcceptor::from(config).accept(stream).await
    }
}

/// Who showed `certificate`, which has been verified.
pub(super) fn identity(certificate: &CertificateDer<'_>) -> Identity {
    let digest = ::ring::digest::digest(&::ring::digest::SHA256, certificate);
    let fingerprint = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let names = X509Certificate::from_der(certificate).map(|(_, c)| names(&c)).unwrap_or_default();
    Identity { names, fingerprint }
}

/// DNS names of the subject; its common name where there are none.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let alternatives = alternatives.map(|a| a.value.general_names.as_slice()).unwrap_or_default();
    let names: Vec<_> = alternatives
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        })
        .collect();
    if names.is_empty() {
        let common = certificate.subject().iter_common_name();
        return common.filter_map(|name| name.as_str().ok()).map(str::to_owned).collect();
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_known_by_its_names_and_its_fingerprint() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params =
            rcgen::CertificateParams::new(vec!["a.example".to_owned(), "b.example".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "common");
        let certificate = params.self_signed(&key).unwrap();
        let identity = identity(certificate.der());
        assert_eq!(identity.names, ["a.example", "b.example"]);
        assert_eq!(identity.fingerprint.len(), 64);

        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "common");
        let certificate = params.self_signed(&key).unwrap();
        assert_eq!(self::identity(certificate.der()).names, ["common"]);
        assert_eq!(self::identity(&CertificateDer::from(vec![1, 2, 3])).names, [""; 0]);
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let made = || {
            let key = rcgen::KeyPair::generate().unwrap();
            let params = rcgen::CertificateParams::new(vec!["o".to_owned()]).unwrap();
            (params.self_signed(&key).unwrap().der().clone(), key.serialize_der())
        };
        let ((chain, key), (_, other)) = (made(), made());
        let certificate =
            |key: &[u8]| Certificate { chain: vec![chain.clone()], key: key.to_vec().try_into().unwrap() };
        let tls = Tls::default();
        assert!(tls.replace(certificate(&other), Vec::new()).is_err());
        assert!(tls.0.load().is_none());
        tls.replace(certificate(&key), Vec::new()).unwrap();
        assert!(tls.0.load().is_some());
    }
}
