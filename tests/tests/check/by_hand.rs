//! Receivers that no framework would let be wrong: sockets that are read and written by hand.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use crate::at_once::{Case, cases};
use crate::command::{Checked, check};
use crate::planted::{TOKEN, VARIABLES};

/// All of them.
pub(crate) const ALL: &[Case] = cases![
    a_receiver_that_takes_half_a_body_is_found,
    a_receiver_that_reads_one_packet_is_found,
    a_receiver_that_a_stranger_can_stop_is_found,
    a_body_that_is_read_as_the_next_request_is_found,
    an_acknowledgement_in_the_middle_of_a_flood_is_found,
    a_refusal_in_the_middle_of_a_flood_is_seen,
    an_interim_answer_is_not_taken_for_the_last_one,
    a_body_that_breaks_the_receiver_before_it_verifies_is_found,
    a_connection_that_is_closed_on_a_missing_credential_is_noted,
    nothing_is_found_in_an_old_server_that_serves_one_connection_at_a_time,
];

/// What is found with these checks in a receiver of TusFacturas.
fn found(url: &str, only: &[&str]) -> Checked {
    let only = only.iter().flat_map(|name| ["--only", name]);
    let arguments: Vec<_> = ["tusfacturas", url].into_iter().chain(only).collect();
    check(&arguments, &VARIABLES)
}

#[track_caller]
fn has(checked: &Checked, verdict: &str, expected: &[&str]) {
    let expected: BTreeSet<_> = expected.iter().copied().collect();
    assert_eq!(checked.with(verdict), expected, "{}", checked.printed);
}

fn a_receiver_that_takes_half_a_body_is_found() {
    let checked = found(&half_a_body(), &["cut", "wrong-secret", "not-json"]);
    has(&checked, "fault", &["cut"]);
    assert!(checked.why("cut").contains("is lost"));
}

fn a_receiver_that_reads_one_packet_is_found() {
    let checks = ["in-pieces", "expect", "keep-alive", "wrong-secret"];
    let checked = found(&one_packet(), &checks);
    has(&checked, "fault", &["in-pieces", "expect"]);
}

fn a_receiver_that_a_stranger_can_stop_is_found() {
    let checked = found(&stops_at_a_long_header(), &["longer", "huge", "get"]);
    has(&checked, "fault", &["get"]);
    assert!(checked.why("get").contains("strangers can stop it"));
}

fn a_body_that_is_read_as_the_next_request_is_found() {
    let smuggled = ["request-in-a-body", "request-in-a-chunk"];
    let checked = found(&reads_on(), &[&smuggled[..], &["wrong-secret"]].concat());
    has(&checked, "fault", &smuggled);
}

fn an_acknowledgement_in_the_middle_of_a_flood_is_found() {
    let url = by_hand(|stream| in_the_middle(stream, "200 OK"));
    let checked = found(&url, &["flood-in-chunks", "wrong-secret"]);
    has(&checked, "fault", &["flood-in-chunks"]);
    assert_eq!(checked.row("flood-in-chunks")["answered"], "200");
}

fn a_refusal_in_the_middle_of_a_flood_is_seen() {
    let url = by_hand(|stream| in_the_middle(stream, "413 Content Too Large"));
    let checked = found(&url, &["flood-in-chunks", "wrong-secret"]);
    has(&checked, "fault", &[]);
    has(&checked, "note", &["flood-in-chunks"]);
    assert_eq!(checked.row("flood-in-chunks")["answered"], "413");
}

fn an_interim_answer_is_not_taken_for_the_last_one() {
    let url = by_hand(|mut stream| {
        let Some((head, body)) = whole(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n") else {
            return ControlFlow::Continue(());
        };
        answer(&mut stream, &head, &body)
    });
    let checked = found(
        &url,
        &["flood", "long", "request-in-a-body", "wrong-secret"],
    );
    has(&checked, "fault", &["flood"]);
    assert_eq!(checked.row("request-in-a-body")["answered"], "403");
}

