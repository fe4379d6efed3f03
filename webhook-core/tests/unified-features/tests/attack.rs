//! With `raw_value`, serde_json decodes an object whose first key is `$serde_json::private::RawValue` to a `Value`
//! from the JSON in the string after it, with a fresh recursion limit. Nested in one another, such strings overflow
//! the stack of the thread that decodes or drops the value. Mercado Pago's bodies are not signed, so anyone who has
//! captured one notification could send this.

use std::thread;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::Value;
use webhook_core::driver::Verifier;
use webhook_core::github::Github;
use webhook_core::mercadopago::{MercadoPago, MercadoPagoNotification};
use webhook_core::multicaja::Order;
use webhook_core::standard_webhooks::StandardWebhooks;
use webhook_core::stripe::Stripe;
use webhook_core::testing::{self, TestRequest};
use webhook_core::tusfacturas::{TfEvent, TusFacturas};
use webhook_core::{FromSecrets, Provider, Rejection};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// About as long as a Mercado Pago body may be, and as deep as fits: each level doubles the backslashes inside, so
/// there are few levels of strings around many of arrays.
fn nested(key: &str) -> String {
    let mut json = "1".to_owned();
    loop {
        let inside = format!("{}{json}{}", "[".repeat(125), "]".repeat(125));
        let text = serde_json::to_string(&inside).unwrap();
        let outer = format!(r#"{{"{key}":{text}}}"#);
        if outer.len() > 1000 * 1024 {
            return json;
        }
        json = outer;
    }
}

/// Runs on a stack as small as those of tokio's threads.
fn on_a_small_stack<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = thread::Builder::new().stack_size(2 * 1024 * 1024);
    thread.spawn(run).unwrap().join().unwrap()
}

fn rejection<P: FromSecrets>(request: TestRequest) -> Option<Rejection> {
    on_a_small_stack(move || {
        let verifier = Verifier::<P>::try_new(SECRET).unwrap();
        let answered = request.deliver(&verifier).err();
        answered.and_then(|early| early.rejection)
    })
}

fn notification(body: String) -> TestRequest {
    testing::mercadopago("payment", "17", SystemTime::now(), body, SECRET)
}

#[test]
fn the_features_are_on() {
    let json = r#"{"$serde_json::private::RawValue":"[1]"}"#;
    let value: Value = serde_json::from_str(json).unwrap();
    assert_eq!(
        value,
        serde_json::json!([1]),
        "serde_json does not read it as a key"
    );
    let number: Value = serde_json::from_str("123456789012345678901234567890").unwrap();
    assert_eq!(number.to_string(), "123456789012345678901234567890");
}

#[test]
fn strings_nested_in_reserved_keys_are_refused_before_they_are_decoded() {
    #[derive(Clone, Deserialize)]
    struct Event {
        #[allow(dead_code, reason = "only decoded")]
        data: Value,
    }

    let plain = "$serde_json::private::RawValue";
    let keys = [
        plain.to_owned(),
        plain.replace('$', "\\u0024"),
        plain.replace("Value", "\\u0056alue"),
        "$serde_json::private::Number".to_owned(),
    ];
    for key in keys {
        let attack = nested(&key);
        let reserved = |rejection: Option<Rejection>| {
            let rejection = rejection.expect("the attack is refused");
            assert_eq!(rejection.name(), "body_reserved_key", "{key}");
        };
        for body in [
            attack.clone(),
            format!("[{attack}]"),
            format!(r#"{{"data":{attack}}}"#),
            // Damaged, so it would be decoded twice.
            format!("\u{feff}{attack}"),
        ] {
            reserved(rejection::<MercadoPago>(notification(body.clone())));
            reserved(rejection::<MercadoPago<Event>>(notification(body)));
        }
        reserved(rejection::<MercadoPago<MercadoPagoNotification>>(
            notification(attack.clone()),
        ));
        let now = SystemTime::now();
        let standard = testing::standard_webhooks("msg_1", now, attack.clone(), SECRET);
        reserved(rejection::<StandardWebhooks>(standard));
        reserved(rejection::<Stripe>(testing::stripe(
            now,
            attack.clone(),
            SECRET,
        )));
        reserved(rejection::<Github>(testing::github_form(
            "push", &attack, SECRET,
        )));
        reserved(rejection::<Github>(testing::github("push", attack, SECRET)));
    }
}

/// What the guard is for. In a separate process, since the attack ends it.
#[test]
#[cfg(debug_assertions)]
fn without_the_guard_the_attack_overflows_the_stack() {
    const CHILD: &str = "OVERFLOW_THE_STACK";

    if std::env::var_os(CHILD).is_some() {
        let attack = nested("$serde_json::private::RawValue");
        on_a_small_stack(move || drop(serde_json::from_str::<Value>(&attack)));
        return;
    }
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "without_the_guard_the_attack_overflows_the_stack",
        ])
        .env(CHILD, "1")
        .output()
        .unwrap()
        .status;
    assert!(status.code().is_none(), "ended by a signal: {status}");
}

#[test]
fn the_same_text_is_harmless_if_it_is_not_a_key() {
    for body in [
        r#"{"text":"$serde_json::private::RawValue"}"#,
        r#"{"text":"{\"$serde_json::private::RawValue\":\"[]\"}"}"#,
    ] {
        assert_eq!(
            rejection::<MercadoPago>(notification(body.to_owned())),
            None
        );
    }
}

/// Senders with their own types ignore an unknown field, whatever its name, and numbers keep their digits.
#[test]
fn types_of_the_senders_decode_as_they_do_without_these_features() {
    let attack = nested("$serde_json::private::RawValue");
    let digits = "123456789012345678901234567890";
    on_a_small_stack(move || {
        let body = format!(
            r#"{{"evento":"emitido","external_reference":{digits},"intento":"2","msg":[1.50],"x":{attack}}}"#
        );
        let event = TfEvent::from_json(body.as_bytes()).unwrap();
        assert_eq!(event.external_reference.as_deref(), Some(digits));
        assert_eq!(
            (event.intento, &*event.msg),
            (Some(2), &["1.50".to_owned()][..])
        );
        let typed = r#"{"evento":"emitido","intento":2,"msg":[]}"#;
        assert_eq!(
            TfEvent::from_json(typed.as_bytes()).unwrap().intento,
            Some(2)
        );
        let verifier = Verifier::<TusFacturas>::try_new(SECRET).unwrap();
        assert_eq!(verifier.provider().kind(&event), "emitido");

        let body =
            format!(r#"{{"order_id":{digits},"reference_id":"A","amount":1.50,"x":{attack}}}"#);
        let order = Order::from_json(body.as_bytes()).unwrap();
        assert_eq!(order.order_id, digits);
        assert_eq!(order.unauthenticated.amount.as_deref(), Some("1.50"));

        let body = format!(r#"{{"id":{digits},"user_id":1.50,"version":3}}"#);
        let read = serde_json::from_str::<MercadoPagoNotification>(&body).unwrap();
        assert_eq!(read.id.as_deref(), Some(digits));
        assert_eq!(
            (read.user_id.as_deref(), read.version),
            (Some("1.50"), Some(3))
        );
        let value = serde_json::from_str::<Value>(&body).unwrap();
        assert_eq!(
            serde_json::from_value::<MercadoPagoNotification>(value).unwrap(),
            read
        );
    });
}
