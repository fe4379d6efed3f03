use std::sync::LazyLock;

use base64::Engine as _;
use bytes::Bytes;
use http::HeaderMap;

use super::*;
use crate::senders::Senders;

const KEY: &str = "s3cr3t/of+the app";

static SENDERS: LazyLock<Senders> = LazyLock::new(|| Senders::load(None).unwrap());

fn masks(sender: &str) -> Masks {
    let sender = &SENDERS.find(sender).unwrap().particulars;
    Masks::new(sender, Arc::new(Secrets::new([KEY])))
}

fn masked(sender: &str, content_type: &str, body: &[u8]) -> Body {
    delivery(sender, content_type, body, false)
}

/// What is kept of a delivery that somebody with the secret has sent.
fn proven(sender: &str, content_type: &str, body: &[u8]) -> Body {
    delivery(sender, content_type, body, true)
}

fn delivery(sender: &str, content_type: &str, body: &[u8], is_proven: bool) -> Body {
    let mut headers = HeaderMap::new();
    if !content_type.is_empty() {
        headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
    }
    masks(sender).delivery(&Bytes::copy_from_slice(body), &headers, is_proven)
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
        (
            r#"{"order[token_id]":"tok_9","order.token_id":"tok_9","token_id ":"tok_9"}"#,
            r#"{"order[token_id]":"(masked)","order.token_id":"(masked)","token_id ":"(masked)"}"#,
        ),
        (
            r#"{"a":"{\"b\":\"{\\\"token_id\\\":\\\"tok_9\\\"}\"}"}"#,
            r#"{"a":"(masked)"}"#,
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
            r#"{"a":"token","token_id":"","b":"=%&\\u005c"}"#,
        ),
        ("multicaja", "", "not json at all, and 100% \\ & =20"),
        (
            "multicaja",
            "application/x-www-form-urlencoded",
            "a=1&b=%20c&&d",
        ),
        (
            "multicaja",
            "application/x-www-form-urlencoded",
            "token_id=&a=1",
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
    ] {
        let kept = masked("multicaja", FORM, body.as_bytes());
        let text = String::from_utf8(kept.bytes.unwrap()).unwrap();
        assert_eq!(text, expected);
        assert_eq!(kept.masked, ["token_id"], "{body}");
    }
}