fn a_body_that_breaks_the_receiver_before_it_verifies_is_found() {
    let url = by_hand(|mut stream| match whole(&mut stream, "") {
        Some((head, body)) if body.starts_with(b"{") => answer(&mut stream, &head, &body),
        _ => ControlFlow::Continue(()),
    });
    let checked = found(&url, &["differs-before-verifying", "wrong-secret"]);
    has(&checked, "fault", &["differs-before-verifying"]);
    let why = checked.why("differs-before-verifying");
    assert!(
        why.starts_with("no JSON got no answer and not 403"),
        "{why}"
    );
}

fn a_connection_that_is_closed_on_a_missing_credential_is_noted() {
    let url = by_hand(|mut stream| match whole(&mut stream, "") {
        Some((head, body)) if head.contains("tf-webhooktoken") => answer(&mut stream, &head, &body),
        _ => ControlFlow::Continue(()),
    });
    let checked = found(&url, &["credential-missing", "wrong-secret"]);
    has(&checked, "fault", &[]);
    has(&checked, "note", &["credential-missing"]);
}

/// It has no keep-alive, answers with 2 MiB, and takes no second connection while it serves the first.
fn nothing_is_found_in_an_old_server_that_serves_one_connection_at_a_time() {
    let url = by_hand(|mut stream| {
        let limit = Some(Duration::from_secs(2));
        stream.set_read_timeout(limit).unwrap();
        let status = match received(&mut stream) {
            Ok((head, body)) => old_status(&head, &body),
            Err(status) => status,
        };
        let head = format!("HTTP/1.0 {status}\r\n\r\n").into_bytes();
        let body = match status {
            "200 OK" => vec![b' '; 2 << 20],
            _ => Vec::new(),
        };
        let _has_enough = stream.write_all(&[head, body].concat());
        ControlFlow::Continue(())
    });
    let checked = found(&url, &[]);
    has(&checked, "fault", &[]);
    has(&checked, "note", &[]);
    assert_eq!(checked.status, Some(0));
    assert!(checked.tried() > 40, "{}", checked.printed);
}

/// Serves one connection after another, until it is told to stop.
fn by_hand(serve: fn(TcpStream) -> ControlFlow<()>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let timeout = Some(Duration::from_secs(10));
            stream.set_read_timeout(timeout).unwrap();
            if serve(stream).is_break() {
                return;
            }
        }
    });
    format!("http://{addr}/webhook")
}

/// What a connection has so far of a request: its head, and the length of its body.
fn head_of(read: &[u8]) -> Option<(String, usize)> {
    let end = read.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let head: String = head.split_inclusive('\n').map(with_small_name).collect();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(0, |length| length.trim().parse().unwrap());
    Some((head, length))
}

fn with_small_name(line: &str) -> String {
    match line.split_once(':') {
        Some((name, value)) => format!("{}:{value}", name.to_lowercase()),
        None => line.to_owned(),
    }
}

fn is_authentic(head: &str) -> bool {
    head.contains(&format!("tf-webhooktoken: {TOKEN}\r\n"))
}

/// Answers by token and body, and closes.
fn answer(stream: &mut TcpStream, head: &str, body: &[u8]) -> ControlFlow<()> {
    let status = match (
        is_authentic(head),
        body.starts_with(b"{") && body.ends_with(b"}"),
    ) {
        (true, true) => "200 OK",
        (true, false) => "400 Bad Request",
        (false, _) => "403 Forbidden",
    };
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let _gone = stream.write_all(answer.as_bytes());
    ControlFlow::Continue(())
}

/// Takes what it has of a body when the connection ends.
fn half_a_body() -> String {
    by_hand(|mut stream| {
        let mut read = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let count = stream.read(&mut buffer).unwrap_or(0);
            read.extend_from_slice(&buffer[..count]);
            match head_of(&read) {
                Some((head, length)) if count == 0 || read.len() >= head.len() + length => {
                    let body = [&read[head.len()..], b"}"].concat();
                    return answer(&mut stream, &head, &body);
                }
                None if count == 0 => return ControlFlow::Continue(()),
                _ => {}
            }
        }
    })
}

/// Takes the first packet for the whole request.
fn one_packet() -> String {
    by_hand(|mut stream| {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).unwrap_or(0);
        match head_of(&buffer[..count]) {
            Some((head, _)) => answer(&mut stream, &head, &buffer[head.len()..count]),
            None => ControlFlow::Continue(()),
        }
    })
}

