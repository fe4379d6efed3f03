use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::head::HeaderField;
use crate::parse::form::Form;
use crate::signing::{Place, Rules, SchemeStore, SignedContent};

/// What the head of a delivery claims, not yet compared.
pub struct SchemeClaim<S: SchemeStore>(pub(super) Claimed<S>);

#[allow(
    clippy::large_enum_variant,
    reason = "nearly every claim is a proof, and a box would cost each an allocation"
)]
pub(super) enum Claimed<S: SchemeStore> {
    Proof {
        checked: S::Checked,
        signed: Option<SignedContent>,
        facts: SchemeFacts,
    },
    /// No credential, and perhaps the probe that the sender makes when a URL is registered.
    Probe,
}

/// What decoding needs besides the body.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct SchemeFacts {
    #[serde(skip_serializing_if = "is_false")]
    pub(super) is_form: bool,
    #[serde(skip)]
    pub(super) is_probe: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timestamp_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) topic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
}

impl SchemeFacts {
    /// What the event needs from the head.
    pub(super) fn of(rules: &Rules, fields: &[HeaderField<'_>], time: Option<Duration>) -> Self {
        let field = |at: usize| fields.get(at).copied().unwrap_or(HeaderField::Absent);
        let named = |place: &Option<Place>| match place {
            Some(Place::Header(at)) => text(field(*at)),
            _ => None,
        };
        let kept = rules.kept.iter().filter_map(|at| {
            let name = rules.names.get(*at)?;
            Some((name.as_str().to_owned(), text(field(*at))?))
        });
        Self {
            is_form: rules
                .content_type
                .is_some_and(|at| Form::is_announced(field(at))),
            is_probe: false,
            timestamp_ms: time.and_then(|time| time.as_millis().try_into().ok()),
            topic: named(&rules.topic),
            id: named(&rules.id),
            headers: kept.collect(),
        }
    }
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_false(value: &bool) -> bool {
    !value
}

/// A header that proves nothing by itself. If it was sent twice, it counts as missing: nobody can tell which one is meant.
fn text(field: HeaderField<'_>) -> Option<String> {
    field.text().ok().map(str::to_owned)
}
