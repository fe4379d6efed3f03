use std::fmt;

use sha2::{Digest, Sha256};

use crate::observe::Escaped;
use crate::secrets::Label;

/// The sender's id of a delivery, the same each time it is repeated: [`Delivery::id`](crate::Delivery::id).
///
/// Handling each id once makes repeats harmless. How much that is worth depends on [`trust`](Self::trust).
///
/// An id is unique within one endpoint of one sender, and within one tenant if secrets belong to tenants;
/// [`claim`](Self::claim) names the endpoint.
///
/// ```
/// use webhook_core::DeliveryId;
///
/// let id = DeliveryId::signed("msg_1");
/// assert_eq!(id.as_str(), "msg_1");
/// assert_eq!(id.claim("orders").endpoint(), "orders");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeliveryId {
    sender: Box<str>,
    tenant: Option<Label>,
    text: Box<str>,
    trust: Trust,
}

/// Who can make up a [`DeliveryId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trust {
    /// Only the sender: the signature covers the id.
    Signed,
    /// Anyone who knows the bearer token, which is all that is checked: nothing is signed.
    Bearer,
    /// Anyone who has captured one delivery: the signature does not cover the id, so a replay can carry a new one, and
    /// a forged id can make the real one look handled.
    Unsigned,
}

impl DeliveryId {
    /// An id that the signature covers.
    pub fn signed(text: impl Into<Box<str>>) -> Self {
        Self::new(text.into(), Trust::Signed)
    }

    /// An id in a request that carries a bearer token and no signature.
    pub fn bearer(text: impl Into<Box<str>>) -> Self {
        Self::new(text.into(), Trust::Bearer)
    }

    /// An id that the signature does not cover.
    pub fn unsigned(text: impl Into<Box<str>>) -> Self {
        Self::new(text.into(), Trust::Unsigned)
    }

    fn new(text: Box<str>, trust: Trust) -> Self {
        Self {
            sender: Box::default(),
            tenant: None,
            text,
            trust,
        }
    }

    /// The id of a delivery of this sender: for an id out of a log, whose delivery is to be forgotten. What a
    /// [`Delivery`](crate::Delivery) returns has its sender already.
    ///
    /// ```
    /// use webhook_core::DeliveryId;
    ///
    /// let identity = DeliveryId::signed("evt_1").sent_by("stripe").claim("orders");
    /// assert_eq!(identity.key(), "6:stripe6:orders-5:evt_1");
    /// ```
    pub fn sent_by(self, sender: &str) -> Self {
        Self {
            sender: sender.into(),
            ..self
        }
    }

    /// The id of a delivery of this tenant, if labels are tenants.
    pub fn of_tenant(self, tenant: Label) -> Self {
        Self {
            tenant: Some(tenant),
            ..self
        }
    }

    /// The name of the sender, such as `stripe`.
    pub fn sender(&self) -> &str {
        &self.sender
    }

    /// The id as text. If it is composed of several values, each follows its length in bytes, such as
    /// `5:hook18:encolado`, and a missing one is `-`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The values that the id is composed of, for people to read; `None` if it is one text that the sender sends. An id that is
    /// written like a composed one counts as one.
    ///
    /// ```
    /// use webhook_core::DeliveryId;
    ///
    /// let id = DeliveryId::bearer("5:hook18:encolado-");
    /// assert_eq!(id.values(), Some(vec![Some("hook1"), Some("encolado"), None]));
    /// assert_eq!(DeliveryId::signed("evt_1").values(), None);
    /// ```
    pub fn values(&self) -> Option<Vec<Option<&str>>> {
        let mut values = Vec::new();
        let mut rest = &*self.text;
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('-') {
                values.push(None);
                rest = after;
                continue;
            }
            let (length, after) = rest.split_once(':')?;
            let is_number = length.bytes().all(|byte| byte.is_ascii_digit());
            let length = length.parse().ok().filter(|_| is_number)?;
            let (value, after) = after.split_at_checked(length)?;
            values.push(Some(value));
            rest = after;
        }
        (values.len() > 1).then_some(values)
    }

    /// Who can make up this id.
    pub fn trust(&self) -> Trust {
        self.trust
    }

    /// The identity of the delivery at one endpoint of the app, such as `orders`. The name is the app's own; two
    /// endpoints that one sender delivers to need two names.
    pub fn claim(self, endpoint: impl Into<Box<str>>) -> Identity {
        Identity {
            endpoint: endpoint.into(),
            id: self,
        }
    }
}

/// Shows the id for logs: control characters are escaped, and it is cut after 128 characters.
impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped::new(&self.text).fmt(f)
    }
}

