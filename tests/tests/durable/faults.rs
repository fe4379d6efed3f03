//! What is promised when the store fails: no delivery is acknowledged that is not stored, and when the fault is over, all that
//! were are handled, once.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use webhook_tests::postgres::{self, Cluster};
use webhook_tests::server::{Server, run};

use crate::subject::{Store, deliver, emitted, event, handled, is_acknowledged};

/// A process whose files may not grow is one whose disk is full.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_refuses_deliveries_until_there_is_space() {
    use rlimit::{Resource, prlimit};

    let store = Store::sqlite();
    let receiver = store.command(&[]);
    let mut shell = Command::new("sh");
    // Otherwise the signal for a file that grows too long would end the process.
    shell
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(receiver.get_program())
        .env_clear()
        .envs(
            receiver
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    let mut server = Server::spawn(shell);
    let pid = i32::try_from(server.id()).unwrap();
    let limit = |bytes| {
        let limits = (bytes, rlimit::INFINITY);
        prlimit(pid, Resource::FSIZE, Some(limits), None).unwrap();
    };

    limit(512 << 10);
    let reference = "x".repeat(20_000);
    let all: Vec<String> = (100..200).map(|number| format!("d{number}")).collect();
    let refused: Vec<&String> = all
        .iter()
        .filter(|id| !is_acknowledged(&server, &event("emitido", id, &reference)))
        .collect();
    assert!(
        !refused.is_empty() && refused.len() < all.len(),
        "{refused:?}"
    );
    limit(rlimit::INFINITY);
    for id in &refused {
        deliver(&server, &event("emitido", id, &reference));
    }
    assert_eq!(handled(&server, all.len()), all);
    assert_eq!(server.other_events(), [""; 0]);
    assert_eq!(left_in(&store), 0);
}

#[test]
fn a_file_that_another_process_has_locked_refuses_deliveries() {
    let store = Store::sqlite();
    let mut server = store.start(&[("HANDLER_MS", "500")]);
    // It is at work when the file is locked, and its end is recorded later.
    deliver(&server, &emitted("a"));
    thread::sleep(Duration::from_millis(200));
    let other = Connection::open(store.directory.file("inbox.db")).unwrap();
    other.busy_timeout(Duration::from_secs(5)).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let asked = Instant::now();
    assert!(!is_acknowledged(&server, &emitted("b")));
    // Before the sender hangs up.
    assert!(
        asked.elapsed() < Duration::from_secs(9),
        "{:?}",
        asked.elapsed()
    );
    other.execute_batch("rollback").unwrap();
    deliver(&server, &emitted("b"));
    assert_eq!(handled(&server, 2), ["a", "b"]);
    assert_eq!(server.other_events(), [""; 0]);
    assert_eq!(left_in(&store), 0);
}

#[test]
fn a_file_that_is_made_read_only_loses_nothing() {
    const NOBODY: u32 = 65534;
    let store = Store::sqlite();
    let file = store.directory.file("inbox.db");
    let directory = store.directory.path();
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    };
    mode(directory, 0o777);
    // Nothing is for reading only to the superuser.
    let is_root = fs::metadata(directory).unwrap().uid() == 0;
    let receiver = || {
        let mut command = store.command(&[("HANDLER_MS", "300")]);
        if is_root {
            command.uid(NOBODY).gid(NOBODY).current_dir("/");
        }
        command
    };
    if can_run(receiver()).is_err() {
        // The program is where only the superuser can read it.
        return;
    }
    let mut server = Server::spawn(receiver());
    deliver(&server, &emitted("a"));
    let files = || {
        let entries = fs::read_dir(directory).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .collect::<Vec<_>>()
    };
    for file in files() {
        mode(&file, 0o444);
    }
    mode(directory, 0o555);
    // It has the file open, so it may go on.
    let mut acknowledged = vec!["a".to_owned()];
    for id in ["b", "c"] {
        if is_acknowledged(&server, &emitted(id)) {
            acknowledged.push(id.to_owned());
        }
    }
    server.signal("KILL");
    let written = server.other_events().len();

    // Another process is told what to do.
    let refused = run(receiver());
    assert!(!refused.status.success());
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert!(stderr.contains("let this process"), "{stderr}");

    mode(directory, 0o777);
    for file in files() {
        mode(&file, 0o666);
    }
    assert!(file.exists());
    let rows: usize = count(&store, "select count(*) from webhook_inbox");
    assert_eq!(rows, acknowledged.len());
    // What was not handled waits for the lease of the process that was killed, or for nothing.
    let waits = count(
        &store,
        "select count(*) from webhook_inbox where state <= 1",
    );
    assert!(waits + written >= rows, "{waits} {written} {rows}");
}

#[test]
fn a_postgres_that_is_away_refuses_deliveries_until_it_is_back() {
    if postgres::shared().is_none() {
        return;
    }
    // Its own, since others need the shared one.
    let cluster = Cluster::start().unwrap();
    let store = Store::postgres(&cluster);
    let mut server = store.start(&[("HANDLER_MS", "1000")]);
    // It is at work when the database goes, and its end is recorded later.
    deliver(&server, &emitted("d10"));
    thread::sleep(Duration::from_millis(300));
    cluster.stop();
    let back = Instant::now() + Duration::from_secs(8);
    let mut all = vec!["d10".to_owned()];
    for number in 11..60 {
        let id = format!("d{number}");
        let asked = Instant::now();
        assert!(!is_acknowledged(&server, &emitted(&id)));
        assert!(
            asked.elapsed() < Duration::from_secs(9),
            "{:?}",
            asked.elapsed()
        );
        all.push(id);
        if Instant::now() > back {
            break;
        }
        thread::sleep(Duration::from_millis(250));
    }
    cluster.restart();
    for id in &all {
        deliver(&server, &emitted(id));
    }
    assert_eq!(handled(&server, all.len()), all);
    assert_eq!(server.other_events(), [""; 0]);
    let left = cluster.sql(
        &store.url,
        "select count(*) from webhook_inbox where state <> 'done'",
    );
    assert_eq!(left, "0");
}

/// Whether the program can be started at all: with these settings it ends at once.
fn can_run(mut command: Command) -> std::io::Result<()> {
    let mut child = command.env("ADDR", "nowhere").spawn()?;
    child.wait().map(drop)
}

/// How many deliveries are not done.
fn left_in(store: &Store) -> usize {
    count(store, "select count(*) from webhook_inbox where state <> 2")
}

fn count(store: &Store, sql: &str) -> usize {
    let file = Connection::open(store.directory.file("inbox.db")).unwrap();
    file.query_row(sql, [], |row| row.get(0)).unwrap()
}
