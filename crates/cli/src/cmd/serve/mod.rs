//! `serve`: the local server, for any client in any language, until it is told to stop.

mod certificate;
mod desk;
mod engine;
mod log;
mod recording;
mod signals;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};
use tokio::net::lookup_host;
use vivavoce_server::LocalServer;

use crate::failure::Failure;
use certificate::{Certificate, Trusted};
use desk::Desk;
use engine::Engine;
use signals::Signals;

/// Serve any Realtime client from this machine, with no key and no network
#[derive(Args)]
pub(crate) struct Serve {
    /// The address or name to listen on; other machines are served only with --require-key
    #[arg(long, default_value = "127.0.0.1", value_parser = NonEmptyStringValueParser::new())]
    host: String,
    /// The port to listen on; 0 picks a free one
    #[arg(long, default_value_t = 8765)]
    port: u16,
    /// Want this key of clients; may be repeated, and without it any key is good, or none
    #[arg(long = "require-key", value_name = "KEY", value_parser = NonEmptyStringValueParser::new())]
    keys: Vec<String>,
    /// Refuse clients of the beta protocol, as the vendor does since May 2026
    #[arg(long)]
    ga_only: bool,
    /// Also serve the paths of Azure, and take its forms of the key
    #[arg(long)]
    azure: bool,
    /// Let sessions use MCP servers on this host, or on another one named so; those on this machine need no leave
    #[arg(long = "allow-mcp-host", value_name = "HOST", value_parser = NonEmptyStringValueParser::new())]
    mcp_hosts: Vec<String>,
    /// How many seconds a session may last
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    max_session: u64,
    /// Write every session to a file of its own in this folder, as JSON lines that `replay` and `check` read
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Leave the audio out of what is recorded
    #[arg(long, requires = "record")]
    no_audio: bool,
    #[command(flatten)]
    certificate: Certificate,
    #[command(flatten)]
    engine: Engine,
    /// Say on standard error who connects and leaves (connections, the default), or every event too
    #[arg(long, value_name = "WHAT", num_args = 0..=1, default_missing_value = "connections")]
    log: Option<Log>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Log {
    Connections,
    Events,
}

impl Serve {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::failed(format!("cannot start the runtime: {error}")))?;
        let result = runtime.block_on(self.serve());
        // A speech program that hangs must not keep us.
        runtime.shutdown_background();
        result
    }

    async fn serve(self) -> Result<(), Failure> {
        // Listened for before anything is said: who reads that we listen may stop us at once.
        let mut signals = Signals::listen()?;
        let bind = self.address().await?;
        if !bind.ip().to_canonical().is_loopback() && self.keys.is_empty() {
            let reason = format!(
                "other machines can reach {}, and any key is good: add --require-key KEY, or leave out --host",
                bind.ip()
            );
            return Err(Failure::Usage(reason));
        }
        let mut builder = LocalServer::builder()
            .bind(bind)
            .engine(self.engine.built_in())
            .ga_only(self.ga_only)
            .azure(self.azure)
            .max_session(Duration::from_secs(self.max_session));
        for key in &self.keys {
            builder = builder.require_key(key);
        }
        for host in &self.mcp_hosts {
            builder = builder.allow_mcp_host(host);
        }
        // They end when the server has: what it told last is written.
        let mut desks: Vec<Desk> = Vec::new();
        if let Some(folder) = &self.record {
            let (recorder, desk) = recording::start(folder, !self.no_audio)?;
            builder = builder.observe(recorder);
            desks.push(desk);
        }
        if let Some(what) = self.log {
            let (logger, desk) = log::start(what == Log::Events)?;
            builder = builder.observe(logger);
            desks.push(desk);
        }
        let tls = self.certificate.load(&self.host)?;
        let mut trusted = None;
        if let Some((tls, authority)) = tls {
            builder = builder.tls(tls);
            trusted = authority;
        }
        let server = builder.start().await.map_err(|error| cannot_listen(bind, &error))?;
        let trusted = trusted.map(Trusted::write).transpose()?;
        say(&server, trusted.as_ref())?;

        signals.next().await;
        let stopped = async {
            server.stop().await;
            for desk in desks {
                // Of a thread that panicked nothing is left to be written.
                let _ = tokio::task::spawn_blocking(|| desk.finish()).await;
            }
        };
        // Who is impatient says so again: a disk or a terminal may keep us waiting.
        tokio::select! {
            () = stopped => {}
            () = signals.next() => {}
        }
        Ok(())
    }

    async fn address(&self) -> Result<SocketAddr, Failure> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let found = lookup_host((host, self.port)).await;
        found
            .ok()
            .and_then(|mut addresses| addresses.next())
            .ok_or_else(|| Failure::failed(format!("\"{host}\" is no address of this machine; leave out --host")))
    }
}

fn say(server: &LocalServer, trusted: Option<&Trusted>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening on {}", server.url())?;
    if let Some(trusted) = trusted {
        writeln!(out, "certificate: {}", trusted.path().display())?;
    }
    Ok(out.flush()?)
}

fn cannot_listen(bind: SocketAddr, error: &io::Error) -> Failure {
    Failure::failed(match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("port {} is in use; name another with --port, or --port 0 for a free one", bind.port())
        }
        _ => format!("cannot listen on {bind}: {error}; name another address with --host and --port"),
    })
}
