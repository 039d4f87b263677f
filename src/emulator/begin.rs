//! The first stage of a request, decided by its head alone: routing, authentication, and the fault rules that act before
//! the request is read.

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};

use super::context::{BodyLimits, RequestContext, RequestTarget, RoutedOperation};
use super::{Begun, Emulator};
use crate::admin;
use crate::config::{ANONYMOUS, Auth};
use crate::error::ApiError;
use crate::journal::Outcome;
use crate::multipart;
use crate::operation::{Authentication, BodyKind, Route};
use crate::request::Head;
use crate::response::Response;
use crate::tenant::Tenant;

impl Emulator {
    /// Routes and authenticates a request by its head: the result is a response, or the context with which its body is read.
    pub(crate) fn begin(&self, head: &Head) -> Begun {
        match admin::route(self.admin(), head) {
            Some(Ok(())) => {
                let limits = BodyLimits::of(BodyKind::Json, &self.settings);
                Begun::Admitted(Box::new(RequestContext::without_tenant(RequestTarget::Admin, limits)))
            }
            Some(Err(response)) => Begun::Done(Box::new(response)),
            None => match self.router.find(&head.method, &head.path) {
                Route::Found(position, operation, path) => {
                    self.authenticate(head, RoutedOperation { position, operation, path })
                }
                Route::Redirect(path) => self.unrouted(head, self.redirect(head, &path)),
                Route::WrongMethod(allow) => {
                    let error = ApiError { allow: Some(allow.into()), ..ApiError::text(405, "Method Not Allowed") };
                    self.unrouted(head, error.into())
                }
                Route::Unknown => self.unrouted(head, ApiError::text(404, "Not Found").into()),
            },
        }
    }

    /// Finds the tenant of the request, if it has an accepted key.
    fn authenticate(&self, head: &Head, routed: RoutedOperation) -> Begun {
        let limits = BodyLimits::of(routed.operation.body, &self.settings);
        if routed.operation.authentication == Authentication::SignedUrl {
            return match routed.param("tenant").and_then(|label| self.tenants.with_label(label)) {
                Some(tenant) => self.admit(head, &routed, tenant),
                None => self.unrouted(head, ApiError::text(403, "The URL is not valid").into()),
            };
        }
        let Some(key) = self.accepted_key(head) else {
            let upload_error = upload_error(&routed, head);
            let target = RequestTarget::Operation(routed);
            let mut context = RequestContext::without_tenant(target, limits);
            return match upload_error {
                Some(error) => Begun::Done(Box::new(self.refuse(&mut context, head, error))),
                None => Begun::Admitted(Box::new(context)),
            };
        };
        let Some(tenant) = self.tenants.admit(key) else {
            let most = self.settings.max_tenants;
            let error = ApiError::text(
                403,
                format!("API key: this server keeps the state of at most {most} keys (--max-tenants)"),
            );
            return self.unrouted(head, error.into());
        };
        self.admit(head, &routed, tenant)
    }

    /// Applies the fault rules that act on the head of a request of this tenant.
    fn admit(&self, head: &Head, routed: &RoutedOperation, tenant: Arc<Tenant>) -> Begun {
        let limits = BodyLimits::of(routed.operation.body, &self.settings);
        let target = RequestTarget::Operation(routed.clone());
        let mut context = RequestContext::of_tenant(tenant, target, limits);
        match self.apply_head_rules(&mut context, routed, head) {
            Ok(()) => Begun::Admitted(Box::new(context)),
            Err(error) => {
                let response = self.refuse(&mut context, head, error);
                self.record_outcome(&context, Outcome::Sent);
                Begun::Done(Box::new(response))
            }
        }
    }

    /// The key of a request, if it is accepted.
    pub(super) fn accepted_key<'a>(&self, head: &'a Head) -> Option<&'a str> {
        match (head.credential(), self.settings.auth) {
            (None, Auth::Optional) => Some(ANONYMOUS),
            (key, _) => key.filter(|key| self.settings.accepts_key(key)),
        }
    }

    fn unrouted(&self, head: &Head, response: Response) -> Begun {
        self.record_unrouted(head, &response);
        Begun::Done(Box::new(response))
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

/// Why an upload without an accepted key is refused. The framework of the service reads the form first and may refuse that
/// with 400; here the head decides, so that nobody without a key can send a large body.
fn upload_error(routed: &RoutedOperation, head: &Head) -> Option<ApiError> {
    if routed.operation.body != BodyKind::Multipart || routed.operation.emulation.is_none() {
        return None;
    }
    let content_type = head.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    let checked = multipart::check_content_type(content_type);
    Some(checked.err().map_or_else(|| unauthenticated(head), ApiError::from))
}

/// Why a request without an accepted key is refused.
pub(super) fn unauthenticated(head: &Head) -> ApiError {
    match head.credential() {
        Some(_) => ApiError::text(401, "Invalid authentication token"),
        None => ApiError::text(401, "Not authenticated"),
    }
}
