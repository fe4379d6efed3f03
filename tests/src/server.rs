//! A receiver that runs in its own process.

use std::io::ErrorKind;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::patience::PATIENCE;

/// Limits that no client in a test reaches, however busy the machine is. A test of a limit sets its own.
const LONG: [(&str, &str); 3] = [
    ("ANSWER_BY_MS", "600000"),
    ("HEAD_TIMEOUT_MS", "600000"),
    ("BODY_TIMEOUT_MS", "600000"),
];

/// A running receiver. It is killed when dropped.
pub struct Server {
    child: Child,
    pub addr: SocketAddr,
    lines: Receiver<String>,
    stdout: Output,
    stderr: Output,
}

/// A command for a binary on a free port, without any variables that could change what it does.
pub fn command(binary: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary);
    command
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("ADDR", "127.0.0.1:0")
        .envs(LONG)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs a command that soon ends by itself.
#[track_caller]
pub fn run(mut command: Command) -> process::Output {
    let mut child = command.spawn().unwrap();
    // While it runs: one that has filled a pipe which nobody reads does not end.
    let stdout = read(child.stdout.take());
    let stderr = read(child.stderr.take());
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("does not end: {command:?}");
        }
        thread::sleep(Duration::from_millis(10));
    };
    process::Output {
        status,
        stdout: stdout.join().unwrap(),
        stderr: stderr.join().unwrap(),
    }
}

/// Reads all of a stream, if it is one that can be read.
fn read(stream: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut read = Vec::new();
        if let Some(mut stream) = stream {
            stream.read_to_end(&mut read).unwrap();
        }
        read
    })
}

impl Server {
    /// Starts a binary and waits until it listens.
    pub fn start(binary: &str, variables: &[(&str, &str)]) -> Self {
        Self::spawn(command(binary, variables))
    }

    /// The same for a [`command`] that was changed, or a shell that becomes it.
    pub fn spawn(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (send_line, lines) = mpsc::channel();
        let stdout = Output::collect(child.stdout.take().unwrap(), move |line| {
            let _not_awaited = send_line.send(line);
        });
        let (send_addr, addr) = mpsc::channel();
        let stderr = Output::collect(child.stderr.take().unwrap(), move |line| {
            if let Some(addr) = line.strip_prefix("listening on http://") {
                let _not_awaited = send_addr.send(addr.parse::<SocketAddr>().unwrap());
            }
        });
        let addr = addr.recv_timeout(PATIENCE);
        let mut server = Self {
            child,
            addr: ([0, 0, 0, 0], 0).into(),
            lines,
            stdout,
            stderr,
        };
        server.addr = addr
            .unwrap_or_else(|_| panic!("{command:?} does not listen:\n{}", server.stderr.text()));
        server
    }

    /// The next event on stdout.
    #[track_caller]
    pub fn event(&self) -> Value {
        let line = self
            .lines
            .recv_timeout(PATIENCE)
            .expect("an event is written to stdout");
        serde_json::from_str(&line).expect("a line is JSON")
    }

    /// The events that are on stdout by now and were not read.
    pub fn events_so_far(&self) -> Vec<String> {
        self.lines.try_iter().collect()
    }

    /// Stops the process, and returns the events that were not read: none can follow.
    #[track_caller]
    pub fn other_events(&mut self) -> Vec<String> {
        self.end();
        self.lines.try_iter().collect()
    }

    /// The commands to paste from stderr for the senders that are always served.
    pub fn commands(&self) -> Vec<String> {
        self.commands_until("Apikey")
    }

    /// The commands to paste, as soon as one of them contains this.
    pub fn commands_until(&self, last: &str) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let stderr = self.stderr.text();
            let commands: Vec<_> = stderr
                .lines()
                .filter(|line| {
                    // A command that signs a time begins with this.
                    ["curl ", "export ", "t=$(date "]
                        .iter()
                        .any(|start| line.starts_with(start))
                })
                .map(str::to_owned)
                .collect();
            if commands.iter().any(|line| line.contains(last)) {
                return commands;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("no commands:\n{}", self.stderr.text());
    }

    /// The last lines on stderr, for the message of a failing test.
    pub fn last_lines(&self) -> String {
        let stderr = self.stderr.text();
        let lines: Vec<_> = stderr.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// The peak memory of the process so far, in KiB, if the system reports it.
    pub fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_ascii_whitespace().nth(1)?.parse().ok()
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits until the process no longer listens, as after a signal to stop.
    #[track_caller]
    pub fn wait_until_closed(&self) {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match TcpStream::connect(self.addr) {
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => return,
                _ => thread::sleep(Duration::from_millis(10)),
            }
        }
        panic!("still listening:\n{}", self.stderr.text());
    }

    /// Waits for the process to end by itself.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("still running:\n{}", self.stderr.text());
    }

    /// Stops the process, and returns everything that it wrote to stdout and stderr.
    #[track_caller]
    pub fn stop(mut self) -> String {
        self.end();
        [self.stdout.text(), self.stderr.text()].concat()
    }

    /// Stops the process, if it is still running, and waits for its output.
    #[track_caller]
    fn end(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.signal("TERM");
            self.wait();
        }
        self.stdout.finish();
        self.stderr.finish();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The output of a process, collected while it runs so that it never waits for a reader.
struct Output {
    text: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Output {
    fn collect(stream: impl Read + Send + 'static, each: impl Fn(String) + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&text);
        let reader = thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            while stream
                .read_until(b'\n', &mut line)
                .is_ok_and(|read| read > 0)
            {
                let decoded = String::from_utf8_lossy(&line).into_owned();
                line.clear();
                written
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push_str(&decoded);
                each(decoded.trim_end().to_owned());
            }
        });
        Self {
            text,
            reader: Some(reader),
        }
    }

    fn text(&self) -> String {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        text.clone()
    }

    /// Waits until the text is complete, once the process has ended.
    fn finish(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
    }
}
