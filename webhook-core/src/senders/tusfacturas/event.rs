use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::decode;
use crate::answer::BodyError;
use crate::parse::repair::or_repaired;

/// A TusFacturasAPP notification, with the fields as the sender spells them.
///
/// The layer decodes liberally, because an authentic delivery that is refused is lost after six attempts; see
/// [`from_json`](Self::from_json) for the rules. `Deserialize` accepts only what `Serialize` writes: it is for events
/// that the app stored itself.
///
/// ```
/// use webhook_core::tusfacturas::{TfEvent, TfEvento};
///
/// let event = TfEvent::from_json(
///     br#"{"creado":"18/03/2022 15:58:11","evento":"encolado","recurso":"facturacion",
///          "external_reference":"17032","intento":1,"msg":[],"hook_id":"xxxxx"}"#,
/// )?;
/// assert_eq!(event.evento, TfEvento::Encolado);
/// assert_eq!(event.external_reference.as_deref(), Some("17032"));
/// assert_eq!(event.creado.unwrap().as_str(), "18/03/2022 15:58:11");
///
/// // For a test of a handler:
/// let mut event = TfEvent::new(TfEvento::Error);
/// event.msg.push("CUIT inválido".to_owned());
/// # Ok::<(), webhook_core::BodyError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TfEvent {
    /// When the notification was created.
    #[serde(default)]
    pub creado: Option<TfCreado>,
    /// What happened.
    pub evento: TfEvento,
    /// What it happened to.
    #[serde(default)]
    pub recurso: Option<TfRecurso>,
    /// The merchant's own id for the invoice, up to 255 characters of any kind. Use it to ask the TusFacturas API for
    /// the invoice.
    #[serde(default)]
    pub external_reference: Option<String>,
    /// The number of this attempt. Every published example has 1; the numbering is not documented.
    #[serde(default)]
    pub intento: Option<u32>,
    /// The reasons of an [`Error`](TfEvento::Error); otherwise empty.
    #[serde(default)]
    pub msg: Vec<String>,
    /// The id of the notification.
    #[serde(default)]
    pub hook_id: Option<String>,
}

impl TfEvent {
    /// Creates an event with only its kind.
    pub fn new(evento: TfEvento) -> Self {
        Self {
            evento,
            ..Self::default()
        }
    }

    /// Decodes a body as the layer does.
    ///
    /// The body must be a JSON object with a string `evento`; everything else may be missing or null. Numbers are
    /// accepted where text is documented, with their digits exactly as sent, and quoted numbers where a number is.
    /// `msg` may also be one string, or an object (PHP writes a list with gaps as one), whose values are read in
    /// order; an item that is not a string is kept as its JSON text. Any other type is kept as its JSON text if the
    /// field is text, and counts as missing if it is a number. Unknown fields are ignored. A byte order mark is
    /// skipped; bytes that are not UTF-8 and lone surrogates become U+FFFD.
    ///
    /// # Errors
    ///
    /// Not an object, or one without a string `evento`; a known field that occurs twice or is nested deeper than 128
    /// levels; anything after the object.
    pub fn from_json(body: &[u8]) -> Result<Self, BodyError> {
        or_repaired(decode::decode(body), body, |json| decode::decode(json)).map(|(event, _)| event)
    }
}

/// `creado`: when the notification was created, as sent. Documented as `dd/mm/yyyy HH:MM:SS` in Argentina's civil time
/// (UTC-03:00, without daylight saving).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TfCreado(String);

impl TfCreado {
    /// Creates it from any text, whether it is a date or not.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The time, as a timestamp of jiff 0.2. `None` if the text is not a date in the documented form.
    ///
    /// ```
    /// use webhook_core::tusfacturas::TfCreado;
    ///
    /// let creado = TfCreado::new("01/01/1970 00:00:00").timestamp().unwrap();
    /// assert_eq!(creado.as_second(), 3 * 60 * 60);
    /// assert_eq!(TfCreado::new("yesterday").timestamp(), None);
    /// ```
    #[cfg(feature = "jiff-0_2")]
    #[cfg_attr(docsrs, doc(cfg(feature = "jiff-0_2")))]
    pub fn timestamp(&self) -> Option<jiff::Timestamp> {
        // jiff also accepts fewer digits, which would turn a two-digit year into one of antiquity.
        const FORM: &[u8] = b"00/00/0000 00:00:00";
        let fits = self.0.len() == FORM.len()
            && self.0.bytes().zip(FORM).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                _ => byte == *form,
            });
        if !fits {
            return None;
        }
        let civil = jiff::civil::DateTime::strptime("%d/%m/%Y %H:%M:%S", &self.0).ok()?;
        jiff::tz::offset(-3).to_timestamp(civil).ok()
    }
}

impl fmt::Display for TfCreado {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Defines an enum of a field's documented values, with a variant for any other.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
            /// An undocumented value, as sent.
            Other(String),
        }

        impl $name {
            /// The value as the sender spells it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(text) => text,
                }
            }

            /// The value if it is documented, else `other`: a small set of names, for logs and metrics.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(_) => "other",
                }
            }

            fn known(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self::known(&text).unwrap_or(Self::Other(text))
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::known(text).unwrap_or_else(|| Self::Other(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a string")
                    }

                    fn visit_str<E>(self, text: &str) -> Result<$name, E> {
                        Ok(text.into())
                    }

                    fn visit_string<E>(self, text: String) -> Result<$name, E> {
                        Ok(text.into())
                    }
                }

                deserializer.deserialize_str(Text)
            }
        }
    };
}

open_enum! {
    /// `evento`: what happened.
    TfEvento {
        /// `encolado`: the invoice is queued.
        Encolado = "encolado",
        /// `emitido`: the invoice is issued.
        Emitido = "emitido",
        /// `error`: the invoice was refused; the reasons are in `msg`.
        Error = "error",
        /// `eliminado`: the invoice was deleted.
        Eliminado = "eliminado",
        /// `cambio_fecha`: the date of the invoice changed.
        CambioFecha = "cambio_fecha",
        /// `test`: a check of the endpoint.
        Test = "test",
    }
}

open_enum! {
    /// `recurso`: what it happened to.
    TfRecurso {
        /// `facturacion`: an invoice.
        Facturacion = "facturacion",
        /// `test`: nothing; it checks the endpoint.
        Test = "test",
    }
}

/// `test`, which asks nothing of a handler.
impl Default for TfEvento {
    fn default() -> Self {
        Self::Test
    }
}
