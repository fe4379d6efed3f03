//! Chromium without a window, driven over WebDriver.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use url::{ParseError, Url};
use webhook_tests::directory::Directory;
use webhook_tests::patience::PATIENCE;

/// A browser with one window. It ends when this is dropped.
pub struct Browser {
    client: Client,
    _driver: Driver,
}

impl Browser {
    /// Starts one in this language, or says that there is none.
    pub async fn start(language: &str) -> Option<Self> {
        if !is_there() {
            return None;
        }
        let mut driver = Driver::start();
        let capabilities = json!({
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "args": [
                    "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars",
                    "--window-size=1400,860", format!("--lang={language}"),
                ],
                "prefs": { "intl.accept_languages": language },
            },
        });
        let Value::Object(capabilities) = capabilities else {
            unreachable!("it is an object");
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://{}", driver.addr))
            .await
            .expect("the driver starts a browser");
        driver.session = client.session_id().await.unwrap();
        Some(Self {
            client,
            _driver: driver,
        })
    }

    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// The same in a tab of its own, before the others.
    pub async fn open_in_a_tab(&self, url: &str) {
        let tab = self.client.new_window(true).await.unwrap();
        self.client.switch_to_window(tab.handle).await.unwrap();
        self.open(url).await;
    }

    /// Brings the tab to the front that was opened first.
    pub async fn first_tab(&self) {
        let tabs = self.client.windows().await.unwrap();
        let first = tabs.into_iter().next().unwrap();
        self.client.switch_to_window(first).await.unwrap();
        self.protocol("Page.bringToFront", json!({})).await;
    }

    pub async fn reload(&self) {
        self.client.refresh().await.unwrap();
    }

    /// The value of an expression in the page.
    pub async fn eval(&self, expression: &str) -> Value {
        let script = format!("return ({expression})");
        let value = self.client.execute(&script, Vec::new()).await;
        value.unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// The value of a promise in the page.
    pub async fn resolve(&self, promise: &str) -> Value {
        let script =
            format!("const done = arguments[0]; ({promise}).then(done, (why) => done(`${{why}}`))");
        let value = self.client.execute_async(&script, Vec::new()).await;
        value.unwrap_or_else(|error| panic!("{promise}: {error}"))
    }

    /// Text in the page, as it is in the document.
    pub async fn text(&self, selector: &str) -> String {
        let texts = format!(
            "[...document.querySelectorAll({})].map((it) => it.textContent).join(' | ')",
            json!(selector)
        );
        self.eval(&texts).await.as_str().unwrap().to_owned()
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub fn until(&self, condition: impl Into<String>) -> impl Future<Output = ()> + '_ {
        let condition = condition.into();
        let caller = std::panic::Location::caller();
        async move {
            let deadline = Instant::now() + PATIENCE;
            while self.eval(&condition).await != Value::Bool(true) {
                if Instant::now() > deadline {
                    let shown = self.eval("document.body.innerText").await;
                    let shown = shown.as_str().unwrap_or_default();
                    panic!("{caller}: never true: {condition}\n{shown}");
                }
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        }
    }

    /// Waits until the list has so many deliveries.
    #[track_caller]
    pub fn rows(&self, count: usize) -> impl Future<Output = ()> + '_ {
        let condition = format!("document.querySelectorAll('.row').length === {count}");
        self.until(condition)
    }

    /// Clicks as a mouse does, on what is in view.
    pub async fn click(&self, selector: &str) {
        let found = self.client.find(fantoccini::Locator::Css(selector)).await;
        let element = found.unwrap_or_else(|error| panic!("{selector}: {error}"));
        let clicked = element.click().await;
        clicked.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Presses keys, one after the other.
    pub async fn press(&self, keys: &str) {
        for key in keys.chars() {
            let actions = KeyActions::new("keyboard".to_owned())
                .then(KeyAction::Down { value: key })
                .then(KeyAction::Up { value: key });
            self.client.perform_actions(actions).await.unwrap();
        }
    }

    /// A screen of this size.
    pub async fn resize(&self, width: u32, height: u32, scale: f32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false });
        self.protocol("Emulation.setDeviceMetricsOverride", size)
            .await;
    }

