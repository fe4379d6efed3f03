use std::time::{Duration, SystemTime};

use bytes::Bytes;
use webhook_core::guarantee::{Ending, InboxQueue, Row, StoredDelivery};
use webhook_stores::{PostgresStore, SqliteStore};
use webhook_tests::directory::Directory;
#[cfg(unix)]
use webhook_tests::postgres;

use crate::run::{Ran, WebhookRs};

/// An inbox, and the command on it.
struct Inbox {
    _directory: Directory,
    url: String,
    command: WebhookRs,
}

impl Inbox {
    /// One of each kind that there is on this machine, with four deliveries: 1 is pending, 2 running, 3 done, 4 dead.
    fn each() -> Vec<Self> {
        let directory = Directory::new();
        let url = format!("sqlite:{}", directory.file("inbox.db").display());
        let sqlite = Self::new(directory, url);
        let path = sqlite.url.trim_start_matches("sqlite:");
        block_on(fill(&SqliteStore::open(path).unwrap()));
        #[cfg(unix)]
        if let Some(cluster) = postgres::shared() {
            let postgres = Self::new(Directory::new(), cluster.create_database());
            block_on(async { fill(&PostgresStore::connect(&postgres.url).await.unwrap()).await });
            return vec![sqlite, postgres];
        }
        vec![sqlite]
    }

    fn new(directory: Directory, url: String) -> Self {
        Self {
            _directory: directory,
            url,
            command: WebhookRs::new(),
        }
    }

    #[track_caller]
    fn run(&self, action: &[&str]) -> Ran {
        let arguments = [&["inbox"], action].concat();
        self.command
            .run(&arguments, &[("WEBHOOK_STORE", &self.url)])
    }

