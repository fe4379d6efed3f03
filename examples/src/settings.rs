use std::env;
use std::net::TcpListener;

use webhook_core::{Multicaja, TusFacturas};

use crate::{Configured, Sender, StartError};

/// The senders that both receivers serve.
#[derive(Debug)]
pub struct Settings {
    /// `TF_WEBHOOK_TOKEN`.
    pub tusfacturas: Configured,
    /// `MULTICAJA_API_KEY`.
    pub multicaja: Configured,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// A variable that is set to something useless, such as nothing.
    pub fn from_env() -> Result<Self, StartError> {
        Ok(Self {
            tusfacturas: Sender::TUSFACTURAS.configured_or_generated::<TusFacturas>()?,
            multicaja: Sender::MULTICAJA.configured_or_generated::<Multicaja>()?,
        })
    }

    /// The senders that are served.
    pub fn senders(&self) -> impl Iterator<Item = &Configured> {
        [&self.tusfacturas, &self.multicaja].into_iter()
    }
}

/// Listens on the address in `ADDR`, or on 127.0.0.1:3000. Port 0 is any free one.
///
/// # Errors
///
/// The variable holds no address with a port, or the port is taken.
pub fn listen() -> Result<TcpListener, StartError> {
    let addr = env::var_os("ADDR").unwrap_or_else(|| "127.0.0.1:3000".into());
    TcpListener::bind(&*addr.to_string_lossy()).map_err(|error| {
        StartError::setting(
            "ADDR",
            format_args!(
                "cannot be listened on ({error}): set it to a free address and port such as 127.0.0.1:3000"
            ),
        )
    })
}
