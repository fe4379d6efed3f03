//! A sender written outside `webhook-core` can do what those inside can, in both adapters and as a receiver.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::{App, test as actix, web};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use tower::ServiceExt;
use webhook_core::driver::Verifier;
use webhook_core::signing::HmacKeys;
use webhook_core::{Keyring, SecretsErrorKind};
use webhook_examples::courier::{Courier, ParcelMoved};
use webhook_tests::client;
use webhook_tests::server::Server;

const NOW: u64 = 1_614_265_330;
const KEY: &str = "courier-key-1a2b3c4d";
const NEW_KEY: &str = "courier-key-5e6f7a8b";
const BODY: &str = r#"{"parcel":"7","place":"Rosario"}"#;
/// Computed with Python's `hmac` module: key, time and body as above.
const SIGNATURE: &str = "f414c7ef4e2f2b7c57e453179407ab9a3be9a975dc2a07f3ea5128d7ff73edcc";
const LIMIT: usize = 16 * 1024;

const TIME_FIELD: &str = "courier-timestamp";
const SIGNATURE_FIELD: &str = "courier-signature";

#[derive(Clone)]
struct Sent {
    fields: Vec<(&'static str, String)>,
    body: String,
}

fn signed(unix_time: u64, body: &str, key: &str) -> Sent {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
        .unwrap()
        .chain_update(format!("{unix_time}.{body}"));
    let signature = hex::encode(mac.finalize().into_bytes());
    Sent {
        fields: vec![
            (TIME_FIELD, unix_time.to_string()),
            (SIGNATURE_FIELD, signature),
        ],
        body: body.to_owned(),
    }
}

impl Sent {
    fn set(&mut self, name: &'static str, value: &str) {
        self.fields.retain(|(field, _)| *field != name);
        self.fields.push((name, value.to_owned()));
    }

    fn repeat(&mut self, name: &'static str) {
        let field = self.fields.iter().find(|(field, _)| *field == name);
        self.fields.push(field.unwrap().clone());
    }
}

/// A parcel event of this length, most of it whitespace.
fn padded(length: usize) -> String {
    BODY.to_owned() + &" ".repeat(length - BODY.len())
}

/// The courier in both adapters, with fixed clocks.
struct Adapters {
    axum: webhook_axum::WebhookLayer<Courier>,
    actix: webhook_actix::WebhookLayer<Courier>,
}

impl Adapters {
    fn new(secrets: &[(&str, &str)]) -> Self {
        let verifier = || {
            let now = || UNIX_EPOCH + Duration::from_secs(NOW);
            Verifier::from_secrets(secrets).clock(now)
        };
        Self {
            axum: webhook_axum::WebhookLayer::from_verifier(verifier()),
            actix: webhook_actix::WebhookLayer::from_verifier(verifier()),
        }
    }

    fn keyrings(&self) -> [Keyring<HmacKeys>; 2] {
        [self.axum.secrets(), self.actix.secrets()]
    }

    /// Status and body of the answer, the same in both. The body is the label of the key if the handler was called.
    async fn answer(&self, sent: &Sent) -> (u16, String) {
        let [axum, actix] = [self.in_axum(sent).await, self.in_actix(sent).await];
        assert_eq!(axum, actix);
        axum
    }

    async fn in_axum(&self, sent: &Sent) -> (u16, String) {
        use webhook_axum::WebhookDelivery;

        async fn on_parcel(WebhookDelivery(parcel): WebhookDelivery<ParcelMoved>) -> String {
            parcel.label().unwrap().to_string()
        }
        let app = Router::new().route("/parcels", post(on_parcel).layer(self.axum.clone()));
        let mut request = Request::post("/parcels");
        for (name, value) in &sent.fields {
            request = request.header(*name, value);
        }
        let request = request.body(Body::from(sent.body.clone())).unwrap();
        let response = app.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1000).await.unwrap();
        (status, String::from_utf8(body.into()).unwrap())
    }

    async fn in_actix(&self, sent: &Sent) -> (u16, String) {
        use webhook_actix::WebhookDelivery;

        async fn on_parcel(WebhookDelivery(parcel): WebhookDelivery<ParcelMoved>) -> String {
            parcel.label().unwrap().to_string()
        }
        let parcels = web::resource("/parcels")
            .wrap(self.actix.clone())
            .route(web::post().to(on_parcel));
        let app = actix::init_service(App::new().service(parcels)).await;
        let mut request = actix::TestRequest::post().uri("/parcels");
        for (name, value) in &sent.fields {
            request = request.append_header((*name, value.as_str()));
        }
        let request = request.set_payload(sent.body.clone()).to_request();
        let response = actix::call_service(&app, request).await;
        let status = response.status().as_u16();
        let body = actix::read_body(response).await;
        (status, String::from_utf8(body.into()).unwrap())
    }
}

/// A row: a name, the change to an authentic delivery, and the status of the answer.
type Row<'a> = (&'a str, &'a dyn Fn(&mut Sent), u16);

