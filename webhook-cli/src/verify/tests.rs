//! Whatever happens to a request, no wrong cause is named.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseResult;
use serde_json::{Map, Value};
use webhook_core::Secret;
use webhook_core::signing::HmacSha256;

use super::capture::Captured;
use super::change::Diagnosis;
use super::examination::{Finding, Group, Outcome, Reason, WORK, examine};
use crate::senders::{Draft, Ids, Sender, Senders, Verdict};

const BOM: &str = "\u{feff}";

fn at() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_600_000)
}

/// A sender with a delivery of its own, whose receiver has two secrets.
struct Signed {
    sender: usize,
    request: Request<Bytes>,
    configured: Vec<Secret>,
}

/// All senders that prove something.
fn authenticated() -> Vec<Sender> {
    let mut senders = Senders::load(None).unwrap();
    let names: Vec<_> = senders
        .iter()
        .filter(|sender| sender.is_authenticated())
        .map(|sender| sender.name.to_string())
        .collect();
    assert!(names.len() > 20, "{names:?}");
    names
        .iter()
        .map(|name| senders.take(name).unwrap())
        .collect()
}

fn signed(sender: usize, of: &Sender, body: Option<&str>) -> Signed {
    let sample = of.sample(None).unwrap();
    let mut draft = Draft::new(sample, &Ids::random("t-").unwrap(), at()).unwrap();
    if let Some(body) = body {
        draft = draft.with_body(body.to_owned());
    }
    let secret = of.generate_secret().unwrap();
    let other = of.generate_secret().unwrap();
    Signed {
        sender,
        request: of.sign(&draft, at(), Some(&secret)).unwrap(),
        configured: [other, secret]
            .map(|secret| of.configured_secret(&secret).unwrap())
            .into(),
    }
}

fn captured(request: Request<Bytes>) -> Captured {
    Captured {
        request,
        folded: Vec::new(),
        notes: Vec::new(),
    }
}

fn finding(sender: &Sender, request: &Request<Bytes>, secrets: &[Secret]) -> Finding {
    examine(sender, &captured(request.clone()), secrets, WORK).unwrap()
}

fn with_body(request: &Request<Bytes>, body: impl Into<Bytes>) -> Request<Bytes> {
    let mut changed = request.clone();
    *changed.body_mut() = body.into();
    changed
}

fn diagnosis(finding: &Finding) -> Option<&Diagnosis> {
    match &finding.outcome {
        Outcome::Refused { diagnosis, .. } => diagnosis.as_ref(),
        _ => None,
    }
}

fn is_authentic(finding: &Finding) -> bool {
    matches!(finding.outcome, Outcome::Authentic { .. })
}

/// Whether the proof of a sender covers every byte of the body.
fn covers_body(sender: &Sender) -> bool {
    let signed = signed(0, sender, None);
    let body = [signed.request.body(), &b" "[..]].concat();
    let request = with_body(&signed.request, body);
    !is_authentic(&finding(sender, &request, &signed.configured))
}

fn covering() -> Vec<Sender> {
    let mut senders = authenticated();
    senders.retain(covers_body);
    assert!(senders.len() > 12);
    senders
}

#[test]
fn an_undamaged_request_is_authentic_with_the_secret_that_signed_it() {
    for sender in authenticated() {
        let signed = signed(0, &sender, None);
        let finding = finding(&sender, &signed.request, &signed.configured);
        let Outcome::Authentic { secret, verdict } = &finding.outcome else {
            panic!("{}: {finding:?}", sender.name);
        };
        assert_eq!(*secret, 2, "{}", sender.name);
        assert!(matches!(verdict, Verdict::Authentic(_)), "{}", sender.name);
        if let Some(time) = finding.time {
            assert_eq!(time, at(), "{}", sender.name);
        }
    }
}

#[test]
fn a_sender_that_signs_nothing_proves_nothing() {
    let senders = Senders::load(None).unwrap();
    for sender in senders.iter().filter(|it| !it.is_authenticated()) {
        let sample = sender.sample(None).unwrap();
        let draft = Draft::new(sample, &Ids::random("t-").unwrap(), at()).unwrap();
        let request = sender.sign(&draft, at(), None).unwrap();
        let finding = finding(sender, &request, &[]);
        assert!(
            matches!(finding.outcome, Outcome::ProvesNothing { .. }),
            "{}: {finding:?}",
            sender.name
        );
    }
}

