//! What the stores cost, each time in alternation with what a developer would write by hand:
//!
//! ```text
//! cargo bench -p webhook-tests --bench stores
//! cargo bench -p webhook-tests --bench stores -- sqlite-http
//! cargo bench -p webhook-tests --bench stores -- postgres-store --rounds 4 --seconds 1
//! ```
//!
//! The files of SQLite are in cargo's target directory, those of PostgreSQL in the directory for temporary files.

#![allow(clippy::print_stdout, reason = "a benchmark reports")]

mod by_hand;
mod http;
mod memory;
mod processes;
mod rounds;
mod size;
mod store;
#[path = "../subjects/mod.rs"]
mod subjects;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Builder;

/// How long a measurement takes.
#[derive(Clone, Copy)]
struct Options {
    rounds: usize,
    round: Duration,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    match &*arguments.iter().map(String::as_str).collect::<Vec<_>>() {
        ["child-store", file, seconds] => {
            return runtime.block_on(processes::child(file, seconds));
        }
        ["child-worker", store, count] => return runtime.block_on(memory::child(store, count)),
        _ => {}
    }
    // `cargo bench` says so; `cargo test` only wants to know that it starts.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let number = |name: &str, unless: f64| {
        let mut after = arguments.iter().skip_while(|argument| *argument != name);
        after
            .nth(1)
            .map_or(unless, |number| number.parse().expect("a number"))
    };
    let options = Options {
        rounds: number("--rounds", 10.0) as usize,
        round: Duration::from_secs_f64(number("--seconds", 3.0)),
    };
    // Numbers belong to the options.
    let wanted: Vec<_> = arguments
        .iter()
        .filter(|argument| argument.starts_with(|first: char| first.is_ascii_lowercase()))
        .collect();
    for name in &wanted {
        assert!(
            MEASUREMENTS.contains(&&***name),
            "there is no measurement {name:?}: choose from {MEASUREMENTS:?}"
        );
    }
    println!("SQLite on {}", file_system(&directories()));
    println!("PostgreSQL on {}", file_system(&std::env::temp_dir()));
    for name in MEASUREMENTS {
        if wanted.is_empty() || wanted.iter().any(|wanted| *wanted == name) {
            println!();
            runtime.block_on(measure(name, options));
        }
    }
}

const MEASUREMENTS: [&str; 9] = [
    "sqlite-store",
    "postgres-store",
    "sqlite-http",
    "postgres-http",
    "sqlite-processes",
    "sqlite-size",
    "postgres-size",
    "sqlite-memory",
    "postgres-memory",
];

async fn measure(name: &str, options: Options) {
    match name {
        "sqlite-store" => store::sqlite(options).await,
        "postgres-store" => store::postgres(options).await,
        "sqlite-http" => http::sqlite(options).await,
        "postgres-http" => http::postgres(options).await,
        "sqlite-processes" => processes::share(options),
        "sqlite-size" => size::sqlite(options).await,
        "postgres-size" => size::postgres(options).await,
        "sqlite-memory" => memory::sqlite(options).await,
        "postgres-memory" => memory::postgres(options).await,
        _ => {}
    }
}

/// A number that no other delivery of this process has.
fn fresh() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// A directory for one database, which is deleted in the end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let name = format!("stores-{}-{}", std::process::id(), fresh());
        let path = directories().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("app.db")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Where the directories are: on the file system of the target directory. Where `/tmp` is in memory, a sync is free there.
fn directories() -> PathBuf {
    env!("CARGO_TARGET_TMPDIR").into()
}

/// Type and device.
fn file_system(path: &Path) -> String {
    let df = Command::new("df")
        .args(["--output=fstype,source"])
        .arg(path)
        .output();
    let told = df.ok().and_then(|df| String::from_utf8(df.stdout).ok());
    let told = told.and_then(|told| told.lines().nth(1).map(str::to_owned));
    told.unwrap_or_else(|| "an unknown file system".to_owned())
}
