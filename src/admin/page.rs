//! The page in the browser: three embedded files. They hold nothing of a tenant, so they need no token; the page asks
//! the admin API for what it shows, with the token if there is one.

use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, Method};

use super::PREFIX;
use crate::assets;
use crate::error::ApiError;
use crate::response::Response;

/// What the page may load and do: its own files and the admin API of the same origin, and nothing else. No other page
/// may frame it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A file of the page.
#[derive(Debug)]
pub(super) struct PageFile {
    name: &'static str,
    content_type: &'static str,
}

const DOCUMENT: PageFile = PageFile { name: "page.html", content_type: "text/html; charset=utf-8" };
const STYLE: PageFile = PageFile { name: "page.css", content_type: "text/css; charset=utf-8" };
const MODULE: PageFile = PageFile { name: "page.js", content_type: "text/javascript; charset=utf-8" };

/// The file of the page that a request is for: at `/` and `/__admin/` only if it is of a browser.
pub(super) fn requested(method: &Method, path: &str, headers: &HeaderMap) -> Option<&'static PageFile> {
    match path.strip_prefix(PREFIX).unwrap_or(path) {
        "/page.css" if path != "/page.css" => Some(&STYLE),
        "/page.js" if path != "/page.js" => Some(&MODULE),
        "" | "/" if is_read(method) && accepts_html(headers) => Some(&DOCUMENT),
        _ => None,
    }
}

/// Whether a request is for the page itself.
pub(crate) fn is_document(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    requested(method, path, headers).is_some_and(|file| file.name == DOCUMENT.name)
}

fn is_read(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

/// Whether `Accept` names HTML, as browsers do when a person opens a page; `*/*` does not.
fn accepts_html(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let is_html = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("text/html"));
        let mut weights = parts.filter_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
        is_html && !weights.any(|weight| weight <= 0.0)
    })
}

impl PageFile {
    pub(super) fn response(&self, method: &Method) -> Response {
        if !is_read(method) {
            return ApiError { allow: Some("GET, HEAD".into()), ..ApiError::text(405, "Method Not Allowed") }.into();
        }
        Response::bytes(200, self.content_type, assets::page_file(self.name))
            .with_header(CACHE_CONTROL, HeaderValue::from_static("no-cache"))
            .with_header(CONTENT_SECURITY_POLICY, POLICY)
            .with_header(REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
            .with_header(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
            .with_header(RESOURCE_POLICY, HeaderValue::from_static("same-origin"))
            .with_header(VARY, HeaderValue::from_static("accept"))
    }
}
