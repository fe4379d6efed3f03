//! The senders that differ only in data, each with its path and its variables. What follows a rule needs no code here.

use std::borrow::Cow;
use std::env;

use webhook_core::dlocal::{Dlocal, DlocalError, DlocalScheme};
use webhook_core::scheme::{AnyScheme, Preset, SchemeProvider, Source};
use webhook_core::{FromSecrets, Keyring, Secret, Value};

use crate::recipe::Recipe;
use crate::secrets::Mistake;
use crate::sender::Form;
use crate::{Configured, Sender, StartError};

/// A sender that a scheme describes, with its secrets.
#[derive(Debug)]
pub struct Described<S: Source = AnyScheme> {
    /// Where it posts to.
    pub path: String,
    /// The sender.
    pub provider: SchemeProvider<Value, S>,
    /// What is announced of it.
    pub configured: Configured,
}

/// An app to which senders are added.
pub trait Serves: Sized {
    /// The app with a sender added.
    #[must_use]
    fn add<S: Source>(self, path: &str, provider: SchemeProvider<Value, S>) -> Self;
}

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

/// Where a preset posts to.
fn path_of(module: &str) -> String {
    match module {
        "gitlab_signing" => "/gitlab".to_owned(),
        _ => format!("/{}", module.replace('_', "-")),
    }
}

/// A variable that is of use only beside that of the secrets.
fn companion_of(module: &str) -> Option<&'static str> {
    match module {
        "dlocal" => Some(DLOCAL_LOGIN),
        "meta" => Some(META_VERIFY_TOKEN),
        _ => None,
    }
}

const DLOCAL_LOGIN: &str = "DLOCAL_LOGIN";
const META_VERIFY_TOKEN: &str = "META_VERIFY_TOKEN";

/// How a provider is made of secrets.
macro_rules! make {
    (dlocal) => {
        dlocal
    };
    ($module:ident) => {
        from_secrets
    };
}

macro_rules! presets {
    ($($(#[$cfg:meta])* $module:ident $Sender:ident $Layer:ident $title:literal;)*) => {
        /// The presets that are configured.
        #[derive(Debug)]
        pub struct Presets {$(
            $module: Option<Described<source::$Sender>>,
        )*}

        /// What distinguishes the presets.
        mod source {
            use webhook_core::scheme::{SchemeProvider, Source};
            use webhook_core::Value;

            /// The source of a provider, which only its alias names.
            pub(super) trait Of {
                type Source: Source;
            }

            impl<S: Source> Of for SchemeProvider<Value, S> {
                type Source = S;
            }

            $(pub(super) type $Sender = <webhook_core::$module::$Sender<Value> as Of>::Source;)*
        }

        impl Presets {
            /// Reads the environment.
            ///
            /// # Errors
            ///
            /// If a variable is set to something useless, or without another one that it needs.
            pub fn from_env() -> Result<Self, StartError> {
                let presets = Self {$(
                    $module: configured(stringify!($module), $title, make!($module))?,
                )*};
                presets.have_urls_of_their_own()?;
                Ok(presets)
            }

            /// Those that are served.
            pub fn senders(&self) -> impl Iterator<Item = &Configured> {
                [$(self.$module.as_ref().map(|preset| &preset.configured),)*].into_iter().flatten()
            }

            /// Adds them to an app.
            pub fn serve<A: Serves>(self, app: A) -> A {
                $(let app = match self.$module {
                    Some(preset) => app.add(&preset.path, preset.provider),
                    None => app,
                };)*
                app
            }

            /// The paths and the names of all presets, configured or not.
            pub fn taken() -> impl Iterator<Item = String> {
                [$(stringify!($module),)*].into_iter().flat_map(|module| {
                    [module.replace('_', "-"), path_of(module).split_off(1)]
                })
            }
        }
    };
}

webhook_core::__for_each_preset!(presets);

impl Presets {
    /// The two kinds of GitLab share a URL.
    fn have_urls_of_their_own(&self) -> Result<(), StartError> {
        if self.gitlab.is_none() || self.gitlab_signing.is_none() {
            return Ok(());
        }
        let [token, signing] = ["gitlab", "gitlab_signing"].map(variable_of);
        Err(StartError::setting(
            &token,
            format_args!(
                "is set, and so is {signing}: unset {token}, since a signature proves more than a token"
            ),
        ))
    }
}

/// Makes a provider of the secrets in this variable.
type Make<S> = fn(&str, Vec<Secret>) -> Made<S>;
type Made<S> = Result<SchemeProvider<Value, S>, StartError>;

fn configured<S: Source>(
    module: &str,
    title: &str,
    make: Make<S>,
) -> Result<Option<Described<S>>, StartError> {
    let variable = variable_of(module);
    let path = path_of(module);
    let recipe = Recipe::of_preset(module);
    let companion = companion_of(module).filter(|it| env::var_os(it).is_some());
    let sender = Sender {
        title: format!("{title}: POST {path}").into(),
        curl: match recipe {
            Some(recipe) => recipe.curl(&path).into(),
            None => "# how to sign a request is in the documentation of this sender".into(),
        },
        variable,
        form: Form::Encoded,
    };
    let Some(secrets) = sender.read()? else {
        return match companion {
            None => Ok(None),
            Some(companion) => Err(StartError::setting(
                companion,
                format_args!(
                    "is set without {0}: set {0} as well, or unset it",
                    sender.variable
                ),
            )),
        };
    };
    let mut provider = make(&sender.variable, secrets.clone())?;
    if module == "meta" {
        greet(&mut provider)?;
    }
    Ok(Some(Described {
        path,
        provider,
        configured: Configured {
            sender,
            secrets,
            generated: false,
        },
    }))
}

fn from_secrets<P: Preset>(variable: &str, secrets: Vec<Secret>) -> Made<P> {
    Keyring::new(secrets)
        .map(SchemeProvider::from_keyring)
        .map_err(|error| StartError::setting(variable, Mistake::from(error)))
}

/// dLocal signs the login of the account, too.
fn dlocal(variable: &str, secrets: Vec<Secret>) -> Made<DlocalScheme> {
    let login = env::var(DLOCAL_LOGIN).map_err(|error| match error {
        env::VarError::NotPresent => StartError::setting(
            variable,
            format_args!("is set without {DLOCAL_LOGIN}: set that to the X-Login of the account"),
        ),
        env::VarError::NotUnicode(_) => {
            StartError::setting(DLOCAL_LOGIN, "is not UTF-8: check the value")
        }
    })?;
    Dlocal::with_login(&login, secrets).map_err(|error| match error {
        DlocalError::Secrets(error) => StartError::setting(variable, Mistake::from(error)),
        login => StartError::setting(DLOCAL_LOGIN, format_args!("is wrong: {login}")),
    })
}

/// Meta sends a token of the app's own when its URL is registered.
fn greet<S: Source>(provider: &mut SchemeProvider<Value, S>) -> Result<(), StartError> {
    let Some(tokens) = Sender::secret(META_VERIFY_TOKEN).read()? else {
        tracing::warn!(
            "{META_VERIFY_TOKEN} is not set: Meta cannot register the URL, since its handshake is refused"
        );
        return Ok(());
    };
    provider
        .verify_token(tokens)
        .map_err(|error| StartError::setting(META_VERIFY_TOKEN, Mistake::from(error)))
}
