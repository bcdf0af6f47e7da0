//! TLS: what makes the server `wss://`.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const DAY: Duration = Duration::from_secs(24 * 3_600);
/// How long a certificate made here is good: browsers want no more than 398 days.
const GOOD_FOR: Duration = Duration::from_secs(365 * DAY.as_secs());

/// A certificate and its key.
#[derive(Clone)]
pub struct Tls(Arc<ServerConfig>);

/// Why there is no [`Tls`].
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// The certificate is no PEM, or has no certificate in it.
    Certificate(String),
    /// The key is no PEM, has no private key in it, or is of a kind that is not supported.
    Key(String),
    /// Certificate and key do not belong together.
    Pair(String),
    /// A name is none that a certificate can have, or no certificate could be made.
    Making(String),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(why) => write!(f, "the certificate cannot be read: {why}"),
            Self::Key(why) => write!(f, "the private key cannot be read: {why}"),
            Self::Pair(why) => write!(f, "the certificate and the key cannot be used together: {why}"),
            Self::Making(why) => write!(f, "no certificate can be made: {why}"),
        }
    }
}

impl std::error::Error for TlsError {}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(..)")
    }
}

impl Tls {
    /// From a certificate, with the chain above it, and its private key, both in PEM.
    ///
    /// # Errors
    ///
    /// One of them cannot be read, or they do not belong together.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
        let chain = chain.map_err(|error| TlsError::Certificate(error.to_string()))?;
        if chain.is_empty() {
            return Err(TlsError::Certificate("there is none in it".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| TlsError::Key(error.to_string()))?;
        Self::new(chain, key)
    }

    /// With a certificate for these host names and addresses, made now and good for a year. Also returns the PEM of the
    /// authority that signed it, which clients have to trust; its key is thrown away.
    ///
    /// # Errors
    ///
    /// A name that no certificate can have.
    pub fn self_signed(names: &[&str]) -> Result<(Self, String), TlsError> {
        let making = |error: rcgen::Error| TlsError::Making(error.to_string());
        let mut authority = CertificateParams::default();
        authority.distinguished_name.push(DnType::CommonName, "vivavoce local authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut server = CertificateParams::new(names).map_err(making)?;
        server.distinguished_name.push(DnType::CommonName, "vivavoce local server");
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.use_authority_key_identifier_extension = true;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let epoch = date_time_ymd(1970, 1, 1);
        for params in [&mut authority, &mut server] {
            // Clocks of other machines may be behind.
            params.not_before = epoch + now.saturating_sub(DAY);
            params.not_after = epoch + now + GOOD_FOR;
        }
        let authority_key = KeyPair::generate().map_err(making)?;
        let trusted = authority.self_signed(&authority_key).map_err(making)?.pem();
        let key = KeyPair::generate().map_err(making)?;
        let certificate = server.signed_by(&key, &Issuer::new(authority, authority_key)).map_err(making)?;
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| TlsError::Key(error.to_owned()))?;
        Ok((Self::new(vec![certificate.der().clone()], key)?, trusted))
    }

    fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, TlsError> {
        let pair = |error: tokio_rustls::rustls::Error| TlsError::Pair(error.to_string());
        // Named, since a program may have linked another provider too.
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(pair)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(pair)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0))
    }
}
