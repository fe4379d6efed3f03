use serde::Deserialize;

use crate::signing::Encoding;

/// Where a request carries its signature or its token, and how that is written.
///
/// ```
/// use webhook_core::signing::Credential;
///
/// // X-Hub-Signature-256: sha256=<hex>
/// let hub = Credential::header("x-hub-signature-256").prefix("sha256=").hex();
/// // Fintoc-Signature: t=1743890251,v1=<hex>,v1=<hex>
/// let fintoc = Credential::header("fintoc-signature").pair("v1").hex();
/// // webhook-signature: v1,<base64> v1,<base64>
/// let standard = Credential::header("webhook-signature").list(' ').prefix("v1,").base64();
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[must_use]
pub struct Credential {
    pub(super) header: Option<String>,
    pub(super) bearer: bool,
    pub(super) query_which_logs_show: Option<String>,
    pub(super) prefix: Option<String>,
    pub(super) pair: Option<String>,
    pub(super) list: Option<char>,
    pub(super) encoding: Option<Encoding>,
}

impl Credential {
    /// The value of a header. Sent twice, it is refused.
    pub fn header(name: impl Into<String>) -> Self {
        Self {
            header: Some(name.into()),
            ..Self::default()
        }
    }

    /// A token in `Authorization: Bearer <token>`.
    pub fn bearer() -> Self {
        Self {
            bearer: true,
            ..Self::default()
        }
    }

    /// A token in the query of the URL, percent-encoded. **Every proxy and every log of requests shows it**; use it only
    /// for a sender that can do nothing else.
    pub fn query_which_logs_show(parameter: impl Into<String>) -> Self {
        Self {
            query_which_logs_show: Some(parameter.into()),
            ..Self::default()
        }
    }

    /// What precedes a signature or a token, such as `sha256=`. Without it, a header is refused; in a
    /// [list](Self::list), entries without it are skipped.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// The header is a list of `name=value`, and the signatures are the values with this name. Others are skipped.
    /// Commas separate them, unless [`list`](Self::list) says otherwise.
    pub fn pair(mut self, name: impl Into<String>) -> Self {
        self.pair = Some(name.into());
        self
    }

    /// The header is a list with this separator. The first 16 signatures are read; one that matches is enough.
    pub fn list(mut self, separator: char) -> Self {
        self.list = Some(separator);
        self
    }

    /// Signatures are in hex, in either letter case.
    pub fn hex(self) -> Self {
        self.encoded(Encoding::Hex)
    }

    /// Signatures are in padded base64.
    pub fn base64(self) -> Self {
        self.encoded(Encoding::Base64)
    }

    /// Signatures are in base64 with the alphabet for URLs.
    pub fn base64url(self) -> Self {
        self.encoded(Encoding::Base64Url)
    }

    fn encoded(mut self, encoding: Encoding) -> Self {
        self.encoding = Some(encoding);
        self
    }
}
