//! The servers that the tests connect to: `vivavoce serve`, as a user starts it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);
/// The one key that the server behind TLS takes.
const KEY: &str = "sk-interop";

/// A plain server that takes any key, and one behind TLS that takes one; each on a port of its own choice. They end when
/// this is dropped.
pub(crate) struct Served {
    plain: Server,
    tls: Server,
    certificate: PathBuf,
}

impl Served {
    /// Starts them; what they have to say goes into files in `folder`.
    pub(crate) fn start(binary: &Path, folder: &Path) -> Result<Self, String> {
        let certificate = folder.join("certificate.pem");
        let path = certificate.to_string_lossy();
        let closed = ["--tls-self-signed", "--tls-cert-out", &path, "--require-key", KEY, "--azure"].map(str::to_owned);
        let start = |name: &str, options: &[String]| Server::start(binary, options, folder.join(name));
        Ok(Self { plain: start("plain.log", &[])?, tls: start("tls.log", &closed)?, certificate })
    }

    /// Where they are, as the tests look for it.
    pub(crate) fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("VIVAVOCE_URL", self.plain.url.clone()),
            ("VIVAVOCE_TLS_URL", self.tls.url.clone()),
            ("VIVAVOCE_TLS_KEY", KEY.to_owned()),
        ]
    }

    /// The certificate that the server behind TLS is to be trusted with.
    pub(crate) fn certificate(&self) -> &Path {
        &self.certificate
    }

    /// Stops them; an error when one has ended by itself, or has panicked.
    pub(crate) fn stop(self) -> Result<(), String> {
        [self.plain, self.tls].into_iter().try_for_each(Server::stop)
    }
}

/// A running `vivavoce serve`; it ends when this is dropped.
pub(crate) struct Server {
    process: Child,
    url: String,
    log: PathBuf,
}

impl Server {
    /// Starts one of its own; what it has to say goes into the file `log`.
    pub(crate) fn start(binary: &Path, options: &[String], log: PathBuf) -> Result<Self, String> {
        if let Some(folder) = log.parent() {
            fs::create_dir_all(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        }
        let failed = |what: &str| format!("`vivavoce serve {}` {what}", options.join(" "));
        let errors = File::create(&log).map_err(|error| failed(&format!("has no {}: {error}", log.display())))?;
        let mut command = Command::new(binary);
        command.args(["serve", "--port", "0"]).args(options).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let process = command.spawn().map_err(|error| failed(&format!("does not start: {error}")))?;
        let mut server = Self { process, url: String::new(), log };
        match server.process.stdout.take().and_then(|output| listening(BufReader::new(output))) {
            Some(url) => server.url = url,
            None => return Err(failed(&format!("does not listen:\n{}", server.said()))),
        }
        Ok(server)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Stops it; an error when it has ended by itself, or has panicked.
    pub(crate) fn stop(mut self) -> Result<(), String> {
        let ended = self.process.try_wait().ok().flatten();
        let said = self.said();
        match ended {
            Some(status) => Err(format!("a server has ended by itself ({status}):\n{said}")),
            None if said.contains("panicked") => Err(format!("a server has panicked:\n{said}")),
            None => Ok(()),
        }
    }

    /// What it wrote to its standard error.
    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The URL of the line that says so. Goes on reading afterwards, so that the server can go on writing.
fn listening(output: impl BufRead + Send + 'static) -> Option<String> {
    let (found, url) = mpsc::channel();
    thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            if let Some(url) = line.strip_prefix("listening on ") {
                let _ = found.send(url.to_owned());
            }
        }
    });
    url.recv_timeout(PATIENCE).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_is_found_among_other_lines() {
        let output = "certificate: here.pem\nlistening on ws://127.0.0.1:1/v1/realtime\nmore\n".as_bytes();
        assert_eq!(listening(output).as_deref(), Some("ws://127.0.0.1:1/v1/realtime"));
    }

    #[test]
    fn a_server_that_ends_has_no_url() {
        assert_eq!(listening("error: no\n".as_bytes()), None);
    }
}
