//! Runs the command.

use std::process::{Command, Output};

use serde_json::Value;
use webhook_tests::directory::Directory;
use webhook_tests::server;

pub const COMMAND: &str = env!("CARGO_BIN_EXE_test-webhook-rs");

/// The command with a home of its own, so that no test sees the secrets of another.
pub struct WebhookRs {
    home: Directory,
}

/// What it wrote, and its exit status.
pub struct Ran {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl WebhookRs {
    pub fn new() -> Self {
        Self {
            home: Directory::new(),
        }
    }

    pub fn home(&self) -> &Directory {
        &self.home
    }

    pub fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = server::command(COMMAND, variables);
        command.env("WEBHOOK_RS_HOME", self.home.path());
        command.args(arguments);
        command
    }

    #[track_caller]
    pub fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        server::run(self.command(arguments, variables)).into()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// The lines of JSON on stdout.
    #[track_caller]
    pub fn json(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    }

    /// The only one.
    #[track_caller]
    pub fn one(&self) -> Value {
        let [one] = &self.json()[..] else {
            panic!("not one line of JSON: {}{}", self.stdout, self.stderr);
        };
        one.clone()
    }
}
