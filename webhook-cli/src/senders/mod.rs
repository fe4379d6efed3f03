//! The senders that the command knows: how each signs, and how its deliveries are judged. Both are the core's.

mod code;
mod draft;
mod judge;
mod of;
mod particulars;
mod presets;
mod sample;
mod schemes;
mod splice;

use std::borrow::Cow;
use std::path::Path;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderName, Request};
use webhook_core::Secret;
use webhook_core::provider::Timing;

pub(crate) use self::draft::{Draft, Ids};
pub(crate) use self::judge::{Judge, Unproven, Verdict};
pub(crate) use self::particulars::Particulars;
pub(crate) use self::sample::Sample;
use crate::error::Error;

/// A sender of webhooks.
pub(crate) struct Sender {
    /// Its name, as on the command line.
    pub(crate) name: Cow<'static, str>,
    /// What people also call it.
    pub(crate) alias: Option<&'static str>,
    /// What it is, for a list.
    pub(crate) title: Cow<'static, str>,
    /// The environment variable with its secrets.
    pub(crate) variable: Cow<'static, str>,
    /// What its proof covers, in a few words.
    pub(crate) proves: Cow<'static, str>,
    /// What it sends, the most usual first.
    pub(crate) samples: Vec<Sample>,
    pub(crate) particulars: Particulars,
    speaks: Box<dyn Speaks>,
}

/// What differs between senders in code.
trait Speaks: Send + Sync {
    fn facts(&self) -> Facts;

    /// The headers whose values are signed as they are given, beside those that are made.
    fn signed_headers(&self) -> &[HeaderName];

    /// Whether it signs with a private key, and a receiver is given the public one.
    fn has_key_pair(&self) -> bool;

    /// What its secrets begin with, if they do with something.
    fn secret_prefix(&self) -> &'static str;

    /// A secret of the form that this sender issues; with Ed25519, the private key.
    fn generate(&self) -> Result<Secret, Error>;

    /// What a receiver is configured with, if that is not what signs: the public key.
    fn configured(&self, signing: &Secret) -> Result<Secret, Error>;

    fn sign(
        &self,
        sent: &Parts<'_>,
        at: SystemTime,
        secret: Option<&Secret>,
    ) -> Result<Request<Bytes>, Error>;

    fn judge(&self, secrets: Vec<Secret>) -> Result<Box<dyn Judge>, Error>;
}

/// What is known of a sender without its secrets.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) timing: Timing,
    pub(crate) body_limit: usize,
    pub(crate) credential_headers: Vec<HeaderName>,
}

impl Facts {
    /// How long the answer to the attempt of this number, from 0, is waited for: as long as the sender does, or 30 seconds if
    /// it does not say.
    pub(crate) fn wait(&self, attempt: usize) -> Duration {
        const UNDOCUMENTED: Duration = Duration::from_secs(30);

        let attempt = self.timing.attempts.get(attempt);
        let documented = attempt.and_then(|attempt| attempt.waits_for_answer);
        documented.unwrap_or(UNDOCUMENTED)
    }
}

/// A delivery that is not signed yet.
pub(crate) struct Parts<'a> {
    pub(crate) event: &'a str,
    pub(crate) id: &'a str,
    pub(crate) headers: &'a [(HeaderName, String)],
    pub(crate) body: Bytes,
}

impl Sender {
    /// When it delivers, what it counts as received, where its credential is.
    pub(crate) fn facts(&self) -> Facts {
        self.speaks.facts()
    }

    /// The headers that must be given for a delivery to be signed: their values are.
    pub(crate) fn signed_headers(&self) -> &[HeaderName] {
        self.speaks.signed_headers()
    }

    /// Whether its deliveries prove who sent them.
    pub(crate) fn is_authenticated(&self) -> bool {
        !self.variable.is_empty()
    }

    /// Whether it signs with a private key, and a receiver is given the public one.
    pub(crate) fn has_key_pair(&self) -> bool {
        self.speaks.has_key_pair()
    }

