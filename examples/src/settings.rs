use std::env;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::net::TcpListener;

use webhook_core::{
    FromSecrets, IntoSecrets, Keyring, Multicaja, Secret, Secrets, SecretsError, TusFacturas,
};

/// A sender as the receivers serve it.
#[derive(Debug)]
pub struct Sender {
    /// What it is called, and where it posts to.
    pub title: &'static str,
    /// The environment variable with its secrets.
    pub variable: &'static str,
    /// A request to try, as a shell command. `<url>` stands for the server, `<secret>` for a shell expression inside
    /// double quotes.
    pub curl: &'static str,
}

impl Sender {
    const TUSFACTURAS: Self = Self {
        title: "TusFacturasAPP: POST /webhook",
        variable: "TF_WEBHOOK_TOKEN",
        curl: r#"curl -fsSi -w '\n' '<url>/webhook' -H "TF-WebhookToken: <secret>" -H 'Content-Type: application/json' -d '{"evento":"test","recurso":"test"}'"#,
    };

    // Linux has sha256sum, macOS has shasum.
    const MULTICAJA: Self = Self {
        title: "Multicaja/Klap: POST /webhook_confirm, /webhook_reject, /webhooks?webhook=confirm|reject, \
                and without a credential /webhook_validation",
        variable: "MULTICAJA_API_KEY",
        curl: r#"curl -fsSi -w '\n' '<url>/webhook_confirm' -H "Apikey: $(printf %s "ABC123<secret>" | { sha256sum 2>/dev/null || shasum -a 256; } | cut -c1-64)" -H 'Content-Type: application/json' -d '{"reference_id":"ABC","order_id":"123"}'"#,
    };
}

/// The settings of a receiver.
#[derive(Debug)]
pub struct Settings {
    addr: String,
    /// `TF_WEBHOOK_TOKEN`.
    pub tusfacturas: Configured,
    /// `MULTICAJA_API_KEY`.
    pub multicaja: Configured,
}

impl Settings {
    /// Reads the environment.
    ///
    /// `ADDR` is where to listen, `127.0.0.1:3000` unless set. Each sender has a variable with its secrets, separated
    /// by commas, each with a label if it is written `label=secret`; a label is of lower-case letters, digits and
    /// hyphens and begins with a letter. A secret is generated for a sender whose variable is not set.
    ///
    /// # Errors
    ///
    /// A variable that is set to something useless, such as nothing.
    pub fn from_env() -> Result<Self, StartError> {
        Self::from_variables(|name| env::var_os(name))
    }

    fn from_variables(read: impl Fn(&str) -> Option<OsString>) -> Result<Self, StartError> {
        let addr = text(&read, "ADDR")?.unwrap_or_else(|| "127.0.0.1:3000".to_owned());
        if addr.is_empty() {
            return Err(StartError::setting(
                "ADDR",
                "is empty: set it to an address and a port, or unset it for 127.0.0.1:3000",
            ));
        }
        Ok(Self {
            addr,
            tusfacturas: required::<TusFacturas>(&Sender::TUSFACTURAS, &read)?,
            multicaja: required::<Multicaja>(&Sender::MULTICAJA, &read)?,
        })
    }

    /// The senders that are served.
    pub fn senders(&self) -> impl Iterator<Item = &Configured> {
        [&self.tusfacturas, &self.multicaja].into_iter()
    }

    /// Opens the port.
    ///
    /// # Errors
    ///
    /// `ADDR` is no address with a port, or the port is taken.
    pub fn listen(&self) -> Result<TcpListener, StartError> {
        TcpListener::bind(&self.addr).map_err(|error| {
            StartError::setting(
                "ADDR",
                format_args!(
                    "cannot be listened on: {error}. Set it to an address and a port such as 127.0.0.1:3000"
                ),
            )
        })
    }
}

/// A sender with its secrets.
#[derive(Debug)]
pub struct Configured {
    /// Which one.
    pub sender: &'static Sender,
    /// At least one, fit for this sender.
    pub secrets: Secrets,
    /// Whether the secret was made up at the start.
    pub generated: bool,
}

/// The secrets that are configured, or a generated one.
fn required<P: FromSecrets>(
    sender: &'static Sender,
    read: impl Fn(&str) -> Option<OsString>,
) -> Result<Configured, StartError> {
    match configured::<P>(sender, read)? {
        Some(configured) => Ok(configured),
        None => generated(sender),
    }
}

/// The secrets that are configured; `None` if the variable is not set.
fn configured<P: FromSecrets>(
    sender: &'static Sender,
    read: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<Configured>, StartError> {
    let variable = sender.variable;
    let Some(text) = text(read, variable)? else {
        return Ok(None);
    };
    let secrets = parse(&text)
        // A set of this sender knows its rules: how many, how long, in which form.
        .and_then(|secrets| Ok(Keyring::<P>::new(secrets.clone()).map(|_| secrets)?))
        .map_err(|mistake| StartError::setting(variable, mistake))?;
    Ok(Some(Configured {
        sender,
        secrets,
        generated: false,
    }))
}

fn generated(sender: &'static Sender) -> Result<Configured, StartError> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| StartError::Io(io::Error::from(error)))?;
    let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let secrets = hex
        .into_secrets()
        .map_err(|error| StartError::setting(sender.variable, Mistake::from(error)))?;
    Ok(Configured {
        sender,
        secrets,
        generated: true,
    })
}

fn text(
    read: impl Fn(&str) -> Option<OsString>,
    variable: &'static str,
) -> Result<Option<String>, StartError> {
    read(variable)
        .map(OsString::into_string)
        .transpose()
        .map_err(|_| StartError::setting(variable, "is not UTF-8: check the value"))
}

fn parse(text: &str) -> Result<Secrets, Mistake> {
    let items: Vec<&str> = text.split(',').collect();
    let alone = items.len() == 1;
    if alone && text.trim().is_empty() {
        return Err(Mistake::NoSecret);
    }
    let mut secrets = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let secret = match labeled(item) {
            Some((_, "")) => return Err(Mistake::OnlyLabel { index }),
            Some((label, value)) => Secret::new(value).and_then(|secret| secret.labeled(label)),
            None => Secret::new(item),
        };
        secrets.push(secret.map_err(|error| Mistake::Item { index, error })?);
    }
    Ok(Secrets::collect(secrets)?)
}

