//! Wompi: what the checksum proves, and what someone who has captured a delivery can make of it.

mod vectors;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use webhook_core::answer::Received;
use webhook_core::driver::Verifier;
use webhook_core::provider::Decoded;
use webhook_core::testing::{self, TestRequest};
use webhook_core::wompi::{
    Wompi, WompiEvent, WompiSubject, WompiToken, WompiTransaction, WompiUnauthenticated,
};
use webhook_core::{
    BodyErrorKind, Keyring, Provider, Rejection, RejectionClass, Secret, SecretsErrorKind,
};

const SECRET: &str = "prod_events_OcHnIzeBl5socpwByQ4hA52Em3USQ93Z";
const NOW: u64 = 1_530_291_411;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn verifier(now: u64) -> Verifier<Wompi> {
    Verifier::try_new(SECRET).unwrap().clock(move || at(now))
}

fn deliver(verifier: &Verifier<Wompi>, request: &TestRequest) -> Result<WompiEvent, Rejection> {
    match request.deliver(verifier) {
        Ok(accepted) => Ok(accepted.delivery.into_event()),
        Err(early) => Err(early.rejection.unwrap()),
    }
}

/// A body with this checksum in it, and no header.
fn body(text: impl Into<Bytes>) -> TestRequest {
    testing::unsigned("/wompi", text)
}

/// The checksum of the joined values, `timestamp` included.
fn checksum(joined: &str) -> String {
    hex::encode(Sha256::digest(format!("{joined}{SECRET}")))
}

/// A body whose parts are written as they are.
fn written(data: &str, properties: &str, timestamp: &str, joined: &str) -> TestRequest {
    body(format!(
        r#"{{"event":"e","data":{data},"environment":"prod","signature":{{"properties":{properties},"checksum":"{}"}},"timestamp":{timestamp},"sent_at":"s"}}"#,
        checksum(joined)
    ))
}

const LIST: &str = r#"["transaction.id","transaction.status","transaction.amount_in_cents"]"#;

fn transaction() -> Value {
    json!({
        "id": "1234-1610641025-49201",
        "status": "APPROVED",
        "amount_in_cents": 4_490_000,
        "reference": "MZQ3X2DE2SMX",
    })
}

#[test]
fn every_vector_is_judged_as_it_says() {
    let vectors = vectors::read(include_str!("vectors/wompi.json"));
    assert_eq!(vectors.len(), 5);
    for (index, vector) in vectors.iter().enumerate() {
        assert_eq!(vector.sender, "wompi");
        let now = vector.now;
        let verifier = Verifier::<Wompi>::try_new(&*vector.secret).unwrap();
        let judged = deliver(&verifier.clock(move || at(now)), &vector.request());
        assert_eq!(
            judged.is_ok(),
            vector.accepted,
            "vector {index}: {judged:?}"
        );
        if let Err(rejection) = judged {
            assert_eq!(rejection.class(), RejectionClass::Credential, "{index}");
        }
    }
}

#[test]
fn the_event_shows_what_is_proven_and_what_is_not() {
    let request = testing::wompi(&transaction(), at(NOW), SECRET);
    let mut unauthenticated = WompiUnauthenticated::new(json!({ "transaction": transaction() }));
    unauthenticated.event = Some("transaction.updated".into());
    unauthenticated.environment = Some("test".into());
    unauthenticated.sent_at = Some("2018-07-20T16:45:05.000Z".into());
    let subject = WompiTransaction::new("1234-1610641025-49201", "APPROVED", "4490000");
    assert_eq!(
        deliver(&verifier(NOW), &request),
        Ok(WompiEvent::new(
            WompiSubject::Transaction(subject),
            NOW,
            unauthenticated
        ))
    );
}

#[test]
fn numbers_count_as_they_are_written() {
    for amount in [
        "0",
        "1.0",
        "9007199254740993",
        "123456789012345678901234567890",
    ] {
        let data = format!(
            r#"{{"transaction":{{"id":"1-2","status":"VOIDED","amount_in_cents":{amount}}}}}"#
        );
        let request = written(
            &data,
            LIST,
            "1530291411",
            &format!("1-2VOIDED{amount}{NOW}"),
        );
        let event = deliver(&verifier(NOW), &request).unwrap();
        assert_eq!(event.transaction().unwrap().amount_in_cents, amount);
    }
}

