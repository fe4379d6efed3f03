//! The options of curl that are understood.

/// What an option is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Method,
    Header,
    UserAgent,
    Url,
    Data,
    Json,
    /// A body or a URL that is not written in the command.
    AnotherRequest,
    /// Nothing that the server sees, or nothing that a signature covers.
    Nothing,
    /// The same, with a value.
    NothingWithValue,
}

impl Meaning {
    /// What an option with this name means, without its hyphens.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let option = OPTIONS.iter().find(|(_, long, _)| *long == name);
        option.map(|(.., meaning)| *meaning)
    }

    /// What an option with this letter means.
    pub(super) fn of_letter(letter: char) -> Option<Self> {
        let option = OPTIONS
            .iter()
            .find(|(short, ..)| *short == letter && letter != ' ');
        option.map(|(.., meaning)| *meaning)
    }
}

/// The options with the letter of their short form, a space if there is none.
const OPTIONS: &[(char, &str, Meaning)] = &[
    ('X', "request", Meaning::Method),
    ('H', "header", Meaning::Header),
    ('A', "user-agent", Meaning::UserAgent),
    (' ', "url", Meaning::Url),
    ('d', "data", Meaning::Data),
    (' ', "data-ascii", Meaning::Data),
    (' ', "data-binary", Meaning::Data),
    (' ', "data-raw", Meaning::Data),
    (' ', "json", Meaning::Json),
    ('G', "get", Meaning::AnotherRequest),
    ('F', "form", Meaning::AnotherRequest),
    (' ', "form-string", Meaning::AnotherRequest),
    (' ', "data-urlencode", Meaning::AnotherRequest),
    (' ', "url-query", Meaning::AnotherRequest),
    ('T', "upload-file", Meaning::AnotherRequest),
    ('I', "head", Meaning::AnotherRequest),
    ('K', "config", Meaning::AnotherRequest),
    ('s', "silent", Meaning::Nothing),
    ('S', "show-error", Meaning::Nothing),
    ('i', "include", Meaning::Nothing),
    (' ', "show-headers", Meaning::Nothing),
    ('k', "insecure", Meaning::Nothing),
    ('v', "verbose", Meaning::Nothing),
    ('L', "location", Meaning::Nothing),
    (' ', "location-trusted", Meaning::Nothing),
    ('f', "fail", Meaning::Nothing),
    (' ', "fail-with-body", Meaning::Nothing),
    ('g', "globoff", Meaning::Nothing),
    ('N', "no-buffer", Meaning::Nothing),
    ('#', "progress-bar", Meaning::Nothing),
    ('4', "ipv4", Meaning::Nothing),
    ('6', "ipv6", Meaning::Nothing),
    ('0', "http1.0", Meaning::Nothing),
    (' ', "http1.1", Meaning::Nothing),
    (' ', "http2", Meaning::Nothing),
    (' ', "http2-prior-knowledge", Meaning::Nothing),
    (' ', "http3", Meaning::Nothing),
    (' ', "compressed", Meaning::Nothing),
    (' ', "no-keepalive", Meaning::Nothing),
    (' ', "path-as-is", Meaning::Nothing),
    ('o', "output", Meaning::NothingWithValue),
    ('w', "write-out", Meaning::NothingWithValue),
    ('m', "max-time", Meaning::NothingWithValue),
    ('x', "proxy", Meaning::NothingWithValue),
    ('E', "cert", Meaning::NothingWithValue),
    (' ', "key", Meaning::NothingWithValue),
    (' ', "cacert", Meaning::NothingWithValue),
    (' ', "connect-timeout", Meaning::NothingWithValue),
    (' ', "connect-to", Meaning::NothingWithValue),
    (' ', "resolve", Meaning::NothingWithValue),
    (' ', "retry", Meaning::NothingWithValue),
    (' ', "retry-delay", Meaning::NothingWithValue),
    ('b', "cookie", Meaning::NothingWithValue),
    ('e', "referer", Meaning::NothingWithValue),
];