    /// The variable with what it signs with: the private key, if a receiver has the public one.
    pub(crate) fn signing_variable(&self) -> Cow<'_, str> {
        match self.speaks.has_key_pair() {
            true if self.variable.contains("PUBLIC") => {
                self.variable.replace("PUBLIC", "PRIVATE").into()
            }
            // A receiver reads the public key in this one.
            true => format!("{}_PRIVATE", self.variable).into(),
            false => Cow::Borrowed(&self.variable),
        }
    }

    /// What secrets begin with: those of this sender, and those of many.
    pub(crate) fn secret_prefixes(&self) -> Vec<&'static str> {
        let own = [self.speaks.secret_prefix()];
        let others = self.particulars.other_prefixes;
        let mut prefixes = Vec::new();
        for prefix in own.iter().chain(others).chain(&["whsec_"]) {
            if !prefix.is_empty() && !prefixes.contains(prefix) {
                prefixes.push(*prefix);
            }
        }
        prefixes
    }

    /// What to do about deliveries that are signed with a secret of this machine, which a receiver elsewhere does not have.
    pub(crate) fn advice_for_made(&self) -> String {
        let variable = self.signing_variable();
        match self.speaks.has_key_pair() {
            true => format!(
                "signed with a key that was made for this machine; set {variable} to the private key whose public one your receiver has"
            ),
            false => format!(
                "signed with a secret that was made for this machine; set {variable} to that of your receiver"
            ),
        }
    }

    /// A new secret, in the form that this sender issues. With Ed25519 it is the private key.
    pub(crate) fn generate_secret(&self) -> Result<Secret, Error> {
        self.speaks.generate()
    }

    /// What a receiver must be given for deliveries that are signed with this: the public key of a private one, the same
    /// secret otherwise.
    pub(crate) fn configured_secret(&self, signing: &Secret) -> Result<Secret, Error> {
        self.speaks.configured(signing)
    }

    /// The request that this sender makes of a draft at this time, with a secret unless it is one without. Its target is the sender's own; see
    /// [`Target::apply`](crate::net::Target::apply).
    pub(crate) fn sign(
        &self,
        draft: &Draft,
        at: SystemTime,
        secret: Option<&Secret>,
    ) -> Result<Request<Bytes>, Error> {
        let parts = Parts {
            event: &draft.event,
            id: &draft.id,
            headers: &draft.headers,
            body: draft.body_at(at),
        };
        self.speaks.sign(&parts, at, secret)
    }

    /// What judges deliveries of this sender, with the secrets that a receiver is given.
    pub(crate) fn judge(&self, secrets: Vec<Secret>) -> Result<Box<dyn Judge>, Error> {
        self.speaks.judge(secrets)
    }

    /// The sample of this name, or the first.
    pub(crate) fn sample(&self, event: Option<&str>) -> Result<&Sample, Error> {
        let Some(name) = event else {
            return self.samples.first().ok_or_else(|| {
                Error::usage(format!(
                    "there is no sample of {}: give a body with --body FILE",
                    self.name
                ))
            });
        };
        self.samples
            .iter()
            .find(|sample| sample.name == name)
            .ok_or_else(|| {
                let known: Vec<_> = self.samples.iter().map(|sample| &*sample.name).collect();
                Error::usage(format!(
                    "{} has no sample `{name}`: use one of {}, or a body of your own with --body FILE",
                    self.name,
                    known.join(", ")
                ))
            })
    }
}

/// All senders.
pub(crate) struct Senders(Vec<Sender>);

