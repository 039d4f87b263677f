//! Normalises values with several spellings to the form in which requests are compared with them, and refuses those
//! that no request can match.

use std::net::{IpAddr, Ipv6Addr};

use http::Uri;
use http::uri::{Authority, Scheme};

/// The word that allows every host.
pub(super) const ANY_HOST: &str = "*";

/// A host name as the `Host` header of a request is compared with it: in lower case, without scheme, port, brackets and
/// the dot that may end a DNS name.
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
    let host = authority.map(|authority| canonical_host(without_final_dot(authority.host())));
    match host.filter(|host| is_dns_name(host) || host.parse::<IpAddr>().is_ok()) {
        Some(host) => Ok(host),
        None => unfit("is not a host name like mock.test"),
    }
}

/// A DNS name without the dot that may end it: `mock.test.` and `mock.test` are one name.
pub(crate) fn without_final_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
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

/// Whether there is a host, and nothing else but a port from 0 to 65535.
pub(crate) fn is_host_and_port(authority: &Authority) -> bool {
    let host = authority.host();
    let Some(rest) = authority.as_str().strip_prefix(host).filter(|_| !host.is_empty()) else { return false };
    let has_valid_port = rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| is_port(port.as_bytes()));
    let is_address = |rest: &str| rest.strip_suffix(']').is_some_and(|text| text.parse::<Ipv6Addr>().is_ok());
    has_valid_port && host.strip_prefix('[').is_none_or(is_address)
}

/// Whether a text is a port from 0 to 65535.
pub(crate) fn is_port(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit) && std::str::from_utf8(text).is_ok_and(|text| text.parse::<u16>().is_ok())
}

/// Whether a name has the form of one in DNS; underscores are common, although no standard has them.
fn is_dns_name(name: &str) -> bool {
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    name.split('.').all(is_label)
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
        let texts = "mock.test mock.test:4010 http://mock.test https://MOCK.test:443/ mock.test. mock.test.:4010";
        for text in texts.split(' ').chain([" Mock.Test ", "http://mock.test./"]) {
            assert_eq!(host_name(text), Ok("mock.test".to_owned()), "{text}");
        }
        for name in ["mock", "my_mock-2", "xn--bcher-kva.test"] {
            assert_eq!(host_name(name).as_deref(), Ok(name));
        }
        for text in ["fe80::1", "[fe80::1]", "[FE80:0:0::1]:80", "http://[fe80::1]/"] {
            assert_eq!(host_name(text), Ok("fe80::1".to_owned()), "{text}");
        }
        assert_eq!(host_name(" * "), Ok("*".to_owned()));
    }

    #[test]
    fn host_names_that_match_no_header_are_refused() {
        let texts =
            "*.test mock.test/path a@b mock.test:99999 mock.test:x ftp://a :80 a,b a;b a..b .a a.. . [mock] a,b:80";
        for text in texts.split(' ').chain(["", " ", "a b", "b\u{fc}cher.test", "mock.test:+80"]) {
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
        let hosts = "* null localhost:3000 ftp://a.test http:// http://localhost:* http://*.test http://a.test/b";
        for text in hosts.split(' ').chain(["", "http://a.test?b", "http://u@a.test", "http://a.test:99999"]) {
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
