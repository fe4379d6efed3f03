//! Damage at random: of the kinds that are known, and of no kind.

use http::HeaderValue;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestCaseResult;
use serde_json::{Map, Value};
use webhook_core::Secret;

use super::{
    at, authenticated, captured, covering, covers_body, diagnosis, finding, is_authentic, signed,
    with_body,
};
use crate::senders::{Draft, Ids, Senders};
use crate::verify::examination::{Finding, examine};
use crate::verify::search::WORK;

const BOM: &str = "\u{feff}";

/// A body as a sender may write it, what is made of it on the way, and what that is called.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Indented(&'static str),
    Minified(&'static str),
    /// White space before and after.
    Padded(&'static str, &'static str),
    PythonToMinified,
    MinifiedToPython,
    PhpToJs,
    JsToPhp,
    UpperToJs,
    LastLfGone,
    LastCrlfGone,
    LastLfAdded,
    LfToCrlf,
    CrlfToLf,
    BomGone,
    BomAdded,
    PhpToIndentedJs,
    MinifiedWithLfToIndented,
    /// Both with a line end.
    LfIndented,
}

const DAMAGES: [Damage; 26] = [
    Damage::Indented("  "),
    Damage::Indented("    "),
    Damage::Indented("\t"),
    Damage::Indented("   "),
    Damage::Minified("  "),
    Damage::Minified("    "),
    Damage::Padded("", "\n\n"),
    Damage::Padded("", "\r\n\r\n"),
    Damage::Padded("", " "),
    Damage::Padded("\n", ""),
    Damage::Padded(" ", " \t"),
    Damage::Padded("\n", "\n"),
    Damage::PythonToMinified,
    Damage::MinifiedToPython,
    Damage::LfIndented,
    Damage::PhpToJs,
    Damage::JsToPhp,
    Damage::UpperToJs,
    Damage::LastLfGone,
    Damage::LastCrlfGone,
    Damage::LastLfAdded,
    Damage::LfToCrlf,
    Damage::CrlfToLf,
    Damage::BomGone,
    Damage::BomAdded,
    Damage::PhpToIndentedJs,
];

impl Damage {
    /// Before, after, and the causes.
    fn of(self, json: &Value) -> (String, String, Vec<&'static str>) {
        let js = json.to_string();
        let php = ascii(&js, false).replace('/', "\\/");
        match self {
            Self::Indented("   ") => (js, indented(json, "   "), vec!["body_white_space"]),
            Self::Indented(by) => (js, indented(json, by), vec!["body_reindented"]),
            Self::Minified(by) => (indented(json, by), js, vec!["body_minified"]),
            Self::Padded(before, after) => {
                let padded = format!("{before}{js}{after}");
                (js, padded, vec!["body_padded"])
            }
            Self::PythonToMinified => (spaced(json), js, vec!["body_minified"]),
            Self::MinifiedToPython => (js, spaced(json), vec!["body_spaced"]),
            Self::LfIndented => (
                format!("{js}\n"),
                format!("{}\n", indented(json, "  ")),
                vec!["body_reindented"],
            ),
            Self::PhpToJs => (php, js, vec!["body_reescaped"]),
            Self::JsToPhp => (js, php, vec!["body_reescaped"]),
            Self::UpperToJs => (ascii(&js, true), js, vec!["body_reescaped"]),
            Self::LastLfGone => (format!("{js}\n"), js, vec!["body_last_line_end"]),
            Self::LastCrlfGone => (format!("{js}\r\n"), js, vec!["body_last_line_end"]),
            Self::LastLfAdded => (js.clone(), format!("{js}\n"), vec!["body_last_line_end"]),
            Self::LfToCrlf => {
                let lf = indented(json, "  ");
                let crlf = lf.replace('\n', "\r\n");
                (lf, crlf, vec!["body_line_ends"])
            }
            Self::CrlfToLf => {
                let lf = indented(json, "   ");
                (lf.replace('\n', "\r\n"), lf, vec!["body_line_ends"])
            }
            Self::BomGone => (format!("{BOM}{js}"), js, vec!["body_byte_order_mark"]),
            Self::BomAdded => (
                js.clone(),
                format!("{BOM}{js}"),
                vec!["body_byte_order_mark"],
            ),
            Self::PhpToIndentedJs => (
                php,
                indented(json, "  "),
                vec!["body_reindented", "body_reescaped"],
            ),
            Self::MinifiedWithLfToIndented => (
                format!("{js}\n"),
                indented(json, "  "),
                vec!["body_reindented", "body_last_line_end"],
            ),
        }
    }
}

