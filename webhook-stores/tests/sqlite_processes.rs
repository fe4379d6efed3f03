//! The store on SQLite between processes: those that are killed, that share a file, and whose disk is full.
//!
//! Each test runs this program again as another process, which takes its part from the environment.

#![cfg(all(feature = "sqlite", unix))]

mod conformance;
mod directory;

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use conformance::delivery;
use directory::Directory;
use rusqlite::Connection;
use webhook_core::guarantee::{InboxQueue as _, InboxRecords as _, InboxStore as _, Stored};
use webhook_stores::SqliteStore;

const PART: &str = "WEBHOOK_STORES_PART";
const FILE: &str = "WEBHOOK_STORES_FILE";
const NAME: &str = "WEBHOOK_STORES_NAME";
const STORERS: usize = 64;

fn child(part: &str, file: &Path, name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "in_another_process", "--nocapture"])
        .env(PART, part)
        .env(FILE, file)
        .env(NAME, name)
        .stdout(Stdio::piped());
    command
}

/// The lines that a child has printed for its parent.
fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.map_while(Result::ok).filter_map(|line| {
        let (_, told) = line.split_once("told ")?;
        // A process that is killed may have written half of a line.
        told.strip_suffix('.').map(str::to_owned)
    })
}

fn tell(what: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "told {what}.").unwrap();
    out.flush().unwrap();
}

/// Not a test unless it was started by one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_another_process() {
    let Ok(part) = std::env::var(PART) else {
        return;
    };
    let file = std::env::var(FILE).unwrap();
    let name = std::env::var(NAME).unwrap();
    match &*part {
        "store" => {
            let (stored, waits) = store_for(&file, &name, Duration::from_secs(20), true).await;
            tell(format!("the parent did not kill this: {stored} {waits:?}"));
        }
        "share" => {
            let seconds = Duration::from_secs(6);
            let (stored, mut waits) = store_for(&file, &name, seconds, false).await;
            waits.sort_unstable();
            let p99 = waits[waits.len() * 99 / 100];
            let worst = waits.last().unwrap();
            tell(format!(
                "{stored} {} {}",
                p99.as_millis(),
                worst.as_millis()
            ));
        }
        "full" => fill_the_disk(&file).await,
        "open" => match SqliteStore::open(&file) {
            Ok(_) => tell("opened"),
            Err(error) => tell(error),
        },
        _ => panic!("{part}"),
    }
}

/// Stores as fast as it can, and returns how much and how long each took.
async fn store_for(file: &str, name: &str, time: Duration, aloud: bool) -> (usize, Vec<Duration>) {
    let store = SqliteStore::open(file).unwrap();
    let began = Instant::now();
    let mut storers = tokio::task::JoinSet::new();
    for storer in 0..STORERS {
        let (store, name) = (store.clone(), name.to_owned());
        storers.spawn(async move {
            let mut waits = Vec::new();
            for number in 0..100_000 {
                if began.elapsed() > time {
                    break;
                }
                let key = format!("{name}-{storer}-{number}");
                let asked = Instant::now();
                let one = delivery("orders", Some(&key), "x".repeat(500));
                assert_eq!(store.store(one).await.unwrap(), Stored::New);
                waits.push(asked.elapsed());
                if aloud {
                    tell(&key);
                }
            }
            waits
        });
    }
    let waits = storers.join_all().await.concat();
    (waits.len(), waits)
}

