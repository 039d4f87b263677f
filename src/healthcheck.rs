//! `healthcheck`: asks the server of the same settings whether it is well. Needs no other program, so that it works in an
//! image made from scratch.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::config::Settings;

const PATIENCE: Duration = Duration::from_secs(2);

/// Well, or why not.
pub fn run(settings: &Settings) -> Result<(), String> {
    let address = SocketAddr::new(reachable(settings.host), port(settings)?);
    let answer = ask(address, "/health").map_err(|error| format!("no answer from http://{address}/health: {error}"))?;
    if answer.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        Err(format!("http://{address}/health is not well: {}", answer.lines().next().unwrap_or("no answer")))
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

fn ask(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
