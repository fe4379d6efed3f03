use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use rusqlite::Connection;

use super::*;
use crate::listen::entry::{Kind, Outcome, Rest, Told};

struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let name = format!("webhook-rs-{}-{name}.db", std::process::id());
        let file = Self(std::env::temp_dir().join(name));
        file.delete();
        file
    }

    fn beside(&self, end: &str) -> PathBuf {
        let mut name = self.0.clone().into_os_string();
        name.push(end);
        name.into()
    }

    fn delete(&self) {
        for end in ["", "-wal", "-shm", ".lock"] {
            drop(std::fs::remove_file(self.beside(end)));
        }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.delete();
    }
}

fn outcome() -> Outcome {
    Outcome {
        status: 200,
        received: Some(true),
        took_ms: 1,
        told: Told::default(),
    }
}

fn entry(verdict: Kind, body: &[u8]) -> Entry {
    Entry {
        at_ms: 0,
        sender: "stripe".to_owned(),
        verdict,
        is_proven: verdict == Kind::Authentic,
        reason: None,
        kind: Some("event".to_owned()),
        delivery_id: Some("evt_1".to_owned()),
        method: "POST".to_owned(),
        path: "/stripe".to_owned(),
        bytes: body.len() as u64,
        rest: Rest::default(),
        body: Some(body.to_vec()),
        outcome: Some(outcome()),
    }
}

const WIDE: Bounds = Bounds {
    deliveries: 10_000,
    bytes: 1 << 28,
};

fn ids(found: &Found) -> Vec<i64> {
    found.deliveries.iter().map(|it| it.id).collect()
}

async fn all(store: &Store) -> Vec<i64> {
    let filter = Filter {
        limit: 200,
        ..Filter::default()
    };
    ids(&store.list(filter).await.unwrap())
}

fn close(store: Store, thread: JoinHandle<()>) {
    drop(store);
    thread.join().unwrap();
}

#[tokio::test]
async fn what_came_of_a_delivery_is_added_once_and_counted() {
    let file = File::new("answered");
    let (store, thread) = Store::open(&file.0, WIDE).unwrap();
    let pending = Entry {
        outcome: None,
        ..entry(Kind::Authentic, b"{}")
    };
    let id = store.add(pending).await.unwrap();
    assert_eq!(store.get(id).await.unwrap().unwrap().summary.status, None);
    let (_, before) = store.size();
    let mut news = store.news();
    store.answer(id, outcome()).await.unwrap();
    assert!(matches!(news.recv().await, Ok(News::Answered { .. })));
    let status = |status| Outcome {
        status,
        ..outcome()
    };
    store.answer(id, status(500)).await.unwrap();
    // One that was deleted meanwhile.
    store.answer(id + 1, status(500)).await.unwrap();
    assert_eq!(
        store.get(id).await.unwrap().unwrap().summary.status,
        Some(200)
    );
    let (deliveries, bytes) = store.size();
    assert!(bytes > before, "{bytes} after {before}");
    close(store, thread);
    let (store, thread) = Store::open(&file.0, WIDE).unwrap();
    assert_eq!(store.size(), (deliveries, bytes), "as it is counted again");
    close(store, thread);
}

#[tokio::test]
async fn the_newest_are_kept_and_of_what_is_refused_a_tenth() {
    let file = File::new("bounds");
    let bounds = Bounds {
        deliveries: 20,
        ..WIDE
    };
    let (store, thread) = Store::open(&file.0, bounds).unwrap();
    for _ in 0..15 {
        store.add(entry(Kind::Authentic, b"")).await.unwrap();
    }
    for _ in 0..30 {
        store.add(entry(Kind::Refused, b"")).await.unwrap();
    }
    // Strangers have pushed out nothing but what is theirs.
    let kept: Vec<i64> = [45, 44].into_iter().chain((1..=15).rev()).collect();
    assert_eq!(all(&store).await, kept);
    // Not with what is answered without a proof either: there is room for it until something needs it.
    for number in 0..10 {
        let unsigned = Entry {
            is_proven: false,
            ..entry(Kind::Authentic, b"")
        };
        let handshake = entry(Kind::Handshake, b"");
        let unproven = [handshake, unsigned][number % 2].clone();
        store.add(unproven).await.unwrap();
    }
    assert_eq!(store.size().0, 20);
    let kept: Vec<i64> = (51..=55).rev().chain((1..=15).rev()).collect();
    assert_eq!(all(&store).await, kept);
    for _ in 0..10 {
        store.add(entry(Kind::Authentic, b"")).await.unwrap();
    }
    let kept: Vec<i64> = (54..=65).rev().chain((8..=15).rev()).collect();
    assert_eq!(all(&store).await, kept);
    close(store, thread);

    // With narrower bounds, what is too much goes when the file is opened.
    let narrower = Bounds {
        deliveries: 10,
        ..WIDE
    };
    let (store, thread) = Store::open(&file.0, narrower).unwrap();
    assert_eq!(all(&store).await, (56..=65).rev().collect::<Vec<_>>());
    close(store, thread);
}

