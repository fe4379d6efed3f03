//! Where secrets come from: a file, a variable, or for this machine's own use a file that the command makes. Never from the
//! command line, which other users of a machine can read.

mod made;

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use etcetera::{AppStrategy as _, AppStrategyArgs, choose_app_strategy};
use webhook_core::Secret;

use self::made::Made;
use crate::error::Error;
use crate::senders::Sender;

/// Where the secrets are.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct From {
    /// Read the secret from this file, `-` for stdin: one on each line, `label=secret` if it has a label
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Read the secret from this variable, instead of the sender's own: separated by commas, `label=secret` if it has a label
    #[arg(long, value_name = "VARIABLE", conflicts_with = "secret_file")]
    pub(crate) secret_env: Option<String>,
}

/// Secrets, and where they are from.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) secrets: Vec<Secret>,
    /// Whether they are those that the command has made for this machine.
    pub(crate) made: bool,
}

impl From {
    /// Whether they are on stdin, where they can be read once.
    pub(crate) fn is_stdin(&self) -> bool {
        self.secret_file.as_deref() == Some(Path::new("-"))
    }

    /// What a sender signs with, if it has a secret: with several, the first.
    ///
    /// `may_make` says whether a secret that this command makes will do.
    pub(crate) fn signing(&self, sender: &Sender, may_make: bool) -> Result<Option<Found>, Error> {
        let variable = sender.signing_variable();
        let found = self.find(sender, &variable, signing)?;
        match found {
            Some(secrets) => Ok(Some(Found {
                secrets,
                made: false,
            })),
            None if !sender.is_authenticated() => Ok(None),
            None if may_make => Ok(Some(Found {
                secrets: vec![Made::open()?.secret(sender)?],
                made: true,
            })),
            None => Err(missing(sender, &variable)),
        }
    }

    /// What a receiver of this sender is given: all of them.
    pub(crate) fn configured(&self, sender: &Sender, may_make: bool) -> Result<Found, Error> {
        let found = self.find(sender, &sender.variable, configured)?;
        if let Some(secrets) = found {
            return Ok(Found {
                secrets,
                made: false,
            });
        }
        if !sender.is_authenticated() {
            return Ok(Found {
                secrets: Vec::new(),
                made: false,
            });
        }
        if !may_make {
            return Err(missing(sender, &sender.variable));
        }
        let made = Made::open()?.secret(sender)?;
        Ok(Found {
            secrets: vec![sender.configured_secret(&made)?],
            made: true,
        })
    }

    fn find(
        &self,
        sender: &Sender,
        variable: &str,
        new: fn(String) -> Result<Secret, webhook_core::SecretsError>,
    ) -> Result<Option<Vec<Secret>>, Error> {
        if let Some(path) = &self.secret_file {
            let place = match self.is_stdin() {
                true => "stdin".to_owned(),
                false => path.display().to_string(),
            };
            let text = read(path).map_err(|error| match error.kind() {
                io::ErrorKind::InvalidData => {
                    Error::usage(format!("{place} is not UTF-8: save it as UTF-8"))
                }
                _ => Error::usage(format!("{place}: {error}")),
            })?;
            let lines = text.lines().filter(|line| !line.is_empty());
            return parse(lines, &place, new).map(Some);
        }
        if self.secret_env.as_deref() == Some("") {
            return Err(Error::usage(
                "--secret-env names no variable: give its name, and not its value",
            ));
        }
        let variable = self.secret_env.as_deref().unwrap_or(variable);
        if variable.is_empty() {
            return Ok(None);
        }
        match std::env::var(variable) {
            Ok(text) => parse(items(&text).into_iter(), variable, new).map(Some),
            Err(std::env::VarError::NotPresent) if self.secret_env.is_none() => Ok(None),
            Err(std::env::VarError::NotPresent) => Err(Error::usage(format!(
                "{variable} is not set: set it to the secret of {}",
                sender.name
            ))),
            Err(std::env::VarError::NotUnicode(_)) => Err(Error::usage(format!(
                "{variable} is not UTF-8: check the value"
            ))),
        }
    }
}

fn missing(sender: &Sender, variable: &str) -> Error {
    let what = match variable == sender.variable {
        true => "secret",
        false => "private key",
    };
    Error::usage(format!(
        "the {what} of {} is missing: set {variable}, or give a file with --secret-file FILE",
        sender.name
    ))
}

/// A private key of Standard Webhooks shows that it is one. Only a sender of its kind takes it: see `Form::configured`.
fn signing(text: String) -> Result<Secret, webhook_core::SecretsError> {
    match text.starts_with("whsk_") {
        true => Ok(webhook_core::testing::any_secret(text)),
        false => Secret::new(text),
    }
}

/// A public key of Standard Webhooks shows that it is one.
fn configured(text: String) -> Result<Secret, webhook_core::SecretsError> {
    match text.starts_with("whpk_") {
        true => Secret::public_key(text),
        false => Secret::new(text),
    }
}

