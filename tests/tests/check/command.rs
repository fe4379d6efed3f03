//! The command, and what it prints.

use std::collections::BTreeSet;
use std::process::Output;

use serde_json::Value;
use webhook_tests::directory::Directory;
use webhook_tests::server;

const COMMAND: &str = env!("CARGO_BIN_EXE_test-webhook-rs");

/// What a check has printed, and its exit status.
pub(crate) struct Checked {
    rows: Vec<Value>,
    pub(crate) status: Option<i32>,
    pub(crate) printed: String,
}

/// Runs `webhook-rs check` with these arguments and variables.
pub(crate) fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let home = Directory::new();
    let home = home.path().display().to_string();
    let mut command = server::command(COMMAND, variables);
    command
        .env("WEBHOOK_RS_HOME", home)
        .arg("check")
        .args(arguments);
    server::run(command)
}

/// The same, read.
pub(crate) fn check(arguments: &[&str], variables: &[(&str, &str)]) -> Checked {
    let output = run(&[arguments, &["--json"]].concat(), variables);
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8(printed).unwrap();
    let rows = printed
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    Checked {
        rows: rows.collect(),
        status: output.status.code(),
        printed,
    }
}

impl Checked {
    /// The names of the checks with this verdict.
    pub(crate) fn with(&self, verdict: &str) -> BTreeSet<&str> {
        let rows = self.rows.iter().filter(|row| row["verdict"] == verdict);
        rows.map(|row| row["check"].as_str().unwrap()).collect()
    }

    pub(crate) fn faults(&self) -> BTreeSet<&str> {
        self.with("fault")
    }

    /// How many requests were judged.
    pub(crate) fn tried(&self) -> usize {
        let tried = self.rows.iter().filter(|row| row["verdict"] != "skipped");
        tried.count()
    }

    /// The row of a check.
    #[track_caller]
    pub(crate) fn row(&self, name: &str) -> &Value {
        let row = self.rows.iter().find(|row| row["check"] == name);
        row.unwrap_or_else(|| panic!("no {name} in\n{}", self.printed))
    }

    #[track_caller]
    pub(crate) fn why(&self, name: &str) -> &str {
        self.row(name)["why"].as_str().unwrap()
    }
}