#[tokio::test]
async fn bytes_are_bounded_for_all_and_for_what_is_refused() {
    let file = File::new("bytes");
    let bounds = Bounds {
        bytes: 100_000,
        ..WIDE
    };
    let (store, thread) = Store::open(&file.0, bounds).unwrap();
    for _ in 0..30 {
        store
            .add(entry(Kind::Authentic, &[b'a'; 9_000]))
            .await
            .unwrap();
        store
            .add(entry(Kind::Refused, &[b'r'; 3_000]))
            .await
            .unwrap();
        assert!(store.size().1 <= 100_000);
    }
    let refused = Filter {
        limit: 200,
        verdict: Some(Kind::Refused),
        ..Filter::default()
    };
    let refused = ids(&store.list(refused).await.unwrap());
    assert_eq!(refused, [60, 58, 56]);
    // Longer than all that may be kept of its kind: only its head is.
    let id = store
        .add(entry(Kind::Refused, &[b'r'; 10_001]))
        .await
        .unwrap();
    let kept = store.get(id).await.unwrap().unwrap();
    assert_eq!((kept.body, kept.summary.bytes), (None, 10_001));
    let kept = store.get(59).await.unwrap().unwrap();
    assert_eq!(kept.body.unwrap(), [b'a'; 9_000]);
    close(store, thread);
}

#[tokio::test]
async fn a_filter_finds_by_sender_verdict_and_text() {
    let file = File::new("filter");
    let (store, thread) = Store::open(&file.0, WIDE).unwrap();
    let of_other = Entry {
        sender: "github".to_owned(),
        path: "/github/100%_a".to_owned(),
        ..entry(Kind::Authentic, b"{\"note\":\"Factura 17\"}")
    };
    store.add(of_other).await.unwrap();
    store
        .add(entry(Kind::Refused, b"\xff binary"))
        .await
        .unwrap();
    store.add(entry(Kind::Handshake, b"hola")).await.unwrap();
    let find = async |sender: Option<&str>, verdict, text: Option<&str>, before| {
        let filter = Filter {
            before,
            limit: 1,
            sender: sender.map(str::to_owned),
            verdict,
            text: text.map(str::to_owned),
        };
        let found = store.list(filter).await.unwrap();
        (ids(&found), found.more)
    };
    assert_eq!(find(None, None, None, None).await, (vec![3], true));
    assert_eq!(find(None, None, None, Some(2)).await, (vec![1], false));
    assert_eq!(
        find(Some("github"), None, None, None).await,
        (vec![1], false)
    );
    assert_eq!(
        find(None, Some(Kind::Refused), None, None).await,
        (vec![2], false)
    );
    assert_eq!(
        find(None, None, Some("factura 17"), None).await,
        (vec![1], false)
    );
    assert_eq!(find(None, None, Some("0%_a"), None).await, (vec![1], false));
    assert_eq!(find(None, None, Some("0%a"), None).await, (vec![], false));
    assert_eq!(
        find(None, None, Some("binary"), None).await,
        (vec![2], false)
    );
    assert_eq!(find(None, None, Some("EVT_1"), None).await, (vec![3], true));
    close(store, thread);
}

#[tokio::test]
async fn numbers_are_not_used_again_after_everything_was_deleted() {
    let file = File::new("clear");
    let (store, thread) = Store::open(&file.0, WIDE).unwrap();
    let secret = b"what was here once";
    for _ in 0..3 {
        store.add(entry(Kind::Authentic, secret)).await.unwrap();
    }
    store.clear().await.unwrap();
    assert_eq!(store.size(), (0, 0));
    assert_eq!(store.add(entry(Kind::Authentic, b"")).await, Ok(4));
    assert_eq!(store.after(1, 10).await.unwrap().unwrap().len(), 1);
    assert!(store.after(5, 10).await.unwrap().is_none());
    close(store, thread);
    let bytes = std::fs::read(&file.0).unwrap();
    assert!(memchr::memmem::find(&bytes, secret).is_none());
}