    /// The states by number, the newest first.
    #[track_caller]
    fn states(&self) -> Vec<(i64, String)> {
        let list = self.run(&["list", "--json"]).json();
        list.iter()
            .map(|record| {
                let state = record["state"].as_str().unwrap().to_owned();
                (record["id"].as_i64().unwrap(), state)
            })
            .collect()
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

async fn fill(store: &impl InboxQueue) {
    let endpoints = ["invoices"];
    let take = || store.take(&endpoints, 1, Duration::from_secs(600));
    for (number, ending) in [
        (1, None),
        (2, Some(Ending::Done)),
        (
            3,
            Some(Ending::Dead {
                why: "the \u{1b}[31minvoice is gone".into(),
            }),
        ),
        (4, None),
    ] {
        store.store(delivery(number)).await.unwrap();
        if number == 4 {
            break;
        }
        let job = take().await.unwrap().remove(0);
        if let Some(ending) = ending {
            assert!(store.finish(job.ticket, ending).await.unwrap());
        }
    }
}

fn delivery(number: i32) -> StoredDelivery {
    let key = format!("stripe-evt_{number}");
    let id = format!(r#"{{"id":"evt_{number}","target":"/stripe?a=1"}}"#);
    let row = Row {
        format: StoredDelivery::FORMAT,
        sender: "stripe",
        endpoint: "invoices",
        kind: "invoice.paid",
        key: Some(&key),
        keep_key: Duration::from_secs(7 * 24 * 60 * 60),
        received_at: SystemTime::now() - Duration::from_secs(60),
        envelope: &id,
    };
    let body = format!(r#"{{"id":"evt_{number}"}}"#);
    StoredDelivery::read(row, Bytes::from(body)).unwrap()
}

#[test]
fn what_is_in_an_inbox_is_counted_listed_and_shown() {
    for inbox in Inbox::each() {
        let counts = inbox.run(&["counts", "--json"]).json();
        let counts: Vec<_> = counts
            .iter()
            .map(|count| {
                (
                    count["state"].as_str().unwrap(),
                    count["deliveries"].as_u64().unwrap(),
                )
            })
            .collect();
        assert_eq!(counts.len(), 4, "{counts:?}");
        assert!(counts.iter().all(|(_, count)| *count == 1), "{counts:?}");
        let text = inbox.run(&["counts"]).stdout;
        assert!(
            text.contains("invoices") && text.contains("1 min"),
            "{text}"
        );

        let states = inbox.states();
        let names: Vec<_> = states.iter().map(|(_, state)| state.as_str()).collect();
        assert_eq!(names, ["pending", "dead", "done", "running"]);

        let dead = inbox.run(&["list", "--state", "dead", "--json"]).one();
        assert_eq!(dead["last_error"], "the \u{1b}[31minvoice is gone");
        assert_eq!(dead["sender_id"], "evt_3");
        let second = inbox.run(&[
            "list",
            "--before",
            &states[0].0.to_string(),
            "--limit",
            "1",
            "--json",
        ]);
        assert_eq!(second.one()["id"], states[1].0);
        assert!(second.stderr.contains("--before"), "{}", second.stderr);

        // What a handler said cannot color the terminal of the operator.
        let shown = inbox.run(&["show", &states[1].0.to_string()]).stdout;
        assert!(shown.contains("the \u{fffd}[31minvoice is gone"), "{shown}");
        assert!(
            shown.contains("/stripe?a=1") && shown.ends_with("{\"id\":\"evt_3\"}\n"),
            "{shown}"
        );
        let json = inbox
            .run(&["show", &states[1].0.to_string(), "--json"])
            .one();
        assert_eq!(json["body"], r#"{"id":"evt_3"}"#);

        let missing = inbox.run(&["show", "4711"]);
        assert_eq!((missing.status, &*missing.stdout), (Some(1), ""));
        assert!(
            missing.stderr.contains("there is no delivery 4711"),
            "{}",
            missing.stderr
        );
    }
}

#[test]
fn deliveries_are_retried_forgotten_and_pruned() {
    for inbox in Inbox::each() {
        let ids: Vec<String> = inbox
            .states()
            .iter()
            .map(|(id, _)| id.to_string())
            .collect();
        let [pending, dead, done, running] = &ids[..] else {
            panic!("{ids:?}");
        };

        assert_eq!(
            inbox
                .run(&["retry", "--dead", "--endpoint", "orders", "--json"])
                .one()["retried"],
            0
        );
        assert_eq!(
            inbox.run(&["retry", "--dead", "--json"]).one()["retried"],
            1
        );
        assert_eq!(inbox.states()[1].1, "pending");
        assert_eq!(inbox.run(&["retry", dead]).status, Some(0));
        let both = inbox.run(&["retry", dead, "--endpoint", "orders"]);
        assert_eq!(both.status, Some(2), "{}", both.stdout);
        for refused in [
            ["retry", done],
            ["retry", running],
            ["forget", running],
            ["forget", "4711"],
        ] {
            let ran = inbox.run(&refused);
            assert_eq!(ran.status, Some(1), "{refused:?}");
            assert!(ran.stderr.contains("nothing was changed"), "{}", ran.stderr);
        }
        let forgotten = inbox.run(&["forget", pending]);
        assert_eq!(forgotten.status, Some(0));
        assert_eq!(forgotten.stdout, format!("delivery {pending} is deleted\n"));
        assert_eq!(inbox.states().len(), 3);

        assert_eq!(inbox.run(&["prune", "--json"]).one()["bodies"], 0);
        assert_eq!(
            inbox.run(&["prune", "--bodies", "0s", "--json"]).one()["bodies"],
            1
        );
        let shown = inbox.run(&["show", done]).stdout;
        assert!(
            shown.contains("no body: it was empty, or pruned"),
            "{shown}"
        );
    }
}

#[test]
fn nothing_is_created_where_there_is_no_inbox() {
    let directory = Directory::new();
    let file = directory.file("app.db");
    std::fs::write(&file, "").unwrap();
    let command = WebhookRs::new();
    let ran = command.run(&["inbox", file.to_str().unwrap(), "counts"], &[]);
    assert_eq!(ran.status, Some(2));
    assert!(
        ran.stderr.contains("start the app of this release first"),
        "{}",
        ran.stderr
    );
    assert_eq!(std::fs::read(&file).unwrap(), b"");

    #[cfg(unix)]
    if let Some(cluster) = postgres::shared() {
        let url = cluster.create_database();
        let ran = command.run(&["inbox", "counts"], &[("WEBHOOK_STORE", &url)]);
        assert_eq!(ran.status, Some(2));
        let tables = cluster.sql(
            &url,
            "select count(*) from pg_tables where tablename like 'webhook%'",
        );
        assert_eq!(tables.trim(), "0", "{}", ran.stderr);
    }
}
