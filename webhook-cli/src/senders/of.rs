use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use http::header::{HeaderName, HeaderValue};
use serde::Serialize;
use webhook_core::driver::Verifier;
use webhook_core::testing::TestRequest;
use webhook_core::{Provider, Secret};

use super::judge::Judge;
use super::{Facts, Parts, Speaks};
use crate::error::Error;

type Make<P> = Box<dyn Fn(Vec<Secret>) -> Result<P, Error> + Send + Sync>;
type Sign = Box<
    dyn Fn(&Parts<'_>, SystemTime, Option<&Secret>) -> Result<TestRequest, Error> + Send + Sync,
>;

/// A sender with a provider in the core.
pub(super) struct Of<P> {
    make: Make<P>,
    sign: Sign,
    form: Form,
    facts: Facts,
    signed: Vec<HeaderName>,
}

/// The form of the secrets that a sender issues.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// It has none.
    None,
    /// Text, with this before it.
    Text(&'static str),
    /// `whsec_` and base64 of 32 bytes.
    StandardWebhooks,
    /// A private key of Ed25519 in hex, of which the public one is configured.
    Ed25519Hex,
    /// The same in base64.
    Ed25519Base64,
}

impl<P: Provider<Event: Serialize>> Of<P> {
    /// # Errors
    ///
    /// If the provider cannot be made of a secret of this form.
    pub(super) fn new(
        form: Form,
        make: impl Fn(Vec<Secret>) -> Result<P, Error> + Send + Sync + 'static,
        sign: impl Fn(&Parts<'_>, SystemTime, Option<&Secret>) -> Result<TestRequest, Error>
        + Send
        + Sync
        + 'static,
    ) -> Result<Self, Error> {
        let secrets = match form {
            Form::None => Vec::new(),
            form => vec![form.configured(&form.generate()?)?],
        };
        Ok(Self::like(&make(secrets)?, form, make, sign))
    }

    /// The same with the facts of this provider.
    pub(super) fn like(
        provider: &P,
        form: Form,
        make: impl Fn(Vec<Secret>) -> Result<P, Error> + Send + Sync + 'static,
        sign: impl Fn(&Parts<'_>, SystemTime, Option<&Secret>) -> Result<TestRequest, Error>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self {
            facts: Facts {
                timing: provider.timing(),
                body_limit: provider.body_limit(),
                credential_headers: provider.credential_headers().to_vec(),
            },
            make: Box::new(make),
            sign: Box::new(sign),
            form,
            signed: Vec::new(),
        }
    }

    /// The same for a sender that signs the values of these headers.
    pub(super) fn signing(self, signed: Vec<HeaderName>) -> Self {
        Self { signed, ..self }
    }
}

impl<P: Provider<Event: Serialize>> Speaks for Of<P> {
    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    fn signed_headers(&self) -> &[HeaderName] {
        &self.signed
    }

    fn has_key_pair(&self) -> bool {
        self.form.is_key_pair()
    }

    fn secret_prefix(&self) -> &'static str {
        self.form.prefix()
    }

    fn generate(&self) -> Result<Secret, Error> {
        self.form.generate()
    }

    fn configured(&self, signing: &Secret) -> Result<Secret, Error> {
        self.form.configured(signing)
    }

    fn sign(
        &self,
        sent: &Parts<'_>,
        at: SystemTime,
        secret: Option<&Secret>,
    ) -> Result<Request<Bytes>, Error> {
        // The signers of the core are for tests, and panic where a receiver could not be built or a header not be sent.
        if let Some(secret) = secret {
            (self.make)(vec![self.form.configured(secret)?])?;
        }
        for (name, value) in sent.headers {
            header_value(name, value)?;
        }
        let mut request = (self.sign)(sent, at, secret)?;
        for (name, value) in sent.headers {
            request.headers.insert(name, header_value(name, value)?);
        }
        let user_agent = concat!("webhook-rs/", env!("CARGO_PKG_VERSION"));
        request
            .headers
            .entry(http::header::USER_AGENT)
            .or_insert(HeaderValue::from_static(user_agent));
        Ok(request.into_request())
    }

    fn judge(&self, secrets: Vec<Secret>) -> Result<Box<dyn Judge>, Error> {
        Ok(Box::new(Verifier::new((self.make)(secrets)?)))
    }
}

/// A value that can be sent in a header.
pub(super) fn header_value(name: &HeaderName, value: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(value).map_err(|_| {
        Error::usage(format!(
            "the value of the header {name} has a character that no header may have"
        ))
    })
}

/// The secret of a sender that has one.
pub(super) fn given(secret: Option<&Secret>) -> Result<&Secret, Error> {
    secret.ok_or_else(|| Error::usage("this sender signs, and no secret was given"))
}

/// A secret that is sent as it is.
pub(super) fn token(secret: &Secret) -> Result<&str, Error> {
    match HeaderValue::from_str(secret.expose()) {
        Ok(_) => Ok(secret.expose()),
        Err(_) => Err(Error::usage(
            "the secret has a character that no header may have: check where it is read from",
        )),
    }
}

impl Form {
    /// Whether what signs is not what a receiver is given.
    pub(super) fn is_key_pair(self) -> bool {
        matches!(self, Self::Ed25519Hex | Self::Ed25519Base64)
    }

    /// What is before the rest of a secret.
    fn prefix(self) -> &'static str {
        match self {
            Self::Text(prefix) => prefix,
            Self::StandardWebhooks => "whsec_",
            Self::None | Self::Ed25519Hex | Self::Ed25519Base64 => "",
        }
    }

    pub(super) fn generate(self) -> Result<Secret, Error> {
        let mut random = [0; 32];
        getrandom::fill(&mut random)
            .map_err(|error| Error::failed(format!("no random numbers: {error}")))?;
        let text = match self {
            Self::None => return Err(Error::usage("this sender has no secret")),
            Self::Text(prefix) => format!("{prefix}{}", hex::encode(&random[..20])),
            Self::StandardWebhooks => format!("whsec_{}", STANDARD.encode(random)),
            Self::Ed25519Hex => hex::encode(random),
            Self::Ed25519Base64 => STANDARD.encode(random),
        };
        fit(Secret::new(text))
    }

    pub(super) fn configured(self, signing: &Secret) -> Result<Secret, Error> {
        let relabeled = |secret: Secret| match signing.label() {
            Some(label) => fit(secret.labeled(label.as_str())),
            None => Ok(secret),
        };
        match self {
            Self::Ed25519Hex => {
                let public = public_of(hex::decode(signing.expose()).ok(), "64 hex digits")?;
                relabeled(fit(Secret::new(hex::encode(public)))?)
            }
            Self::Ed25519Base64 => {
                let public = public_of(STANDARD.decode(signing.expose()).ok(), "base64")?;
                relabeled(fit(Secret::new(STANDARD.encode(public)))?)
            }
            Self::StandardWebhooks if signing.expose().starts_with("whsk_") => {
                relabeled(public_of_whsk(signing.expose())?)
            }
            // The core says why it is none for this sender.
            _ if signing.expose().starts_with("whsk_") => fit(Secret::new(signing.expose())),
            _ => Ok(signing.clone()),
        }
    }
}

