//! A PostgreSQL of a test's own, which ends with the test, however that ends.

use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{self, Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::server::run;

/// What starts and stops the server and does what it is told on stdin. When stdin is closed, it stops the server and
/// removes its files: also when the test is killed, which runs no destructor.
const KEEPER: &str = r#"
bin=$1
dir=$(mktemp -d "${TMPDIR:-/tmp}/webhook-postgres.XXXXXX") || exit
answer() {
    if "$@" >>"$dir/log" 2>&1; then
        echo done
    else
        echo "$1: $(tail -n 5 "$dir/log" | tr '\n' ' ')"
    fi
}
stop() {
    "$bin/pg_ctl" stop -D "$dir/data" -m immediate -t 60
}
answer "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync
while read -r command port; do
    case $command in
    start)
        answer "$bin/pg_ctl" start -D "$dir/data" -l "$dir/server" -t 60 \
            -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200"
        ;;
    stop) answer stop ;;
    esac
done
stop >/dev/null 2>&1
rm -rf "$dir"
"#;

/// A running server with a directory and a port of its own.
pub struct Cluster {
    programs: PathBuf,
    port: u16,
    keeper: Mutex<Keeper>,
}

/// Why there can be no [`Cluster`].
#[derive(Debug)]
pub struct Missing(String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Missing {}

impl Cluster {
    /// Starts a server, which takes about a second.
    ///
    /// # Errors
    ///
    /// If PostgreSQL is not installed.
    ///
    /// # Panics
    ///
    /// If it is installed and does not start.
    pub fn start() -> Result<Self, Missing> {
        let programs = programs()?;
        let mut keeper = Keeper::start(&programs);
        // Another process can take a port that was free.
        let port = (0..5).find_map(|_| {
            let port = free_port();
            keeper.tell(&format!("start {port}")).ok()?;
            Some(port)
        });
        let port = port.expect("PostgreSQL starts");
        Ok(Self {
            programs,
            port,
            keeper: Mutex::new(keeper),
        })
    }

    /// The address of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Creates an empty database, and returns its address.
    #[track_caller]
    pub fn create_database(&self) -> String {
        static DATABASES: AtomicU32 = AtomicU32::new(0);
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let database = format!("test_{}_{number}", process::id());
        self.client("createdb", &[&database]);
        self.url(&database)
    }

    /// Runs SQL, and returns what `psql` prints without headings.
    #[track_caller]
    pub fn sql(&self, url: &str, sql: &str) -> String {
        let printed = self.client(
            "psql",
            &[
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                url,
                "-c",
                sql,
            ],
        );
        printed.trim_end().to_owned()
    }

    /// Stops the server as a crash does: nobody is waited for, nothing is written.
    #[track_caller]
    pub fn stop(&self) {
        self.keeper().tell("stop").unwrap();
    }

    /// Starts the server again, on the same port.
    #[track_caller]
    pub fn restart(&self) {
        self.keeper().tell(&format!("start {}", self.port)).unwrap();
    }

    fn keeper(&self) -> MutexGuard<'_, Keeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[track_caller]
    fn client(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(self.programs.join(program));
        command
            .envs([("PGHOST", "127.0.0.1"), ("PGUSER", "postgres")])
            .env("PGPORT", self.port.to_string())
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let output = run(command);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program}: {stderr}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// A server that the tests of one process share. None, and a line that says so, if PostgreSQL is not installed.
///
/// # Panics
///
/// If it is not installed, and `WEBHOOK_REQUIRE_SERVICES` is set.
pub fn shared() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Result<Cluster, Missing>> = OnceLock::new();
    match SHARED.get_or_init(Cluster::start) {
        Ok(cluster) => Some(cluster),
        Err(missing) if std::env::var_os("WEBHOOK_REQUIRE_SERVICES").is_some() => {
            panic!("{missing}");
        }
        Err(missing) => {
            #[expect(clippy::print_stdout, reason = "who runs the tests should see it")]
            {
                println!("skipped: {missing}");
            }
            None
        }
    }
}

/// The process that runs [`KEEPER`].
struct Keeper {
    process: Child,
    stdin: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Keeper {
    fn start(programs: &Path) -> Self {
        let mut command = if is_root() {
            // The server refuses to run as root.
            let mut command = Command::new("setpriv");
            command.args([
                "--reuid=postgres",
                "--regid=postgres",
                "--clear-groups",
                "--",
                "sh",
            ]);
            command
        } else {
            Command::new("sh")
        };
        let mut process = command
            .args(["-c", KEEPER, "keeper"])
            .arg(programs)
            .current_dir("/")
            .env("LC_ALL", "C")
            // A signal to the test's process group, such as Ctrl-C, must not reach what cleans up after it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut keeper = Self {
            stdin: process.stdin.take(),
            answers: BufReader::new(process.stdout.take().unwrap()),
            process,
        };
        keeper.answer().unwrap();
        keeper
    }

    fn tell(&mut self, line: &str) -> Result<(), String> {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
        self.answer()
    }

    /// Every command ends within a minute by itself.
    fn answer(&mut self) -> Result<(), String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        match line.trim_end() {
            "done" => Ok(()),
            fault => Err(fault.to_owned()),
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.process.wait();
    }
}

/// The directory of the newest server that is installed.
fn programs() -> Result<PathBuf, Missing> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .flatten()
        .filter_map(|version| {
            let number = version.file_name().to_str()?.parse().ok()?;
            Some((number, version.path().join("bin")))
        })
        .collect();
    found.sort();
    let in_path = std::env::var_os("PATH").unwrap_or_default();
    found
        .into_iter()
        .rev()
        .map(|(_, programs)| programs)
        .chain(std::env::split_paths(&in_path))
        .find(|programs| {
            ["initdb", "pg_ctl", "postgres", "createdb", "psql"]
                .iter()
                .all(|program| programs.join(program).exists())
        })
        .ok_or_else(|| {
            Missing(
                "PostgreSQL is not installed: neither in /usr/lib/postgresql nor in PATH".into(),
            )
        })
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}
