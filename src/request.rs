//! A request as plain data, without the types of hyper. It is not validated yet.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION, COOKIE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};

/// How often the client tried this request before, as the official SDKs count.
pub(crate) const RETRY_COUNT: HeaderName = HeaderName::from_static("x-stainless-retry-count");

/// A request without its body.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    /// The request's method.
    pub(crate) method: Method,
    /// The path as received, with its percent escapes.
    pub(crate) path: String,
    /// The query string after the `?`, not decoded.
    pub(crate) query: Option<String>,
    pub(crate) headers: HeaderMap,
}

/// A whole request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The request line and the headers.
    pub(crate) head: Head,
    /// The whole body; empty if there is none.
    pub(crate) body: Bytes,
}

/// Where a request came in: what URLs in its response are made of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origin {
    /// The `Host` header, which the server has checked.
    pub(crate) host: Option<HeaderValue>,
    /// The label of the tenant.
    pub(crate) tenant: Arc<str>,
}

impl Origin {
    /// The URL under which the client reached the server.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.host.as_ref().and_then(text).unwrap_or("127.0.0.1"))
    }
}

/// Values of a path's parameters, decoded, in the path's order.
pub(crate) type PathParams = Vec<(&'static str, String)>;

impl Head {
    /// The value of a header, if it is visible ASCII.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether the client says that it wants no other request on the connection.
    pub(crate) fn asks_to_close(&self) -> bool {
        has_connection_option(&self.headers, "close")
    }

    /// The path and the query, as received.
    pub(crate) fn target(&self) -> Cow<'_, str> {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path).into(),
            None => self.path.as_str().into(),
        }
    }

    /// The number of this attempt, from 1, if the client reports it as the official SDKs do.
    pub(crate) fn reported_attempt(&self) -> Option<u64> {
        let retries = self.header(&RETRY_COUNT)?.parse::<u64>().ok()?;
        Some(retries.saturating_add(1))
    }

    /// The credential of the request: a bearer token, else a `session` cookie. It is never empty.
    ///
    /// The case of the scheme is ignored (RFC 9110). Another scheme counts as no credential.
    pub(crate) fn credential(&self) -> Option<&str> {
        self.bearer().or_else(|| self.session_cookie())
    }

    /// The bearer token of the request. It is never empty.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = text(self.headers.get(AUTHORIZATION)?)?.split_at_checked("bearer ".len())?;
        let token = token.trim_ascii();
        (scheme.eq_ignore_ascii_case("bearer ") && !token.is_empty()).then_some(token)
    }

    /// The value of the last `session` cookie, without its quotes, as the service's framework reads it.
    fn session_cookie(&self) -> Option<&str> {
        let pairs = self.headers.get_all(COOKIE).iter().filter_map(text).flat_map(|value| value.split(';'));
        let mut sessions =
            pairs.filter_map(|pair| pair.split_once('=')).filter(|(name, _)| name.trim_ascii() == "session");
        let value = sessions.next_back()?.1.trim_ascii();
        let bare = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
        (!bare.is_empty()).then_some(bare)
    }
}

/// Whether the `Connection` header lists this option.
pub(crate) fn has_connection_option(headers: &HeaderMap, option: &str) -> bool {
    let lists = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|word| word.trim().eq_ignore_ascii_case(option))
}

/// The value of a header, if it is UTF-8.
fn text(value: &HeaderValue) -> Option<&str> {
    std::str::from_utf8(value.as_bytes()).ok()
}
