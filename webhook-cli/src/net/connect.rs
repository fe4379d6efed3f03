use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::{Failure, Target, tls};

/// A connection to a receiver, encrypted if its URL says so.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Connects to the first address of a receiver that takes the connection.
pub(super) async fn connect(target: &Target) -> Result<Box<dyn Stream>, Failure> {
    let stream = first(target).await?;
    let _only_slower_without = stream.set_nodelay(true);
    Ok(match target.tls_name() {
        Some(name) => {
            let encrypted = tls::encrypt(stream, &name).await;
            Box::new(encrypted.map_err(Failure::NotConnected)?)
        }
        None => Box::new(stream),
    })
}

async fn first(target: &Target) -> Result<TcpStream, Failure> {
    let mut why = String::new();
    for address in target.addresses() {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => why = format!("{address}: {error}"),
        }
    }
    Err(Failure::NotConnected(why))
}
