//! Starts the command, and talks to its two ports.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use webhook_core::testing::{self, TestRequest};
use webhook_tests::client::{Connection, Request, Response, post};
use webhook_tests::directory::Directory;
use webhook_tests::server::{self, Server};

pub const COMMAND: &str = env!("CARGO_BIN_EXE_test-webhook-rs");

pub const STRIPE: &str = "whsec_of-the-tests-0123456789";
pub const KLAP: &str = "klap-api-key-of-the-tests";
pub const TUSFACTURAS: &str = "tusfacturas-token-of-the-tests";
pub const SLACK: &str = "slack-signing-secret-of-the-tests";
pub const CARD: &str = "tok_5547983144";

pub const SECRETS: [(&str, &str); 4] = [
    ("STRIPE_WEBHOOK_SECRET", STRIPE),
    ("MULTICAJA_API_KEY", KLAP),
    ("TF_WEBHOOK_TOKEN", TUSFACTURAS),
    ("SLACK_SIGNING_SECRET", SLACK),
];

/// The command with the secrets of the tests, and files in this directory.
pub fn command(home: &Directory, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = server::command(COMMAND, variables);
    command.env("WEBHOOK_RS_HOME", home.path());
    command.arg("listen").args(arguments);
    command
}

/// A running `listen`.
pub struct Listener {
    pub server: Server,
    pub page: SocketAddr,
    /// Is deleted with it.
    #[allow(dead_code, reason = "it is only kept")]
    home: Option<Directory>,
}

impl Listener {
    #[track_caller]
    pub fn start(home: &Directory, arguments: &[&str]) -> Self {
        Self::with(home, arguments, &SECRETS)
    }

    /// With files that go with it.
    #[track_caller]
    pub fn alone(arguments: &[&str]) -> Self {
        let home = Directory::new();
        let mut listener = Self::start(&home, arguments);
        listener.home = Some(home);
        listener
    }

    #[track_caller]
    pub fn with(home: &Directory, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::of(|ports| command(home, &[arguments, ports].concat(), variables))
    }

    /// With a command that is made of the arguments for its ports.
    #[track_caller]
    pub fn of(command: impl FnOnce(&[&str]) -> Command) -> Self {
        let ports = ["--addr", "127.0.0.1:0", "--page", "127.0.0.1:0"];
        let server = Server::spawn(command(&ports));
        let lines = server.last_lines();
        let page = lines
            .lines()
            .find_map(|line| line.strip_prefix("page on http://"))
            .expect(&lines);
        Self {
            page: page.parse().unwrap(),
            server,
            home: None,
        }
    }

    /// Sends what a sender would, to this path.
    #[track_caller]
    pub fn deliver(&self, path: &str, request: TestRequest) -> Response {
        sent(path, &request).send(self.server.addr)
    }

    /// A request to the page as its own script makes it.
    #[track_caller]
    pub fn get(&self, path: &str) -> Response {
        self.ask("GET", path, &[("Sec-Fetch-Site", "same-origin")])
    }

    #[track_caller]
    pub fn json(&self, path: &str) -> Value {
        let response = self.get(path);
        let text = String::from_utf8_lossy(&response.body);
        assert_eq!(response.status, 200, "{path}: {text}");
        assert_eq!(response.header("cache-control"), Some("no-store"));
        serde_json::from_slice(&response.body).unwrap()
    }

    /// A change, as the script of the page asks for it.
    #[track_caller]
    pub fn change(&self, path: &str) -> (u16, Value) {
        self.settle();
        let origin = format!("http://{}", self.page);
        let token = self.token();
        let headers = [("Origin", &*origin), ("X-Webhook-Rs-Token", &*token)];
        let response = self.ask("POST", path, &headers);
        (
            response.status,
            serde_json::from_slice(&response.body).unwrap(),
        )
    }

    /// The token in the page.
    #[track_caller]
    pub fn token(&self) -> String {
        let page = String::from_utf8(self.get("/").body).unwrap();
        let (_, after) = page
            .split_once(r#"name="webhook-rs-token" content=""#)
            .expect("the page has a token");
        let (token, _) = after.split_once('"').unwrap();
        assert_eq!(token.len(), 64, "{token}");
        token.to_owned()
    }

    /// A request to the page with these headers, and the page's own `Host` unless they have one.
    #[track_caller]
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut connection = Connection::open(self.page);
        connection.write(self.head(method, path, headers).as_bytes());
        connection.response()
    }

    pub fn head(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> String {
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            head += &format!("Host: {}\r\n", self.page);
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if method != "GET" {
            head += "Content-Length: 0\r\n";
        }
        head + "\r\n"
    }

    /// Waits until what was answered is kept: what nobody has proven is answered first. An app may take longer to answer.
    #[track_caller]
    pub fn settle(&self) {
        let deadline = Instant::now() + Duration::from_secs(2);
        while Instant::now() < deadline && self.json("/api/state")["at_work"] != 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// All deliveries in the list, the newest first.
    #[track_caller]
    pub fn list(&self) -> Vec<Value> {
        self.settle();
        let list = self.json("/api/deliveries?limit=200");
        list["deliveries"].as_array().unwrap().clone()
    }

    /// The newest delivery in full.
    #[track_caller]
    pub fn newest(&self) -> Value {
        let id = self.list()[0]["id"].clone();
        self.json(&format!("/api/deliveries/{id}"))
    }
}

/// What a sender sends to this path.
pub fn sent(path: &str, request: &TestRequest) -> Request {
    let headers = request.headers.iter();
    headers.fold(post(path, request.body.to_vec()), |sent, (name, value)| {
        sent.header(name.as_str(), value.to_str().unwrap())
    })
}

pub fn stripe(id: &str) -> TestRequest {
    let body = format!(r#"{{"id":"{id}","object":"event","type":"invoice.paid"}}"#);
    testing::stripe(SystemTime::now(), body, STRIPE)
}

pub fn klap() -> TestRequest {
    let body = format!(r#"{{"reference_id":"r-1","order_id":"17", "token_id" : "{CARD}"}}"#);
    testing::multicaja_body(body, KLAP)
}

pub fn tusfacturas(body: &str) -> TestRequest {
    testing::tusfacturas_body(body.to_owned(), TUSFACTURAS)
}
