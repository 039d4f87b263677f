//! Checks on the head of a request that come before routing: `Transfer-Encoding`, `Host` and `Origin`. They protect
//! against request smuggling, DNS rebinding and requests from foreign web pages; CORS responses are made here too.

use std::net::IpAddr;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HOST, HeaderValue, ORIGIN, TRANSFER_ENCODING, VARY,
};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, Method};

use crate::admin;
use crate::config::{Settings, is_host_and_port, is_port, without_final_dot};
use crate::error::ApiError;
use crate::response::Response;

/// Response headers that a page of an allowed origin may read, besides those that CORS always allows.
const EXPOSED_HEADERS: &str = "retry-after, retry-after-ms, x-should-retry, x-ratelimit-limit, x-ratelimit-remaining, \
                       x-ratelimit-reset, x-mock-fault";

/// The checks, with the settings that they depend on.
#[derive(Debug)]
pub(super) struct Guard {
    bind_address: IpAddr,
    /// Allowed host names besides the loopback ones, in lower case and without a dot at their end.
    host_names: Vec<String>,
    origins: Vec<String>,
}

/// The parts of a request's head that are checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct GuardedHead<'a> {
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    /// The scheme and the authority of a request in absolute form.
    pub(super) scheme: Option<&'a Scheme>,
    pub(super) authority: Option<&'a Authority>,
    pub(super) headers: &'a HeaderMap,
}

impl<'a> GuardedHead<'a> {
    pub(super) fn of(parts: &'a http::request::Parts) -> Self {
        Self {
            method: &parts.method,
            path: parts.uri.path(),
            scheme: parts.uri.scheme(),
            authority: parts.uri.authority(),
            headers: &parts.headers,
        }
    }
}

impl GuardedHead<'_> {
    /// Whether the request is a probe of the server's health.
    pub(super) fn is_probe(&self) -> bool {
        is_probe_path(self.path)
    }

    /// Whether a person opens the page by it, from anywhere: such a request has no effect, and no page can read the
    /// response.
    fn opens_page(&self) -> bool {
        let is_navigation = self.headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
        is_navigation && admin::is_page(self.method, self.path, self.headers)
    }

    /// Whether an `Origin` is that of the server itself, as the client sees it.
    fn is_own_origin(&self, origin: &HeaderValue) -> bool {
        let host = self.authority.map(Authority::as_str);
        let host = host.or_else(|| self.headers.get(HOST)?.to_str().ok()).unwrap_or_default();
        let own = format!("{}://{host}", self.scheme.unwrap_or(&Scheme::HTTP));
        own.as_bytes().eq_ignore_ascii_case(origin.as_bytes())
    }

    /// Whether the request is for the emulated service: such requests are in the journal.
    pub(super) fn is_for_service(&self) -> bool {
        !self.is_probe() && !is_admin_path(self.path)
    }
}

