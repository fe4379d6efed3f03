//! Fields of an unsigned body, read whatever their type.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::MercadoPagoData;
use crate::parse::json;

/// Text; anything else as its JSON text, and null as missing.
pub(super) fn text<'de, D: Deserializer<'de>>(field: D) -> Result<Option<String>, D::Error> {
    let Json(json) = Json::deserialize(field)?;
    match &*json {
        "null" => Ok(None),
        json => json::text(json)
            .map(Some)
            .ok_or_else(|| D::Error::custom("a lone surrogate")),
    }
}

/// A whole number, in quotes or not. Anything else counts as missing.
pub(super) fn number<'de, D: Deserializer<'de>>(field: D) -> Result<Option<u64>, D::Error> {
    Ok(text(field)?.as_deref().and_then(json::whole_number))
}

/// `true` or `false`, in quotes or not. Anything else counts as missing.
pub(super) fn boolean<'de, D: Deserializer<'de>>(field: D) -> Result<Option<bool>, D::Error> {
    Ok(text(field)?.and_then(|text| text.trim().parse().ok()))
}

/// An object. Anything else counts as missing.
pub(super) fn object<'de, D: Deserializer<'de>>(
    field: D,
) -> Result<Option<MercadoPagoData>, D::Error> {
    let Json(json) = Json::deserialize(field)?;
    if json.starts_with('{') {
        serde_json::from_str(&json)
            .map(Some)
            // The inner error has its own position, which would look like one in the body.
            .map_err(|_| D::Error::custom("an object whose fields do not fit"))
    } else {
        Ok(None)
    }
}

/// Any JSON value as its text, in which numbers keep their digits. If the deserializer no longer has the text, as in
/// an untagged enum, it is written again.
///
/// `RawValue` would refuse the latter, so this asks for one by serde_json's internal name; if that name changed, only
/// the digits of numbers over 64 bits would be lost.
struct Json(String);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Raw;

        impl<'de> Visitor<'de> for Raw {
            type Value = String;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut raw: A) -> Result<String, A::Error> {
                let (_, json) = raw
                    .next_entry::<String, String>()?
                    .ok_or_else(|| A::Error::custom("no raw value"))?;
                Ok(json)
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                value: D,
            ) -> Result<String, D::Error> {
                Value::deserialize(value).map(|value| value.to_string())
            }
        }

        let json =
            deserializer.deserialize_newtype_struct("$serde_json::private::RawValue", Raw)?;
        if json::is_too_deep(&json) {
            return Err(D::Error::custom("nested too deeply"));
        }
        Ok(Self(json))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use crate::answer::BodyErrorKind;
    use crate::provider::decode_json;
    use crate::senders::mercadopago::MercadoPagoNotification;

    #[test]
    fn a_notification_decodes_whatever_the_types_of_its_fields() {
        let digits = "123456789012345678901234567890";
        let json = format!(
            r#"{{"id":{digits},"action":null,"type":1,"data":{{"id":{digits},"x":[]}},"user_id":-0.50,
                "live_mode":"true","version":"3","date_created":{{"a":1.0}},"unknown":{{}}}}"#
        );
        let read = decode_json::<MercadoPagoNotification>(json.as_bytes()).unwrap();
        assert_eq!(read.id.as_deref(), Some(digits));
        assert_eq!(read.action, None);
        assert_eq!(read.r#type.as_deref(), Some("1"));
        assert_eq!(read.data.unwrap().id.as_deref(), Some(digits));
        assert_eq!(read.user_id.as_deref(), Some("-0.50"));
        assert_eq!((read.live_mode, read.version), (Some(true), Some(3)));
        assert_eq!(read.date_created.as_deref(), Some(r#"{"a":1.0}"#));

        for (json, expected) in [
            (r#"{"data":"abc"}"#, None),
            (r#"{"data":[{"id":1}]}"#, None),
            (
                r#"{"data":{"id":null},"live_mode":1,"version":-1}"#,
                Some(None),
            ),
        ] {
            let read = decode_json::<MercadoPagoNotification>(json.as_bytes()).unwrap();
            assert_eq!(read.data.map(|data| data.id), expected, "{json}");
            assert_eq!((read.live_mode, read.version), (None, None), "{json}");
        }

        let read = decode_json::<MercadoPagoNotification>(br#"{"version":30.00}"#).unwrap();
        assert_eq!(read.version, Some(30));
        let padded = r#"{"pad":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","data":{"id":1,"id":2}}"#;
        let refused = decode_json::<MercadoPagoNotification>(padded.as_bytes()).unwrap_err();
        assert_eq!(&*refused.path, "data", "{refused}");
        assert!(refused.column > 50, "{refused}");

        let deep = format!(r#"{{"id":{}1{}}}"#, "[".repeat(129), "]".repeat(129));
        for refused in [
            "[]",
            r#"["1"]"#,
            "1",
            r#"{"id":1,"id":2}"#,
            r#"{"data":{"id":1,"id":2}}"#,
            &deep,
        ] {
            let refused = decode_json::<MercadoPagoNotification>(refused.as_bytes()).unwrap_err();
            assert_eq!(refused.kind, BodyErrorKind::DoesNotFit, "{refused}");
        }
    }

    #[test]
    fn a_notification_in_an_untagged_enum_reads_back_as_serialized() {
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(untagged)]
        enum Either {
            Notification(Box<MercadoPagoNotification>),
            Other(u8),
        }

        let json = r#"{"id":"1","type":"payment","data":{"id":17},"live_mode":false,"version":1}"#;
        let alone: MercadoPagoNotification = serde_json::from_str(json).unwrap();
        let within = Either::Notification(Box::new(alone.clone()));
        assert_eq!(serde_json::from_str::<Either>(json).unwrap(), within);
        assert_eq!(
            serde_json::from_str::<Either>("7").unwrap(),
            Either::Other(7)
        );

        let serialized = serde_json::to_string(&alone).unwrap();
        let back: MercadoPagoNotification = serde_json::from_str(&serialized).unwrap();
        assert_eq!(back, alone);
    }
}