#[actix_web::test]
async fn only_what_the_key_has_signed_of_late_passes() {
    let adapters = Adapters::new(&[("depot-1", KEY)]);
    let authentic = signed(NOW, BODY, KEY);
    assert_eq!(authentic.fields[1].1, SIGNATURE);
    let rows: &[Row<'_>] = &[
        ("as signed", &|_| {}, 200),
        ("wrong key", &|s| *s = signed(NOW, BODY, NEW_KEY), 401),
        ("another body", &|s| s.body = BODY.replace('7', "8"), 401),
        ("one byte more", &|s| s.body.push(' '), 401),
        ("another time", &|s| s.set(TIME_FIELD, "1614265331"), 401),
        ("no signature", &|s| drop(s.fields.pop()), 401),
        ("no time", &|s| drop(s.fields.remove(0)), 401),
        ("nothing", &|s| s.fields.clear(), 401),
        ("empty", &|s| s.set(SIGNATURE_FIELD, ""), 401),
        ("no hex", &|s| s.set(SIGNATURE_FIELD, &"x".repeat(64)), 401),
        ("short", &|s| s.set(SIGNATURE_FIELD, &SIGNATURE[..62]), 401),
        ("signature twice", &|s| s.repeat(SIGNATURE_FIELD), 401),
        ("time twice", &|s| s.repeat(TIME_FIELD), 401),
        ("no time at all", &|s| s.set(TIME_FIELD, "yesterday"), 401),
        // The same request is authentic again until it is too old.
        ("300 s old", &|s| *s = signed(NOW - 300, BODY, KEY), 200),
        ("replayed", &|s| *s = signed(NOW - 301, BODY, KEY), 401),
        ("ahead", &|s| *s = signed(NOW + 301, BODY, KEY), 401),
        ("the limit", &|s| *s = signed(NOW, &padded(LIMIT), KEY), 200),
        ("over", &|s| *s = signed(NOW, &padded(LIMIT + 1), KEY), 413),
        ("no JSON", &|s| *s = signed(NOW, "parcel=7", KEY), 400),
        ("does not fit", &|s| *s = signed(NOW, "{}", KEY), 400),
        ("forged, no JSON", &|s| s.body = "parcel=7".to_owned(), 401),
    ];
    for (name, change, status) in rows {
        let mut sent = authentic.clone();
        change(&mut sent);
        let body = if *status == 200 { "depot-1" } else { "" };
        let expected = (*status, body.to_owned());
        assert_eq!(adapters.answer(&sent).await, expected, "{name}");
    }
}

#[actix_web::test]
async fn keys_rotate_while_the_server_runs() {
    let adapters = Adapters::new(&[("old", KEY)]);
    let answers = async || {
        let mut answers = Vec::new();
        for key in [KEY, NEW_KEY] {
            answers.push(adapters.answer(&signed(NOW, BODY, key)).await);
        }
        answers
    };
    let accepted = |label: &str| (200, label.to_owned());
    let refused = (401, String::new());
    assert_eq!(answers().await, [accepted("old"), refused.clone()]);
    for keyring in adapters.keyrings() {
        keyring.add([("new", NEW_KEY)]).unwrap();
    }
    assert_eq!(answers().await, [accepted("old"), accepted("new")]);
    for keyring in adapters.keyrings() {
        keyring.remove(KEY).unwrap();
        let last = keyring.remove(NEW_KEY).unwrap_err();
        assert_eq!(last.kind(), SecretsErrorKind::Last);
    }
    assert_eq!(answers().await, [refused, accepted("new")]);
}

#[test]
fn a_useless_key_is_refused_and_none_is_ever_shown() {
    let refusal = |secrets: &[&str]| Verifier::<Courier>::try_new(secrets).unwrap_err();
    assert_eq!(refusal(&[""]).kind(), SecretsErrorKind::Empty);
    assert_eq!(refusal(&[KEY, KEY]).kind(), SecretsErrorKind::Repeated);

    let adapters = Adapters::new(&[("old", KEY), ("new", NEW_KEY)]);
    let keyring = adapters.axum.secrets();
    let verifier = Verifier::<Courier>::try_new([KEY, NEW_KEY]).unwrap();
    for shown in [
        format!("{:?}", adapters.axum),
        format!("{:?}", adapters.actix),
        format!("{keyring:?}"),
        format!("{verifier:?} {:?}", verifier.provider()),
        format!("{:?}", refusal(&[KEY, KEY])),
    ] {
        assert!(!shown.contains("courier-key"), "{shown}");
    }
}

#[test]
fn its_receiver_writes_each_event_down_and_no_secret() {
    let list = format!("depot-1={KEY},{NEW_KEY}");
    let mut server = Server::start(
        env!("CARGO_BIN_EXE_test-custom-provider"),
        &[("COURIER_SECRET", &list), ("RUST_LOG", "trace")],
    );
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let send = |sent: Sent| {
        let request = client::post("/parcels", sent.body);
        let fields = sent.fields.iter();
        let request = fields.fold(request, |request, (name, value)| {
            request.header(name, value)
        });
        request.send(server.addr)
    };
    for (key, label) in [(KEY, Some("depot-1")), (NEW_KEY, None)] {
        let response = send(signed(now.as_secs(), BODY, key));
        assert_eq!((response.status, response.body), (200, Vec::new()));
        assert_eq!(
            server.event(),
            json!({"provider": "courier", "key": label, "event": {"parcel": "7", "place": "Rosario"}})
        );
    }
    assert_eq!(send(signed(NOW, BODY, KEY)).status, 401, "it was years ago");
    assert_eq!(server.other_events(), [""; 0]);

    let written = server.stop();
    assert!(written.contains("webhook received"), "the log is on");
    assert!(!written.contains("courier-key"), "{written}");
}
