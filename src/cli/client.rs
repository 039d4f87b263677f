//! Asking the running server of the same settings, as `healthcheck` and `check` do. It only reads.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::config::Settings;

/// How long a server may be silent, and how long its whole answer may take.
const PATIENCE: Duration = Duration::from_secs(2);
const DEADLINE: Duration = Duration::from_secs(10);

/// Bytes of an answer that are read.
const MAX_ANSWER_BYTES: u64 = 1 << 30;

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    /// The server's URL.
    pub from: String,
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// Gets `path` from the server of these settings, with its admin token if it has one.
pub fn get(settings: &Settings, path: &str) -> Result<Answer, String> {
    let address = SocketAddr::new(reachable(settings.host), port(settings)?);
    let from = format!("http://{address}");
    let (asked, token) = (path.to_owned(), settings.admin_token.clone());
    let text = within(DEADLINE, move || ask(address, &asked, token.as_deref()))
        .map_err(|error| format!("no answer from {from}{path}: {error}"))?;
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    match (status, body) {
        (Some(status), Some(body)) if text.starts_with("HTTP/1.1 ") => Ok(Answer { from, status, body }),
        _ => Err(format!("{from}{path} does not speak HTTP")),
    }
}

/// Where a server bound to `host` can be reached from here.
fn reachable(host: IpAddr) -> IpAddr {
    match host {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    }
}

/// The port that was set, or under 0 the one that the server wrote down.
fn port(settings: &Settings) -> Result<u16, String> {
    if settings.port != 0 {
        return Ok(settings.port);
    }
    let file = settings.port_file.as_ref().ok_or("with --port 0, --port-file says where the port is")?;
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    text.trim().parse().map_err(|_| format!("{}: {text:?} is not a port", file.display()))
}

/// What `work` comes to, unless it takes too long; it is then left to itself.
fn within<T: Send + 'static>(
    deadline: Duration,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (done, result) = channel();
    std::thread::spawn(move || done.send(work()));
    result.recv_timeout(deadline).unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

fn ask(address: SocketAddr, path: &str, token: Option<&str>) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let token = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\n{token}Connection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_drips_for_ever_is_given_up() {
        let drip = || loop {
            std::thread::park();
        };
        let given_up: io::Result<String> = within(Duration::from_millis(1), drip);
        assert_eq!(given_up.expect_err("it never ends").kind(), ErrorKind::TimedOut);
        assert_eq!(within(DEADLINE, || Ok("whole")).expect("it ends"), "whole");
    }
}
