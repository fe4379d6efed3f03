//! TusFacturasAPP events, decoded from anything.

use webhook_core::tusfacturas::TfEvent;

use super::Outcome;
use super::json::{Object, known, repaired, text};

pub fn decode(body: &[u8]) -> Outcome {
    let decoded = TfEvent::from_json(body);
    match (decoded, naive(body)) {
        (Ok(event), Some(expected)) => {
            assert_eq!(event, expected);
            let encoded = serde_json::to_vec(&event).unwrap();
            assert_eq!(TfEvent::from_json(&encoded), Ok(event));
            Outcome::Accepted
        }
        (Err(_), None) => Outcome::Refused,
        (decoded, expected) => panic!("{decoded:?} instead of {expected:?}"),
    }
}

pub fn naive(body: &[u8]) -> Option<TfEvent> {
    let json = repaired(body, '\u{fffd}');
    let names = [
        "creado",
        "evento",
        "recurso",
        "external_reference",
        "intento",
        "msg",
        "hook_id",
    ];
    let mut known = known(&json, &names)?;
    let evento = known.remove("evento")?;
    let mut event = TfEvent::new(serde_json::from_str::<String>(&evento).ok()?.into());
    let mut take = |name| known.remove(name).and_then(|value| text(&value));
    event.creado = take("creado").map(webhook_core::tusfacturas::TfCreado::new);
    event.recurso = take("recurso").map(Into::into);
    event.external_reference = take("external_reference");
    event.hook_id = take("hook_id");
    event.intento = take("intento").and_then(|text| {
        let text = text.trim();
        let whole = || {
            let number: f64 = text.parse().ok()?;
            (number >= 0.0 && number <= f64::from(u32::MAX) && number.trunc() == number)
                .then_some(number as u32)
        };
        text.parse().ok().or_else(whole)
    });
    if let Some(msg) = known.remove("msg") {
        let items: Vec<String> = if msg.starts_with('[') {
            let items: Vec<Box<serde_json::value::RawValue>> = serde_json::from_str(&msg).ok()?;
            items.iter().map(|item| item.get().to_owned()).collect()
        } else if msg.starts_with('{') {
            let Object(fields) = serde_json::from_str(&msg).ok()?;
            fields.into_iter().map(|(_, item)| item).collect()
        } else {
            vec![msg]
        };
        event.msg = items.iter().filter_map(|item| text(item)).collect();
    }
    Some(event)
}
