//! A request as plain data: what the shell read off the wire, before anyone has judged it. It never touches a socket.

use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, Method};

/// Everything of a request but its body.
#[derive(Debug, Clone)]
pub struct Head {
    /// The request's method.
    pub method: Method,
    /// The path as it came, percent escapes and all.
    pub path: String,
    /// What stands behind the `?`, undecoded.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
}

/// A whole request.
#[derive(Debug, Clone)]
pub struct Call {
    /// The request line and the headers.
    pub head: Head,
    /// The body, whole; empty when none came.
    pub body: Bytes,
}

/// Values of a path's parameters, decoded, in the path's order.
pub type PathParams = Vec<(&'static str, String)>;

impl Head {
    /// A header's value when it is readable text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The credential a caller showed: a bearer token, else a `session` cookie, never an empty one.
    ///
    /// Schemes compare without case, as RFC 9110 says; another scheme counts as no credential at all.
    pub fn credential(&self) -> Option<&str> {
        self.bearer().or_else(|| self.session_cookie())
    }

    fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        let token = token.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    }

    fn session_cookie(&self) -> Option<&str> {
        self.headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.split_once('='))
            .find(|(name, value)| name.trim() == "session" && !value.trim().is_empty())
            .map(|(_, value)| value.trim())
    }
}
