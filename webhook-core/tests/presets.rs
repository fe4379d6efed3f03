//! What each preset makes of a delivery that is signed as its sender does. That they sign as their senders do is shown by what
//! the senders publish, which is delivered elsewhere.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use webhook_core::driver::{Answer, EarlyReply, Verifier};
use webhook_core::http::{Method, StatusCode};
use webhook_core::scheme::{Preset, Proof, SchemeProvider, SignedEvent, Source};
use webhook_core::signing::Scheme;
use webhook_core::testing::{self, TestRequest};
use webhook_core::{
    Payload, Provider, Rejection, SecretsErrorKind, Trust, Value, asaas, dlocal, fintoc, gitlab,
    gitlab_signing, khipu, kushki, linear, meta, shopify, slack, telegram, tiendanube, woocommerce,
};

/// When deliveries are signed, in seconds.
const NOW: u64 = 1_795_600_000;

/// A preset, a delivery of it, and what must become of that.
struct Row {
    module: &'static str,
    check: fn(&Row),
    secret: &'static str,
    other_secret: &'static str,
    /// What the sender signs with, if that is not the secret.
    signs_with: Option<&'static str>,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    proof: Proof,
    topic: Option<&'static str>,
    unsigned_topic: Option<&'static str>,
    id: Option<(&'static str, Trust)>,
    /// Whether the time is signed.
    time: Option<bool>,
    unsigned_headers: &'static [(&'static str, &'static str)],
    /// How old a delivery may be, in seconds.
    tolerance: Option<u64>,
    /// What an answer without a body, and a 201 with one, become.
    answers: (u16, u16),
    body_limit: usize,
}

const ROW: Row = Row {
    module: "",
    check: |_| (),
    secret: "s3cr3t",
    other_secret: "other",
    signs_with: None,
    headers: &[],
    body: "{}",
    proof: Proof::Body,
    topic: None,
    unsigned_topic: None,
    id: None,
    time: None,
    unsigned_headers: &[],
    tolerance: None,
    answers: (200, 201),
    body_limit: 1024 * 1024,
};

const GITLAB_HEADERS: &[(&str, &str)] = &[
    ("x-gitlab-event", "Push Hook"),
    ("x-gitlab-event-uuid", "e1"),
    ("x-gitlab-instance", "https://gitlab.example"),
    ("x-gitlab-webhook-uuid", "w1"),
];

const ROWS: &[Row] = &[
    Row {
        module: "asaas",
        check: preset::<asaas::AsaasScheme>,
        body: r#"{"id":"evt_05b708f9&368604920","event":"PAYMENT_RECEIVED"}"#,
        proof: Proof::Token,
        topic: Some("PAYMENT_RECEIVED"),
        id: Some(("evt_05b708f9&368604920", Trust::Bearer)),
        answers: (200, 200),
        ..ROW
    },
    #[cfg(feature = "ed25519")]
    Row {
        module: "discord",
        check: preset::<webhook_core::discord::DiscordScheme>,
        // RFC 8032, section 7.1, tests 1 and 2.
        secret: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        other_secret: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        signs_with: Some("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
        body: r#"{"version":1,"type":1,"event":{"type":"APPLICATION_AUTHORIZED"}}"#,
        topic: Some("APPLICATION_AUTHORIZED"),
        time: Some(true),
        // An interaction is answered with 200 and a body.
        answers: (204, 204),
        ..ROW
    },
    Row {
        module: "dlocal",
        check: dlocal,
        body: r#"{"id":"D-4-be8eda8c","status":"PAID"}"#,
        time: Some(true),
        ..ROW
    },
    Row {
        module: "fintoc",
        check: preset::<fintoc::FintocScheme>,
        body: r#"{"id":"evt_2Aa","type":"payment_intent.succeeded"}"#,
        topic: Some("payment_intent.succeeded"),
        id: Some(("evt_2Aa", Trust::Signed)),
        time: Some(true),
        tolerance: Some(300),
        ..ROW
    },
    Row {
        module: "gitlab",
        check: preset::<gitlab::GitlabScheme>,
        headers: &[
            ("idempotency-key", "k1"),
            GITLAB_HEADERS[0],
            GITLAB_HEADERS[1],
            GITLAB_HEADERS[2],
            GITLAB_HEADERS[3],
        ],
        body: r#"{"object_kind":"push"}"#,
        proof: Proof::Token,
        topic: Some("push"),
        id: Some(("k1", Trust::Bearer)),
        unsigned_headers: GITLAB_HEADERS,
        body_limit: 25 * 1024 * 1024,
        ..ROW
    },
    Row {
        module: "gitlab_signing",
        check: preset::<gitlab_signing::GitlabSigningScheme>,
        secret: "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=",
        other_secret: "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3M=",
        headers: &[
            ("webhook-id", "k1"),
            GITLAB_HEADERS[0],
            GITLAB_HEADERS[1],
            GITLAB_HEADERS[2],
            GITLAB_HEADERS[3],
        ],
        body: r#"{"object_kind":"push"}"#,
        topic: Some("push"),
        id: Some(("k1", Trust::Signed)),
        time: Some(true),
        unsigned_headers: GITLAB_HEADERS,
        tolerance: Some(300),
        body_limit: 25 * 1024 * 1024,
        ..ROW
    },
    Row {
        module: "khipu",
        check: preset::<khipu::KhipuScheme>,
        body: r#"{"payment_id":"zfxnocsow6mz","amount":"1000.0000"}"#,
        time: Some(true),
        ..ROW
    },
    Row {
        module: "kushki",
        check: preset::<kushki::KushkiScheme>,
        headers: &[("x-kushki-key", "20000000100000000000")],
        body: r#"{"ticket_number":"011800383420500049"}"#,
        time: Some(true),
        unsigned_headers: &[("x-kushki-key", "20000000100000000000")],
        answers: (200, 200),
        ..ROW
    },
    Row {
        module: "linear",
        check: preset::<linear::LinearScheme>,
        headers: &[("linear-delivery", "d1"), ("linear-event", "Issue")],
        body: r#"{"action":"create","type":"Issue","webhookTimestamp":1795600000000}"#,
        topic: Some("Issue"),
        id: Some(("d1", Trust::Unsigned)),
        time: Some(true),
        unsigned_headers: &[("linear-event", "Issue")],
        tolerance: Some(60),
        answers: (200, 200),
        ..ROW
    },
    Row {
        module: "meta",
        check: preset::<meta::MetaScheme>,
        body: r#"{"object":"whatsapp_business_account","entry":[]}"#,
        topic: Some("whatsapp_business_account"),
        answers: (200, 200),
        body_limit: 3 * 1024 * 1024,
        ..ROW
    },
    Row {
        module: "shopify",
        check: preset::<shopify::ShopifyScheme>,
        headers: &[
            ("x-shopify-topic", "orders/create"),
            ("x-shopify-event-id", "e1"),
            ("x-shopify-triggered-at", "2026-11-25T09:46:40.000000000Z"),
            ("x-shopify-shop-domain", "demo.myshopify.com"),
            ("x-shopify-api-version", "2026-10"),
            ("x-shopify-webhook-id", "w1"),
        ],
        body: r#"{"id":1}"#,
        unsigned_topic: Some("orders/create"),
        id: Some(("e1", Trust::Unsigned)),
        time: Some(false),
        unsigned_headers: &[
            ("x-shopify-api-version", "2026-10"),
            ("x-shopify-shop-domain", "demo.myshopify.com"),
            ("x-shopify-webhook-id", "w1"),
        ],
        ..ROW
    },
    Row {
        module: "slack",
        check: preset::<slack::SlackScheme>,
        headers: &[
            ("x-slack-retry-num", "1"),
            ("x-slack-retry-reason", "http_timeout"),
        ],
        body: r#"{"type":"event_callback","event_id":"Ev1"}"#,
        topic: Some("event_callback"),
        id: Some(("Ev1", Trust::Signed)),
        time: Some(true),
        unsigned_headers: &[
            ("x-slack-retry-num", "1"),
            ("x-slack-retry-reason", "http_timeout"),
        ],
        tolerance: Some(300),
        ..ROW
    },
    Row {
        module: "telegram",
        check: preset::<telegram::TelegramScheme>,
        body: r#"{"update_id":10000,"message":{"text":"/start"}}"#,
        proof: Proof::Token,
        id: Some(("10000", Trust::Bearer)),
        ..ROW
    },
    Row {
        module: "tiendanube",
        check: preset::<tiendanube::TiendanubeScheme>,
        body: r#"{"store_id":123,"event":"order/paid","id":1948209}"#,
        topic: Some("order/paid"),
        answers: (200, 200),
        ..ROW
    },
    Row {
        module: "woocommerce",
        check: preset::<woocommerce::WooCommerceScheme>,
        headers: &[
            ("x-wc-webhook-topic", "order.updated"),
            ("x-wc-webhook-resource", "order"),
            ("x-wc-webhook-event", "updated"),
            ("x-wc-webhook-id", "5"),
            ("x-wc-webhook-source", "https://shop.example/"),
            ("x-wc-webhook-delivery-id", "f3b1"),
        ],
        body: r#"{"id":727}"#,
        unsigned_topic: Some("order.updated"),
        unsigned_headers: &[
            ("x-wc-webhook-delivery-id", "f3b1"),
            ("x-wc-webhook-event", "updated"),
            ("x-wc-webhook-id", "5"),
            ("x-wc-webhook-resource", "order"),
            ("x-wc-webhook-source", "https://shop.example/"),
        ],
        ..ROW
    },
];

#[test]
fn every_preset_is_as_documented() {
    for row in ROWS {
        (row.check)(row);
    }
}

#[test]
fn every_preset_has_a_row() {
    macro_rules! modules {
        ($($(#[$cfg:meta])* $module:ident $Sender:ident $Layer:ident $title:literal;)*) => {
            &[$($(#[$cfg])* stringify!($module),)*]
        };
    }

    let listed: &[&str] = webhook_core::__for_each_preset!(modules);
    let rows: Vec<_> = ROWS.iter().map(|row| row.module).collect();
    assert_eq!(rows, listed);
}

fn preset<P: Preset>(row: &Row) {
    let scheme = P::scheme()
        .build()
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(P::NAME.replace('-', "_"), row.module);
    check(row, &scheme, |secret| {
        Verifier::<SchemeProvider<Value, P>>::try_new(secret).unwrap()
    });
}

fn dlocal(row: &Row) {
    let sender = |secret| dlocal::Dlocal::<Value>::with_login("sak223k2wdksdl2", secret).unwrap();
    check(row, sender("s3cr3t").scheme(), |secret| {
        Verifier::new(sender(secret))
    });
}

fn check<T, S>(
    row: &Row,
    scheme: &Scheme,
    verifier: impl Fn(&'static str) -> Verifier<SchemeProvider<T, S>>,
) where
    T: Payload,
    S: Source,
{
    let of = row.module;
    assert_eq!(scheme.warnings().collect::<Vec<_>>(), [""; 0], "{of}");

    let clock = |after: u64| move || UNIX_EPOCH + Duration::from_secs(NOW + after);
    let now = clock(0)();
    let signs_with = row.signs_with.unwrap_or(row.secret);
    let request = testing::scheme(scheme, now, row.headers, row.body, signs_with);
    let accepted = request
        .deliver(&verifier(row.secret).clock(clock(0)))
        .unwrap_or_else(|refused| panic!("{of}: {:?}", refused.rejection));
    let event: &SignedEvent<T> = accepted.delivery.event();
    assert_eq!(event.proof, row.proof, "{of}");
    assert_eq!(event.topic().as_deref(), row.topic, "topic of {of}");
    let unsigned = &event.unauthenticated;
    assert_eq!(unsigned.topic.as_deref(), row.unsigned_topic, "{of}");
    let milliseconds = NOW * 1000;
    let times = (event.timestamp_ms, unsigned.timestamp_ms);
    let expected = match row.time {
        Some(true) => (Some(milliseconds), None),
        Some(false) => (None, Some(milliseconds)),
        None => (None, None),
    };
    assert_eq!(times, expected, "time of {of}");
    let headers: Vec<_> = unsigned.headers.iter().map(|(n, v)| (&**n, &**v)).collect();
    assert_eq!(headers, row.unsigned_headers, "headers of {of}");
    let id = accepted.delivery.id();
    let id = id.as_ref().map(|id| (id.as_str(), id.trust()));
    assert_eq!(id, row.id, "id of {of}");
    let is_signed = row.id.is_some_and(|(_, trust)| trust == Trust::Signed);
    let is_in_body = row.id.is_some_and(|(id, _)| row.body.contains(id));
    assert_eq!(event.id().is_some(), is_signed || is_in_body, "id of {of}");
    assert_eq!(
        verifier(row.secret).provider().body_limit(),
        row.body_limit,
        "{of}"
    );

    let answer = |status, without_body| {
        let accepted = request
            .deliver(&verifier(row.secret).clock(clock(0)))
            .unwrap();
        match accepted.in_flight.answer(status, None, without_body) {
            Answer::Pass => status.as_u16(),
            Answer::SetStatus(status) => status.as_u16(),
            Answer::Replace(reply) => {
                assert!(
                    reply.body.is_empty() && reply.content_type.is_none(),
                    "{of}"
                );
                reply.status.as_u16()
            }
        }
    };
    let answers = (
        answer(StatusCode::OK, true),
        answer(StatusCode::CREATED, false),
    );
    assert_eq!(answers, row.answers, "answers of {of}");

    let refused = |request: &TestRequest, secret, after| {
        let outcome = request.deliver(&verifier(secret).clock(clock(after)));
        outcome
            .err()
            .map(|it| (it.reply.status.as_u16(), it.rejection))
    };
    let mismatch = Some((401, Some(Rejection::CredentialMismatch)));
    assert_eq!(refused(&request, row.other_secret, 0), mismatch, "{of}");
    let mut altered = request.clone();
    altered.body = row.body.replacen('{', "{ ", 1).into();
    let expected = match row.proof {
        Proof::Token => None,
        _ => mismatch,
    };
    assert_eq!(refused(&altered, row.secret, 0), expected, "body of {of}");

    let late = Some((401, Some(Rejection::TimestampOutsideTolerance)));
    let tolerated = row.tolerance.unwrap_or(100 * 365 * 24 * 60 * 60);
    assert_eq!(refused(&request, row.secret, tolerated), None, "{of}");
    if row.tolerance.is_some() {
        assert_eq!(refused(&request, row.secret, tolerated + 1), late, "{of}");
    }
}

/// Sends a request without a credential.
fn unsigned(method: Method, target: &str, body: &'static str) -> TestRequest {
    // Any sender whose credential the preset does not read.
    let mut request = testing::tusfacturas_body(body, "none");
    request.headers.clear();
    request.headers.insert("content-length", body.len().into());
    request.method = method;
    request.uri = target.parse().unwrap();
    request
}

fn handshake<P: Preset>(
    verifier: &Verifier<SchemeProvider<Value, P>>,
    request: &TestRequest,
) -> (u16, String) {
    let reply: EarlyReply = request.deliver(verifier).expect_err("no handler gets it");
    let body = String::from_utf8(reply.reply.body.to_vec()).unwrap();
    assert_eq!(reply.rejection.is_none(), reply.reply.status.is_success());
    (reply.reply.status.as_u16(), body)
}

#[test]
fn meta_is_told_its_challenge_if_it_knows_the_verify_token() {
    let verifier = Verifier::<meta::Meta>::try_new("app-secret").unwrap();
    let ask = |verifier: &Verifier<meta::Meta>, query: &str| {
        let target = format!("/hook?{query}");
        handshake::<meta::MetaScheme>(verifier, &unsigned(Method::GET, &target, ""))
    };
    let right = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=chosen%20by%20us";
    // Nobody has set a token yet, and the app secret is none.
    assert_eq!(ask(&verifier, right).0, 403);
    let verifier = verifier.verify_token(["chosen by us", "the next one"]);
    assert_eq!(ask(&verifier, right), (200, "1158201444".to_owned()));
    let next = right.replace("chosen%20by%20us", "the+next+one");
    assert_eq!(ask(&verifier, &next).0, 403, "a plus is no space here");
    let wrong = right.replace("chosen%20by%20us", "app-secret");
    assert_eq!(ask(&verifier, &wrong), (403, String::new()));
}

#[test]
#[should_panic(
    expected = "the webhook layer for meta cannot start: of its verify tokens, the secret is empty: set a value"
)]
fn an_empty_verify_token_is_refused_when_the_layer_is_built() {
    let verifier = Verifier::<meta::Meta>::try_new("app-secret").unwrap();
    let _ = verifier.verify_token("");
}

#[test]
fn probes_without_a_signature_are_answered_and_nothing_that_only_resembles_one() {
    let post = |body| unsigned(Method::POST, "/hook", body);
    let woocommerce = Verifier::<woocommerce::WooCommerce>::try_new("s3cr3t").unwrap();
    for (body, status) in [
        ("webhook_id=5", 200),
        ("webhook_id=", 401),
        ("webhook_id=5&id=1", 401),
        ("{}", 401),
    ] {
        let answer = handshake::<woocommerce::WooCommerceScheme>(&woocommerce, &post(body));
        assert_eq!(answer, (status, String::new()), "{body}");
    }
    let kushki = Verifier::<kushki::Kushki>::try_new("s3cr3t").unwrap();
    for (body, status) in [("{}", 200), (r#"{"ticket_number":"1"}"#, 401), ("", 401)] {
        let answer = handshake::<kushki::KushkiScheme>(&kushki, &post(body));
        assert_eq!(answer, (status, String::new()), "{body}");
    }
}

#[cfg(feature = "ed25519")]
#[test]
fn discord_is_answered_both_its_pings_if_they_are_signed() {
    use webhook_core::discord::{Discord, DiscordScheme};

    const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    const PRIVATE: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

    let scheme = DiscordScheme::scheme().build().unwrap();
    let verifier = Verifier::<Discord>::try_new(PUBLIC).unwrap();
    for (body, status, answer) in [
        (r#"{"version":1,"type":0}"#, 204, ""),
        (r#"{"id":"1","type":1}"#, 200, r#"{"type":1}"#),
    ] {
        let now = SystemTime::now();
        let request = testing::scheme(&scheme, now, &[], body, PRIVATE);
        let told = handshake::<DiscordScheme>(&verifier, &request);
        assert_eq!(told, (status, answer.to_owned()));
        let stranger = testing::scheme(&scheme, now, &[], body, &PRIVATE.replace('9', "8"));
        let told = handshake::<DiscordScheme>(&verifier, &stranger);
        assert_eq!(told.0, 401);
    }
    // An event in which something cannot be read is no ping.
    let damaged =
        b"{\"type\":1,\"event\":{\"type\":\"ENTITLEMENT_CREATE\",\"data\":{\"name\":\"\xff\"}}}";
    let request = testing::scheme(&scheme, SystemTime::now(), &[], &damaged[..], PRIVATE);
    let accepted = request.deliver(&verifier).expect("an event");
    assert_eq!(
        accepted.delivery.payload["event"]["data"]["name"],
        "\u{fffd}"
    );
    // Time and body touch, so the time has one length.
    for time in ["1795600000{", "01795600000", "179560000"] {
        let now = SystemTime::now();
        let mut request = testing::scheme(&scheme, now, &[], "{}", PRIVATE);
        let name = "x-signature-timestamp";
        request.headers.insert(name, time.parse().unwrap());
        let refused = request.deliver(&verifier).expect_err("no time").rejection;
        assert_eq!(refused, Some(Rejection::CredentialMalformed), "{time}");
    }
    // A command: the handler's answer stays as it is.
    let body = r#"{"id":"1","type":2,"data":{}}"#;
    let request = testing::scheme(&scheme, SystemTime::now(), &[], body, PRIVATE);
    let accepted = request.deliver(&verifier).expect("an interaction");
    let answer = accepted.in_flight.answer(StatusCode::OK, None, false);
    assert_eq!(answer, Answer::Pass);
}

#[test]
fn slack_is_told_its_challenge_if_it_signs_it() {
    let scheme = slack::SlackScheme::scheme().build().unwrap();
    let verifier = Verifier::<slack::Slack>::try_new("s3cr3t").unwrap();
    let body = r#"{"type":"url_verification","challenge":"3eZbrw1aBm2rZgRNFdxV"}"#;
    let request = testing::scheme(&scheme, SystemTime::now(), &[], body, "s3cr3t");
    let told = handshake::<slack::SlackScheme>(&verifier, &request);
    assert_eq!(told, (200, "3eZbrw1aBm2rZgRNFdxV".to_owned()));
    let stranger = testing::scheme(&scheme, SystemTime::now(), &[], body, "other");
    assert_eq!(handshake::<slack::SlackScheme>(&verifier, &stranger).0, 401);
}

#[test]
fn a_signing_token_of_gitlab_is_whsec_and_32_bytes() {
    use webhook_core::Secret;

    type Signing = Verifier<gitlab_signing::GitlabSigning>;
    for secret in [
        "gl-token-1",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=",
        "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q",
    ] {
        let error = Signing::try_new(secret).unwrap_err();
        assert!(
            matches!(error.kind(), SecretsErrorKind::OtherCredential { .. }),
            "{secret}: {error}"
        );
        assert_eq!(
            error.to_string(),
            "the secret is no signing token of GitLab: set the one of the webhook (`whsec_` and base64 of 32 bytes, 50 characters), \
             or use `Gitlab` for a secret token"
        );
    }
    assert!(Signing::try_new(Secret::raw("short").unwrap()).is_err());
    assert!(Signing::try_new(Secret::raw("testtesttesttesttesttesttesttest").unwrap()).is_ok());
}

#[test]
fn a_login_of_dlocal_is_one_that_a_header_can_have() {
    for login in ["", " ", "a b", "a\n", "ñ"] {
        let error = dlocal::Dlocal::<Value>::with_login(login, "s3cr3t").unwrap_err();
        assert_eq!(error, dlocal::DlocalError::Login, "{login:?}");
    }
    let error = dlocal::Dlocal::<Value>::with_login("sak223k2wdksdl2", "").unwrap_err();
    assert_eq!(error.to_string(), "the secret is empty: set a value");
}

/// Its three parts touch: a date of another length would begin or end in a neighbor.
#[test]
fn dlocal_takes_no_other_login_and_no_other_form_of_date() {
    let sender = |login| dlocal::Dlocal::<Value>::with_login(login, "s3cr3t").unwrap();
    let verifier = Verifier::new(sender("sak223k2wdksdl2"));
    let sign = |login| {
        testing::scheme(
            sender(login).scheme(),
            SystemTime::now(),
            &[],
            "{}",
            "s3cr3t",
        )
    };
    let refused = |request: &TestRequest| request.deliver(&verifier).err()?.rejection;
    assert_eq!(refused(&sign("sak223k2wdksdl2")), None);
    let malformed = Some(Rejection::CredentialMalformed);
    for login in ["sak223k2wdksdl", "sak223k2wdksdl22", "sak223k2wdksdl3"] {
        assert_eq!(refused(&sign(login)), malformed, "{login}");
    }
    for date in ["2026-11-25T10:26:40Z", "2026-11-25T10:26:40.0000Z"] {
        let mut request = sign("sak223k2wdksdl2");
        request.headers.insert("x-date", date.parse().unwrap());
        assert_eq!(refused(&request), malformed, "{date}");
    }
}
