//! Requests whose credential is wrong, each in another way.

use super::case::{Case, Skip};
use super::place::other;
use super::proof::Proven;
use crate::senders::Verdict;

/// Longer than any credential, and than what receivers should hash for a stranger.
const HUGE: usize = 5 * 1024;

const ANYONE: &str = "anyone who knows the URL can forge an event";
const GUESS: &str =
    "the credential can be guessed part by part, and then anyone can forge an event";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::refused("credential-missing", "no credential", ANYONE, |kit| {
            Proven::new(kit)?.without()
        }),
        Case::refused(
            "bare",
            "an event with no header of the sender",
            ANYONE,
            |kit| Ok(kit.bare(Proven::new(kit)?.without()?)),
        ),
        Case::refused("credential-empty", "an empty credential", ANYONE, |kit| {
            Proven::new(kit)?.empty()
        }),
        Case::refused(
            "credential-name-only",
            "the credential up to where the secret matters",
            ANYONE,
            |kit| {
                let proven = Proven::new(kit)?;
                let request = proven.with(|_| Vec::new())?;
                match request.headers() == proven.empty()?.headers() {
                    true => Err(Skip::because(
                        "nothing precedes it, so this is an empty one",
                    )),
                    false => Ok(request),
                }
            },
        ),
        Case::refused(
            "wrong-secret",
            "signed with another secret",
            ANYONE,
            |kit| kit.forged(&kit.draft()?),
        ),
        Case::refused(
            "random",
            "a random credential of the right form",
            ANYONE,
            |kit| {
                let seed = random()?;
                Proven::new(kit)?.with(|digest| {
                    let bytes = digest.iter().zip(seed.iter().cycle());
                    bytes
                        .map(|(byte, seed)| moved(*byte, digest, *seed))
                        .collect()
                })
            },
        ),
        Case::refused("zeros", "a credential of zeros", ANYONE, |kit| {
            Proven::new(kit)?.with(|digest| {
                let zero = |byte: &u8| {
                    if byte.is_ascii_alphanumeric() {
                        b'0'
                    } else {
                        *byte
                    }
                };
                digest.iter().map(zero).collect()
            })
        }),
        Case::refused(
            "first-character",
            "the first character of the credential changed",
            ANYONE,
            |kit| Proven::new(kit)?.with(|digest| changed(digest, 0..1)),
        ),
        Case::refused(
            "last-character",
            "the last character of the credential changed",
            GUESS,
            |kit| {
                let last = |digest: &[u8]| {
                    let at = digest.iter().rposition(u8::is_ascii_alphanumeric);
                    changed(digest, at.map_or(0..0, |at| at..at + 1))
                };
                Proven::new(kit)?.with(last)
            },
        ),
        Case::refused(
            "first-half",
            "the first half of the credential, and another second half",
            GUESS,
            |kit| Proven::new(kit)?.with(|digest| changed(digest, digest.len() / 2..digest.len())),
        ),
        Case::refused(
            "second-half",
            "another first half, and the second half of the credential",
            GUESS,
            |kit| Proven::new(kit)?.with(|digest| changed(digest, 0..digest.len() / 2)),
        ),
        Case::refused(
            "cut-to-half",
            "the credential without its second half",
            GUESS,
            |kit| Proven::new(kit)?.with(|digest| start(digest, digest.len() / 2)),
        ),
        Case::refused(
            "cut-to-one",
            "the first character of the credential",
            "an event is forged in a few attempts",
            |kit| Proven::new(kit)?.with(|digest| start(digest, 1)),
        ),
        Case::refused(
            "longer",
            "the credential and more behind it",
            "what is compared is not what was sent",
            |kit| Proven::new(kit)?.with(|digest| [digest, b"00"].concat()),
        )
        .note(),
        Case::refused(
            "huge",
            "a credential of 5 KiB",
            "strangers choose how much is hashed for them",
            |kit| {
                Proven::new(kit)?.with(|digest| digest.iter().copied().cycle().take(HUGE).collect())
            },
        )
        .may_close(),
        Case::refused(
            "other-case",
            "the credential with its capitals small and its small letters capital",
            "letters count alike in both cases, as in the text of many databases, so there are far fewer credentials to guess",
            |kit| Proven::new(kit)?.with(|digest| digest.iter().map(swapped).collect()),
        ),
        Case::accepted("upper-case", "the credential in upper-case hex", |kit| {
            let proven = Proven::new(kit)?;
            let digest = proven.digest();
            let is_hex = digest.iter().all(u8::is_ascii_hexdigit)
                && digest.iter().any(u8::is_ascii_lowercase);
            let upper = proven.with(<[u8]>::to_ascii_uppercase)?;
            match (is_hex, kit.verdict(&upper)) {
                (true, Verdict::Authentic(_)) => Ok(upper),
                _ => Err(Skip::because("the credential is not hex of either case")),
            }
        })
        .damage("if the sender ever writes its hex in upper case, nothing arrives")
        .note(),
    ]
}

fn swapped(byte: &u8) -> u8 {
    match byte.is_ascii_lowercase() {
        true => byte.to_ascii_uppercase(),
        false => byte.to_ascii_lowercase(),
    }
}

fn random() -> Result<[u8; 32], Skip> {
    let mut seed = [0; 32];
    match getrandom::fill(&mut seed) {
        Ok(()) => Ok(seed),
        Err(error) => Err(Skip::because(format!("no random numbers: {error}"))),
    }
}

/// A character of the same form, a random distance away.
fn moved(byte: u8, text: &[u8], distance: u8) -> u8 {
    (0..distance % 16).fold(byte, |byte, _| other(byte, text))
}

fn start(digest: &[u8], length: usize) -> Vec<u8> {
    digest.iter().copied().take(length).collect()
}

/// The credential with other characters in this range.
fn changed(digest: &[u8], range: std::ops::Range<usize>) -> Vec<u8> {
    let bytes = digest.iter().enumerate();
    bytes
        .map(|(at, byte)| match range.contains(&at) {
            true => other(*byte, digest),
            false => *byte,
        })
        .collect()
}
