use serde_json::value::RawValue;

use super::body::Encoded;
use super::{CardToken, MulticajaValidationEvent, Order, QuotasType, Unauthenticated};
use crate::form::Form;
use crate::json;
use crate::{BodyError, BodyErrorKind};

const ORDER_ID: &str = "order_id";
const REFERENCE_ID: &str = "reference_id";

const NAMES: &[&str; 14] = &[
    REFERENCE_ID,
    ORDER_ID,
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
    "code",
    "message",
];

const ID_NAMES: &[&str; 2] = &[REFERENCE_ID, ORDER_ID];

/// The order of a confirm or reject, with both ids.
pub(super) fn order(body: &[u8], is_form: bool) -> Result<Order, BodyError> {
    let [
        reference_id,
        order_id,
        mc_code,
        token_id,
        card_type,
        brand,
        bin,
        last_digits,
        payment_method,
        amount,
        quotas_number,
        quotas_type,
        code,
        message,
    ] = fields(body, is_form, NAMES)?;
    Ok(Order {
        reference_id: required(reference_id, REFERENCE_ID)?,
        order_id: required(order_id, ORDER_ID)?,
        unauthenticated: Box::new(Unauthenticated {
            mc_code,
            token_id: token_id.map(CardToken::new),
            card_type,
            brand,
            bin,
            last_digits,
            payment_method,
            amount,
            quotas_number,
            quotas_type: quotas_type.map(QuotasType::from),
            code,
            message,
        }),
    })
}

/// Both ids of a confirm or reject, whatever the other fields hold: the order that was sent may not decode.
pub(super) fn ids(body: &[u8], is_form: bool) -> Result<[String; 2], BodyError> {
    let [reference_id, order_id] = fields(body, is_form, ID_NAMES)?;
    Ok([
        required(reference_id, REFERENCE_ID)?,
        required(order_id, ORDER_ID)?,
    ])
}

fn required(id: Option<String>, name: &'static str) -> Result<String, BodyErrorKind> {
    id.ok_or(BodyErrorKind::MissingField(name))
}

/// The ids of a validation. Nothing is proved by them, so one that would be refused elsewhere counts as absent.
pub(super) fn validation(
    body: &[u8],
    is_form: bool,
) -> Result<MulticajaValidationEvent, BodyError> {
    let [reference_id, order_id] = match Encoded::read(body, is_form)? {
        Encoded::Json(text) => json::read_object(text, ID_NAMES)?.map(|value| value.and_then(id)),
        Encoded::Form(form) => known(form, ID_NAMES),
    };
    let not_empty = |id: &String| !id.is_empty();
    Ok(MulticajaValidationEvent {
        reference_id: reference_id.filter(not_empty),
        order_id: order_id.filter(not_empty),
    })
}

/// The known fields of either encoding as text, the ids checked.
fn fields<const N: usize>(
    body: &[u8],
    is_form: bool,
    names: &'static [&'static str; N],
) -> Result<[Option<String>; N], BodyError> {
    let texts = match Encoded::read(body, is_form)? {
        Encoded::Json(text) => {
            let mut texts = [const { None }; N];
            let values = json::read_object(text, names)?;
            for ((text, value), name) in texts.iter_mut().zip(values).zip(names) {
                let read = if is_id(name) { id } else { json::text };
                *text = value
                    .map(|value| read(value).ok_or(BodyErrorKind::InvalidField(name)))
                    .transpose()?;
            }
            texts
        }
        Encoded::Form(form) => known(form, names),
    };
    for (text, name) in texts.iter().zip(names) {
        if is_id(name) && text.as_deref() == Some("") {
            return Err(BodyErrorKind::InvalidField(name).into());
        }
    }
    Ok(texts)
}

fn is_id(name: &str) -> bool {
    matches!(name, REFERENCE_ID | ORDER_ID)
}

/// An id: a string, or an integer as the digits that were sent. A float is none: two receivers would write it
/// differently.
fn id(value: &RawValue) -> Option<String> {
    let json = value.get();
    let digits = json.strip_prefix('-').unwrap_or(json);
    let is_integer = digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_integer || json.starts_with('"'))
        .then(|| json::text(value))
        .flatten()
}

/// The known fields of a form, in the order of `names`.
fn known<const N: usize>(form: Form<'_>, names: &[&str; N]) -> [Option<String>; N] {
    let mut texts = [const { None }; N];
    for (name, value) in form.into_fields() {
        let known = names.iter().position(|known| *known == name);
        if let Some(text) = known.and_then(|at| texts.get_mut(at)) {
            *text = Some(value.into_owned());
        }
    }
    texts
}
