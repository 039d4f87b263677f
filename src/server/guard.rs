//! Who may speak at all, judged by the head alone and before anything is routed: framing that hyper lets through, the
//! hosts that a browser may be led to believe in, the origins of its pages.

use std::net::IpAddr;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, HeaderValue, ORIGIN, TRANSFER_ENCODING, VARY,
};
use http::uri::Authority;
use http::{HeaderMap, Method};

use crate::admin;
use crate::config::Settings;
use crate::error::ApiError;
use crate::response::Response;

/// What pages may read of an answer's headers besides those that any page may.
const EXPOSED: &str = "retry-after, retry-after-ms, x-should-retry, x-ratelimit-limit, x-ratelimit-remaining, \
                       x-ratelimit-reset, x-mock-fault";

/// The rules.
#[derive(Debug)]
pub(super) struct Guard {
    bound: IpAddr,
    names: Vec<String>,
    origins: Vec<String>,
}

/// The head of a request, as far as the guard looks at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    /// The authority of a request in absolute form.
    pub(super) authority: Option<&'a Authority>,
    pub(super) headers: &'a HeaderMap,
}

impl<'a> Seen<'a> {
    pub(super) fn of(parts: &'a http::request::Parts) -> Self {
        Self {
            method: &parts.method,
            path: parts.uri.path(),
            authority: parts.uri.authority(),
            headers: &parts.headers,
        }
    }
}

impl Guard {
    pub(super) fn new(settings: &Settings) -> Self {
        let names = settings.allowed_hosts.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { bound: settings.host, names, origins: settings.cors_origins.clone() }
    }

    /// An answer for a request that goes no further: refused, or a preflight.
    pub(super) fn stop(&self, seen: Seen<'_>) -> Option<Response> {
        framing(seen.headers)
            .and_then(|()| self.host(seen))
            .and_then(|()| self.origin(seen))
            .map_or_else(|error| Some(error.into()), |()| self.preflight(seen))
    }

    /// Lets a page of an allowed origin read the answer.
    pub(super) fn share(&self, request: &HeaderMap, response: &mut HeaderMap) {
        let Some(origin) = request.get(ORIGIN).filter(|_| !self.origins.is_empty()) else { return };
        if self.is_allowed(origin) {
            response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
            response.insert(VARY, HeaderValue::from_static("origin"));
        }
    }

    /// Exactly one Host, and on loopback one that means this machine: a name that a stranger's DNS points here is refused.
    fn host(&self, seen: Seen<'_>) -> Result<(), ApiError> {
        let mut hosts = seen.headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err(ApiError::text(400, "A request has exactly one Host header"));
        };
        if seen.authority.is_none() && is_usual(host.as_bytes()) {
            return Ok(());
        }
        let named = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
        let named = named.filter(|authority| !authority.as_str().contains('@'));
        let named = named.ok_or_else(|| ApiError::text(400, "The Host header names no host"))?;
        if !self.bound.is_loopback() || [Some(&named), seen.authority].iter().flatten().all(|host| self.knows(host)) {
            return Ok(());
        }
        Err(ApiError::text(403, "This host name is not answered here (--allowed-host adds one)"))
    }

    fn knows(&self, authority: &Authority) -> bool {
        let name = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        name == "localhost"
            || self.names.contains(&name)
            || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback() || address == self.bound)
    }

    /// No page of another origin may request, least of all `/__admin/`.
    fn origin(&self, seen: Seen<'_>) -> Result<(), ApiError> {
        let steering = is_admin(seen.path);
        let is_by_page = seen.headers.get("sec-fetch-site").is_some_and(|site| site != "none" && site != "same-origin");
        let foreign = seen.headers.get_all(ORIGIN).iter().any(|origin| !self.is_allowed(origin));
        if foreign && !steering {
            return Err(ApiError::text(403, "Pages of this origin may not request (--cors-origin lets one)"));
        }
        if steering && (is_by_page || seen.headers.contains_key(ORIGIN)) {
            return Err(ApiError::text(403, "/__admin/ does not answer to pages in a browser"));
        }
        Ok(())
    }

    fn is_allowed(&self, origin: &HeaderValue) -> bool {
        self.origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
    }

    fn preflight(&self, seen: Seen<'_>) -> Option<Response> {
        let asked = seen.headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
        if *seen.method != Method::OPTIONS || !seen.headers.contains_key(ORIGIN) || self.origins.is_empty() {
            return None;
        }
        let mut response = Response::empty(204);
        response.headers.insert(ACCESS_CONTROL_ALLOW_METHODS, asked.clone());
        if let Some(wanted) = seen.headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            response.headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
        response.headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        Some(response)
    }
}

/// hyper takes any coding that ends in `chunked`, and several headers; nobody honest sends those to a JSON API.
fn framing(headers: &HeaderMap) -> Result<(), ApiError> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(only), None) if only.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(ApiError::text(400, "Transfer-Encoding is chunked or nothing")),
    }
}

/// Whether a Host header is one of the usual names of this machine, wherever the server is bound: most are, and these
/// need no parsing.
fn is_usual(host: &[u8]) -> bool {
    let name = match host.iter().rposition(|byte| *byte == b':') {
        Some(at) if matches!(host.len() - at, 2..=6) && host[at + 1..].iter().all(u8::is_ascii_digit) => &host[..at],
        _ => host,
    };
    matches!(name, b"127.0.0.1" | b"localhost" | b"[::1]")
}

fn is_admin(path: &str) -> bool {
    path.strip_prefix(admin::PREFIX).is_some_and(|below| below.is_empty() || below.starts_with('/'))
}
