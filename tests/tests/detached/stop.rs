//! The receivers, stopped while a handler runs whose sender is gone.

use std::future::Future;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use webhook_core::tusfacturas::TusFacturas;
use webhook_tests::client::Connection;
use webhook_tests::patience::PATIENCE;
use webhook_tests::server;
use webhook_tower::{Ended, Tasks};

use crate::subject::{
    Framework, Layers, Outcomes, SECRET, Server, issued, request, verifier, wait_until,
};

/// Long enough for the signal to find the handler at work.
const VARIABLES: [(&str, &str); 2] = [("TF_WEBHOOK_TOKEN", SECRET), ("HANDLER_MS", "1500")];

#[test]
fn a_receiver_that_is_stopped_ends_when_its_handlers_have() {
    for binary in webhook_tests::receivers!() {
        let mut server = server::Server::start(binary, &VARIABLES);
        let mut sender = TcpStream::connect(server.addr).unwrap();
        let delivery = request(&issued("h1"));
        sender
            .write_all(&[delivery.head(), delivery.body()].concat())
            .unwrap();
        std::thread::sleep(Duration::from_millis(500));
        let socket = socket2::SockRef::from(&sender);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
        drop(sender);
        server.signal("TERM");
        assert!(server.wait().success(), "{binary}");
        assert_eq!(server.event()["event"]["hook_id"], "h1", "{binary}");
        let text = server.stop();
        let ended = "1 webhook handlers finished, 0 still run, 0 were dropped";
        assert!(text.contains(ended), "{binary}: {text}");
    }
}

fn wait_for<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(future)
}

fn counted(ended: Ended) -> (u64, u64, u64) {
    (ended.finished, ended.running, ended.dropped)
}

/// What is still at work when the time is over, and what ends with its runtime, is no handler that finished.
#[test]
fn what_did_not_finish_is_told() {
    for framework in Framework::ALL {
        let (outcomes, tasks) = (Outcomes::default(), Tasks::new());
        let verifier = verifier::<TusFacturas>(&outcomes);
        let server = Server::start(framework, Layers::detached(&verifier, &tasks));
        server.work.plan(["wait 200"]);
        let delivery = request(&issued("h1"));
        let mut sender = Connection::open(server.addr);
        sender.write(&delivery.head());
        sender.write(&delivery.body());
        wait_until(|| server.work.started(), 1);
        let ended = wait_for(tasks.finish_within(Duration::from_millis(20)));
        assert_eq!(counted(ended), (0, 1, 0), "{framework:?}");
        // Places are given again.
        assert_eq!(delivery.send(server.addr).status, 200, "{framework:?}");
        assert_eq!(outcomes.next(1), ["received"], "{framework:?}");

        sender.hang_up();
        server.wait_for_tasks(1);
        let work = server.work.clone();
        drop(server);
        wait_until(|| work.counts().dropped, 1);
        let ended = wait_for(tasks.finish_within(PATIENCE));
        assert_eq!(counted(ended), (0, 0, 1), "{framework:?}");
        assert_eq!(outcomes.next(1), ["unanswered"], "{framework:?}");
    }
}
