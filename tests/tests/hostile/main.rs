//! Hostile clients, on real sockets against the real receivers. All attacks on a receiver run at once, and a
//! well-behaved client is served meanwhile.
//!
//! The comment on each attack says what it asserts: the answer, that the connection is closed, or only that the
//! receiver stays healthy. All together assert: no forged event, every authentic one exactly once, bounded memory, and
//! a well-behaved client that is served.
//!
//! No time here judges the machine: an attack that does not end fails after [`PATIENCE`].

mod gone;
mod http2;
mod line;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use line::Line;
use webhook_core::testing::multicaja_digest;
use webhook_tests::patience::PATIENCE;
use webhook_tests::server::Server;

const RECEIVERS: [&str; 2] = webhook_tests::receivers!();

const TOKEN: &str = "token-that-the-sender-knows";
const API_KEY: &str = "key-that-the-sender-knows";

/// The time limit for headers and for a body: less than the default, since the slow attacks last that long, but far
/// more than a well-behaved client needs, on a busy machine and under all attacks at once.
const LIMIT: Duration = Duration::from_secs(3);

/// How long a slow client waits after each of its [`BYTES`]. The total is longer than the limit.
const PAUSE: Duration = Duration::from_millis(250);
const BYTES: usize = 14;

/// The number of connections that hang at once.
const HANGING: usize = 1_000;

/// The most memory that a receiver may use during all of this: debug builds, 1,000 connections, HTTP/2 streams.
const MEMORY: u64 = 64 * 1024;

/// The number of events sent by an attack that must arrive.
type Events = usize;

struct Attack {
    name: &'static str,
    run: fn(SocketAddr, Receiver) -> Events,
}

#[derive(Clone, Copy, PartialEq)]
enum Receiver {
    Axum,
    Actix,
}

const ATTACKS: [Attack; 21] = [
    Attack {
        name: "a body that trickles in",
        run: slow_body,
    },
    Attack {
        name: "headers that trickle in",
        run: slow_head,
    },
    Attack {
        name: "a thousand connections that hang",
        run: hanging,
    },
    Attack {
        name: "a body shorter than its length",
        run: short_body,
    },
    Attack {
        name: "a body longer than its length",
        run: long_body,
    },
    Attack {
        name: "both lengths at once",
        run: both_lengths,
    },
    Attack {
        name: "two lengths that differ",
        run: two_lengths,
    },
    Attack {
        name: "a length that is not one",
        run: odd_lengths,
    },
    Attack {
        name: "endless chunks",
        run: endless_chunks,
    },
    Attack {
        name: "endless chunks without a credential",
        run: endless_forged_chunks,
    },
    Attack {
        name: "an endless chunk extension",
        run: endless_extension,
    },
    Attack {
        name: "endless trailers",
        run: endless_trailers,
    },
    Attack {
        name: "endless headers",
        run: endless_head,
    },
    Attack {
        name: "an endless target",
        run: endless_target,
    },
    Attack {
        name: "Expect: 100-continue",
        run: expects_continue,
    },
    Attack {
        name: "good and forged requests on one connection",
        run: pipelined,
    },
    Attack {
        name: "requests whose answers are not read",
        run: unread_answers,
    },
    Attack {
        name: "no HTTP at all",
        run: no_http,
    },
    Attack {
        name: "gone between headers and body",
        run: gone_before_body,
    },
    Attack {
        name: "connections opened and dropped",
        run: churn,
    },
    Attack {
        name: "many HTTP/2 streams",
        run: http2::streams,
    },
];

#[test]
fn no_hostile_client_gets_an_event_in_or_keeps_a_sender_out() {
    open_many_files();
    let both = [Receiver::Axum, Receiver::Actix];
    thread::scope(|scope| {
        let runs = both.map(|receiver| scope.spawn(move || attack(receiver)));
        let failed = runs.map(|run| run.join().is_err());
        assert_eq!(failed, [false; 2], "axum, actix");
    });
}

/// The limits of these receivers are longer than the client waits: nobody was disconnected to make room for the
/// sender.
#[test]
fn a_thousand_connections_that_hang_keep_no_sender_out() {
    open_many_files();
    for binary in RECEIVERS {
        let server = Server::start(binary, &[("TF_WEBHOOK_TOKEN", TOKEN)]);
        let mut lines = hang(server.addr);
        let mut sender = Line::open(server.addr);
        sender.send(authentic("well-meant"));
        assert_eq!(sender.answers(1), [200], "{binary}");
        assert!(lines.iter_mut().all(Line::is_open), "{binary}");
    }
}

