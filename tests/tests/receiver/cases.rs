//! Requests, and what both receivers do with them: the answer, byte for byte, and the line on stdout.

use serde_json::{Value, json};

use webhook_tests::client::{Request, post};

pub(crate) const TOKEN: &str = "token-of-pdv-3-9f8e7d";
pub(crate) const OTHER_TOKEN: &str = "bG9uZyBlbm91Z2g==";
pub(crate) const API_KEY: &str = "private-key-5a4b3c";
pub(crate) const CARD_TOKEN: &str = "card-token-1a2b3c4d";

/// The variables that the cases expect.
pub(crate) const VARIABLES: [(&str, &str); 2] = [
    (
        "TF_WEBHOOK_TOKEN",
        "pdv-3=token-of-pdv-3-9f8e7d,bG9uZyBlbm91Z2g==",
    ),
    (
        "MULTICAJA_API_KEY",
        "old-key-8899aabb,tienda-1=private-key-5a4b3c",
    ),
];

const LIMIT: usize = 64 * 1024;

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) request: Request,
    pub(crate) sent: Sent,
    pub(crate) answer: Answer,
    /// The line on stdout.
    pub(crate) event: Option<Value>,
}

/// How much of a request is sent before waiting for the answer.
#[derive(Clone, Copy)]
pub(crate) enum Sent {
    Whole,
    HeadOnly,
    /// Without the last chunk: a server that closes with unread data resets the connection.
    Unended,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) allow: Option<&'static str>,
    pub(crate) body: Vec<u8>,
    pub(crate) closes: bool,
}

impl Answer {
    fn empty(status: u16) -> Self {
        Self {
            status,
            content_type: None,
            allow: None,
            body: Vec::new(),
            closes: false,
        }
    }

    fn text(status: u16, body: &str) -> Self {
        Self {
            content_type: Some("text/plain; charset=utf-8"),
            body: body.into(),
            ..Self::empty(status)
        }
    }

    fn json(body: impl Into<Vec<u8>>) -> Self {
        Self {
            content_type: Some("application/json"),
            body: body.into(),
            ..Self::empty(200)
        }
    }

    fn wrong_token() -> Self {
        Self::text(403, "El Token recibido no coincide con el esperado")
    }

    fn no_json() -> Self {
        Self::text(400, "No se recibió información en formato JSON.")
    }

    fn error() -> Self {
        Self::text(500, "error")
    }

    fn only_post() -> Self {
        Self {
            allow: Some("POST"),
            ..Self::empty(405)
        }
    }

    fn too_large() -> Self {
        Self {
            closes: true,
            ..Self::empty(413)
        }
    }
}

fn case(name: impl Into<String>, request: Request, answer: Answer, event: Option<Value>) -> Case {
    Case {
        name: name.into(),
        request,
        sent: Sent::Whole,
        answer,
        event,
    }
}

impl Case {
    fn sent(mut self, sent: Sent) -> Self {
        self.sent = sent;
        self
    }
}

pub(crate) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(tusfacturas_tokens());
    cases.extend(tusfacturas_events());
    cases.extend(tusfacturas_refused_bodies());
    cases.extend(multicaja_endpoints());
    cases.extend(multicaja_credentials());
    cases.extend(multicaja_bodies());
    cases.extend(multicaja_validations());
    cases.extend(methods());
    cases.extend(sizes());
    cases
}

/// An authentic TusFacturas request.
pub(crate) fn tusfacturas(body: impl Into<Vec<u8>>) -> Request {
    post("/webhook", body)
        .header("Content-Type", "application/json")
        .header("TF-WebhookToken", TOKEN)
}

/// The line of a TusFacturas event; fields that are not given are null.
fn tusfacturas_line(key: Option<&str>, fields: &Value) -> Value {
    let mut event = json!({
        "creado": null, "evento": "test", "recurso": null, "external_reference": null,
        "intento": null, "msg": [], "hook_id": null,
    });
    for (name, value) in fields.as_object().unwrap() {
        event[name] = value.clone();
    }
    json!({"provider": "tusfacturas", "key": key, "event": event})
}

