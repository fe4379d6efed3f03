//! Each rule refuses with its message, in code and from a file.

use std::collections::BTreeSet;
use std::time::Duration;

use webhook_core::signing::{
    BodyFormat, Characters, Credential, Field, Form, Handshake, KeyEncoding, Scheme, SchemeBuilder,
    SchemeErrorKind as Kind, TimeField,
};

use crate::acme;

/// In the file, what precedes the keys of a row.
const SIGNED: &str =
    r#""algorithm":"hmac-sha256","credential":{"header":"x-signature","encoding":"hex"}"#;
const BODY: &str = r#""signs":"{body}""#;

/// A scheme, the same in a file (`""` if a file cannot say it), and the message.
type Row = (SchemeBuilder, String, &'static str);

fn body() -> SchemeBuilder {
    acme().signs("{body}")
}

fn token() -> SchemeBuilder {
    Scheme::builder("acme").token(Credential::header("x-token"))
}

fn hmac(credential: Credential) -> SchemeBuilder {
    Scheme::builder("acme")
        .hmac_sha256(credential)
        .signs("{body}")
}

fn file(rest: &str) -> String {
    format!("{{{SIGNED},{rest}}}")
}

/// The same with content.
fn body_file(rest: &str) -> String {
    format!("{{{SIGNED},{BODY},{rest}}}")
}

fn hmac_file(credential: &str) -> String {
    format!(r#"{{"algorithm":"hmac-sha256","credential":{{{credential}}},{BODY}}}"#)
}

fn token_file(rest: &str) -> String {
    format!(r#"{{"algorithm":"token","credential":{{"header":"x-token"}},{rest}}}"#)
}

fn unread(what: &str) -> &'static str {
    format!("`{what}` is set and nothing reads it; remove it").leak()
}

fn what_proves_it() -> Vec<Row> {
    let place = "a credential is in exactly one place; name a header, or `bearer`, or a parameter of the query";
    let not_in_header = "a signature is read from a header; name the header, or use a token";
    let separator = "the separator of the list occurs in the prefix, in the name of a pair, in what it separates, or as `=`; \
                     choose the one that the sender uses, and write names without spaces around them";
    let header = |name: &str| -> &'static str {
        format!("`{name}` is not the name of a header; write it in lowercase, without a colon")
            .leak()
    };
    let x = || Credential::header("x").hex();
    let mut rows = vec![
        (
            Scheme::builder("Acme"),
            String::new(),
            "give it a name of 1 to 32 lowercase letters, digits, `-` and `_`",
        ),
        (
            Scheme::builder("acme"),
            "{}".into(),
            "nothing says what proves a delivery; set an algorithm and where its credential is",
        ),
        (
            Scheme::builder("acme").token(Credential::default()),
            r#"{"algorithm":"token","credential":{}}"#.into(),
            place,
        ),
        (
            Scheme::builder("acme").token(Credential::query_which_logs_show("")),
            r#"{"algorithm":"token","credential":{"query-which-logs-show":""}}"#.into(),
            place,
        ),
        (
            hmac(Credential::default().hex()),
            hmac_file(r#""encoding":"hex""#),
            place,
        ),
        (
            hmac(Credential::bearer().hex()),
            hmac_file(r#""bearer":true,"encoding":"hex""#),
            not_in_header,
        ),
        (
            hmac(Credential::query_which_logs_show("s").hex()),
            hmac_file(r#""query-which-logs-show":"s","encoding":"hex""#),
            not_in_header,
        ),
        (
            hmac(Credential::header("x")),
            hmac_file(r#""header":"x""#),
            "nothing says how signatures are written; choose hex, base64 or base64url",
        ),
        (
            hmac(Credential::header("X:").hex()),
            hmac_file(r#""header":"X:","encoding":"hex""#),
            header("X:"),
        ),
        (
            body().keep_header("é"),
            body_file(r#""keep-headers":["é"]"#),
            header("é"),
        ),
        (
            (0..16).fold(body(), |scheme, n| scheme.keep_header(format!("x-{n}"))),
            String::new(),
            "it reads more than 16 headers; keep fewer",
        ),
    ];
    for (credential, keys) in [
        (x().pair(""), r#""pair":"""#),
        (x().pair("a=b"), r#""pair":"a=b""#),
        (x().pair("a,b"), r#""pair":"a,b""#),
        (x().pair(" v1"), r#""pair":" v1""#),
        (x().pair("v").list('='), r#""pair":"v","list":"=""#),
        (x().pair("v").list('a'), r#""pair":"v","list":"a""#),
        (x().list('0'), r#""list":"0""#),
        (x().list(',').prefix("v1,"), r#""list":",","prefix":"v1,""#),
    ] {
        let file = hmac_file(&format!(r#""header":"x","encoding":"hex",{keys}"#));
        rows.push((hmac(credential), file, separator));
    }
    for (time, list, keys) in [
        (
            TimeField::pair("a=b").seconds(),
            ',',
            r#""pair":"a=b","unit":"seconds""#,
        ),
        (
            TimeField::pair("t ").seconds(),
            ',',
            r#""pair":"t ","unit":"seconds""#,
        ),
        (
            TimeField::pair("t").rfc3339(),
            ':',
            r#""pair":"t","unit":"rfc3339""#,
        ),
    ] {
        rows.push((
            hmac(x().pair("v1").list(list)).time(time),
            format!(
                r#"{{"algorithm":"hmac-sha256","credential":{{"header":"x","encoding":"hex","pair":"v1","list":"{list}"}},{BODY},"time":{{{keys}}}}}"#
            ),
            separator,
        ));
    }
    let base64 = Credential::header("x").list('/').base64();
    rows.push((
        hmac(base64),
        hmac_file(r#""header":"x","encoding":"base64","list":"/""#),
        separator,
    ));
    rows
}

fn what_is_signed() -> Vec<Row> {
    let content = "nothing says what is signed; set `signs`, such as \"{time}.{body}\"";
    let template = |at: usize| -> &'static str {
        format!("`signs` cannot be read at byte {at}; parts are {{body}}, {{time}} and {{header:NAME}}, and a brace is written twice").leak()
    };
    let adjacent = |part: &str| -> &'static str {
        format!("{{{part}}} touches the next part, so characters can move between them under one signature; give it a length or its only value, or say `allow_adjacent_parts`").leak()
    };
    let follows = |part: &str| -> &'static str {
        format!("{{{part}}} follows the body, which may contain anything, so the end of the body can move into it; say which characters it has, without the one before it, or its length").leak()
    };
    let contains = |part: &str| -> &'static str {
        format!("{{{part}}} may contain the separator that ends it; give it other characters or a length").leak()
    };
    let another = |name: &str| -> &'static str {
        format!("the header {name} is a credential or the time; leave it out here, and write {{time}} for the time").leak()
    };
    let fits = |part: &str| -> &'static str {
        format!("no value of {{{part}}} has the form that was given to it, so every delivery would be refused; mend the form").leak()
    };
    let x_time = || TimeField::header("x-time").seconds();
    let time = r#""time":{"header":"x-time","unit":"seconds"}"#;
    let signs = |template: &str| format!(r#""signs":"{template}""#);
    let mut rows: Vec<Row> = vec![
        (acme(), format!("{{{SIGNED}}}"), content),
        (acme().signs(""), file(&signs("")), content),
        (
            acme().signs("v0").body_is_not_signed(),
            file(r#""signs":"v0","body-is-not-signed":true"#),
            content,
        ),
        (acme().signs("{bod}"), file(&signs("{bod}")), template(0)),
        (
            acme().signs("a}{body}"),
            file(&signs("a}{body}")),
            template(1),
        ),
        (
            acme().signs("{body}.{body}"),
            file(&signs("{body}.{body}")),
            "`signs` has {body} twice; write it once",
        ),
        (
            acme().signs("{header:X-A}.{header:x-a}.{body}"),
            file(&signs("{header:X-A}.{header:x-a}.{body}")),
            "`signs` has {header:x-a} twice; write it once",
        ),
        (
            acme().signs("{time}.{body}"),
            file(&signs("{time}.{body}")),
            "`signs` has {time}; say where the time is",
        ),
        (
            acme()
                .signs("{time}.{body}")
                .time(TimeField::body("at").seconds()),
            file(r#""signs":"{time}.{body}","time":{"body":"at","unit":"seconds"}"#),
            "`signs` has {time}, which is in the body; {body} covers it already, so leave it out",
        ),
        (
            acme().signs("{time}").time(x_time()),
            file(&format!(r#""signs":"{{time}}",{time}"#)),
            "the body is not signed, so anyone who has captured one delivery can send it with another body; add {body} to `signs`, or say `body_is_not_signed`",
        ),
        (
            acme().signs("{time}{body}").time(x_time()),
            file(&format!(r#""signs":"{{time}}{{body}}",{time}"#)),
            adjacent("time"),
        ),
        (
            acme()
                .signs("{header:a}{header:b}.{body}")
                .form_of("b", Form::default().length(2)),
            file(r#""signs":"{header:a}{header:b}.{body}","headers":{"b":{"length":2}}"#),
            adjacent("header:a"),
        ),
        (
            acme().signs("{body}{header:a}"),
            file(&signs("{body}{header:a}")),
            adjacent("header:a"),
        ),
        (
            acme()
                .signs("{header:a}-{body}")
                .form_of("a", Form::of(Characters::Word)),
            file(r#""signs":"{header:a}-{body}","headers":{"a":{"characters":"word"}}"#),
            contains("header:a"),
        ),
        (
            acme()
                .signs("{time}:{body}")
                .time(TimeField::header("x-time").rfc3339()),
            file(r#""signs":"{time}:{body}","time":{"header":"x-time","unit":"rfc3339"}"#),
            contains("time"),
        ),
        (
            acme().signs("{body}.{header:a}"),
            file(&signs("{body}.{header:a}")),
            follows("header:a"),
        ),
        (
            acme()
                .signs("{body}a{header:a}")
                .form_of("a", Form::of(Characters::Hex)),
            file(r#""signs":"{body}a{header:a}","headers":{"a":{"characters":"hex"}}"#),
            follows("header:a"),
        ),
        (
            acme().signs("{header:x-signature}.{body}"),
            file(&signs("{header:x-signature}.{body}")),
            another("x-signature"),
        ),
        (
            acme().signs("{header:x-time}.{body}").time(x_time()),
            file(&format!(r#""signs":"{{header:x-time}}.{{body}}",{time}"#)),
            another("x-time"),
        ),
        (
            acme()
                .signs("{time}.{body}")
                .time(TimeField::header("X-Signature").seconds()),
            file(r#""signs":"{time}.{body}","time":{"header":"X-Signature","unit":"seconds"}"#),
            another("X-Signature"),
        ),
        (
            acme().signs("{time}.{body}").time(x_time().length(0)),
            file(
                r#""signs":"{time}.{body}","time":{"header":"x-time","unit":"seconds","length":0}"#,
            ),
            fits("time"),
        ),
        (
            acme()
                .signs("{header:A}.{body}")
                .form_of("a", Form::default().length(1))
                .form_of("A", Form::exactly("me")),
            file(
                r#""signs":"{header:A}.{body}","headers":{"a":{"length":1},"A":{"exactly":"me"}}"#,
            ),
            unread("headers"),
        ),
        (
            body().form_of("x-a", Form::exactly("me")),
            body_file(r#""headers":{"x-a":{"exactly":"me"}}"#),
            unread("headers"),
        ),
        (
            body().allow_adjacent_parts(),
            body_file(r#""allow-adjacent-parts":true"#),
            unread("allow_adjacent_parts"),
        ),
        (
            body().body_is_not_signed(),
            body_file(r#""body-is-not-signed":true"#),
            unread("body_is_not_signed"),
        ),
    ];
    for (form, keys) in [
        (Form::exactly(""), r#"{"exactly":""}"#),
        (Form::exactly(" me"), r#"{"exactly":" me"}"#),
        (Form::exactly("a\nb"), r#"{"exactly":"a\nb"}"#),
        (
            Form::exactly("me").length(3),
            r#"{"exactly":"me","length":3}"#,
        ),
        (Form::default().length(0), r#"{"length":0}"#),
    ] {
        rows.push((
            acme().signs("{header:a}.{body}").form_of("a", form),
            file(&format!(
                r#""signs":"{{header:a}}.{{body}}","headers":{{"a":{keys}}}"#
            )),
            fits("header:a"),
        ));
    }
    for name in [
        "X-Signature",
        "authorization",
        "Cookie",
        "proxy-authorization",
    ] {
        for (scheme, key) in [
            (
                body().topic(Field::header(name)),
                format!(r#""topic":{{"header":"{name}"}}"#),
            ),
            (
                body().id(Field::header(name)),
                format!(r#""id":{{"header":"{name}"}}"#),
            ),
            (
                body().keep_header(name),
                format!(r#""keep-headers":["{name}"]"#),
            ),
        ] {
            rows.push((scheme, body_file(&key), another(name)));
        }
    }
    rows.push((
        token().id(Field::header("x-token")),
        token_file(r#""id":{"header":"x-token"}"#),
        another("x-token"),
    ));
    rows
}

fn what_it_says_of_time() -> Vec<Row> {
    let incomplete = "a time needs one place (a header, a pair, or a field of the body) and a unit";
    let not_signed = "the time is not signed, so anyone who repeats a delivery can change it, and a tolerance stops nobody; \
                      add {time} to `signs`, or remove the tolerance, or say `time_is_not_signed`";
    let x_time = || TimeField::header("x-time").seconds();
    let time = r#""time":{"header":"x-time","unit":"seconds"}"#;
    let minute = Duration::from_secs(60);
    let pairs = || hmac(Credential::header("x").pair("v1").hex());
    vec![
        (
            body().time(TimeField::header("x-time")),
            body_file(r#""time":{"header":"x-time"}"#),
            incomplete,
        ),
        (
            body().time(TimeField::default().seconds()),
            body_file(r#""time":{"unit":"seconds"}"#),
            incomplete,
        ),
        (
            pairs().time(TimeField::pair("v1").seconds()),
            String::new(),
            incomplete,
        ),
        (
            body().time(TimeField::pair("t").seconds()),
            body_file(r#""time":{"pair":"t","unit":"seconds"}"#),
            "the time is in a pair, and the credential has no pairs; name the signature's with `pair`",
        ),
        (
            body().time(x_time()).tolerance(minute),
            body_file(&format!(r#"{time},"tolerance":60"#)),
            not_signed,
        ),
        (
            token().time(x_time()).tolerance(minute),
            token_file(&format!(r#"{time},"tolerance":60"#)),
            not_signed,
        ),
        (
            token()
                .time(TimeField::body("at").seconds())
                .tolerance(minute),
            token_file(r#""time":{"body":"at","unit":"seconds"},"tolerance":60"#),
            not_signed,
        ),
        (
            body().tolerance(minute),
            body_file(r#""tolerance":60"#),
            "there is a tolerance and no time; say where the time is",
        ),
        (
            body().time(x_time()).time_is_not_signed(),
            body_file(&format!(r#"{time},"time-is-not-signed":true"#)),
            unread("time_is_not_signed"),
        ),
        (
            body().time(x_time()).any_time(),
            body_file(&format!(r#"{time},"any-time":true"#)),
            unread("any_time"),
        ),
        (
            body().time(x_time().length(10)),
            body_file(r#""time":{"header":"x-time","unit":"seconds","length":10}"#),
            unread("time.length"),
        ),
        (
            body().time(TimeField::body("at").seconds().length(10)),
            body_file(r#""time":{"body":"at","unit":"seconds","length":10}"#),
            unread("time.length"),
        ),
    ]
}

fn the_rest() -> Vec<Row> {
    let path = |keys: &str| -> &'static str {
        format!("`{keys}` is not a path in the body; write up to eight keys, joined with dots")
            .leak()
    };
    let empty = "a probe without a signature is empty, so every empty request would be one; say what the sender's has";
    let ed25519 = Scheme::builder("acme")
        .ed25519(Credential::header("x").hex())
        .signs("{body}");
    let ed25519_file = format!(
        r#"{{"algorithm":"ed25519","credential":{{"header":"x","encoding":"hex"}},{BODY}}}"#
    );
    let ed25519_says = match cfg!(feature = "ed25519") {
        true => "a public key is written in hex or base64; say which",
        false => "its algorithm needs the feature `ed25519` of the crate; turn it on",
    };
    let long = "x".repeat(65);
    let mut rows: Vec<Row> = vec![
        (ed25519, ed25519_file, ed25519_says),
        (
            body().topic(Field::body("")),
            body_file(r#""topic":{"body":""}"#),
            path(""),
        ),
        (
            body().id(Field::body("a..b")),
            body_file(r#""id":{"body":"a..b"}"#),
            path("a..b"),
        ),
        (
            body().id(Field::body("a.b.c.d.e.f.g.h.i")),
            body_file(r#""id":{"body":"a.b.c.d.e.f.g.h.i"}"#),
            path("a.b.c.d.e.f.g.h.i"),
        ),
        (
            body().body_limit(0),
            body_file(r#""body-limit":0"#),
            "the limit for bodies is zero; set how many bytes one may have",
        ),
        (
            body().key_prefix("whsec_"),
            body_file(r#""key-prefix":"whsec_""#),
            unread("key_prefix"),
        ),
        (
            body().keep_header("x-a").keep_header("X-A"),
            body_file(r#""keep-headers":["x-a","X-A"]"#),
            unread("keep_headers"),
        ),
        (
            body().body(BodyFormat::FormField(String::new())),
            body_file(r#""body":{"form-field":""}"#),
            unread("body"),
        ),
        (
            hmac(Credential::header("x").pair("v1").prefix("p").hex()),
            hmac_file(r#""header":"x","encoding":"hex","pair":"v1","prefix":"p""#),
            unread("credential.prefix"),
        ),
        (token().signs("{body}"), token_file(BODY), unread("signs")),
        (
            token().form_of("a", Form::exactly("b")),
            token_file(r#""headers":{"a":{"exactly":"b"}}"#),
            unread("headers"),
        ),
        (
            token().allow_adjacent_parts(),
            token_file(r#""allow-adjacent-parts":true"#),
            unread("allow_adjacent_parts"),
        ),
        (
            token().body_is_not_signed(),
            token_file(r#""body-is-not-signed":true"#),
            unread("body_is_not_signed"),
        ),
        (
            token().key(KeyEncoding::Hex),
            token_file(r#""key":"hex""#),
            unread("key"),
        ),
        (
            token().key_prefix("p"),
            token_file(r#""key-prefix":"p""#),
            unread("key_prefix"),
        ),
    ];
    for (credential, keys, what) in [
        (
            Credential::header("x").pair("v"),
            r#""header":"x","pair":"v""#,
            "pair",
        ),
        (
            Credential::header("x").list(','),
            r#""header":"x","list":",""#,
            "list",
        ),
        (
            Credential::header("x").hex(),
            r#""header":"x","encoding":"hex""#,
            "encoding",
        ),
        (
            Credential::bearer().prefix("p"),
            r#""bearer":true,"prefix":"p""#,
            "prefix",
        ),
        (
            Credential::query_which_logs_show("k").prefix("p"),
            r#""query-which-logs-show":"k","prefix":"p""#,
            "prefix",
        ),
    ] {
        rows.push((
            Scheme::builder("acme").token(credential),
            format!(r#"{{"algorithm":"token","credential":{{{keys}}}}}"#),
            unread(&format!("credential.{what}")),
        ));
    }
    for (handshake, keys, message) in [
        (
            Handshake::UnsignedProbe(String::new()),
            r#"{"unsigned-probe":""}"#.into(),
            empty,
        ),
        (
            Handshake::UnsignedForm(String::new()),
            r#"{"unsigned-form":""}"#.into(),
            empty,
        ),
        (
            Handshake::UnsignedProbe(" a".into()),
            r#"{"unsigned-probe":" a"}"#.into(),
            unread("handshakes"),
        ),
        (
            Handshake::UnsignedProbe(long.clone()),
            format!(r#"{{"unsigned-probe":"{long}"}}"#),
            unread("handshakes"),
        ),
        (
            Handshake::UnsignedForm("a=1&b".into()),
            r#"{"unsigned-form":"a=1&b"}"#.into(),
            unread("handshakes"),
        ),
        (
            Handshake::challenge("type", "", "challenge"),
            r#"{"challenge":{"field":"type","is":"","challenge":"challenge"}}"#.into(),
            unread("handshakes"),
        ),
        (
            Handshake::challenge("type", "a", "b."),
            r#"{"challenge":{"field":"type","is":"a","challenge":"b."}}"#.into(),
            path("b."),
        ),
        (
            Handshake::ping("", "0", 204),
            r#"{"ping":{"field":"","is":"0","status":204}}"#.into(),
            path(""),
        ),
        (
            Handshake::ping("type", "0", 204).without(".a"),
            r#"{"ping":{"field":"type","is":"0","without":".a","status":204}}"#.into(),
            path(".a"),
        ),
        (
            Handshake::ping("type", "ping", 200),
            r#"{"ping":{"field":"type","is":"ping","status":200}}"#.into(),
            "`ping` is not JSON; write text in quotes, such as \"ping\"",
        ),
        (
            Handshake::ping("type", "0", 200).with_body("{"),
            r#"{"ping":{"field":"type","is":"0","status":200,"body":"{"}}"#.into(),
            "`{` is not JSON; write text in quotes, such as \"ping\"",
        ),
        (
            Handshake::ping("type", "null", 200),
            r#"{"ping":{"field":"type","is":"null","status":200}}"#.into(),
            unread("handshakes"),
        ),
        (
            Handshake::ping("type", "0", 404),
            r#"{"ping":{"field":"type","is":"0","status":404}}"#.into(),
            unread("handshakes.status"),
        ),
    ] {
        let file = body_file(&format!(r#""handshakes":[{keys}]"#));
        rows.push((body().handshake(handshake), file, message));
    }
    rows.push((
        token().handshake(Handshake::UnsignedProbe("ping".into())),
        token_file(r#""handshakes":[{"unsigned-probe":"ping"}]"#),
        unread("handshakes"),
    ));
    rows
}

/// The name of a kind, without what it has in it.
fn name(kind: &Kind) -> String {
    let shown = format!("{kind:?}");
    shown.split('(').next().unwrap().to_owned()
}

#[test]
fn each_rule_refuses_with_its_message_in_code_and_from_a_file() {
    let mut reached = BTreeSet::new();
    let rows = [
        what_proves_it(),
        what_is_signed(),
        what_it_says_of_time(),
        the_rest(),
    ];
    for (builder, file, message) in rows.into_iter().flatten() {
        let Err(error) = builder.build() else {
            panic!("built, and {message}: {builder:?}")
        };
        let name_of_scheme = error.scheme().to_owned();
        assert_eq!(
            error.to_string(),
            format!("the scheme `{name_of_scheme}` cannot be used: {message}")
        );
        reached.insert(name(error.kind()));
        if !file.is_empty() {
            let read: SchemeBuilder =
                serde_json::from_str(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
            let of_file = read.named("acme").build().unwrap_err();
            assert_eq!(of_file.kind(), error.kind(), "{file}");
        }
    }
    let feature = match cfg!(feature = "ed25519") {
        true => "KeyEncoding",
        false => "Feature",
    };
    let all = [
        "Adjacent",
        "BodyLimit",
        "BodyNotSigned",
        "ContainsSeparator",
        "CredentialPlace",
        "EmptyProbe",
        "FollowsBody",
        "HeaderHasAnotherUse",
        "HeaderName",
        "IncompleteTime",
        feature,
        "Name",
        "NoContent",
        "NoCredential",
        "NoEncoding",
        "NoTime",
        "NotJson",
        "NothingFits",
        "Path",
        "RepeatedPart",
        "Separator",
        "SignatureNotInHeader",
        "Template",
        "TimeIsInBody",
        "TimeNotSigned",
        "TimeWithoutPairs",
        "ToleranceWithoutTime",
        "TooManyHeaders",
        "Unread",
    ];
    assert_eq!(reached, all.map(str::to_owned).into());
}

#[test]
fn a_file_with_an_unknown_key_is_an_error() {
    for file in [
        body_file(r#""allow_adjacent_parts":true"#),
        body_file(r#""name":"acme""#),
        hmac_file(r#""header":"x","encoding":"hex","colour":1"#),
        body_file(r#""time":{"header":"x","unit":"seconds","zone":"utc"}"#),
        file(r#""signs":"{header:a}.{body}","headers":{"a":{"chars":"hex"}}"#),
    ] {
        let read = serde_json::from_str::<SchemeBuilder>(&file);
        assert!(
            read.unwrap_err().to_string().contains("unknown field"),
            "{file}"
        );
    }
}