/// Has room for a short head only, and ends where there is none.
fn stops_at_a_long_header() -> String {
    by_hand(|mut stream| {
        let mut read = Vec::new();
        let mut buffer = [0; 1024];
        loop {
            let count = stream.read(&mut buffer).unwrap_or(0);
            read.extend_from_slice(&buffer[..count]);
            match head_of(&read) {
                _ if read.len() > 4096 => return ControlFlow::Break(()),
                Some((head, length)) if read.len() >= head.len() + length => {
                    return answer(&mut stream, &head, &read[head.len()..]);
                }
                _ if count == 0 => return ControlFlow::Continue(()),
                _ => {}
            }
        }
    })
}

/// Refuses by the head, and takes the body for the next request.
fn reads_on() -> String {
    by_hand(|mut stream| {
        let mut read = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            while let Some((head, length)) = head_of(&read) {
                let (status, whole) = match is_authentic(&head) {
                    true => ("200 OK", head.len() + length),
                    false => ("403 Forbidden", head.len()),
                };
                if read.len() < whole {
                    break;
                }
                read.drain(..whole);
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
                let _gone = stream.write_all(answer.as_bytes());
            }
            match stream.read(&mut buffer) {
                Ok(count) if count > 0 => read.extend_from_slice(&buffer[..count]),
                _ => return ControlFlow::Continue(()),
            }
        }
    })
}

/// Answers a body in chunks once it has a MiB of it, and goes on reading as long as more comes.
fn in_the_middle(mut stream: TcpStream, status: &str) -> ControlFlow<()> {
    const ENOUGH: usize = 1 << 20;

    let mut read = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut has_answered = false;
    loop {
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 => read.extend_from_slice(&buffer[..count]),
            _ => return ControlFlow::Continue(()),
        }
        let Some((head, length)) = head_of(&read) else {
            continue;
        };
        let is_chunked = head.contains("transfer-encoding: chunked");
        if !is_chunked && read.len() >= head.len() + length {
            return answer(&mut stream, &head, &read[head.len()..]);
        }
        if is_chunked && read.len() > ENOUGH && !has_answered {
            has_answered = true;
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            let _gone = stream.write_all(answer.as_bytes());
        }
    }
}

/// A request of a known length, with what is written between its head and its body.
fn whole(stream: &mut TcpStream, between: &str) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut known = None;
    loop {
        if known.is_none() {
            known = head_of(&read);
            if known.is_some() {
                let _gone = stream.write_all(between.as_bytes());
            }
        }
        if let Some((head, length)) = &known
            && read.len() >= head.len() + length
        {
            return Some((head.clone(), read.split_off(head.len())));
        }
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 => read.extend_from_slice(&buffer[..count]),
            _ => return None,
        }
    }
}

/// The same within limits, or the status for what is beyond them.
fn received(stream: &mut TcpStream) -> Result<(String, Vec<u8>), &'static str> {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    let started = std::time::Instant::now();
    loop {
        if let Some((head, length)) = head_of(&read) {
            match length {
                _ if head.contains("transfer-encoding") => return Err("411 Length Required"),
                65_537.. => return Err("413 Content Too Large"),
                _ if read.len() >= head.len() + length => {
                    return Ok((head.clone(), read.split_off(head.len())));
                }
                _ if started.elapsed() > Duration::from_secs(2) => {
                    return Err("408 Request Timeout");
                }
                _ if head.contains("expect: 100-continue") => {
                    let _gone = stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
                }
                _ => {}
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) => return Err("400 Bad Request"),
            Ok(count) => read.extend_from_slice(&buffer[..count]),
            Err(_) => return Err("408 Request Timeout"),
        }
    }
}

fn old_status(head: &str, body: &[u8]) -> &'static str {
    let body = String::from_utf8_lossy(body);
    let event = serde_json::from_str::<serde_json::Value>(&body);
    match event.is_ok_and(|event| event.is_object()) {
        _ if !head.starts_with("POST ") => "405 Method Not Allowed",
        _ if !is_authentic(head) || head.matches("tf-webhooktoken").count() > 1 => "403 Forbidden",
        true => "200 OK",
        false => "400 Bad Request",
    }
}
