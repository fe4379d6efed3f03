//! Where in a request a proof is.

use http::header::HeaderName;

/// A text that depends on the secret, and what is around it.
pub(super) struct Place {
    pub(super) at: At,
    pub(super) before: Vec<u8>,
    pub(super) digest: Vec<u8>,
    pub(super) after: Vec<u8>,
}

pub(super) enum At {
    Header(HeaderName),
    Target,
    Body,
}

impl Place {
    /// The place in a text that differs in the texts of others.
    pub(super) fn find<'a>(
        at: At,
        text: &[u8],
        others: impl Iterator<Item = &'a [u8]>,
    ) -> Option<Self> {
        let mut start = text.len();
        let mut end = text.len();
        let mut differs = false;
        for other in others {
            differs |= text != other;
            let same = |(a, b): &(&u8, &u8)| a == b;
            start = start.min(text.iter().zip(other).take_while(same).count());
            let backwards = text.iter().rev().zip(other.iter().rev());
            end = end.min(backwards.take_while(same).count());
        }
        let end = text.len().saturating_sub(end).max(start);
        let (before, rest) = text.split_at_checked(start)?;
        let (digest, after) = rest.split_at_checked(end - start)?;
        (differs && !digest.is_empty()).then(|| Self {
            at,
            before: before.to_vec(),
            digest: digest.to_vec(),
            after: after.to_vec(),
        })
    }

    pub(super) fn is_in(&self, header: &HeaderName) -> bool {
        matches!(&self.at, At::Header(name) if name == header)
    }

    /// Another digest of the same form.
    pub(super) fn wrong(&self) -> Vec<u8> {
        let digest = self.digest.iter();
        digest.map(|byte| other(*byte, &self.digest)).collect()
    }

    /// The text with two digests in a list, each with what is around the one between two separators.
    pub(super) fn listed(&self, between: &str, [first, second]: [Vec<u8>; 2]) -> Vec<u8> {
        let separator = between.as_bytes().first();
        let is_separator = |byte: &u8| Some(byte) == separator;
        let start = self.before.rsplit(is_separator).next().unwrap_or_default();
        let end = self.after.split(is_separator).next().unwrap_or_default();
        let one = [&self.before[..], &first, end].concat();
        let other = [start, &second, &self.after].concat();
        [&one, between.as_bytes(), &other].concat()
    }

    pub(super) fn whole(&self) -> Vec<u8> {
        [&self.before[..], &self.digest, &self.after].concat()
    }
}

/// Another character that may be in the place of this one: a hex digit in hex, of the same kind elsewhere.
pub(super) fn other(byte: u8, text: &[u8]) -> u8 {
    let is_hex = text.iter().all(u8::is_ascii_hexdigit);
    match byte {
        b'9' if is_hex => b'a',
        b'f' | b'F' if is_hex => b'0',
        _ if is_hex => byte + 1,
        b'0'..=b'9' => b'0' + (byte - b'0' + 5) % 10,
        // So far that the bits of base64 that count change, too.
        b'a'..=b'z' => b'a' + (byte - b'a' + 13) % 26,
        b'A'..=b'Z' => b'A' + (byte - b'A' + 13) % 26,
        _ => byte,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_what_differs() {
        let others = [&b"t=17,v1=0f="[..], b"t=17,v1=77="];
        let place = Place::find(At::Body, b"t=17,v1=ab=", others.into_iter()).unwrap();
        assert_eq!(place.before, b"t=17,v1=");
        assert_eq!(place.digest, b"ab");
        assert_eq!(place.after, b"=");
        assert_eq!(place.whole(), b"t=17,v1=ab=");
        assert!(Place::find(At::Body, b"same", [&b"same"[..]].into_iter()).is_none());
    }

    #[test]
    fn a_list_repeats_what_is_around_one_digest() {
        for (before, after, between, expected) in [
            ("t=17,v1=", "", ",", "t=17,v1=aa,v1=bb"),
            ("v1=", ",t=17", ",", "v1=aa,v1=bb,t=17"),
            ("v1,", "=", " ", "v1,aa= v1,bb="),
        ] {
            let place = Place {
                at: At::Body,
                before: before.into(),
                digest: b"aa".to_vec(),
                after: after.into(),
            };
            let listed = place.listed(between, [b"aa".to_vec(), b"bb".to_vec()]);
            assert_eq!(String::from_utf8(listed).unwrap(), expected);
        }
    }

    #[test]
    fn another_character_has_the_same_form() {
        for byte in b"0123456789abcdefABCDEF" {
            let changed = other(*byte, b"0aF");
            assert!(changed.is_ascii_hexdigit() && changed != *byte);
        }
        for byte in b"059azAZ" {
            let changed = other(*byte, b"xyz+/");
            assert!(changed.is_ascii_alphanumeric() && changed != *byte);
        }
    }
}