#[tokio::test]
async fn a_file_is_only_its_owner_s_and_one_process_s() {
    let file = File::new("mode");
    std::fs::write(&file.0, "").unwrap();
    std::fs::set_permissions(&file.0, std::fs::Permissions::from_mode(0o666)).unwrap();
    let (store, thread) = Store::open(&file.0, WIDE).unwrap();
    store.add(entry(Kind::Authentic, b"x")).await.unwrap();
    for end in ["", "-wal", "-shm", ".lock"] {
        let mode = std::fs::metadata(file.beside(end))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{end}");
    }
    let again = Store::open(&file.0, WIDE).err().unwrap().to_string();
    assert!(
        again.contains("another `webhook-rs listen` uses"),
        "{again}"
    );
    // By another name it is the same.
    let link = File::new("mode-link");
    std::os::unix::fs::symlink(&file.0, &link.0).unwrap();
    let linked = Store::open(&link.0, WIDE).err().unwrap().to_string();
    assert!(
        linked.contains("another `webhook-rs listen` uses"),
        "{linked}"
    );
    close(store, thread);
    let (store, thread) = Store::open(&link.0, WIDE).unwrap();
    assert_eq!(all(&store).await, [1]);
    close(store, thread);
    link.delete();
    std::fs::hard_link(&file.0, &link.0).unwrap();
    let linked = Store::open(&file.0, WIDE).err().unwrap().to_string();
    assert!(linked.contains("it has another name"), "{linked}");
}

#[tokio::test]
async fn what_has_no_answer_when_the_command_ends_never_gets_one() {
    let file = File::new("ended");
    let (store, thread) = Store::open(&file.0, WIDE).unwrap();
    let pending = Entry {
        outcome: None,
        ..entry(Kind::Authentic, b"{}")
    };
    store.add(pending).await.unwrap();
    store.add(entry(Kind::Authentic, b"{}")).await.unwrap();
    close(store, thread);
    let (store, thread) = Store::open(&file.0, WIDE).unwrap();
    let kept = store.get(1).await.unwrap().unwrap();
    assert_eq!(kept.summary.status, Some(0));
    assert_eq!(kept.summary.received, Some(false));
    let failure = kept.told.failure.unwrap();
    assert_eq!(failure, "`webhook-rs listen` ended before the app answered");
    let other = store.get(2).await.unwrap().unwrap();
    assert_eq!(other.summary.status, Some(200));
    let size = store.size();
    close(store, thread);
    let (store, thread) = Store::open(&file.0, WIDE).unwrap();
    assert_eq!(store.size(), size, "as it is counted again");
    close(store, thread);
}

#[tokio::test]
async fn every_text_of_a_stranger_counts() {
    let file = File::new("texts");
    let (store, thread) = Store::open(&file.0, WIDE).unwrap();
    let long = "x".repeat(1000);
    store.add(entry(Kind::Refused, b"")).await.unwrap();
    let short = store.size().1;
    let texts = Entry {
        method: long.clone(),
        path: long.clone(),
        reason: Some(long.clone()),
        kind: Some(long.clone()),
        delivery_id: Some(long.clone()),
        sender: long,
        ..entry(Kind::Refused, b"")
    };
    store.add(texts).await.unwrap();
    let added = store.size().1 - short;
    assert!((6000..6500).contains(&added), "{added}");
    close(store, thread);
}

/// Nothing of it is changed, and nothing is put beside it.
#[test]
fn a_file_of_something_else_is_left_alone() {
    let file = File::new("foreign");
    let refused = || {
        let mode = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(&file.0, mode).unwrap();
        let refused = Store::open(&file.0, WIDE).err().unwrap().to_string();
        let mode = std::fs::metadata(&file.0).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        assert!(!file.beside(".lock").exists());
        refused
    };
    std::fs::write(&file.0, "a letter to my grandmother").unwrap();
    assert!(refused().contains("is not a file of `webhook-rs listen`"));
    assert_eq!(
        std::fs::read(&file.0).unwrap(),
        b"a letter to my grandmother"
    );

    file.delete();
    let other = Connection::open(&file.0).unwrap();
    other.execute_batch("CREATE TABLE invoices (id)").unwrap();
    drop(other);
    assert!(refused().contains("is not a file of `webhook-rs listen`"));

    // One that is empty yet, and of another program.
    file.delete();
    let other = Connection::open(&file.0).unwrap();
    other.pragma_update(None, "application_id", 17).unwrap();
    drop(other);
    assert!(refused().contains("is not a file of `webhook-rs listen`"));

    // A device, of which there is only one on a machine.
    let device = Store::open(std::path::Path::new("/dev/null"), WIDE);
    let device = device.err().unwrap().to_string();
    assert!(device.contains("it is no regular file"), "{device}");

    file.delete();
    let (store, thread) = Store::open(&file.0, WIDE).unwrap();
    close(store, thread);
    std::fs::remove_file(file.beside(".lock")).unwrap();
    let newer = Connection::open(&file.0).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    assert!(refused().contains("was written by a newer webhook-rs: update this one"));
}
