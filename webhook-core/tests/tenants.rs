//! Secrets that are chosen by the tenant that a request names.

use std::time::SystemTime;

use http::HeaderValue;
use webhook_core::driver::Verifier;
use webhook_core::http::HeaderName;
use webhook_core::multicaja::{Multicaja, MulticajaEvent, Order};
use webhook_core::stripe::Stripe;
use webhook_core::testing::{self, TestRequest};
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::{FromSecrets, Head, Rejection, SecretsErrorKind};

static TENANT: HeaderName = HeaderName::from_static("x-tenant");

/// `/stripe/{tenant}`, or the header `x-tenant`.
fn tenant_of<'a>(head: &Head<'a>) -> Option<&'a str> {
    match head.path().strip_prefix("/of/") {
        Some(tenant) => Some(tenant),
        None => head.header(&TENANT).text().ok(),
    }
}

fn verifier<P: FromSecrets>() -> Verifier<P> {
    Verifier::for_tenants(
        [("north", "whsec_north"), ("south", "whsec_south")],
        tenant_of,
    )
    .unwrap()
}

fn on(path: &str, mut request: TestRequest) -> TestRequest {
    request.uri = path.parse().unwrap();
    request
}

fn with(tenants: &[&'static str], mut request: TestRequest) -> TestRequest {
    for tenant in tenants {
        request
            .headers
            .append(&TENANT, HeaderValue::from_static(tenant));
    }
    request
}

/// The label that matched, or what is answered.
fn outcome<P: FromSecrets>(
    verifier: &Verifier<P>,
    request: &TestRequest,
) -> Result<String, (Rejection, u16, Vec<u8>)> {
    match request.deliver(verifier) {
        Ok(accepted) => Ok(accepted.delivery.label().unwrap().to_string()),
        Err(answered) => Err((
            answered.rejection.unwrap(),
            answered.reply.status.as_u16(),
            answered.reply.body.to_vec(),
        )),
    }
}

fn assert_tenants_are_kept_apart<P: FromSecrets>(sign: impl Fn(&str) -> TestRequest) {
    let verifier = verifier::<P>();
    let north = || sign("whsec_north");
    assert_eq!(
        outcome(&verifier, &on("/of/north", north())),
        Ok("north".into())
    );
    assert_eq!(
        outcome(&verifier, &with(&["north"], north())),
        Ok("north".into())
    );

    // Refused, all alike, and as a signature under no secret at all is.
    let mismatch = outcome(&verifier, &on("/of/north", sign("whsec_nobody")));
    assert!(matches!(mismatch, Err((Rejection::CredentialMismatch, ..))));
    for (case, request) in [
        ("another tenant", on("/of/south", north())),
        ("an unknown tenant", on("/of/east", north())),
        ("no label at all", on("/of/a%20b", north())),
        ("an empty name", on("/of/", north())),
        ("no name", north()),
        ("two names", with(&["north", "north"], north())),
        ("two tenants", with(&["north", "south"], north())),
    ] {
        assert_eq!(outcome(&verifier, &request), mismatch, "{case}");
    }
}

#[test]
fn a_delivery_opens_only_under_the_tenant_that_it_names() {
    assert_tenants_are_kept_apart::<Stripe>(|secret| {
        testing::stripe(SystemTime::now(), "{}", secret)
    });
    assert_tenants_are_kept_apart::<TusFacturas>(|secret| {
        testing::tusfacturas_body(r#"{"evento":"test"}"#, secret)
    });
}

#[test]
fn klap_orders_open_only_under_the_tenant_that_they_name() {
    let verifier =
        Verifier::<Multicaja>::for_tenants([("north", "key-n"), ("south", "key-s")], tenant_of)
            .unwrap();
    let order = MulticajaEvent::Confirm(Order::new("ABC", "123"));
    let signed = |tenant| with(&[tenant], testing::multicaja(&order, "key-n"));
    assert_eq!(outcome(&verifier, &signed("north")), Ok("north".into()));
    let refused = outcome(&verifier, &signed("south")).unwrap_err();
    assert_eq!(
        refused,
        (Rejection::CredentialMismatch, 500, b"error".to_vec())
    );
    assert_eq!(outcome(&verifier, &signed("east")), Err(refused));
}

#[test]
fn any_number_of_tenants_has_up_to_sixteen_keys_each() {
    let secrets = (0..100).flat_map(|tenant| {
        (0..16).map(move |key| (format!("tenant-{tenant}"), format!("whsec_{tenant}_{key}")))
    });
    let verifier = Verifier::<Stripe>::for_tenants(secrets.collect::<Vec<_>>(), tenant_of).unwrap();
    assert_eq!(verifier.secrets().len(), 1_600);
    for (tenant, key) in [(0, 0), (57, 15), (99, 8)] {
        let path = format!("/of/tenant-{tenant}");
        let secret = format!("whsec_{tenant}_{key}");
        let request = on(&path, testing::stripe(SystemTime::now(), "{}", &secret));
        assert_eq!(outcome(&verifier, &request), Ok(format!("tenant-{tenant}")));
    }

    let seventeenth = verifier.secrets().add([("tenant-5", "whsec_one_more")]);
    assert_eq!(
        seventeenth.unwrap_err().kind(),
        SecretsErrorKind::TooMany { limit: 16 }
    );
    verifier
        .secrets()
        .add([("tenant-100", "whsec_one_more")])
        .unwrap();
    // Without tenants, each delivery would be tried with all of them.
    let all = (0..17)
        .map(|key| format!("whsec_{key}"))
        .collect::<Vec<_>>();
    let all = Verifier::<Stripe>::try_new(all).unwrap_err();
    assert_eq!(all.kind(), SecretsErrorKind::TooMany { limit: 16 });
}

#[test]
fn the_secrets_of_tenants_rotate_and_one_needs_a_label() {
    let verifier = verifier::<Stripe>();
    let secrets = verifier.secrets();
    let sent = |tenant: &str, secret: &str| {
        let request = on(
            &format!("/of/{tenant}"),
            testing::stripe(SystemTime::now(), "{}", secret),
        );
        outcome(&verifier, &request).map_err(|(rejection, ..)| rejection)
    };
    let mismatch = Err(Rejection::CredentialMismatch);

    let unlabeled = secrets.add("whsec_next").unwrap_err();
    assert_eq!(
        unlabeled.to_string(),
        "the secret has no label: pass it as (tenant, secret)"
    );
    secrets
        .add([("north", "whsec_next"), ("west", "whsec_west")])
        .unwrap();
    assert_eq!(sent("north", "whsec_next"), Ok("north".into()));
    assert_eq!(sent("north", "whsec_north"), Ok("north".into()));
    assert_eq!(sent("west", "whsec_west"), Ok("west".into()));

    secrets.remove("whsec_north").unwrap();
    assert_eq!(sent("north", "whsec_north"), mismatch);
    assert_eq!(sent("north", "whsec_next"), Ok("north".into()));
    secrets.remove_label("west").unwrap();
    assert_eq!(sent("west", "whsec_west"), mismatch);

    // Two tenants may have the same key; one may not have it twice.
    secrets.add([("east", "whsec_south")]).unwrap();
    assert_eq!(sent("east", "whsec_south"), Ok("east".into()));
    secrets.remove_from("east", "whsec_south").unwrap();
    assert_eq!(sent("east", "whsec_south"), mismatch);
    assert_eq!(sent("south", "whsec_south"), Ok("south".into()));
    secrets.remove_from("east", "whsec_south").unwrap_err();
    secrets.add([("west", "whsec_south")]).unwrap();
    assert_eq!(sent("west", "whsec_south"), Ok("west".into()));
    let twice = secrets.add([("west", "whsec_south")]).unwrap_err();
    assert_eq!(twice.kind(), SecretsErrorKind::Repeated);
}

#[test]
fn a_set_without_tenants_does_not_ask_whose_a_request_is() {
    let verifier = Verifier::<Stripe>::try_new([("north", "whsec_north")]).unwrap();
    let request = on(
        "/of/south",
        testing::stripe(SystemTime::now(), "{}", "whsec_north"),
    );
    assert_eq!(outcome(&verifier, &request), Ok("north".into()));
}
