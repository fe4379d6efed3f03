//! The command `webhook-rs`, for the tests of this package: cargo tells them the path of no other package's binaries.

fn main() -> std::process::ExitCode {
    webhook_cli::run()
}
