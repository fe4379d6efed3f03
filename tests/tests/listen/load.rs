use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection as File;
use webhook_tests::client::{Connection, post};
use webhook_tests::directory::Directory;

use super::listener::{Listener, sent, stripe};

const DELIVERIES: u32 = 10_000;
const PER_SECOND: u32 = 500;
const CONNECTIONS: u32 = 10;

/// Sends a share of the deliveries at its share of the rate, on one connection.
fn send(addr: std::net::SocketAddr, connection: u32, started: Instant) {
    let mut line = Connection::open(addr);
    for at in (connection..DELIVERIES).step_by(CONNECTIONS as usize) {
        let due = started + Duration::from_secs(1) * at / PER_SECOND;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let sent = sent("/stripe", &stripe(&format!("evt_{at}")));
        line.write(&[sent.head(), sent.body()].concat());
        assert_eq!(line.response().status, 200, "evt_{at}");
    }
}

#[test]
#[allow(clippy::print_stdout, reason = "figures, for `--nocapture`")]
fn ten_thousand_deliveries_at_five_hundred_a_second_are_all_in_the_file_and_the_page_answers() {
    let home = Directory::new();
    let mut listener = Listener::start(&home, &[]);
    let addr = listener.server.addr;
    // An open page that reads nothing must cost nothing.
    let mut idle = Connection::open(listener.page);
    let head = listener.head("GET", "/api/events", &[("Sec-Fetch-Site", "same-origin")]);
    idle.write(head.as_bytes());

    let started = Instant::now();
    let is_done = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = (0..CONNECTIONS)
        .map(|connection| thread::spawn(move || send(addr, connection, started)))
        .collect();
    let done = Arc::clone(&is_done);
    let waiting = thread::spawn(move || {
        let failed = senders
            .into_iter()
            .filter_map(|sender| sender.join().err())
            .count();
        done.store(true, Ordering::Relaxed);
        failed
    });
    let mut slowest = Duration::ZERO;
    let mut asked = 0_u32;
    while !is_done.load(Ordering::Relaxed) && asked < 100_000 {
        let before = Instant::now();
        let list = listener.json("/api/deliveries?limit=100&q=evt_");
        assert!(list["deliveries"].as_array().unwrap().len() <= 100);
        slowest = slowest.max(before.elapsed());
        asked += 1;
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(waiting.join().unwrap(), 0, "every delivery is answered");
    let took = started.elapsed();
    let memory = listener.server.peak_memory();
    let state = listener.json("/api/state");
    assert_eq!(state["kept"]["deliveries"], DELIVERIES);
    println!(
        "{DELIVERIES} in {took:.1?}; {asked} lists, the slowest in {slowest:.1?}; peak memory {memory:?} KiB"
    );
    assert!(
        slowest < Duration::from_secs(10),
        "the page waits {slowest:?}"
    );
    if let Some(memory) = memory {
        assert!(memory < 128 * 1024, "{memory} KiB");
    }

    listener.server.signal("TERM");
    assert!(listener.server.wait().success());
    let file = File::open(home.file("deliveries.db")).unwrap();
    let mut statement = file.prepare("SELECT delivery_id FROM deliveries").unwrap();
    let ids = statement
        .query_map((), |row| row.get::<_, String>(0))
        .unwrap();
    let ids: HashSet<String> = ids.map(Result::unwrap).collect();
    let lost: Vec<_> = (0..DELIVERIES)
        .map(|at| format!("evt_{at}"))
        .filter(|id| !ids.contains(id))
        .collect();
    assert_eq!(lost, [""; 0]);
}

#[test]
fn what_strangers_send_takes_no_more_than_its_share() {
    let home = Directory::new();
    let listener = Listener::start(&home, &["--keep", "100", "--keep-bytes", "1000000"]);
    for at in 0..50 {
        listener.deliver("/stripe", stripe(&format!("evt_{at}")));
    }
    for _ in 0..200 {
        post("/stripe", vec![b'x'; 20_000]).send(listener.server.addr);
    }
    listener.settle();
    let count = |verdict: &str| {
        let list = listener.json(&format!("/api/deliveries?limit=200&verdict={verdict}"));
        list["deliveries"].as_array().unwrap().len()
    };
    assert_eq!(count("authentic"), 50);
    // A tenth of the bytes is less than five of these.
    assert_eq!(count("refused"), 4);
    for at in 50..200 {
        listener.deliver("/stripe", stripe(&format!("evt_{at}")));
    }
    let state = listener.json("/api/state");
    assert_eq!(state["kept"]["deliveries"], 100);
    assert!(state["kept"]["bytes"].as_u64().unwrap() <= 1_000_000);
    assert_eq!(listener.list()[0]["delivery_id"], "evt_199");
}
