use std::sync::Arc;

use http::Uri;
use webhook_core::Secret;
use zeroize::Zeroizing;

use super::mask::{Masks, Secrets};
use crate::error::Error;
use crate::secrets::{self, Found};
use crate::senders::{Facts, Judge, Sender, Senders};

/// A sender whose deliveries are received, with what judges them.
pub(super) struct Receiver {
    pub(super) sender: Sender,
    pub(super) facts: Facts,
    pub(super) judge: Box<dyn Judge>,
    /// What a delivery is signed with that is sent again; none if this command cannot sign for the sender.
    pub(super) signing: Vec<Secret>,
    pub(super) secret: SecretFrom,
    pub(super) masks: Masks,
}

/// Where the secret of a sender is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecretFrom {
    Variable,
    Made,
    None,
}

impl SecretFrom {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Variable => "variable",
            Self::Made => "made",
            Self::None => "none",
        }
    }
}

/// Which sender a path belongs to.
pub(super) struct Routes {
    receivers: Vec<Receiver>,
    /// Every path belongs to the only sender that was named.
    has_one: bool,
}

/// A sender, and what the path has below its name: nothing, or a slash and more.
pub(super) struct Route<'a> {
    pub(super) receiver: &'a Receiver,
    pub(super) below: &'a str,
}

