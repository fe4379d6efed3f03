use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::answer::Rejection;
use crate::head::Head;

/// One of the three URLs that a merchant registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Endpoint {
    Validation,
    Confirm,
    Reject,
}

impl Endpoint {
    /// The endpoint that a request names, if it names one.
    ///
    /// # Errors
    ///
    /// [`Rejection::EndpointAmbiguous`] if path and query differ or the query names two;
    /// [`Rejection::EndpointUnknown`] if the query names one that does not exist.
    pub(super) fn of(head: &Head<'_>) -> Result<Option<Self>, Rejection> {
        let in_path = Self::in_path(head.path());
        let in_query = match head.query() {
            Some(query) => Self::in_query(query)?,
            None => None,
        };
        match (in_path, in_query) {
            (Some(path), Some(query)) if path != query => Err(Rejection::EndpointAmbiguous),
            (path, query) => Ok(path.or(query)),
        }
    }

    /// The reference paths, wherever the app mounts them.
    fn in_path(path: &str) -> Option<Self> {
        let path = path.strip_suffix('/').unwrap_or(path);
        match path.rsplit('/').next()? {
            "webhook_validation" => Some(Self::Validation),
            "webhook_confirm" => Some(Self::Confirm),
            "webhook_reject" => Some(Self::Reject),
            _ => None,
        }
    }

    /// The parameter `webhook` of the reference PHP receiver.
    fn in_query(query: &str) -> Result<Option<Self>, Rejection> {
        let mut named = None;
        for parameter in query.split('&') {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if !percent_decode_str(name).eq("webhook".bytes()) {
                continue;
            }
            if named.is_some() {
                return Err(Rejection::EndpointAmbiguous);
            }
            named = Some(value);
        }
        let Some(value) = named else {
            return Ok(None);
        };
        let is = |name: &str| {
            percent_decode_str(value)
                .map(|byte| byte.to_ascii_lowercase())
                .eq(name.bytes())
        };
        if is("validation") {
            Ok(Some(Self::Validation))
        } else if is("confirm") {
            Ok(Some(Self::Confirm))
        } else if is("reject") {
            Ok(Some(Self::Reject))
        } else {
            Err(Rejection::EndpointUnknown)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(path: &str, query: Option<&str>) -> Result<Option<Endpoint>, Rejection> {
        Endpoint::of(&Head::new("POST", path, query, &http::HeaderMap::new()))
    }

    #[test]
    fn path_and_query_name_at_most_one_endpoint_together() {
        use Endpoint::{Confirm, Reject, Validation};
        let ambiguous = Err(Rejection::EndpointAmbiguous);
        for (path, query, expected) in [
            ("/webhook_confirm", None, Ok(Some(Confirm))),
            ("/a/b/webhook_reject/", None, Ok(Some(Reject))),
            ("/webhook_validation", Some(""), Ok(Some(Validation))),
            ("/webhook_confirm//", None, Ok(None)),
            ("/webhook_confirm/x", None, Ok(None)),
            ("/Webhook_Confirm", None, Ok(None)),
            ("/", None, Ok(None)),
            ("", None, Ok(None)),
            ("/webhooks", Some("webhook=CONFIRM"), Ok(Some(Confirm))),
            ("/webhooks", Some("a=b&webhook=Reject&c"), Ok(Some(Reject))),
            ("/webhooks", Some("web%68ook=%63onfirm"), Ok(Some(Confirm))),
            ("/webhooks", Some("webhooks=confirm"), Ok(None)),
            (
                "/webhook_confirm",
                Some("webhook=confirm"),
                Ok(Some(Confirm)),
            ),
            (
                "/webhook_confirm",
                Some("webhook=validation"),
                ambiguous.clone(),
            ),
            (
                "/x",
                Some("webhook=confirm&webhook=confirm"),
                ambiguous.clone(),
            ),
            ("/x", Some("webhook=confirm&webhook=reject"), ambiguous),
            (
                "/webhook_confirm",
                Some("webhook=refund"),
                Err(Rejection::EndpointUnknown),
            ),
            (
                "/webhook_confirm",
                Some("webhook"),
                Err(Rejection::EndpointUnknown),
            ),
        ] {
            assert_eq!(endpoint(path, query), expected, "{path} {query:?}");
        }
    }
}