#[test]
fn the_wrong_secret_is_no_cause_that_can_be_shown() {
    for sender in authenticated() {
        let signed = signed(0, &sender, None);
        let finding = finding(&sender, &signed.request, &signed.configured[..1]);
        let Outcome::Refused {
            diagnosis: None,
            tried,
            ..
        } = &finding.outcome
        else {
            panic!("{}: {finding:?}", sender.name);
        };
        assert!(!tried.counts.is_empty(), "{}", sender.name);
        assert!(!tried.was_limited, "{}", sender.name);
    }
}

/// A body as a sender may write it, what is made of it on the way, and what that is called.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Indented(&'static str),
    Minified(&'static str),
    SpacedOut,
    PhpToJs,
    JsToPhp,
    UpperToJs,
    LastLfGone,
    LastCrlfGone,
    LastLfAdded,
    LfToCrlf,
    CrlfToLf,
    BomGone,
    BomAdded,
    PhpToIndentedJs,
    MinifiedWithLfToIndented,
}

const DAMAGES: [Damage; 18] = [
    Damage::Indented("  "),
    Damage::Indented("    "),
    Damage::Indented("\t"),
    Damage::Indented("   "),
    Damage::Minified("  "),
    Damage::Minified("    "),
    Damage::SpacedOut,
    Damage::PhpToJs,
    Damage::JsToPhp,
    Damage::UpperToJs,
    Damage::LastLfGone,
    Damage::LastCrlfGone,
    Damage::LastLfAdded,
    Damage::LfToCrlf,
    Damage::CrlfToLf,
    Damage::BomGone,
    Damage::BomAdded,
    Damage::PhpToIndentedJs,
];

impl Damage {
    /// Before, after, and the causes.
    fn of(self, json: &Value) -> (String, String, Vec<&'static str>) {
        let js = json.to_string();
        let php = ascii(&js, false).replace('/', "\\/");
        match self {
            Self::Indented("   ") => (js, indented(json, "   "), vec!["body_white_space"]),
            Self::Indented(by) => (js, indented(json, by), vec!["body_reindented"]),
            Self::Minified(by) => (indented(json, by), js, vec!["body_minified"]),
            Self::SpacedOut => (js.clone(), format!(" {js} \t"), vec!["body_white_space"]),
            Self::PhpToJs => (php, js, vec!["body_reescaped"]),
            Self::JsToPhp => (js, php, vec!["body_reescaped"]),
            Self::UpperToJs => (ascii(&js, true), js, vec!["body_reescaped"]),
            Self::LastLfGone => (format!("{js}\n"), js, vec!["body_last_line_end"]),
            Self::LastCrlfGone => (format!("{js}\r\n"), js, vec!["body_last_line_end"]),
            Self::LastLfAdded => (js.clone(), format!("{js}\n"), vec!["body_last_line_end"]),
            Self::LfToCrlf => {
                let lf = indented(json, "  ");
                let crlf = lf.replace('\n', "\r\n");
                (lf, crlf, vec!["body_line_ends"])
            }
            Self::CrlfToLf => {
                let lf = indented(json, "   ");
                (lf.replace('\n', "\r\n"), lf, vec!["body_line_ends"])
            }
            Self::BomGone => (format!("{BOM}{js}"), js, vec!["body_byte_order_mark"]),
            Self::BomAdded => (
                js.clone(),
                format!("{BOM}{js}"),
                vec!["body_byte_order_mark"],
            ),
            Self::PhpToIndentedJs => (
                php,
                indented(json, "  "),
                vec!["body_reindented", "body_reescaped"],
            ),
            Self::MinifiedWithLfToIndented => (
                format!("{js}\n"),
                indented(json, "  "),
                vec!["body_reindented", "body_last_line_end"],
            ),
        }
    }
}

fn indented(json: &Value, by: &str) -> String {
    let mut written = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(by.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut written, formatter);
    serde::Serialize::serialize(json, &mut serializer).unwrap();
    String::from_utf8(written).unwrap()
}

