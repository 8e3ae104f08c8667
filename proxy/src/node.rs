//! One node: opens the catalog, starts a worker for each core, ends cleanly on SIGTERM or SIGINT.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use arc_swap::ArcSwap;
use ostrakon_catalog::job::Owner;
use ostrakon_conf::Config;
use ostrakon_meta::MetaNode;
use ostrakon_router::lexer::ServerVersion;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::account::Accounts;
use crate::commit::Commits;
use crate::deadlock::history::History;
use crate::door::Door;
use crate::exec::sequence::Sequences;
use crate::gather::budget::Users;
use crate::registry::Registry;
use crate::session::collations::Collations;

/// What all workers of a node share. Nothing here is written on the statement path.
pub struct Node {
    pub config: Config,
    pub meta: MetaNode,
    pub registry: Arc<Registry>,
    pub door: Door,
    pub tls: TlsAcceptor,
    pub sequences: Sequences,
    pub commits: Commits,
    pub accounts: Accounts,
    /// What gathered statements hold, by user.
    pub gathering: Users,
    /// Deadlocks over several groups that this node has ended.
    pub deadlocks: History,
    /// What the instances say of themselves.
    pub server: ArcSwap<ServerInfo>,
    /// True when the instances were asked, whether or not one has answered.
    pub asked: watch::Sender<bool>,
    /// True while the node takes no new clients, because a DBA drains it.
    pub draining: watch::Sender<bool>,
    /// True when the node stops.
    pub stop: watch::Sender<bool>,
}

impl Node {
    /// This process as the owner of jobs.
    pub fn owner(&self) -> Owner {
        Owner { node: self.meta.node_id(), start: self.meta.process_start() }
    }

    /// The version that clients see: the configured one, or the first instance's with `-ostrakon` added.
    pub fn version(&self) -> String {
        match self.config.server_version.as_str() {
            "" => self.server.load().version.clone(),
            configured => configured.to_owned(),
        }
    }
}

/// What clients are told of the server, and what the lexer must know of it.
#[derive(Clone, Debug)]
pub struct ServerInfo {
    /// As `VERSION()` answers.
    pub version: String,
    pub parsed: ServerVersion,
    /// Collations by number; empty until an instance was asked.
    pub collations: Arc<Collations>,
    /// How weights of strings compare, by collation: of those that a merge has had strings of (`exec::weights`).
    pub weights: Arc<ostrakon_merge::Collations>,
}

impl Default for ServerInfo {
    fn default() -> Self {
        Self {
            version: "8.0.36-ostrakon".into(),
            parsed: ServerVersion { mariadb: false, number: 80036 },
            collations: Arc::default(),
            weights: Arc::default(),
        }
    }
}

impl ServerInfo {
    /// No instance has said anything yet.
    pub fn is_assumed(&self) -> bool {
        self.collations.is_empty()
    }

    /// Reads a server's version string: `10.11.19-MariaDB-0+deb12u1`, `8.4.2`.
    pub fn parse_version(text: &str) -> ServerVersion {
        let text = text.strip_prefix("5.5.5-").unwrap_or(text);
        let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse::<u32>().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        let (major, minor, patch) = (next(), next(), next());
        ServerVersion { mariadb: text.contains("MariaDB"), number: major * 10_000 + minor * 100 + patch }
    }
}

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("data directory {directory}: {source}")]
    Directory { directory: String, source: std::io::Error },
    #[error("the catalog: {0}")]
    Meta(String),
    #[error("{0}")]
    Tls(String),
    #[error(transparent)]
    Key(#[from] crate::secret::SecretError),
    #[error("stopped: {0}")]
    Upkeep(String),
    #[error("listening on {address}: {source} (is another process using the port?)")]
    Listen { address: SocketAddr, source: std::io::Error },
    #[error("starting threads: {0}")]
    Threads(std::io::Error),
    #[error("stopped: {0}")]
    Catalog(String),
    #[error("stopped: the thread of the DDL jobs has ended (the log says why), and DDL would wait for ever")]
    Jobs,
}

