//! The command `webhook-rs listen`, and what is sent to it.

use std::net::SocketAddr;
use std::process::Output;

use webhook_tests::directory::Directory;
use webhook_tests::server::{self, Server};

const BINARY: &str = env!("CARGO_BIN_EXE_test-webhook-rs");

/// What TusFacturas is configured with.
pub const TOKEN: &str = "tf-5b1f6c0e-token";
/// What Klap is configured with.
pub const API_KEY: &str = "klap-5b1f6c0e-api-key";

/// A running `listen`, with files of its own.
pub struct Listener {
    /// Before its files, which go when it has ended.
    server: Option<Server>,
    directory: Directory,
    /// Where it receives.
    pub addr: SocketAddr,
    /// Where its page is.
    pub page: String,
}

impl Listener {
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// The same with further arguments.
    pub fn with(arguments: &[&str]) -> Self {
        let directory = Directory::new();
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        let (server, addr, page) = launch(&directory, any, any, arguments);
        Self {
            server: Some(server),
            directory,
            addr,
            page,
        }
    }

    /// Stops the command.
    pub fn stop(&mut self) {
        self.server.take().unwrap().stop();
    }

    /// Starts it again, at the same addresses.
    pub fn restart(&mut self) {
        let page = self.page.strip_prefix("http://").unwrap().parse().unwrap();
        let (server, ..) = launch(&self.directory, self.addr, page, &[]);
        self.server = Some(server);
    }

    /// Sends a delivery as `webhook-rs send` does, to a path: `send("stripe", "/stripe", &["-e", "invoice.paid"])`.
    #[track_caller]
    pub fn send(&self, sender: &str, path: &str, arguments: &[&str]) {
        let sent = self.send_with(sender, path, arguments, TOKEN);
        let stderr = String::from_utf8_lossy(&sent.stderr);
        assert_ne!(sent.status.code(), Some(2), "{stderr}");
    }

    /// The same with a token that TusFacturas does not know.
    pub fn forge(&self, token: &str, arguments: &[&str]) {
        self.send_with("tusfacturas", "/tusfacturas", arguments, token);
    }

    fn send_with(&self, sender: &str, path: &str, arguments: &[&str], token: &str) -> Output {
        let home = self.directory.path().to_str().unwrap();
        let variables = [
            ("WEBHOOK_RS_HOME", home),
            ("TF_WEBHOOK_TOKEN", token),
            ("MULTICAJA_API_KEY", API_KEY),
        ];
        let mut command = server::command(BINARY, &variables);
        let url = format!("http://{}{path}", self.addr);
        command.args(["send", sender, &url]).args(arguments);
        server::run(command)
    }

    /// The secrets that were made for this machine.
    pub fn made_secrets(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.directory.file("secrets.toml")).unwrap();
        let values = text.lines().filter_map(|line| line.split('"').nth(1));
        values.map(str::to_owned).collect()
    }
}

fn launch(
    directory: &Directory,
    addr: SocketAddr,
    page: SocketAddr,
    arguments: &[&str],
) -> (Server, SocketAddr, String) {
    let home = directory.path().to_str().unwrap();
    let variables = [
        ("WEBHOOK_RS_HOME", home),
        ("TF_WEBHOOK_TOKEN", TOKEN),
        ("MULTICAJA_API_KEY", API_KEY),
    ];
    let mut command = server::command(BINARY, &variables);
    let (addr, page) = (addr.to_string(), page.to_string());
    command.args(["listen", "--addr", &addr, "--page", &page]);
    command.args(arguments);
    let server = Server::spawn(command);
    let lines = server.last_lines();
    let page = lines.lines().find_map(|line| line.strip_prefix("page on "));
    let page = page.expect("it says where its page is").to_owned();
    let addr = server.addr;
    (server, addr, page)
}
