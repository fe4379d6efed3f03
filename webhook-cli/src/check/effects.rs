use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::error::Error;

/// How long the command may take.
const COMMAND: Duration = Duration::from_secs(30);
/// How long a count must not change to be taken.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a receiver that acts later is waited for.
const LATER: Duration = Duration::from_secs(5);

/// A command of the user's that prints how often the receiver has acted.
pub(super) struct Effects(pub(super) String);

impl Effects {
    /// The count, once it no longer changes.
    pub(super) async fn settled(&self) -> Result<i64, Error> {
        let deadline = Instant::now() + LATER;
        let mut count = self.count().await?;
        loop {
            sleep(PAUSE).await;
            let next = self.count().await?;
            if next == count || Instant::now() > deadline {
                return Ok(next);
            }
            count = next;
        }
    }

    /// The same, where it should become more than this.
    pub(super) async fn after(&self, before: i64) -> Result<i64, Error> {
        let deadline = Instant::now() + LATER;
        while self.count().await? <= before && Instant::now() < deadline {
            sleep(PAUSE).await;
        }
        self.settled().await
    }

    async fn count(&self) -> Result<i64, Error> {
        let wrong = |what: String| {
            Error::usage(format!(
                "--effects `{}`: {what}; it must print one whole number, such as the count of rows in a table",
                self.0
            ))
        };
        let mut command = Command::new("sh");
        command
            .args(["-c", &self.0])
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
        text.trim()
            .parse()
            .map_err(|_| wrong(format!("it printed `{}`", crate::show::printable(&first))))
    }
}
