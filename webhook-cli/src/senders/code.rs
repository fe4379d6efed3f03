//! The senders with code of their own in the core.

use std::borrow::Cow;
use std::time::SystemTime;

use http::HeaderName;
use serde::Serialize;
use serde_json::Value;
use webhook_core::github::Github;
use webhook_core::mercadopago::MercadoPago;
use webhook_core::multicaja::{Multicaja, MulticajaValidation};
use webhook_core::standard_webhooks::StandardWebhooks;
use webhook_core::stripe::Stripe;
use webhook_core::testing::{self, TestRequest};
use webhook_core::tusfacturas::TusFacturas;
use webhook_core::unsigned::UnsignedSender;
use webhook_core::wompi::Wompi;
use webhook_core::{FromSecrets, Keyring, Provider, Secret};

use super::of::{Form, Of, fit, given, header_value, token};
use super::splice::{raw_at, spliced};
use super::{Particulars, Parts, Sample, Sender};
use crate::error::Error;

/// The longest values that are sent in a query, in bytes. The whole of a URL has 64 KiB, and a byte may take three.
const LONGEST_QUERY: usize = 16 * 1024;

/// The query of Mercado Pago and Mercado Libre, in all forms of their notifications.
const MERCADO: &[&str] = &["data.id", "type", "id", "topic", "source_news"];

/// While a secret is replaced, Stripe and Standard Webhooks send a signature with each of the two, in one header.
fn rotating() -> Particulars {
    Particulars {
        several_signatures: true,
        ..Particulars::default()
    }
}

pub(super) fn senders() -> Result<Vec<Sender>, Error> {
    Ok(vec![
        Row {
            name: "tusfacturas",
            title: "TusFacturasAPP: electronic invoices, Argentina",
            variable: "TF_WEBHOOK_TOKEN",
            proves: "that it knows the token; nothing is signed",
            samples: include_str!("../samples/tusfacturas.toml"),
            ..Row::default()
        }
        .of::<TusFacturas>(Form::Text(""), |sent, _, secret| {
            Ok(testing::tusfacturas_body(sent.body.clone(), token(secret)?))
        })?,
        Row {
            name: "multicaja",
            alias: Some("klap"),
            title: "Multicaja/Klap: payments, Chile",
            variable: "MULTICAJA_API_KEY",
            proves: "reference_id and order_id, joined; neither the endpoint, nor the amount, nor a time",
            samples: include_str!("../samples/multicaja.toml"),
            particulars: Particulars {
                endpoint: "webhook_confirm",
                query: &["webhook"],
                has_cards: true,
                ..Particulars::default()
            },
        }
        .of::<Multicaja>(Form::Text(""), |sent, _, secret| {
            let mut request = testing::multicaja_body(sent.body.clone(), secret.expose());
            if sent.event == "reject" {
                request.uri = http::Uri::from_static("/webhook_reject");
            }
            Ok(request)
        })?,
        Row {
            name: "multicaja-validation",
            alias: Some("klap-validation"),
            title: "Multicaja/Klap: the validation of an order, without any proof",
            proves: "nothing",
            samples: include_str!("../samples/multicaja-validation.toml"),
            particulars: Particulars {
                endpoint: "webhook_validation",
                query: &["webhook"],
                has_cards: true,
                ..Particulars::default()
            },
            ..Row::default()
        }
        .unsigned(MulticajaValidation::new, |sent| {
            testing::unsigned("/webhook_validation", sent.body.clone())
        })?,
        Row {
            name: "mercadopago",
            title: "Mercado Pago: payments, Latin America",
            variable: "MERCADOPAGO_WEBHOOK_SECRET",
            proves: "data.id of the query, x-request-id and the time; neither the body nor the topic",
            samples: include_str!("../samples/mercadopago.toml"),
            particulars: Particulars {
                query: MERCADO,
                signs_ids: true,
                ..Particulars::default()
            },
            ..Row::default()
        }
        .of::<MercadoPago>(Form::Text(""), |sent, at, secret| {
            let id = match serde_json::from_slice::<Value>(&sent.body) {
                Ok(body) => text_at(&body, "/data/id"),
                Err(_) => sent.id.to_owned(),
            };
            if id.len() + sent.event.len() > LONGEST_QUERY {
                return Err(Error::usage(format!(
                    "Mercado Pago sends data.id and the event in the URL: make them shorter than {LONGEST_QUERY} bytes"
                )));
            }
            Ok(testing::mercadopago(
                sent.event,
                &id,
                at,
                sent.body.clone(),
                secret.expose(),
            ))
        })?,
        Row {
            name: "wompi",
            title: "Wompi: payments, Colombia",
            variable: "WOMPI_WEBHOOK_SECRET",
            proves: "id, status and amount of the transaction, and the time; nothing else in the body",
            samples: include_str!("../samples/wompi.toml"),
            particulars: Particulars {
                credential_fields: &["checksum"],
                other_prefixes: &["prod_events_"],
                ..Particulars::default()
            },
            ..Row::default()
        }
        .of::<Wompi>(Form::Text("test_events_"), wompi)?,
        Row {
            name: "standard-webhooks",
            alias: Some("standard"),
            title: "Standard Webhooks, as Svix and many others send them",
            variable: "STANDARD_WEBHOOKS_SECRET",
            proves: "id, time and body",
            samples: include_str!("../samples/standard-webhooks.toml"),
            particulars: Particulars {
                // Senders whose keys are the text: Whop, Polar.
                other_prefixes: &["ws_", "polar_whs_"],
                ..rotating()
            },
        }
        .of::<StandardWebhooks>(Form::StandardWebhooks, |sent, at, secret| {
            let body = sent.body.clone();
            let mut headers = sent.headers.iter();
            let given = headers.find(|(name, _)| name == "webhook-id");
            let id = given.map_or(sent.id, |(_, id)| id);
            Ok(match secret.expose().starts_with("whsk_") {
                true => testing::standard_webhooks_v1a(id, at, body, secret.expose()),
                false => testing::standard_webhooks(id, at, body, secret.clone()),
            })
        })?,
        Row {
            name: "github",
            title: "GitHub",
            variable: "GITHUB_WEBHOOK_SECRET",
            proves: "the body; neither the event's name nor the delivery's id",
            samples: include_str!("../samples/github.toml"),
            ..Row::default()
        }
        .of::<Github>(Form::Text(""), |sent, _, secret| {
            header_value(&HeaderName::from_static("x-github-event"), sent.event)?;
            Ok(testing::github(sent.event, sent.body.clone(), secret.expose()))
        })?,
        Row {
            name: "stripe",
            title: "Stripe",
            variable: "STRIPE_WEBHOOK_SECRET",
            proves: "body and time",
            samples: include_str!("../samples/stripe.toml"),
            particulars: rotating(),
            ..Row::default()
        }
        .of::<Stripe>(Form::Text("whsec_"), |sent, at, secret| {
            Ok(testing::stripe(at, sent.body.clone(), secret.expose()))
        })?,
        Row {
            name: "flow",
            title: "Flow.cl: payments, Chile; it signs nothing",
            proves: "nothing",
            samples: include_str!("../samples/flow.toml"),
            ..Row::default()
        }
        .unsigned(UnsignedSender::flow, |sent| {
            testing::unsigned_form("/flow", sent.body.clone())
        })?,
        Row {
            name: "mercadolibre",
            title: "Mercado Libre: a marketplace, Latin America; it signs nothing",
            proves: "nothing",
            samples: include_str!("../samples/mercadolibre.toml"),
            particulars: Particulars {
                query: MERCADO,
                ..Particulars::default()
            },
            ..Row::default()
        }
        .unsigned(UnsignedSender::mercadolibre, |sent| {
            testing::unsigned("/mercadolibre", sent.body.clone())
        })?,
    ])
}

