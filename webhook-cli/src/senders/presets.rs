//! The senders that the core describes as data.

use std::borrow::Cow;
use std::env;

use webhook_core::dlocal::{Dlocal, DlocalError};
use webhook_core::meta::Meta;
use webhook_core::scheme::{Preset, SchemeProvider, Source};
use webhook_core::{FromSecrets, Keyring, Secret, Value};

use super::of::{Form, fit};
use super::particulars::Setting;
use super::schemes::{Described, Make};
use super::{Particulars, Sample, Sender};
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

/// The login of an account of dLocal.
const DLOCAL_LOGIN: &str = "DLOCAL_LOGIN";
/// The token of the app's own that Meta sends when a URL is registered.
const META_VERIFY_TOKEN: &str = "META_VERIFY_TOKEN";

fn particulars_of(module: &str) -> Particulars {
    let setting = |variable, what, is_token| Particulars {
        setting: Some(Setting {
            variable,
            what,
            of_handshakes: is_token,
            is_secret: is_token,
        }),
        ..Particulars::default()
    };
    match module {
        "dlocal" => setting(
            DLOCAL_LOGIN,
            "the login of the account, which is signed",
            false,
        ),
        "meta" => setting(META_VERIFY_TOKEN, "the token of its handshakes", true),
        // They are those of Standard Webhooks.
        "gitlab_signing" => Particulars {
            several_signatures: true,
            ..Particulars::default()
        },
        // The verification token, by which older apps recognize Slack.
        "slack" => Particulars {
            credential_fields: &["token"],
            retry: Some(["x-slack-retry-num", "x-slack-retry-reason"]),
            ..Particulars::default()
        },
        _ => Particulars::default(),
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
        particulars: particulars_of(module),
    };
    described.of(form_of(module), plain, make)
}

fn from_secrets<P: Preset>(secrets: Vec<Secret>) -> Result<SchemeProvider<Value, P>, Error> {
    fit(Keyring::new(secrets)).map(SchemeProvider::from_keyring)
}

fn meta(secrets: Vec<Secret>) -> Result<Meta, Error> {
    let mut meta: Meta = from_secrets(secrets)?;
    if let Ok(token) = env::var(META_VERIFY_TOKEN) {
        meta.verify_token(token)
            .map_err(|error| Error::usage(format!("{META_VERIFY_TOKEN} is wrong: {error}")))?;
    }
    Ok(meta)
}

/// dLocal signs the login of the account, too.
fn dlocal(secrets: Vec<Secret>) -> Result<Dlocal, Error> {
    match env::var(DLOCAL_LOGIN) {
        Ok(login) => dlocal_of(&login, secrets),
        Err(env::VarError::NotPresent) => dlocal_plain(secrets),
        Err(env::VarError::NotUnicode(_)) => Err(Error::usage(format!(
            "{DLOCAL_LOGIN} is not UTF-8: check the value"
        ))),
    }
}

fn dlocal_plain(secrets: Vec<Secret>) -> Result<Dlocal, Error> {
    dlocal_of("webhook-rs", secrets)
}

fn dlocal_of(login: &str, secrets: Vec<Secret>) -> Result<Dlocal, Error> {
    Dlocal::with_login(login, secrets).map_err(|error| match error {
        DlocalError::Secrets(error) => Error::usage(error.to_string()),
        login => Error::usage(format!("{DLOCAL_LOGIN} is wrong: {login}")),
    })
}
