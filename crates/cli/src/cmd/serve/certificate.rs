//! TLS for `serve`: from files, or made at start.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use vivavoce_server::{Tls, TlsError};

use crate::failure::Failure;

/// For whom a certificate that is made here is good, beside `--host`.
const OWN_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

#[derive(Args)]
pub(super) struct Certificate {
    /// Serve wss:// with the certificate in this PEM file, its chain below it
    #[arg(long, value_name = "FILE", requires = "tls_key", conflicts_with = "tls_self_signed")]
    tls_cert: Option<PathBuf>,
    /// The private key of that certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Serve wss:// with a certificate made now for localhost and --host; says in which file is what clients must trust
    #[arg(long)]
    tls_self_signed: bool,
    /// Write what clients must trust to this file, in place of one in the temporary folder
    #[arg(long, value_name = "FILE", requires = "tls_self_signed")]
    tls_cert_out: Option<PathBuf>,
}

impl Certificate {
    /// What the server needs, if it is to speak TLS, and what clients are to trust, if it was made here.
    pub(super) fn load(&self, host: &str) -> Result<Option<(Tls, Option<Trusted>)>, Failure> {
        if let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) {
            let tls = Tls::from_pem(&read(certificate)?, &read(key)?).map_err(|error| {
                let file = if matches!(error, TlsError::Key(_)) { key } else { certificate };
                Failure::failed(format!("{}: {error}", file.display()))
            })?;
            return Ok(Some((tls, None)));
        }
        if !self.tls_self_signed {
            return Ok(None);
        }
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let mut names = OWN_NAMES.to_vec();
        if !names.contains(&host) {
            names.push(host);
        }
        let (tls, pem) = Tls::self_signed(&names).map_err(|error| Failure::failed(error.to_string()))?;
        Ok(Some((tls, Some(Trusted { pem, path: self.tls_cert_out.clone().unwrap_or_default(), temporary: false }))))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::failed(format!("cannot read {}: {error}", path.display())))
}

/// The certificate of the authority, in a file. One in the temporary folder goes when the server does.
pub(super) struct Trusted {
    pem: String,
    path: PathBuf,
    temporary: bool,
}

impl Trusted {
    /// Writes it where it was asked for, else to a new file in the temporary folder.
    pub(super) fn write(mut self) -> Result<Self, Failure> {
        let written =
            if self.path.as_os_str().is_empty() { self.write_temporary() } else { fs::write(&self.path, &self.pem) };
        let failed = |error| format!("cannot write {}: {error}; name another with --tls-cert-out", self.path.display());
        written.map_err(|error| Failure::failed(failed(error)))?;
        Ok(self)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Never over a file that is there: others can write to that folder too.
    fn write_temporary(&mut self) -> io::Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        self.path = std::env::temp_dir().join(format!("vivavoce-{}-{now}.pem", std::process::id()));
        let mut file = File::create_new(&self.path)?;
        self.temporary = true;
        file.write_all(self.pem.as_bytes())
    }
}

impl Drop for Trusted {
    fn drop(&mut self) {
        if self.temporary {
            let _ = fs::remove_file(&self.path);
        }
    }
}
