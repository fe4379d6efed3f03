//! Senders of the operator's own: `SCHEMES` names a file with a table for each.

mod wording;

use std::env;
use std::fmt;
use std::fs;
use std::ops::Range;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue, ValueDeserializer};
use webhook_core::scheme::SchemeProvider;
use webhook_core::signing::SchemeBuilder;
use webhook_core::{Keyring, Secret, SecretsError, Value};

use self::wording::{Spans, as_in_files, key_of, without_values};
use crate::presets::{Described, Presets};
use crate::recipe::Recipe;
use crate::secrets::Mistake;
use crate::{Configured, Sender, StartError};

/// Names and paths of the receivers themselves, beside those of the presets.
const TAKEN: [&str; 11] = [
    "github",
    "health",
    "mercadopago",
    "multicaja",
    "standard",
    "standard-webhooks",
    "stripe",
    "tusfacturas",
    "webhook",
    "webhooks",
    "wompi",
];

/// The senders in the file, if there is one.
pub(crate) fn from_env() -> Result<Vec<Described>, StartError> {
    let Some(path) = env::var_os("SCHEMES") else {
        return Ok(Vec::new());
    };
    let name = path.to_string_lossy();
    let text = fs::read_to_string(&path).map_err(|error| {
        let what =
            format!("names {name:?}, which cannot be read ({error}): set it to a file of TOML");
        StartError::setting("SCHEMES", what)
    })?;
    let file = File {
        name: &name,
        text: &text,
    };
    file.senders()
}

/// A file that is being read. What is wrong with it is said without a value: it could be a secret in the wrong place.
#[derive(Clone, Copy)]
struct File<'a> {
    name: &'a str,
    text: &'a str,
}

type Table<'a> = DeTable<'a>;
type Entry<'a> = (Spanned<DeString<'a>>, Spanned<DeValue<'a>>);

impl<'a> File<'a> {
    fn senders(self) -> Result<Vec<Described>, StartError> {
        let tables = Table::parse(self.text).map_err(|error| {
            self.wrong(
                error.span(),
                "",
                format_args!("this is not TOML: {}", error.message()),
            )
        })?;
        let mut tables: Vec<Entry<'_>> = tables.into_inner().into_iter().collect();
        tables.sort_by_key(|(name, _)| name.span().start);
        tables.into_iter().map(|entry| self.sender(entry)).collect()
    }

    fn sender(self, (name, table): Entry<'a>) -> Result<Described, StartError> {
        let at = name.span();
        let name = name.into_inner();
        let one = One {
            file: self,
            name: &name,
            at: at.clone(),
        };
        if !table.get_ref().is_table() {
            let what =
                format!("`{name}` is in no sender's table: write it below a line such as [acme]");
            return Err(self.wrong(Some(at), "", what));
        }
        one.is_free()?;
        one.read(table)
    }

    /// The message for what is at this place.
    fn wrong(self, at: Option<Range<usize>>, place: &str, what: impl fmt::Display) -> StartError {
        let before = at.and_then(|at| self.text.get(..at.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        let name = self.name;
        StartError::setting(
            "SCHEMES",
            format_args!("is wrong at line {line} of {name}{place}: {what}"),
        )
    }
}

/// One sender of the file.
struct One<'a> {
    file: File<'a>,
    name: &'a str,
    at: Range<usize>,
}

impl One<'_> {
    /// The name is a path, too.
    fn is_free(&self) -> Result<(), StartError> {
        let is_of = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if !(1..=32).contains(&self.name.len()) || !self.name.bytes().all(is_of) {
            return Err(self.wrong(
                self.at.clone(),
                "the name of a sender is also its path: write 1 to 32 lowercase letters, digits and hyphens",
            ));
        }
        let mut taken = TAKEN.into_iter().map(str::to_owned).chain(Presets::taken());
        if taken.any(|other| other == self.name) {
            return Err(self.wrong(
                self.at.clone(),
                "the receiver has a sender or a path of this name: choose another",
            ));
        }
        Ok(())
    }

