//! `usm serve`: from options to a listening node, and back.

use super::{
    Usage,
    database::{self, said},
    first::ensure_administrator,
    options::{self, Node as Options},
    output, site,
};
use crate::{
    Exports, Node,
    auth::password::Passwords,
    config::{Config, Place},
    credentials::Credentials as _,
    demo, metrics,
    store::{Missing, OpenError, Settings, SqlStore},
};
use anyhow::Context as _;
use leptos::config::get_configuration;
use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    net::{TcpListener, TcpSocket},
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// Between two tries to reach the database at the start.
const DATABASE_RETRY: Duration = Duration::from_secs(1);

/// How long requests under way may take after the signal to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// Connections that the system holds until they are taken.
const BACKLOG: u32 = 1_024;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    node: Options,
    /// On a demo database: let made-up people log in, work and leave
    #[arg(long, env = "USM_DEMO_TRAFFIC", value_parser = clap::builder::BoolishValueParser::new())]
    demo_traffic: bool,
    /// How long a PostgreSQL server that does not answer is waited for at the start
    #[arg(long, value_name = "DURATION", env = "USM_DATABASE_WAIT", default_value = "30s", value_parser = options::duration)]
    database_wait: i64,
    /// Address and port for a monitor's GET /metrics, which anybody who reaches it may ask [default: none]
    #[arg(long, value_name = "ADDRESS", env = "USM_METRICS_LISTEN", value_parser = options::address)]
    metrics_listen: Option<SocketAddr>,
}

/// Serves until Ctrl+C or SIGTERM.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let place = database::place(&args.node.database.database_url)?;
    // Wrong options and a port in use are said before a database is made. Nobody can connect before it is open: a proxy asks another node.
    args.node.config(args.node.listen)?;
    let node = Port::take(args.node.listen, "--listen")?;
    let monitor = args.metrics_listen.map(|address| Port::take(address, "--metrics-listen")).transpose()?;
    if let Place::File(path) = &place
        && args.demo_traffic
        && !path.exists()
    {
        return Err(no_demo(&place));
    }
    let config = args.node.config(node.socket.local_addr().context("The listener has no address")?)?;

    let settings = Settings::new(config.time_zone.clone(), config.limits);
    let store = open(&place, settings, Duration::from_millis(args.database_wait.unsigned_abs())).await?;
    let listeners = (node.listen()?, monitor.map(Port::listen).transpose()?);
    let served = serve(&store, listeners, config, &place, args.demo_traffic).await;
    store.close().await;
    served
}

async fn serve(
    store: &SqlStore,
    (listener, monitor): (TcpListener, Option<TcpListener>),
    config: Config,
    place: &Place,
    demo_traffic: bool,
) -> anyhow::Result<()> {
    let clock = store.clock().await.map_err(said)?;
    let demo = store.is_demo().await.map_err(said)?;
    if demo && !config.listen.ip().is_loopback() {
        return Err(Usage::error(format!(
            "{place} is a demo, whose passwords lie in a file, and is served on a loopback address only; change --listen or --database-url."
        )));
    }
    if demo_traffic && !demo {
        return Err(no_demo(place));
    }
    ensure_administrator(store, &clock, place).await?;
    let background = store.start(clock.clone());

    let stop = stop_signal()?;
    let traffic = demo_traffic.then(|| tokio::spawn(demo::traffic::run(store.clone(), clock.clone(), config.limits, stop.clone())));
    let origin = config.public_url.origin();
    let node = Node {
        config: Arc::new(config),
        store: Arc::new(store.clone()),
        credentials: Arc::new(store.clone()),
        passwords: Passwords::new(),
        exports: Exports::default(),
        clock,
        leptos: get_configuration(None).context("The LEPTOS_* variables cannot be read")?.leptos_options,
    };
    if let Some(amiss) = site::amiss(&node.leptos) {
        tracing::warn!("{amiss}");
    }
    if let Some(monitor) = monitor {
        let metrics = metrics::router(store.clone(), node.passwords.clone(), node.clock.clone()).context("Nothing can be counted")?;
        tokio::spawn(axum::serve(monitor, metrics).into_future());
    }
    let (stopping, open_pages) = (stop.clone(), store.clone());
    let app = crate::router(node).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, app).with_graceful_shutdown(async move {
        stopped(stopping).await;
        // A stream that is read would never end.
        open_pages.close_watches();
    });
    if demo {
        output::print(&demo::passwords::printed(place))?;
    }
    output::print(&format!("{origin}\n"))?;
    tracing::info!(address = origin, "serving");

    tokio::select! {
        served = serving.into_future() => served.context("The listener failed")?,
        () = async { stopped(stop.clone()).await; tokio::time::sleep(LAST_REQUESTS).await } => {
            tracing::warn!("requests were still under way and were cut off");
        }
    }
    if let Some(traffic) = traffic {
        let _ = traffic.await;
    }
    background.stop().await;
    tracing::info!("stopped");
    Ok(())
}

fn no_demo(place: &Place) -> anyhow::Error {
    Usage::error(format!("--demo-traffic is for a demo database, which {place} is not; leave it out, or make one by `usm demo`."))
}

/// Opens the database; a server that does not answer yet is waited for.
async fn open(place: &Place, settings: Settings, wait: Duration) -> anyhow::Result<SqlStore> {
    let until = Instant::now() + wait;
    loop {
        match SqlStore::open(place, Missing::Create, settings.clone()).await {
            Err(error @ (OpenError::Away(..) | OpenError::Held(_))) if Instant::now() + DATABASE_RETRY < until => {
                tracing::warn!("{error}");
                tokio::time::sleep(DATABASE_RETRY).await;
            }
            opened => return Ok(opened?),
        }
    }
}

/// An address of this machine that is taken, where nobody listens yet.
struct Port {
    address: SocketAddr,
    option: &'static str,
    socket: TcpSocket,
}

impl Port {
    fn take(address: SocketAddr, option: &'static str) -> anyhow::Result<Self> {
        let taken = || {
            let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            // As after a restart: connections of the last run are no hindrance.
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            Ok(socket)
        };
        let socket = taken().map_err(|error| cannot_open(address, option, &error))?;
        Ok(Self { address, option, socket })
    }

    fn listen(self) -> anyhow::Result<TcpListener> {
        self.socket.listen(BACKLOG).map_err(|error| cannot_open(self.address, self.option, &error))
    }
}

fn cannot_open(address: SocketAddr, option: &str, error: &io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!("{address} is in use by another program; stop it, or choose another with {option}."),
        io::ErrorKind::PermissionDenied => anyhow::anyhow!("Only root may open {address}; choose a port above 1023 with {option}."),
        _ => anyhow::anyhow!("{address} cannot be opened ({error}); choose an address of this machine with {option}."),
    }
}

/// Becomes true at the first Ctrl+C or SIGTERM. A second one ends the process at once.
fn stop_signal() -> anyhow::Result<watch::Receiver<bool>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if stop.send_replace(true) {
                std::process::exit(1);
            }
            tracing::info!("stopping: requests under way are finished");
        }
    });
    Ok(stopping)
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
