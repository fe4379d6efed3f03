use crate::senders::Senders;

const SPANISH: &str = include_str!("../assets/es.js");

#[test]
fn what_is_said_of_a_sender_is_there_in_spanish() {
    for sender in Senders::load(None).unwrap().iter() {
        let then = sender.facts().timing.if_never_received;
        // A title of one word is a name.
        let title = Some(&*sender.title).filter(|title| title.contains(' '));
        let said = sender.proves.split("; ").chain([then]).chain(title);
        for text in said.filter(|text| !text.is_empty()) {
            let entry = format!("\"{text}\":");
            assert!(SPANISH.contains(&entry), "{}: {text}", sender.name);
        }
    }
}
