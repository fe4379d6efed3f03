//! A private Redis for tests.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// A server that ends with the test: when this is dropped, or when the process that has its input ends.
pub struct Redis {
    child: Child,
    addr: SocketAddr,
}

impl Redis {
    /// Starts a server that keeps nothing on disk.
    ///
    /// # Errors
    ///
    /// If there is no `redis-server`.
    pub fn start() -> io::Result<Self> {
        // The port may be taken until the server has it: then another is tried.
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let addr = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
            let mut redis = Self {
                child: launch(addr)?,
                addr,
            };
            while redis.child.try_wait()?.is_none() {
                if TcpStream::connect(addr).is_ok() {
                    return Ok(redis);
                }
                assert!(Instant::now() < until, "Redis does not listen");
                thread::sleep(Duration::from_millis(10));
            }
            assert!(Instant::now() < until, "Redis does not start");
        }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("redis://{}/", self.addr)
    }

    /// Stops it, as a crash would.
    pub fn stop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Starts it again, empty.
    pub fn restart(&mut self) -> io::Result<()> {
        self.stop();
        self.child = launch(self.addr)?;
        let until = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(self.addr).is_err() {
            assert!(Instant::now() < until, "Redis does not listen again");
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Holds it, as if the network were cut.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(sent.is_ok_and(|status| status.success()));
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

fn launch(addr: SocketAddr) -> io::Result<Child> {
    let port = addr.port().to_string();
    // Should the test be killed, `setpriv` has asked the system to end the server as well.
    Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "redis-server", "--port", &port])
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}

/// Whether a test that needs Redis can run; it says so if not. Where `WEBHOOK_REQUIRE_SERVICES` is set, it must.
#[allow(clippy::print_stderr, reason = "a test says what it skipped")]
pub fn is_there() -> bool {
    static THERE: OnceLock<bool> = OnceLock::new();
    *THERE.get_or_init(|| {
        let version = Command::new("redis-server").arg("--version").output();
        let is_there = version.is_ok_and(|output| output.status.success());
        let required = std::env::var_os("WEBHOOK_REQUIRE_SERVICES").is_some();
        assert!(is_there || !required, "redis-server is not installed");
        if !is_there {
            eprintln!("skipped: redis-server is not installed");
        }
        is_there
    })
}
