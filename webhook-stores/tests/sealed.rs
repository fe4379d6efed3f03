//! Bodies that the store never has in the clear.

#![cfg(feature = "sqlite")]

mod directory;

use std::error::Error;
use std::time::{Duration, SystemTime};

use webhook_core::driver::{Intake, Verifier};
use webhook_core::guarantee::{
    Filter, InboxQueue, InboxRecords, InboxStore, RecordId, State, Stored, StoredDelivery,
};
use webhook_core::stripe::Stripe;
use webhook_core::testing;
use webhook_stores::{Seal, Sealed, SqliteStore};

use self::directory::Directory;

const SECRET: &str = "whsec_test";
const BODY: &str = r#"{"id":"evt_1","card":"tok_4111"}"#;

/// Stands for a cipher: with another key, it opens nothing.
struct Cipher(u8);

impl Seal for Cipher {
    fn seal(&self, body: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        let sealed = body.iter().map(|byte| byte ^ self.0);
        Ok([self.0].into_iter().chain(sealed).collect())
    }

    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        match sealed.split_first() {
            Some((key, sealed)) if *key == self.0 => {
                Ok(sealed.iter().map(|byte| byte ^ self.0).collect())
            }
            _ => Err("no key opens it".into()),
        }
    }
}

fn delivery() -> StoredDelivery {
    let verifier = Verifier::<Stripe>::try_new(SECRET).unwrap();
    let request = testing::stripe(SystemTime::now(), BODY, SECRET);
    let incoming = Intake::new(verifier, "orders")
        .begin(&request.head())
        .unwrap();
    let storing = incoming.finish_or_refuse(Ok(request.body.clone())).unwrap();
    storing.in_flight.stored();
    storing.delivery
}

#[tokio::test]
async fn the_store_has_only_what_is_sealed_and_the_worker_what_was_received() {
    let directory = Directory::new();
    let plain = SqliteStore::open(directory.file()).unwrap();
    let sealed = Sealed::new(plain.clone(), Cipher(7));
    assert_eq!(sealed.store(delivery()).await.unwrap(), Stored::New);
    assert_eq!(sealed.store(delivery()).await.unwrap(), Stored::Duplicate);

    let id = plain.list(&Filter::default()).await.unwrap()[0].id;
    let kept = plain.show(id).await.unwrap().unwrap().delivery;
    assert!(kept.is_sealed());
    assert_ne!(kept.body(), BODY);
    let shown = sealed.show(id).await.unwrap().unwrap().delivery;
    assert_eq!(
        (shown.is_sealed(), &shown.body()[..]),
        (false, BODY.as_bytes())
    );
    assert!(
        sealed.list(&Filter::default()).await.unwrap()[0]
            .delivery
            .body()
            .is_empty()
    );

    let taken = sealed
        .take(&["orders"], 10, Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(taken[0].delivery.body(), BODY);
}

#[tokio::test]
async fn what_cannot_be_opened_waits_and_what_was_never_sealed_is_handled() {
    let directory = Directory::new();
    let plain = SqliteStore::open(directory.file()).unwrap();
    Sealed::new(plain.clone(), Cipher(7))
        .store(delivery())
        .await
        .unwrap();

    let other = Sealed::new(plain.clone(), Cipher(8));
    let lease = Duration::from_secs(60);
    assert!(other.take(&["orders"], 10, lease).await.unwrap().is_empty());
    let id = RecordId(1);
    let waiting = plain.show(id).await.unwrap().unwrap();
    assert_eq!((waiting.state, waiting.attempts), (State::Pending, 0));
    let why = waiting.last_error.unwrap();
    assert_eq!(&*why, "cannot open a sealed body: no key opens it");
    assert!(other.show(id).await.is_err());

    assert!(plain.forget(id).await.unwrap());
    plain.store(delivery()).await.unwrap();
    let taken = other.take(&["orders"], 10, lease).await.unwrap();
    assert_eq!(taken[0].delivery.body(), BODY);
}