fn indented(json: &Value, by: &str) -> String {
    let mut written = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(by.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut written, formatter);
    serde::Serialize::serialize(json, &mut serializer).unwrap();
    String::from_utf8(written).unwrap()
}

/// As Python writes it.
fn spaced(json: &Value) -> String {
    struct Spaced;

    impl serde_json::ser::Formatter for Spaced {
        fn begin_array_value<W: std::io::Write + ?Sized>(
            &mut self,
            writer: &mut W,
            first: bool,
        ) -> std::io::Result<()> {
            writer.write_all(if first { b"" } else { b", " })
        }

        fn begin_object_key<W: std::io::Write + ?Sized>(
            &mut self,
            writer: &mut W,
            first: bool,
        ) -> std::io::Result<()> {
            self.begin_array_value(writer, first)
        }

        fn begin_object_value<W: std::io::Write + ?Sized>(
            &mut self,
            writer: &mut W,
        ) -> std::io::Result<()> {
            writer.write_all(b": ")
        }
    }

    let mut written = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut written, Spaced);
    serde::Serialize::serialize(json, &mut serializer).unwrap();
    String::from_utf8(written).unwrap()
}

/// Characters beyond ASCII are in strings only.
fn ascii(json: &str, upper: bool) -> String {
    let escaped = json.encode_utf16().map(|unit| match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
        _ if upper => format!("\\u{unit:04X}"),
        _ => format!("\\u{unit:04x}"),
    });
    escaped.collect()
}

/// An object with something in it for every kind of damage.
fn object() -> impl Strategy<Value = Value> {
    let text = proptest::collection::vec(
        select(vec![
            "a", "/", "ñ", "😀", " ", "\"", "\\", "\n", "{", "é", "1",
        ]),
        0..8,
    );
    let text = text.prop_map(|parts| Value::String(parts.concat()));
    let leaf = prop_oneof![
        text,
        any::<i32>().prop_map(Value::from),
        Just(Value::from(1.5)),
        Just(Value::Null),
        Just(Value::Object(Map::new())),
        Just(Value::Array(Vec::new())),
    ];
    let value = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            proptest::collection::btree_map("[a-z/ñ]{1,4}", inner, 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    value.prop_map(|value| serde_json::json!({ "a": value, "b": "x/ñ😀", "n": 17 }))
}

/// Bytes that were changed by no rule.
#[derive(Clone, Debug)]
enum Accident {
    Flip(Index, u8),
    Drop(Index),
    Insert(Index, u8),
    Swap(Index),
    CutOff(Index),
    Twice,
}

fn accident() -> impl Strategy<Value = Accident> {
    prop_oneof![
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Accident::Flip(at, bit)),
        any::<Index>().prop_map(Accident::Drop),
        (
            any::<Index>(),
            prop_oneof![any::<u8>(), select(b" \n\r\t,\\0/".to_vec())]
        )
            .prop_map(|(at, byte)| Accident::Insert(at, byte)),
        any::<Index>().prop_map(Accident::Swap),
        any::<Index>().prop_map(Accident::CutOff),
        Just(Accident::Twice),
    ]
}

