//! What real senders send, through both receivers: JSON with damaged text, Mercado Pago's IPN, secrets as they are
//! issued.

use std::time::SystemTime;

use serde_json::{Value, json};
use webhook_core::Secret;
use webhook_core::testing::{self, TestRequest};

use crate::cases::{API_KEY, Answer, Case, Sent, TOKEN};
use crate::{check_all, on_both};
use webhook_tests::client::{Request, post};
use webhook_tests::server::Server;

const STANDARD_KEY: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const RAW_KEY: &str = "ws_5f1d7a84db00d2fce00b31a7fc73224f";
/// From RFC 8032.
const PRIVATE_KEY: &str =
    "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg==";
const KEY: &str = "a-secret-of-some-length";

const VARIABLES: [(&str, &str); 8] = [
    ("TF_WEBHOOK_TOKEN", TOKEN),
    ("MULTICAJA_API_KEY", API_KEY),
    // As issued by Supabase.
    (
        "STANDARD_WEBHOOKS_SECRET",
        "new=v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ),
    (
        "STANDARD_WEBHOOKS_RAW_SECRET",
        "whop=ws_5f1d7a84db00d2fce00b31a7fc73224f",
    ),
    (
        "STANDARD_WEBHOOKS_PUBLIC_KEY",
        "public=whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    ),
    ("GITHUB_WEBHOOK_SECRET", KEY),
    ("STRIPE_WEBHOOK_SECRET", KEY),
    ("MERCADOPAGO_WEBHOOK_SECRET", KEY),
];

/// A body before and after repair.
struct Damage {
    name: &'static str,
    sent: Vec<u8>,
    repaired: String,
}

/// The text `{sound}`, with each kind of damage: `@` marks where a string is damaged.
fn damaged(sound: &str) -> Vec<Damage> {
    let (before, after) = sound.split_once('@').unwrap();
    let with = |name, damage: &[u8], repaired: &str| Damage {
        name,
        sent: [before.as_bytes(), damage, after.as_bytes()].concat(),
        repaired: [before, repaired, after].concat(),
    };
    let with_bom = Damage {
        name: "a byte order mark",
        sent: ["\u{feff}", before, "ñ", after].concat().into(),
        repaired: [before, "ñ", after].concat(),
    };
    vec![
        with_bom,
        with("a lone surrogate", br"corte \ud83d", r"corte \ufffd"),
        with("the second half alone", br"\uDE00 x", r"\ufffd x"),
        with("Latin-1", b"Mu\xf1oz", "Mu\u{fffd}oz"),
    ]
}

fn accepted(name: &str, request: Request, answer: Answer, event: Value) -> Case {
    Case {
        name: name.to_owned(),
        request,
        sent: Sent::Whole,
        answer,
        event: Some(event),
    }
}

fn empty(status: u16) -> Answer {
    Answer {
        status,
        content_type: None,
        allow: None,
        body: Vec::new(),
        closes: false,
    }
}

fn as_sent(request: &TestRequest) -> Request {
    let sent = post(&request.uri.to_string(), request.body.to_vec());
    let headers = request.headers.iter();
    headers.fold(sent, |sent, (name, value)| {
        sent.header(name.as_str(), value.to_str().unwrap())
    })
}

fn damaged_bodies() -> Vec<Case> {
    let now = SystemTime::now();
    let mut cases = Vec::new();
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    for Damage {
        name,
        sent,
        repaired,
    } in damaged(r#"{"type":"message.created","data":{"text":"@"}}"#)
    {
        let payload = json(&repaired);
        let mut add = |sender: &str, request: &TestRequest, key: Option<&str>, event: Value| {
            let line = json!({"provider": sender, "key": key, "event": event});
            let name = format!("{sender}: {name}");
            cases.push(accepted(&name, as_sent(request), empty(200), line));
        };
        let unix_time = |request: &TestRequest, name: &str| {
            let value = request.headers[name].to_str().unwrap();
            let digits = value.trim_start_matches(|char: char| !char.is_ascii_digit());
            let digits = digits.split(',').next().unwrap();
            digits.parse::<u64>().unwrap()
        };

        let request = testing::standard_webhooks("msg_1", now, sent.clone(), STANDARD_KEY);
        let timestamp = unix_time(&request, "webhook-timestamp");
        let event = json!({"id": "msg_1", "timestamp": timestamp, "payload": payload});
        add("standard_webhooks", &request, Some("new"), event.clone());
        let raw = Secret::raw(RAW_KEY).unwrap();
        let request = testing::standard_webhooks("msg_1", now, sent.clone(), raw);
        add("standard_webhooks", &request, Some("whop"), event.clone());
        let request = testing::standard_webhooks_v1a("msg_1", now, sent.clone(), PRIVATE_KEY);
        add("standard_webhooks", &request, Some("public"), event);

        let request = testing::stripe(now, sent.clone(), KEY);
        let timestamp = unix_time(&request, "stripe-signature");
        let event = json!({"timestamp": timestamp, "payload": payload});
        add("stripe", &request, None, event);

        let head = json!({"event": "push", "delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958"});
        let event = json!({"payload": {"event": payload}, "unauthenticated": head});
        let mut request = testing::github("push", sent.clone(), KEY);
        add("github", &request, None, event.clone());
        // JSON is JSON, whatever its `Content-Type`.
        request.headers.insert(
            "content-type",
            "application/x-www-form-urlencoded".parse().unwrap(),
        );
        add("github", &request, None, event.clone());
        let escaped: String = sent.iter().map(|byte| format!("%{byte:02X}")).collect();
        let mut form = testing::github("push", format!("payload={escaped}"), KEY);
        form.headers.insert(
            "content-type",
            "application/x-www-form-urlencoded".parse().unwrap(),
        );
        add("github", &form, None, event);

        let request = testing::mercadopago("payment", "17", now, sent.clone(), KEY);
        let event = json!({
            "data_id": "17",
            "request_id": request.headers["x-request-id"].to_str().unwrap(),
            "timestamp_ms": unix_time(&request, "x-signature"),
            "unauthenticated": {"topic": "payment", "id": null, "body": payload},
        });
        add("mercadopago", &request, None, event);
    }
    for Damage {
        name,
        sent,
        repaired,
    } in damaged(r#"{"evento":"error","external_reference":"@","unknown":"@@"}"#)
    {
        let reference = json(&repaired)["external_reference"].clone();
        let event = json!({
            "creado": null, "evento": "error", "recurso": null, "external_reference": reference,
            "intento": null, "msg": [], "hook_id": null,
        });
        let request = testing::tusfacturas_body(sent, TOKEN);
        let line = json!({"provider": "tusfacturas", "key": null, "event": event});
        let ok = Answer {
            content_type: Some("text/plain; charset=utf-8"),
            body: b"OK".to_vec(),
            ..empty(200)
        };
        cases.push(accepted(
            &format!("tusfacturas: {name}"),
            as_sent(&request),
            ok,
            line,
        ));
    }
    cases
}

/// A 500 reverses a payment, so everything but the ids is repaired, and the echo is strict JSON.
fn damaged_orders() -> Vec<Case> {
    let echo = |body: &str| {
        serde_json::from_str::<Value>(body).unwrap();
        Answer {
            content_type: Some("application/json"),
            body: body.into(),
            ..empty(200)
        }
    };
    let mut cases = Vec::new();
    for (endpoint, field, is_read) in [
        ("reject", "message", true),
        ("confirm", "holder", false),
        ("validation", "holder", false),
    ] {
        let sound = format!(r#"{{"order_id":"ORD1","reference_id":"REF1","{field}":"@"}}"#);
        for Damage {
            name,
            sent,
            repaired,
        } in damaged(&sound)
        {
            let text = serde_json::from_str::<Value>(&repaired).unwrap()[field].clone();
            let ids = json!({"reference_id": "REF1", "order_id": "ORD1"});
            let line = if endpoint == "validation" {
                json!({"provider": "multicaja_validation", "key": null, "event": ids})
            } else {
                let mut order = ids;
                order["unauthenticated"] = match is_read {
                    true => json!({field: text}),
                    false => json!({}),
                };
                let event = json!({"endpoint": endpoint, "order": order});
                json!({"provider": "multicaja", "key": null, "event": event})
            };
            let request =
                post(&format!("/webhook_{endpoint}"), sent).signed("REF1", "ORD1", API_KEY);
            let name = format!("multicaja {endpoint}: {name}");
            cases.push(accepted(&name, request, echo(&repaired), line));
        }
        if endpoint == "validation" {
            continue;
        }
        // The ids are what is proven: if damaged, they are refused, with any digest that a lenient parser might
        // compute.
        for id in ["order_id", "reference_id"] {
            let other = if id == "order_id" {
                "reference_id"
            } else {
                "order_id"
            };
            let sound = format!(r#"{{"{other}":"ID","{id}":"ID@"}}"#);
            // The mark before the body does not damage an id.
            for Damage {
                name,
                sent,
                repaired,
            } in damaged(&sound).into_iter().skip(1)
            {
                let read = serde_json::from_str::<Value>(&repaired).unwrap()[id].clone();
                for claimed in [read.as_str().unwrap(), "ID"] {
                    let (reference_id, order_id) = match id {
                        "order_id" => ("ID", claimed),
                        _ => (claimed, "ID"),
                    };
                    let request = post(&format!("/webhook_{endpoint}"), sent.clone()).signed(
                        reference_id,
                        order_id,
                        API_KEY,
                    );
                    cases.push(Case {
                        name: format!("multicaja {endpoint}, {id}: {name}"),
                        request,
                        sent: Sent::Whole,
                        answer: Answer {
                            content_type: Some("text/plain; charset=utf-8"),
                            body: b"error".to_vec(),
                            ..empty(500)
                        },
                        event: None,
                    });
                }
            }
        }
    }
    cases
}

/// According to the sender's documentation it cannot be verified, and it is sent again until it is answered with 200.
fn ipn() -> Vec<Case> {
    let webhook = testing::mercadopago("payment", "17", SystemTime::now(), "{}", KEY);
    let signature = webhook.headers["x-signature"].to_str().unwrap();
    let target = "/mercadopago?id=36678944360&topic=merchant_order";
    let body = r#"{"resource":"https://api.mercadolibre.com/merchant_orders/36678944360","topic":"merchant_order"}"#;
    let dropped = |name: &str, request: Request, sent| Case {
        name: name.to_owned(),
        request,
        sent,
        answer: empty(200),
        event: None,
    };
    vec![
        dropped("IPN", post(target, body), Sent::Whole),
        dropped(
            "IPN with a signature of another request",
            post(target, body).header("x-signature", signature),
            Sent::Whole,
        ),
        dropped(
            "IPN, answered without waiting for its body",
            post(target, body),
            Sent::HeadOnly,
        ),
        dropped(
            "a captured webhook without its data.id",
            post("/mercadopago?topic=payment", "{}")
                .header("x-signature", signature)
                .header(
                    "x-request-id",
                    webhook.headers["x-request-id"].to_str().unwrap(),
                ),
            Sent::Whole,
        ),
        dropped(
            "an empty data.id",
            post("/mercadopago?data.id=&topic=payment&id=1", body),
            Sent::Whole,
        ),
        Case {
            answer: empty(401),
            ..dropped(
                "a webhook with a topic",
                post("/mercadopago?data.id=17&topic=payment", "{}"),
                Sent::HeadOnly,
            )
        },
    ]
}

/// Mercado Pago bodies that no type was meant for.
fn odd_notifications() -> Vec<Case> {
    ["{\"data\":\"abc\"}", "{\"type\":1}", "[]", "7"]
        .into_iter()
        .map(|body| {
            let request = testing::mercadopago("payment", "17", SystemTime::now(), body, KEY);
            let signature = request.headers["x-signature"].to_str().unwrap();
            let ts = signature
                .split(',')
                .next()
                .unwrap()
                .trim_start_matches("ts=");
            let event = json!({
                "data_id": "17",
                "request_id": request.headers["x-request-id"].to_str().unwrap(),
                "timestamp_ms": ts.parse::<u64>().unwrap(),
                "unauthenticated": {
                    "topic": "payment",
                    "id": null,
                    "body": serde_json::from_str::<Value>(body).unwrap(),
                },
            });
            let line = json!({"provider": "mercadopago", "key": null, "event": event});
            accepted(body, as_sent(&request), empty(200), line)
        })
        .collect()
}

#[test]
fn both_receivers_take_what_real_senders_send() {
    on_both(|binary| {
        let mut server = Server::start(binary, &VARIABLES);
        let cases = [
            damaged_bodies(),
            damaged_orders(),
            ipn(),
            odd_notifications(),
        ];
        check_all(&server, cases.into_iter().flatten());
        assert_eq!(server.other_events(), [""; 0]);
    });
}
