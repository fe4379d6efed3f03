use std::fmt;

use super::SignedBody;
use crate::signing::{Place, Rules};

/// Declares an enum whose variants are chosen by the topic of a delivery, for a URL that gets many kinds of events.
///
/// ```
/// use serde::Deserialize;
/// use webhook_core::driver::Verifier;
/// use webhook_core::scheme::SignedEvent;
/// use webhook_core::tiendanube::Tiendanube;
///
/// #[derive(Clone, Debug, Deserialize)]
/// struct Order {
///     id: u64,
/// }
///
/// webhook_core::topics! {
///     /// What the shop tells us.
///     #[derive(Clone, Debug)]
///     pub enum ShopEvent {
///         "order/paid" => Paid(Order),
///         "order/cancelled" => Cancelled(Order),
///         // The body is ignored.
///         "app/uninstalled" => Uninstalled,
///     }
/// }
///
/// let verifier = Verifier::<Tiendanube<ShopEvent>>::try_new("s3cr3t")?;
///
/// async fn on_event(event: SignedEvent<ShopEvent>) {
///     match event.payload {
///         ShopEvent::Paid(order) => println!("{} is paid", order.id),
///         ShopEvent::Cancelled(order) => println!("{} is cancelled", order.id),
///         ShopEvent::Uninstalled => println!("gone"),
///     }
/// }
/// # let _ = on_event;
/// # Ok::<(), webhook_core::SecretsError>(())
/// ```
///
/// A delivery with another topic, or without one, is acknowledged with the outcome `ignored`, and no handler gets it. One with
/// a topic of the table whose body does not fit its type is refused with 400, as every body that does not fit.
///
/// The enum has to be `Clone`, and must not be `Deserialize`. It has `ShopEvent::TOPICS`, with which an app can subscribe, and
/// `topic()`, which is also the [kind](crate::Provider::kind) in logs and metrics.
///
/// # Whose topic
///
/// The topic has to be proven, by being in the signed body or in a signed header; with a token, it is what the body says.
/// Otherwise anyone who has captured one delivery could choose the type, so that a layer for such a sender
/// [cannot be built](TopicError). There, take [`Value`](crate::Value) as the payload, and decode on demand:
/// [`SignedEvent::decode_by_unauthenticated_topic`](super::SignedEvent::decode_by_unauthenticated_topic).
///
/// # A topic twice
///
/// does not compile, and neither does an empty one:
///
/// ```compile_fail,E0080
/// webhook_core::topics! {
///     #[derive(Clone)]
///     enum ShopEvent {
///         "order/paid" => Paid,
///         "order/paid" => Cancelled,
///     }
/// }
/// ```
#[macro_export]
macro_rules! topics {
    (@decode $Name:ident $Variant:ident $topic:ident $json:ident $Type:ty) => {
        <$Type as $crate::scheme::SignedBody>::decode($topic, $json)
            .map(|decoded| decoded.map($Name::$Variant))
    };
    (@decode $Name:ident $Variant:ident $topic:ident $json:ident) => {
        ::core::result::Result::Ok(::core::option::Option::Some($Name::$Variant))
    };
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $Name:ident {
            $($(#[$inner:meta])* $topic:literal => $Variant:ident $(($Type:ty))?),+ $(,)?
        }
    ) => {
        $(#[$attribute])*
        $visibility enum $Name {
            $(
                #[doc = concat!("`", $topic, "`")]
                $(#[$inner])*
                $Variant $(($Type))?,
            )+
        }

        #[allow(dead_code)]
        impl $Name {
            /// The topics of the table.
            $visibility const TOPICS: &'static [&'static str] = &[$($topic),+];

            /// The topic that has chosen the variant.
            $visibility fn topic(&self) -> &'static str {
                match self {
                    $(Self::$Variant { .. } => $topic,)+
                }
            }
        }

        const _: () = $crate::scheme::__check_topics($Name::TOPICS);

        impl $crate::scheme::SignedBody for $Name {
            fn decode(
                topic: ::core::option::Option<&str>,
                json: &[u8],
            ) -> ::core::result::Result<::core::option::Option<Self>, $crate::BodyError> {
                let _ = json;
                match topic {
                    $(::core::option::Option::Some($topic) => {
                        $crate::topics!(@decode $Name $Variant topic json $($Type)?)
                    })+
                    _ => ::core::result::Result::Ok(::core::option::Option::None),
                }
            }

            fn kind(payload: &Self) -> &'static str {
                payload.topic()
            }
        }
    };
}

/// Fails to compile for a table in which a topic is empty, or there twice: the first variant would get both.
#[doc(hidden)]
pub const fn check(topics: &[&str]) {
    let mut left = topics;
    while let Some((topic, rest)) = left.split_first() {
        assert!(
            !topic.is_empty(),
            "a topic of the table is empty: an empty topic counts as none"
        );
        let mut others = rest;
        while let Some((other, rest)) = others.split_first() {
            assert!(
                !is_same(topic.as_bytes(), other.as_bytes()),
                "a topic is in the table twice: remove one of them"
            );
            others = rest;
        }
        left = rest;
    }
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let (mut one, mut other) = (one, other);
    loop {
        match (one.split_first(), other.split_first()) {
            (None, None) => return true,
            (Some((a, rest_of_one)), Some((b, rest_of_other))) if *a == *b => {
                one = rest_of_one;
                other = rest_of_other;
            }
            _ => return false,
        }
    }
}

/// Why the topic of a scheme cannot choose the type of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TopicError {
    /// The scheme names no topic.
    Missing,
    /// The topic is in this header, which nothing proves.
    HeaderNotSigned(Box<str>),
    /// The topic is in this header, which touches another part of the signed content, so that characters can move from one to
    /// the other under the same signature.
    HeaderTouchesPart(Box<str>),
    /// The topic is in the body, which is not signed.
    BodyNotSigned,
}

impl TopicError {
    /// Whether a delivery of this scheme can decode to this type.
    pub(super) fn check<T: SignedBody>(rules: &Rules) -> Result<(), Self> {
        if !T::CHOSEN_BY_TOPIC {
            return Ok(());
        }
        match &rules.topic {
            None => Err(Self::Missing),
            Some(Place::Body(_)) if rules.vouches_for_body() => Ok(()),
            Some(Place::Body(_)) => Err(Self::BodyNotSigned),
            Some(place @ Place::Header(at)) => {
                let name = || rules.names.get(*at).map(|name| name.as_str().into());
                let name = name().unwrap_or_default();
                match rules.covers(place) {
                    true if rules.has_adjacent() => Err(Self::HeaderTouchesPart(name)),
                    true => Ok(()),
                    false => Err(Self::HeaderNotSigned(name)),
                }
            }
        }
    }
}

impl fmt::Display for TopicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CHOOSES: &str = "so anyone who has captured one delivery could choose the type that it decodes to; take `Value` \
                               as its type, and decode with `event.decode_by_unauthenticated_topic` where that does no harm";
        match self {
            Self::Missing => f.write_str(
                "the topic chooses the type, and the scheme names no topic: add `topic` to it, or take a type that needs none",
            ),
            Self::HeaderNotSigned(name) => {
                write!(f, "the topic is in the header `{name}`, which nothing proves, {CHOOSES}")
            }
            Self::HeaderTouchesPart(name) => write!(
                f,
                "the topic is in the header `{name}`, which touches another part of the signed content, {CHOOSES}"
            ),
            Self::BodyNotSigned => {
                write!(f, "the topic is in the body, which is not signed, {CHOOSES}")
            }
        }
    }
}

impl std::error::Error for TopicError {}