/// Runs a node until it is told to stop.
pub fn run(config: Config) -> Result<(), StartError> {
    let directory = config.data_directory.display().to_string();
    std::fs::create_dir_all(&config.data_directory)
        .map_err(|source| StartError::Directory { directory: directory.clone(), source })?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("control")
        .enable_all()
        .build()
        .map_err(StartError::Threads)?;
    let tls = crate::tls::acceptor(&config).map_err(StartError::Tls)?;
    crate::backend::tls::open(&config.instance_tls).map_err(StartError::Tls)?;
    crate::backend::local::open(&config.instance_sockets);
    let accounts = Accounts::open(&config).map_err(StartError::Tls)?;
    let Some(meta) = crate::member::open(&config, &runtime)? else { return Ok(()) };
    let key = crate::upkeep::open_key(&config, &meta)?;
    let workers = match config.workers {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        n => n,
    };
    // All listeners are bound before any worker runs, so a used port is one clear error. The workers share the port; another process could
    // share it too, and take half of the clients without a word: so it must be free of all others first.
    listen(config.listen, false).map_err(|source| StartError::Listen { address: config.listen, source })?;
    let listeners = (0..workers)
        .map(|_| listen(config.listen, true))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| StartError::Listen { address: config.listen, source })?;
    let metrics = match &config.metrics {
        Some(metrics) => {
            let address = metrics.listen;
            Some(listen(address, false).map_err(|source| StartError::Listen { address, source })?)
        }
        None => None,
    };
    let node = Arc::new(Node {
        registry: Arc::new(Registry::new(config.limits.max_connections)),
        door: Door::new(&config.limits),
        tls,
        sequences: Sequences::new(config.node_id, runtime.handle().clone()),
        commits: Commits::default(),
        accounts,
        gathering: Users::default(),
        deadlocks: History::default(),
        server: ArcSwap::from_pointee(ServerInfo::default()),
        asked: watch::Sender::new(false),
        draining: watch::Sender::new(false),
        stop: watch::Sender::new(false),
        meta,
        config,
    });
    crate::call::answer(&node);
    if let Some(listener) = metrics {
        runtime.spawn(crate::metrics::server::run(Arc::clone(&node), listener));
    }
    let jobs = Arc::clone(&node);
    let (engine_runs, engine_ended) = tokio::sync::oneshot::channel::<()>();
    let jobs = std::thread::Builder::new()
        .name("jobs".to_owned())
        .spawn(move || {
            // Dropped by a panic, too.
            let _engine_runs = engine_runs;
            crate::job::engine::run(&jobs);
        })
        .map_err(StartError::Threads)?;
    let resolver = Arc::clone(&node);
    let resolver = std::thread::Builder::new()
        .name("resolver".to_owned())
        .spawn(move || crate::commit::resolver::run(&resolver))
        .map_err(StartError::Threads)?;
    let detector = Arc::clone(&node);
    let detector = std::thread::Builder::new()
        .name("deadlocks".to_owned())
        .spawn(move || crate::deadlock::detector::run(&detector))
        .map_err(StartError::Threads)?;
    let mut threads = listeners
        .into_iter()
        .enumerate()
        .map(|(index, listener)| {
            let node = Arc::clone(&node);
            std::thread::Builder::new()
                .name(format!("worker-{index}"))
                .spawn(move || crate::worker::run(&node, index, workers, listener))
                .map_err(StartError::Threads)
        })
        .collect::<Result<Vec<_>, _>>()?;
    threads.extend([jobs, resolver, detector]);
    tracing::info!(listen = %node.config.listen, workers, version = env!("CARGO_PKG_VERSION"), "serving");
    let failure = runtime.block_on(async {
        tokio::select! {
            // The engine ends when the catalog does: that is the reason to tell.
            biased;
            () = stop_signal() => None,
            reason = node.meta.stopped() => Some(StartError::Catalog(reason)),
            _ = engine_ended => Some(StartError::Jobs),
            reason = crate::upkeep::run(Arc::clone(&node), key) => Some(StartError::Upkeep(reason)),
        }
    });
    tracing::info!("stopping");
    node.stop.send_replace(true);
    for entry in node.registry.all() {
        node.registry.kill(entry.id, false);
    }
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("a worker had panicked");
        }
    }
    runtime.block_on(node.meta.clone().shutdown());
    failure.map_or(Ok(()), Err)
}

/// A listener. `shared`: it shares its port with the other workers', and the kernel spreads clients over them.
fn listen(address: SocketAddr, shared: bool) -> std::io::Result<TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    Ok(socket.into())
}

/// Resolves when the process is told to stop.
pub(crate) async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be handled: stop the node with SIGKILL");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_both_engines_are_read() {
        let maria = ServerInfo::parse_version("10.11.19-MariaDB-0+deb12u1");
        assert_eq!((maria.mariadb, maria.number), (true, 101119));
        let prefixed = ServerInfo::parse_version("5.5.5-10.6.18-MariaDB");
        assert_eq!((prefixed.mariadb, prefixed.number), (true, 100618));
        let mysql = ServerInfo::parse_version("9.7.4");
        assert_eq!((mysql.mariadb, mysql.number), (false, 90704));
    }
}
