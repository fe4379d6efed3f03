//! The path in the app's type at which decoding failed.
//!
//! The crates that report paths quote keys from the input. This shows field names, which come from the type, and list
//! positions; map keys come from the body and show as `*`.

use std::cell::RefCell;
use std::fmt::{self, Write as _};

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer,
    MapAccess, SeqAccess, VariantAccess, Visitor,
};

/// Decodes again, only to find where it fails. Empty if it fails at the top, or not at all.
#[cold]
pub(crate) fn of_error<T: DeserializeOwned>(json: &[u8]) -> Box<str> {
    let path = Path::default();
    let mut json = serde_json::Deserializer::from_slice(json);
    let _failed = T::deserialize(Tracked {
        inner: &mut json,
        path: &path,
        fields: &[],
    });
    path.0.into_inner().into()
}

/// The path from the top to the value being decoded, as text. A step is removed when it is done.
#[derive(Default)]
struct Path(RefCell<String>);

impl Path {
    /// How much of a path is worth showing.
    const MAX_LENGTH: usize = 256;

    /// Decodes one level down. If that fails, the step stays in the path.
    fn within<T, E>(&self, step: Step, decode: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let before = self.0.borrow().len();
        step.write(&mut self.0.borrow_mut());
        let decoded = decode();
        if decoded.is_ok() {
            self.0.borrow_mut().truncate(before);
        }
        decoded
    }
}

enum Step {
    Field(&'static str),
    Key,
    Item(usize),
}

impl Step {
    fn write(&self, path: &mut String) {
        if path.len() > Path::MAX_LENGTH {
            return;
        }
        if !path.is_empty() && !matches!(self, Self::Item(_)) {
            path.push('.');
        }
        let _infallible = match self {
            Self::Field(name) => path.write_str(name),
            Self::Key => path.write_str("*"),
            Self::Item(at) => write!(path, "[{at}]"),
        };
    }
}

/// A serde deserializer, visitor, seed or access, with the path that it reports to.
struct Tracked<'a, X> {
    inner: X,
    path: &'a Path,
    /// The fields of the struct that is being decoded; none in a map.
    fields: &'static [&'static str],
}

impl<'a, X> Tracked<'a, X> {
    fn around<Y>(&self, inner: Y) -> Tracked<'a, Y> {
        Tracked {
            inner,
            path: self.path,
            fields: &[],
        }
    }
}