/// The attacks need many files: all attacking connections are in this process.
fn open_many_files() {
    let files = rlimit::increase_nofile_limit(8192).unwrap();
    assert!(
        files > 3 * HANGING as u64 + 500,
        "the system allows {files} open files"
    );
}

#[allow(clippy::print_stdout, reason = "figures, for `--nocapture`")]
fn attack(receiver: Receiver) {
    let binary = RECEIVERS[receiver as usize];
    let limit = LIMIT.as_millis().to_string();
    let mut server = Server::start(
        binary,
        &[
            ("TF_WEBHOOK_TOKEN", TOKEN),
            ("MULTICAJA_API_KEY", API_KEY),
            ("HEAD_TIMEOUT_MS", &limit),
            ("BODY_TIMEOUT_MS", &limit),
        ],
    );
    let addr = server.addr;
    let over = AtomicBool::new(false);
    let (sent, longest) = thread::scope(|scope| {
        let client = scope.spawn(|| mean_well(addr, &over));
        let attacks: Vec<_> = ATTACKS
            .iter()
            .map(|attack| {
                (
                    attack.name,
                    scope.spawn(move || (attack.run)(addr, receiver)),
                )
            })
            .collect();
        let mut sent = 0;
        let mut failed = Vec::new();
        for (name, attack) in attacks {
            match attack.join() {
                Ok(events) => sent += events,
                Err(_) => failed.push(name),
            }
        }
        over.store(true, Ordering::Relaxed);
        let (events, longest) = client.join().expect("the well-behaved client is served");
        assert_eq!(failed, [""; 0], "{binary}");
        (sent + events, longest)
    });

    let peak = server.peak_memory();
    println!("{binary}: {sent} events, longest answer {longest:?}, peak memory {peak:?} KiB");
    // The lines are written before the answers, but read by a thread.
    for _ in 0..sent {
        let event = server.event();
        assert!(!event.to_string().contains("forged"), "{event}");
    }
    assert_eq!(server.other_events(), [""; 0], "{binary}");
    if let Some(peak) = peak {
        assert!(peak < MEMORY, "{binary}: {peak} KiB");
    }
    // A panic in a server's task ends only that task: only the log shows it.
    let written = server.stop();
    assert!(!written.contains("panicked"), "{written}");
}

/// A well-behaved sender, on a new connection each time. Returns how many events it sent, and its longest wait.
fn mean_well(addr: SocketAddr, over: &AtomicBool) -> (Events, Duration) {
    let mut events = 0;
    let mut longest = Duration::ZERO;
    while !over.load(Ordering::Relaxed) {
        let asked = Instant::now();
        let mut line = Line::open(addr);
        line.send(authentic("well-meant"));
        assert_eq!(line.answers(1), [200]);
        longest = longest.max(asked.elapsed());
        events += 1;
        thread::sleep(Duration::from_millis(100));
    }
    (events, longest)
}

