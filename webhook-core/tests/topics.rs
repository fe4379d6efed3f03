//! Types that the topic of a delivery chooses: who gets which, what is ignored, and where a table is refused.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use webhook_core::asaas::AsaasScheme;
use webhook_core::dlocal::Dlocal;
use webhook_core::driver::{Intake, Verifier};
use webhook_core::fintoc::FintocScheme;
use webhook_core::gitlab::GitlabScheme;
use webhook_core::gitlab_signing::GitlabSigningScheme;
use webhook_core::khipu::KhipuScheme;
use webhook_core::kushki::KushkiScheme;
use webhook_core::linear::LinearScheme;
use webhook_core::meta::MetaScheme;
use webhook_core::observe::{Observer, Outcome, Verdict};
use webhook_core::scheme::{
    Preset, Proof, SchemeProvider, SchemeProviderError, SignedBody, SignedEvent, TopicError,
};
use webhook_core::shopify::{Shopify, ShopifyScheme};
use webhook_core::signing::{Credential, Field, Form, Scheme, SchemeBuilder};
use webhook_core::slack::SlackScheme;
use webhook_core::telegram::TelegramScheme;
use webhook_core::testing::{self, TestRequest};
use webhook_core::tiendanube::{Tiendanube, TiendanubeScheme};
use webhook_core::woocommerce::WooCommerceScheme;
use webhook_core::{BodyErrorKind, Provider, Rejection, Value, topics};

