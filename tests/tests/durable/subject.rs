//! The receiver on a store, and what is sent to it.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use webhook_core::testing;
use webhook_tests::client::{Connection, Request, Response, post};
use webhook_tests::directory::Directory;
use webhook_tests::postgres::{self, Cluster};
use webhook_tests::server::{Server, command};

pub const RECEIVER: &str = env!("CARGO_BIN_EXE_test-receiver-durable");
const TOKEN: &str = "s3cr3t-of-the-point-of-sale";

/// A store without anything in it.
pub struct Store {
    pub directory: Directory,
    pub url: String,
}

impl Store {
    pub fn sqlite() -> Self {
        let directory = Directory::new();
        let url = format!("sqlite:{}", directory.file("inbox.db").display());
        Self { directory, url }
    }

    pub fn postgres(cluster: &Cluster) -> Self {
        Self {
            directory: Directory::new(),
            url: cluster.create_database(),
        }
    }

    /// One of each kind that there is on this machine.
    pub fn each() -> impl Iterator<Item = Self> {
        let postgres = postgres::shared().map(Self::postgres);
        std::iter::once(Self::sqlite()).chain(postgres)
    }

    /// Starts a receiver on it.
    pub fn start(&self, variables: &[(&str, &str)]) -> Server {
        Server::start(RECEIVER, &self.variables(variables))
    }

    pub fn command(&self, variables: &[(&str, &str)]) -> std::process::Command {
        command(RECEIVER, &self.variables(variables))
    }

    pub fn variables<'a>(&'a self, others: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let mut variables = vec![
            ("STORE", &*self.url),
            ("TF_WEBHOOK_TOKEN", TOKEN),
            ("BODY_TIMEOUT_MS", "10000"),
        ];
        variables.extend(others);
        variables
    }
}

/// What happens to one invoice.
pub fn event(evento: &str, hook_id: &str, reference: &str) -> Request {
    let body = format!(
        r#"{{"evento":"{evento}","recurso":"factura","external_reference":"{reference}","hook_id":"{hook_id}"}}"#
    );
    let request = testing::tusfacturas_body(body, TOKEN);
    let sent = post("/webhook", request.body.to_vec());
    request.headers.iter().fold(sent, |sent, (name, value)| {
        sent.header(name.as_str(), value.to_str().unwrap())
    })
}

pub fn emitted(hook_id: &str) -> Request {
    event("emitido", hook_id, "1")
}

/// Sends it, and waits no longer for the answer than any sender does.
pub fn send(to: SocketAddr, request: &Request) -> io::Result<Response> {
    let limit = Duration::from_secs(30);
    let stream = TcpStream::connect_timeout(&to, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    let mut connection = Connection::over(stream);
    connection.write(&request.head());
    connection.write(&request.body());
    connection.try_response()
}

/// Whether it was acknowledged. If not, the sender is told to try again.
#[track_caller]
pub fn is_acknowledged(server: &Server, request: &Request) -> bool {
    let answer = send(server.addr, request).unwrap_or_else(|error| {
        panic!("{error}\n{}", server.last_lines());
    });
    match answer.status {
        200 => true,
        503 if answer.header("retry-after").is_some() => false,
        _ => panic!("{answer:?}\n{}", server.last_lines()),
    }
}

/// Sends it until it is acknowledged, as a sender does.
#[track_caller]
pub fn deliver(server: &Server, request: &Request) {
    let until = Instant::now() + Duration::from_secs(60);
    while !is_acknowledged(server, request) {
        assert!(Instant::now() < until, "{}", server.last_lines());
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The ids of so many events that were handled.
#[track_caller]
pub fn handled(server: &Server, events: usize) -> Vec<String> {
    let id = |()| {
        let event = server.event();
        event["event"]["hook_id"].as_str().unwrap().to_owned()
    };
    let mut ids: Vec<String> = std::iter::repeat_n((), events).map(id).collect();
    ids.sort();
    ids
}
