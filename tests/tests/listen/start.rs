use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use webhook_tests::directory::Directory;
use webhook_tests::server::{self, Server};

use super::listener::{COMMAND, Listener, SECRETS, STRIPE, command, sent, stripe};

/// What it says when it does not start.
#[track_caller]
fn refused(command: Command) -> String {
    let ran = server::run(command);
    let stderr = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(2), "{stderr}");
    stderr
}

#[test]
fn a_port_that_is_taken_is_named_with_the_option_that_changes_it() {
    let home = Directory::new();
    let listener = Listener::start(&home, &[]);
    let own = listener.server.addr.to_string();
    for (option, arguments) in [
        ("--addr", ["--addr", &own, "--page", "127.0.0.1:0"]),
        ("--page", ["--addr", "127.0.0.1:0", "--page", &own]),
    ] {
        let message = refused(command(&Directory::new(), &arguments, &[]));
        assert!(
            message.contains("another program listens there"),
            "{message}"
        );
        assert!(
            message.contains(&format!("another port with {option}")),
            "{message}"
        );
    }
}

#[test]
fn the_page_is_on_no_address_that_others_reach() {
    for page in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
        let arguments = ["--addr", "127.0.0.1:0", "--page", page];
        let message = refused(command(&Directory::new(), &arguments, &[]));
        assert!(message.contains("give a loopback address"), "{message}");
    }
}

#[test]
fn what_is_wrong_on_the_command_line_is_said_with_what_to_do() {
    let home = Directory::new();
    let own = ["--addr", "127.0.0.1:0", "--page", "127.0.0.1:0"];
    for (arguments, expected) in [
        (&["nobody"][..], "`webhook-rs senders` lists them"),
        (
            &["--secret-env", "X"],
            "a secret is that of one sender: name it",
        ),
        (
            &["stripe", "github", "--secret-env", "X"],
            "a secret is that of one sender: name it",
        ),
        (&["stripe", "--secret-env", "X"], "X is not set"),
        (
            &["--store", "/nowhere/at/all.db"],
            "give another file with --store FILE",
        ),
        (&["--forward", "nothing"], "this is no URL"),
        (&["--forward", "ftp://127.0.0.1/"], "http or https"),
        (
            &["stripe", "stripe"],
            "`stripe` is named twice: name it once",
        ),
        (
            &["multicaja", "klap"],
            "`klap` is named twice: name it once",
        ),
    ] {
        let message = refused(command(&home, &[arguments, &own].concat(), &[]));
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
}

#[test]
fn a_file_belongs_to_one_listen_at_a_time() {
    let home = Directory::new();
    let file = home.file("own.db");
    let file = file.to_str().unwrap();
    let mut first = Listener::start(&home, &["--store", file]);
    let arguments = [
        "--addr",
        "127.0.0.1:0",
        "--page",
        "127.0.0.1:0",
        "--store",
        file,
    ];
    let message = refused(command(&home, &arguments, &[]));
    assert!(
        message.contains("stop it, or give another file"),
        "{message}"
    );
    first.server.signal("KILL");
    first.server.wait();
    Listener::start(&home, &["--store", file]);
}

#[test]
fn its_files_are_only_its_owner_s_whatever_the_umask() {
    let home = Directory::new();
    let own = home.file("own");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", r#"umask 0; exec "$@""#, "sh", COMMAND, "listen"])
        .args(["--addr", "127.0.0.1:0", "--page", "127.0.0.1:0"])
        .env_clear()
        .envs(SECRETS)
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("WEBHOOK_RS_HOME", &own);
    let server = Server::spawn(shell);
    let sent = sent("/stripe", &stripe("evt_1"));
    assert_eq!(sent.send(server.addr).status, 200);
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&own), 0o700);
    let mut names = Vec::new();
    for file in std::fs::read_dir(&own).unwrap() {
        let path = file.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    names.sort();
    let expected = [
        "deliveries.db",
        "deliveries.db-shm",
        "deliveries.db-wal",
        "deliveries.db.lock",
        "secrets.lock",
        "secrets.toml",
    ];
    assert_eq!(names, expected);
}

#[test]
fn send_and_listen_agree_without_a_setting() {
    let home = Directory::new();
    let listener = Listener::with(&home, &[], &[]);
    let senders = listener.json("/api/state")["senders"]
        .as_array()
        .unwrap()
        .clone();
    assert!(senders.len() > 20);
    for sender in &senders {
        let url = format!(
            "http://{}{}",
            listener.server.addr,
            sender["path"].as_str().unwrap()
        );
        let mut send = server::command(COMMAND, &[]);
        send.env("WEBHOOK_RS_HOME", home.path());
        send.args(["send", sender["name"].as_str().unwrap(), &url]);
        let ran = server::run(send);
        let stdout = String::from_utf8_lossy(&ran.stdout);
        assert_eq!(ran.status.code(), Some(0), "{sender}: {stdout}");
        let (status, sent) = listener.change(&format!(
            "/api/deliveries/{}/send-again",
            listener.newest()["id"]
        ));
        assert_eq!(
            (status, &sent["received"]),
            (200, &true.into()),
            "{sender}: {sent}"
        );
    }
    let list = listener.list();
    assert_eq!(list.len(), 2 * senders.len());
    for delivery in list {
        assert_ne!(delivery["verdict"], "refused", "{delivery}");
    }
}

#[test]
fn a_secret_of_stdin_judges_and_signs_again() {
    let home = Directory::new();
    let file = home.file("secret");
    std::fs::write(&file, STRIPE).unwrap();
    let listener = Listener::of(|ports| {
        let arguments = [&["stripe", "--secret-file", "-"], ports].concat();
        let mut command = command(&home, &arguments, &[]);
        command.stdin(std::fs::File::open(&file).unwrap());
        command
    });
    assert_eq!(listener.deliver("/stripe", stripe("evt_1")).status, 200);
    let (status, sent) = listener.change("/api/deliveries/1/send-again");
    assert_eq!((status, &sent["received"]), (200, &true.into()), "{sent}");
}
