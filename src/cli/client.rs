//! The HTTP client with which the subcommands `healthcheck` and `check` read from the running server of the same settings.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::config::Settings;

/// Time limits for each read or write, and for the whole response.
const IO_TIMEOUT: Duration = Duration::from_secs(2);
const DEADLINE: Duration = Duration::from_secs(10);

/// Maximum size of a response.
const MAX_RESPONSE_BYTES: u64 = 1 << 30;

/// The server's response.
#[derive(Debug)]
pub struct ClientResponse {
    /// The server's URL, without a path.
    pub base_url: String,
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// Sends a GET request for `path` to the server of these settings, with the admin token if one is set.
///
/// Errors: the server does not respond in time, or not in HTTP.
pub fn get(settings: &Settings, path: &str) -> Result<ClientResponse, String> {
    let address = SocketAddr::new(reachable(settings.host), port(settings)?);
    let base_url = format!("http://{address}");
    let (target, token) = (path.to_owned(), settings.admin_token.clone());
    let text = within(DEADLINE, move || request(address, &target, token.as_deref()))
        .map_err(|error| format!("no response from {base_url}{path}: {error}"))?;
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    match (status, body) {
        (Some(status), Some(body)) if text.starts_with("HTTP/1.1 ") => Ok(ClientResponse { base_url, status, body }),
        _ => Err(format!("{base_url}{path}: not an HTTP response")),
    }
}

/// The address at which a server bound to `host` can be reached from this machine.
fn reachable(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    }
}

/// The port in the settings; for port 0, the port in the server's port file.
fn port(settings: &Settings) -> Result<u16, String> {
    if settings.port != 0 {
        return Ok(settings.port);
    }
    let file = settings.port_file.as_ref().ok_or("--port 0 needs --port-file FILE, from which the port is read")?;
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    text.trim().parse().map_err(|_| format!("{}: {text:?} is not a port number", file.display()))
}

/// The result of `work`, or a timeout error; the thread that runs `work` is not stopped.
fn within<T: Send + 'static>(
    deadline: Duration,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (done, result) = channel();
    std::thread::spawn(move || done.send(work()));
    result.recv_timeout(deadline).unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

fn request(address: SocketAddr, path: &str, token: Option<&str>) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, IO_TIMEOUT)?;
    stream.set_read_timeout(Some(IO_TIMEOUT))?;
    stream.set_write_timeout(Some(IO_TIMEOUT))?;
    let token = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n{token}Connection: close\r\n\r\n")?;
    let mut response = Vec::new();
    stream.take(MAX_RESPONSE_BYTES).read_to_end(&mut response)?;
    Ok(String::from_utf8_lossy(&response).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_past_its_deadline_is_a_timeout() {
        let endless = || loop {
            std::thread::park();
        };
        let result: io::Result<String> = within(Duration::from_millis(1), endless);
        assert_eq!(result.expect_err("it never ends").kind(), ErrorKind::TimedOut);
        assert_eq!(within(DEADLINE, || Ok("done")).expect("it ends"), "done");
    }
}
