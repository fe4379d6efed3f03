use std::collections::BTreeMap;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};
use webhook_core::driver::Verifier;
use webhook_core::multicaja::{Multicaja, MulticajaEvent, MulticajaValidation};

use super::Outcome;
use super::json::{form, known, percent_decode, repaired, text};
use super::request::{self, Request};

const KEYS: [(&str, &str); 2] = [("old", "private-api-key-1"), ("new", "private-api-key-2")];

const NAMES: [&str; 16] = [
    "reference_id",
    "order_id",
    "mc_code",
    "token_id",
    "card_type",
    "brand",
    "bin",
    "last_digits",
    "payment_method",
    "amount",
    "quotas_number",
    "quotas_type",
    "wallet",
    "transaction_type",
    "code",
    "message",
];

static VERIFIER: LazyLock<Verifier<Multicaja>> = LazyLock::new(|| Verifier::try_new(KEYS).unwrap());
static VALIDATION: LazyLock<Verifier<MulticajaValidation>> =
    LazyLock::new(|| Verifier::new(MulticajaValidation::new()));

pub fn deliver(input: &[u8]) -> Outcome {
    let mut request = Request::parse(input);
    if let Some(fields) = fields(&request, &NAMES)
        && let Some([reference_id, order_id]) = ids(&request, &fields)
    {
        for (placeholder, (_, key)) in ["{1}", "{2}"].into_iter().zip(KEYS) {
            request.fill(
                placeholder,
                &hex::encode(digest(&reference_id, &order_id, key)),
            );
        }
    }
    let naive = || {
        let endpoint = endpoint(&request)?;
        let sent = hex::decode(request.credential("apikey")?).ok()?;
        let fields = fields(&request, &NAMES)?;
        let [reference_id, order_id] = ids(&request, &fields)?;
        let (label, _) = KEYS
            .iter()
            .find(|(_, key)| digest(&reference_id, &order_id, key) == sent)?;
        let mut texts = BTreeMap::new();
        for (name, value) in fields {
            texts.insert(name, value.text()?);
        }
        (endpoint != "validation").then_some((endpoint, *label, texts))
    };
    request::deliver(
        &VERIFIER,
        &KEYS.map(|(_, key)| key),
        &request,
        naive,
        |(endpoint, label, texts), accepted| {
            let (named, order) = match accepted.delivery.event() {
                MulticajaEvent::Confirm(order) => ("confirm", order),
                MulticajaEvent::Reject(order) => ("reject", order),
                other => panic!("{other:?}"),
            };
            assert_eq!(named, endpoint);
            assert_eq!(
                accepted.delivery.label().map(|label| label.as_str()),
                Some(*label)
            );
            assert_eq!(
                [&order.reference_id, &order.order_id],
                [&texts["reference_id"], &texts["order_id"]]
            );

            let rest = &order.unauthenticated;
            let token = rest.token_id.as_ref().and_then(|token| token.expose());
            assert_eq!(token, texts.get("token_id").map(String::as_str));
            let shown = serde_json::to_value(rest).unwrap();
            for name in &NAMES[2..] {
                let expected = match *name {
                    "token_id" if token.is_some() => Some("[redacted]"),
                    name => texts.get(name).map(String::as_str),
                };
                assert_eq!(
                    shown.get(name).and_then(|value| value.as_str()),
                    expected,
                    "{name}"
                );
            }
            assert_echo(&request, &accepted.in_flight.rule().reply().body);
        },
    )
}

pub fn validate(input: &[u8]) -> Outcome {
    let request = Request::parse(input);
    let naive = || {
        // A path that names no endpoint is the merchant's own.
        let names_none = |path: &str, query: Option<&str>| endpoint_of(path, query) == Ok(None);
        if !names_none(&request.path, request.query.as_deref())
            && endpoint(&request)? != "validation"
        {
            return None;
        }
        let fields = fields(&request, &NAMES[..2])?;
        let undamaged = |id: &String| !id.contains('\u{fffd}');
        Some(
            ["reference_id", "order_id"]
                .map(|name| fields.get(name).and_then(id).filter(undamaged)),
        )
    };
    request::deliver(&VALIDATION, &[], &request, naive, |ids, accepted| {
        let event = accepted.delivery.event();
        assert_eq!([&event.reference_id, &event.order_id], [&ids[0], &ids[1]]);
        assert_eq!(accepted.delivery.label(), None);
        assert_echo(&request, &accepted.in_flight.rule().reply().body);
    })
}

/// A field as encoded.
enum Field {
    Json(String),
    Form(String),
}