fn tusfacturas_tokens() -> Vec<Case> {
    let body = r#"{"evento":"test"}"#;
    let line = |key| Some(tusfacturas_line(key, &json!({})));
    let with = |name, value| post("/webhook", body).header(name, value);
    let accepted = |name, value, key| {
        case(
            format!("{name}: {value}"),
            with(name, value),
            Answer::text(200, "OK"),
            line(key),
        )
    };
    let refused = |name, request| case(name, request, Answer::wrong_token(), None);
    vec![
        accepted("TF-WebhookToken", TOKEN, Some("pdv-3")),
        accepted("tf-webhooktoken", TOKEN, Some("pdv-3")),
        accepted("TF-WEBHOOKTOKEN", TOKEN, Some("pdv-3")),
        accepted("TF-WebhookToken", OTHER_TOKEN, None),
        refused("no token", post("/webhook", body)),
        refused(
            "no token, and the body only when asked for",
            post("/webhook", body).header("Expect", "100-continue"),
        )
        .sent(Sent::HeadOnly),
        refused("an empty token", with("TF-WebhookToken", "")),
        refused("a wrong token", with("TF-WebhookToken", "wrong")),
        refused("the label", with("TF-WebhookToken", "pdv-3")),
        refused(
            "the whole variable",
            with("TF-WebhookToken", VARIABLES[0].1),
        ),
        refused(
            "a token of 4 KiB",
            with("TF-WebhookToken", &"a".repeat(4096)),
        ),
        refused(
            "a token over 4 KiB",
            with("TF-WebhookToken", &"a".repeat(4097)),
        ),
        refused(
            "the right token twice",
            with("TF-WebhookToken", TOKEN).header("TF-WebhookToken", TOKEN),
        ),
        refused(
            "a right token and a wrong one",
            with("TF-WebhookToken", TOKEN).header("tf-webhooktoken", "wrong"),
        ),
        refused(
            "two right tokens",
            with("TF-WebhookToken", TOKEN).header("TF-WebhookToken", OTHER_TOKEN),
        ),
        refused(
            "a wrong token comes before a body that is not JSON",
            post("/webhook", "no").header("TF-WebhookToken", "wrong"),
        ),
        refused(
            "a wrong token comes before a body that is too large",
            post("/webhook", vec![b' '; LIMIT + 1]),
        )
        .sent(Sent::HeadOnly),
    ]
}

