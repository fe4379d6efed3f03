use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{TfCreado, TfEvent, TfEvento, TfRecurso};
use crate::answer::{BodyError, BodyErrorKind};
use crate::parse::json;

const NAMES: &[&str; 7] = &[
    "creado",
    "evento",
    "recurso",
    "external_reference",
    "intento",
    "msg",
    "hook_id",
];

/// Decodes typed first, which fits real deliveries, and liberally if that fails. What the first way accepts, the
/// second accepts with the same result; every error comes from the second.
pub(super) fn decode<T: From<TfEvent>>(json: &[u8]) -> Result<T, BodyError> {
    // Check UTF-8 once: given bytes, serde_json checks each string separately.
    let text = std::str::from_utf8(json).map_err(|_| BodyErrorKind::NotUtf8)?;
    // A derived decoder would also accept an array of the fields.
    if json::first_byte(json) == Some(b'{')
        && let Ok(event) = serde_json::from_str::<TfEvent>(text)
    {
        return Ok(event.into());
    }
    decode_liberally(text).map(T::from)
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

    let text = |name, value: Option<&RawValue>| {
        value
            .map(|value| json::text(value.get()).ok_or(BodyErrorKind::InvalidField(name)))
            .transpose()
    };
    Ok(TfEvent {
        creado: text("creado", creado)?.map(TfCreado::new),
        evento: json::text(evento.get())
            .map(TfEvento::from)
            .ok_or(BodyErrorKind::InvalidField("evento"))?,
        recurso: text("recurso", recurso)?.map(TfRecurso::from),
        external_reference: text("external_reference", external_reference)?,
        intento: text("intento", intento)?
            .as_deref()
            .and_then(json::whole_number)
            .and_then(|number| number.try_into().ok()),
        msg: msg.map(messages).transpose()?.unwrap_or_default(),
        hook_id: text("hook_id", hook_id)?,
    })
}

/// A list of strings, an object's values, or one value.
fn messages(value: &RawValue) -> Result<Vec<String>, BodyErrorKind> {
    let json = value.get();
    let items = if json.starts_with(['[', '{']) {
        serde_json::from_str(json).map(|Items(items)| items).ok()
    } else {
        None
    };
    items
        .unwrap_or_else(|| vec![value])
        .into_iter()
        .map(|item| json::text(item.get()).ok_or(BodyErrorKind::InvalidField("msg")))
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