    /// A system that prefers this, such as `prefers-color-scheme: dark`.
    pub async fn prefer(&self, feature: &str, value: &str) {
        let features = json!({ "features": [{ "name": feature, "value": value }] });
        self.protocol("Emulation.setEmulatedMedia", features).await;
    }

    /// A user who lets pages read the clipboard.
    pub async fn allow_clipboard(&self) {
        let permissions =
            json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        self.protocol("Browser.grantPermissions", permissions).await;
    }

    pub async fn screenshot(&self) -> Vec<u8> {
        self.client.screenshot().await.unwrap()
    }

    /// What the page has logged since it was asked last: errors, and what the browser has refused to load.
    pub async fn errors(&self) -> Vec<String> {
        let log = self.issue("se/log", json!({ "type": "browser" })).await;
        let lines = log.as_array().unwrap().iter();
        lines.map(|line| line["message"].to_string()).collect()
    }

    /// Ends it, once the page has logged no error.
    pub async fn close(self) {
        assert_eq!(self.errors().await, [""; 0]);
        self.client.close().await.unwrap();
    }

    async fn protocol(&self, method: &str, parameters: Value) {
        let command = json!({ "cmd": method, "params": parameters });
        self.issue("goog/cdp/execute", command).await;
    }

    async fn issue(&self, path: &'static str, body: Value) -> Value {
        let issued = self.client.issue_cmd(Extension { path, body }).await;
        issued.unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

/// A command of this driver that WebDriver does not have.
#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!(
            "session/{}/{}",
            session.unwrap_or_default(),
            self.path
        ))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// The program that drives the browser.
struct Driver {
    child: Child,
    addr: SocketAddr,
    session: Option<String>,
    /// For its files and those of the browser.
    _directory: Directory,
}

impl Driver {
    fn start() -> Self {
        // The port may be taken until the driver has it: then another is tried.
        let until = Instant::now() + PATIENCE;
        loop {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let addr = free.local_addr().unwrap();
            drop(free);
            let directory = Directory::new();
            let mut driver = Self {
                child: launch(addr.port(), directory.path()),
                addr,
                session: None,
                _directory: directory,
            };
            while driver.child.try_wait().unwrap().is_none() {
                if TcpStream::connect(addr).is_ok() {
                    return driver;
                }
                assert!(Instant::now() < until, "the driver does not listen");
                thread::sleep(Duration::from_millis(20));
            }
            assert!(Instant::now() < until, "the driver does not start");
        }
    }

    /// Ends a session, and with it the browser and what it has in files.
    fn end(&self, session: &str) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.addr)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(
            stream,
            "DELETE /session/{session} HTTP/1.1\r\nHost: {}\r\n\r\n",
            self.addr
        )?;
        stream.read_exact(&mut [0; 12])
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // A test that failed has not closed its browser.
        if let Some(session) = &self.session {
            drop(self.end(session));
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn launch(port: u16, directory: &Path) -> Child {
    Command::new("chromedriver")
        .arg(format!("--port={port}"))
        .env("TMPDIR", directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Whether there is a browser; it says so if not. Where `WEBHOOK_REQUIRE_BROWSER` is set, there must be one.
#[allow(clippy::print_stderr, reason = "a test says what it skipped")]
fn is_there() -> bool {
    static THERE: OnceLock<bool> = OnceLock::new();
    *THERE.get_or_init(|| {
        let has = |program: &str| {
            let version = Command::new(program).arg("--version").output();
            version.is_ok_and(|output| output.status.success())
        };
        let missing = ["chromium", "chromedriver"].into_iter().find(|it| !has(it));
        let required = std::env::var_os("WEBHOOK_REQUIRE_BROWSER").is_some();
        if let Some(program) = missing {
            assert!(!required, "{program} is not installed");
            eprintln!("skipped: {program} is not installed");
        }
        missing.is_none()
    })
}
