use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use crate::Configured;

/// Prints on stderr where the server listens and, for each sender, how to try it.
///
/// A configured secret is named by its variable, never shown; a generated one is shown, since nobody else knows it.
///
/// # Errors
///
/// The listener has no address.
pub fn announce<'a>(
    listener: &TcpListener,
    senders: impl IntoIterator<Item = &'a Configured>,
) -> io::Result<()> {
    let text = announcement(listener.local_addr()?, senders);
    // If nobody reads stderr, the server runs anyway.
    let _unread = io::stderr().lock().write_all(text.as_bytes());
    Ok(())
}

fn announcement<'a>(addr: SocketAddr, senders: impl IntoIterator<Item = &'a Configured>) -> String {
    let mut text = format!("listening on http://{addr}\n");
    let url = format!("http://{}", reachable(addr));
    for configured in senders {
        let _infallible = write!(text, "\n# {}\n", configured.sender.title);
        if configured.generated {
            for secret in &configured.secrets {
                let variable = &configured.sender.variable;
                let _infallible = writeln!(text, "export {variable}={}", secret.expose());
            }
        }
        let curl = configured.sender.curl.replace("<url>", &url);
        text += &curl.replace("<secret>", &first_secret(configured));
        text.push('\n');
    }
    text.push('\n');
    text
}

/// An address that a client on this machine can use when the server listens on all of them.
fn reachable(addr: SocketAddr) -> SocketAddr {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, addr.port())
}

/// The first secret of a variable as a shell expression, without the others and without its label.
fn first_secret(configured: &Configured) -> String {
    let variable = &configured.sender.variable;
    let mut secrets = configured.secrets.iter();
    let labeled = secrets.next().is_some_and(|first| first.label().is_some());
    match (labeled, secrets.len() > 0) {
        (false, false) => format!("${variable}"),
        (false, true) => format!("${{{variable}%%,*}}"),
        (true, false) => format!("${{{variable}#*=}}"),
        (true, true) => format!(r#"$(s=${{{variable}%%,*}}; printf %s "${{s#*=}}")"#),
    }
}
