use serde_json::value::RawValue;

use super::{CardToken, MulticajaValidationEvent, Order, QuotasType, Unauthenticated};
use crate::answer::{BodyError, BodyErrorKind};
use crate::parse::json;
use crate::parse::repair::{has_lone_surrogate, without_bom};

const ORDER_ID: &str = "order_id";
const REFERENCE_ID: &str = "reference_id";

const NAMES: &[&str; 16] = &[
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
    "wallet",
    "transaction_type",
    "code",
    "message",
];

const ID_NAMES: &[&str; 2] = &[REFERENCE_ID, ORDER_ID];

/// The two ids, in the order in which they are hashed: `reference_id`, `order_id`.
pub(super) type Ids = [String; 2];

/// The order of a confirm or reject.
pub(super) fn order(json: &[u8]) -> Result<Order, BodyError> {
    let (ids, unauthenticated) = fields(json)?;
    let [reference_id, order_id] = required(ids)?;
    Ok(Order {
        reference_id,
        order_id,
        unauthenticated,
    })
}

/// The order with these ids, which are already proven, and everything else in the JSON.
pub(super) fn order_with(ids: &Ids, json: &[u8]) -> Result<Order, BodyError> {
    let (_, unauthenticated) = fields(json)?;
    let [reference_id, order_id] = ids.clone();
    Ok(Order {
        reference_id,
        order_id,
        unauthenticated,
    })
}

/// Both ids of a confirm or reject. The other fields may be damaged.
pub(super) fn ids(json: &[u8]) -> Result<Ids, BodyError> {
    required(json::read_object_of_bytes(without_bom(json), ID_NAMES)?)
}

fn required(ids: [Option<&RawValue>; 2]) -> Result<Ids, BodyError> {
    let [reference_id, order_id] = ids;
    let required = |value: Option<&RawValue>, name| {
        let value = value.ok_or(BodyErrorKind::MissingField(name))?;
        id(value)
            .filter(|id| !id.is_empty())
            .ok_or(BodyErrorKind::InvalidField(name))
    };
    Ok([
        required(reference_id, REFERENCE_ID)?,
        required(order_id, ORDER_ID)?,
    ])
}

/// The ids of a validation. They prove nothing, so one that would be refused elsewhere counts as missing, and so does
/// one that contains U+FFFD, which is what damage leaves.
pub(super) fn validation(json: &[u8]) -> Result<MulticajaValidationEvent, BodyError> {
    let [reference_id, order_id] = json::read_object(strict(json)?, ID_NAMES)?.map(|value| {
        value
            .and_then(id)
            .filter(|id| !id.is_empty() && !id.contains(char::REPLACEMENT_CHARACTER))
    });
    Ok(MulticajaValidationEvent {
        reference_id,
        order_id,
    })
}

/// The raw ids, and the text of everything else.
fn fields(json: &[u8]) -> Result<([Option<&RawValue>; 2], Box<Unauthenticated>), BodyError> {
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
        wallet,
        transaction_type,
        code,
        message,
    ] = json::read_object(strict(json)?, NAMES)?;
    let text = |value: Option<&RawValue>, name| match value {
        Some(value) => json::text(value.get())
            .map(Some)
            .ok_or(BodyErrorKind::InvalidField(name)),
        None => Ok(None),
    };
    let unauthenticated = Box::new(Unauthenticated {
        mc_code: text(mc_code, "mc_code")?,
        token_id: text(token_id, "token_id")?.map(CardToken::new),
        card_type: text(card_type, "card_type")?,
        brand: text(brand, "brand")?,
        bin: text(bin, "bin")?,
        last_digits: text(last_digits, "last_digits")?,
        payment_method: text(payment_method, "payment_method")?,
        amount: text(amount, "amount")?,
        quotas_number: text(quotas_number, "quotas_number")?,
        quotas_type: text(quotas_type, "quotas_type")?.map(QuotasType::from),
        wallet: text(wallet, "wallet")?,
        transaction_type: text(transaction_type, "transaction_type")?,
        code: text(code, "code")?,
        message: text(message, "message")?,
    });
    Ok(([reference_id, order_id], unauthenticated))
}

/// The JSON as text, if it may be sent back: even unread fields must not contain what strict parsers refuse.
fn strict(json: &[u8]) -> Result<&str, BodyErrorKind> {
    std::str::from_utf8(json)
        .ok()
        .filter(|text| !has_lone_surrogate(text))
        .ok_or(BodyErrorKind::NotUtf8)
}

/// An id: a string, or an integer with its digits as sent. Not a float: two receivers would write it differently.
fn id(value: &RawValue) -> Option<String> {
    let json = value.get();
    let digits = json.strip_prefix('-').unwrap_or(json);
    let is_integer = digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_integer || json.starts_with('"'))
        .then(|| json::text(json))
        .flatten()
}
