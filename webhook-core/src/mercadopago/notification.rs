use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::lenient;

/// The body of a notification, as a payload type. Nothing of it is signed.
///
/// It is decoded liberally, since nothing in it is worth losing a notification for: all fields are optional, those that
/// are not listed are ignored, a number is accepted where text is documented, with its digits as they were sent, and the
/// reverse. Any other unexpected type is kept as its JSON text where the field is text, and counts as absent elsewhere.
/// Only an object is accepted; a field twice, or nested deeper than 128 levels, is refused.
///
/// ```
/// use webhook_core::MercadoPagoNotification;
///
/// let body = r#"{"action":"payment.created","type":"payment","id":106537426466,"data":{"id":999999999}}"#;
/// let notification: MercadoPagoNotification = serde_json::from_str(body)?;
/// assert_eq!(notification.action.as_deref(), Some("payment.created"));
/// assert_eq!(notification.id.as_deref(), Some("106537426466"));
/// assert_eq!(notification.data.unwrap().id.as_deref(), Some("999999999"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
// Derives functions instead of the traits, which are below: they take an object only.
#[serde(remote = "Self", default)]
#[non_exhaustive]
pub struct MercadoPagoNotification {
    /// The id of this notification. A retry has another one: it is no key.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub id: Option<String>,
    /// What happened, such as `payment.created`.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub action: Option<String>,
    /// What it is about, such as `payment`.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub r#type: Option<String>,
    /// The resource.
    #[serde(
        deserialize_with = "lenient::object",
        skip_serializing_if = "Option::is_none"
    )]
    pub data: Option<MercadoPagoData>,
    /// The id of the seller.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub user_id: Option<String>,
    /// Whether it is about a real payment; `false` for a test.
    #[serde(
        deserialize_with = "lenient::boolean",
        skip_serializing_if = "Option::is_none"
    )]
    pub live_mode: Option<bool>,
    /// How often the resource has changed.
    #[serde(
        deserialize_with = "lenient::number",
        skip_serializing_if = "Option::is_none"
    )]
    pub version: Option<u64>,
    /// When the notification was made, in RFC 3339 as documented.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub date_created: Option<String>,
    /// In the shape of the IPN: what it is about, such as `merchant_order`.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub topic: Option<String>,
    /// In the shape of the IPN: the id or the URL of the resource.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub resource: Option<String>,
}

/// `data` of a [`MercadoPagoNotification`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(remote = "Self", default)]
#[non_exhaustive]
pub struct MercadoPagoData {
    /// The id of the resource.
    #[serde(
        deserialize_with = "lenient::text",
        skip_serializing_if = "Option::is_none"
    )]
    pub id: Option<String>,
}

/// A derived decoder also takes an array of the fields.
macro_rules! only_from_an_object {
    ($($type:ident)*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Object;

                impl<'de> Visitor<'de> for Object {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<$type, A::Error> {
                        $type::deserialize(MapAccessDeserializer::new(fields))
                    }
                }

                deserializer.deserialize_map(Object)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $type::serialize(self, serializer)
            }
        }
    )*};
}

only_from_an_object!(MercadoPagoNotification MercadoPagoData);