    fn read(&self, table: Spanned<DeValue<'_>>) -> Result<Described, StartError> {
        let span = table.span();
        let DeValue::Table(mut keys) = table.into_inner() else {
            return Err(self.wrong(span, "it is no table"));
        };
        let secret = take(&mut keys, "secret").ok_or_else(|| {
            self.wrong(
                self.at.clone(),
                "it has no `secret`: write the name of the variable that has it, such as secret = \"ACME_SECRET\"",
            )
        })?;
        let verify_token = take(&mut keys, "verify-token");
        let spans = Spans::of(&keys);
        let has_hub = has_hub(&keys);
        let recipe = Recipe::deserialize(values(&keys, &span)).unwrap_or_default();
        let builder = SchemeBuilder::deserialize(values(&keys, &span))
            .map_err(|error| self.unreadable(&error, &spans))?;
        let scheme = builder.named(self.name).build().map_err(|error| {
            let at = key_of(error.kind()).and_then(|key| spans.key(key));
            let message = error.to_string();
            let what = message.split_once(" cannot be used: ");
            self.wrong(
                at.unwrap_or(self.at.clone()),
                as_in_files(what.map_or(&*message, |(_, what)| what)),
            )
        })?;

        let path = format!("/{}", self.name);
        let sender = Sender {
            title: format!("{} of {}: POST {path}", self.name, self.file.name).into(),
            curl: recipe.curl(&path).into(),
            ..Sender::secret(self.variable(&secret)?)
        };
        let secrets = self.secrets(&sender, &secret)?;
        let keyring = Keyring::for_scheme(&scheme, secrets.clone())
            .map_err(|error| self.useless(&sender, &secret, error))?;
        for warning in scheme.warnings() {
            tracing::warn!("{} of {}: {warning}", self.name, self.file.name);
        }
        let mut provider = SchemeProvider::<Value>::with_keyring(scheme, keyring);
        self.greet(&mut provider, has_hub, verify_token)?;
        Ok(Described {
            path,
            provider,
            configured: Configured {
                sender,
                secrets,
                generated: false,
            },
        })
    }

    /// Sets the token of a handshake with `hub`.
    fn greet(
        &self,
        provider: &mut SchemeProvider,
        has_hub: bool,
        verify_token: Option<Entry<'_>>,
    ) -> Result<(), StartError> {
        match (has_hub, verify_token) {
            (false, None) => Ok(()),
            (false, Some((key, _))) => Err(self.wrong(
                key.span(),
                "`verify-token` is for the handshake \"hub\", which is not in `handshakes`: add that, or remove this",
            )),
            (true, None) => {
                tracing::warn!(
                    "{} of {}: without `verify-token`, its handshake is refused",
                    self.name,
                    self.file.name
                );
                Ok(())
            }
            (true, Some(entry)) => {
                let sender = Sender::secret(self.variable(&entry)?);
                let tokens = self.secrets(&sender, &entry)?;
                provider
                    .verify_token(tokens)
                    .map_err(|error| self.useless(&sender, &entry, error))
            }
        }
    }

    /// The name of a variable. Anything else could be the secret itself.
    fn variable(&self, (key, value): &Entry<'_>) -> Result<String, StartError> {
        let is_of = |byte: u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_');
        let named = value.get_ref().as_str().filter(|name| {
            name.starts_with(|first: char| first.is_ascii_uppercase()) && name.bytes().all(is_of)
        });
        named.map(str::to_owned).ok_or_else(|| {
            let what = format!(
                "`{}` is not the name of a variable, which has capital letters, digits and `_`: \
                 put the secret into a variable of the environment, and write its name here",
                key.get_ref()
            );
            self.wrong(key.span(), what)
        })
    }

    fn secrets(&self, sender: &Sender, entry: &Entry<'_>) -> Result<Vec<Secret>, StartError> {
        let key = &entry.0;
        let read = sender
            .read()
            .map_err(|error| self.wrong(key.span(), error))?;
        read.ok_or_else(|| {
            // Its name is not shown: a secret in capital letters looks like one.
            let what = format!(
                "the variable that `{}` names is not set: set it",
                key.get_ref()
            );
            self.wrong(key.span(), what)
        })
    }

    fn useless(&self, sender: &Sender, (key, _): &Entry<'_>, error: SecretsError) -> StartError {
        self.wrong(
            key.span(),
            StartError::setting(&sender.variable, Mistake::from(error)),
        )
    }

    /// What serde says, without the values that it quotes.
    fn unreadable(&self, error: &toml::de::Error, spans: &Spans) -> StartError {
        let at = error.span().unwrap_or(self.at.clone());
        let what = without_values(
            error.message(),
            self.file.text.get(at.clone()),
            spans.around(&at),
        );
        self.wrong(at, what)
    }

    fn wrong(&self, at: Range<usize>, what: impl fmt::Display) -> StartError {
        let place = format!(", in [{}]", self.name.escape_debug());
        self.file.wrong(Some(at), &place, what)
    }
}

fn take<'a>(keys: &mut Table<'a>, name: &str) -> Option<Entry<'a>> {
    let key = keys.keys().find(|key| key.get_ref() == name)?.clone();
    keys.remove_entry(&key)
}

fn values<'a>(keys: &Table<'a>, span: &Range<usize>) -> ValueDeserializer<'a> {
    Spanned::new(span.clone(), DeValue::Table(keys.clone())).into()
}

/// Whether one of the handshakes needs a verify token.
fn has_hub(keys: &Table<'_>) -> bool {
    let mut keys = keys.iter();
    let handshakes = keys.find(|(key, _)| key.get_ref() == "handshakes");
    let handshakes = handshakes.and_then(|(_, value)| value.get_ref().as_array());
    handshakes.is_some_and(|handshakes| {
        let mut kinds = handshakes.iter().map(Spanned::get_ref);
        kinds.any(|kind| kind.as_str() == Some("hub") || kind.get("hub").is_some())
    })
}
