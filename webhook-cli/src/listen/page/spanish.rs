use webhook_core::provider::Repeats;

use crate::senders::Senders;

const SPANISH: &str = include_str!("../assets/es.js");

#[test]
fn what_is_said_of_a_sender_is_there_in_spanish() {
    for sender in Senders::load(None).unwrap().iter() {
        let timing = sender.facts().timing;
        let repeats = match timing.repeats {
            Repeats::Roughly(repeats) => repeats,
            _ => "",
        };
        let stops = timing.stops.iter().map(|stop| stop.consequence);
        let then = stops.chain([timing.if_never_received, repeats]);
        // A title of one word is a name.
        let title = Some(&*sender.title).filter(|title| title.contains(' '));
        let said = sender.proves.split("; ").chain(then).chain(title);
        for text in said.filter(|text| !text.is_empty()) {
            let entry = format!("\"{text}\":");
            assert!(SPANISH.contains(&entry), "{}: {text}", sender.name);
        }
    }
}

/// The errors of *send again*: those that are a fixed text, and the beginning of the others.
#[test]
fn what_cannot_be_sent_again_is_said_in_spanish() {
    let source = include_str!("again.rs");
    for text in [
        "the body was not kept, so there is nothing to sign: send it with `webhook-rs send`",
        "its id or its kind cannot be sent in a header",
    ] {
        assert!(source.contains(text), "{text}");
        assert!(SPANISH.contains(&format!("\"{text}\":")), "{text}");
    }
    for text in [
        " is not received now: start `webhook-rs listen` with it",
        ": only what is sent by POST is signed",
        " cannot be signed for with a public key: set ",
        " has no secret with the label ",
    ] {
        assert!(source.contains(text), "{text}");
        assert!(SPANISH.contains(text), "{text}");
    }
}