impl Field {
    fn text(&self) -> Option<String> {
        match self {
            Self::Json(json) => text(json),
            Self::Form(text) => Some(text.clone()),
        }
    }
}

fn fields(request: &Request, names: &[&str]) -> Option<BTreeMap<String, Field>> {
    fields_with(request, names, '\u{fffd}')
}

/// Both ids, if neither was damaged: if so, repairing with a different mark would change them.
fn ids(request: &Request, fields: &BTreeMap<String, Field>) -> Option<[String; 2]> {
    let of = |fields: &BTreeMap<String, Field>| {
        Some([
            id(fields.get("reference_id")?)?,
            id(fields.get("order_id")?)?,
        ])
    };
    let ids = of(fields)?;
    let otherwise = fields_with(request, &NAMES, '\u{fffc}')?;
    (of(&otherwise)? == ids).then_some(ids)
}

fn fields_with(request: &Request, names: &[&str], mark: char) -> Option<BTreeMap<String, Field>> {
    let body = &request.body[..];
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    if is_object(body) {
        let known = known(&repaired(body, mark), names)?.into_iter();
        return Some(
            known
                .map(|(name, json)| (name, Field::Json(json)))
                .collect(),
        );
    }
    if !request.is_form() {
        return None;
    }
    let mut fields = form_of_texts(body)?;
    fields.retain(|(name, _)| names.contains(&name.as_str()));
    let fields = fields.into_iter();
    Some(
        fields
            .map(|(name, text)| (name, Field::Form(text)))
            .collect(),
    )
}

fn is_object(body: &[u8]) -> bool {
    let blank = |byte: &&u8| b" \t\n\r".contains(byte);
    body.iter().find(|byte| !blank(byte)) == Some(&b'{')
}

fn form_of_texts(body: &[u8]) -> Option<Vec<(String, String)>> {
    let fields = form(body)?.into_iter();
    fields
        .map(|(name, value)| Some((name, String::from_utf8(value).ok()?)))
        .collect()
}

/// An id: text that is not empty, or an integer.
fn id(field: &Field) -> Option<String> {
    if let Field::Json(json) = field {
        let is_integer = json.parse::<f64>().is_ok() && !json.contains(['.', 'e', 'E']);
        if !is_integer && !json.starts_with('"') {
            return None;
        }
    }
    field.text().filter(|id| !id.is_empty())
}

fn digest(reference_id: &str, order_id: &str, key: &str) -> Vec<u8> {
    Sha256::digest([reference_id, order_id, key].concat()).to_vec()
}

fn endpoint(request: &Request) -> Option<String> {
    endpoint_of(&request.path, request.query.as_deref()).ok()?
}

/// The endpoint that path and query name together.
fn endpoint_of(path: &str, query: Option<&str>) -> Result<Option<String>, ()> {
    const ENDPOINTS: [&str; 3] = ["validation", "confirm", "reject"];
    let mut named = Vec::new();
    let path = path.strip_suffix('/').unwrap_or(path);
    let last = path.split('/').next_back().unwrap();
    for endpoint in ENDPOINTS {
        if last == format!("webhook_{endpoint}") {
            named.push(endpoint.to_owned());
        }
    }
    let mut in_query = Vec::new();
    for parameter in query.unwrap_or_default().split('&') {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if percent_decode(name.as_bytes()) == b"webhook" {
            let value = percent_decode(value.as_bytes()).to_ascii_lowercase();
            in_query.push(String::from_utf8_lossy(&value).into_owned());
        }
    }
    if in_query.len() > 1
        || in_query
            .iter()
            .any(|name| !ENDPOINTS.contains(&name.as_str()))
    {
        return Err(());
    }
    named.append(&mut in_query);
    named.dedup();
    if named.len() > 1 {
        Err(())
    } else {
        Ok(named.pop())
    }
}

/// The acknowledgement is the body, or the object of the fields of a form.
fn assert_echo(request: &Request, echo: &[u8]) {
    let body = &request.body[..];
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    if is_object(body) {
        // The bytes as received, if nothing had to be repaired.
        assert_eq!(echo, repaired(body, '\u{fffd}').as_bytes());
        return;
    }
    let fields = form_of_texts(body).unwrap();
    let echoed: super::json::Object = serde_json::from_slice(echo).unwrap();
    let echoed = echoed
        .0
        .into_iter()
        .map(|(name, json)| (name, text(&json).unwrap()));
    assert_eq!(echoed.collect::<Vec<_>>(), fields);
}
