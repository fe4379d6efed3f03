use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::error::Error;

/// How long the command may take.
const COMMAND: Duration = Duration::from_secs(30);
/// How many times as long as it must not change a count is waited for.
pub(super) const PATIENCE: u32 = 12;
/// How often the command is run while it is waited for.
const TURNS: u32 = 5;

/// A command of the user's that prints how often the receiver has acted.
pub(super) struct Effects {
    pub(super) command: String,
    /// How long a count must not change to be taken.
    pub(super) settle: Duration,
}

impl Effects {
    /// The count, once it no longer changes; nothing if it changes all the time.
    pub(super) async fn settled(&self) -> Result<Option<i64>, Error> {
        let deadline = Instant::now() + self.settle * PATIENCE;
        let mut count = self.count().await?;
        let mut since = Instant::now();
        loop {
            sleep(self.settle / TURNS).await;
            let next = self.count().await?;
            if next != count {
                count = next;
                since = Instant::now();
            }
            if since.elapsed() >= self.settle {
                return Ok(Some(count));
            }
            if Instant::now() > deadline {
                return Ok(None);
            }
        }
    }

    async fn count(&self) -> Result<i64, Error> {
        let wrong = |what: String| {
            Error::usage(format!(
                "--effects `{}`: {what}; it must print one whole number, such as the count of rows in a table",
                self.command
            ))
        };
        let mut command = Command::new("sh");
        command
            .args(["-c", &self.command])
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        let output = tokio::time::timeout(COMMAND, command.output())
            .await
            .map_err(|_| wrong("it does not end".to_owned()))?
            .map_err(|error| wrong(error.to_string()))?;
        // Not the status: `grep -c` fails where it counts nothing.
        let text = String::from_utf8_lossy(&output.stdout);
        let first = text.trim().chars().take(40).collect::<String>();
        text.trim().parse().map_err(|_| {
            let printed = crate::show::printable(&first);
            wrong(match output.status.success() {
                true => format!("it printed `{printed}`"),
                false => format!("it printed `{printed}` and failed with {}", output.status),
            })
        })
    }
}
