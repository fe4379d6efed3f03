//! Receives deliveries, shows them on a page, and passes them on.

mod body;
mod entry;
mod forward;
mod given;
mod headers;
mod judged;
mod mask;
mod page;
mod receive;
mod routes;
mod serve;
mod store;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::watch;

use self::forward::Forward;
use self::page::Page;
use self::receive::Receiving;
use self::routes::Routes;
use self::store::{Bounds, Store};
use crate::cli::runtime;
use crate::error::Error;
use crate::net::{Reach, Target};
use crate::secrets;
use crate::senders::Senders;
use crate::show::note;

/// Connections of senders at a time.
const SENDERS: u32 = 512;

/// Connections of pages at a time.
const PAGES: u32 = 64;

/// Receive deliveries and show them on a page.
///
/// `POST /SENDER` and any path below it is a delivery of that sender. Its secret is read from the sender's variable
/// (`webhook-rs senders SENDER` names it); where it is not set, one is made for this machine, which `send` uses as well.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 if it was told to stop by Ctrl-C or SIGTERM, 2 if it could not be started."
)]
pub(crate) struct Args {
    /// Only these senders; with one, every path is its
    #[arg(value_name = "SENDER")]
    senders: Vec<String>,
    /// Receive here: point a tunnel to this address
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4000")]
    addr: SocketAddr,
    /// Show the page here, on an address that only this machine reaches
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4001")]
    page: SocketAddr,
    /// Pass on to this URL what is not forged, and its answers to the sender
    #[arg(long, value_name = "URL")]
    forward: Option<String>,
    /// Pass on what is forged, too
    #[arg(long, requires = "forward")]
    forward_all: bool,
    /// Keep the deliveries in this file
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// Keep so many deliveries
    #[arg(long, hide = true, default_value_t = 10_000)]
    keep: u64,
    /// Keep so many bytes of bodies
    #[arg(long, hide = true, default_value_t = 256 * 1024 * 1024)]
    keep_bytes: u64,
    #[command(flatten)]
    secret: secrets::From,
}

pub(crate) fn run(args: Args, senders: Senders) -> Result<ExitCode, Error> {
    if !args.page.ip().is_loopback() {
        return Err(Error::usage(format!(
            "--page {}: everyone who reaches the page sees what is received: give a loopback address, such as 127.0.0.1:4001",
            args.page
        )));
    }
    let routes = Routes::new(&args.senders, senders, &args.secret)?;
    let runtime = runtime()?;
    let writer = runtime.block_on(listen(args, routes))?;
    // With it goes everything that could add a delivery. The thread ends once it has written what was added.
    runtime.shutdown_timeout(serve::LAST);
    let deadline = Instant::now() + serve::LAST;
    while !writer.is_finished() {
        if Instant::now() > deadline {
            return Err(Error::failed(
                "the last deliveries took too long to be written: some of them are not in the file",
            ));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    match writer.join() {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(_) => Err(Error::failed("the store broke: look at what is in it")),
    }
}

/// Receives until it is told to stop, and returns the thread that writes.
async fn listen(args: Args, routes: Routes) -> Result<JoinHandle<()>, Error> {
    let receiver = bind("--addr", args.addr).await?;
    let page = bind("--page", args.page).await?;
    let (addr, page_addr) = (local(&receiver)?, local(&page)?);
    let forward = match &args.forward {
        Some(url) => Some(Forward {
            target: target(url, addr).await?,
            all: args.forward_all,
        }),
        None => None,
    };
    let path = match args.store {
        Some(path) => path,
        None => {
            let home = secrets::home()?;
            secrets::private_directory(&home)?;
            home.join("deliveries.db")
        }
    };
    let bounds = Bounds {
        deliveries: args.keep,
        bytes: args.keep_bytes,
    };
    let (store, writer) = Store::open(&path, bounds)?;
    let receiving = Arc::new(Receiving::new(routes, forward, store));
    let (stop, stopped) = watch::channel(false);
    let shown = Arc::new(Page::new(
        Arc::clone(&receiving),
        reachable(addr),
        page_addr,
        stopped.clone(),
    )?);
    // Before anyone is told that it runs, and may stop it.
    let signalled = signal();
    announce(&receiving, addr, page_addr);
    let senders = serve::serve(receiver, SENDERS, stopped.clone(), {
        let receiving = Arc::clone(&receiving);
        move |request| Arc::clone(&receiving).answer(request)
    });
    let pages = serve::serve(page, PAGES, stopped, move |request| {
        Arc::clone(&shown).answer(request)
    });
    tokio::join!(senders, pages, async {
        signalled.await;
        stop.send_replace(true);
    });
    let _some_may_last_longer = tokio::time::timeout(serve::LAST, receiving.finish()).await;
    Ok(writer)
}

async fn bind(option: &str, addr: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(addr).await.map_err(|error| {
        let what_to_do = match error.kind() {
            io::ErrorKind::AddrInUse => format!(
                "another program listens there: stop it, or give another port with {option}"
            ),
            io::ErrorKind::AddrNotAvailable => {
                format!("this machine has no such address: give another one with {option}")
            }
            _ => format!("{error}: give another address with {option}"),
        };
        Error::usage(format!("{option} {addr}: {what_to_do}"))
    })
}

fn local(listener: &TcpListener) -> Result<SocketAddr, Error> {
    listener
        .local_addr()
        .map_err(|error| Error::failed(format!("no address: {error}")))
}

/// An address that a client on this machine can connect to.
fn reachable(addr: SocketAddr) -> SocketAddr {
    match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, addr.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, addr.port()).into(),
        _ => addr,
    }
}

/// The app, which must not be this command.
async fn target(url: &str, own: SocketAddr) -> Result<Target, Error> {
    let target = Target::resolve(url, Reach::Anywhere).await?;
    let is_itself = target.addresses().iter().any(|address| {
        let own_ip = own.ip();
        address.port() == own.port()
            && (address.ip() == own_ip || (own_ip.is_unspecified() && target.is_own()))
    });
    match is_itself {
        true => Err(Error::usage(format!(
            "--forward {url}: this is where `listen` itself receives: give the URL of the app"
        ))),
        false => Ok(target),
    }
}

fn announce(receiving: &Receiving, addr: SocketAddr, page: SocketAddr) {
    if let Some(receiver) = receiving.routes.iter().next() {
        let name = &receiver.sender.name;
        note(&format!(
            "try: webhook-rs send {name} http://{}{}",
            reachable(addr),
            receiver.path()
        ));
    }
    note(&format!("page on http://{page}"));
    note(&format!("listening on http://{addr}"));
}

/// Waits for Ctrl-C or SIGTERM, from now on.
fn signal() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};

        [SignalKind::interrupt(), SignalKind::terminate()].map(signal)
    };
    async move {
        #[cfg(unix)]
        if let [Ok(mut interrupt), Ok(mut terminate)] = signals {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