#[test]
fn a_body_that_may_hide_a_card_token_is_not_kept() {
    const FORM: &str = "application/x-www-form-urlencoded";
    const JSON: &str = "application/json";
    let utf_16 =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let multipart =
        b"--x\r\nContent-Disposition: form-data; name=\"token_id\"\r\n\r\ntok_9\r\n--x--"
            .as_slice();
    let in_base64 =
        base64::engine::general_purpose::STANDARD.encode(r#"{"a":1,"token_id":"tok_9"}"#);
    for (content_type, body) in [
        // Cut off, or not what it says.
        (JSON, br#"{"token_id":"tok_9""#.as_slice()),
        (FORM, br#"{"token_id":"tok_9""#),
        (FORM, br#"{"token\u005fid":"tok_9=""#),
        (JSON, br#"{"Token\u005FId":"tok_9","#),
        (JSON, br#"{\"token\\u005fid\": "tok_9""#),
        (JSON, br#"{"a":1}{"token\u005fid":"tok_9"}"#),
        (FORM, multipart),
        ("multipart/form-data; boundary=x", multipart),
        // In escapes that JSON and forms do not have.
        ("", b"token%255fid=tok_9"),
        ("text/xml", b"<token_id>tok_9</token_id>"),
        ("text/xml", b"<f name=\"&#116;oken&lowbar;id\">tok_9</f>"),
        ("text/xml", b"<f name=\"to&#x6B;en_id\">tok_9</f>"),
        ("", b"name=\"token=5Fid\"\r\n\r\ntok_9"),
        ("", b"name=\"tok=\r\nen_id\"\r\n\r\ntok_9"),
        ("", b"'token\\x5fid': 'tok_9'"),
        ("", &utf_16(r#"{"token_id":"tok_9"}"#)),
        ("", &utf_16(r#"{"to\u006ben_id":"tok_9"}"#)),
        (FORM, b"token%255Fid=tok_9"),
        (FORM, b"a=token=5Fid%3Dtok_9"),
        // The name in one value, and the token beside it.
        (JSON, br#"{"name":"token_id","value":"tok_9"}"#),
        (JSON, br#"{"name":"order[token_id]","value":"tok_9"}"#),
        (JSON, br#"["token_id","tok_9"]"#),
        (JSON, br#"["{\"name\":\"token_id\"}","tok_9"]"#),
        (
            JSON,
            br#"{"token_id":null,"name":"TOKEN\u005fID","value":"tok_9"}"#,
        ),
        (JSON, br#"["token_id=","tok_9"]"#),
        (JSON, br#"["{\"token_id\":null}","tok_9"]"#),
        (FORM, b"token_id=1&k=&#116;oken_id&v=tok_9"),
        (FORM, b"k=token_id&v=tok_9"),
        (FORM, b"a=%7B%22name%22%3A%22token_id%22%7D&v=tok_9"),
        // Within a text, or a name.
        (JSON, br#"{"m":"token_id: tok_9"}"#),
        (JSON, br#"{"m":"x=1&m=token_id:tok_9"}"#),
        (JSON, br#"{"token_id: tok_9":1}"#),
        (JSON, br#"{"\ud800token_id":"tok_9"}"#),
        (FORM, b"m=token_id:tok_9"),
        (FORM, b"token_id:tok_9"),
        // In base64.
        (JSON, format!(r#"{{"a":"{in_base64}"}}"#).as_bytes()),
        (
            FORM,
            format!("a={}", in_base64.replace('=', "%3D")).as_bytes(),
        ),
        ("", in_base64.as_bytes()),
        // Below more escapes than anyone writes.
        (JSON, br#"{"a":"%252525252525252525252574oken"}"#),
    ] {
        let kept = masked("multicaja", content_type, body);
        assert_eq!(kept.bytes, None, "{}", String::from_utf8_lossy(body));
        assert_eq!(kept.masked, ["token_id"]);
    }
}

/// What is kept, and what the page says is masked.
fn kept(body: Body) -> (String, Vec<String>) {
    let bytes = body.bytes.unwrap_or_else(|| b"(lost)".to_vec());
    (String::from_utf8(bytes).unwrap(), body.masked)
}

#[test]
fn a_proven_delivery_of_others_than_klap_may_speak_of_a_card_token() {
    const FORM: &str = "application/x-www-form-urlencoded";
    const JSON: &str = "application/json";
    for (sender, content_type, body) in [
        (
            "github",
            JSON,
            r#"{"commits":[{"message":"fix the token_id column"}]}"#,
        ),
        ("github", JSON, r#"{"modified":["src/token_id.rs"]}"#),
        ("github", JSON, r#"["id","token_id"]"#),
        ("github", JSON, r#"{"card_token_id":5,"token_ids":[1]}"#),
        ("github", JSON, r#"{"access_token_id":null}"#),
        (
            "github",
            JSON,
            r#"{"m":"token_id: a","n":"x = [token_id]"}"#,
        ),
        ("github", FORM, "payload=%7B%22m%22%3A%22token_id%22%7D"),
        ("github", FORM, "card_token_id=5&m=token_id%3A"),
        ("github", "", "the token_id column"),
        ("slack", JSON, r#"{"text":"where is token_id stored?"}"#),
    ] {
        let same = (body.to_owned(), Vec::new());
        assert_eq!(kept(proven(sender, content_type, body.as_bytes())), same);
        // It may be what Klap sent to the wrong path.
        for lost in [
            masked(sender, content_type, body.as_bytes()),
            proven("multicaja", content_type, body.as_bytes()),
            proven("multicaja-validation", content_type, body.as_bytes()),
        ] {
            assert_eq!(lost.bytes, None, "{body}");
        }
    }
    let event = serde_json::json!({"m": "token_id"});
    assert!(masks("github").event(&event, true).is_some());
    assert!(masks("github").event(&event, false).is_none());
    assert!(masks("multicaja").event(&event, true).is_none());
    for (content_type, body, expected) in [
        (
            JSON,
            r#"{"token\u005fid":"tok_9","m":"a token_id"}"#,
            r#"{"token\u005fid":"(masked)","m":"a token_id"}"#,
        ),
        (
            JSON,
            r#"{"a":"{\"token_id\":\"tok_9\"}","b":"x=1&token_id=tok_9"}"#,
            r#"{"a":"(masked)","b":"(masked)"}"#,
        ),
        (
            FORM,
            "a=token_id&order%5Btoken%5Fid%5D=tok_9",
            "a=token_id&order%5Btoken%5Fid%5D=(masked)",
        ),
    ] {
        let expected = (expected.to_owned(), vec!["token_id".to_owned()]);
        assert_eq!(
            kept(proven("github", content_type, body.as_bytes())),
            expected
        );
    }
}

#[test]
fn what_is_below_a_few_layers_of_escapes_is_read() {
    const FORM: &str = "application/x-www-form-urlencoded";
    const LINK: &str = "https://a.example/?u=https%3A%2F%2Fb.example%2F%3Fu%3Dhttps%253A%252F%252Fc.example%252F%253Fu%253Dhttps%25253A%25252F%25252Fd.example";
    let payload = serde_json::json!({"type": "x", "actions": [{"url": LINK}]}).to_string();
    let payload: String = url::form_urlencoded::byte_serialize(payload.as_bytes()).collect();
    for (content_type, body) in [
        ("", r#"{"a":"%2525252F"}"#.to_owned()),
        ("", r#"{"a":"a\u0026amp;amp;lt;b"}"#.to_owned()),
        (FORM, format!("payload={payload}")),
        (
            FORM,
            "payload=%7B%22u%22%3A%22%2525252525252F%22%7D".to_owned(),
        ),
    ] {
        for sender in ["github", "slack", "multicaja"] {
            let same = (body.clone(), Vec::new());
            assert_eq!(kept(masked(sender, content_type, body.as_bytes())), same);
        }
    }
    for body in [
        "%2525252525252574oken_id=tok_9",
        "s3cr3t%25252525252fof+the app",
    ] {
        assert_eq!(masked("github", "", body.as_bytes()).bytes, None, "{body}");
    }
}

#[test]
fn a_body_whose_encoding_hides_it_is_not_kept() {
    for encodings in [
        &["gzip"][..],
        &["identity", "gzip"],
        &["identity, br"],
        &["x"],
    ] {
        let mut headers = HeaderMap::new();
        for encoding in encodings {
            headers.append(CONTENT_ENCODING, encoding.parse().unwrap());
        }
        let kept = masks("stripe").body(&Bytes::from_static(b"\x1f\x8b"), &headers);
        assert_eq!(kept.bytes, None);
    }
    let mut headers = HeaderMap::new();
    headers.append(CONTENT_ENCODING, "identity, Identity".parse().unwrap());
    let kept = masks("stripe").body(&Bytes::from_static(b"a"), &headers);
    assert_eq!(kept.bytes.unwrap(), b"a");
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
        ("text/plain", "x S3CR3T%2fof%2Bthe%20app y", "x (masked) y"),
        (
            "application/json",
            r#"{"a":"{\"x\":\"s3cr3t\\u002fof+the app\"}","b":1}"#,
            r#"{"a":"(masked)","b":1}"#,
        ),
        (
            "application/x-www-form-urlencoded",
            "a=1&%733cr3t/of%2Bthe+app=1",
            "a=1&(masked)",
        ),
    ] {
        let kept = masked("stripe", content_type, body.as_bytes());
        let text = String::from_utf8(kept.bytes.unwrap()).unwrap();
        assert_eq!(text, expected);
        assert_eq!(kept.masked, ["secret"]);
    }
}

/// A secret with letters that are not ASCII.
const SPANISH: &str = "clave-año-secreta";

#[test]
fn a_secret_that_was_found_and_cannot_be_masked_is_not_kept() {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    let masks = Masks::new(
        &Particulars::default(),
        Arc::new(Secrets::new([
            KEY,
            SPANISH,
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ])),
    );
    let utf_16: Vec<u8> = SPANISH.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for body in [
        b"x s3cr3t&#47;of&#x2B;the app".as_slice(),
        b"x s3cr3t\\u002fof\\u002bthe app",
        b"x s3cr3t\\x2fof+the app",
        b"x %733cr3t/of%2bthe app",
        b"clave-a&#241;o-secreta",
        b"clave-a\xf1o-secreta",
        b"clave-a%C3%B1o-s%65creta",
        STANDARD.encode(format!("x:{KEY}")).as_bytes(),
        STANDARD.encode(format!("xy:{KEY}")).as_bytes(),
        URL_SAFE.encode(SPANISH).as_bytes(),
        &utf_16,
    ] {
        let kept = masks.body(&Bytes::copy_from_slice(body), &HeaderMap::new());
        assert_eq!(kept.bytes, None, "{}", String::from_utf8_lossy(body));
        assert_eq!(kept.masked, ["secret"]);
    }
    for (body, expected) in [
        ("clave-a\\u00f1o-secreta", "(masked)"),
        ("k=MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw.", "k=(masked)."),
        ("v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "v1,(masked)"),
        ("whsec_x", "whsec_x"),
    ] {
        let kept = masks.body(&Bytes::from(body), &HeaderMap::new()).bytes;
        assert_eq!(String::from_utf8(kept.unwrap()).unwrap(), expected);
    }
}

#[test]
fn a_secret_with_any_character_is_found_in_json() {
    let secrets = [
        "clave\u{1f600}secreta1",
        "tab\tsecret99",
        "line\r\nsecret1\u{c}\u{8}",
    ];
    for secret in secrets {
        let masks = Masks::new(&Particulars::default(), Arc::new(Secrets::new([secret])));
        let json = |text: &str| serde_json::to_string(&format!("is {text}.")).unwrap();
        let ascii: String = secret
            .encode_utf16()
            .map(|unit| format!("\\u{unit:04X}"))
            .collect();
        let python = secret.replace('\u{1f600}', "\\ud83d\\ude00");
        let python = python.replace('\t', "\\t").replace('\r', "\\r");
        let python = python.replace('\n', "\\n").replace('\u{c}', "\\f");
        let python = python.replace('\u{8}', "\\b");
        for value in [
            json(secret),
            format!(r#""is {ascii}""#),
            format!(r#""is {python}""#),
            format!(r#""is {}""#, python.replace("secret", "s\\u0065cret")),
            // JSON in JSON.
            json(&json(secret)),
            json(&python),
            json(&ascii),
            json(&json(&python)),
        ] {
            let body = Bytes::from(format!(r#"{{"debug":{value},"n":1}}"#));
            let kept = kept(masks.body(&body, &HeaderMap::new())).0;
            assert_eq!(kept, r#"{"debug":"(masked)","n":1}"#, "{value}");
        }
        let html: String = secret
            .chars()
            .map(|character| format!("&#{};", u32::from(character)))
            .collect();
        let utf_16 = |bytes: fn(u16) -> [u8; 2]| secret.encode_utf16().flat_map(bytes).collect();
        for body in [
            html.into_bytes(),
            utf_16(u16::to_le_bytes),
            utf_16(u16::to_be_bytes),
        ] {
            let body = masks.body(&Bytes::from(body), &HeaderMap::new());
            assert_eq!(body.bytes, None, "{secret}");
        }
    }
    assert_eq!(
        masks("github").text(r"\ud83d\u0041 \ud83d"),
        r"\ud83d\u0041 \ud83d"
    );
}

#[test]
fn a_secret_that_is_a_number_leaves_json_that_is_valid() {
    let masks = Masks::new(
        &Particulars::default(),
        Arc::new(Secrets::new(["12345678", "4711", r#"key","b":"x"#])),
    );
    for (body, expected) in [
        (r#"{"id":12345678,"n":1}"#, r#"{"id":"(masked)","n":1}"#),
        (
            r#"[9912345678001 ,-12345678e1]"#,
            r#"["(masked)" ,"(masked)"]"#,
        ),
        (
            r#"{"pin":4711,"n":47110}"#,
            r#"{"pin":"(masked)","n":47110}"#,
        ),
        (r#"{"12345678":[true,null]}"#, r#"{"(masked)":[true,null]}"#),
        // It is of two values.
        (r#"{"a":"key","b":"x1"}"#, r#"{"a":"(masked)1"}"#),
        (r#"["key","b":"x"#, r#"["(masked)"#),
    ] {
        let kept = kept(masks.body(&Bytes::from(body), &HeaderMap::new()));
        assert_eq!(kept, (expected.to_owned(), vec!["secret".to_owned()]));
    }
    let event = serde_json::json!({"id": 12345678});
    let event = masks.event(&event, true).unwrap();
    assert_eq!(event.get(), r#"{"id":"(masked)"}"#);
    let form = Masks::new(
        &Particulars::default(),
        Arc::new(Secrets::new(["12345678"])),
    );
    let kept = form.masked(b"payload=%7B%22id%22%3A12345678%7D", true, true);
    assert_eq!(
        kept.bytes.unwrap(),
        b"payload=%7B%22id%22%3A%22%28masked%29%22%7D"
    );
    // What is left would be no JSON.
    let masks = Masks::new(
        &Particulars::default(),
        Arc::new(Secrets::new([r#"["value","#])),
    );
    let kept = masks.body(&Bytes::from(r#"{"a":["value","b"]}"#), &HeaderMap::new());
    assert_eq!((kept.bytes, kept.masked), (None, vec!["secret".to_owned()]));
}

#[test]
fn a_short_secret_is_masked_where_it_is_a_whole_value() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let masks = Masks::new(&Particulars::default(), Arc::new(Secrets::new(["a c1"])));
    for (content_type, body, expected) in [
        (
            "",
            r#"{"a":"a c1","b":"a c12","a c1":["x"]}"#,
            r#"{"a":"(masked)","b":"a c12","a c1":["x"]}"#,
        ),
        (
            "",
            r#"["\u0061 c1","\u0061 c12","a\\ c1"]"#,
            r#"["(masked)","\u0061 c12","a\\ c1"]"#,
        ),
        (
            "",
            r#"{"x":"{\"a\":\"a c1\"}","y":"b=1&a=a+c1","z":"{a c1} = a c12"}"#,
            r#"{"x":"(masked)","y":"(masked)","z":"{a c1} = a c12"}"#,
        ),
        (
            FORM,
            "a=a c1&b=a+c1&c=%61%20c1&d=a+c12&e",
            "a=(masked)&b=(masked)&c=(masked)&d=a+c12&e",
        ),
        (
            FORM,
            "payload=%7B%22a%22%3A%22a%20c1%22%7D&q=b%3D1%26a%3Da+c1",
            "payload=%7B%22a%22%3A%22%28masked%29%22%7D&q=(masked)",
        ),
        ("", "a c1", "(masked)"),
    ] {
        let body = masks.masked(body.as_bytes(), content_type == FORM, true);
        assert_eq!(kept(body), (expected.to_owned(), vec!["secret".to_owned()]));
    }
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
fn a_message_that_speaks_of_a_token_is_kept_and_one_that_has_one_is_not() {
    const FORM: &str = "application/x-www-form-urlencoded";
    for text in [
        "<@U123> my token is broken",
        "[bug] token expired",
        "[token]",
        "50% of token users",
        "<https://docs.example/a?b=1> on refresh_token",
        "x = token",
    ] {
        let body = serde_json::json!({"event": {"text": text}}).to_string();
        let same = (body.clone(), Vec::new());
        assert_eq!(kept(proven("slack", "", body.as_bytes())), same);
        let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let body = format!("token=x&text={text}&next_token=");
        let expected = format!("token=(masked)&text={text}&next_token=");
        assert_eq!(kept(proven("slack", FORM, body.as_bytes())).0, expected);
    }
    for text in [
        r#"{"a":[{"token":"XXYYZZ"}]}"#,
        "a=1&token=XXYYZZ",
        "a=1&b=%7B%22token%22%3A%22XXYYZZ%22%7D",
    ] {
        let body = serde_json::json!({"event": {"text": text}}).to_string();
        let kept = kept(proven("slack", "", body.as_bytes())).0;
        assert_eq!(kept, r#"{"event":{"text":"(masked)"}}"#);
    }
}

#[test]
fn the_checksum_of_wompi_is_masked_in_the_body_and_in_the_event() {
    let body = r#"{"data":{"transaction":{"id":"1"}},"signature":{"properties":["transaction.id"],"checksum":"5a18ec5e8fdb7df4"},"timestamp":1}"#;
    let expected = body.replace("5a18ec5e8fdb7df4", MASK);
    let kept = masked("wompi", "application/json", body.as_bytes());
    assert_eq!(kept.bytes.unwrap(), expected.as_bytes());
    assert_eq!(kept.masked, ["checksum"]);
    let event = serde_json::json!({"payload": {"signature": {"checksum": "5a18ec5e8fdb7df4"}}});
    let event = masks("wompi").event(&event, true).unwrap();
    assert_eq!(
        event.get(),
        r#"{"payload":{"signature":{"checksum":"(masked)"}}}"#
    );
    let cut = masked(
        "wompi",
        "application/json",
        &body.as_bytes()[..body.len() - 5],
    );
    assert_eq!((cut.bytes, cut.masked), (None, vec!["checksum".to_owned()]));
}

#[test]
fn the_credential_of_a_request_is_masked_in_the_answer_to_it() {
    let hex = "5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd";
    let base64 = "K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=";
    let checksum = format!(r#"{{"signature":{{"checksum":"{hex}"}}}}"#);
    let payload = format!("payload=%7B%22token%22%3A%22{hex}%22%7D");
    for (sender, name, value, body, credential) in [
        ("multicaja", "apikey", hex.to_owned(), "{}", hex),
        ("asaas", "asaas-access-token", hex.to_owned(), "{}", hex),
        (
            "dlocal",
            "authorization",
            format!("V2-HMAC-SHA256, Signature: {hex}"),
            "{}",
            hex,
        ),
        (
            "stripe",
            "stripe-signature",
            format!("t=1492774577,v1={hex}"),
            "{}",
            hex,
        ),
        (
            "standard-webhooks",
            "webhook-signature",
            format!("v1,{base64} v1a,x"),
            "{}",
            base64,
        ),
        ("wompi", "x-other", String::new(), &checksum, hex),
        ("slack", "x-other", String::new(), &payload, hex),
        (
            "slack",
            "x-other",
            String::new(),
            &format!("a=b&token={hex}"),
            hex,
        ),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        let sender = SENDERS.find(sender).unwrap();
        let credentials = sender.facts().credential_headers;
        let masks = masks(&sender.name).of_answer_to(&headers, body.as_bytes(), &credentials);
        let without_padding = credential.trim_end_matches('=');
        for page in [
            format!("<h1>DEBUG</h1><pre>{name}: {value} and {credential}</pre>"),
            format!(r#"{{"{name}":"{value}","b":"{credential}"}}"#),
            credential.to_uppercase(),
            credential.replace('/', "&#x2F;").replace('7', "&#55;"),
        ] {
            let kept = masks.body(&Bytes::from(page.clone()), &HeaderMap::new());
            let kept = String::from_utf8(kept.bytes.unwrap_or_default()).unwrap();
            assert!(
                !kept
                    .to_lowercase()
                    .contains(&without_padding.to_lowercase()),
                "{kept}"
            );
            assert!(!kept.contains("&#55;"), "{kept}");
        }
        // What the app says of its own stays.
        let own = r#"{"token":"checksum mismatch","of":"1492774577"}"#;
        let kept = masks.body(&Bytes::from(own), &HeaderMap::new()).bytes;
        assert_eq!(kept.unwrap(), own.as_bytes());
        assert_eq!(masks.text(&format!("id {without_padding}")), "id (masked)");
    }
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
        (
            "stripe",
            "/stripe/%733cr3t%2Fof+the%20app/x",
            "/stripe/(masked)/x",
        ),
        // Its slash is one of the path.
        (
            "stripe",
            "/stripe/s3cr3t/of+the%20app/x",
            "/stripe/(masked)",
        ),
        ("stripe", "/s3cr3t/of+the%20app/x", "/(masked)"),
        (
            "multicaja",
            "/multicaja/token_id/tok_9",
            "/multicaja/(masked)",
        ),
        (
            "multicaja",
            "/multicaja/token%5Fid=tok_9",
            "/multicaja/(masked)",
        ),
        ("multicaja", "/token_id/tok_9", "/(masked)"),
        (
            "mercadopago",
            "/mercadopago?data.id=token_id%3Dtok_9&id=s3cr3t/of%2bthe+app&type=%733cr3t/of%2bthe+app",
            "/mercadopago?data.id=(masked)&id=(masked)&type=(masked)",
        ),
    ] {
        assert_eq!(masks(sender).target(&target.parse().unwrap()), expected);
    }
}

#[test]
fn text_of_a_header_or_its_name_has_no_secret_and_no_card_token() {
    let masks = Masks::new(
        &Particulars::default(),
        Arc::new(Secrets::new([KEY, "TeleGram_Secret-AbCdEf12", "abc"])),
    );
    for (text, expected) in [
        ("curl/8.5.0", "curl/8.5.0"),
        (
            "application/json; charset=utf-8",
            "application/json; charset=utf-8",
        ),
        ("abcdef", "abcdef"),
        ("abc", "(masked)"),
        // As the name of a header.
        ("telegram_secret-abcdef12", "(masked)"),
        ("x s3cr3t/of+the app y", "x (masked) y"),
        ("x s3cr3t%2fof+the%20app y", "(masked)"),
        ("Basic czNjcjN0L29mK3RoZSBhcHA=", "(masked)"),
        (r#"{"token_id":"tok_9"}"#, "(masked)"),
        ("token_id=tok_9", "(masked)"),
    ] {
        assert_eq!(masks.text(text), expected);
    }
}

#[test]
fn a_body_with_more_than_any_sender_has_is_lost_and_not_masked_for_long() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let long = " ".repeat(1024 * 1024);
    for (content_type, body) in [
        ("", format!("[{}1]", r#"{"token_id":"1"},"#.repeat(2000))),
        (FORM, "token_id=1&".repeat(2000)),
        ("", format!(r#"{{"token_id":"1"}}{long}"#)),
        (FORM, format!("token_id=1&a={long}")),
    ] {
        let kept = masked("multicaja", content_type, body.as_bytes());
        assert_eq!(
            (kept.bytes, kept.masked),
            (None, vec!["token_id".to_owned()])
        );
    }
    let kept = masked("multicaja", FORM, long.as_bytes());
    assert_eq!(kept.bytes.unwrap(), long.as_bytes());
}

mod random {
    use percent_encoding::utf8_percent_encode;
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

    /// A card token with its name, and a secret.
    fn shape() -> impl Strategy<Value = String> {
        prop_oneof![
            Just(format!(r#"{{"a":1,"token_id":"{TOKEN}","b":"x {KEY}"}}"#)),
            Just(format!(
                r#"[{{"name":"token_id","value":"{TOKEN}"}},"{KEY}"]"#
            )),
            Just(format!("a=1&token_id={TOKEN}&b=s3cr3t%2Fof%2Bthe+app")),
            Just(format!("k=token_id&v={TOKEN}&s3cr3t/of%2Bthe+app=1")),
            Just(format!("<p id='token_id'>{TOKEN}</p>{KEY}")),
        ]
    }

    fn escaped(text: String, how: usize) -> String {
        let each = |escape: fn(char) -> String| text.chars().map(escape).collect();
        match how {
            0 => Value::from(text).to_string(),
            1 => Value::from(vec!["before", &text, "after"]).to_string(),
            2 => format!(
                "a=1&b={}",
                utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC)
            ),
            3 => each(|character| format!("&#x{:x};", u32::from(character))),
            _ => each(|character| format!("\\u{:04x}", u32::from(character))),
        }
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
        fn no_escapes_hide_a_card_token_or_a_secret(
            shape in shape(),
            is_base64: bool,
            escapes in prop::collection::vec(0_usize..5, 0..=3),
            is_utf_16: bool,
            content_type in prop_oneof![
                Just(""),
                Just("application/json"),
                Just("application/x-www-form-urlencoded"),
            ],
        ) {
            let inner = match is_base64 {
                true => base64::engine::general_purpose::STANDARD.encode(shape),
                false => shape,
            };
            let text = escapes.into_iter().fold(inner, escaped);
            let body: Vec<u8> = match is_utf_16 {
                true => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
                false => text.clone().into_bytes(),
            };
            let kept = masked("multicaja", content_type, &body).bytes.unwrap_or_default();
            for value in [TOKEN, KEY] {
                let needles = Needles::new(&readings(value));
                let mut is_found = false;
                let is_read = text::Reader::default().read(&kept, |layer| {
                    is_found |= needles.are_in(layer);
                });
                prop_assert!(is_read && !is_found, "{value} in {}", String::from_utf8_lossy(&kept));
            }
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