impl Accident {
    fn of(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        match self {
            Self::Flip(at, bit) => {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            Self::Drop(at) => drop(bytes.remove(at.index(bytes.len()))),
            Self::Insert(at, byte) => bytes.insert(at.index(bytes.len() + 1), *byte),
            Self::Swap(at) => {
                let at = at.index(bytes.len() - 1);
                bytes.swap(at, at + 1);
            }
            Self::CutOff(at) => bytes.truncate(at.index(bytes.len())),
            Self::Twice => bytes.extend_from_within(..),
        }
        bytes
    }
}

/// Whether what a cause says is what happened, found out in another way than by undoing it.
fn is_true(cause: &str, before: &[u8], after: &[u8]) -> bool {
    let without = |bytes: &[u8], these: &[u8]| -> Vec<u8> {
        let kept = bytes.iter().filter(|byte| !these.contains(byte));
        kept.copied().collect()
    };
    let no_bom = |bytes: &[u8]| bytes.strip_prefix(BOM.as_bytes()).unwrap_or(bytes).to_vec();
    match cause {
        "body_reindented" | "body_minified" | "body_spaced" | "body_white_space" => {
            let is_smaller = after.len() < before.len();
            without(before, b" \t\r\n") == without(after, b" \t\r\n")
                && (is_smaller || cause != "body_minified")
                && before.trim_ascii() != after.trim_ascii()
        }
        "body_padded" => before.trim_ascii() == after.trim_ascii() && after.len() > before.len(),
        "body_reescaped" => {
            let read = |bytes| serde_json::from_slice::<Value>(bytes).unwrap();
            read(before) == read(after)
        }
        "body_last_line_end" => {
            let end = |bytes: &[u8]| without(bytes, b"\r\n");
            end(before) == end(after) && before.len().abs_diff(after.len()) <= 2
        }
        "body_line_ends" => without(before, b"\r") == without(after, b"\r"),
        "body_byte_order_mark" => no_bom(before) == no_bom(after),
        "body_too_long" => after.starts_with(before),
        _ => false,
    }
}

/// Whether a cause is one of two things that happened, as far as the bytes show it.
fn is_part(cause: &str, before: &[u8], after: &[u8]) -> bool {
    let [no_bom_before, no_bom_after] =
        [before, after].map(|it| it.strip_prefix(BOM.as_bytes()).unwrap_or(it));
    let [inner_before, inner_after] = [no_bom_before, no_bom_after].map(<[u8]>::trim_ascii);
    let without_space = |bytes: &[u8]| -> Vec<u8> {
        let kept = bytes.iter().filter(|byte| !byte.is_ascii_whitespace());
        kept.copied().collect()
    };
    let ends = |bytes: &[u8]| {
        let first = bytes.len() - bytes.trim_ascii_start().len();
        let last = bytes.len() - bytes.trim_ascii_end().len();
        (first, last)
    };
    let crlf = |bytes: &[u8]| bytes.windows(2).filter(|it| *it == b"\r\n").count();
    let lf = |bytes: &[u8]| {
        let end = bytes
            .get(bytes.trim_ascii_end().len()..)
            .unwrap_or_default();
        end.iter().filter(|byte| **byte == b'\n').count()
    };
    match cause {
        "body_byte_order_mark" => {
            before.starts_with(BOM.as_bytes()) != after.starts_with(BOM.as_bytes())
        }
        "body_padded" => {
            let (before, after) = (ends(no_bom_before), ends(no_bom_after));
            after.0 > before.0 || after.1 > before.1
        }
        "body_reescaped" => without_space(inner_before) != without_space(inner_after),
        "body_reindented" | "body_minified" | "body_spaced" => inner_before != inner_after,
        "body_white_space" => no_bom_before != no_bom_after,
        "body_last_line_end" => lf(before) != lf(after),
        "body_line_ends" => crlf(before) != crlf(after),
        "body_too_long" => after.len() > before.len(),
        _ => false,
    }
}

/// A diagnosis of a body is the truth, and undoing it brings the signed bytes back.
fn check_body(finding: &Finding, before: &[u8], after: &[u8]) -> TestCaseResult {
    prop_assert!(!is_authentic(finding), "other bytes were signed");
    let Some(diagnosis) = diagnosis(finding) else {
        return Ok(());
    };
    prop_assert_eq!(&diagnosis.request.body()[..], before);
    let line_ends = |bytes: &[u8]| {
        let end = bytes
            .get(bytes.trim_ascii_end().len()..)
            .unwrap_or_default();
        end.iter().filter(|byte| **byte == b'\n').count()
    };
    if diagnosis
        .happened
        .contains("last line end of the body is gone")
    {
        prop_assert!(line_ends(before) > line_ends(after), "{after:?}");
    }
    if diagnosis.happened.contains("became LF") {
        prop_assert!(before.windows(2).any(|it| it == b"\r\n"), "{before:?}");
        prop_assert!(after.contains(&b'\n'), "{after:?}");
    }
    match diagnosis.causes[..] {
        [cause] => prop_assert!(is_true(cause, before, after), "{cause} of {after:?}"),
        _ => {
            for cause in &diagnosis.causes {
                let text = String::from_utf8_lossy(after);
                prop_assert!(
                    is_part(cause, before, after),
                    "{cause} of {text:?}: {diagnosis:?}"
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_happened_to_a_body_is_named(json in object()) {
        let senders = covering();
        for (at, damage) in DAMAGES.iter().chain([&Damage::MinifiedWithLfToIndented]).enumerate() {
            let sender = &senders[at % senders.len()];
            let (before, after, causes) = damage.of(&json);
            let signed = signed(sender, Some(&before));
            let request = with_body(&signed.request, after);
            let finding = finding(sender, &request, &signed.configured);
            let diagnosis = diagnosis(&finding);
            prop_assert!(diagnosis.is_some(), "{}: {damage:?} of {before}", sender.name);
            let diagnosis = diagnosis.unwrap();
            prop_assert_eq!(&diagnosis.causes, &causes, "{}: {:?} of {}", &sender.name, damage, before);
            prop_assert_eq!(&diagnosis.request.body()[..], before.as_bytes());
            prop_assert_eq!(diagnosis.secret, Some(2));
        }
    }

    #[test]
    fn two_kinds_of_damage_have_no_cause_but_the_truth(
        json in object(),
        first in select(DAMAGES.to_vec()),
        before in select(vec!["", "\n", BOM]),
        after in select(vec!["", "\n", "\n\n", "\r\n", " "]),
        more in select(vec!["", "crlf", "slash", "ascii", "cut", "written again"]),
    ) {
        let (signed_body, sent, _) = first.of(&json);
        let sent = match more {
            "crlf" => sent.replace('\n', "\r\n"),
            "slash" => sent.replace('/', "\\/"),
            "ascii" => ascii(&sent, false),
            "cut" => sent.trim_end_matches('\n').to_owned(),
            "written again" => match serde_json::from_str::<Value>(&sent) {
                Ok(json) => spaced(&json),
                Err(_) => sent,
            },
            _ => sent,
        };
        let sent = format!("{before}{sent}{after}");
        if sent == signed_body {
            return Ok(());
        }
        let sender = Senders::load(None).unwrap().take("github").unwrap();
        let signed = signed(&sender, Some(&signed_body));
        let request = with_body(&signed.request, sent.clone());
        let finding = finding(&sender, &request, &signed.configured);
        check_body(&finding, signed_body.as_bytes(), sent.as_bytes())?;
    }

    #[test]
    fn a_damaged_body_and_another_secret_together_have_no_cause(
        json in object(),
        first in select(DAMAGES.to_vec()),
    ) {
        let (signed_body, sent, _) = first.of(&json);
        for sender in covering() {
            let signed = signed(&sender, Some(&signed_body));
            let secret = signed.configured[1].expose();
            for spelled in [secret.to_ascii_uppercase(), format!("{secret}A="), secret.replace("whsec_", "")] {
                if spelled == secret {
                    continue;
                }
                let Ok(spelled) = Secret::new(spelled) else { continue };
                let request = with_body(&signed.request, sent.clone());
                let Ok(finding) = examine(&sender, &captured(request), &[spelled], WORK) else { continue };
                // The prefix of Standard Webhooks is no part of the key, nor is the case of a public one in hex.
                if let Some(diagnosis) = diagnosis(&finding) {
                    let is_same = matches!(&*sender.name, "standard-webhooks" | "gitlab-signing" | "discord");
                    prop_assert!(is_same, "{}: {:?}", sender.name, diagnosis);
                    prop_assert_eq!(&diagnosis.request.body()[..], signed_body.as_bytes());
                }
            }
        }
    }

    #[test]
    fn headers_that_are_there_twice_are_named_and_no_other_cause_is(
        json in object(),
        accident in accident(),
        is_damaged in any::<bool>(),
    ) {
        let before = json.to_string();
        for sender in covering() {
            let signed = signed(&sender, Some(&before));
            let mut request = signed.request.clone();
            for (name, value) in signed.request.headers() {
                request.headers_mut().append(name, value.clone());
            }
            let after = accident.of(before.as_bytes());
            if is_damaged && after != before.as_bytes() {
                let request = with_body(&request, after);
                let finding = finding(&sender, &request, &signed.configured);
                prop_assert!(!is_authentic(&finding), "{}", sender.name);
                prop_assert!(diagnosis(&finding).is_none(), "{}: {:?}", sender.name, finding);
                continue;
            }
            let finding = finding(&sender, &request, &signed.configured);
            let diagnosis = diagnosis(&finding);
            prop_assert!(diagnosis.is_some(), "{}: {finding:?}", sender.name);
            let causes = &diagnosis.unwrap().causes;
            // Of those that read only one, that one is enough.
            let is_named = *causes == ["headers_repeated"] || *causes == ["header_repeated"];
            prop_assert!(is_named, "{}: {causes:?}", sender.name);
        }
    }

    #[test]
    fn a_token_with_a_comma_is_no_header_that_was_joined(
        parts in proptest::collection::vec("[A-Za-z0-9_=]{1,12}", 2..5),
        others in 0..3_usize,
    ) {
        let different: std::collections::HashSet<_> = parts.iter().collect();
        prop_assume!(different.len() == parts.len());
        let token = parts.join(",");
        for sender in authenticated() {
            let secret = Secret::new(token.clone()).unwrap();
            let sample = sender.sample(None).unwrap();
            let draft = Draft::new(sample, &Ids::random("t-").unwrap(), at()).unwrap();
            // Most have secrets of another form.
            let Ok(request) = sender.sign(&draft, at(), Some(&secret)) else { continue };
            let others = (0..others).map(|at| format!("other-{at}"));
            let split = others.chain(parts.clone()).map(|it| Secret::new(it).unwrap());
            let split: Vec<_> = split.collect();
            let Ok(finding) = examine(&sender, &captured(request), &split, WORK) else { continue };
            if let Some(diagnosis) = diagnosis(&finding) {
                prop_assert_eq!(&diagnosis.causes, &["secret_spelling"], "{}", &sender.name);
                prop_assert!(diagnosis.happened.contains("comma"), "{}", &diagnosis.happened);
            } else {
                prop_assert!(is_authentic(&finding), "{}: {:?}", &sender.name, finding);
            }
        }
    }

    #[test]
    fn an_accident_to_a_body_has_no_cause_but_the_truth(
        json in object(),
        indent in any::<bool>(),
        accident in accident(),
    ) {
        let before = match indent {
            true => indented(&json, "  "),
            false => json.to_string(),
        };
        for sender in covering() {
            let signed = signed(&sender, Some(&before));
            let after = accident.of(before.as_bytes());
            if after == before.as_bytes() {
                continue;
            }
            let request = with_body(&signed.request, after.clone());
            let finding = finding(&sender, &request, &signed.configured);
            check_body(&finding, before.as_bytes(), &after)?;
        }
    }

    #[test]
    fn an_accident_to_an_unsigned_body_leaves_the_proof_as_it_is(accident in accident()) {
        let senders = authenticated();
        for sender in senders.iter().filter(|sender| !covers_body(sender)) {
            let signed = signed(sender, None);
            let after = accident.of(signed.request.body());
            let request = with_body(&signed.request, after.clone());
            let finding = finding(sender, &request, &signed.configured);
            let signs_some = matches!(&*sender.name, "wompi" | "multicaja");
            prop_assert!(is_authentic(&finding) || signs_some, "{}: {finding:?}", sender.name);
            if let Some(diagnosis) = diagnosis(&finding) {
                let [cause] = diagnosis.causes[..] else { panic!("{diagnosis:?}") };
                prop_assert!(is_true(cause, diagnosis.request.body(), &after), "{cause}");
                prop_assert!(is_authentic(&super::finding(sender, &diagnosis.request, &signed.configured)));
            }
        }
    }

    #[test]
    fn an_accident_to_a_credential_has_no_cause_but_the_truth(accident in accident()) {
        for sender in authenticated() {
            let signed = signed(&sender, None);
            for name in sender.facts().credential_headers {
                let Some(before) = signed.request.headers().get(&name).cloned() else { continue };
                let Ok(after) = HeaderValue::from_bytes(accident.of(before.as_bytes()).trim_ascii()) else { continue };
                let mut request = signed.request.clone();
                request.headers_mut().insert(&name, after.clone());
                let finding = finding(&sender, &request, &signed.configured);
                if let Some(diagnosis) = diagnosis(&finding) {
                    prop_assert_eq!(&diagnosis.causes, &["header_joined"], "{}", &sender.name);
                    let parts: Vec<_> = after.as_bytes().split(|byte| *byte == b',').collect();
                    prop_assert!(parts.len() > 1);
                }
            }
        }
    }

    #[test]
    fn an_accident_to_a_secret_has_no_cause_but_its_case(accident in accident()) {
        for sender in authenticated() {
            let signed = signed(&sender, None);
            let damaged = accident.of(signed.configured[1].expose().as_bytes());
            let Some(damaged) = String::from_utf8(damaged).ok().and_then(|it| Secret::new(it).ok()) else {
                continue;
            };
            let spelled = damaged.expose().to_owned();
            // Most are no secrets of this sender.
            let Ok(finding) = examine(&sender, &captured(signed.request.clone()), &[damaged], WORK) else {
                continue;
            };
            if let Some(diagnosis) = diagnosis(&finding) {
                prop_assert_eq!(&diagnosis.causes, &["secret_spelling"], "{}", &sender.name);
                let text = signed.configured[1].expose();
                prop_assert!(spelled.eq_ignore_ascii_case(text), "{}: {:?} {}", sender.name, accident, diagnosis.undone);
            }
        }
    }
}