fn public_of(private: Option<Vec<u8>>, form: &str) -> Result<[u8; 32], Error> {
    let seed = private.and_then(|seed| <[u8; 32]>::try_from(seed).ok());
    let seed = seed.ok_or_else(|| {
        Error::usage(format!(
            "only a private key can sign for this sender: give its 32 bytes as {form}"
        ))
    })?;
    let key = ed25519_dalek::SigningKey::from_bytes(&seed);
    Ok(key.verifying_key().to_bytes())
}

/// The public key of a private one of Standard Webhooks.
fn public_of_whsk(private: &str) -> Result<Secret, Error> {
    let pair = private
        .strip_prefix("whsk_")
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .and_then(|pair| <[u8; 64]>::try_from(pair).ok())
        .and_then(|pair| ed25519_dalek::SigningKey::from_keypair_bytes(&pair).ok())
        .ok_or_else(|| {
            Error::usage(
                "the private key is wrong: it is `whsk_` and base64 of 64 bytes, the seed and its public key",
            )
        })?;
    let encoded = STANDARD.encode(pair.verifying_key().as_bytes());
    fit(Secret::public_key(format!("whpk_{encoded}")))
}

/// A secret that the core accepts.
pub(super) fn fit<T>(secret: Result<T, webhook_core::SecretsError>) -> Result<T, Error> {
    secret.map_err(|error| Error::usage(error.to_string()))
}
