//! What is promised when nothing is wrong with the store.

use std::thread;
use std::time::{Duration, Instant};

use webhook_tests::ledger::{Entry, Ledger, Mark, Plan};
use webhook_tests::patience::PATIENCE;
use webhook_tests::server::Server;

use crate::subject::{Store, deliver, emitted, event, handled, send};

#[test]
fn an_event_whose_first_attempts_fail_is_written_at_the_third() {
    for store in Store::each() {
        let mut server = store.start(&[("HANDLER_FAILS", "2")]);
        deliver(&server, &emitted("a"));
        let event = server.event();
        assert_eq!(event["attempt"], 3, "{event}");
        assert_eq!(event["event"]["hook_id"], "a");
        assert_eq!(server.other_events(), [""; 0]);
    }
}

#[test]
fn copies_that_arrive_at_once_are_handled_once() {
    for store in Store::each() {
        let mut server = store.start(&[]);
        let addr = server.addr;
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(move || assert_eq!(emitted("a").send(addr).status, 200));
            }
        });
        deliver(&server, &emitted("b"));
        assert_eq!(handled(&server, 2), ["a", "b"]);
        assert_eq!(server.other_events(), [""; 0]);
    }
}

#[test]
fn two_events_of_one_invoice_are_two_deliveries() {
    for store in Store::each() {
        let mut server = store.start(&[]);
        deliver(&server, &event("encolado", "a", "1"));
        deliver(&server, &event("emitido", "a", "1"));
        assert_eq!(handled(&server, 2), ["a", "a"]);
        assert_eq!(server.other_events(), [""; 0]);
    }
}

#[test]
fn a_handler_at_work_ends_before_the_process_that_is_asked_to() {
    for store in Store::each() {
        let mut server = store.start(&[("HANDLER_MS", "1000")]);
        deliver(&server, &emitted("a"));
        // It is taken at once, and at work for a second.
        thread::sleep(Duration::from_millis(300));
        server.signal("TERM");
        assert!(server.wait().success());
        assert_eq!(handled(&server, 1), ["a"]);

        let mut server = store.start(&[]);
        deliver(&server, &emitted("b"));
        assert_eq!(handled(&server, 1), ["b"], "the first is done");
        assert_eq!(server.other_events(), [""; 0]);
    }
}

/// With a lease of a second: the receiver's own is a minute.
#[test]
fn what_a_killed_process_was_at_is_handled_by_the_next() {
    for store in Store::each() {
        let path = store.directory.file("ledger");
        let clock = store.directory.file("clock").display().to_string();
        let start = || {
            let variables = [
                ("LEDGER", path.to_str().unwrap()),
                ("LEASE_MS", "1000"),
                ("CLOCK", &clock),
            ];
            let binary = env!("CARGO_BIN_EXE_test-tortured");
            Server::start(binary, &store.variables(&variables))
        };
        let plan = Plan {
            number: 1,
            fails: 0,
            takes: Duration::from_millis(1500),
        };
        let wait_for = |mark, attempt| {
            let is = |entry: &Entry| entry.mark == mark && entry.attempt == attempt;
            let until = Instant::now() + PATIENCE;
            while !Ledger::read(&path).iter().any(is) {
                assert!(Instant::now() < until, "no attempt {attempt}");
                thread::sleep(Duration::from_millis(10));
            }
        };
        let server = start();
        deliver(&server, &emitted(&plan.to_string()));
        wait_for(Mark::Begun, 1);
        server.signal("KILL");
        drop(server);

        let mut server = start();
        wait_for(Mark::Handled, 2);
        assert_eq!(server.event()["attempt"], 2);
        assert_eq!(server.other_events(), [""; 0]);
        assert_eq!(Ledger::read(&path).len(), 3);
    }
}

#[test]
fn two_processes_share_a_store() {
    for store in Store::each() {
        let variables = [("HANDLER_MS", "300"), ("WORKERS", "2")];
        let mut servers = [(); 2].map(|()| store.start(&variables));
        let ids: Vec<String> = (10..40).map(|number| format!("d{number}")).collect();
        for (number, id) in ids.iter().enumerate() {
            deliver(&servers[number % 2], &emitted(id));
        }
        // They are far more than one handles in this time.
        thread::sleep(Duration::from_secs(1));
        let mut lines = Vec::new();
        for server in &servers {
            let (first, mut more) = (handled(server, 2), handled(server, 2));
            more.extend(first);
            lines.extend(more);
        }
        assert_eq!(lines.len(), 8);
        // Asked to end, each handles what it has, and takes no more. The rest is the next one's.
        let mut rest: Vec<String> = servers.iter_mut().flat_map(Server::other_events).collect();
        let mut last = store.start(&[]);
        deliver(&last, &emitted("last"));
        let left = ids.len() - lines.len() - rest.len() + 1;
        lines.extend(handled(&last, left));
        rest.extend(last.other_events());
        let rest = rest.iter().map(|line| {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            event["event"]["hook_id"].as_str().unwrap().to_owned()
        });
        lines.extend(rest);
        lines.sort();
        assert_eq!(lines[..ids.len()], ids);
        assert_eq!(lines[ids.len()..], ["last"]);
    }
}

/// Nobody is killed, so nothing is handled twice, although the lease of the receiver is a minute.
#[test]
fn processes_that_are_asked_to_end_and_started_again_handle_each_delivery_once() {
    const ROUNDS: usize = 6;
    const EACH: usize = 20;
    for store in Store::each() {
        let variables = [("HANDLER_MS", "100"), ("HANDLER_FAILS", "1")];
        let mut servers = [(); 2].map(|()| store.start(&variables));
        let mut lines = Vec::new();
        for round in 0..ROUNDS {
            let addresses = [servers[0].addr, servers[1].addr];
            let sender = thread::spawn(move || {
                for number in 0..EACH {
                    let request = emitted(&format!("d{}", 100 + round * EACH + number));
                    let is_acknowledged = |attempt: usize| {
                        let answer = send(addresses[(number + attempt) % 2], &request);
                        answer.is_ok_and(|answer| answer.status == 200)
                    };
                    assert!((0..20).any(is_acknowledged));
                    thread::sleep(Duration::from_millis(20));
                }
            });
            thread::sleep(Duration::from_millis(200));
            lines.extend(servers[round % 2].other_events());
            sender.join().unwrap();
            servers[round % 2] = store.start(&variables);
        }
        let until = Instant::now() + PATIENCE;
        while lines.len() < ROUNDS * EACH {
            assert!(Instant::now() < until, "{} were handled", lines.len());
            for server in &servers {
                lines.extend(server.events_so_far());
            }
            thread::sleep(Duration::from_millis(20));
        }
        lines.extend(servers.iter_mut().flat_map(Server::other_events));
        let mut ids: Vec<String> = lines
            .iter()
            .map(|line| {
                let event: serde_json::Value = serde_json::from_str(line).unwrap();
                assert_eq!(event["attempt"], 2, "{line}");
                event["event"]["hook_id"].as_str().unwrap().to_owned()
            })
            .collect();
        ids.sort();
        let sent: Vec<String> = (100..100 + ROUNDS * EACH)
            .map(|number| format!("d{number}"))
            .collect();
        assert_eq!(ids, sent);
    }
}
