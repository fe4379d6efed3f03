//! What the runnable receivers share: settings from the environment, the text at the start, the line per event, and a
//! server for the ones that run on hyper; and a sender of one's own.

#![forbid(unsafe_code)]

mod announcement;
pub mod courier;
mod limits;
#[cfg(doctest)]
mod readme;
mod record;
mod secrets;
mod sender;
mod serve;
mod settings;
mod start_error;
mod stop;

pub use self::announcement::announce;
pub use self::limits::Limits;
pub use self::record::record;
pub use self::sender::{Configured, Sender};
pub use self::serve::serve;
pub use self::settings::{Settings, listen};
pub use self::start_error::StartError;
pub use self::stop::stop_signal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Logs to stderr, which leaves stdout to the events: at level `info`, or as `RUST_LOG` says.
pub fn log_to_stderr() {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