/// The checksum is in the body, so what is sent is made of the fields of the draft.
fn wompi(sent: &Parts<'_>, at: SystemTime, secret: &Secret) -> Result<TestRequest, Error> {
    const NO_JSON: &str = "an event of Wompi is JSON: its checksum is made of its fields";

    let body = str::from_utf8(&sent.body).map_err(|_| Error::usage(NO_JSON))?;
    let event: Value = serde_json::from_str(body).map_err(|_| Error::usage(NO_JSON))?;
    let named = event.pointer("/signature/properties");
    let properties: Vec<&str> = match named.and_then(Value::as_array) {
        Some(named) => named.iter().filter_map(Value::as_str).collect(),
        None => {
            return Err(Error::usage(
                "the event has no `signature.properties`, the list of the values that its checksum covers",
            ));
        }
    };
    let name = event.get("event").and_then(Value::as_str);
    let name = name.unwrap_or(sent.event);
    let mut data = event.get("data").cloned().unwrap_or_default();
    for path in &properties {
        let number = data.pointer_mut(&format!("/{}", path.replace('.', "/")));
        let number = number.filter(|value| value.is_number());
        // Numbers are signed as they are written.
        if let Some((number, written)) = number.zip(raw_at(body, &format!("data.{path}"))) {
            *number = written.into();
        }
    }
    let mut request = testing::wompi_event(name, &data, &properties, at, secret.clone());
    // The signer makes an event of its own around the data: what it adds goes into the one that was given.
    let mut body = body.to_owned();
    for path in ["signature.checksum", "timestamp"] {
        let made = str::from_utf8(&request.body).ok();
        if let Some(made) = made.and_then(|made| raw_at(made, path)) {
            body = spliced(&body, &body, path, made).map_err(Error::usage)?;
        }
    }
    request.body = body.into();
    Ok(request)
}

fn text_at(body: &Value, pointer: &str) -> String {
    match body.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// What a sender is called.
#[derive(Default)]
struct Row {
    name: &'static str,
    alias: Option<&'static str>,
    title: &'static str,
    variable: &'static str,
    proves: &'static str,
    samples: &'static str,
    particulars: Particulars,
}

impl Row {
    fn of<P>(
        self,
        form: Form,
        sign: fn(&Parts<'_>, SystemTime, &Secret) -> Result<TestRequest, Error>,
    ) -> Result<Sender, Error>
    where
        P: FromSecrets + Provider<Event: Serialize>,
    {
        let make = |secrets| fit(Keyring::new(secrets)).map(P::from_keyring);
        let sign =
            move |sent: &Parts<'_>, at, secret: Option<&Secret>| sign(sent, at, given(secret)?);
        self.with(Of::new(form, make, sign)?)
    }

    fn unsigned<P>(
        self,
        make: fn() -> P,
        sign: fn(&Parts<'_>) -> TestRequest,
    ) -> Result<Sender, Error>
    where
        P: Provider<Event: Serialize>,
    {
        let of = Of::new(
            Form::None,
            move |_| Ok(make()),
            move |sent, _, _| Ok(sign(sent)),
        )?;
        self.with(of)
    }

    fn with<P: Provider<Event: Serialize>>(self, of: Of<P>) -> Result<Sender, Error> {
        Ok(Sender {
            name: Cow::Borrowed(self.name),
            alias: self.alias,
            title: Cow::Borrowed(self.title),
            variable: Cow::Borrowed(self.variable),
            proves: Cow::Borrowed(self.proves),
            samples: Sample::read(self.samples)?,
            particulars: self.particulars,
            speaks: Box::new(of),
        })
    }
}