fn event(reference: &str) -> String {
    format!(r#"{{"evento":"test","external_reference":"{reference}"}}"#)
}

fn head(token: &str, framing: &str) -> String {
    format!(
        "POST /webhook HTTP/1.1\r\nHost: receiver\r\nTF-WebhookToken: {token}\r\n{framing}\r\n\r\n"
    )
}

fn request(token: &str, reference: &str) -> String {
    let body = event(reference);
    head(token, &format!("Content-Length: {}", body.len())) + &body
}

fn authentic(reference: &str) -> String {
    request(TOKEN, reference)
}

fn forged() -> String {
    request("guessed", "forged")
}

/// 408 and the end after the limit, however much has arrived by then.
fn slow_body(addr: SocketAddr, _: Receiver) -> Events {
    let mut line = Line::open(addr);
    line.send(head(TOKEN, "Content-Length: 60"));
    for byte in event("forged-by-being-slow").bytes().take(BYTES) {
        if !line.send([byte]) {
            break;
        }
        thread::sleep(PAUSE);
    }
    let answers = line.until_closed();
    assert!(line.opened.elapsed() >= LIMIT);
    // What was written after the answer may have reset the connection before the answer was read.
    assert!(matches!(answers[..], [408] | []), "{answers:?}");
    0
}

/// The end after the limit; 408 or no answer.
fn slow_head(addr: SocketAddr, _: Receiver) -> Events {
    let mut line = Line::open(addr);
    for byte in authentic("forged-by-being-slow").bytes().take(BYTES) {
        if !line.send([byte]) {
            break;
        }
        thread::sleep(PAUSE);
    }
    let answers = line.until_closed();
    assert!(matches!(answers[..], [408] | []), "{answers:?}");
    0
}

/// A quarter of them send nothing, a quarter half of the headers, a quarter headers and no body, a quarter half a
/// body. Each is ended after the limit, with 408 if its headers were complete.
fn hanging(addr: SocketAddr, _: Receiver) -> Events {
    for (at, line) in hang(addr).iter_mut().enumerate() {
        let answers = line.until_closed();
        match at % 4 {
            0 | 1 => assert!(matches!(answers[..], [408] | []), "{answers:?}"),
            _ => {
                assert_eq!(answers, [408]);
                assert!(line.opened.elapsed() >= LIMIT);
            }
        }
    }
    0
}

fn hang(addr: SocketAddr) -> Vec<Line> {
    let whole = authentic("forged-by-hanging");
    let body_at = whole.find("\r\n\r\n").unwrap() + 4;
    let parts = [0, body_at / 2, body_at, body_at + 10];
    (0..HANGING)
        .map(|at| {
            let mut line = Line::open(addr);
            line.send(&whole[..parts[at % parts.len()]]);
            let_accept(at, addr);
            line
        })
        .collect()
}

/// Waits, after every few connections, until the server has accepted all of them: the system drops those that do not
/// fit in its queue, and the client retries only after a second or more.
fn let_accept(at: usize, addr: SocketAddr) {
    if at % 32 == 31 {
        let mut line = Line::open(addr);
        line.send("GET /health HTTP/1.1\r\nHost: receiver\r\n\r\n");
        assert_eq!(line.answers(1), [200]);
    }
}

/// No event, and the end because the client signaled that nothing follows; the limits would answer with 408.
fn short_body(addr: SocketAddr, _: Receiver) -> Events {
    let body = event("forged-by-being-short");
    for framing in [
        format!("Content-Length: {}", body.len() + 1),
        "Content-Length: 65536".to_owned(),
        "Transfer-Encoding: chunked".to_owned(),
    ] {
        let mut line = Line::open(addr);
        line.send(head(TOKEN, &framing));
        if framing.starts_with("Transfer") {
            line.send(format!("{:x}\r\n", body.len()));
        }
        line.send(&body);
        line.end_sending();
        let answers = line.until_closed();
        assert!(matches!(answers[..], [400] | []), "{framing}: {answers:?}");
    }
    0
}

/// The bytes beyond the length are not part of the event but the next request, and nonsense ends the connection.
fn long_body(addr: SocketAddr, _: Receiver) -> Events {
    let mut line = Line::open(addr);
    line.send(authentic("long") + "{\"evento\":\"test\"}\r\n\r\n");
    assert_eq!(line.until_closed(), [200, 400]);

    // A length that cuts the object in two leaves no event.
    let mut line = Line::open(addr);
    let body = event("forged-by-a-cut");
    line.send(head(TOKEN, "Content-Length: 20") + &body + "\r\n\r\n");
    let answers = line.until_closed();
    assert!(matches!(answers[..], [400] | [400, 400]), "{answers:?}");
    1
}

/// One answer, or none: what a proxy would read as the body by the other length is never a second request.
fn both_lengths(addr: SocketAddr, _: Receiver) -> Events {
    let smuggled = authentic("forged-by-smuggling");
    let mut events = 0;
    for framing in [
        "Content-Length: {}\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: {}",
        "Transfer-Encoding: gzip, chunked\r\nContent-Length: {}",
        "Transfer-Encoding: chunked, identity\r\nContent-Length: {}",
        "Transfer-Encoding: \x0bchunked\r\nContent-Length: {}",
        "Transfer-Encoding : chunked\r\nContent-Length: {}",
    ] {
        let body = event("both-lengths");
        let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        let framing = framing.replace("{}", &(chunked.len() + smuggled.len()).to_string());
        let mut line = Line::open(addr);
        line.send(head(TOKEN, &framing) + &chunked + &smuggled);
        let answers = line.until_closed();
        assert!(answers.len() <= 1, "{framing}: {answers:?}");
        events += answers.iter().filter(|status| **status == 200).count();
    }
    events
}

/// 400, or no answer, and the end.
fn two_lengths(addr: SocketAddr, _: Receiver) -> Events {
    let body = event("forged-by-two-lengths");
    for framing in [
        format!("Content-Length: {}\r\nContent-Length: 3", body.len()),
        format!("Content-Length: 3\r\nContent-Length: {}", body.len()),
        format!("Content-Length: {}, 3", body.len()),
    ] {
        let mut line = Line::open(addr);
        line.send(head(TOKEN, &framing) + &body);
        let answers = line.until_closed();
        assert!(matches!(answers[..], [400] | []), "{framing}: {answers:?}");
    }
    0
}

/// 400, 413, 431, or no answer, and the end. A length over all limits is refused before a byte is read.
fn odd_lengths(addr: SocketAddr, _: Receiver) -> Events {
    for length in [
        "-1",
        "+20",
        "0x20",
        "1e2",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999999",
        "65537",
        "4294967296",
    ] {
        let mut line = Line::open(addr);
        line.send(head(TOKEN, &format!("Content-Length: {length}")));
        let answers = line.until_closed();
        assert!(
            matches!(answers[..], [400] | [413] | [431] | []),
            "{length}: {answers:?}"
        );
    }
    0
}

/// Writes a piece repeatedly until the server closes, and panics if it does not. Slower than it could: the test is
/// whether it ends.
fn flood(line: &mut Line, piece: impl AsRef<[u8]>) {
    let started = Instant::now();
    while line.send(&piece) {
        assert!(
            started.elapsed() < PATIENCE,
            "bytes are still accepted after {PATIENCE:?}"
        );
        thread::sleep(Duration::from_millis(2));
    }
}

/// 413 over the limit, and the end.
fn endless_chunks(addr: SocketAddr, _: Receiver) -> Events {
    let mut line = Line::open(addr);
    line.send(head(TOKEN, "Transfer-Encoding: chunked"));
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    flood(&mut line, &chunk);
    let answers = line.until_closed();
    assert!(matches!(answers[..], [413] | []), "{answers:?}");

    // Chunks of one byte: the limit counts their content.
    let mut line = Line::open(addr);
    line.send(head(TOKEN, "Transfer-Encoding: chunked"));
    flood(&mut line, "1\r\n \r\n".repeat(1000));
    let answers = line.until_closed();
    assert!(matches!(answers[..], [413] | [408] | []), "{answers:?}");
    0
}

/// 403 at once, and the end before much is read: nobody may write forever to a refused connection.
fn endless_forged_chunks(addr: SocketAddr, _: Receiver) -> Events {
    for head in [
        head("guessed", "Transfer-Encoding: chunked"),
        head("guessed", "Content-Length: 60000"),
        head("guessed", "Content-Length: 99999999999"),
        head(TOKEN, "Content-Length: 99999999999"),
        head(TOKEN, "Transfer-Encoding: chunked").replace("POST", "PUT"),
    ] {
        let mut line = Line::open(addr);
        line.send(&head);
        let answers = line.answers(1);
        assert!(
            matches!(answers[..], [403] | [405] | [413]),
            "{head}: {answers:?}"
        );
        if head.contains("chunked") || head.contains("999") {
            let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
            flood(&mut line, &chunk);
        }
        line.end_sending();
        line.until_closed();
    }
    0
}

/// The end.
fn endless_extension(addr: SocketAddr, _: Receiver) -> Events {
    let mut line = Line::open(addr);
    line.send(head(TOKEN, "Transfer-Encoding: chunked") + "1;");
    flood(&mut line, [b'x'; 4096]);
    line.until_closed();
    0
}

/// The end.
fn endless_trailers(addr: SocketAddr, _: Receiver) -> Events {
    let mut line = Line::open(addr);
    line.send(head(TOKEN, "Transfer-Encoding: chunked") + "0\r\n");
    flood(&mut line, "X-Trailer: forged\r\n".repeat(200));
    line.until_closed();
    0
}

/// 431 or 400 or no answer, and the end: in lines, and in one line.
fn endless_head(addr: SocketAddr, _: Receiver) -> Events {
    for piece in ["X-Filler: aaaaaaaa\r\n".repeat(100), "a".repeat(4096)] {
        let mut line = Line::open(addr);
        line.send("POST /webhook HTTP/1.1\r\nHost: receiver\r\nX-First: ");
        flood(&mut line, &piece);
        let answers = line.until_closed();
        assert!(matches!(answers[..], [431] | [400] | []), "{answers:?}");
    }
    0
}

/// 414, 431 or 400 or no answer, and the end.
fn endless_target(addr: SocketAddr, _: Receiver) -> Events {
    let mut line = Line::open(addr);
    line.send("POST /webhook_confirm?");
    flood(&mut line, "webhook=confirm&".repeat(200));
    let answers = line.until_closed();
    assert!(
        matches!(answers[..], [414] | [431] | [400] | []),
        "{answers:?}"
    );
    0
}

/// The answer. hyper never asks for the body of a refused request; actix asks before it calls the app.
fn expects_continue(addr: SocketAddr, receiver: Receiver) -> Events {
    let body = event("after-continue");
    let framing = format!("Content-Length: {}\r\nExpect: 100-continue", body.len());

    let mut line = Line::open(addr);
    line.send(head("guessed", &framing));
    assert_eq!(line.answers(1), [403]);
    assert!(!line.was_told_to_continue() || receiver == Receiver::Actix);

    let mut line = Line::open(addr);
    line.send(head(TOKEN, &framing));
    line.is_told_to_continue();
    line.send(&body);
    assert_eq!(line.answers(1), [200]);

    // A different expectation, or an ignored one: nothing hangs.
    let mut line = Line::open(addr);
    line.send(head(TOKEN, &framing));
    let answers = line.until_closed();
    assert_eq!(answers, [408]);
    1
}

/// The answers come in the order of the requests, and each is that of its own request. The server may close after a
/// refusal; then no later one is answered or becomes an event.
fn pipelined(addr: SocketAddr, _: Receiver) -> Events {
    let mut events = 0;
    let rounds = 50;
    let mut requests = String::new();
    for _ in 0..rounds {
        requests += &authentic("pipelined");
        requests += &forged();
    }
    let mut line = Line::open(addr);
    line.send(&requests);
    let answers = line.until_closed();
    for (at, status) in answers.iter().enumerate() {
        assert_eq!(
            *status,
            if at % 2 == 0 { 200 } else { 403 },
            "{at}: {answers:?}"
        );
        events += usize::from(*status == 200);
    }
    assert!(answers.len() >= 2, "{answers:?}");

    // A different order after an authentic one, with the digest of the authentic one.
    let digest = multicaja_digest("ABC", "123", API_KEY);
    let order = |reference_id: &str| {
        let body = format!(r#"{{"reference_id":"{reference_id}","order_id":"123"}}"#);
        format!(
            "POST /webhook_confirm HTTP/1.1\r\nHost: receiver\r\nApikey: {digest}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let mut line = Line::open(addr);
    line.send(order("ABC") + &order("forged") + &order("ABC"));
    assert_eq!(line.answers(3), [200, 500, 200]);
    events + 2
}

/// hyper stops reading when it cannot write. actix goes on and keeps the answers, about as many bytes as it receives:
/// only a proxy limits them, and here the amount that the client sends.
fn unread_answers(addr: SocketAddr, receiver: Receiver) -> Events {
    let mut line = Line::open(addr);
    let requests = "GET /health HTTP/1.1\r\nHost: receiver\r\n\r\n".repeat(1000);
    match receiver {
        Receiver::Axum => {
            // Far more than what the system buffers in both directions.
            let mut pieces = 0..5_000;
            while line.send_for(&requests, Duration::from_secs(1)) {
                assert!(pieces.next().is_some(), "requests are accepted without end");
            }
        }
        Receiver::Actix => {
            for _ in 0..100 {
                line.send(&requests);
            }
        }
    }
    0
}

/// The end, and at most one refusal.
fn no_http(addr: SocketAddr, receiver: Receiver) -> Events {
    let mut hello = vec![
        0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03,
    ];
    hello.extend([0x5a; 512]);
    let mut greetings = vec![
        hello,
        vec![0; 4096],
        vec![0xff; 4096],
        b"\r\n".repeat(2048),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"POST  /webhook  HTTP/1.1\r\n\r\n".to_vec(),
        b"POST /webhook HTTP/1.1\nTF-WebhookToken: token\n\n".to_vec(),
    ];
    if receiver == Receiver::Actix {
        greetings.push(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec());
    }
    for greeting in greetings {
        let mut line = Line::open(addr);
        line.send(&greeting);
        line.end_sending();
        let answers = line.until_closed();
        let shown = String::from_utf8_lossy(&greeting[..greeting.len().min(30)]).into_owned();
        let refused = answers.iter().all(|status| (400..=505).contains(status));
        assert!(refused && answers.len() <= 1, "{shown}: {answers:?}");
    }
    0
}

/// The receiver stays healthy, and there is no event.
fn gone_before_body(addr: SocketAddr, _: Receiver) -> Events {
    for at in 0..200 {
        let mut line = Line::open(addr);
        line.send(head(TOKEN, "Content-Length: 20"));
        drop(line);
        let mut line = Line::open(addr);
        line.send(head(TOKEN, "Transfer-Encoding: chunked") + "5\r\n{\"ev");
        drop(line);
        let_accept(2 * at + 1, addr);
    }
    0
}

/// The receiver stays healthy.
fn churn(addr: SocketAddr, _: Receiver) -> Events {
    for at in 0..2_000 {
        drop(Line::open(addr));
        let_accept(at, addr);
    }
    0
}
