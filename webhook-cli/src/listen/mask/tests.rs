use bytes::Bytes;
use http::HeaderMap;
use webhook_core::Secret;

use super::*;
use crate::senders::Senders;

const KEY: &str = "s3cr3t/of+the app";

fn masks(sender: &str) -> Masks {
    let senders = Senders::load(None).unwrap();
    let sender = &senders.find(sender).unwrap().particulars;
    Masks::new(sender, &[Secret::new(KEY).unwrap()])
}

fn masked(sender: &str, content_type: &str, body: &[u8]) -> Body {
    let mut headers = HeaderMap::new();
    if !content_type.is_empty() {
        headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
    }
    masks(sender).body(&Bytes::copy_from_slice(body), &headers)
}

#[test]
fn a_card_token_in_json_is_masked_and_the_rest_is_kept_byte_for_byte() {
    for (body, expected) in [
        (
            r#"{ "a" : 1.50,"token_id":"tok_9", "b":"\u00f1" }"#,
            r#"{ "a" : 1.50,"token_id":"(masked)", "b":"\u00f1" }"#,
        ),
        (
            r#"{"token\u005fid":"tok_9"}"#,
            r#"{"token\u005fid":"(masked)"}"#,
        ),
        (r#"{"TOKEN_ID":"tok_9"}"#, r#"{"TOKEN_ID":"(masked)"}"#),
        (
            r#"{"token_id":"tok_9","token_id":"tok_9"}"#,
            r#"{"token_id":"(masked)","token_id":"(masked)"}"#,
        ),
        (
            r#"[{"x":[{"token_id" :["tok_9",{"y":"}"}] , "z":2}]}]"#,
            r#"[{"x":[{"token_id" :"(masked)" , "z":2}]}]"#,
        ),
        (
            r#"{"token_id":{"token_id":"tok_9"},"a":{}}"#,
            r#"{"token_id":"(masked)","a":{}}"#,
        ),
        (r#"{"token_id":12345678}"#, r#"{"token_id":"(masked)"}"#),
        (
            r#"{"token_id":-1.5e3,"a":true}"#,
            r#"{"token_id":"(masked)","a":true}"#,
        ),
        (r#"{"a":"{\"token_id\":\"tok_9\"}"}"#, r#"{"a":"(masked)"}"#),
        (
            r#"{"a":"{\"token\\u005fid\":\"tok_9\"}"}"#,
            r#"{"a":"(masked)"}"#,
        ),
        (r#"{"a":"x=1&token_id=tok_9"}"#, r#"{"a":"(masked)"}"#),
        // Whether a key with half a character is the field cannot be known.
        (
            r#"{"\ud800token_id":"tok_9"}"#,
            r#"{"\ud800token_id":"(masked)"}"#,
        ),
        (
            "{\"token_id\"\n:\t\"a\\\"tok_9\"}",
            "{\"token_id\"\n:\t\"(masked)\"}",
        ),
    ] {
        let kept = masked("multicaja", "application/json", body.as_bytes());
        let text = String::from_utf8(kept.bytes.unwrap()).unwrap();
        assert_eq!(text, expected);
        assert!(kept.masked.contains(&"token_id".to_owned()), "{body}");
        assert!(!text.contains("tok_9") && !text.contains("12345678"));
    }
}

#[test]
fn a_body_without_what_is_masked_stays_as_it_is() {
    for (sender, content_type, body) in [
        (
            "multicaja",
            "application/json",
            r#"{"a":"}{[\"","token_id":null,"b":[]}"#,
        ),
        (
            "multicaja",
            "application/json",
            r#"{"a":"token_id","token_id":""}"#,
        ),
        ("multicaja", "", "not json at all"),
        (
            "multicaja",
            "application/x-www-form-urlencoded",
            "a=1&b=%20c&&d",
        ),
        ("flow", "application/x-www-form-urlencoded", "token=abc"),
        ("github", "application/json", r#"{"a":"x","token":"y"}"#),
        ("github", "", ""),
    ] {
        let kept = masked(sender, content_type, body.as_bytes());
        assert_eq!(kept.bytes.as_deref(), Some(body.as_bytes()), "{body}");
        assert_eq!(kept.masked, [""; 0], "{body}");
    }
}

#[test]
fn a_card_token_in_a_form_is_masked() {
    const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
    for (body, expected) in [
        ("a=1&token_id=tok_9&b=2", "a=1&token_id=(masked)&b=2"),
        ("token%5Fid=tok_9", "token%5Fid=(masked)"),
        ("order%5BTOKEN_id%5D=tok_9", "order%5BTOKEN_id%5D=(masked)"),
        ("a=x%26token_id%3Dtok_9", "a=(masked)"),
        (
            "a=%7B%22token_id%22%3A%22tok_9%22%7D",
            "a=%7B%22token_id%22%3A%22%28masked%29%22%7D",
        ),
        // JSON that is cut off, and says that it is a form.
        (r#"{"token_id":"tok_9""#, "(masked)"),
        (r#"{"token\u005fid":"tok_9=""#, "(masked)"),
    ] {
        let kept = masked("multicaja", FORM, body.as_bytes());
        let text = String::from_utf8(kept.bytes.unwrap()).unwrap();
        assert_eq!(text, expected);
        assert_eq!(kept.masked, ["token_id"], "{body}");
    }
}

#[test]
fn a_body_that_cannot_be_read_and_names_a_card_token_is_not_kept() {
    let utf_16: Vec<u8> =
        r#"{"token_id":"tok_9"}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for body in [
        br#"{"token_id":"tok_9""#.as_slice(),
        br#"{"Token\u005FId":"tok_9","#,
        br#"{\"token\\u005fid\": "tok_9""#,
        b"token%255fid=tok_9",
        b"--x\r\nContent-Disposition: form-data; name=\"token_id\"\r\n\r\ntok_9\r\n--x--",
        b"<token_id>tok_9</token_id>",
        &utf_16,
    ] {
        let kept = masked("multicaja", "application/json", body);
        assert_eq!(kept.bytes, None, "{}", String::from_utf8_lossy(body));
        assert_eq!(kept.masked, ["token_id"]);
    }
}

#[test]
fn a_body_whose_encoding_hides_it_is_not_kept() {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_ENCODING, "gzip".parse().unwrap());
    let kept = masks("stripe").body(&Bytes::from_static(b"\x1f\x8b"), &headers);
    assert_eq!(kept.bytes, None);
}

#[test]
fn a_secret_is_masked_in_every_spelling() {
    for (content_type, body, expected) in [
        (
            "application/json",
            r#"{"a":"s3cr3t/of+the app","b":1}"#,
            r#"{"a":"(masked)","b":1}"#,
        ),
        (
            "application/json",
            r#"{"a":"Bearer s3cr3t\/of\u002bthe app."}"#,
            r#"{"a":"(masked)"}"#,
        ),
        (
            "application/json",
            r#"{"s3cr3t/of+the app":1}"#,
            r#"{"(masked)":1}"#,
        ),
        (
            "application/x-www-form-urlencoded",
            "a=1&b=s3cr3t%2fof%2Bthe+app",
            "a=1&b=(masked)",
        ),
        ("text/plain", "x s3cr3t/of+the app y", "x (masked) y"),
        ("text/plain", "x s3cr3t%2Fof%2Bthe%20app y", "x (masked) y"),
    ] {
        let kept = masked("stripe", content_type, body.as_bytes());
        let text = String::from_utf8(kept.bytes.unwrap()).unwrap();
        assert_eq!(text, expected);
        assert_eq!(kept.masked, ["secret"]);
    }
}

#[test]
fn a_short_secret_is_masked_where_it_is_a_whole_value() {
    let masks = Masks::new(&Particulars::default(), &[Secret::new("abc").unwrap()]);
    let body = Bytes::from_static(br#"{"a":"abc","b":"abcdef"}"#);
    let kept = masks.body(&body, &HeaderMap::new()).bytes.unwrap();
    assert_eq!(kept, br#"{"a":"(masked)","b":"abcdef"}"#);
}

#[test]
fn slack_s_token_is_masked_in_json_and_in_the_payload_of_a_form() {
    let json = masked(
        "slack",
        "application/json",
        br#"{"token":"XXYYZZ","event":{"text":"a token"}}"#,
    );
    assert_eq!(
        json.bytes.unwrap(),
        br#"{"token":"(masked)","event":{"text":"a token"}}"#
    );
    let form = masked(
        "slack",
        "application/x-www-form-urlencoded",
        b"payload=%7B%22type%22%3A%22x%22%2C%22token%22%3A%22XXYYZZ%22%7D",
    );
    let text = String::from_utf8(form.bytes.unwrap()).unwrap();
    assert!(text.starts_with("payload=%7B%22type%22") && !text.contains("XXYYZZ"));
}

#[test]
fn of_a_query_only_what_names_the_delivery_is_kept() {
    for (sender, target, expected) in [
        (
            "meta",
            "/meta?hub.verify_token=x&hub.mode=subscribe",
            "/meta",
        ),
        (
            "mercadopago",
            "/mercadopago?data.id=1&type=payment&key=x",
            "/mercadopago?data.id=1&type=payment",
        ),
        (
            "stripe",
            "/stripe/s3cr3t%2Fof%2Bthe%20app/x?s=1",
            "/stripe/(masked)/x",
        ),
    ] {
        assert_eq!(masks(sender).target(&target.parse().unwrap()), expected);
    }
}

mod random {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const TOKEN: &str = "tok_5547983144";

    fn json() -> impl Strategy<Value = Value> {
        let text = r#"[a-c"\\{}\[\],: \n\u{e9}\u{1f600}]{0,5}"#;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<f32>().prop_map(|number| Value::from(f64::from(number))),
            text.prop_map(Value::from),
            Just(Value::from(TOKEN)),
        ];
        let key = prop_oneof![3 => text, 1 => "(?i)token_id"];
        leaf.prop_recursive(5, 48, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(key.clone(), inner, 0..5)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    /// The same with what is masked, by the tree and not by the text.
    fn expected(value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(expected).collect(),
            Value::Object(fields) => {
                let fields = fields.iter().map(|(key, value)| {
                    let is_card = key.eq_ignore_ascii_case("token_id");
                    let is_nothing = value.is_null() || value == "";
                    let value = match is_card && !is_nothing {
                        true => Value::from(MASK),
                        false => expected(value),
                    };
                    (key.clone(), value)
                });
                Value::Object(fields.collect())
            }
            other => other.clone(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn json_of_any_shape_is_masked_as_its_tree_would_be(value in json(), pretty: bool) {
            let text = match pretty {
                true => serde_json::to_string_pretty(&value).unwrap(),
                false => value.to_string(),
            };
            // A number may be read as one beside it.
            let value: Value = serde_json::from_str(&text).unwrap();
            let kept = masked("multicaja", "application/json", text.as_bytes());
            let kept: Value = serde_json::from_slice(&kept.bytes.unwrap()).unwrap();
            prop_assert_eq!(kept, expected(&value));
        }

        #[test]
        fn bytes_of_any_kind_are_kept_or_not_and_break_nothing(
            body: Vec<u8>,
            content_type in prop_oneof![Just(""), Just("application/x-www-form-urlencoded")],
        ) {
            let kept = masked("multicaja", content_type, &body);
            prop_assert!(kept.masked.is_empty() || kept.bytes != Some(body));
        }
    }
}
