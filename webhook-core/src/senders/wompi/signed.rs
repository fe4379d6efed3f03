//! Reads what the checksum covers.
//!
//! The sender joins the values without separators, and signs neither the list of their names nor their number. Anyone who has
//! one delivery can send any body whose values join to the same text. So each value must have a form that shows where
//! it ends: then there is one way to read the text, whatever the list says.

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::event::{WompiSubject, WompiToken, WompiTransaction};
use super::key::Checksum;
use super::property;
use crate::answer::Rejection;
use crate::parse::json;
use crate::parse::repair::without_bom;

/// The most values that are read for one checksum.
const MAX_PROPERTIES: usize = 16;

/// Every timestamp from 2001 to 2286 has ten digits. With a fixed number, no digit can move between it and the amount.
const TIMESTAMP_DIGITS: usize = 10;

const OBJECTS: &[&str; 3] = &["transaction", "nequi_token", "bancolombia_transfer_token"];

/// What the body says that its checksum covers, not yet compared.
pub(super) struct Signed {
    pub(super) subject: WompiSubject,
    pub(super) timestamp: u64,
    pub(super) checksum: Checksum,
    /// All that is hashed before the secret.
    pub(super) content: Sha256,
}

impl Signed {
    /// Damage elsewhere in the text changes nothing here: a value with U+FFFD is not what was signed.
    pub(super) fn read(body: &[u8]) -> Result<Self, Rejection> {
        let text = String::from_utf8_lossy(without_bom(body));
        let [data, signature, timestamp, _, _, _] = json::read_object(
            &text,
            &[
                "data",
                "signature",
                "timestamp",
                "event",
                "environment",
                "sent_at",
            ],
        )?;
        let signature = signature.ok_or(Rejection::CredentialMissing)?;
        let [properties, checksum] =
            json::read_object(signature.get(), &["properties", "checksum"])?;
        let checksum = string(checksum.ok_or(Rejection::CredentialMissing)?)?;
        let checksum = Checksum::decode(checksum.as_bytes())?;
        let properties = names(properties.ok_or(Rejection::CredentialMissing)?)?;
        let timestamp = timestamp.ok_or(Rejection::CredentialMalformed)?.get();

        let data = data.ok_or(Rejection::CredentialMalformed)?.get();
        let values = Values::read(data, &properties)?;
        let content = values
            .joined
            .iter()
            .fold(Sha256::new(), |content, value| content.chain_update(value))
            .chain_update(timestamp);
        Ok(Self {
            subject: values.subject,
            timestamp: ten_digits(timestamp)?,
            checksum,
            content,
        })
    }
}

/// The values that the list names, in its order.
struct Values {
    joined: Vec<String>,
    subject: WompiSubject,
}

impl Values {
    fn read(data: &str, properties: &[String]) -> Result<Self, Rejection> {
        let [transaction, nequi, bancolombia] = json::read_object(data, OBJECTS)?;
        match (transaction, nequi, bancolombia) {
            (Some(transaction), None, None) => Self::of_transaction(data, transaction, properties),
            (None, Some(token), None) => Self::of_token("nequi_token", data, token, properties),
            (None, None, Some(token)) => {
                Self::of_token("bancolombia_transfer_token", data, token, properties)
            }
            // With two objects, the one that is covered could vouch for the other.
            _ => Err(Rejection::CredentialMalformed),
        }
    }

