//! `serve`: the local server, for any client in any language, until it is told to stop.

mod signals;

use std::io::{self, Write};
use std::net::SocketAddr;

use clap::Args;
use tokio::net::lookup_host;
use vivavoce_server::LocalServer;

use crate::failure::Failure;

/// Serve any Realtime client from this machine, with no key and no network
#[derive(Args)]
pub(crate) struct Serve {
    /// The address or name to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// The port to listen on; 0 picks a free one
    #[arg(long, default_value_t = 8765)]
    port: u16,
}

impl Serve {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::failed(format!("cannot start the runtime: {error}")))?;
        runtime.block_on(self.serve())
    }

    async fn serve(&self) -> Result<(), Failure> {
        // Listened for before anything is said: who reads that we listen may stop us at once.
        let stop = signals::listen()?;
        let bind = self.address().await?;
        let server =
            LocalServer::builder().bind(bind).start().await.map_err(|error| self.cannot_listen(bind, &error))?;
        let mut out = io::stdout().lock();
        writeln!(out, "listening on {}", server.url())?;
        out.flush()?;
        drop(out);
        stop.await;
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

    fn cannot_listen(&self, bind: SocketAddr, error: &io::Error) -> Failure {
        Failure::failed(match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("port {} is in use; name another with --port, or --port 0 for a free one", bind.port())
            }
            _ => format!("cannot listen on {bind}: {error}"),
        })
    }
}