macro_rules! deserialize {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self $(, $argument: $type)*, visitor: V) -> Result<V::Value, D::Error> {
            let visitor = self.around(visitor);
            self.inner.$method($($argument,)* visitor)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Tracked<'_, D> {
    type Error = D::Error;

    deserialize! {
        deserialize_any() deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
        deserialize_i128() deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_option() deserialize_unit() deserialize_seq()
        deserialize_map() deserialize_identifier() deserialize_ignored_any()
        deserialize_unit_struct(name: &'static str) deserialize_newtype_struct(name: &'static str)
        deserialize_tuple(len: usize) deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = Tracked {
            fields,
            ..self.around(visitor)
        };
        self.inner.deserialize_struct(name, fields, visitor)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! visit {
    ($($method:ident($type:ty))*) => {$(
        fn $method<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Tracked<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    visit! {
        visit_bool(bool) visit_i8(i8) visit_i16(i16) visit_i32(i32) visit_i64(i64) visit_i128(i128) visit_u8(u8)
        visit_u16(u16) visit_u32(u32) visit_u64(u64) visit_u128(u128) visit_f32(f32) visit_f64(f64) visit_char(char)
        visit_str(&str) visit_borrowed_str(&'de str) visit_string(String) visit_bytes(&[u8])
        visit_borrowed_bytes(&'de [u8]) visit_byte_buf(Vec<u8>)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, some: D) -> Result<V::Value, D::Error> {
        let some = self.around(some);
        self.inner.visit_some(some)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        let inner = self.around(inner);
        self.inner.visit_newtype_struct(inner)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        let items = Items {
            next: 0,
            tracked: self.around(items),
        };
        self.inner.visit_seq(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        let entries = Entries {
            key: None,
            tracked: Tracked {
                fields: self.fields,
                ..self.around(entries)
            },
        };
        self.inner.visit_map(entries)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        let variant = self.around(variant);
        self.inner.visit_enum(variant)
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Tracked<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        let deserializer = self.around(deserializer);
        self.inner.deserialize(deserializer)
    }
}

struct Items<'a, A> {
    next: usize,
    tracked: Tracked<'a, A>,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let seed = self.tracked.around(seed);
        let (path, item) = (self.tracked.path, Step::Item(self.next));
        self.next += 1;
        path.within(item, || self.tracked.inner.next_element_seed(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.tracked.inner.size_hint()
    }
}

struct Entries<'a, A> {
    /// The field whose value comes next, if this is a struct.
    key: Option<&'static str>,
    tracked: Tracked<'a, A>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        if self.tracked.fields.is_empty() {
            return self.tracked.inner.next_key_seed(seed);
        }
        let Some(key) = self.tracked.inner.next_key::<String>()? else {
            return Ok(None);
        };
        let fields = self.tracked.fields.iter();
        self.key = fields.copied().find(|field| *field == key);
        let key: StrDeserializer<'_, A::Error> = key.as_str().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.tracked.around(seed);
        let step = self.key.take().map_or(Step::Key, Step::Field);
        let path = self.tracked.path;
        path.within(step, || self.tracked.inner.next_value_seed(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.tracked.inner.size_hint()
    }
}

impl<'de, 'a, A: EnumAccess<'de>> EnumAccess<'de> for Tracked<'a, A> {
    type Error = A::Error;
    type Variant = Tracked<'a, A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let (path, fields) = (self.path, self.fields);
        let (value, inner) = self.inner.variant_seed(seed)?;
        Ok((
            value,
            Tracked {
                inner,
                path,
                fields,
            },
        ))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Tracked<'_, A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        let seed = self.around(seed);
        self.inner.newtype_variant_seed(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        let visitor = self.around(visitor);
        self.inner.tuple_variant(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let visitor = Tracked {
            fields,
            ..self.around(visitor)
        };
        self.inner.struct_variant(fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::Deserialize;

    use super::*;

    #[test]
    fn a_path_names_fields_of_the_type_and_no_key_of_the_body() {
        #[derive(Deserialize)]
        #[allow(dead_code, reason = "only decoded")]
        struct Event {
            data: Data,
        }
        #[derive(Deserialize)]
        #[allow(dead_code, reason = "only decoded")]
        struct Data {
            #[serde(rename = "lineItems", default)]
            items: Vec<Option<Item>>,
            #[serde(default)]
            amounts: HashMap<String, u8>,
            #[serde(default)]
            by_number: HashMap<u8, u8>,
        }
        #[derive(Deserialize)]
        #[allow(dead_code, reason = "only decoded")]
        enum Item {
            Sold { price: u32 },
            Gift(u8),
        }

        for (json, expected) in [
            (r#"[1]"#, "[0]"),
            (r#"{"data":1}"#, "data"),
            (
                r#"{"data":{"unknown":1,"lineItems":[null,{"Sold":{"price":-1}}]}}"#,
                "data.lineItems[1].price",
            ),
            (
                r#"{"data":{"lineItems":[{"Gift":256}]}}"#,
                "data.lineItems[0]",
            ),
            (
                r#"{"data":{"amounts":{"4111111111111111":256}}}"#,
                "data.amounts.*",
            ),
            (
                r#"{"data":{"by_number":{"1":1,"2":"x"}}}"#,
                "data.by_number.*",
            ),
            (r#"{"data":{"lineItems":[]}, "data":1}"#, ""),
            (r#"{"data":{}}"#, ""),
            (r#"{}"#, ""),
        ] {
            assert_eq!(&*of_error::<Event>(json.as_bytes()), expected, "{json}");
        }
    }
}
