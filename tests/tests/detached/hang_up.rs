//! Senders that hang up.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use socket2::SockRef;
use webhook_core::tusfacturas::TusFacturas;
use webhook_tests::patience::PATIENCE;
use webhook_tower::Tasks;

use crate::subject::work::Counts;
use crate::subject::{Framework, Layers, Outcomes, Server, issued, request, verifier, wait_until};

/// How far the delivery is when its sender leaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Head,
    Body,
    Complete,
    Running,
    Answering,
}

/// How it leaves.
#[derive(Clone, Copy, Debug)]
enum Leaving {
    /// With a FIN.
    Closes,
    /// With an RST.
    Resets,
}

fn leave(stream: TcpStream, leaving: Leaving) {
    if let Leaving::Resets = leaving {
        let socket = SockRef::from(&stream);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    }
    drop(stream);
}

#[test]
fn a_complete_delivery_is_handled_to_its_end_when_its_sender_hangs_up() {
    use Stage::{Answering, Body, Complete, Head, Running};
    for framework in Framework::ALL {
        let (outcomes, tasks) = (Outcomes::default(), Tasks::new());
        let verifier = verifier::<TusFacturas>(&outcomes);
        let server = Server::start(framework, Layers::detached(&verifier, &tasks));
        let delivery = request(&issued("h1"));
        let (head, body) = (delivery.head(), delivery.body());
        let mut expected = Counts::default();
        for stage in [Head, Body, Complete, Running, Answering] {
            for leaving in [Leaving::Closes, Leaving::Resets].repeat(6) {
                let case = format!("{framework:?}, {stage:?}, {leaving:?}");
                server.work.plan(match stage {
                    Head | Body => None,
                    Complete => Some("slow 200"),
                    Running => Some("wait 200"),
                    Answering => Some("large"),
                });
                let mut sender = TcpStream::connect(server.addr).unwrap();
                sender.set_nodelay(true).unwrap();
                sender.set_read_timeout(Some(PATIENCE)).unwrap();
                let sent = match stage {
                    Head => head[..head.len() / 2].to_vec(),
                    Body => [&head, &body[..body.len() / 2]].concat(),
                    _ => [&*head, &*body].concat(),
                };
                sender.write_all(&sent).unwrap();
                match stage {
                    Head | Body | Complete => leave(sender, leaving),
                    Running => {
                        wait_until(|| server.work.started(), expected.started + 1);
                        assert_eq!(tasks.running(), 1, "{case}");
                        leave(sender, leaving);
                        // Only the handler's is left.
                        server.wait_for_tasks(1);
                        assert_eq!(tasks.running(), 1, "{case}");
                        server.work.let_go(1);
                    }
                    Answering => {
                        sender.read_exact(&mut [0; 1024]).unwrap();
                        leave(sender, leaving);
                    }
                }
                // A connection that was opened later is served, so the sender's was accepted.
                let later = delivery.clone().method("GET").send(server.addr);
                assert_eq!(later.status, 405, "{case}");
                server.wait_for_tasks(0);
                wait_until(|| tasks.running(), 0);
                let counts = server.work.counts();
                match stage {
                    Head | Body => {}
                    // What was reset may not have been read to its end.
                    Complete => expected = together(counts, expected),
                    Running | Answering => expected = one_more(expected),
                }
                assert_eq!(counts, expected, "{case}");
                let told = outcomes.take();
                let told: Vec<_> = told
                    .iter()
                    .map(String::as_str)
                    .filter(|name| *name != "method_not_allowed")
                    .collect();
                match stage {
                    // Whether a request whose body breaks off is told is up to the server.
                    Head | Body => assert!(
                        told.is_empty() || told == ["body_interrupted"],
                        "{case}: {told:?}"
                    ),
                    Complete => {}
                    // actix does not look whether the sender is still there.
                    Running => assert!(
                        told == ["finished_late 200 true"]
                            || (framework == Framework::Actix && told == ["received"]),
                        "{case}: {told:?}"
                    ),
                    Answering => assert_eq!(told, ["received"], "{case}"),
                }
                server.work.clear();
            }
        }
    }
}

fn one_more(counts: Counts) -> Counts {
    Counts {
        started: counts.started + 1,
        ended: counts.ended + 1,
        ..counts
    }
}

/// One more, or not.
fn together(counts: Counts, before: Counts) -> Counts {
    match counts.started > before.started {
        true => one_more(before),
        false => before,
    }
}