/// Joins values so that no two lists give the same text, whatever characters they contain.
pub(crate) fn joined<const N: usize>(values: [Option<&str>; N]) -> String {
    let length = |value: &Option<&str>| match value {
        Some(value) => digits(value.len()) + 1 + value.len(),
        None => 1,
    };
    let mut joined = String::with_capacity(values.iter().map(length).sum());
    for value in values {
        match value {
            Some(value) => {
                push_number(&mut joined, value.len());
                joined.push(':');
                joined.push_str(value);
            }
            None => joined.push('-'),
        }
    }
    joined
}

fn digits(number: usize) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 1
}

/// What `write!` does, at a tenth of its cost: a delivery that is claimed has three keys joined.
fn push_number(text: &mut String, number: usize) {
    if number >= 10 {
        push_number(text, number / 10);
    }
    text.push(char::from(b'0' + (number % 10) as u8));
}

/// What identifies a delivery: sender, endpoint, tenant, and the sender's id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    id: DeliveryId,
    endpoint: Box<str>,
}

impl Identity {
    /// The sender's id.
    pub fn id(&self) -> &DeliveryId {
        &self.id
    }

    /// The endpoint, as the app calls it.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The tenant, if the labels of the secrets are tenants: [`Keyring::for_tenants`](crate::Keyring::for_tenants). Both
    /// secrets of a rotation belong to one tenant, so a repeat under the new one is the same delivery.
    pub fn tenant(&self) -> Option<&Label> {
        self.id.tenant.as_ref()
    }

    /// All of it as one text, for a column with a unique index: at most 512 bytes, without a NUL, which PostgreSQL does not
    /// store. What would be longer, or has one, is hashed.
    ///
    /// ```
    /// use webhook_core::DeliveryId;
    ///
    /// let identity = DeliveryId::signed("msg_1").claim("orders");
    /// assert_eq!(identity.key(), "0:6:orders-5:msg_1");
    /// ```
    pub fn key(&self) -> String {
        const LONGEST: usize = 512;
        let key = joined([
            Some(&self.id.sender),
            Some(&self.endpoint),
            self.tenant().map(Label::as_str),
            Some(&self.id.text),
        ]);
        if key.len() <= LONGEST && !key.contains('\0') {
            return key;
        }
        // A joined text begins with a length, so none looks like this.
        format!("sha256:{}", hex::encode(Sha256::digest(key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_differ_never_join_to_the_same_text() {
        assert_eq!(joined([Some("ab"), None, Some("")]), "2:ab-0:");
        let lists = [
            [Some("a"), Some("b")],
            [Some("ab"), Some("")],
            [Some(""), Some("ab")],
            [Some("ab"), None],
            [None, Some("ab")],
            [Some("1:a"), Some("b")],
            [Some("a1:b"), None],
            [None, None],
            [Some("-"), None],
        ];
        let long = "x".repeat(1010);
        let list = joined([Some(&long), None, Some("0123456789")]);
        assert_eq!(list, format!("1010:{long}-10:0123456789"));
        assert_eq!(list.len(), list.capacity());
        for (at, one) in lists.iter().enumerate() {
            for other in &lists[at + 1..] {
                assert_ne!(joined(*one), joined(*other), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn values_are_those_that_were_joined() {
        for list in [
            [Some("ab"), None, Some("")],
            [Some("1:a"), Some("-"), Some("ñ😀")],
            [None, None, None],
            [Some("+1:a"), None, Some("\n")],
        ] {
            let id = DeliveryId::unsigned(joined(list));
            assert_eq!(id.values().as_deref(), Some(&list[..]));
        }
        for text in [
            "", "-", "evt_1", "5:hook1", "1:ñ-", "1:ab", "-a", "+1:a-", "9:a-",
        ] {
            assert_eq!(DeliveryId::signed(text).values(), None, "{text}");
        }
    }

    #[test]
    fn a_key_fits_a_column_whatever_the_id() {
        let key = |text: String| DeliveryId::signed(text).claim("orders").key();
        assert_eq!(key("a".repeat(497)).len(), 512);
        let long = key("a".repeat(498));
        assert!(long.starts_with("sha256:") && long.len() == 71, "{long}");
        assert_ne!(long, key("b".repeat(498)));
        let with_nul = key("a\0b".into());
        assert!(with_nul.starts_with("sha256:"), "{with_nul}");
        assert_ne!(with_nul, key("ab".into()));
    }

    #[test]
    fn an_id_is_shown_escaped_and_cut() {
        let shown = |text: String| DeliveryId::signed(text).to_string();
        assert_eq!(shown("a\nb\u{1b}".into()), "a\\nb\\u{1b}");
        assert_eq!(shown("é".repeat(128)), "é".repeat(128));
        assert_eq!(shown("é".repeat(129)), format!("{}…", "é".repeat(128)));
    }
}
