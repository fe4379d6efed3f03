//! One of the processes.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use webhook_tests::ledger::now;
use webhook_tests::server;

use crate::act::{Acts, Kind};

/// A process that may not listen yet. It is killed when dropped.
pub struct Process {
    child: Child,
    acts: Acts,
    stderr: PathBuf,
    addr: Option<SocketAddr>,
    stopped: Option<(Duration, Instant)>,
    pub asked_to_end: Option<Instant>,
    pub began: Instant,
}

impl Process {
    pub fn start(variables: &[(&str, &str)], directory: &Path, name: &str, acts: &Acts) -> Self {
        let stderr = directory.join(format!("{name}.stderr"));
        let from = now();
        let child = server::command(env!("CARGO_BIN_EXE_test-tortured"), variables)
            .stdout(Stdio::null())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        acts.add(Kind::Started(child.id()), from);
        Self {
            child,
            acts: acts.clone(),
            stderr,
            addr: None,
            stopped: None,
            asked_to_end: None,
            began: Instant::now(),
        }
    }

    /// Where it listens, once it does.
    pub fn addr(&mut self) -> Option<SocketAddr> {
        if self.addr.is_none() {
            let stderr = fs::read_to_string(&self.stderr).unwrap_or_default();
            let line = stderr
                .lines()
                .find_map(|line| line.strip_prefix("listening on http://"));
            // The last character of the line may not be there yet.
            self.addr = line
                .filter(|_| stderr.contains("\n\n"))
                .map(|addr| addr.parse().unwrap());
        }
        self.addr
    }

    pub fn stderr(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    pub fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    pub fn kill(&mut self) {
        let from = now();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.acts.add(Kind::Killed(self.id()), from);
        self.was_continued();
    }

    pub fn ask_to_end(&mut self) {
        let from = now();
        self.signal("TERM");
        self.acts.add(Kind::AskedToEnd(self.id()), from);
        self.asked_to_end = Some(Instant::now());
    }

    pub fn stop(&mut self, time: Duration) {
        self.stopped = Some((now(), Instant::now() + time));
        self.signal("STOP");
    }

    /// Continues it, if it was stopped for long enough.
    pub fn continue_if_due(&mut self) {
        if self
            .stopped
            .is_some_and(|(_, until)| until <= Instant::now())
        {
            self.continue_now();
        }
    }

    pub fn continue_now(&mut self) {
        if self.is_stopped() {
            self.signal("CONT");
            self.was_continued();
        }
    }

    fn was_continued(&mut self) {
        if let Some((from, _)) = self.stopped.take() {
            self.acts.add(Kind::Stopped(self.id()), from);
        }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ = self.child.wait();
    }
}