    /// The id ends before the first capital, the status before the first digit, and the amount before what is neither a
    /// digit nor a point.
    fn of_transaction(
        data: &str,
        transaction: &RawValue,
        properties: &[String],
    ) -> Result<Self, Rejection> {
        let [id, status, amount] =
            json::read_object(transaction.get(), &["id", "status", "amount_in_cents"])?;
        let others = named_after(
            properties,
            &[
                "transaction.id",
                "transaction.status",
                "transaction.amount_in_cents",
            ],
        )?;
        let id = string(id.ok_or(Rejection::CredentialMalformed)?)?;
        let status = string(status.ok_or(Rejection::CredentialMalformed)?)?;
        let amount = amount.ok_or(Rejection::CredentialMalformed)?.get();
        let others = property::values(data, others)?;
        let may_follow = |first: u8| !is_of_amount(first);
        let has_form = is_made_of(&id, |byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
        }) && status.starts_with(|first: char| first.is_ascii_uppercase())
            && is_made_of(&status, |byte| byte.is_ascii_uppercase() || byte == b'_')
            && is_made_of(amount, is_of_amount)
            && others
                .first()
                .is_none_or(|other| other.bytes().next().is_some_and(may_follow));
        if !has_form {
            return Err(Rejection::CredentialMalformed);
        }
        let mut joined = vec![id.clone(), status.clone(), amount.to_owned()];
        joined.extend(others);
        Ok(Self {
            joined,
            subject: WompiSubject::Transaction(WompiTransaction::new(id, status, amount)),
        })
    }

    /// An id of a token has capitals and digits, so a status must be one that is known, and the only one in the text.
    /// The underscore of the id tells a token from a transaction, whose ids have none.
    fn of_token(
        name: &str,
        data: &str,
        token: &RawValue,
        properties: &[String],
    ) -> Result<Self, Rejection> {
        const STATUSES: [&str; 5] = ["APPROVED", "DECLINED", "PENDING", "VOIDED", "ERROR"];

        let [id, status] = json::read_object(token.get(), &["id", "status"])?;
        let [id_path, status_path] = ["id", "status"].map(|field| format!("{name}.{field}"));
        let others = named_after(properties, &[&id_path, &status_path])?;
        let id = string(id.ok_or(Rejection::CredentialMalformed)?)?;
        let status = string(status.ok_or(Rejection::CredentialMalformed)?)?;
        let mut joined = vec![id.clone(), status.clone()];
        joined.extend(property::values(data, others)?);
        let text = joined.concat();
        let found: usize = STATUSES
            .iter()
            .map(|status| text.matches(status).count())
            .sum();
        let has_form = is_made_of(&id, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
        }) && id.contains('_')
            && STATUSES.contains(&&*status)
            && found == 1;
        if !has_form {
            return Err(Rejection::CredentialMalformed);
        }
        Ok(Self {
            joined,
            subject: WompiSubject::Token(WompiToken::new(id, status)),
        })
    }
}

/// What follows these paths, with which the list must begin.
fn named_after<'p>(properties: &'p [String], first: &[&str]) -> Result<&'p [String], Rejection> {
    match properties.split_at_checked(first.len()) {
        Some((named, others)) if named == first => Ok(others),
        _ => Err(Rejection::CredentialMalformed),
    }
}

/// The paths of the list, each once.
fn names(list: &RawValue) -> Result<Vec<String>, Rejection> {
    let names: Vec<String> =
        serde_json::from_str(list.get()).map_err(|_| Rejection::CredentialMalformed)?;
    if names.len() > MAX_PROPERTIES {
        return Err(Rejection::CredentialMalformed);
    }
    let mut rest = names.as_slice();
    while let Some((name, others)) = rest.split_first() {
        if others.contains(name) {
            return Err(Rejection::CredentialMalformed);
        }
        rest = others;
    }
    Ok(names)
}

fn ten_digits(timestamp: &str) -> Result<u64, Rejection> {
    let has_form = timestamp.len() == TIMESTAMP_DIGITS
        && is_made_of(timestamp, |byte| byte.is_ascii_digit())
        && !timestamp.starts_with('0');
    if !has_form {
        return Err(Rejection::CredentialMalformed);
    }
    timestamp
        .parse()
        .map_err(|_| Rejection::CredentialMalformed)
}

/// A number without sign and exponent: what begins an amount, and what follows in it.
fn is_of_amount(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'.'
}

fn is_made_of(text: &str, of: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(of)
}

fn string(value: &RawValue) -> Result<String, Rejection> {
    Some(value.get())
        .filter(|json| json.starts_with('"'))
        .and_then(json::text)
        .ok_or(Rejection::CredentialMalformed)
}
