//! Senders that are data: in the core, or in a file of the user's.

use std::borrow::Cow;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use serde::Deserialize;
use webhook_core::scheme::{SchemeProvider, Source};
use webhook_core::signing::{Scheme, SchemeBuilder};
use webhook_core::testing::{self, CannotSign, TestRequest};
use webhook_core::{Secret, Value};

use super::of::{Form, Of, given, token};
use super::{Particulars, Parts, Sample, Sender};
use crate::error::Error;

/// Makes a provider of secrets.
pub(super) type Make<S> = fn(Vec<Secret>) -> Result<SchemeProvider<Value, S>, Error>;

/// What a sender with a scheme is called.
pub(super) struct Described {
    pub(super) name: String,
    pub(super) title: Cow<'static, str>,
    pub(super) variable: Cow<'static, str>,
    pub(super) samples: Vec<Sample>,
    pub(super) particulars: Particulars,
}

impl Described {
    /// The sender whose provider is made so of its secrets. `plain` makes one without the settings of this machine: a mistake
    /// in those of one sender is no reason to refuse the others.
    pub(super) fn of<S: Source>(
        self,
        form: Form,
        plain: impl FnOnce(Vec<Secret>) -> Result<SchemeProvider<Value, S>, Error>,
        make: impl Fn(Vec<Secret>) -> Result<SchemeProvider<Value, S>, Error>
        + Clone
        + Send
        + Sync
        + 'static,
    ) -> Result<Sender, Error> {
        let example = form.configured(&form.generate()?)?;
        let example = plain(vec![example])?;
        let proves = Cow::Borrowed(proves(example.scheme()));
        let signed = example.scheme().signed_headers().cloned().collect();
        // A setting such as the login of an account may have changed since.
        let again = make.clone();
        let sign = move |sent: &Parts<'_>, at: SystemTime, secret: Option<&Secret>| {
            let secret = given(secret)?;
            let provider = again(vec![form.configured(secret)?])?;
            sign(provider.scheme(), sent, at, secret)
        };
        Ok(Sender {
            name: Cow::Owned(self.name),
            alias: None,
            title: self.title,
            variable: self.variable,
            proves,
            samples: self.samples,
            particulars: self.particulars,
            speaks: Box::new(Of::like(&example, form, make, sign).signing(signed)),
        })
    }
}

fn sign(
    scheme: &Scheme,
    sent: &Parts<'_>,
    at: SystemTime,
    secret: &Secret,
) -> Result<TestRequest, Error> {
    if scheme.is_token() {
        token(secret)?;
    }
    let headers: Vec<_> = sent
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let body = sent.body.clone();
    let name = scheme.name();
    testing::try_scheme(scheme, at, &headers, body, secret.expose()).map_err(|error| match error {
        CannotSign::Missing(header) => Error::usage(format!(
            "{name} signs the header {header}: give its value with --header '{header}: VALUE'"
        )),
        error => Error::usage(format!("{name}: {error}")),
    })
}

/// What a delivery of a scheme proves.
fn proves(scheme: &Scheme) -> &'static str {
    if scheme.is_token() {
        return "that it knows the token; nothing is signed";
    }
    match (scheme.signs_body(), scheme.signs_time()) {
        (true, true) => "body and time",
        (true, false) => "the body; no time",
        (false, true) => "the time; not the body",
        (false, false) => "neither body nor time",
    }
}

/// The settings of a sender in a file that are not its scheme.
#[derive(Deserialize)]
struct Beside {
    /// The variable with its secrets.
    secret: String,
}

/// The senders in a file, one table each, as the receivers read them.
pub(super) fn read(path: &Path) -> Result<Vec<Sender>, Error> {
    let wrong = |what: String| Error::usage(format!("{}: {what}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let tables: toml::Table = toml::from_str(&text).map_err(|error: toml::de::Error| {
        // Not the line itself: a secret may be in it by mistake.
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.unwrap_or_default().matches('\n').count() + 1;
        wrong(format!("line {line}: {}", error.message()))
    })?;
    let mut senders = Vec::new();
    for (name, table) in tables {
        let wrong = |what: String| wrong(format!("[{name}]: {what}"));
        let toml::Value::Table(mut keys) = table else {
            return Err(wrong(
                "write the keys of a sender below this line".to_owned(),
            ));
        };
        keys.remove("verify-token");
        let secret = keys.remove("secret").and_then(|value| {
            Beside::deserialize(toml::Table::from_iter([("secret".into(), value)])).ok()
        });
        let Some(Beside { secret: variable }) = secret else {
            return Err(wrong(
                "it has no `secret`: write the name of the variable that has it, such as secret = \"ACME_SECRET\"".to_owned(),
            ));
        };
        let builder: SchemeBuilder = keys
            .try_into()
            .map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
        let scheme = builder
            .named(&*name)
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        let described = Described {
            title: Cow::Owned(format!("{name}, of {}", path.display())),
            variable: Cow::Owned(variable),
            samples: vec![Sample::any()],
            particulars: Particulars::default(),
            name,
        };
        let form = form_of(&scheme)?;
        let make = move |secrets| provider(&scheme, secrets);
        senders.push(described.of(form, make.clone(), make)?);
    }
    Ok(senders)
}

fn provider(scheme: &Scheme, secrets: Vec<Secret>) -> Result<SchemeProvider, Error> {
    SchemeProvider::new(scheme.clone(), secrets).map_err(|error| Error::usage(error.to_string()))
}

/// A form that the secrets of a scheme can have. Hex is text, and base64 as well.
fn form_of(scheme: &Scheme) -> Result<Form, Error> {
    if !scheme.has_public_key() {
        return Ok(Form::Text(""));
    }
    let hex = Form::Ed25519Hex;
    let example = hex.configured(&hex.generate()?)?;
    Ok(match provider(scheme, vec![example]) {
        Ok(_) => hex,
        Err(_) => Form::Ed25519Base64,
    })
}
