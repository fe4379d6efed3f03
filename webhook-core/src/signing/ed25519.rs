use std::fmt;

use ed25519_dalek::ed25519::signature::MultipartVerifier as _;
use ed25519_dalek::{PUBLIC_KEY_LENGTH, Signature, VerifyingKey};
use zeroize::Zeroizing;

use super::signatures::{Encoding, Signatures};
use crate::answer::Rejection;
use crate::secrets::{Secret, SecretsErrorKind, SigningKey, SigningKeys};

/// Public keys of a sender that signs with Ed25519.
pub type Ed25519Keys = SigningKeys<Ed25519Key>;

/// A prepared public key for Ed25519: its point is decoded and checked when the secret is set.
///
/// Only the sender can sign for a public key, so a receiver cannot make up a delivery, and what it shows to others can
/// be checked by them.
///
/// As a [`SigningKey`], it is 32 bytes, written as 64 hex digits or, as a
/// [`Secret::public_key`], as `whpk_` and base64. A point that is not on the
/// curve is refused, and so is one of small order: anyone could sign for it.
///
/// ```
/// use webhook_core::Secret;
/// use webhook_core::secrets::SigningKey;
/// use webhook_core::signing::{Ed25519Key, Encoding};
///
/// // RFC 8032, section 7.1, test 2.
/// let text = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
/// let key = Ed25519Key::prepare(&Ed25519Key::decode(&Secret::new(text)?)?)?;
/// let sent = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
///             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
/// let signatures = Ed25519Key::signatures([sent], Encoding::Hex).expect("it is 128 hex digits");
/// assert!(key.has_signed(&[b"r"], &signatures));
/// assert!(!key.has_signed(&[b"s"], &signatures));
///
/// assert!(Ed25519Key::prepare(&[0; 32]).is_err());
/// # Ok::<(), webhook_core::SecretsError>(())
/// ```
pub struct Ed25519Key(VerifyingKey);

impl Ed25519Key {
    /// Decodes the first [`MAX`](Signatures::MAX) of these signatures, 64 bytes each.
    ///
    /// # Errors
    ///
    /// As [`Signatures::all`].
    pub fn signatures<'a>(
        texts: impl IntoIterator<Item = &'a str>,
        encoding: Encoding,
    ) -> Result<Signatures, Rejection> {
        Signatures::read(texts.into_iter().map(|text| (text, 64)), encoding)
    }

    /// Whether one of the signatures is of this key and of the parts. They are tried in order until one is, because
    /// neither they nor the key are secret. Each that has 64 bytes and a point on the curve costs a hash of all parts.
    ///
    /// A signature is accepted in one form only: its scalar is reduced, and its point is not of small order.
    ///
    /// The parts are signed as if joined. If two parts of variable length are adjacent, characters can move from one
    /// to the other without changing the signature; then check the form of one of them first.
    pub fn has_signed(&self, parts: &[&[u8]], signatures: &Signatures) -> bool {
        signatures
            .iter()
            .any(|signature| self.is_of(parts, signature.as_bytes()))
    }

    /// Decides as `VerifyingKey::verify_strict` does, which would need the parts in one piece: the body copied. That of
    /// the two checks of small order which concerns the key was made in `prepare`.
    fn is_of(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        let Ok(signature) = Signature::from_slice(signature) else {
            return false;
        };
        // A point like any other: the type for keys decodes it.
        let is_strict =
            VerifyingKey::from_bytes(signature.r_bytes()).is_ok_and(|point| !point.is_weak());
        is_strict && self.0.multipart_verify(parts, &signature).is_ok()
    }
}

impl SigningKey for Ed25519Key {
    fn decode(secret: &Secret) -> Result<Zeroizing<Vec<u8>>, SecretsErrorKind> {
        if secret.is_public_key() {
            return secret.public_key_bytes();
        }
        let text = secret.expose();
        if secret.is_raw() {
            return Ok(Zeroizing::new(text.as_bytes().to_vec()));
        }
        hex::decode(text)
            .ok()
            .filter(|key| key.len() == PUBLIC_KEY_LENGTH)
            .map(Zeroizing::new)
            .ok_or(SecretsErrorKind::WrongForm {
                expected: "a public key, 64 hex digits",
            })
    }

    fn prepare(key: &[u8]) -> Result<Self, SecretsErrorKind> {
        let key = VerifyingKey::try_from(key).map_err(|_| SecretsErrorKind::WrongForm {
            expected: "a public key for Ed25519 (32 bytes, a point on its curve)",
        })?;
        match key.is_weak() {
            true => Err(SecretsErrorKind::OtherCredential {
                found: "a public key that anyone can sign for",
                expected: "the one that the sender shows, and report this one to the sender",
            }),
            false => Ok(Self(key)),
        }
    }

    fn prepare_public(key: &[u8]) -> Result<Self, SecretsErrorKind> {
        Self::prepare(key)
    }
}