#[tokio::test]
async fn what_a_killed_process_acknowledged_is_there() {
    let directory = Directory::new();
    drop(SqliteStore::open(directory.file()).unwrap());
    let mut acknowledged = Vec::new();
    for round in 0..5 {
        let mut child = child("store", &directory.file(), &format!("round{round}"))
            .spawn()
            .unwrap();
        let mut lines = lines(&mut child);
        // In the middle of it, and each time elsewhere.
        acknowledged.extend(lines.by_ref().take(150 + 77 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(lines);
    }
    assert!(acknowledged.len() > 1000, "{}", acknowledged.len());

    let store = SqliteStore::open(directory.file()).unwrap();
    for key in &acknowledged {
        let again = delivery("orders", Some(key), "x".repeat(500));
        assert_eq!(
            store.store(again).await.unwrap(),
            Stored::Duplicate,
            "{key}"
        );
    }
    let jobs = store
        .take(&["orders"], 100_000, Duration::from_secs(60))
        .await
        .unwrap();
    assert!(jobs.len() >= acknowledged.len());
    assert!(jobs.iter().all(|job| job.delivery.body().len() == 500));
    let sound: String = Connection::open(directory.file())
        .unwrap()
        .query_row("pragma integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sound, "ok");
}

#[test]
#[allow(clippy::print_stdout, reason = "for who runs it by itself")]
fn two_busy_processes_share_a_file_fairly() {
    let directory = Directory::new();
    drop(SqliteStore::open(directory.file()).unwrap());
    let mut children =
        ["one", "two"].map(|name| child("share", &directory.file(), name).spawn().unwrap());
    let shares: Vec<Vec<u64>> = children
        .iter_mut()
        .map(|child| {
            let told = lines(child).last().unwrap();
            assert!(child.wait().unwrap().success());
            told.split(' ')
                .map(|number| number.parse().unwrap())
                .collect()
        })
        .collect();
    println!("stored, p99 ms, worst ms: {shares:?}");
    let all: u64 = shares.iter().map(|share| share[0]).sum();
    for share in &shares {
        assert!(share[0] * 4 >= all, "{shares:?}");
        assert!(share[1] < 250, "{shares:?}");
    }
}

/// A process whose files may not grow is one whose disk is full.
async fn fill_the_disk(file: &str) {
    use rlimit::Resource;
    const LIMIT: u64 = 512 << 10;

    let store = SqliteStore::open(file).unwrap();
    let (_, hard) = Resource::FSIZE.get().unwrap();
    Resource::FSIZE.set(LIMIT, hard).unwrap();
    let one = |number: usize| delivery("orders", Some(&format!("k{number}")), "x".repeat(20_000));
    let mut stored = Vec::new();
    let mut errors = Vec::new();
    for number in 0..200 {
        match store.store(one(number)).await {
            Ok(_) => stored.push(number),
            Err(error) => errors.push(error.to_string()),
        }
    }
    // At once, so that they share a transaction.
    let mut storing = tokio::task::JoinSet::new();
    for number in 1000..1100 {
        let (store, one) = (store.clone(), one(number));
        storing.spawn(async move { (number, store.store(one).await) });
    }
    for (number, result) in storing.join_all().await {
        match result {
            Ok(_) => stored.push(number),
            Err(error) => errors.push(error.to_string()),
        }
    }
    Resource::FSIZE.set(hard, hard).unwrap();
    assert!(!stored.is_empty() && !errors.is_empty());
    for error in &errors {
        assert!(error.starts_with("cannot store a delivery: "), "{error}");
        assert!(error.contains("the disk"), "{error}");
    }
    assert_eq!(store.store(one(9999)).await.unwrap(), Stored::New);
    let count = store.counts().await.unwrap().remove(0).deliveries;
    assert_eq!(count as usize, stored.len() + 1, "{stored:?} {errors:?}");
    for number in stored {
        assert_eq!(store.store(one(number)).await.unwrap(), Stored::Duplicate);
    }
    tell(format!("{} failed", errors.len()));
}

#[test]
fn a_full_disk_fails_what_does_not_fit_and_works_again() {
    let directory = Directory::new();
    // The signal for a file that grows too long would end the process.
    let child = child("full", &directory.file(), "");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(child.get_program())
        .args(child.get_args())
        .stdout(Stdio::piped());
    for (name, value) in child.get_envs() {
        shell.env(name, value.unwrap());
    }
    let mut child = shell.spawn().unwrap();
    let told = lines(&mut child).last();
    assert!(child.wait().unwrap().success());
    assert!(told.unwrap().ends_with("failed"));
}

#[test]
fn a_file_that_is_for_reading_only_is_refused_with_what_to_do() {
    const NOBODY: u32 = 65534;
    let directory = Directory::new();
    drop(SqliteStore::open(directory.file()).unwrap());
    let modes = [
        // The file, and its directory.
        (0o444, 0o777),
        (0o666, 0o555),
    ];
    for (file, folder) in modes {
        let mode = std::fs::Permissions::from_mode;
        std::fs::set_permissions(directory.file(), mode(file)).unwrap();
        std::fs::set_permissions(directory.path(), mode(folder)).unwrap();
        let mut child = child("open", &directory.file(), "");
        // Nothing is for reading only to the superuser.
        let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| {
            use std::os::unix::fs::MetadataExt as _;
            own.uid() == 0
        });
        if is_root {
            child.uid(NOBODY).gid(NOBODY).current_dir("/");
        }
        let Ok(mut child) = child.spawn() else {
            // This program is where only the superuser can read it.
            return;
        };
        let told = lines(&mut child).last().unwrap_or_default();
        child.wait().unwrap();
        std::fs::set_permissions(directory.path(), mode(0o777)).unwrap();
        assert!(told.starts_with("cannot open the inbox: "), "{told}");
        assert!(told.contains("let this process"), "{told}");
    }
}

#[test]
fn many_processes_open_a_new_file_at_once() {
    let directory = Directory::new();
    let children = [(); 6].map(|()| child("open", &directory.file(), "").spawn().unwrap());
    for mut child in children {
        assert_eq!(lines(&mut child).last().as_deref(), Some("opened"));
        child.wait().unwrap();
    }
}
