use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::answer::Rejection;

/// The decoded query of a notification.
#[derive(Default)]
pub(super) struct Query<'a> {
    /// `data.id`, which is signed.
    pub(super) data_id: Option<Cow<'a, str>>,
    /// `type` or `topic`, whichever comes first. Unauthenticated.
    pub(super) topic: Option<Cow<'a, str>>,
    /// `id`. Unauthenticated.
    pub(super) id: Option<Cow<'a, str>>,
    /// Whether there is a `topic`, which webhooks do not have.
    has_topic: bool,
}

impl<'a> Query<'a> {
    pub(super) fn read(query: &'a str) -> Result<Self, Rejection> {
        let mut read = Self::default();
        let mut has_data_id = false;
        for field in query.split('&') {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            let value = percent_decode_str(value);
            match &*percent_decode_str(name).decode_utf8_lossy() {
                // Twice, even if one is empty: the app could read the other one.
                "data.id" if has_data_id => return Err(Rejection::CredentialRepeated),
                "data.id" => {
                    has_data_id = true;
                    let id = value
                        .decode_utf8()
                        .map_err(|_| Rejection::CredentialMalformed)?;
                    read.data_id = Some(id).filter(|id| !id.is_empty());
                }
                name @ ("type" | "topic") => {
                    read.has_topic |= name == "topic";
                    if read.topic.is_none() {
                        read.topic = Some(value.decode_utf8_lossy());
                    }
                }
                "id" if read.id.is_none() => read.id = Some(value.decode_utf8_lossy()),
                _ => {}
            }
        }
        Ok(read)
    }

    /// Whether this is IPN, which nobody can verify.
    pub(super) fn is_ipn(&self) -> bool {
        self.has_topic && self.data_id.is_none()
    }
}
