//! The senders that the core describes as data.

use std::borrow::Cow;
use std::env;

use webhook_core::dlocal::{Dlocal, DlocalError};
use webhook_core::meta::Meta;
use webhook_core::scheme::{Preset, SchemeProvider, Source};
use webhook_core::{FromSecrets, Keyring, Secret, Value};

use super::of::{Form, fit};
use super::schemes::{Described, Make};
use super::{Sample, Sender};
use crate::error::Error;

/// The variable with the secrets of a preset: `<NAME>_WEBHOOK_SECRET`, or the name that the sender has for it.
fn variable_of(module: &str) -> Cow<'static, str> {
    Cow::Borrowed(match module {
        "asaas" => "ASAAS_WEBHOOK_TOKEN",
        "discord" => "DISCORD_PUBLIC_KEY",
        "gitlab" => "GITLAB_WEBHOOK_TOKEN",
        "gitlab_signing" => "GITLAB_WEBHOOK_SECRET",
        "meta" => "META_APP_SECRET",
        "slack" => "SLACK_SIGNING_SECRET",
        "telegram" => "TELEGRAM_SECRET_TOKEN",
        _ => return format!("{}_WEBHOOK_SECRET", module.to_uppercase()).into(),
    })
}

fn form_of(module: &str) -> Form {
    match module {
        "discord" => Form::Ed25519Hex,
        "gitlab_signing" => Form::StandardWebhooks,
        "fintoc" => Form::Text("whsec_"),
        "shopify" => Form::Text("shpss_"),
        "linear" => Form::Text("lin_wh_"),
        _ => Form::Text(""),
    }
}

macro_rules! samples {
    ($module:ident) => {
        include_str!(concat!("../samples/", stringify!($module), ".toml"))
    };
}

/// How a provider is made of secrets.
macro_rules! make {
    (dlocal) => {
        dlocal
    };
    (meta) => {
        meta
    };
    ($module:ident) => {
        from_secrets
    };
}

/// How one is made without the settings of this machine.
macro_rules! plain {
    (dlocal) => {
        dlocal_plain
    };
    ($module:ident) => {
        from_secrets
    };
}

macro_rules! presets {
    ($($(#[$cfg:meta])* $module:ident $Sender:ident $Layer:ident $title:literal;)*) => {
        pub(super) fn senders() -> Result<Vec<Sender>, Error> {
            Ok(vec![$({
                type Provider = webhook_core::$module::$Sender<Value>;
                let make: fn(Vec<Secret>) -> Result<Provider, Error> = make!($module);
                let plain: Make<_> = plain!($module);
                sender(stringify!($module), $title, samples!($module), plain, make)?
            },)*])
        }
    };
}

webhook_core::__for_each_preset!(presets);

fn sender<S: Source>(
    module: &'static str,
    title: &'static str,
    samples: &str,
    plain: Make<S>,
    make: Make<S>,
) -> Result<Sender, Error> {
    let described = Described {
        name: module.replace('_', "-"),
        title: Cow::Borrowed(title),
        variable: variable_of(module),
        samples: Sample::read(samples)?,
    };
    described.of(form_of(module), plain, make)
}

fn from_secrets<P: Preset>(secrets: Vec<Secret>) -> Result<SchemeProvider<Value, P>, Error> {
    fit(Keyring::new(secrets)).map(SchemeProvider::from_keyring)
}

/// Meta sends a token of the app's own when its URL is registered.
fn meta(secrets: Vec<Secret>) -> Result<Meta, Error> {
    const VARIABLE: &str = "META_VERIFY_TOKEN";

    let mut meta: Meta = from_secrets(secrets)?;
    if let Ok(token) = env::var(VARIABLE) {
        meta.verify_token(token)
            .map_err(|error| Error::usage(format!("{VARIABLE} is wrong: {error}")))?;
    }
    Ok(meta)
}

/// dLocal signs the login of the account, too.
fn dlocal(secrets: Vec<Secret>) -> Result<Dlocal, Error> {
    const VARIABLE: &str = "DLOCAL_LOGIN";

    match env::var(VARIABLE) {
        Ok(login) => dlocal_of(&login, secrets),
        Err(env::VarError::NotPresent) => dlocal_plain(secrets),
        Err(env::VarError::NotUnicode(_)) => Err(Error::usage(format!(
            "{VARIABLE} is not UTF-8: check the value"
        ))),
    }
}

fn dlocal_plain(secrets: Vec<Secret>) -> Result<Dlocal, Error> {
    dlocal_of("webhook-rs", secrets)
}

fn dlocal_of(login: &str, secrets: Vec<Secret>) -> Result<Dlocal, Error> {
    Dlocal::with_login(login, secrets).map_err(|error| match error {
        DlocalError::Secrets(error) => Error::usage(error.to_string()),
        login => Error::usage(format!("DLOCAL_LOGIN is wrong: {login}")),
    })
}
