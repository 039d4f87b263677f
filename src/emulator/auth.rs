//! Who is let in, and what a head that means no operation is answered.

use http::header::{HeaderValue, LOCATION};

use super::{Arrival, Emulator};
use crate::config::{ANONYMOUS, Auth};
use crate::emulator::{ContextKind, RequestContext};
use crate::error::ApiError;
use crate::operation::{Operation, Route};
use crate::request::{Head, PathParams};
use crate::response::Response;

impl Emulator {
    pub(super) fn admit(&self, head: &Head, operation: &'static Operation, params: PathParams) -> Arrival {
        let kind = ContextKind::Operation(operation, params);
        let limit = self.settings.max_body_bytes;
        match self.key(head).map(|key| self.tenants.admit(key)) {
            None => Arrival::Admitted(Box::new(RequestContext::of_nobody(kind, limit))),
            Some(Some(tenant)) => self.admit_tenant(RequestContext::of(tenant, kind, limit), operation, head),
            Some(None) => {
                let most = self.settings.max_tenants;
                let response =
                    ApiError::text(429, format!("This server knows at most {most} API keys (--max-tenants)")).into();
                self.record_unrouted(head, &response);
                Arrival::Decided(response)
            }
        }
    }

    fn admit_tenant(&self, mut context: RequestContext, operation: &Operation, head: &Head) -> Arrival {
        match self.meet_head(&mut context, operation, head) {
            Ok(()) => Arrival::Admitted(Box::new(context)),
            Err(error) => Arrival::Decided(self.refuse(&mut context, head, error)),
        }
    }

    /// The key that a caller is let in with, if it is.
    pub(super) fn key<'a>(&self, head: &'a Head) -> Option<&'a str> {
        match (head.credential(), self.settings.auth) {
            (None, Auth::Optional) => Some(ANONYMOUS),
            (shown, _) => shown.filter(|key| self.settings.lets_in(key)),
        }
    }

    pub(super) fn unrouted(&self, head: &Head, route: Route) -> Response {
        let response = match route {
            Route::Elsewhere(path) => self.redirect(head, &path),
            Route::WrongMethod(allow) => {
                ApiError { allow: Some(allow), ..ApiError::text(405, "Method Not Allowed") }.into()
            }
            Route::Found(..) | Route::Unknown => ApiError::text(404, "Not Found").into(),
        };
        self.record_unrouted(head, &response);
        response
    }

    fn redirect(&self, head: &Head, path: &str) -> Response {
        let host = head.header("host").unwrap_or("127.0.0.1");
        let base = self.settings.public_url.clone().unwrap_or_else(|| format!("http://{host}"));
        let query = head.query.as_deref().filter(|query| !query.is_empty());
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        match HeaderValue::from_str(&format!("{base}{path}{query}")) {
            Ok(location) => Response::empty(307).with_header(LOCATION, location),
            Err(_) => ApiError::text(404, "Not Found").into(),
        }
    }
}

/// Why a caller without a good key is not let in.
pub(super) fn why_not(head: &Head) -> ApiError {
    match head.credential() {
        Some(_) => ApiError::text(401, "Invalid authentication token"),
        None => ApiError::text(401, "Not authenticated"),
    }
}
