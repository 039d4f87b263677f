//! Where a subcommand finds the running server: at a URL, or at the host and the port of the settings.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU16;
use std::path::PathBuf;

use http::Uri;

use crate::config::flags::PORT;
use crate::config::{self, RawSettings, Settings};

/// The place of a running server.
#[derive(Debug, Clone)]
pub(super) enum ServerAddress {
    /// This host and port.
    Authority(String),
    /// The port in this file, which the server writes when it listens.
    PortFile(IpAddr, PathBuf),
    /// There is none: port 0 without a file.
    Unknown,
}

impl ServerAddress {
    /// The place that `--url` names, else that of the settings. A port file counts unless a port is given.
    pub(super) fn new(url: Option<String>, settings: &Settings, raw: &RawSettings) -> Self {
        let host = config::reachable(*settings.host);
        match (url, &settings.port_file) {
            (Some(authority), _) => Self::Authority(authority),
            (None, Some(file)) if settings.port == 0 || !raw.get(&PORT).is_given() => {
                Self::PortFile(host, file.clone())
            }
            (None, None) if settings.port == 0 => Self::Unknown,
            (None, _) => Self::Authority(SocketAddr::new(host, settings.port).to_string()),
        }
    }

    /// Its host and port.
    ///
    /// Errors: the file does not hold a port, or there is none.
    pub(super) fn authority(&self) -> Result<String, String> {
        match self {
            Self::Authority(authority) => Ok(authority.clone()),
            Self::PortFile(host, file) => {
                let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
                let port = text.trim().parse::<NonZeroU16>();
                let port = port.map_err(|_| format!("{}: {text:?} is not a port number", file.display()))?;
                Ok(SocketAddr::new(*host, port.get()).to_string())
            }
            Self::Unknown => Err("--port 0 needs --port-file FILE, from which the port is read".to_owned()),
        }
    }
}

/// Host and port of an HTTP URL without a path.
pub(super) fn authority_of(url: &str) -> Result<String, String> {
    let example = "give it like http://127.0.0.1:4010";
    let uri: Uri = url.trim().parse().map_err(|error| format!("is not a URL ({error}); {example}"))?;
    if uri.scheme_str() != Some("http") {
        return Err(format!("does not begin with http://, the only protocol of the server; {example}"));
    }
    let authority =
        uri.authority().filter(|authority| !authority.as_str().contains('@') && !authority.host().is_empty());
    let Some(authority) = authority else { return Err(format!("has no plain host; {example}")) };
    if uri.path() != "/" || uri.query().is_some() {
        return Err(format!("has a path or a query, which a base URL does not have; {example}"));
    }
    let port = authority.port_u16().unwrap_or(80);
    Ok(format!("{}:{port}", authority.host()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_plain_http_without_a_path() {
        for (text, authority) in [
            ("http://127.0.0.1:4010", "127.0.0.1:4010"),
            (" http://127.0.0.1:4010/ ", "127.0.0.1:4010"),
            ("http://mock.test", "mock.test:80"),
            ("http://[::1]:4010", "[::1]:4010"),
        ] {
            assert_eq!(authority_of(text).as_deref(), Ok(authority), "{text}");
        }
        for text in [
            "127.0.0.1:4010",
            "https://mock.test",
            "http://",
            "http://a.test/api",
            "http://a:b@c.test",
            "http://a.test?b",
            "x y",
        ] {
            assert!(authority_of(text).is_err(), "{text}");
        }
    }
}
