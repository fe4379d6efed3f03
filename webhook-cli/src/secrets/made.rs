use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use webhook_core::Secret;

use super::{home, private_directory};
use crate::error::Error;
use crate::senders::Sender;

/// The secrets that this command has made for this machine, so that `listen` and `send` agree without a setting.
pub(super) struct Made {
    path: PathBuf,
}

impl Made {
    pub(super) fn open() -> Result<Self, Error> {
        Self::in_directory(&home()?)
    }

    fn in_directory(home: &Path) -> Result<Self, Error> {
        private_directory(home)?;
        Ok(Self {
            path: home.join("secrets.toml"),
        })
    }

    pub(super) fn secret(&self, sender: &Sender) -> Result<Secret, Error> {
        if let Some(secret) = self.read()?.get(&*sender.name) {
            return self.known(sender, secret);
        }
        // Another process may make one at the same moment, of this sender or of another: both must stay.
        let _until_it_is_saved = self.lock()?;
        let mut secrets = self.read()?;
        if let Some(secret) = secrets.get(&*sender.name) {
            return self.known(sender, secret);
        }
        let secret = sender.generate_secret()?;
        secrets.insert(sender.name.to_string(), secret.expose().to_owned());
        self.save(&secrets)?;
        Ok(secret)
    }

    /// A secret of the file, unless it is none of this sender.
    fn known(&self, sender: &Sender, secret: &str) -> Result<Secret, Error> {
        let secret = Secret::new(secret).map_err(|_| self.damaged())?;
        sender
            .configured_secret(&secret)
            .map_err(|_| self.damaged())?;
        Ok(secret)
    }

    fn read(&self) -> Result<BTreeMap<String, String>, Error> {
        match fs::read_to_string(&self.path) {
            Ok(text) => {
                self.keep_private()?;
                toml::from_str(&text).map_err(|_| self.damaged())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(self.damaged()),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// A copy or an editor may have made the file readable for others.
    fn keep_private(&self) -> Result<(), Error> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;

            let mode = fs::metadata(&self.path).map(|it| it.permissions().mode());
            if mode.is_ok_and(|mode| mode & 0o077 != 0) {
                fs::set_permissions(&self.path, fs::Permissions::from_mode(0o600))
                    .map_err(|error| self.failed(&error))?;
            }
        }
        Ok(())
    }

    /// Waits for other processes that make a secret. The lock ends with the file, or with the process.
    fn lock(&self) -> Result<fs::File, Error> {
        let path = self.path.with_extension("lock");
        let file = private_file(&path).map_err(|error| self.failed(&error))?;
        match file.lock() {
            // Not every file system has locks.
            Err(error) if error.kind() != io::ErrorKind::Unsupported => Err(self.failed(&error)),
            _ => Ok(file),
        }
    }

    /// Replaces the file at once, so that nobody reads half of it.
    fn save(&self, secrets: &BTreeMap<String, String>) -> Result<(), Error> {
        let lines = toml::to_string(secrets).map_err(|error| Error::failed(error.to_string()))?;
        let text = format!(
            "# Secrets that webhook-rs has made for deliveries on this machine. They are of no use elsewhere.\n{lines}"
        );
        let temporary = self
            .path
            .with_extension(format!("{}.new", std::process::id()));
        write_private(&temporary, text.as_bytes()).map_err(|error| self.failed(&error))?;
        fs::rename(&temporary, &self.path).map_err(|error| self.failed(&error))
    }

    fn damaged(&self) -> Error {
        Error::failed(format!(
            "{} is damaged: delete it, and new secrets are made",
            self.path.display()
        ))
    }

    fn failed(&self, error: &io::Error) -> Error {
        Error::failed(format!(
            "{}: {error}; set WEBHOOK_RS_HOME to a directory of your own",
            self.path.display()
        ))
    }
}

/// Writes a file that only its owner can read.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;

    private_file(path)?.write_all(bytes)
}

fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::senders::Senders;

    /// A directory that ends with the test.
    struct Home(PathBuf);

    impl Home {
        fn new(name: &str) -> Self {
            let name = format!("webhook-rs-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            let _left_by_a_run_that_was_killed = fs::remove_dir_all(&path);
            Self(path)
        }

        fn made(&self) -> Made {
            Made::in_directory(&self.0).unwrap()
        }
    }

    impl Drop for Home {
        fn drop(&mut self) {
            let _only_a_test = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_secret_that_was_made_is_not_lost_to_another_that_is_made_at_the_same_moment() {
        for _ in 0..10 {
            let home = Home::new("race");
            let senders = Senders::load(None).unwrap();
            let senders: Vec<_> = senders
                .iter()
                .filter(|sender| sender.is_authenticated())
                .collect();
            let made: Vec<(String, String)> = thread::scope(|scope| {
                let threads: Vec<_> = senders
                    .iter()
                    .chain(&senders)
                    .map(|sender| {
                        let home = &home;
                        scope.spawn(move || {
                            let secret = home.made().secret(sender).unwrap();
                            (sender.name.to_string(), secret.expose().to_owned())
                        })
                    })
                    .collect();
                let done = threads.into_iter().map(|it| it.join().unwrap());
                done.collect()
            });
            let saved = home.made().read().unwrap();
            assert_eq!(saved.len(), senders.len());
            for (name, secret) in made {
                assert_eq!(saved[&name], secret, "{name}");
            }
        }
    }

    #[test]
    fn a_name_that_must_be_quoted_does_not_damage_the_file() {
        let home = Home::new("quoted");
        let made = home.made();
        let secrets = ["a b", "a.b", "\"", "ñ", ""]
            .map(|name| (name.to_owned(), "a\"\\\n\u{7f}b".to_owned()));
        made.save(&secrets.clone().into()).unwrap();
        assert_eq!(made.read().unwrap(), secrets.into());
    }

    #[test]
    fn a_file_that_is_damaged_is_named_and_its_secrets_are_not() {
        let home = Home::new("damaged");
        let made = home.made();
        let senders = Senders::load(None).unwrap();
        for (sender, text) in [
            ("github", &b"github = \"s3cr3t"[..]),
            ("github", b"github = 5"),
            ("github", b"github = \"\""),
            ("github", b"\xffs3cr3t"),
            ("discord", b"discord = \"s3cr3t\""),
        ] {
            fs::write(&made.path, text).unwrap();
            let error = made.secret(senders.find(sender).unwrap()).unwrap_err();
            let error = error.to_string();
            assert!(error.contains("secrets.toml is damaged"), "{error}");
            assert!(!error.contains("s3cr3t"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_closed_to_them() {
        use std::os::unix::fs::PermissionsExt as _;

        let home = Home::new("mode");
        let made = home.made();
        fs::write(&made.path, "github = \"abc\"").unwrap();
        fs::set_permissions(&made.path, fs::Permissions::from_mode(0o644)).unwrap();
        let senders = Senders::load(None).unwrap();
        let secret = made.secret(senders.find("github").unwrap()).unwrap();
        assert_eq!(secret.expose(), "abc");
        let mode = fs::metadata(&made.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