impl Guard {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            bind_address: *settings.host,
            host_names: settings.allowed_hosts.clone(),
            origins: settings.cors_origins.clone(),
        }
    }

    /// Refuses a request that is not to be routed.
    pub(super) fn check(&self, head: GuardedHead<'_>) -> Result<(), ApiError> {
        check_transfer_encoding(head.headers)?;
        self.check_host(head)?;
        self.check_origin(head)
    }

    /// Adds the headers that let a page of an allowed origin read the response.
    pub(super) fn add_cors_headers(&self, request: &HeaderMap, response: &mut HeaderMap) {
        if self.origins.is_empty() {
            return;
        }
        let Some(origin) = request.get(ORIGIN) else { return };
        if self.is_allowed_origin(origin) {
            response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            // The emulated service accepts the cookie `session`.
            response.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
            response.insert(VARY, HeaderValue::from_static("origin"));
        }
    }

    /// Exactly one `Host` is required. A server bound to loopback accepts only names of this machine, so that a foreign
    /// name whose DNS record points to this machine (DNS rebinding) is refused.
    fn check_host(&self, head: GuardedHead<'_>) -> Result<(), ApiError> {
        if head.scheme.is_some_and(|scheme| *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS) {
            return Err(ApiError::text(400, "A request target in absolute form must begin with http:// or https://"));
        }
        if head.authority.is_some_and(|authority| !is_host_and_port(authority)) {
            return Err(ApiError::text(400, "The host in the request target is not a valid host name"));
        }
        let mut hosts = head.headers.get_all(HOST).iter();
        let host = match (hosts.next(), hosts.next()) {
            (Some(host), None) if !host.is_empty() => host,
            // Load balancers send probes without a host.
            (None, _) | (Some(_), None) if is_probe_path(head.path) => return Ok(()),
            _ => return Err(ApiError::text(400, "A request needs exactly one Host header")),
        };
        if head.authority.is_none() && is_common_loopback_name(host.as_bytes()) {
            return Ok(());
        }
        let named = valid_host(host).ok_or_else(|| ApiError::text(400, "The Host header is not a valid host name"))?;
        let mut hosts = [Some(&named), head.authority].into_iter().flatten();
        match hosts.find(|host| self.bind_address.is_loopback() && !self.is_allowed_host(host)) {
            None => Ok(()),
            Some(host) => {
                let name = host.host();
                Err(ApiError::text(
                    403,
                    format!("The host name {name} is not allowed (--allowed-host {name} allows it)"),
                ))
            }
        }
    }

    fn is_allowed_host(&self, authority: &Authority) -> bool {
        let name = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        name == "localhost"
            || self.host_names.iter().any(|allowed| allowed == without_final_dot(&name) || allowed == "*")
            || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback() || address == self.bind_address)
    }

    /// Refuses requests from pages of other origins, and under `/__admin/` those from any page but its own.
    fn check_origin(&self, head: GuardedHead<'_>) -> Result<(), ApiError> {
        let is_admin = is_admin_path(head.path);
        let is_cross_site =
            || head.headers.get("sec-fetch-site").is_some_and(|site| site != "none" && site != "same-origin");
        let is_foreign = || head.headers.get_all(ORIGIN).iter().any(|origin| !self.is_allowed_origin(origin));
        if !is_admin && is_foreign() {
            return Err(ApiError::text(403, "This origin is not allowed (--cors-origin ORIGIN allows it)"));
        }
        let is_own = || head.headers.get_all(ORIGIN).iter().all(|origin| head.is_own_origin(origin));
        if is_admin && (is_cross_site() && !head.opens_page() || !is_own()) {
            return Err(ApiError::text(403, "/__admin/ refuses requests from web pages of other origins"));
        }
        Ok(())
    }

    fn is_allowed_origin(&self, origin: &HeaderValue) -> bool {
        self.origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
    }

    /// The response to a CORS preflight, which is not routed.
    pub(super) fn preflight_response(&self, head: GuardedHead<'_>) -> Option<Response> {
        if *head.method != Method::OPTIONS || !head.headers.contains_key(ORIGIN) || self.origins.is_empty() {
            return None;
        }
        let method = head.headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
        let mut response = Response::empty(204);
        response.headers.insert(ACCESS_CONTROL_ALLOW_METHODS, method.clone());
        if let Some(names) = head.headers.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            response.headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        response.headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        Some(response)
    }
}

/// hyper accepts several `Transfer-Encoding` headers and every coding that ends in `chunked`. Here only `chunked` alone
/// is accepted: anything else may be read differently by a proxy (request smuggling), and no client of a JSON API needs
/// it.
fn check_transfer_encoding(headers: &HeaderMap) -> Result<(), ApiError> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(only), None) if only.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(ApiError::text(400, "Transfer-Encoding must be chunked or absent")),
    }
}

/// Whether a `Host` header is one of the three common loopback names. They are accepted on every bind address, and most
/// requests have one of them: no parsing is needed.
fn is_common_loopback_name(host: &[u8]) -> bool {
    let name = match host.iter().rposition(|byte| *byte == b':') {
        Some(at) if is_port(&host[at + 1..]) => &host[..at],
        _ => host,
    };
    matches!(name, b"127.0.0.1" | b"localhost" | b"[::1]")
}

/// The host in a `Host` header: a name or an address, and a port if there is a colon behind it.
fn valid_host(host: &HeaderValue) -> Option<Authority> {
    host.to_str().ok()?.parse().ok().filter(is_host_and_port)
}

/// Whether a path is one that load balancers and orchestrators probe.
pub(super) fn is_probe_path(path: &str) -> bool {
    matches!(path, "/health" | "/ready")
}

fn is_admin_path(path: &str) -> bool {
    path.strip_prefix(admin::PREFIX).is_some_and(|below| below.is_empty() || below.starts_with('/'))
}
