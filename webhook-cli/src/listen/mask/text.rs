use percent_encoding::{NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use zeroize::Zeroizing;

/// A secret as it may be written: as it is, in JSON, in a form or a URL.
pub(super) fn spellings(secret: &str) -> Vec<Zeroizing<String>> {
    let in_json = serde_json::to_string(secret).unwrap_or_default();
    let in_json = in_json.trim_matches('"').to_owned();
    let in_url = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let in_form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut spellings: Vec<_> = [
        secret.to_owned(),
        in_json.replace('/', "\\/"),
        in_json,
        in_url.to_lowercase(),
        in_url,
        in_form,
    ]
    .into_iter()
    .filter(|spelling| !spelling.is_empty())
    .map(Zeroizing::new)
    .collect();
    spellings.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    spellings.dedup();
    // The longest first, of which a shorter one may be a part.
    spellings.sort_by_key(|spelling| std::cmp::Reverse(spelling.len()));
    spellings
}

/// Replaces all of what is found, and says whether something was.
pub(super) fn replace(bytes: &mut Vec<u8>, found: &[u8], with: &[u8]) -> bool {
    let mut places = memchr::memmem::find_iter(bytes, found).peekable();
    if places.peek().is_none() {
        return false;
    }
    let mut replaced = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for at in places {
        replaced.extend_from_slice(bytes.get(from..at).unwrap_or_default());
        replaced.extend_from_slice(with);
        from = at + found.len();
    }
    replaced.extend_from_slice(bytes.get(from..).unwrap_or_default());
    *bytes = replaced;
    true
}

/// Whether a name is in bytes of any form, in any spelling: with escapes of JSON or of a URL, in capitals, or in UTF-16.
pub(super) fn mentions(bytes: &[u8], name: &str) -> bool {
    let mut text: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    // Each turn takes away one layer of escapes.
    for _ in 0..4 {
        if contains(&text, name) {
            return true;
        }
        let unescaped = unescape(&percent_decode(&text).collect::<Vec<_>>());
        if unescaped == text {
            return false;
        }
        text = unescaped;
    }
    // More layers than any sender has: whatever is in it.
    true
}

fn contains(text: &[u8], name: &str) -> bool {
    memchr::memmem::find(&text.to_ascii_lowercase(), name.as_bytes()).is_some()
}

/// Takes away the escapes of JSON that can stand for a letter, and the backslashes before others.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut unescaped = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            unescaped.push(*first);
            continue;
        }
        let digits = match after {
            [b'u' | b'U', digits @ ..] => digits.get(..4),
            _ => None,
        };
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        if let Some(character) = code.and_then(char::from_u32) {
            unescaped.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            rest = after.get(5..).unwrap_or_default();
        }
    }
    unescaped
}