impl Routes {
    /// The senders of these names, or all.
    pub(super) fn new(
        names: &[String],
        mut senders: Senders,
        from: &secrets::From,
    ) -> Result<Self, Error> {
        let given = from.secret_file.is_some() || from.secret_env.is_some();
        if given && names.len() != 1 {
            return Err(Error::usage(
                "a secret is that of one sender: name it, as in `webhook-rs listen stripe --secret-file FILE`",
            ));
        }
        let chosen: Vec<Sender> = match names {
            [] => senders.into_all(),
            names => {
                for name in names {
                    senders.find(name)?;
                }
                let taken = names.iter().map(|name| {
                    let twice = |_| Error::usage(format!("`{name}` is named twice: name it once"));
                    senders.take(name).map_err(twice)
                });
                taken.collect::<Result<_, _>>()?
            }
        };
        let mut found = Vec::new();
        for sender in chosen {
            let configured = from.configured(&sender, true)?;
            let signing = match from.is_stdin() {
                true => (!sender.has_key_pair()).then(|| configured.clone()),
                false => from.signing(&sender, true).ok().flatten(),
            };
            found.push((configured, signing, sender));
        }
        let secrets = Arc::new(masked(&found));
        let receivers = found.into_iter().map(|(found, signing, sender)| {
            let secret = match (found.made, found.secrets.is_empty()) {
                (true, _) => SecretFrom::Made,
                (false, true) => SecretFrom::None,
                (false, false) => SecretFrom::Variable,
            };
            Ok(Receiver {
                facts: sender.facts(),
                judge: sender.judge(found.secrets)?,
                signing: signing
                    .map(|signing| fitting(signing, &sender, secret))
                    .unwrap_or_default(),
                masks: Masks::new(&sender.particulars, Arc::clone(&secrets)),
                secret,
                sender,
            })
        });
        Ok(Self {
            receivers: receivers.collect::<Result<_, Error>>()?,
            has_one: names.len() == 1,
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Receiver> {
        self.receivers.iter()
    }

    /// The receiver of a sender.
    pub(super) fn of(&self, name: &str) -> Option<&Receiver> {
        self.receivers
            .iter()
            .find(|receiver| receiver.sender.name == name)
    }

    /// The sender that a path belongs to.
    pub(super) fn find<'a>(&'a self, path: &'a str) -> Option<Route<'a>> {
        // Below the URL that is forwarded to means below it.
        if has_dots(path) {
            return None;
        }
        let rest = path.strip_prefix('/')?;
        let first = rest.split('/').next().unwrap_or_default();
        let named = self
            .receivers
            .iter()
            .find(|receiver| receiver.sender.name == first || receiver.sender.alias == Some(first));
        match (named, self.receivers.first()) {
            (Some(receiver), _) => Some(Route {
                receiver,
                below: rest.get(first.len()..).unwrap_or_default(),
            }),
            (None, Some(receiver)) if self.has_one => Some(Route {
                receiver,
                below: if rest.is_empty() { "" } else { path },
            }),
            _ => None,
        }
    }
}

impl Receiver {
    /// The path that its sender is given.
    pub(super) fn path(&self) -> String {
        let path = match self.sender.particulars.endpoint {
            "" => format!("/{}", self.sender.name),
            endpoint => format!("/{}/{endpoint}", self.sender.name),
        };
        match path.parse::<Uri>() {
            Ok(_) => path,
            // A name of the user's own that is no path.
            Err(_) => "/".to_owned(),
        }
    }
}

/// All that is kept of no delivery: what judges and what signs, fitting or not, and settings that are secrets.
fn masked(found: &[(Found, Option<Found>, Sender)]) -> Secrets {
    let settings = found.iter().filter_map(|(.., sender)| {
        let setting = sender.particulars.setting.as_ref()?;
        let value = std::env::var(setting.variable).ok()?;
        setting.is_secret.then(|| Zeroizing::new(value))
    });
    let settings: Vec<_> = settings.collect();
    let given = found.iter().flat_map(|(configured, signing, _)| {
        let signing = signing.iter().flat_map(|signing| &signing.secrets);
        configured.secrets.iter().chain(signing)
    });
    let given = given.map(Secret::expose);
    Secrets::new(given.chain(settings.iter().map(|value| value.as_str())))
}

/// What signs for a sender, if it fits what judges: a private key for the public one that was given.
fn fitting(mut found: Found, sender: &Sender, configured: SecretFrom) -> Vec<Secret> {
    if found.made != (configured == SecretFrom::Made) {
        return Vec::new();
    }
    found
        .secrets
        .retain(|secret| sender.configured_secret(secret).is_ok());
    found.secrets
}

/// Whether a segment of the path is `.` or `..`, in any spelling.
fn has_dots(path: &str) -> bool {
    path.split(['/', '\\']).any(|segment| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        let segment = segment.split(';').next().unwrap_or_default();
        matches!(segment, "." | "..") || segment.contains("%2f") || segment.contains("%5c")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of what a path is, and what is below: with secrets in no file and in no variable.
    fn find(routes: &Routes, path: &str) -> Option<(String, String)> {
        let route = routes.find(path)?;
        Some((
            route.receiver.sender.name.to_string(),
            route.below.to_owned(),
        ))
    }

    fn routes(names: &[&str]) -> Routes {
        let senders = Senders::load(None).unwrap();
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        Routes::new(&names, senders, &secrets::From::default()).unwrap()
    }

    #[test]
    fn a_path_belongs_to_the_sender_that_it_begins_with() {
        let routes = routes(&["flow", "mercadolibre"]);
        for (path, expected) in [
            ("/flow", Some(("flow", ""))),
            ("/flow/", Some(("flow", "/"))),
            ("/flow/a/b", Some(("flow", "/a/b"))),
            ("/mercadolibre", Some(("mercadolibre", ""))),
            ("/flows", None),
            ("/", None),
            ("", None),
            ("*", None),
            ("/x/flow", None),
            ("/flow/../admin", None),
            ("/flow/%2e%2E/admin", None),
            ("/flow/.;a/admin", None),
            ("/flow/a%2f..%2fb", None),
            ("/flow/..\\admin", None),
            ("/flow/..a", Some(("flow", "/..a"))),
        ] {
            let expected = expected.map(|(name, below)| (name.to_owned(), below.to_owned()));
            assert_eq!(find(&routes, path), expected, "{path}");
        }
    }

    #[test]
    fn every_path_belongs_to_the_only_sender() {
        let routes = routes(&["flow"]);
        for (path, below) in [
            ("/", ""),
            ("/a/b", "/a/b"),
            ("/flow", ""),
            ("/flow/a", "/a"),
        ] {
            let expected = Some(("flow".to_owned(), below.to_owned()));
            assert_eq!(find(&routes, path), expected, "{path}");
        }
        assert_eq!(find(&routes, "/a/../b"), None);
    }
}
