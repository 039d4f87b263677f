//! Normalises values with several spellings to the form in which requests are compared with them, and refuses those that no
//! request can match.

use std::net::IpAddr;

use http::Uri;
use http::uri::{Authority, Scheme};

/// The word that allows every host.
pub(super) const ANY_HOST: &str = "*";

/// A host name as the `Host` header of a request is compared with it: in lower case, without scheme, port and brackets.
pub(super) fn host_name(text: &str) -> Result<String, String> {
    let unfit = |problem: &str| Err(format!("{text:?} {problem}"));
    let lower = text.trim().to_ascii_lowercase();
    if lower == ANY_HOST {
        return Ok(lower);
    }
    let without_scheme = ["http://", "https://"].iter().find_map(|scheme| lower.strip_prefix(scheme)).unwrap_or(&lower);
    let name = without_scheme.strip_suffix('/').unwrap_or(without_scheme);
    if name.contains(ANY_HOST) {
        return unfit("has a wildcard, which matches no Host header; only * alone is one, for every host");
    }
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    let authority = name.parse::<Authority>().ok().filter(is_host_and_port);
    match authority {
        Some(authority) => Ok(canonical_host(authority.host())),
        None => unfit("is not a host name like mock.test"),
    }
}

/// An origin as browsers send it: in lower case, without a default port and a slash at its end.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let unfit = |problem: &str| Err(format!("{text:?} {problem}"));
    let trimmed = text.trim();
    if trimmed.contains('*') {
        return unfit("has a wildcard, which matches no Origin header; name each origin, like http://localhost:3000");
    }
    let Some((uri, authority)) = http_uri(trimmed) else { return unfit("is not an origin like http://localhost:3000") };
    if !matches!(uri.path(), "" | "/") {
        return unfit("has a path, which an origin does not have");
    }
    if !is_host_and_port(&authority) {
        return unfit("is not an origin like http://localhost:3000");
    }
    let is_https = uri.scheme() == Some(&Scheme::HTTPS);
    let default_port = if is_https { 443 } else { 80 };
    let scheme = if is_https { "https" } else { "http" };
    let host = canonical_host(authority.host());
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    Ok(match authority.port_u16().filter(|port| *port != default_port) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

/// An HTTP or HTTPS URL, without a slash at its end.
pub(super) fn http_url(text: &str) -> Result<String, String> {
    let text = text.trim();
    match http_uri(text) {
        Some(_) => Ok(text.trim_end_matches('/').to_owned()),
        None => Err(format!("{text:?} is not a URL like http://localhost:3000")),
    }
}

/// An API key or a token, without the space around it, which no header keeps.
pub(super) fn credential(text: &str) -> Result<String, String> {
    let key = text.trim();
    if key.is_empty() {
        return Err("is blank".to_owned());
    }
    if key.chars().any(char::is_control) {
        return Err("has a control character, which no header can carry".to_owned());
    }
    match key.split_once(' ') {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("bearer") => {
            Err("begins with `Bearer`, which is the scheme and no part of the key".to_owned())
        }
        _ => Ok(key.to_owned()),
    }
}

/// A number of bytes, with an optional unit: `KB` is 1000 bytes, `KiB` is 1024.
pub(super) fn bytes(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let factor = match text[digits..].trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return None,
    };
    text[..digits].parse::<usize>().ok()?.checked_mul(factor)
}

/// The parts of an absolute HTTP or HTTPS URL without a query.
fn http_uri(text: &str) -> Option<(Uri, Authority)> {
    let uri: Uri = text.parse().ok()?;
    let is_http = uri.scheme() == Some(&Scheme::HTTP) || uri.scheme() == Some(&Scheme::HTTPS);
    let authority = uri.authority().filter(|_| is_http && uri.query().is_none())?.clone();
    Some((uri, authority))
}

/// Whether there is a host, and nothing else but a valid port.
fn is_host_and_port(authority: &Authority) -> bool {
    let (host, text) = (authority.host(), authority.as_str());
    let port = text.strip_prefix(host);
    let has_valid_port = match port.map(|port| port.strip_prefix(':')) {
        Some(Some(port)) => port.parse::<u16>().is_ok(),
        Some(None) => text == host,
        None => false,
    };
    let is_bracketed = host.starts_with('[');
    let is_address = || host[1..host.len() - 1].parse::<std::net::Ipv6Addr>().is_ok();
    !host.is_empty() && has_valid_port && (!is_bracketed || host.ends_with(']') && is_address())
}

/// A host in lower case; an IP address in its shortest form, without brackets.
fn canonical_host(host: &str) -> String {
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    bare.parse::<IpAddr>().map_or(bare, |address| address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_with_one_meaning_are_equal() {
        for text in ["mock.test", " Mock.Test ", "mock.test:4010", "http://mock.test", "https://MOCK.test:443/"] {
            assert_eq!(host_name(text), Ok("mock.test".to_owned()), "{text}");
        }
        for text in ["fe80::1", "[fe80::1]", "[FE80:0:0::1]:80", "http://[fe80::1]/"] {
            assert_eq!(host_name(text), Ok("fe80::1".to_owned()), "{text}");
        }
        assert_eq!(host_name(" * "), Ok("*".to_owned()));
    }

    #[test]
    fn host_names_that_match_no_header_are_refused() {
        for text in
            ["", " ", "*.test", "mock.test/path", "a@b", "mock.test:99999", "mock.test:x", "ftp://a", "a b", ":80"]
        {
            assert!(host_name(text).is_err(), "{text}");
        }
    }

    #[test]
    fn origins_with_one_meaning_are_equal() {
        for (text, expected) in [
            ("http://localhost:3000", "http://localhost:3000"),
            (" HTTP://LocalHost:3000/ ", "http://localhost:3000"),
            ("http://a.test:80", "http://a.test"),
            ("https://a.test:443/", "https://a.test"),
            ("https://a.test:80", "https://a.test:80"),
            ("http://[0:0::1]:80", "http://[::1]"),
        ] {
            assert_eq!(origin(text), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn origins_that_match_no_header_are_refused() {
        for text in ["", "*", "null", "localhost:3000", "http://localhost:*", "http://*.test", "http://a.test/b"]
            .into_iter()
            .chain(["http://a.test?b", "http://u@a.test", "http://a.test:99999", "ftp://a.test", "http://"])
        {
            assert!(origin(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_decimal_or_binary() {
        for (text, number) in [
            ("65536", Some(65_536)),
            ("1MB", Some(1_000_000)),
            ("1 MiB", Some(1_048_576)),
            ("2kb", Some(2000)),
            ("1gib", Some(1 << 30)),
            ("7 B", Some(7)),
            ("1M", None),
            ("MB", None),
            ("1.5MB", None),
            ("-1", None),
            ("99999999999GB", None),
        ] {
            assert_eq!(bytes(text), number, "{text}");
        }
    }
}
