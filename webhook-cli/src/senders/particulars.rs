/// What a sender sends beside what the core reads: for the URL that it is given, and for what is kept and shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Particulars {
    /// The end of its path, from which the core reads which of several endpoints a request is for.
    pub(crate) endpoint: &'static str,
    /// The parameters of its query that say what a delivery is about.
    pub(crate) query: &'static [&'static str],
    /// The fields of its bodies that are a credential.
    pub(crate) credential_fields: &'static [&'static str],
    /// Whether its bodies may have the token of a card, which pays.
    pub(crate) has_cards: bool,
    /// Whether it signs `x-request-id` and `data.id` of the query, which proxies change.
    pub(crate) signs_ids: bool,
    /// Whether it documents that a header may have a signature for each of several secrets, while one is replaced.
    pub(crate) several_signatures: bool,
    /// What its secrets may begin with, beside what those that are made here do.
    pub(crate) other_prefixes: &'static [&'static str],
    /// What a receiver is given beside the secret.
    pub(crate) setting: Option<Setting>,
    /// The headers of a retry, unsigned: which one it is, and why.
    pub(crate) retry: Option<[&'static str; 2]>,
}

/// A variable with what a receiver is given beside the secret.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) variable: &'static str,
    /// What it is set to.
    pub(crate) what: &'static str,
    /// Whether only a handshake needs it.
    pub(crate) of_handshakes: bool,
    /// Whether it lets anyone in who knows it.
    pub(crate) is_secret: bool,
}
