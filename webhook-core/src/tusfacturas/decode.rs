use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{TfCreado, TfEvent, TfEvento, TfRecurso};
use crate::json;
use crate::{BodyError, BodyErrorKind};

const NAMES: &[&str; 7] = &[
    "creado",
    "evento",
    "recurso",
    "external_reference",
    "intento",
    "msg",
    "hook_id",
];

/// Decodes typed first, which is what real deliveries fit, and liberally when that fails. What the first way takes,
/// the second one takes with the same result; every error is the second one's.
pub(super) fn decode(body: &[u8]) -> Result<TfEvent, BodyError> {
    let body = json::without_bom(body);
    // Checked once, and without replacing first, which looks at each byte: serde_json would check each string of a body in bytes by itself, 1,000 instructions more.
    let text =
        std::str::from_utf8(body).map_or_else(|_| String::from_utf8_lossy(body), Cow::Borrowed);
    // A derived decoder takes an array of the fields, too.
    if json::first_byte(body) == Some(b'{')
        && let Ok(event) = serde_json::from_str(&text)
    {
        return Ok(event);
    }
    decode_liberally(&json::replace_lone_surrogates(&text))
}

fn decode_liberally(text: &str) -> Result<TfEvent, BodyError> {
    let [
        creado,
        evento,
        recurso,
        external_reference,
        intento,
        msg,
        hook_id,
    ] = json::read_object(text, NAMES)?;

    let evento = evento.ok_or(BodyErrorKind::MissingField("evento"))?;
    if !evento.get().starts_with('"') {
        return Err(BodyErrorKind::InvalidField("evento").into());
    }

    Ok(TfEvent {
        creado: creado.and_then(json::text).map(TfCreado::new),
        evento: json::text(evento)
            .map(TfEvento::from)
            .ok_or(BodyErrorKind::InvalidField("evento"))?,
        recurso: recurso.and_then(json::text).map(TfRecurso::from),
        external_reference: external_reference.and_then(json::text),
        intento: intento.and_then(number),
        msg: msg.map(messages).unwrap_or_default(),
        hook_id: hook_id.and_then(json::text),
    })
}

/// A whole number, in quotes or not. Anything else counts as absent.
fn number(value: &RawValue) -> Option<u32> {
    let text = json::text(value)?;
    let text = text.trim();
    text.parse().ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        let whole = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole and in range"
        )]
        whole.then_some(number as u32)
    })
}

/// A list of strings, an object's values, or one value.
fn messages(value: &RawValue) -> Vec<String> {
    let json = value.get();
    let items = if json.starts_with(['[', '{']) {
        serde_json::from_str(json).map(|Items(items)| items).ok()
    } else {
        None
    };
    items
        .unwrap_or_else(|| vec![value])
        .into_iter()
        .filter_map(json::text)
        .collect()
}

/// The items of an array or the values of an object, in order.
struct Items<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Values;

        impl<'de> Visitor<'de> for Values {
            type Value = Vec<&'de RawValue>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an array or an object")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(items)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some((IgnoredAny, item)) = map.next_entry()? {
                    items.push(item);
                }
                Ok(items)
            }
        }

        deserializer.deserialize_any(Values).map(Self)
    }
}