/// Characters beyond ASCII are in strings only.
fn ascii(json: &str, upper: bool) -> String {
    let escaped = json.encode_utf16().map(|unit| match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
        _ if upper => format!("\\u{unit:04X}"),
        _ => format!("\\u{unit:04x}"),
    });
    escaped.collect()
}

/// An object with something in it for every kind of damage.
fn object() -> impl Strategy<Value = Value> {
    let text = proptest::collection::vec(
        select(vec![
            "a", "/", "ñ", "😀", " ", "\"", "\\", "\n", "{", "é", "1",
        ]),
        0..8,
    );
    let text = text.prop_map(|parts| Value::String(parts.concat()));
    let leaf = prop_oneof![
        text,
        any::<i32>().prop_map(Value::from),
        Just(Value::from(1.5)),
        Just(Value::Null),
        Just(Value::Object(Map::new())),
        Just(Value::Array(Vec::new())),
    ];
    let value = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            proptest::collection::btree_map("[a-z/ñ]{1,4}", inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    value.prop_map(|value| serde_json::json!({ "a": value, "b": "x/ñ😀", "n": 17 }))
}

/// Bytes that were changed by no rule.
#[derive(Clone, Debug)]
enum Accident {
    Flip(Index, u8),
    Drop(Index),
    Insert(Index, u8),
    Swap(Index),
    CutOff(Index),
    Twice,
}

fn accident() -> impl Strategy<Value = Accident> {
    prop_oneof![
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Accident::Flip(at, bit)),
        any::<Index>().prop_map(Accident::Drop),
        (
            any::<Index>(),
            prop_oneof![any::<u8>(), select(b" \n\r\t,\\0/".to_vec())]
        )
            .prop_map(|(at, byte)| Accident::Insert(at, byte)),
        any::<Index>().prop_map(Accident::Swap),
        any::<Index>().prop_map(Accident::CutOff),
        Just(Accident::Twice),
    ]
}