/// Splits `label=secret`.
///
/// The padding of a base64 secret is no separator: `abcd==` has no label. A single `=` at the end could be either. It
/// is taken for a label without a secret, since `label=$UNSET` would otherwise make a secret that anyone can guess.
fn labeled(item: &str) -> Option<(&str, &str)> {
    let (label, value) = item.split_once('=')?;
    let is_label = label.starts_with(|first: char| first.is_ascii_lowercase())
        && label
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    (is_label && value != "=").then_some((label, value))
}

/// What is wrong with the secrets in a variable. It never shows one, nor a label, which may be a misplaced secret.
enum Mistake {
    NoSecret,
    OnlyLabel { index: usize },
    Item { index: usize, error: SecretsError },
    Set(SecretsError),
}

impl From<SecretsError> for Mistake {
    fn from(error: SecretsError) -> Self {
        Self::Set(error)
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSecret => f.write_str(
                "is set and empty: set it to a secret, or unset it to have one generated",
            ),
            Self::OnlyLabel { index } => write!(
                f,
                "has a label and no secret at item {}: write label=secret, also for a secret that ends in `=`",
                index + 1
            ),
            Self::Item { index, error } => write!(f, "is wrong at item {}: {error}", index + 1),
            Self::Set(error) => write!(f, "is wrong: {error}"),
        }
    }
}

/// Why a receiver does not start. The message names the variable and the fix.
pub enum StartError {
    /// A variable of the environment.
    Setting(String),
    /// The system.
    Io(io::Error),
}

impl StartError {
    fn setting(variable: &str, mistake: impl fmt::Display) -> Self {
        Self::Setting(format!("{variable} {mistake}"))
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(message) => f.write_str(message),
            Self::Io(error) => error.fmt(f),
        }
    }
}

/// The message: it is what the runtime prints when `main` returns an error.
impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for StartError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(tokens: &str) -> Result<Settings, StartError> {
        Settings::from_variables(|name| (name == "TF_WEBHOOK_TOKEN").then(|| tokens.into()))
    }

    #[test]
    fn a_label_stands_before_the_first_equals_sign_and_padding_is_no_label() {
        for (text, expected) in [
            ("s3cr3t", vec![(None, "s3cr3t")]),
            ("abcd==", vec![(None, "abcd==")]),
            ("QUJDRA==", vec![(None, "QUJDRA==")]),
            ("Zm9v+A=", vec![(None, "Zm9v+A=")]),
            ("PDV=token", vec![(None, "PDV=token")]),
            ("3=token", vec![(None, "3=token")]),
            ("pdv-3=abcd==", vec![(Some("pdv-3"), "abcd==")]),
            (
                "a=1,b,c=2",
                vec![(Some("a"), "1"), (None, "b"), (Some("c"), "2")],
            ),
        ] {
            let settings = settings(text).unwrap();
            let secrets: Vec<_> = settings
                .tusfacturas
                .secrets
                .iter()
                .map(|secret| (secret.label().map(|label| label.as_str()), secret.expose()))
                .collect();
            assert_eq!(secrets, expected, "{text}");
            assert!(!settings.tusfacturas.generated);
        }
    }

    #[test]
    fn a_useless_value_is_refused_with_the_variable_and_the_fix() {
        for (text, expected) in [
            (
                "",
                "TF_WEBHOOK_TOKEN is set and empty: set it to a secret, or unset it to have one generated",
            ),
            (
                "  ",
                "TF_WEBHOOK_TOKEN is set and empty: set it to a secret, or unset it to have one generated",
            ),
            (
                "a,,b",
                "TF_WEBHOOK_TOKEN is wrong at item 2: the secret is empty: set a value",
            ),
            (
                "a,",
                "TF_WEBHOOK_TOKEN is wrong at item 2: the secret is empty: set a value",
            ),
            (
                "tok\n",
                "TF_WEBHOOK_TOKEN is wrong at item 1: \
                 the secret begins or ends with white space: trim it where it is read",
            ),
            (
                "pdv-1=a,pdv-3=",
                "TF_WEBHOOK_TOKEN has a label and no secret at item 2: \
                 write label=secret, also for a secret that ends in `=`",
            ),
            (
                "one,one",
                "TF_WEBHOOK_TOKEN is wrong: \
                 secret 2 is in the set already: take one of the two off the list",
            ),
        ] {
            assert_eq!(
                settings(text).unwrap_err().to_string(),
                expected,
                "{text:?}"
            );
        }
    }

    #[test]
    fn every_generated_secret_is_another_one() {
        let nothing = |_: &str| None;
        let settings = [(), ()].map(|()| Settings::from_variables(nothing).unwrap());
        let secrets: std::collections::HashSet<_> = settings
            .iter()
            .flat_map(Settings::senders)
            .flat_map(|configured| configured.secrets.iter())
            .map(|secret| secret.expose().to_owned())
            .collect();
        assert_eq!(secrets.len(), 4);
        assert!(secrets.iter().all(|secret| secret.len() == 64));
    }
}
