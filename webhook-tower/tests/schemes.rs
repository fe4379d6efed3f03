//! A scheme that is built when the program runs: which layers it may have is known when they are built.

#![cfg(all(feature = "once", feature = "inbox", feature = "testing"))]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use webhook_core::guarantee::{InboxStore, StoreFuture, Stored, StoredDelivery};
use webhook_core::signing::{Credential, Field, Scheme, SchemeBuilder, TimeField};
use webhook_tower::scheme::SchemeProvider;
use webhook_tower::{MemoryStore, SchemeWebhookLayer, Tasks, testing};

const SECRET: &str = "s3cr3t";

#[derive(Clone, Default)]
struct Rows(Arc<Mutex<Vec<StoredDelivery>>>);

impl InboxStore for Rows {
    fn store(&self, delivery: StoredDelivery) -> StoreFuture<'_, Stored> {
        self.0.lock().unwrap().push(delivery);
        Box::pin(async { Ok(Stored::New) })
    }
}

fn signed() -> SchemeBuilder {
    Scheme::builder("acme").hmac_sha256(Credential::header("x-signature").hex())
}

/// Signs the time, and neither body nor id.
fn time_alone() -> SchemeBuilder {
    signed()
        .time(TimeField::header("x-time").seconds())
        .signs("{time}")
        .body_is_not_signed()
}

fn layer(scheme: &SchemeBuilder) -> SchemeWebhookLayer {
    let scheme = scheme.build().unwrap();
    SchemeWebhookLayer::with_provider(SchemeProvider::new(scheme, SECRET).unwrap())
}

/// The message of the panic, if there is one.
fn message(build: impl FnOnce()) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(build)).err()?;
    Some(panic.downcast_ref::<String>().unwrap().clone())
}

#[test]
fn a_scheme_that_proves_neither_body_nor_id_has_no_layer_that_keeps_anything() {
    let unproven = "acme cannot be detached, handled once, or stored: its scheme signs neither the body nor an id, so one \
                    captured delivery proves any number of others; add {body} to `signs`, or the header that `id` names";
    let id = || Field::header("x-id");
    for (scheme, expected) in [
        (time_alone(), Some(unproven)),
        (time_alone().id(id()), Some(unproven)),
        (time_alone().signs("{time}.{header:x-id}").id(id()), None),
        (signed().signs("{body}").id(id()), None),
        (
            Scheme::builder("acme").token(Credential::bearer()).id(id()),
            None,
        ),
    ] {
        let tasks = Tasks::new();
        let detached = message(|| drop(layer(&scheme).detached(&tasks)));
        assert_eq!(detached.as_deref(), expected, "{scheme:?}");
        let inbox = message(|| drop(layer(&scheme).inbox("orders", Rows::default())));
        assert_eq!(inbox.as_deref(), expected, "{scheme:?}");
        let once = message(|| {
            let layer = layer(&scheme).trust_unsigned_ids();
            drop(layer.once("orders", MemoryStore::new(), &tasks));
        });
        assert_eq!(once.is_some(), expected.is_some(), "{scheme:?}: {once:?}");
    }
}

#[test]
fn a_scheme_is_handled_once_if_it_has_an_id_that_is_signed_or_trusted_by_name() {
    let no_id = "acme gives its deliveries no id, so a repeat cannot be recognized: make the handler's work the same when it is \
                 done twice; or, if they have one that is proven, say where it is";
    let captured = "anyone who has captured one can send it again with the id of a later one";
    let in_body = || signed().signs("{body}").id(Field::body("id"));
    let token = Scheme::builder("acme")
        .token(Credential::bearer())
        .id(Field::body("id"));
    let touching = signed()
        .signs("{header:x-id}{body}")
        .id(Field::header("x-id"))
        .allow_adjacent_parts();
    for (scheme, untrusting, trusting) in [
        (signed().signs("{body}"), Some(no_id), Some(no_id)),
        (time_alone().id(Field::body("id")), Some(no_id), Some(no_id)),
        (in_body(), None, None),
        (
            signed()
                .signs("{header:x-id}.{body}")
                .id(Field::header("x-id")),
            None,
            None,
        ),
        (in_body().id(Field::header("x-id")), Some(captured), None),
        (touching, Some(captured), None),
        (token, Some("anyone who knows the token"), None),
    ] {
        for (trusts, expected) in [(false, untrusting), (true, trusting)] {
            let layer = match trusts {
                true => layer(&scheme).trust_unsigned_ids(),
                false => layer(&scheme),
            };
            let tasks = Tasks::new();
            let told = message(|| drop(layer.once("orders", MemoryStore::new(), &tasks)));
            match (&told, expected) {
                (Some(told), Some(expected)) => assert!(told.contains(expected), "{told}"),
                _ => assert_eq!(told.as_deref(), expected, "{scheme:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_repeat_is_recognized_by_the_id_of_the_scheme_and_the_row_has_no_token() {
    let calls = Arc::new(Mutex::new(0));
    let layer_once = layer(&signed().signs("{body}").id(Field::body("id")));
    let handler = service_fn({
        let calls = Arc::clone(&calls);
        move |_: Request<Full<Bytes>>| {
            *calls.lock().unwrap() += 1;
            std::future::ready(Ok::<_, std::convert::Infallible>(Response::new(Full::<
                Bytes,
            >::from(
                "ok"
            ))))
        }
    });
    let service = layer_once
        .once("orders", MemoryStore::new(), &Tasks::new())
        .layer(handler);
    let scheme = signed().signs("{body}").build().unwrap();
    for (id, expected) in [("1", 1), ("1", 1), ("2", 2)] {
        let body = format!(r#"{{"id":"{id}"}}"#);
        let request = testing::scheme(&scheme, SystemTime::now(), &[], body, SECRET);
        let answer = service
            .clone()
            .oneshot(request.into_request::<Full<Bytes>>())
            .await;
        assert_eq!(answer.unwrap().status(), 200);
        assert_eq!(*calls.lock().unwrap(), expected);
    }

    let builder = Scheme::builder("acme")
        .token(Credential::query_which_logs_show("key"))
        .id(Field::body("id"));
    let scheme = builder.build().unwrap();
    let rows = Rows::default();
    let inbox = layer(&builder).inbox("orders", rows.clone());
    let request = testing::scheme(&scheme, SystemTime::now(), &[], r#"{"id":"1"}"#, SECRET);
    let answer = inbox.oneshot(request.into_request::<Full<Bytes>>()).await;
    assert_eq!(answer.unwrap().status(), 200);
    let rows = rows.0.lock().unwrap();
    assert_eq!(rows.len(), 1);
    assert!(!format!("{rows:?}").contains(SECRET), "{rows:?}");
}