fn tusfacturas_events() -> Vec<Case> {
    let documented = br#"{"creado":"18\/03\/2022 15:58:11","evento":"error","recurso":"facturacion","external_reference":"17032","intento":1,"msg":["raz\u00f3n"],"hook_id":"xxxxx"}"#;
    let mut bodies: Vec<(Vec<u8>, Value)> = vec![(
        documented.to_vec(),
        json!({
            "creado": "18/03/2022 15:58:11", "evento": "error", "recurso": "facturacion",
            "external_reference": "17032", "intento": 1, "msg": ["razón"], "hook_id": "xxxxx",
        }),
    )];
    for evento in [
        "encolado",
        "emitido",
        "error",
        "eliminado",
        "cambio_fecha",
        "test",
        "anulado",
        "",
    ] {
        let body = json!({"evento": evento, "recurso": "facturacion"});
        bodies.push((body.to_string().into(), body));
    }

    let digits = "123456789012345678901234567890";
    let deep = nested(128);
    let deeper = nested(20_000);
    let deepest_item = nested(127);
    let with = |field: &str, value: &str| format!(r#"{{"evento":"test","{field}":{value}}}"#);
    for (field, sent, read) in [
        ("recurso", r#""test""#, json!("test")),
        ("recurso", r#""presupuesto""#, json!("presupuesto")),
        ("recurso", "7", json!("7")),
        ("creado", r#""ayer""#, json!("ayer")),
        ("creado", "20220318", json!("20220318")),
        ("external_reference", "17032", json!("17032")),
        ("external_reference", "0.10", json!("0.10")),
        ("external_reference", digits, json!(digits)),
        ("external_reference", r#""% 'M17051""#, json!("% 'M17051")),
        ("external_reference", r#""""#, json!("")),
        ("external_reference", "null", json!(null)),
        ("external_reference", "true", json!("true")),
        (
            "external_reference",
            r#"{"a": 1.0}"#,
            json!(r#"{"a": 1.0}"#),
        ),
        ("external_reference", r#""\ud83d\ude00""#, json!("😀")),
        ("external_reference", r#""a\ud800b""#, json!("a\u{FFFD}b")),
        (
            "external_reference",
            r#""\udc00\ud800""#,
            json!("\u{FFFD}\u{FFFD}"),
        ),
        ("external_reference", r#""\\ud800""#, json!("\\ud800")),
        ("intento", "2", json!(2)),
        ("intento", r#""2""#, json!(2)),
        ("intento", "null", json!(null)),
        ("intento", "-1", json!(null)),
        ("intento", "1.5", json!(null)),
        ("intento", "99999999999", json!(null)),
        ("intento", r#""dos""#, json!(null)),
        ("intento", "true", json!(null)),
        ("intento", "[2]", json!(null)),
        ("intento", "{}", json!(null)),
        ("msg", "null", json!([])),
        ("msg", "[]", json!([])),
        ("msg", "{}", json!([])),
        ("msg", r#""una""#, json!(["una"])),
        ("msg", r#"["una","dos"]"#, json!(["una", "dos"])),
        ("msg", r#"{"0":"una","2":"dos"}"#, json!(["una", "dos"])),
        ("msg", r#"{"2":"dos","0":"una"}"#, json!(["dos", "una"])),
        (
            "msg",
            r#"["una",2,2.50,true,{"a":1},["b"]]"#,
            json!(["una", "2", "2.50", "true", r#"{"a":1}"#, r#"["b"]"#]),
        ),
        ("msg", "7", json!(["7"])),
        ("hook_id", "12", json!("12")),
        ("hook_id", &deep, json!(deep)),
        ("msg", &deep, json!([deepest_item])),
    ] {
        bodies.push((with(field, sent).into(), json!({field: read})));
    }
    for (body, fields) in [
        (with("unknown", r#"{"evento":"error"}"#), json!({})),
        (with("unknown", &deeper), json!({})),
        (
            r#"{"unknown":1,"unknown":2,"evento":"test"}"#.into(),
            json!({}),
        ),
        (" \t\r\n{\"evento\":\"test\"} \t\r\n".into(), json!({})),
        ("\u{FEFF}{\"evento\":\"test\"}".into(), json!({})),
        (
            r#"{"\u0065vento":"emitido"}"#.into(),
            json!({"evento": "emitido"}),
        ),
    ] {
        bodies.push((body.into(), fields));
    }
    bodies.push((
        b"{\"evento\":\"test\",\"hook_id\":\"a\xFFb\"}".to_vec(),
        json!({"hook_id": "a\u{FFFD}b"}),
    ));

    let mut cases: Vec<_> = bodies
        .into_iter()
        .map(|(body, fields)| {
            let line = tusfacturas_line(Some("pdv-3"), &fields);
            let name = excerpt(&body);
            case(name, tusfacturas(body), Answer::text(200, "OK"), Some(line))
        })
        .collect();
    let line = tusfacturas_line(Some("pdv-3"), &json!({}));
    let of_any_type = post("/webhook", r#"{"evento":"test"}"#)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("TF-WebhookToken", TOKEN);
    cases.push(case(
        "PHP asks whether to send more than 1 KiB",
        tusfacturas(r#"{"evento":"test"}"#).header("Expect", "100-continue"),
        Answer::text(200, "OK"),
        Some(line.clone()),
    ));
    cases.push(case(
        "the Content-Type is ignored",
        of_any_type,
        Answer::text(200, "OK"),
        Some(line),
    ));
    cases
}

fn tusfacturas_refused_bodies() -> Vec<Case> {
    let too_deep = format!(r#"{{"evento":"test","hook_id":{}}}"#, nested(129));
    let too_deep_list = format!(r#"{{"evento":"test","msg":{}}}"#, nested(129));
    [
        "",
        " ",
        "{}",
        "null",
        r#""evento""#,
        "evento=test",
        r#"["18/03/2022 15:58:11","test","test","1",1,[],"x"]"#,
        r#"{"evento":null}"#,
        r#"{"evento":1}"#,
        r#"{"evento":["test"]}"#,
        r#"{"recurso":"test"}"#,
        r#"{"evento":"test""#,
        r#"{"evento":"test",}"#,
        r#"{"evento":"test"} {}"#,
        r#"{"evento":"test"}x"#,
        r#"{"evento":"test","evento":"test"}"#,
        r#"{"evento":"test","\u0065vento":"error"}"#,
        r#"{"evento":"test","hook_id":null,"hook_id":"a"}"#,
        r#"{"evento":"test","msg":[],"msg":[]}"#,
        &too_deep,
        &too_deep_list,
    ]
    .into_iter()
    .map(|body| {
        case(
            excerpt(body.as_bytes()),
            tusfacturas(body),
            Answer::no_json(),
            None,
        )
    })
    .collect()
}

/// An authentic Multicaja request, with the ids for the digest.
fn multicaja(target: &str, ids: (&str, &str), body: impl Into<Vec<u8>>) -> Request {
    post(target, body)
        .header("Content-Type", "application/json")
        .signed(ids.0, ids.1, API_KEY)
}

const ABC_123: &str = r#"{"reference_id":"ABC","order_id":"123"}"#;

pub(crate) fn confirm() -> Request {
    multicaja("/webhook_confirm", ("ABC", "123"), ABC_123)
}

fn multicaja_line(endpoint: &str, ids: (&str, &str), rest: &Value) -> Value {
    json!({
        "provider": "multicaja",
        "key": "tienda-1",
        "event": {
            "endpoint": endpoint,
            "order": {"reference_id": ids.0, "order_id": ids.1, "unauthenticated": rest},
        },
    })
}

fn multicaja_endpoints() -> Vec<Case> {
    let ids = ("ABC", "123");
    let accepted = |target: &str, endpoint| {
        case(
            target,
            multicaja(target, ids, ABC_123),
            Answer::json(ABC_123),
            Some(multicaja_line(endpoint, ids, &json!({}))),
        )
    };
    let not_found = |target: &str| {
        case(
            target,
            multicaja(target, ids, ABC_123),
            Answer::empty(404),
            None,
        )
    };
    vec![
        accepted("/webhook_confirm", "confirm"),
        accepted("/webhook_reject", "reject"),
        accepted("/webhooks?webhook=confirm", "confirm"),
        accepted("/webhooks?webhook=Reject", "reject"),
        accepted("/webhooks?a=b&webhook=CONFIRM&c", "confirm"),
        accepted("/webhooks?web%68ook=%63onfirm", "confirm"),
        accepted("/webhook_confirm?webhook=confirm", "confirm"),
        not_found("/webhooks"),
        not_found("/webhooks?webhook="),
        not_found("/webhooks?webhook=refund"),
        not_found("/webhooks?webhook=validation"),
        not_found("/webhooks?webhook=confirm&webhook=confirm"),
        not_found("/webhook_confirm?webhook=reject"),
        not_found("/webhook_confirm?webhook=refund"),
        not_found("/webhook_confirm?webhook=validation"),
        not_found("/elsewhere"),
        case(
            "an unknown endpoint is answered before a missing credential",
            post("/webhook_confirm?webhook=validation", ABC_123),
            Answer::empty(404),
            None,
        ),
    ]
}

fn multicaja_credentials() -> Vec<Case> {
    let digest = |key| webhook_core::testing::multicaja_digest("ABC", "123", key);
    let with = |name, value: &str| post("/webhook_confirm", ABC_123).header(name, value);
    let line = |key: Option<&str>| {
        let mut line = multicaja_line("confirm", ("ABC", "123"), &json!({}));
        line["key"] = json!(key);
        Some(line)
    };
    let accepted = |name: &str, request, key| case(name, request, Answer::json(ABC_123), line(key));
    let refused = |name: &str, request| case(name, request, Answer::error(), None);
    let (old, new) = (digest("old-key-8899aabb"), digest(API_KEY));
    vec![
        accepted("Apikey", with("Apikey", &new), Some("tienda-1")),
        accepted("apikey", with("apikey", &new), Some("tienda-1")),
        accepted("APIKEY", with("APIKEY", &new), Some("tienda-1")),
        accepted(
            "upper-case hex",
            with("Apikey", &new.to_uppercase()),
            Some("tienda-1"),
        ),
        accepted("the key without a label", with("Apikey", &old), None),
        refused("no digest", post("/webhook_confirm", ABC_123)),
        refused("an empty digest", with("Apikey", "")),
        refused("a wrong digest", with("Apikey", &digest("wrong"))),
        refused("half a digest", with("Apikey", &new[..32])),
        refused(
            "a digest and a half",
            with("Apikey", &format!("{new}{new}")),
        ),
        refused("no hex", with("Apikey", &"z".repeat(64))),
        refused("the key itself", with("Apikey", API_KEY)),
        refused(
            "the digest twice",
            with("Apikey", &new).header("Apikey", &new),
        ),
        refused(
            "two right digests",
            with("Apikey", &new).header("apikey", &old),
        ),
        refused(
            "the digest of another order",
            multicaja("/webhook_confirm", ("ABC", "124"), ABC_123),
        ),
        refused(
            "no digest comes before the size",
            post("/webhook_reject", vec![b' '; LIMIT + 1]),
        )
        .sent(Sent::HeadOnly),
    ]
}

fn multicaja_bodies() -> Vec<Case> {
    let ids = ("ABC", "123");
    let (past_2_53, past_2_64) = ("9007199254740993", "123456789012345678901234567890");
    let integers = format!(r#"{{"reference_id":{past_2_53},"order_id":{past_2_64}}}"#);
    let all_fields = format!(
        r#"{{"reference_id":"ABC","order_id":"123","mc_code":"7","token_id":"{CARD_TOKEN}","card_type":"CREDIT","brand":"VISA","bin":411111,"last_digits":"1111","payment_method":"tarjetas","amount":15990.50,"quotas_number":3,"quotas_type":"ISSUER","code":"51","message":"Rechazado","other":[1]}}"#
    );
    let all_read = json!({
        "mc_code": "7", "token_id": "[redacted]", "card_type": "CREDIT", "brand": "VISA",
        "bin": "411111", "last_digits": "1111", "payment_method": "tarjetas", "amount": "15990.50",
        "quotas_number": "3", "quotas_type": "ISSUER", "code": "51", "message": "Rechazado",
    });
    let deep = nested(128);
    let amount =
        |value: &str| format!(r#"{{"reference_id":"ABC","order_id":"123","amount":{value}}}"#);
    let unknown = format!(
        r#"{{"x":{},"reference_id":"ABC","order_id":"123"}}"#,
        nested(20_000)
    );
    let spaced = format!(" \n{ABC_123}\n");
    let mut cases = Vec::new();
    for (body, ids, rest) in [
        (integers.as_str(), (past_2_53, past_2_64), json!({})),
        (&all_fields, ids, all_read),
        (&amount(&deep), ids, json!({"amount": deep})),
        (&unknown, ids, json!({})),
        (&spaced, ids, json!({})),
        (
            r#"{"reference_id":"\u00f1\/","order_id":"1"}"#,
            ("ñ/", "1"),
            json!({}),
        ),
        (
            r#"{"reference_id":"-7","order_id":-7}"#,
            ("-7", "-7"),
            json!({}),
        ),
    ] {
        cases.push(case(
            excerpt(body.as_bytes()),
            multicaja("/webhook_confirm", ids, body),
            Answer::json(body),
            Some(multicaja_line("confirm", ids, &rest)),
        ));
    }

    let form = |body: &str| {
        post("/webhook_reject", body)
            .header(
                "Content-Type",
                "application/x-www-form-urlencoded; charset=UTF-8",
            )
            .signed("A C", "123", API_KEY)
    };
    let fields = |count: usize| -> String {
        let more = (2..count).map(|number| format!("&f{number}="));
        "reference_id=A+C&order_id=123".to_owned() + &more.collect::<String>()
    };
    let hundred = fields(100);
    let hundred_as_json = {
        let more = (2..100).map(|number| format!(r#","f{number}":"""#));
        let more: String = more.collect();
        format!(r#"{{"reference_id":"A C","order_id":"123"{more}}}"#)
    };
    for (body, answer, rest) in [
        (
            "order_id=123&reference_id=A+C&message=No%20%C3%B1and%C3%BA%22&x=",
            r#"{"order_id":"123","reference_id":"A C","message":"No ñandú\"","x":""}"#,
            json!({"message": "No ñandú\""}),
        ),
        (&hundred, &hundred_as_json, json!({})),
    ] {
        cases.push(case(
            excerpt(body.as_bytes()),
            form(body),
            Answer::json(answer),
            Some(multicaja_line("reject", ("A C", "123"), &rest)),
        ));
    }
    cases.push(case(
        "a body that begins as JSON is JSON, whatever its Content-Type",
        post("/webhook_confirm", ABC_123)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .signed("ABC", "123", API_KEY),
        Answer::json(ABC_123),
        Some(multicaja_line("confirm", ids, &json!({}))),
    ));

    for body in [
        "reference_id=A+C&order_id=123&order_id=123",
        "reference_id=A+C&order_id=123&x=%",
        "reference_id=A+C&order_id=123&x=%4",
        "reference_id=A+C&order_id=123&x=%FF",
        "reference_id=A+C&order_id=",
        "reference_id=A+C",
        "",
        &fields(101),
    ] {
        cases.push(case(
            excerpt(body.as_bytes()),
            form(body),
            Answer::error(),
            None,
        ));
    }
    cases.push(case(
        "a form that is not declared",
        post("/webhook_reject", "reference_id=A+C&order_id=123").signed("A C", "123", API_KEY),
        Answer::error(),
        None,
    ));
    let cut_in_the_token = format!(r#"{{"token_id":"{CARD_TOKEN}\x"#);
    for body in [
        "",
        "{}",
        "[]",
        r#"["ABC","123"]"#,
        r#"{"reference_id":"ABC"}"#,
        r#"{"order_id":"123"}"#,
        r#"{"reference_id":"ABC","order_id":null}"#,
        r#"{"reference_id":"ABC","order_id":true}"#,
        r#"{"reference_id":"ABC","order_id":123.0}"#,
        r#"{"reference_id":"ABC","order_id":1e2}"#,
        r#"{"reference_id":"ABC","order_id":["123"]}"#,
        r#"{"reference_id":"ABC","order_id":{"id":"123"}}"#,
        r#"{"reference_id":"ABC123","order_id":""}"#,
        r#"{"reference_id":"ABC","order_id":"123","order_id":"123"}"#,
        r#"{"reference_id":"ABC","order_id":"123","amount":1,"amount":2}"#,
        r#"{"reference_id":"ABC","order_id":"123"}{}"#,
        r#"{"reference_id":"ABC","order_id":"123""#,
        &amount(&nested(129)),
        &cut_in_the_token,
    ] {
        cases.push(case(
            excerpt(body.as_bytes()),
            multicaja("/webhook_confirm", ids, body),
            Answer::error(),
            None,
        ));
    }
    cases
}

fn multicaja_validations() -> Vec<Case> {
    let line = |reference_id: Option<&str>, order_id: Option<&str>| {
        Some(json!({
            "provider": "multicaja_validation",
            "key": null,
            "event": {"reference_id": reference_id, "order_id": order_id},
        }))
    };
    let accepted = |target, body: &str, line| {
        case(
            format!("{target} {body}"),
            post(target, body),
            Answer::json(body),
            line,
        )
    };
    let not_found = |target| case(target, post(target, ABC_123), Answer::empty(404), None);
    vec![
        accepted(
            "/webhook_validation",
            ABC_123,
            line(Some("ABC"), Some("123")),
        ),
        accepted(
            "/webhook_validation?webhook=validation",
            "{}",
            line(None, None),
        ),
        accepted(
            "/webhook_validation",
            r#"{"reference_id":9007199254740993,"order_id":null}"#,
            line(Some("9007199254740993"), None),
        ),
        not_found("/webhook_validation?webhook=confirm"),
        not_found("/webhook_validation?webhook=validation&webhook=validation"),
        case(
            "no order",
            post("/webhook_validation", "[]"),
            Answer::error(),
            None,
        ),
    ]
}

fn methods() -> Vec<Case> {
    let mut cases = Vec::new();
    for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        for target in [
            "/webhook",
            "/webhook_confirm",
            "/webhook_reject",
            "/webhooks",
            "/webhook_confirm?webhook=validation",
            "/webhook_validation",
        ] {
            let request = post(target, "").method(method);
            cases.push(case(
                format!("{method} {target}"),
                request,
                Answer::only_post(),
                None,
            ));
        }
    }
    let authentic = tusfacturas(r#"{"evento":"test"}"#).method("PUT");
    cases.push(case(
        "PUT with the right token",
        authentic,
        Answer::only_post(),
        None,
    ));
    let health = post("/health", "").method("GET");
    cases.push(case("GET /health", health, Answer::empty(200), None));
    cases
}

fn sizes() -> Vec<Case> {
    let body = |length: usize| {
        let frame = r#"{"evento":"test","x":""}"#.len();
        format!(
            r#"{{"evento":"test","x":"{}"}}"#,
            "x".repeat(length - frame)
        )
    };
    let line = || Some(tusfacturas_line(Some("pdv-3"), &json!({})));
    let order = |length: usize| {
        let frame = r#"{"reference_id":"ABC","order_id":"123","x":""}"#.len();
        format!(
            r#"{{"reference_id":"ABC","order_id":"123","x":"{}"}}"#,
            "x".repeat(length - frame)
        )
    };
    let confirmed = || Some(multicaja_line("confirm", ("ABC", "123"), &json!({})));
    let confirm = |body: &str| multicaja("/webhook_confirm", ("ABC", "123"), body);
    let accepted = || Answer::text(200, "OK");
    let chunked = |length| tusfacturas(body(length)).chunked();
    vec![
        case("chunked", chunked(100), accepted(), line()),
        case(
            "chunked and empty",
            tusfacturas("").chunked(),
            Answer::no_json(),
            None,
        ),
        case("the limit", tusfacturas(body(LIMIT)), accepted(), line()),
        case("the limit, chunked", chunked(LIMIT), accepted(), line()),
        case(
            "one over",
            tusfacturas(body(LIMIT + 1)),
            Answer::too_large(),
            None,
        )
        .sent(Sent::HeadOnly),
        case(
            "one over, chunked",
            chunked(LIMIT + 1),
            Answer::too_large(),
            None,
        )
        .sent(Sent::Unended),
        case(
            "an order at the limit",
            confirm(&order(LIMIT)),
            Answer::json(order(LIMIT)),
            confirmed(),
        ),
        case(
            "an order one over",
            confirm(&order(LIMIT + 1)),
            Answer::too_large(),
            None,
        )
        .sent(Sent::HeadOnly),
        case(
            "an order one over, chunked",
            confirm(&order(LIMIT + 1)).chunked(),
            Answer::too_large(),
            None,
        )
        .sent(Sent::Unended),
    ]
}

/// A JSON value nested this deep.
fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

/// The beginning of a body, for a name.
fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned()
}
