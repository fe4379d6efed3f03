use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use webhook_tests::patience::PATIENCE;

use super::listener::{Listener, stripe};

/// A page that listens to what arrives.
struct Events {
    stream: TcpStream,
    read: String,
}

impl Events {
    fn open(listener: &Listener, last: Option<&str>) -> Self {
        let mut headers = vec![("Sec-Fetch-Site", "same-origin")];
        headers.extend(last.map(|last| ("Last-Event-ID", last)));
        let mut stream = TcpStream::connect(listener.page).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        let head = listener.head("GET", "/api/events", &headers);
        stream.write_all(head.as_bytes()).unwrap();
        let mut events = Self {
            stream,
            read: String::new(),
        };
        events.until(|text| text.contains("retry: "));
        assert!(events.read.starts_with("HTTP/1.1 200"), "{}", events.read);
        assert!(events.read.contains("content-type: text/event-stream"));
        events
    }

    /// What was sent, as soon as it is enough.
    #[track_caller]
    fn until(&mut self, is_enough: impl Fn(&str) -> bool) -> &str {
        let deadline = Instant::now() + PATIENCE;
        let mut bytes = [0; 16 * 1024];
        while !is_enough(&self.read) {
            assert!(Instant::now() < deadline, "not enough: {}", self.read);
            match self.stream.read(&mut bytes) {
                Ok(0) => panic!("ended: {}", self.read),
                Ok(read) => self.read += &String::from_utf8_lossy(&bytes[..read]),
                Err(_nothing_yet) => {}
            }
        }
        &self.read
    }

    /// Whether the stream is ended by the server.
    fn is_ended(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        let mut bytes = [0; 1024];
        while Instant::now() < deadline {
            match self.stream.read(&mut bytes) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return true,
                Err(_) => {}
            }
        }
        false
    }
}

/// The ids of the deliveries in what was sent.
fn ids(text: &str) -> Vec<u32> {
    let ids = text.lines().filter_map(|line| line.strip_prefix("id: "));
    ids.map(|id| id.parse().unwrap()).collect()
}

#[test]
fn a_delivery_is_shown_as_it_arrives() {
    let listener = Listener::alone(&[]);
    let mut events = Events::open(&listener, None);
    listener.deliver("/stripe", stripe("evt_1"));
    let text = events.until(|text| text.contains("\"took_ms\""));
    assert!(
        text.contains("id: 1\nevent: delivery\ndata: {\"id\":1,"),
        "{text}"
    );
    listener.change("/api/clear");
    events.until(|text| text.contains("event: reload\n"));
}

#[test]
fn a_page_that_was_away_is_told_what_it_missed() {
    let listener = Listener::alone(&[]);
    for at in 0..5 {
        listener.deliver("/stripe", stripe(&format!("evt_{at}")));
    }
    let mut events = Events::open(&listener, Some("2"));
    events.until(|text| text.contains("id: 5\n"));
    listener.deliver("/stripe", stripe("evt_5"));
    let text = events.until(|text| text.contains("id: 6\n"));
    assert_eq!(ids(text), [3, 4, 5, 6]);

    // Of a store that has been replaced since, or not a number at all.
    for last in ["99", "x", "-"] {
        let mut events = Events::open(&listener, Some(last));
        let text = events.until(|text| text.contains("event: reload\n"));
        assert_eq!(ids(text), [0; 0]);
    }
}

#[test]
fn a_page_that_missed_more_than_two_hundred_loads_again() {
    let listener = Listener::alone(&[]);
    for at in 0..201 {
        listener.deliver("/stripe", stripe(&format!("evt_{at}")));
    }
    let mut just = Events::open(&listener, Some("1"));
    assert_eq!(
        ids(just.until(|text| text.contains("id: 201\n"))).len(),
        200
    );
    let mut more = Events::open(&listener, Some("0"));
    assert_eq!(
        ids(more.until(|text| text.contains("event: reload\n"))),
        [0; 0]
    );
}

#[test]
fn a_page_is_told_that_the_command_stops() {
    let mut listener = Listener::alone(&[]);
    let mut events = Events::open(&listener, None);
    let started = Instant::now();
    listener.server.signal("INT");
    assert!(events.is_ended());
    assert!(listener.server.wait().success());
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "an open page keeps nothing waiting"
    );
}
