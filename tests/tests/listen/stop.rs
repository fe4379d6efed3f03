use std::thread;
use std::time::{Duration, Instant};

use webhook_tests::client::Connection;
use webhook_tests::directory::Directory;
use webhook_tests::patience::PATIENCE;

use super::canned::Canned;
use super::listener::{Listener, sent, stripe};

#[test]
fn what_is_being_answered_is_answered_and_kept_before_it_stops() {
    let app = Canned::start(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        Duration::from_secs(1),
    );
    let home = Directory::new();
    let mut listener = Listener::start(&home, &["--forward", &app.url("/")]);
    let sent = sent("/stripe", &stripe("evt_1"));
    let mut connection = Connection::open(listener.server.addr);
    connection.write(&sent.head());
    connection.write(&sent.body());
    let deadline = Instant::now() + PATIENCE;
    while app.seen().is_empty() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    listener.server.signal("TERM");
    assert_eq!(connection.response().status, 200);
    assert!(listener.server.wait().success());
    let again = Listener::start(&home, &[]);
    assert_eq!(again.newest()["received"], true);
}

#[test]
fn an_app_that_never_answers_does_not_keep_it_from_stopping() {
    let app = Canned::start("", Duration::from_secs(60));
    let mut listener = Listener::alone(&["--forward", &app.url("/")]);
    let sent = sent("/stripe", &stripe("evt_1"));
    let mut connection = Connection::open(listener.server.addr);
    connection.write(&sent.head());
    connection.write(&sent.body());
    let deadline = Instant::now() + PATIENCE;
    while app.seen().is_empty() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    let started = Instant::now();
    listener.server.signal("TERM");
    assert!(listener.server.wait().success());
    assert!(
        started.elapsed() < Duration::from_secs(30),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn what_came_from_a_sender_that_hung_up_is_kept_before_it_stops() {
    let app = Canned::start(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        Duration::from_secs(1),
    );
    let home = Directory::new();
    let mut listener = Listener::start(&home, &["--forward", &app.url("/")]);
    let sent = sent("/stripe", &stripe("evt_1"));
    let mut connection = Connection::open(listener.server.addr);
    connection.write(&sent.head());
    connection.write(&sent.body());
    let deadline = Instant::now() + PATIENCE;
    while app.seen().is_empty() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    connection.hang_up();
    listener.server.signal("TERM");
    assert!(listener.server.wait().success());
    assert_eq!(Listener::start(&home, &[]).newest()["received"], true);
}
