//! Programs to run and to read: the receivers of all senders, and short ones that each show one idea. What they share is
//! here, too: settings from the environment, the text at the start, the line per event, and a server for those on hyper.
//!
//! Each program is a module with a function `run`, which the binary of its name calls.

#![forbid(unsafe_code)]

pub mod actix_rusqlite;
mod announcement;
pub mod axum_database;
pub mod axum_postgres;
pub mod courier;
pub mod custom_provider;
pub mod hyper;
mod limits;
mod presets;
pub mod prometheus;
#[cfg(doctest)]
mod readme;
pub mod receiver;
mod recipe;
mod record;
mod schemes;
mod secrets;
mod sender;
mod serve;
mod settings;
mod start_error;
mod stop;
mod work;

pub use self::announcement::announce;
pub use self::limits::Limits;
pub use self::presets::{Described, Presets, Serves};
pub use self::record::{record, record_handled};
pub use self::sender::{Configured, Form, Sender};
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