/// Shows nothing of the key: it is configured as a secret is.
impl fmt::Debug for Ed25519Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ed25519Key").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey as PrivateKey, Verifier};

    use super::*;

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        hex::decode(text).unwrap().try_into().unwrap()
    }

    fn signatures(all: &[&[u8]]) -> Signatures {
        let texts: Vec<_> = all
            .iter()
            .map(|one| (hex::encode(one), one.len()))
            .collect();
        let texts = texts.iter().map(|(text, length)| (&**text, *length));
        Signatures::read(texts, Encoding::Hex).unwrap()
    }

    fn pair(seed: u8) -> (PrivateKey, Ed25519Key) {
        let private = PrivateKey::from_bytes(&[seed; 32]);
        let public = Ed25519Key::prepare(private.verifying_key().as_bytes()).unwrap();
        (private, public)
    }

    /// RFC 8032, section 7.1, tests 1 to 3.
    const PUBLISHED: [(&str, &str, &str); 3] = [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155\
             5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
             18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ];

    #[test]
    fn published_signatures_match_and_their_neighbors_do_not() {
        for (key, message, signature) in PUBLISHED {
            let key = Ed25519Key::prepare(&bytes::<32>(key)).unwrap();
            let message = hex::decode(message).unwrap();
            let signature: [u8; 64] = bytes(signature);
            assert!(key.has_signed(&[&message], &signatures(&[&signature])));
            assert!(!key.has_signed(&[&message, b"x"], &signatures(&[&signature])));
            for byte in 0..64 {
                let mut altered = signature;
                altered[byte] ^= 1;
                assert!(!key.has_signed(&[&message], &signatures(&[&altered])));
            }
        }
    }

    #[test]
    fn parts_are_signed_as_if_joined() {
        let (private, key) = pair(1);
        let signed = signatures(&[&private.sign(b"id.time.body").to_bytes()]);
        assert!(key.has_signed(&[b"id.", b"time", b"", b".body"], &signed));
        assert!(!key.has_signed(&[b"id.", b".body", b"time"], &signed));
        assert!(!key.has_signed(&[], &signed));
    }

    #[test]
    fn any_of_several_signatures_may_match() {
        let (private, key) = pair(1);
        let (other, _) = pair(2);
        let [ours, theirs] = [&private, &other].map(|key| key.sign(b"body").to_bytes());
        assert!(key.has_signed(&[b"body"], &signatures(&[&theirs, &[1; 32], &ours])));
        assert!(key.has_signed(&[b"body"], &signatures(&[&ours, &theirs])));
        assert!(!key.has_signed(&[b"body"], &signatures(&[&theirs, &[1; 32]])));
        assert!(!key.has_signed(&[b"body"], &signatures(&[&ours[..32]])));
    }

    /// "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko), test vector 2: a point of small order, and a scalar
    /// for which the equation is true.
    #[test]
    fn a_signature_whose_point_is_of_small_order_is_refused() {
        let message: [u8; 32] =
            bytes("aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab");
        let public: [u8; 32] =
            bytes("f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43");
        let signature: [u8; 64] = bytes(
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa\
             8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e",
        );
        let theirs = VerifyingKey::from_bytes(&public).unwrap();
        let sealed = Signature::from_bytes(&signature);
        assert!(theirs.verify(&message, &sealed).is_ok());
        assert!(theirs.verify_strict(&message, &sealed).is_err());
        let key = Ed25519Key::prepare(&public).unwrap();
        assert!(!key.has_signed(&[&message], &signatures(&[&signature])));
    }

    /// The order of the group, added to the scalar of a signature, makes the same point.
    #[test]
    fn a_signature_whose_scalar_is_not_reduced_is_refused() {
        let order: [u8; 32] =
            bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
        let (private, key) = pair(3);
        let mut signature = private.sign(b"body").to_bytes();
        assert!(key.has_signed(&[b"body"], &signatures(&[&signature])));
        let mut carry = 0;
        for (byte, of_order) in signature[32..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + u16::from(of_order) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
        assert!(!key.has_signed(&[b"body"], &signatures(&[&signature])));
    }

    fn refusal(key: &[u8]) -> String {
        crate::SecretsError::from(Ed25519Key::prepare(key).unwrap_err()).to_string()
    }

    #[test]
    fn a_key_that_no_sender_can_have_is_refused_with_the_fix() {
        let no_point = "the secret is not a public key for Ed25519 (32 bytes, a point on its curve): check the value";
        let mut off_curve = [0; 32];
        off_curve[0] = 2;
        for key in [&off_curve[..], &[], &[1; 31], &[1; 33]] {
            assert_eq!(refusal(key), no_point);
        }
        let weak = "the secret is a public key that anyone can sign for: set the one that the sender shows, and report \
                    this one to the sender";
        for key in [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        ] {
            assert_eq!(refusal(&bytes::<32>(key)), weak);
        }
    }

    #[test]
    fn a_key_is_read_from_hex_and_from_base64() {
        let text = PUBLISHED[0].0;
        let decode = |secret: Secret| Ed25519Key::decode(&secret).map(|key| key.to_vec());
        for hex in [text.to_owned(), text.to_uppercase()] {
            assert_eq!(
                decode(Secret::new(hex).unwrap()).unwrap(),
                bytes::<32>(text)
            );
        }
        for bad in ["", "g", "00", "whsec_AAAA"].map(|bad| format!("{}{bad}", &text[1..])) {
            let error = decode(Secret::new(bad).unwrap()).unwrap_err();
            assert!(matches!(error, SecretsErrorKind::WrongForm { .. }));
        }
        let base64 = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        for padding in ["", "="] {
            let key = Secret::public_key(format!("{base64}{padding}")).unwrap();
            assert_eq!(decode(key).unwrap(), bytes::<32>(text));
        }
        for bad in ["A", "==", "whpk_"].map(|bad| format!("{base64}{bad}")) {
            let error = decode(Secret::public_key(bad).unwrap()).unwrap_err();
            assert!(matches!(error, SecretsErrorKind::WrongForm { .. }));
        }
        let raw = Secret::raw(text).unwrap();
        assert_eq!(decode(raw).unwrap(), text.as_bytes());
    }

    #[test]
    fn debug_shows_nothing_of_the_key() {
        assert_eq!(format!("{:?}", pair(1).1), "Ed25519Key { .. }");
    }
}
