use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::MASK;
use super::needles::{Needles, layers, readings};

/// A secret that is shorter is not looked for inside of other text: it would be found in words.
const FOUND_INSIDE: usize = 8;

/// What follows a prefix such as `whsec_` is as good as the secret if it is at least as long.
const KEY: usize = 16;

/// Texts that are masked wherever they are.
pub(in super::super) struct Secrets {
    /// In every spelling that is read.
    read: Needles,
    /// As they are usually written.
    written: Needles,
    /// The short ones.
    whole: Vec<Zeroizing<String>>,
}

impl Secrets {
    pub(in super::super) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut read, mut written, mut whole) = (Vec::new(), Vec::new(), Vec::new());
        for secret in secrets {
            if secret.is_empty() {
                continue;
            }
            if secret.len() < FOUND_INSIDE {
                whole.push(Zeroizing::new(secret.to_owned()));
                continue;
            }
            let key = secret.rsplit_once('_').map(|(_, key)| key);
            let key = key.filter(|key| key.len() >= KEY);
            for text in [secret].into_iter().chain(key) {
                read.extend(readings(text));
                let spellings = spellings(text);
                // A reader has no tab for `\t`: it has the same letter in what it shows of the secret.
                read.extend(spellings.iter().flat_map(|spelling| layers(spelling)));
                written.extend(spellings);
            }
        }
        for texts in [&mut read, &mut written] {
            texts.sort_by(|one, other| one.as_slice().cmp(other.as_slice()));
            texts.dedup();
            texts.retain(|text| text.len() >= FOUND_INSIDE);
        }
        Self {
            read: Needles::new(&read),
            written: Needles::written(&written),
            whole,
        }
    }

    /// Whether one is in what a reader shows.
    pub(super) fn are_in(&self, layer: &[u8]) -> bool {
        self.read.are_in(layer)
    }

    /// Whether a whole value is one of the short ones.
    pub(super) fn are(&self, value: &[u8]) -> bool {
        self.whole.iter().any(|secret| secret.as_bytes() == value)
    }

    pub(super) fn has_short(&self) -> bool {
        !self.whole.is_empty()
    }

    /// Masks those that are written as usual. `None` if there is none.
    pub(super) fn masked(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.written.replaced(bytes, MASK.as_bytes())
    }
}

/// A secret as it is, in JSON, in a form, a URL, or HTML.
fn spellings(secret: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let json = Zeroizing::new(serde_json::to_string(secret).unwrap_or_default());
    let json = json
        .get(1..json.len().saturating_sub(1))
        .unwrap_or_default();
    let html = Zeroizing::new(
        secret
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;"),
    );
    let spellings = [
        secret.to_owned(),
        json.to_owned(),
        json.replace('/', "\\/"),
        plain(json),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        html.replace('\'', "&#39;"),
        html.replace('\'', "&#x27;"),
    ];
    let spellings = spellings.into_iter().map(String::into_bytes);
    spellings.map(Zeroizing::new).collect()
}

/// With the escapes of JSON for what is not ASCII.
fn plain(json: &str) -> String {
    let mut plain = String::new();
    for character in json.chars() {
        match character.is_ascii() {
            true => plain.push(character),
            false => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    plain += &format!("\\u{unit:04x}");
                }
            }
        }
    }
    plain
}