impl Accident {
    fn of(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        match self {
            Self::Flip(at, bit) => {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            Self::Drop(at) => drop(bytes.remove(at.index(bytes.len()))),
            Self::Insert(at, byte) => bytes.insert(at.index(bytes.len() + 1), *byte),
            Self::Swap(at) => {
                let at = at.index(bytes.len() - 1);
                bytes.swap(at, at + 1);
            }
            Self::CutOff(at) => bytes.truncate(at.index(bytes.len())),
            Self::Twice => bytes.extend_from_within(..),
        }
        bytes
    }
}

/// Whether what a cause says is what happened, found out in another way than by undoing it.
fn is_true(cause: &str, before: &[u8], after: &[u8]) -> bool {
    let without = |bytes: &[u8], these: &[u8]| -> Vec<u8> {
        let kept = bytes.iter().filter(|byte| !these.contains(byte));
        kept.copied().collect()
    };
    let no_bom = |bytes: &[u8]| bytes.strip_prefix(BOM.as_bytes()).unwrap_or(bytes).to_vec();
    match cause {
        "body_reindented" | "body_minified" | "body_white_space" => {
            let is_smaller = after.len() < before.len();
            without(before, b" \t\r\n") == without(after, b" \t\r\n")
                && (is_smaller || cause != "body_minified")
        }
        "body_reescaped" => {
            let read = |bytes| serde_json::from_slice::<Value>(bytes).unwrap();
            read(before) == read(after)
        }
        "body_last_line_end" => {
            let end = |bytes: &[u8]| without(bytes, b"\r\n");
            end(before) == end(after) && before.len().abs_diff(after.len()) <= 2
        }
        "body_line_ends" => without(before, b"\r") == without(after, b"\r"),
        "body_byte_order_mark" => no_bom(before) == no_bom(after),
        "body_too_long" => after.starts_with(before),
        _ => false,
    }
}

/// A diagnosis of a body is the truth, and undoing it brings the signed bytes back.
fn check_body(finding: &Finding, before: &[u8], after: &[u8]) -> TestCaseResult {
    prop_assert!(!is_authentic(finding), "other bytes were signed");
    let Some(diagnosis) = diagnosis(finding) else {
        return Ok(());
    };
    prop_assert_eq!(&diagnosis.request.body()[..], before);
    if let [cause] = diagnosis.causes[..] {
        prop_assert!(is_true(cause, before, after), "{cause} of {after:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_happened_to_a_body_is_named(json in object()) {
        let senders = covering();
        for (at, damage) in DAMAGES.iter().chain([&Damage::MinifiedWithLfToIndented]).enumerate() {
            let sender = &senders[at % senders.len()];
            let (before, after, causes) = damage.of(&json);
            let signed = signed(at, sender, Some(&before));
            let request = with_body(&signed.request, after);
            let finding = finding(sender, &request, &signed.configured);
            let diagnosis = diagnosis(&finding);
            prop_assert!(diagnosis.is_some(), "{}: {damage:?} of {before}", sender.name);
            let diagnosis = diagnosis.unwrap();
            prop_assert_eq!(&diagnosis.causes, &causes, "{}: {:?} of {}", &sender.name, damage, before);
            prop_assert_eq!(&diagnosis.request.body()[..], before.as_bytes());
            prop_assert_eq!(diagnosis.secret, Some(2));
        }
    }

    #[test]
    fn an_accident_to_a_body_has_no_cause_but_the_truth(
        json in object(),
        indent in any::<bool>(),
        accident in accident(),
    ) {
        let before = match indent {
            true => indented(&json, "  "),
            false => json.to_string(),
        };
        for sender in covering() {
            let signed = signed(0, &sender, Some(&before));
            let after = accident.of(before.as_bytes());
            if after == before.as_bytes() {
                continue;
            }
            let request = with_body(&signed.request, after.clone());
            let finding = finding(&sender, &request, &signed.configured);
            check_body(&finding, before.as_bytes(), &after)?;
        }
    }

    #[test]
    fn an_accident_to_an_unsigned_body_leaves_the_proof_as_it_is(accident in accident()) {
        let senders = authenticated();
        for sender in senders.iter().filter(|sender| !covers_body(sender)) {
            let signed = signed(0, sender, None);
            let after = accident.of(signed.request.body());
            let request = with_body(&signed.request, after.clone());
            let finding = finding(sender, &request, &signed.configured);
            let signs_some = matches!(&*sender.name, "wompi" | "multicaja");
            prop_assert!(is_authentic(&finding) || signs_some, "{}: {finding:?}", sender.name);
            if let Some(diagnosis) = diagnosis(&finding) {
                let [cause] = diagnosis.causes[..] else { panic!("{diagnosis:?}") };
                prop_assert!(is_true(cause, diagnosis.request.body(), &after), "{cause}");
                prop_assert!(is_authentic(&super::tests::finding(sender, &diagnosis.request, &signed.configured)));
            }
        }
    }

    #[test]
    fn an_accident_to_a_credential_has_no_cause_but_the_truth(accident in accident()) {
        for sender in authenticated() {
            let signed = signed(0, &sender, None);
            for name in sender.facts().credential_headers {
                let Some(before) = signed.request.headers().get(&name).cloned() else { continue };
                let Ok(after) = HeaderValue::from_bytes(accident.of(before.as_bytes()).trim_ascii()) else { continue };
                let mut request = signed.request.clone();
                request.headers_mut().insert(&name, after.clone());
                let finding = finding(&sender, &request, &signed.configured);
                if let Some(diagnosis) = diagnosis(&finding) {
                    prop_assert_eq!(&diagnosis.causes, &["header_joined"], "{}", &sender.name);
                    let parts: Vec<_> = after.as_bytes().split(|byte| *byte == b',').collect();
                    prop_assert!(parts.len() > 1);
                }
            }
        }
    }

    #[test]
    fn an_accident_to_a_secret_has_no_cause_but_its_case(accident in accident()) {
        for sender in authenticated() {
            let signed = signed(0, &sender, None);
            let damaged = accident.of(signed.configured[1].expose().as_bytes());
            let Some(damaged) = String::from_utf8(damaged).ok().and_then(|it| Secret::new(it).ok()) else {
                continue;
            };
            let spelled = damaged.expose().to_owned();
            // Most are no secrets of this sender.
            let Ok(finding) = examine(&sender, &captured(signed.request.clone()), &[damaged], WORK) else {
                continue;
            };
            if let Some(diagnosis) = diagnosis(&finding) {
                prop_assert_eq!(&diagnosis.causes, &["secret_spelling"], "{}", &sender.name);
                let text = signed.configured[1].expose();
                prop_assert!(spelled.eq_ignore_ascii_case(text), "{}: {:?} {}", sender.name, accident, diagnosis.undone);
            }
        }
    }
}

#[test]
fn keys_in_another_order_and_other_numbers_cannot_be_told() {
    for sender in covering() {
        for (before, after) in [
            (r#"{"b":1,"a":2}"#, r#"{"a":2,"b":1}"#),
            (r#"{"a":1.0}"#, r#"{"a":1}"#),
            (r#"{"a":1e2}"#, r#"{"a":100}"#),
            (r#"{"a":null,"b":1}"#, r#"{"b":1}"#),
        ] {
            let signed = signed(0, &sender, Some(before));
            let request = with_body(&signed.request, after);
            let finding = finding(&sender, &request, &signed.configured);
            let Outcome::Refused {
                diagnosis: None,
                tried,
                ..
            } = &finding.outcome
            else {
                panic!("{}: {finding:?}", sender.name);
            };
            let last = tried.counts.last().map(|(group, _)| *group);
            assert_eq!(last, Some(Group::Body), "{}", sender.name);
        }
    }
}

/// How a secret is spelled where it was signed with, and where it is configured.
#[test]
fn another_spelling_of_the_secret_is_named() {
    let senders = Senders::load(None).unwrap();
    for (name, signs, configured, how) in [
        ("github", "abc", "whsec_abc", "without `whsec_`"),
        ("github", "whsec_abc", "abc", "preceded by `whsec_`"),
        ("github", "ab12", "AB12", "lower-case"),
        ("github", "AB12", "ab12", "upper-case"),
        ("github", "secret", "c2VjcmV0", "decoded from base64"),
        ("github", "c2VjcmV0", "secret", "encoded in base64"),
        ("github", "secret", "736563726574", "decoded from hex"),
        ("woocommerce", "a&b", "a&amp;b", "entities"),
        ("gitlab", "ab12", "AB12", "lower-case"),
        (
            "standard-webhooks",
            "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
            "3031323334353637383961626364656630313233343536373839616263646566",
            "hex",
        ),
    ] {
        let sender = senders.find(name).unwrap();
        let draft = Draft::new(
            sender.sample(None).unwrap(),
            &Ids::random("t-").unwrap(),
            at(),
        );
        let signs = Secret::new(signs).unwrap();
        let request = sender.sign(&draft.unwrap(), at(), Some(&signs)).unwrap();
        let configured = [Secret::new(configured).unwrap()];
        let finding = finding(sender, &request, &configured);
        let diagnosis = diagnosis(&finding).unwrap_or_else(|| panic!("{name}: {how}: {finding:?}"));
        assert_eq!(diagnosis.causes, ["secret_spelling"], "{name}");
        assert!(
            diagnosis.undone.contains(how),
            "{how}: {}",
            diagnosis.undone
        );
    }
}

#[test]
fn a_key_that_is_text_and_not_base64_is_named() {
    let senders = Senders::load(None).unwrap();
    let sender = senders.find("standard-webhooks").unwrap();
    let draft = Draft::new(
        sender.sample(None).unwrap(),
        &Ids::random("t-").unwrap(),
        at(),
    );
    let signs = Secret::raw("ws_not_base64_at_all").unwrap();
    let request = sender.sign(&draft.unwrap(), at(), Some(&signs)).unwrap();
    let configured = [Secret::new("ws_not_base64_at_all").unwrap()];
    let found = finding(sender, &request, &configured);
    let Outcome::Refused {
        reason: Reason::Unfit(_),
        diagnosis: Some(diagnosis),
        ..
    } = &found.outcome
    else {
        panic!("{found:?}");
    };
    assert!(diagnosis.undone.contains("as the key itself"));
    assert_eq!(found.time, Some(at()));
    // Of another request it is a mistake in the configuration, and no cause.
    let other = with_body(&request, "{}");
    assert!(examine(sender, &captured(other), &configured, WORK).is_err());
}

#[test]
fn a_line_end_or_quotes_that_the_sender_has_in_its_secret_are_named() {
    let senders = Senders::load(None).unwrap();
    let sender = senders.find("github").unwrap();
    for (secret, how) in [
        ("abc\n", "followed by a line end (LF)"),
        ("abc\r\n", "followed by a line end (CRLF)"),
        ("\"abc\"", "in double quotes"),
        (" abc", "preceded by a space"),
    ] {
        let body = br#"{"a":1}"#;
        let signature = key(secret).sign(&[body]);
        let request = Request::post("/github")
            .header("x-github-event", "push")
            .header("x-github-delivery", "1")
            .header(
                "x-hub-signature-256",
                format!("sha256={}", hex::encode(signature)),
            )
            .body(Bytes::from_static(body));
        let configured = [Secret::new("abc").unwrap()];
        let finding = finding(sender, &request.unwrap(), &configured);
        let diagnosis = diagnosis(&finding).unwrap();
        assert!(diagnosis.undone.contains(how), "{}", diagnosis.undone);
    }
}

fn key(secret: &str) -> HmacSha256 {
    use webhook_core::secrets::SigningKey as _;

    HmacSha256::prepare(secret.as_bytes()).unwrap()
}

#[test]
fn a_header_that_was_split_or_joined_is_named() {
    let senders = Senders::load(None).unwrap();
    for (name, separator) in [("stripe", ","), ("khipu", ","), ("standard-webhooks", " ")] {
        let sender = senders.find(name).unwrap();
        let signed = signed(0, sender, None);
        let header = match name {
            "standard-webhooks" => HeaderName::from_static("webhook-signature"),
            _ => sender.facts().credential_headers[0].clone(),
        };
        let value = signed.request.headers()[&header]
            .to_str()
            .unwrap()
            .to_owned();
        let mut list = value.clone();
        if name == "standard-webhooks" {
            list = format!("v1,{} {value}", "A".repeat(43) + "=");
        }
        let check = |values: &[&str], cause: &str| {
            let mut request = signed.request.clone();
            request.headers_mut().remove(&header);
            for value in values {
                request
                    .headers_mut()
                    .append(&header, value.parse().unwrap());
            }
            let finding = finding(sender, &request, &signed.configured);
            let diagnosis =
                diagnosis(&finding).unwrap_or_else(|| panic!("{name} {cause}: {finding:?}"));
            assert_eq!(diagnosis.causes, [cause], "{name}");
            assert_eq!(diagnosis.secret, Some(2));
        };
        let parts: Vec<_> = list.split(separator).collect();
        check(&parts, "header_split");
        check(&[&value, &value], "header_repeated");
        if separator == "," {
            check(&[&format!("{value}, {value}")], "header_joined");
        }
    }
}

#[test]
fn a_header_that_was_cut_into_lines_is_named() {
    let senders = Senders::load(None).unwrap();
    let sender = senders.find("github").unwrap();
    let signed = signed(0, sender, None);
    let signature = &signed.request.headers()["x-hub-signature-256"];
    let (first, second) = signature.to_str().unwrap().split_at(40);
    let body = str::from_utf8(signed.request.body()).unwrap();
    let event = signed.request.headers()["x-github-event"].to_str().unwrap();
    let raw = format!(
        "POST / HTTP/1.1\nX-Github-Event: {event}\nX-Github-Delivery: 1\nX-Hub-Signature-256: {first}\n  {second}\n\n{body}"
    );
    let captured = Captured::parse(raw.as_bytes()).unwrap();
    let finding = examine(sender, &captured, &signed.configured, WORK).unwrap();
    assert_eq!(diagnosis(&finding).unwrap().causes, ["header_split"]);
}

/// A notification with these ids signed, and those of the query and the header sent.
fn mercadopago(
    signs: (Option<&str>, Option<&str>),
    query: &str,
    headers: &[(&'static str, &str)],
) -> Request<Bytes> {
    let mut manifest = String::new();
    for (name, value) in [("id", signs.0), ("request-id", signs.1)] {
        if let Some(value) = value {
            manifest.push_str(&format!("{name}:{value};"));
        }
    }
    manifest.push_str("ts:1795600000;");
    let signature = hex::encode(key("s3cr3t").sign(&[manifest.as_bytes()]));
    let mut request = Request::post(format!("/mp?{query}"))
        .header("x-signature", format!("ts=1795600000,v1={signature}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request
        .body(Bytes::from_static(
            br#"{"data":{"id":"AbC1"},"type":"payment"}"#,
        ))
        .unwrap()
}

#[test]
fn what_proxies_do_to_the_ids_of_mercado_pago_is_named() {
    let senders = Senders::load(None).unwrap();
    let sender = senders.find("mercadopago").unwrap();
    let secrets = [Secret::new("s3cr3t").unwrap()];
    let both = (Some("1"), Some("r"));
    for (signs, query, headers, causes, undone) in [
        (
            (Some("1"), None),
            "data.id=1",
            &[("x-request-id", "p")][..],
            &["request_id_added"][..],
            "left out",
        ),
        (
            both,
            "data.id=1",
            &[("x-request-id", "p"), ("x-original-request-id", "r")],
            &["request_id_replaced"],
            "x-original-request-id",
        ),
        (
            both,
            "data.id=1",
            &[("x-correlation-id", "r")],
            &["request_id_removed"],
            "x-correlation-id",
        ),
        (
            both,
            "data.id=1",
            &[("x-request-id", "r"), ("x-request-id", "p")],
            &["header_repeated"],
            "number 1",
        ),
        (
            (Some("ABC1"), Some("r")),
            "data.id=abc1",
            &[("x-request-id", "r")],
            &["data_id_case"],
            "upper case",
        ),
        (
            (Some("AbC1"), Some("r")),
            "data.id=abc1",
            &[("x-request-id", "r")],
            &["data_id_case"],
            "in the body",
        ),
        (
            (Some("AbC1"), Some("r")),
            "type=payment",
            &[("x-request-id", "r")],
            &["data_id_removed"],
            "of the body",
        ),
        (
            (None, Some("r")),
            "data.id=1",
            &[("x-request-id", "r")],
            &["data_id_added"],
            "left out",
        ),
        (
            both,
            "data.id=1&data.id=2",
            &[("x-request-id", "r")],
            &["data_id_repeated"],
            "number 1",
        ),
        (
            (Some("ABC1"), None),
            "data.id=abc1",
            &[("x-request-id", "p")],
            &["request_id_added", "data_id_case"],
            "left out, and `data.id` in upper case",
        ),
    ] {
        let request = mercadopago(signs, query, headers);
        let found = finding(sender, &request, &secrets);
        let diagnosis = diagnosis(&found).unwrap_or_else(|| panic!("{causes:?}: {found:?}"));
        assert_eq!(diagnosis.causes, causes);
        assert!(diagnosis.undone.contains(undone), "{}", diagnosis.undone);
        assert!(is_authentic(&finding(sender, &diagnosis.request, &secrets)));
    }
    let neither = mercadopago(both, "data.id=2", &[("x-request-id", "p")]);
    assert!(diagnosis(&finding(sender, &neither, &secrets)).is_none());
}

#[test]
fn the_work_for_a_cause_is_limited() {
    let senders = Senders::load(None).unwrap();
    let sender = senders.find("github").unwrap();
    let body = format!(r#"{{"a":"{}"}}"#, "x".repeat(100_000));
    let signed = signed(0, sender, Some(&body));
    let request = captured(with_body(&signed.request, format!("{body}!")));
    let finding = examine(sender, &request, &signed.configured, 2_000_000).unwrap();
    let Outcome::Refused {
        diagnosis: None,
        tried,
        ..
    } = &finding.outcome
    else {
        panic!("{finding:?}");
    };
    assert!(tried.was_limited);
    let count: usize = tried.counts.iter().map(|(_, count)| count).sum();
    assert!((1..=20).contains(&count), "{count}");
}