impl Senders {
    /// Those that the core knows, and those of a file with schemes.
    pub(crate) fn load(schemes: Option<&Path>) -> Result<Self, Error> {
        let mut senders = code::senders()?;
        senders.extend(presets::senders()?);
        if let Some(path) = schemes {
            for sender in schemes::read(path)? {
                if senders.iter().any(|known| known.is_called(&sender.name)) {
                    return Err(Error::usage(format!(
                        "{}: there is a sender `{}` already: choose another name",
                        path.display(),
                        sender.name
                    )));
                }
                senders.push(sender);
            }
        }
        Ok(Self(senders))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Sender> {
        self.0.iter()
    }

    /// The sender of this name.
    pub(crate) fn find(&self, name: &str) -> Result<&Sender, Error> {
        self.position(name).map(|at| &self.0[at])
    }

    /// The same, to keep.
    pub(crate) fn take(&mut self, name: &str) -> Result<Sender, Error> {
        let at = self.position(name)?;
        Ok(self.0.remove(at))
    }

    /// All, to keep.
    pub(crate) fn into_all(self) -> Vec<Sender> {
        self.0
    }

    fn position(&self, name: &str) -> Result<usize, Error> {
        self.0
            .iter()
            .position(|sender| sender.is_called(name))
            .ok_or_else(|| {
                Error::usage(format!(
                    "there is no sender `{name}`: `webhook-rs senders` lists them, and --schemes FILE adds one"
                ))
            })
    }
}

impl Sender {
    fn is_called(&self, name: &str) -> bool {
        self.name == name || self.alias == Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A delivery like a sample, with a secret of its own, and what a receiver with that makes of it.
    fn received(sender: &Sender, sample: &Sample) -> (Request<Bytes>, Verdict) {
        let secret = sender
            .is_authenticated()
            .then(|| sender.generate_secret().unwrap());
        let configured = secret
            .iter()
            .map(|secret| sender.configured_secret(secret).unwrap());
        let judge = sender.judge(configured.collect()).unwrap();
        let now = SystemTime::now();
        let draft = Draft::new(sample, &Ids::random("a-").unwrap(), now).unwrap();
        let request = sender.sign(&draft, now, secret.as_ref()).unwrap();
        let verdict = judge.judge(&request, now);
        (request, verdict)
    }

    #[test]
    fn every_sample_is_what_its_sender_would_send() {
        for sender in Senders::load(None).unwrap().iter() {
            let name = &sender.name;
            assert!(!sender.samples.is_empty(), "{name}");
            for sample in &sender.samples {
                let (request, verdict) = received(sender, sample);
                let is_handshake = matches!(&*sample.name, "ping" | "url_verification")
                    && matches!(&**name, "discord" | "slack");
                let accepted = match &verdict {
                    Verdict::Authentic(_) => !is_handshake,
                    Verdict::Greeted(_) => is_handshake,
                    Verdict::Refused { .. } => false,
                };
                assert!(accepted, "{name} {}: {verdict:?}", sample.name);
                let body = String::from_utf8_lossy(request.body());
                assert!(!body.contains("{{"), "{name} {}: {body}", sample.name);
                assert!(!format!("{:?}", request.headers()).contains("{{"), "{name}");
            }
        }
    }

    /// A list of deliveries shows it.
    #[test]
    fn an_event_is_called_what_its_sender_calls_it() {
        let mut called = Vec::new();
        for sender in Senders::load(None).unwrap().iter() {
            let (_, verdict) = received(sender, sender.sample(None).unwrap());
            match verdict {
                Verdict::Authentic(authentic) => {
                    called.push((sender.name.to_string(), authentic.kind));
                }
                verdict => panic!("{verdict:?}"),
            }
        }
        let called: Vec<_> = called
            .iter()
            .map(|(name, kind)| (&**name, &**kind))
            .collect();
        assert_eq!(
            called,
            [
                ("tusfacturas", "emitido"),
                ("multicaja", "confirm"),
                ("multicaja-validation", "validation"),
                ("mercadopago", "payment"),
                ("wompi", "transaction"),
                ("standard-webhooks", "invoice.paid"),
                ("github", "push"),
                ("stripe", "payment_intent.succeeded"),
                ("flow", "hint"),
                ("mercadolibre", "orders_v2"),
                ("asaas", "PAYMENT_RECEIVED"),
                ("discord", "APPLICATION_AUTHORIZED"),
                // Their documentation names no topic.
                ("dlocal", "event"),
                ("fintoc", "payment_intent.succeeded"),
                ("gitlab", "push"),
                ("gitlab-signing", "push"),
                ("khipu", "event"),
                ("kushki", "event"),
                ("linear", "Issue"),
                ("meta", "whatsapp_business_account"),
                ("shopify", "orders/paid"),
                ("slack", "event_callback"),
                ("telegram", "event"),
                ("tiendanube", "order/paid"),
                ("woocommerce", "order.updated"),
            ]
        );
    }

    #[test]
    fn a_private_key_is_in_a_variable_of_its_own() {
        for sender in Senders::load(None).unwrap().iter() {
            let signing = sender.signing_variable();
            match &*sender.name {
                "discord" => assert_eq!(signing, "DISCORD_PRIVATE_KEY"),
                _ => assert_eq!(signing, sender.variable),
            }
        }
        // What is called so by chance is no key.
        let mut senders = Senders::load(None).unwrap();
        let mut acme = senders.take("github").unwrap();
        acme.variable = Cow::Borrowed("REPUBLIC_SECRET");
        assert_eq!(acme.signing_variable(), "REPUBLIC_SECRET");
        let mut acme = senders.take("discord").unwrap();
        acme.variable = Cow::Borrowed("ACME_KEY");
        assert_eq!(acme.signing_variable(), "ACME_KEY_PRIVATE");
    }

    #[test]
    fn a_private_key_of_standard_webhooks_signs_for_it_and_for_no_other() {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;

        let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let encoded = STANDARD.encode(key.to_keypair_bytes());
        let file = std::env::temp_dir().join(format!("webhook-rs-whsk-{}", std::process::id()));
        std::fs::write(&file, format!("whsk_{encoded}\n")).unwrap();
        let from = crate::secrets::From {
            secret_file: Some(file.clone()),
            secret_env: None,
        };
        for sender in Senders::load(None).unwrap().iter() {
            let Some(found) = from.signing(sender, false).unwrap() else {
                continue;
            };
            let now = SystemTime::now();
            let ids = Ids::random("webhook-rs-").unwrap();
            let draft = Draft::new(sender.sample(None).unwrap(), &ids, now).unwrap();
            let signed = sender.sign(&draft, now, found.secrets.first());
            if sender.name != "standard-webhooks" {
                let error = signed.unwrap_err().to_string();
                assert!(error.contains(" key"), "{}: {error}", sender.name);
                continue;
            }
            let public = sender.configured_secret(&found.secrets[0]).unwrap();
            let verdict = sender
                .judge(vec![public])
                .unwrap()
                .judge(&signed.unwrap(), now);
            assert!(matches!(verdict, Verdict::Authentic(_)), "{verdict:?}");
        }
        std::fs::remove_file(file).unwrap();
    }

    #[test]
    fn what_wompi_does_not_sign_is_sent_as_it_is_given() {
        let senders = Senders::load(None).unwrap();
        let wompi = senders.find("wompi").unwrap();
        let secret = wompi.generate_secret().unwrap();
        let now = SystemTime::now();
        let ids = Ids::random("webhook-rs-").unwrap();
        let draft = Draft::new(wompi.sample(None).unwrap(), &ids, now).unwrap();
        let sample = draft.clone();
        let draft = ["environment", "sent_at", "more"]
            .into_iter()
            .fold(draft, |draft, name| {
                draft.with_field(name, r#""mine""#).unwrap()
            });
        let request = wompi.sign(&draft, now, Some(&secret)).unwrap();
        let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        for name in ["environment", "sent_at", "more"] {
            assert_eq!(body[name], "mine", "{name}");
        }
        let judge = wompi.judge(vec![secret.clone()]).unwrap();
        let verdict = judge.judge(&request, now);
        assert!(matches!(verdict, Verdict::Authentic(_)), "{verdict:?}");

        // Numbers and the order of keys are as they are written, and the numbers are signed so.
        let amount = "44900.10";
        let path = "data.transaction.amount_in_cents";
        let draft = sample.with_field(path, amount).unwrap();
        let draft = draft.with_field("z", "1.10").unwrap();
        let draft = draft.with_field("a", "[ ]").unwrap();
        let request = wompi.sign(&draft, now, Some(&secret)).unwrap();
        let body = str::from_utf8(request.body()).unwrap();
        assert!(body.ends_with(r#","z":1.10,"a":[ ]}"#), "{body}");
        let written = format!(r#""amount_in_cents":{amount}"#);
        assert!(body.contains(&written), "{body}");
        assert!(judge.proof(&request).is_ok(), "{body}");
    }

    #[test]
    fn no_event_and_no_id_ends_a_signer() {
        let long = "a".repeat(70_000);
        for sender in Senders::load(None).unwrap().iter() {
            let secret = sender
                .is_authenticated()
                .then(|| sender.generate_secret().unwrap());
            for text in ["", "a\r\nx-b: c", "\0", "ñ", &long] {
                let now = SystemTime::now();
                let mut sample = sender.sample(None).unwrap().clone();
                sample.name = text.to_owned();
                let ids = Ids::random("webhook-rs-").unwrap();
                let draft = Draft::new(&sample, &ids, now).unwrap();
                let json = serde_json::json!({ "data": { "id": text } }).to_string();
                for draft in [draft.clone(), draft.with_body(json)] {
                    // Signed, or refused with words.
                    let _either = sender.sign(&draft, now, secret.as_ref());
                }
            }
        }
    }

    #[test]
    fn two_deliveries_differ_and_two_attempts_of_one_do_not() {
        for sender in Senders::load(None).unwrap().iter() {
            let now = SystemTime::now();
            let sample = sender.sample(None).unwrap();
            let draft = || Draft::new(sample, &Ids::random("a-").unwrap(), now).unwrap();
            let (one, other) = (draft(), draft());
            assert_ne!(one.body_at(now), other.body_at(now), "{}", sender.name);
            let later = now + std::time::Duration::from_secs(300);
            let changes = one.body_at(now) != one.body_at(later);
            // Linear signs the time of the attempt in the body, and the signer of Wompi adds it. Mercado Pago gives every attempt
            // an id.
            let expected = matches!(&*sender.name, "linear" | "mercadopago");
            assert_eq!(changes, expected, "{}", sender.name);
        }
    }
}