fn read(path: &Path) -> io::Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    fs::read_to_string(path)
}

/// Splits at commas, except the one in a secret of the form `v1,whsec_…`, as the receivers do.
fn items(text: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let mut from = 0;
    for (comma, _) in text.match_indices(',') {
        let (item, rest) = (&text[from..comma], &text[comma + 1..]);
        let is_version = item == "v1" || item.ends_with("=v1");
        if !(is_version && rest.starts_with("whsec_")) {
            items.push(item);
            from = comma + 1;
        }
    }
    items.push(&text[from..]);
    items
}

fn parse<'a>(
    items: impl Iterator<Item = &'a str>,
    place: &str,
    new: fn(String) -> Result<Secret, webhook_core::SecretsError>,
) -> Result<Vec<Secret>, Error> {
    let mut secrets = Vec::new();
    for (at, item) in items.enumerate() {
        let secret = match labeled(item) {
            Some((label, value)) => new(value.to_owned()).and_then(|secret| secret.labeled(label)),
            None => new(item.to_owned()),
        };
        secrets.push(secret.map_err(|error| {
            Error::usage(format!("{place} is wrong at secret {}: {error}", at + 1))
        })?);
    }
    match secrets.is_empty() {
        true => Err(Error::usage(format!("{place} has no secret in it"))),
        false => Ok(secrets),
    }
}

/// Splits `label=secret`, not the padding of base64.
fn labeled(item: &str) -> Option<(&str, &str)> {
    let (label, value) = item.split_once('=')?;
    let is_label = label.starts_with(|first: char| first.is_ascii_lowercase())
        && label
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    (is_label && value != "=").then_some((label, value))
}

/// The directory of this command's own files: `WEBHOOK_RS_HOME`, or where the system keeps the state of programs.
pub(crate) fn home() -> Result<PathBuf, Error> {
    if let Some(home) = home_of(std::env::var_os("WEBHOOK_RS_HOME")) {
        return Ok(home);
    }
    let strategy = choose_app_strategy(AppStrategyArgs {
        app_name: "webhook-rs".to_owned(),
        ..AppStrategyArgs::default()
    })
    .map_err(|error| {
        Error::usage(format!(
            "{error}: set WEBHOOK_RS_HOME to a directory for the files of this command"
        ))
    })?;
    Ok(strategy.state_dir().unwrap_or_else(|| strategy.data_dir()))
}

/// The directory of a variable, which is as good as not set if it is empty: secrets do not belong into the working directory.
fn home_of(variable: Option<OsString>) -> Option<PathBuf> {
    variable.filter(|it| !it.is_empty()).map(PathBuf::from)
}

/// Creates a directory that only its owner can look into.
pub(crate) fn private_directory(path: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| {
        Error::failed(format!(
            "cannot create the directory {}: {error}; set WEBHOOK_RS_HOME to another",
            path.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_without_a_name_is_not_the_senders_own() {
        let from = From {
            secret_file: None,
            secret_env: Some(String::new()),
        };
        let senders = crate::senders::Senders::load(None).unwrap();
        let sender = senders.find("github").unwrap();
        for error in [
            from.signing(sender, true).unwrap_err(),
            from.configured(sender, true).unwrap_err(),
        ] {
            assert!(error.to_string().contains("names no variable"), "{error}");
        }
    }

    #[test]
    fn a_variable_is_split_at_its_commas_as_the_receivers_split_it() {
        for (text, expected) in [
            ("a,b", &["a", "b"][..]),
            ("v1,whsec_a", &["v1,whsec_a"]),
            (
                "new=v1,whsec_a,v1,whsec_b,v1,v2",
                &["new=v1,whsec_a", "v1,whsec_b", "v1", "v2"],
            ),
            ("whsec_av1,whsec_b", &["whsec_av1", "whsec_b"]),
        ] {
            assert_eq!(items(text), expected, "{text}");
        }
    }

    #[test]
    fn what_signs_is_never_the_public_key_of_a_receiver() {
        let mut senders = crate::senders::Senders::load(None).unwrap();
        let mut sender = senders.take("discord").unwrap();
        sender.variable = "WEBHOOK_RS_NO_SUCH_KEY".into();
        let from = From::default();
        for (error, expected) in [
            (
                from.signing(&sender, false).unwrap_err(),
                "the private key of discord is missing: set WEBHOOK_RS_NO_SUCH_KEY_PRIVATE, or",
            ),
            (
                from.configured(&sender, false).unwrap_err(),
                "the secret of discord is missing: set WEBHOOK_RS_NO_SUCH_KEY, or",
            ),
        ] {
            assert!(error.to_string().starts_with(expected), "{error}");
        }
    }

    #[test]
    fn an_empty_variable_names_no_directory() {
        assert_eq!(home_of(Some("".into())), None);
        assert_eq!(home_of(None), None);
        assert_eq!(home_of(Some("a".into())), Some(PathBuf::from("a")));
    }
}