const SECRET: &str = "s3cr3t";

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
struct Paid {
    id: u64,
    lines: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
struct Cancelled {
    id: u64,
}

topics! {
    /// All senders of this file.
    #[derive(Clone, Debug, PartialEq, Serialize)]
    pub(crate) enum Happened {
        "order/paid" => Paid(Paid),
        "orders/paid" => ShopPaid(Paid),
        /// What is to be undone.
        "order/cancelled" => Cancelled(Cancelled),
        "orders/cancelled" => ShopCancelled(Cancelled),
        "app/uninstalled" => Uninstalled,
        "payment_intent.succeeded" => Succeeded(Value),
        "event_callback" => Callback(Value),
        "PAYMENT_RECEIVED" => Received(Cancelled),
        "push" => Pushed,
        "7" => Seven,
    }
}

/// What became of a delivery, and what its observer was told.
fn told<P: Preset>(headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> (String, String) {
    let verifier = Verifier::<SchemeProvider<Happened, P>>::try_new([("a", SECRET)]).unwrap();
    deliver(&P::scheme().build().unwrap(), verifier, headers, body)
}

fn deliver<P: Provider<Event = SignedEvent<Happened>>>(
    scheme: &Scheme,
    verifier: Verifier<P>,
    headers: &[(&str, &str)],
    body: impl Into<Vec<u8>>,
) -> (String, String) {
    #[derive(Clone, Default)]
    struct Told(Arc<Mutex<Vec<String>>>);

    impl Observer for Told {
        fn observe(&self, outcome: &Outcome<'_>) {
            let topic = match outcome.verdict {
                Verdict::Ignored { topic, .. } => topic.map(|topic| topic.to_string()),
                _ => None,
            };
            let told = [Some(outcome.name()), outcome.kind, topic.as_deref()];
            let told: Vec<_> = told.into_iter().flatten().collect();
            assert!(outcome.body_bytes.is_some());
            assert_eq!(outcome.label.map(|label| label.as_str()), Some("a"));
            self.0.lock().unwrap().push(told.join(" "));
        }
    }

    let told = Told::default();
    let verifier = verifier.observer(told.clone());
    let request = testing::scheme(scheme, SystemTime::now(), headers, body.into(), SECRET);
    let became = match request.deliver(&verifier) {
        Ok(accepted) => {
            let event = accepted.delivery.into_event();
            let _ = accepted
                .in_flight
                .answer(webhook_core::http::StatusCode::OK, None, false);
            format!("{:?}", event.payload)
        }
        Err(early) => {
            assert_eq!((early.closes, early.reply.body.is_empty()), (false, true));
            let why = early.rejection.map(|why| format!(" {why}"));
            format!("{}{}", early.reply.status.as_u16(), why.unwrap_or_default())
        }
    };
    let told = told.0.lock().unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    (became, told[0].clone())
}

#[test]
fn the_topic_chooses_the_type_and_no_handler_gets_another() {
    type Told = fn(&[u8]) -> (String, String);
    let tiendanube: Told = |body| told::<TiendanubeScheme>(&[], body);
    let fintoc: Told = |body| told::<FintocScheme>(&[], body);
    let slack: Told = |body| told::<SlackScheme>(&[], body);
    let asaas: Told = |body| told::<AsaasScheme>(&[], body);
    // Its topic is in the body, so a header says nothing.
    let gitlab: Told = |body| told::<GitlabScheme>(&[("x-gitlab-event", "order/paid")], body);

    let long = format!(r#"{{"event":"{}"}}"#, "x".repeat(200));
    let cut = format!("ignored {}…", "x".repeat(128));
    let rows: &[(Told, &[u8], &str, &str)] = &[
        (
            tiendanube,
            br#"{"event":"order/paid","id":1,"lines":[2]}"#,
            "Paid(Paid { id: 1, lines: [2] })",
            "received order/paid",
        ),
        (
            tiendanube,
            br#"{"id":1,"event":"order\/cancelled"}"#,
            "Cancelled(Cancelled { id: 1 })",
            "received order/cancelled",
        ),
        // A variant without a type takes any body.
        (
            tiendanube,
            br#"{"event":"app/uninstalled","id":"none"}"#,
            "Uninstalled",
            "received app/uninstalled",
        ),
        // A number is a topic as well.
        (tiendanube, br#"{"event":7}"#, "Seven", "received 7"),
        (
            fintoc,
            br#"{"id":"evt_1","type":"payment_intent.succeeded"}"#,
            r#"Succeeded(Object {"id": String("evt_1"), "type": String("payment_intent.succeeded")})"#,
            "received payment_intent.succeeded",
        ),
        (
            slack,
            br#"{"type":"event_callback"}"#,
            r#"Callback(Object {"type": String("event_callback")})"#,
            "received event_callback",
        ),
        (
            asaas,
            br#"{"id":5,"event":"PAYMENT_RECEIVED"}"#,
            "Received(Cancelled { id: 5 })",
            "received PAYMENT_RECEIVED",
        ),
        (
            gitlab,
            br#"{"object_kind":"push"}"#,
            "Pushed",
            "received push",
        ),
        // Unknown. Letters count.
        (
            tiendanube,
            br#"{"event":"order/packed","id":1}"#,
            "200",
            "ignored order/packed",
        ),
        (
            tiendanube,
            br#"{"event":"Order/paid"}"#,
            "200",
            "ignored Order/paid",
        ),
        (
            tiendanube,
            br#"{"event":"order/paid "}"#,
            "200",
            "ignored order/paid ",
        ),
        (asaas, br#"{"id":"evt_1","event":"X"}"#, "200", "ignored X"),
        (
            gitlab,
            br#"{"object_kind":"tag_push"}"#,
            "200",
            "ignored tag_push",
        ),
        // What is logged of it is escaped and cut.
        (
            tiendanube,
            br#"{"event":"a\n\u202eb"}"#,
            "200",
            r"ignored a\n\u{202e}b",
        ),
        (tiendanube, long.as_bytes(), "200", &cut),
        // None, and none that everyone reads alike.
        (tiendanube, br#"{"id":1,"lines":[]}"#, "200", "ignored"),
        (tiendanube, br#"{"event":null}"#, "200", "ignored"),
        (tiendanube, br#"{"event":""}"#, "200", "ignored"),
        (
            tiendanube,
            br#"{"event":["order/paid"],"id":1}"#,
            "200",
            "ignored",
        ),
        (tiendanube, b"[]", "200", "ignored"),
        (
            tiendanube,
            br#"{"event":"order/paid","event":"order/cancelled","id":1,"lines":[]}"#,
            "200",
            "ignored",
        ),
        (
            tiendanube,
            br#"{"event":"order/paid","id":1,"lines":[],"event":"order/paid"}"#,
            "200",
            "ignored",
        ),
        // Known, and the body does not fit.
        (
            tiendanube,
            b"{\"event\":\"order/paid\",\"id\":1,\n\"lines\":[1,256]}",
            "400 the body does not fit the expected type, at line 2 column 14, in lines[1]",
            "body_does_not_fit",
        ),
        (
            tiendanube,
            br#"{"event":"order/cancelled","id":"x"}"#,
            "400 the body does not fit the expected type, at line 1 column 35, in id",
            "body_does_not_fit",
        ),
        // Damage does not pass for a kind that is not handled.
        (
            tiendanube,
            br#"{"event":"order/paid","id":1"#,
            "400 the JSON text is cut off, at line 1 column 28",
            "body_truncated",
        ),
        (
            tiendanube,
            b"order/paid",
            "400 the body is not valid JSON, at line 1 column 1",
            "body_syntax",
        ),
        (
            tiendanube,
            br#"{"event":"x","$serde_json::private::RawValue":"[]"}"#,
            "400 a key begins with `$serde_json::private::`, which serde_json reserves",
            "body_reserved_key",
        ),
        // What is repaired for other types is for these.
        (
            tiendanube,
            b"\xef\xbb\xbf{\"event\":\"order/cancelled\",\"id\":1}",
            "Cancelled(Cancelled { id: 1 })",
            "received order/cancelled",
        ),
        (
            fintoc,
            b"{\"type\":\"payment_intent.succeeded\",\"name\":\"\xff\"}",
            "Succeeded(Object {\"name\": String(\"\u{fffd}\"), \"type\": String(\"payment_intent.succeeded\")})",
            "received payment_intent.succeeded",
        ),
    ];
    for (told, body, became, outcome) in rows {
        let body_text = String::from_utf8_lossy(body);
        assert_eq!(
            told(body),
            ((*became).to_owned(), (*outcome).to_owned()),
            "{body_text}"
        );
    }
}

#[test]
fn what_is_ignored_is_acknowledged_as_the_sender_counts_it() {
    let scheme = acme().signs("{body}").topic(Field::body("type")).received(
        webhook_core::answer::Received::Only(&[webhook_core::http::StatusCode::NO_CONTENT]),
    );
    let ignored = told_by(&scheme, &[], r#"{"type":"x"}"#);
    assert_eq!(ignored, ("204".into(), "ignored x".into()));
}

fn acme() -> SchemeBuilder {
    Scheme::builder("acme").hmac_sha256(Credential::header("x-signature").hex())
}

fn told_by(scheme: &SchemeBuilder, headers: &[(&str, &str)], body: &str) -> (String, String) {
    let scheme = scheme.build().unwrap();
    let provider = SchemeProvider::<Happened>::new(scheme.clone(), [("a", SECRET)]).unwrap();
    deliver(&scheme, Verifier::new(provider), headers, body)
}

#[test]
fn a_topic_in_a_signed_header_chooses_and_one_in_the_body_beside_it_does_not() {
    let scheme = acme()
        .signs("{header:x-topic}.{body}")
        .form_of("x-topic", Form::default())
        .topic(Field::header("x-topic"));
    let body = r#"{"event":"order/cancelled","id":1,"lines":[]}"#;
    let topic = |topic| told_by(&scheme, &[("x-topic", topic)], body);
    assert_eq!(topic("order/paid").0, "Paid(Paid { id: 1, lines: [] })");
    assert_eq!(topic("order/cancelled").0, "Cancelled(Cancelled { id: 1 })");
    assert_eq!(topic("x"), ("200".into(), "ignored x".into()));

    // Another one than was signed.
    let built = scheme.build().unwrap();
    let verifier = Verifier::new(SchemeProvider::<Happened>::new(built.clone(), SECRET).unwrap());
    let headers = [("x-topic", "order/paid")];
    let mut request = testing::scheme(&built, SystemTime::now(), &headers, body, SECRET);
    assert!(request.deliver(&verifier).is_ok());
    request
        .headers
        .insert("x-topic", "order/cancelled".parse().unwrap());
    let refused = request.deliver(&verifier).unwrap_err().rejection;
    assert_eq!(refused, Some(Rejection::CredentialMismatch));
}

#[test]
fn a_table_is_refused_where_nothing_proves_the_topic() {
    let in_header = || TopicError::HeaderNotSigned("x-topic".into());
    let topic = || Field::header("x-topic");
    let token = || Scheme::builder("acme").token(Credential::bearer());
    for (scheme, expected) in [
        (acme().signs("{body}"), Some(TopicError::Missing)),
        (token(), Some(TopicError::Missing)),
        (acme().signs("{body}").topic(topic()), Some(in_header())),
        (token().topic(topic()), Some(in_header())),
        (
            acme()
                .signs("{header:x-id}")
                .body_is_not_signed()
                .id(Field::header("x-id"))
                .topic(Field::body("type")),
            Some(TopicError::BodyNotSigned),
        ),
        (
            acme()
                .signs("{header:x-topic}{body}")
                .topic(topic())
                .allow_adjacent_parts(),
            Some(TopicError::HeaderTouchesPart("x-topic".into())),
        ),
        (acme().signs("{header:x-topic}.{body}").topic(topic()), None),
        (acme().signs("{body}").topic(Field::body("type")), None),
        (token().topic(Field::body("type")), None),
    ] {
        let scheme = scheme.build().unwrap();
        let refused = SchemeProvider::<Happened>::new(scheme.clone(), SECRET).err();
        assert_eq!(
            refused,
            expected.map(SchemeProviderError::Topic),
            "{scheme:?}"
        );
        // Any other type may be there.
        assert!(SchemeProvider::<Value>::new(scheme, SECRET).is_ok());
    }
}

/// Why a layer for this preset cannot start.
fn message<P: Preset>(secret: &str) -> Option<String> {
    let build = || Verifier::<SchemeProvider<Happened, P>>::from_secrets(secret);
    let panic = catch_unwind(AssertUnwindSafe(build)).err()?;
    Some(panic.downcast_ref::<String>().unwrap().clone())
}

#[test]
fn a_layer_for_such_a_sender_cannot_start_and_says_why_and_what_to_do() {
    let in_header = |sender, name| {
        format!(
            "the webhook layer for {sender} cannot start: the topic is in the header `{name}`, which nothing proves, so anyone \
             who has captured one delivery could choose the type that it decodes to; take `Value` as its type, and decode with \
             `event.decode_by_unauthenticated_topic` where that does no harm"
        )
    };
    let none = |sender| {
        format!(
            "the webhook layer for {sender} cannot start: the topic chooses the type, and the scheme names no topic: add `topic` \
             to it, or take a type that needs none"
        )
    };
    for (message, expected) in [
        (
            message::<ShopifyScheme>(SECRET),
            in_header("shopify", "x-shopify-topic"),
        ),
        (
            message::<WooCommerceScheme>(SECRET),
            in_header("woocommerce", "x-wc-webhook-topic"),
        ),
        (message::<TelegramScheme>(SECRET), none("telegram")),
        (message::<KhipuScheme>(SECRET), none("khipu")),
        (message::<KushkiScheme>(SECRET), none("kushki")),
    ] {
        assert_eq!(message, Some(expected));
    }
    assert!(catch_unwind(|| Dlocal::<Happened>::with_login("login", SECRET)).is_err());
}

/// Those that the documentation of senders lists.
#[test]
fn a_layer_for_a_sender_that_proves_its_topic_takes_a_table() {
    let signing_token = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    for message in [
        message::<AsaasScheme>(SECRET),
        #[cfg(feature = "ed25519")]
        message::<webhook_core::discord::DiscordScheme>(
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        ),
        message::<FintocScheme>(SECRET),
        message::<GitlabScheme>(SECRET),
        message::<GitlabSigningScheme>(signing_token),
        message::<LinearScheme>(SECRET),
        message::<MetaScheme>(SECRET),
        message::<SlackScheme>(SECRET),
        message::<TiendanubeScheme>(SECRET),
    ] {
        assert_eq!(message, None);
    }
}

fn shopify(topic: &str, body: &str) -> TestRequest {
    let scheme = ShopifyScheme::scheme().build().unwrap();
    let headers = [
        ("x-shopify-topic", topic),
        ("x-shopify-event-id", "e1"),
        ("x-shopify-triggered-at", "2026-11-25T10:26:40Z"),
    ];
    testing::scheme(
        &scheme,
        SystemTime::now(),
        &headers,
        body.to_owned(),
        SECRET,
    )
}

#[test]
fn a_topic_that_nothing_proves_decodes_on_demand_and_can_be_swapped() {
    type Decoded = Result<Option<Happened>, BodyErrorKind>;
    let decoded = |request: &TestRequest| -> Decoded {
        // A type that keeps nothing.
        let verifier = Verifier::<Shopify<IgnoredAny>>::try_new(SECRET).unwrap();
        let event = request.deliver(&verifier).unwrap().delivery.into_event();
        assert_eq!(event.topic(), None);
        let decoded = event.decode_by_unauthenticated_topic();
        decoded.map_err(|error| error.kind)
    };
    let body = r#"{"id":1,"lines":[2]}"#;
    let mut captured = shopify("orders/paid", body);
    let paid = Happened::ShopPaid(Paid {
        id: 1,
        lines: vec![2],
    });
    assert_eq!(decoded(&captured), Ok(Some(paid)));

    // The attack that keeps a table from the layer: the signature covers the body alone.
    let mut swap = |topic: &'static str| {
        let topic = topic.parse().unwrap();
        captured.headers.insert("x-shopify-topic", topic);
        decoded(&captured)
    };
    let cancelled = Happened::ShopCancelled(Cancelled { id: 1 });
    assert_eq!(swap("orders/cancelled"), Ok(Some(cancelled)));
    assert_eq!(swap("app/uninstalled"), Ok(Some(Happened::Uninstalled)));
    assert_eq!(swap("orders/packed"), Ok(None));
    captured
        .headers
        .append("x-shopify-topic", "orders/paid".parse().unwrap());
    assert_eq!(decoded(&captured), Ok(None));
    captured.headers.remove("x-shopify-topic");
    assert_eq!(decoded(&captured), Ok(None));

    let unfit = shopify("orders/paid", r#"{"id":1,"lines":[256]}"#);
    assert_eq!(decoded(&unfit), Err(BodyErrorKind::DoesNotFit));
    let reserved = r#"{"id":1,"lines":[],"$serde_json::private::RawValue":"[]"}"#;
    let verifier = Verifier::<Shopify>::try_new(SECRET).unwrap();
    assert!(shopify("orders/paid", reserved).deliver(&verifier).is_err());
    // The layer ignores the damage, and the type does not.
    let damaged = shopify("payment_intent.succeeded", r#"{"name":"\ud83d"}"#);
    let repaired = serde_json::json!({"name": "\u{fffd}"});
    assert_eq!(decoded(&damaged), Ok(Some(Happened::Succeeded(repaired))));
}

#[test]
fn an_event_decodes_on_demand_by_a_topic_that_is_proven_too() {
    let body = r#"{"event":"order/cancelled","id":1}"#;
    let scheme = TiendanubeScheme::scheme().build().unwrap();
    let request = testing::scheme(&scheme, SystemTime::now(), &[], body, SECRET);
    let verifier = Verifier::<Tiendanube>::try_new(SECRET).unwrap();
    let mut event = request.deliver(&verifier).unwrap().delivery.into_event();
    let cancelled = Happened::Cancelled(Cancelled { id: 1 });
    assert_eq!(
        event.decode_by_unauthenticated_topic(),
        Ok(Some(cancelled.clone()))
    );
    // It goes first.
    event.unauthenticated.topic = Some("app/uninstalled".into());
    assert_eq!(event.decode_by_unauthenticated_topic(), Ok(Some(cancelled)));

    // Made by hand.
    let mut event = SignedEvent::new(Value::Null);
    event.unauthenticated.topic = Some("orders/cancelled".into());
    assert_eq!(
        event.decode_by_unauthenticated_topic::<Happened>(),
        Ok(None)
    );
    let reserved = r#"{"id":2,"$serde_json::private::RawValue":"[]"}"#;
    let decoded = event
        .clone()
        .with_json(reserved)
        .decode_by_unauthenticated_topic::<Happened>();
    assert_eq!(
        decoded.map_err(|error| error.kind),
        Err(BodyErrorKind::ReservedKey)
    );
    let event = event.with_json(r#"{"id":2}"#);
    let cancelled = Happened::ShopCancelled(Cancelled { id: 2 });
    assert_eq!(event.decode_by_unauthenticated_topic(), Ok(Some(cancelled)));
}

#[test]
fn a_body_that_is_not_signed_names_no_id_even_if_the_event_keeps_it() {
    let scheme = acme()
        .signs("{header:x-topic}")
        .body_is_not_signed()
        .topic(Field::header("x-topic"))
        .id(Field::body("id"));
    let scheme = scheme.build().unwrap();
    let provider = SchemeProvider::<Happened>::new(scheme.clone(), SECRET).unwrap();
    let headers = [("x-topic", "order/cancelled")];
    let body = r#"{"id":1}"#;
    let request = testing::scheme(&scheme, SystemTime::now(), &headers, body, SECRET);
    let accepted = request.deliver(&Verifier::new(provider)).unwrap();
    assert_eq!(accepted.delivery.id(), None);
    let event = accepted.delivery.into_event();
    assert_eq!((event.proof, event.id()), (Proof::NotBody, None));
    assert_eq!(event.payload, Happened::Cancelled(Cancelled { id: 1 }));
}

#[test]
fn what_is_ignored_is_not_stored_and_a_row_that_would_be_is_no_event() {
    topics! {
        #[derive(Clone, Debug)]
        enum Later {
            "app/uninstalled" => Uninstalled,
        }
    }

    let scheme = TiendanubeScheme::scheme().build().unwrap();
    let intake = || {
        Intake::new(
            Verifier::<Tiendanube<Happened>>::try_new(SECRET).unwrap(),
            "shop",
        )
    };
    #[allow(clippy::result_large_err, reason = "the answer is compared at once")]
    let store = |body: &'static str| {
        let request = testing::scheme(&scheme, SystemTime::now(), &[], body, SECRET);
        let incoming = intake().begin(&request.head()).unwrap();
        incoming.finish_or_refuse(Ok(request.body))
    };
    let ignored = store(r#"{"event":"order/packed","id":1}"#).unwrap_err();
    assert_eq!(ignored.reply.status.as_u16(), 200);
    assert_eq!(ignored.rejection, None);

    let storing = store(r#"{"event":"order/cancelled","id":1}"#).unwrap();
    let _ = storing.in_flight.stored();
    let row = storing.delivery;
    assert_eq!(row.kind(), "order/cancelled");
    let again = intake().recall(&row).unwrap().delivery.into_event();
    assert_eq!(again.payload, Happened::Cancelled(Cancelled { id: 1 }));

    // A release that dropped the kind. Its row is tried again, and then dead: nobody knows whether it is needed.
    let later = Verifier::<Tiendanube<Later>>::try_new(SECRET).unwrap();
    let error = later.recall(&row).unwrap_err();
    assert!(!error.is_misconfigured());
    assert_eq!(
        error.to_string(),
        "the app has no type for deliveries of this kind anymore: bring it back, or delete the row"
    );
}

#[test]
fn a_table_can_be_read() {
    assert_eq!(Happened::TOPICS.len(), 10);
    assert_eq!(Happened::TOPICS[0], "order/paid");
    assert_eq!(Happened::Uninstalled.topic(), "app/uninstalled");
    const { assert!(Happened::CHOSEN_BY_TOPIC && !Value::CHOSEN_BY_TOPIC) };
}
