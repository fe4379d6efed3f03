//! The command `webhook-rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    webhook_cli::run()
}