#[test]
fn escapes_in_a_covered_value_count_as_what_they_spell() {
    let data = r#"{"transaction":{"\u0069d":"1\u002d2","status":"VOIDED","amount_in_cents":5}}"#;
    let request = written(data, LIST, "1530291411", &format!("1-2VOIDED5{NOW}"));
    let event = deliver(&verifier(NOW), &request).unwrap();
    assert_eq!(event.transaction().unwrap().id, "1-2");
    assert_eq!(event.unauthenticated.payload["transaction"]["id"], "1-2");
}

/// All of these join to the text of the captured delivery, so only their form gives them away.
#[test]
fn no_other_body_fits_a_captured_checksum() {
    let joined = format!("1234-49201APPROVED4490000{NOW}");
    let data = |fields: &str| format!(r#"{{"transaction":{{{fields}}}}}"#);
    let real = data(r#""id":"1234-49201","status":"APPROVED","amount_in_cents":4490000"#);
    let fits = |data: &str, list: &str, timestamp: &str| {
        // With any tolerance: the form alone must refuse it.
        let verifier = verifier(NOW).tolerance(Duration::MAX);
        deliver(&verifier, &written(data, list, timestamp, &joined))
    };
    assert!(fits(&real, LIST, "1530291411").is_ok());

    let list = |list: &str| {
        let paths: Vec<_> = list.split(' ').collect();
        serde_json::to_string(&paths).unwrap()
    };
    let three = "transaction.id transaction.status transaction.amount_in_cents";
    let shifted = [
        // Between amount and timestamp.
        (data(r#""id":"1234-49201","status":"APPROVED","amount_in_cents":44900001"#), list(three), "530291411"),
        (data(r#""id":"1234-49201","status":"APPROVED","amount_in_cents":449000"#), list(three), "01530291411"),
        (data(r#""id":"1234-49201","status":"APPROVED","amount_in_cents":449"#), list(three), "00001530291411"),
        (data(r#""id":"1234-49201","status":"APPROVED","amount_in_cents":449000"#), list(three), "\"01530291411\""),
        // Between id and status, and between status and amount.
        (data(r#""id":"1234-4920","status":"1APPROVED","amount_in_cents":4490000"#), list(three), "1530291411"),
        (data(r#""id":"1234-49201A","status":"PPROVED","amount_in_cents":4490000"#), list(three), "1530291411"),
        (data(r#""id":"1234-49201","status":"APPROVED4","amount_in_cents":490000"#), list(three), "1530291411"),
        (data(r#""id":"1234-49201APPROVED","status":"","amount_in_cents":4490000"#), list(three), "1530291411"),
        (data(r#""id":"","status":"1234-49201APPROVED","amount_in_cents":4490000"#), list(three), "1530291411"),
        // A string that reads like a number is no amount.
        (data(r#""id":"1234-49201","status":"APPROVED","amount_in_cents":"4490000""#), list(three), "1530291411"),
        // Another order, with ids to match.
        (data(r#""id":"-49201","status":"APPROVED4490000","amount_in_cents":1234"#),
         list("transaction.amount_in_cents transaction.id transaction.status"), "1530291411"),
        // Further properties take a part of what was the amount, or stand in for others.
        (data(r#""id":"1234-49201","status":"APPROVED","amount_in_cents":449,"x":"0000""#), list(&format!("{three} transaction.x")), "1530291411"),
        (data(r#""id":"1234-49201","status":"APPROVED","amount_in_cents":449,"x":".0000""#), list(&format!("{three} transaction.x")), "1530291411"),
        (data(r#""id":"1234-49201","status":"APPROVED","amount_in_cents":4490000,"x":"""#), list(&format!("{three} transaction.x")), "1530291411"),
        (data(r#""id":"1234-49201","status":"APPROVED","amount_in_cents":4490000,"x":null"#), list(&format!("{three} transaction.x")), "1530291411"),
        (data(r#""id":"1234-49201","status":"APPROVED","amount_in_cents":1,"x":4490000"#),
         list("transaction.id transaction.status transaction.x"), "1530291411"),
        (data(r#""x":"1234-49201","id":"9","status":"APPROVED","amount_in_cents":4490000"#),
         list("transaction.x transaction.status transaction.amount_in_cents"), "1530291411"),
        (r#"{"transaction":{"id":"9","status":"DECLINED","amount_in_cents":1},"x":"1234-49201APPROVED4490000"}"#.into(), list("x"), "1530291411"),
        // Nothing is named, and all is in the timestamp.
        (r#"{"transaction":{"id":"9","status":"DECLINED","amount_in_cents":1}}"#.into(), "[]".into(), "1530291411"),
        // The list itself.
        (real.clone(), list(&format!("{three} {three}")), "1530291411"),
        (real.clone(), list(&format!("{three} transaction")), "1530291411"),
        (real.clone(), list("transaction/id transaction/status transaction/amount_in_cents"), "1530291411"),
        (real.clone(), list("data.transaction.id transaction.status transaction.amount_in_cents"), "1530291411"),
        (real.clone(), LIST.replace("amount_in_cents", "amount_in_cents.0"), "1530291411"),
        (real.clone(), r#""transaction.id""#.into(), "1530291411"),
        (real.clone(), "null".into(), "1530291411"),
        (real.clone(), r#"{"0":"transaction.id"}"#.into(), "1530291411"),
        (real.clone(), r#"["transaction.id","transaction.status",1]"#.into(), "1530291411"),
        // The timestamp.
        (real.clone(), LIST.into(), "\"1530291411\""),
        (real.clone(), LIST.into(), "1530291411.0"),
        (real.clone(), LIST.into(), "null"),
        // Lists, objects, and values in an array.
        (data(r#""id":["1234-49201"],"status":"APPROVED","amount_in_cents":4490000"#), list(three), "1530291411"),
        (r#"{"transaction":[{"id":"1234-49201","status":"APPROVED","amount_in_cents":4490000}]}"#.into(),
         list("transaction.0.id transaction.0.status transaction.0.amount_in_cents"), "1530291411"),
        // Another object beside the transaction, which could vouch for it.
        (r#"{"transaction":{"id":"9","status":"APPROVED","amount_in_cents":1},"nequi_token":{"id":"1234-49201","status":"APPROVED","phone_number":"4490000"}}"#.into(),
         list("nequi_token.id nequi_token.status nequi_token.phone_number"), "1530291411"),
        // A transaction as a token.
        (r#"{"nequi_token":{"id":"1234-49201","status":"APPROVED","phone_number":"4490000"}}"#.into(),
         list("nequi_token.id nequi_token.status nequi_token.phone_number"), "1530291411"),
        // A kind of event that is not known.
        (r#"{"payout":{"id":"1234-49201","status":"APPROVED","amount_in_cents":4490000}}"#.into(),
         list("payout.id payout.status payout.amount_in_cents"), "1530291411"),
    ];
    for (data, list, timestamp) in shifted {
        let judged = fits(&data, &list, timestamp);
        let class = judged.as_ref().map_err(Rejection::class).err();
        assert!(
            matches!(
                class,
                Some(RejectionClass::Credential | RejectionClass::Body)
            ),
            "{data} {list} {timestamp}: {judged:?}"
        );
        // Not by its digest, which fits.
        assert_ne!(judged, Err(Rejection::CredentialMismatch));
    }
}

#[test]
fn what_occurs_twice_is_refused_wherever_one_reader_could_see_the_other() {
    let joined = format!("1-2VOIDED5{NOW}");
    let transaction = r#"{"id":"1-2","status":"VOIDED","amount_in_cents":5}"#;
    for data in [
        r#"{"transaction":{"id":"1-2","id":"9","status":"VOIDED","amount_in_cents":5}}"#.to_owned(),
        r#"{"transaction":{"id":"1-2","status":"VOIDED","amount_in_cents":5,"\u0073tatus":"APPROVED"}}"#.to_owned(),
        r#"{"transaction":{"id":"1-2","status":"VOIDED","amount_in_cents":5,"amount_in_cents":5}}"#.to_owned(),
        format!(r#"{{"transaction":{transaction},"transaction":{{}}}}"#),
    ] {
        let request = written(&data, LIST, "1530291411", &joined);
        let rejection = deliver(&verifier(NOW), &request).unwrap_err();
        assert!(
            matches!(&rejection, Rejection::Body(error) if matches!(error.kind, BodyErrorKind::RepeatedField(_))),
            "{data}: {rejection:?}"
        );
    }
    let sound = written(
        &format!(r#"{{"transaction":{transaction}}}"#),
        LIST,
        "1530291411",
        &joined,
    );
    let sound = String::from_utf8(sound.body.to_vec()).unwrap();
    assert!(deliver(&verifier(NOW), &body(sound.clone())).is_ok());
    for (name, more) in [
        ("data", r#""data":{}"#),
        ("signature", r#""signature":{}"#),
        ("timestamp", r#""timestamp":1530291411"#),
        ("event", r#""\u0065vent":"x""#),
        ("environment", r#""environment":"test""#),
        ("sent_at", r#""sent_at":"x""#),
    ] {
        let text = sound.replacen('{', &format!("{{{more},"), 1);
        let rejection = deliver(&verifier(NOW), &body(text)).unwrap_err();
        assert_eq!(
            rejection,
            Rejection::Body(BodyErrorKind::RepeatedField(name).into())
        );
    }
    for more in [r#""checksum":"00""#, r#""properties":[]"#] {
        let text = sound.replacen(r#""signature":{"#, &format!(r#""signature":{{{more},"#), 1);
        let rejection = deliver(&verifier(NOW), &body(text)).unwrap_err();
        assert_eq!(rejection.class(), RejectionClass::Body, "{more}");
    }
    // A further property whose value is there twice.
    let data = r#"{"transaction":{"id":"1-2","status":"VOIDED","amount_in_cents":5,"currency":"COP","currency":"USD"}}"#;
    let list = LIST.replace(']', r#","transaction.currency"]"#);
    let request = written(data, &list, "1530291411", &format!("1-2VOIDED5COP{NOW}"));
    assert_eq!(
        deliver(&verifier(NOW), &request),
        Err(Rejection::CredentialMalformed)
    );
}

#[test]
fn one_object_cannot_vouch_for_another_beside_it() {
    let paid = r#""transaction":{"id":"1-2","status":"APPROVED","amount_in_cents":5}"#;
    let token = r#""nequi_token":{"id":"nequi_a","status":"APPROVED"}"#;
    let tokens = r#"["nequi_token.id","nequi_token.status"]"#;
    for (list, joined, other) in [
        (LIST, format!("1-2APPROVED5{NOW}"), token),
        (tokens, format!("nequi_aAPPROVED{NOW}"), paid),
        (
            LIST,
            format!("1-2APPROVED5{NOW}"),
            r#""bancolombia_transfer_token":{}"#,
        ),
    ] {
        let own = if list == LIST { paid } else { token };
        let alone = written(&format!("{{{own}}}"), list, "1530291411", &joined);
        assert!(deliver(&verifier(NOW), &alone).is_ok(), "{own}");
        let both = written(&format!("{{{own},{other}}}"), list, "1530291411", &joined);
        let judged = deliver(&verifier(NOW), &both);
        assert_eq!(judged, Err(Rejection::CredentialMalformed), "{own} {other}");
        // An object that is null is none.
        let name = other.split_once(':').unwrap().0;
        let none = format!("{{{own},{name}:null}}");
        let none = written(&none, list, "1530291411", &joined);
        assert!(deliver(&verifier(NOW), &none).is_ok(), "{own} {other}");
    }
}

#[test]
fn a_list_has_at_most_16_properties_and_each_once() {
    let judge = |more: &[String]| {
        let mut paid = transaction();
        for name in more {
            paid[name] = "x".into();
        }
        let mut paths = vec![
            "transaction.id".to_owned(),
            "transaction.status".to_owned(),
            "transaction.amount_in_cents".to_owned(),
        ];
        paths.extend(more.iter().map(|name| format!("transaction.{name}")));
        let paths: Vec<_> = paths.iter().map(String::as_str).collect();
        let data = json!({ "transaction": paid });
        let request = testing::wompi_event("e", &data, &paths, at(NOW), SECRET);
        deliver(&verifier(NOW), &request).map(|_| ())
    };
    let names: Vec<_> = (0..14).map(|n| format!("f{n}")).collect();
    assert_eq!(judge(&names[..13]), Ok(()));
    assert_eq!(judge(&names), Err(Rejection::CredentialMalformed));
    let twice = ["f".to_owned(), "f".to_owned()];
    assert_eq!(judge(&twice), Err(Rejection::CredentialMalformed));
}

#[test]
fn further_properties_are_hashed_and_prove_nothing() {
    let mut paid = transaction();
    paid["currency"] = "COP".into();
    paid["payment_method"] = json!({ "installments": 12 });
    let paths = [
        "transaction.id",
        "transaction.status",
        "transaction.amount_in_cents",
        "transaction.currency",
        "transaction.payment_method.installments",
    ];
    let data = json!({ "transaction": paid });
    let request = testing::wompi_event("transaction.updated", &data, &paths, at(NOW), SECRET);
    let event = deliver(&verifier(NOW), &request).unwrap();
    let expected = WompiTransaction::new("1234-1610641025-49201", "APPROVED", "4490000");
    assert_eq!(event.transaction(), Some(&expected));

    // The same text with fewer properties is another one.
    let fewer = String::from_utf8(request.body.to_vec()).unwrap();
    let fewer = fewer.replace(r#","transaction.payment_method.installments""#, "");
    let refused = deliver(&verifier(NOW), &body(fewer));
    assert_eq!(refused, Err(Rejection::CredentialMismatch));
}

#[test]
fn events_about_tokens_prove_id_and_status() {
    // A request that an integrator has published.
    let published = json!({
        "nequi_token": {
            "id": "nequi_test_SwsdbQLWpZLovYKv4EvxbSI7A1G8VPR3",
            "status": "APPROVED",
            "phone_number": "3991111111",
        }
    });
    let paths = [
        "nequi_token.id",
        "nequi_token.status",
        "nequi_token.phone_number",
    ];
    let request = testing::wompi_event("nequi_token.updated", &published, &paths, at(NOW), SECRET);
    let event = deliver(&verifier(NOW), &request).unwrap();
    let token = WompiToken::new("nequi_test_SwsdbQLWpZLovYKv4EvxbSI7A1G8VPR3", "APPROVED");
    assert_eq!(event.subject, WompiSubject::Token(token));
    assert_eq!(event.transaction(), None);

    let bancolombia =
        json!({ "bancolombia_transfer_token": { "id": "b_1", "status": "DECLINED" } });
    let paths = [
        "bancolombia_transfer_token.id",
        "bancolombia_transfer_token.status",
    ];
    let event = testing::wompi_event("e", &bancolombia, &paths, at(NOW), SECRET);
    assert!(deliver(&verifier(NOW), &event).is_ok());

    // The same text, split elsewhere.
    let joined = format!("nequi_test_SwsdbQLWAPPROVED3991111111{NOW}");
    for fields in [
        r#""id":"nequi_test_SwsdbQL","status":"WAPPROVED","phone_number":"3991111111""#,
        r#""id":"nequi_test_SwsdbQLWAPPRO","status":"VED","phone_number":"3991111111""#,
        r#""id":"nequi_test_SwsdbQLWAPPROVED","status":"3991111111","phone_number":"x""#,
    ] {
        let data = format!(r#"{{"nequi_token":{{{fields}}}}}"#);
        let list = r#"["nequi_token.id","nequi_token.status","nequi_token.phone_number"]"#;
        let judged = deliver(&verifier(NOW), &written(&data, list, "1530291411", &joined));
        assert_eq!(judged, Err(Rejection::CredentialMalformed), "{fields}");
    }
    // Two known statuses in one text: it could be read in two ways.
    let data = r#"{"nequi_token":{"id":"nequi_a","status":"APPROVED","x":"bDECLINED"}}"#;
    let list = r#"["nequi_token.id","nequi_token.status","nequi_token.x"]"#;
    let request = written(
        data,
        list,
        "1530291411",
        &format!("nequi_aAPPROVEDbDECLINED{NOW}"),
    );
    assert_eq!(
        deliver(&verifier(NOW), &request),
        Err(Rejection::CredentialMalformed)
    );
}

#[test]
fn header_and_body_must_both_match() {
    let request = testing::wompi(&transaction(), at(NOW), SECRET);
    let sent = request.headers["x-event-checksum"].clone();

    let mut without = request.clone();
    without.headers.remove("x-event-checksum");
    assert!(deliver(&verifier(NOW), &without).is_ok());

    for (header, expected) in [
        ("0".repeat(64), Rejection::CredentialMismatch),
        (String::new(), Rejection::CredentialMalformed),
        ("0".repeat(62), Rejection::CredentialMalformed),
        ("g".repeat(64), Rejection::CredentialMalformed),
    ] {
        let mut other = request.clone();
        other
            .headers
            .insert("x-event-checksum", header.parse().unwrap());
        assert_eq!(deliver(&verifier(NOW), &other), Err(expected), "{header}");
    }

    // A wrong checksum in the body does not pass with the right one in the header.
    let text = String::from_utf8(request.body.to_vec()).unwrap();
    let mut other = request.clone();
    other.body = text.replace(sent.to_str().unwrap(), &"0".repeat(64)).into();
    assert_eq!(
        deliver(&verifier(NOW), &other),
        Err(Rejection::CredentialMismatch)
    );

    // Before the body is read.
    let mut twice = request.clone();
    twice.headers.append("x-event-checksum", sent);
    let refused = verifier(NOW).begin(&twice.head()).unwrap_err();
    assert_eq!(refused.rejection, Some(Rejection::CredentialRepeated));
    assert_eq!(refused.reply.status, 401);
}

#[test]
fn a_body_without_a_proof_is_refused_as_one_without_a_credential() {
    for (text, expected) in [
        (
            r#"{"data":{},"timestamp":1530291411}"#,
            Rejection::CredentialMissing,
        ),
        (
            r#"{"signature":{"properties":[]}}"#,
            Rejection::CredentialMissing,
        ),
        (
            r#"{"signature":{"checksum":null,"properties":[]}}"#,
            Rejection::CredentialMissing,
        ),
        (
            r#"{"signature":{"checksum":"00","properties":[]}}"#,
            Rejection::CredentialMalformed,
        ),
        (
            r#"{"signature":{"checksum":5,"properties":[]}}"#,
            Rejection::CredentialMalformed,
        ),
        ("[]", Rejection::Body(BodyErrorKind::NotAnObject.into())),
        ("", Rejection::Body(BodyErrorKind::NotAnObject.into())),
        (
            r#"{"signature":[]}"#,
            Rejection::Body(BodyErrorKind::NotAnObject.into()),
        ),
    ] {
        assert_eq!(
            deliver(&verifier(NOW), &body(text)),
            Err(expected),
            "{text}"
        );
    }
    let deep = format!(r#"{{"data":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    let expected = Rejection::Body(BodyErrorKind::TooDeep("data").into());
    assert_eq!(deliver(&verifier(NOW), &body(deep)), Err(expected));
    let many = serde_json::to_string(&vec!["x"; 2000]).unwrap();
    let request = written(r#"{"transaction":{}}"#, &many, "1530291411", "");
    assert_eq!(
        deliver(&verifier(NOW), &request),
        Err(Rejection::CredentialMalformed)
    );
}

#[test]
fn the_time_is_judged_once_the_checksum_matched() {
    const DAY: u64 = 24 * 60 * 60;
    let request = testing::wompi(&transaction(), at(NOW), SECRET);
    for (now, within, passes) in [
        (NOW + 30 * DAY, None, true),
        (NOW + 30 * DAY + 1, None, false),
        (NOW - 30 * DAY - 1, None, false),
        (NOW + 60, Some(60), true),
        (NOW + 61, Some(60), false),
    ] {
        let mut verifier = verifier(now);
        if let Some(seconds) = within {
            verifier = verifier.tolerance(Duration::from_secs(seconds));
        }
        let judged = deliver(&verifier, &request);
        match passes {
            true => assert!(judged.is_ok(), "{now}"),
            false => assert_eq!(judged, Err(Rejection::TimestampOutsideTolerance), "{now}"),
        }
    }
    // A stranger does not learn of the clock.
    let forged = testing::wompi(&transaction(), at(NOW), "guessed");
    let judged = deliver(&verifier(NOW + 60 * DAY), &forged);
    assert_eq!(judged, Err(Rejection::CredentialMismatch));
}

#[test]
fn secrets_rotate_and_others_are_refused_by_name() {
    let secrets: Keyring<_> = Keyring::new([("prod", SECRET)]).unwrap();
    let verifier = Verifier::new(<Wompi as webhook_core::FromSecrets>::from_keyring(
        secrets.clone(),
    ))
    .clock(|| at(NOW));
    let new = testing::wompi(&transaction(), at(NOW), "test_events_new");
    assert_eq!(deliver(&verifier, &new), Err(Rejection::CredentialMismatch));
    secrets.add([("test", "test_events_new")]).unwrap();
    let accepted = new.deliver(&verifier).unwrap();
    assert_eq!(accepted.delivery.label().unwrap(), &"test");
    secrets.remove(SECRET).unwrap();
    let old = testing::wompi(&transaction(), at(NOW), SECRET);
    assert_eq!(deliver(&verifier, &old), Err(Rejection::CredentialMismatch));

    for other in [
        "prv_prod_x",
        "pub_test_x",
        "prod_integrity_x",
        "test_integrity_x",
    ] {
        let error = Verifier::<Wompi>::try_new(other).unwrap_err();
        assert!(matches!(
            error.kind(),
            SecretsErrorKind::OtherCredential { .. }
        ));
        let message = error.to_string();
        assert!(message.contains("set the events secret"), "{message}");
        assert!(!message.contains("_x"), "{message}");
        assert!(Verifier::<Wompi>::try_new(Secret::raw(other).unwrap()).is_ok());
    }
    let many: Vec<_> = (0..17).map(|n| format!("prod_events_{n}")).collect();
    let error = Verifier::<Wompi>::try_new(many).unwrap_err();
    assert_eq!(error.kind(), SecretsErrorKind::TooMany { limit: 16 });
}

#[test]
fn facts_decode_later_without_secret_and_clock_and_hold_no_credential() {
    let request = testing::wompi(&transaction(), at(NOW), SECRET);
    let verifier = verifier(NOW);
    let event = deliver(&verifier, &request).unwrap();
    let provider = verifier.provider();
    let claim = provider.inspect(&request.head()).unwrap();
    let authentic = provider.authenticate(claim, &request.body).unwrap();
    let stored = serde_json::to_string(authentic.facts()).unwrap();
    assert_eq!(
        stored,
        r#"{"timestamp":1530291411,"subject":{"transaction":{"id":"1234-1610641025-49201","status":"APPROVED","amount_in_cents":"4490000"}}}"#
    );
    let later = stored.replacen('{', r#"{"later":1,"#, 1);
    for stored in [stored, later] {
        let mut facts = serde_json::from_str(&stored).unwrap();
        let Decoded::Event(again) = provider.decode(&mut facts, &request.body).unwrap() else {
            panic!("no event");
        };
        assert_eq!(again, event);
    }
    // Without its facts, a body proves nothing.
    for stored in ["{}", r#"{"timestamp":1530291411}"#, r#"{"subject":null}"#] {
        let mut facts = serde_json::from_str(stored).unwrap();
        let error = provider.decode(&mut facts, &request.body).unwrap_err();
        assert_eq!(error.kind, BodyErrorKind::MissingField("subject"));
    }
}

#[test]
fn damaged_text_that_is_not_covered_is_repaired() {
    let request = testing::wompi(&transaction(), at(NOW), SECRET);
    let text = String::from_utf8(request.body.to_vec()).unwrap();
    let (before, after) = text.split_once("MZQ3X2DE2SMX").unwrap();
    let damaged = [
        b"\xEF\xBB\xBF",
        before.as_bytes(),
        b"Mu\xF1oz\\ud83d",
        after.as_bytes(),
    ]
    .concat();
    let event = deliver(&verifier(NOW), &body(damaged)).unwrap();
    let reference = &event.unauthenticated.payload["transaction"]["reference"];
    assert_eq!(reference, "Mu\u{fffd}oz\u{fffd}");
    // What is covered must be as it was signed.
    let damaged = text.replace("APPROVED", "APPROVE\\ud83d");
    let judged = deliver(&verifier(NOW), &body(damaged));
    assert_eq!(judged, Err(Rejection::CredentialMalformed));
}

#[test]
fn the_timing_is_the_documented_one() {
    let timing = Wompi::<Value>::TIMING;
    assert_eq!(timing.horizon(), Some(Duration::from_secs(24 * 60 * 60)));
    assert_eq!(timing.longest_wait(), None);
    assert!(matches!(timing.received, Received::Only([status]) if *status == 200));
}

fn id() -> impl Strategy<Value = String> {
    "[0-9]{1,8}-[0-9]{10}-[0-9a-z]{1,6}"
}

fn status() -> impl Strategy<Value = String> {
    "[A-Z][A-Z_]{0,12}"
}

proptest! {
    #[test]
    fn what_is_signed_is_accepted_and_any_change_of_it_is_refused(
        id in id(),
        status in status(),
        amount in any::<u64>(),
        seconds in 1_000_000_000_u64..9_999_999_999,
        reference in ".{0,20}",
        other_id in id(),
        other_status in status(),
        other_amount in any::<u64>(),
    ) {
        let signed = json!({ "id": id, "status": status, "amount_in_cents": amount, "reference": reference });
        let request = testing::wompi(&signed, at(seconds), SECRET);
        let event = deliver(&verifier(seconds), &request).unwrap();
        let expected = WompiTransaction::new(&*id, &*status, amount.to_string());
        prop_assert_eq!(event.transaction(), Some(&expected));

        let change = |name: &str, value: Value| {
            let mut whole: Value = serde_json::from_slice(&request.body).unwrap();
            whole["data"]["transaction"][name] = value;
            let mut changed = request.clone();
            changed.body = whole.to_string().into();
            deliver(&verifier(seconds), &changed)
        };
        for (name, value) in [
            ("id", json!(other_id)),
            ("status", json!(other_status)),
            ("amount_in_cents", json!(other_amount)),
        ] {
            if signed[name] != value {
                prop_assert_eq!(change(name, value), Err(Rejection::CredentialMismatch));
            }
        }
        // What is not covered changes nothing else.
        let changed = change("reference", json!("x")).unwrap();
        prop_assert_eq!(changed.subject, event.subject);
        prop_assert_eq!(changed.timestamp, event.timestamp);
        prop_assert_eq!(&changed.unauthenticated.payload["transaction"]["reference"], "x");
    }
}

/// Every way to cut a captured text into values, with every list of three or four: what passes says what was signed.
#[test]
fn a_text_is_read_in_one_way_only() {
    for (id, status, amount, more) in [
        ("1-2", "OK", "450", ""),
        ("12", "O_K", "45", ""),
        ("1-2", "OK", "4.0", ""),
        ("1-2", "OK", "45", "Ab1"),
        ("1-2a", "OK", "4", "-1"),
    ] {
        let joined = format!("{id}{status}{amount}{more}{NOW}");
        let digest = checksum(&joined);
        let verifier = verifier(NOW).tolerance(Duration::MAX);
        let end = joined.len();
        let mut passed = 0;
        for (a, b, c, d) in (0..=end).flat_map(|a| {
            (a..=end).flat_map(move |b| {
                (b..=end).flat_map(move |c| (c..=end).map(move |d| (a, b, c, d)))
            })
        }) {
            let more = match c == d {
                true => "",
                false => r#","transaction.more""#,
            };
            // In the smallest body, since there are many.
            let text = format!(
                r#"{{"data":{{"transaction":{{"id":"{}","status":"{}","amount_in_cents":{},"more":"{}"}}}},"signature":{{"properties":["transaction.id","transaction.status","transaction.amount_in_cents"{more}],"checksum":"{digest}"}},"timestamp":{}}}"#,
                &joined[..a],
                &joined[a..b],
                &joined[b..c],
                &joined[c..d],
                &joined[d..],
            );
            let Ok(event) = deliver(&verifier, &body(text)) else {
                continue;
            };
            let expected = WompiTransaction::new(id, status, amount);
            assert_eq!(event.transaction(), Some(&expected), "{joined}");
            assert_eq!(event.timestamp, NOW);
            passed += 1;
        }
        assert_eq!(passed, 1, "{joined}");
    }
}
