use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::lenient;

/// The body of a notification, as a payload type. None of it is signed.
///
/// It is decoded liberally, since nothing in it is worth losing a notification over: all fields are optional, other
/// fields are ignored, and a number is accepted where text is documented, with its digits as sent, and the reverse.
/// Any other unexpected type is kept as its JSON text if the field is text, and counts as missing otherwise. Only an
/// object is accepted; a field that occurs twice or is nested deeper than 128 levels is refused.
///
/// ```
/// use webhook_core::mercadopago::MercadoPagoNotification;
///
/// let body = r#"{"action":"payment.created","type":"payment","id":106537426466,"data":{"id":999999999}}"#;
/// let notification: MercadoPagoNotification = serde_json::from_str(body)?;
/// assert_eq!(notification.action.as_deref(), Some("payment.created"));
/// assert_eq!(notification.id.as_deref(), Some("106537426466"));
/// assert_eq!(notification.data.unwrap().id.as_deref(), Some("999999999"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MercadoPagoNotification {
    /// The id of this notification. A retry has a different one, so it is not a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What happened, such as `payment.created`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// What it is about, such as `payment`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// The resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<MercadoPagoData>,
    /// The id of the seller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// Whether it is about a real payment; `false` for a test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live_mode: Option<bool>,
    /// How often the resource has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// When the notification was created, in RFC 3339 as documented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_created: Option<String>,
    /// In the IPN format: what it is about, such as `merchant_order`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// In the IPN format: the id or the URL of the resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
}

/// `data` of a [`MercadoPagoNotification`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MercadoPagoData {
    /// The id of the resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// How the fields are read.
#[derive(Deserialize)]
#[serde(remote = "MercadoPagoNotification")]
struct NotificationFields {
    #[serde(default, deserialize_with = "lenient::text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    action: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    r#type: Option<String>,
    #[serde(default, deserialize_with = "lenient::object")]
    data: Option<MercadoPagoData>,
    #[serde(default, deserialize_with = "lenient::text")]
    user_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::boolean")]
    live_mode: Option<bool>,
    #[serde(default, deserialize_with = "lenient::number")]
    version: Option<u64>,
    #[serde(default, deserialize_with = "lenient::text")]
    date_created: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    topic: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    resource: Option<String>,
}

#[derive(Deserialize)]
#[serde(remote = "MercadoPagoData")]
struct DataFields {
    #[serde(default, deserialize_with = "lenient::text")]
    id: Option<String>,
}

/// A derived decoder would also accept an array of the fields.
macro_rules! only_from_an_object {
    ($($type:ident from $fields:ident [$($field:literal)*])*) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Object;

                impl<'de> Visitor<'de> for Object {
                    type Value = $type;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<$type, A::Error> {
                        $fields::deserialize(MapAccessDeserializer::new(fields))
                    }
                }

                deserializer.deserialize_struct(stringify!($type), &[$($field),*], Object)
            }
        }
    )*};
}

only_from_an_object!(
    MercadoPagoNotification from NotificationFields [
        "id" "action" "type" "data" "user_id" "live_mode" "version" "date_created" "topic" "resource"
    ]
    MercadoPagoData from DataFields ["id"]
);
