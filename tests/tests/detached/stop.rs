//! The receivers, stopped while a handler runs whose sender is gone.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use webhook_tests::server::Server;

use crate::subject::{SECRET, issued, request};

/// Long enough for the signal to find the handler at work.
const VARIABLES: [(&str, &str); 2] = [("TF_WEBHOOK_TOKEN", SECRET), ("HANDLER_MS", "1500")];

#[test]
fn a_receiver_that_is_stopped_ends_when_its_handlers_have() {
    for binary in webhook_tests::receivers!() {
        let mut server = Server::start(binary, &VARIABLES);
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
