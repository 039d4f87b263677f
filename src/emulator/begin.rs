//! The first stage of a request, decided by its head alone: routing, authentication, and the fault rules that act
//! before the request is read.

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, LOCATION};

use super::context::{BodyLimits, Context, Purpose};
use super::record::{self, NO_BODY};
use super::reply::Reply;
use super::rules;
use crate::admin::{self, Access};
use crate::api;
use crate::error::ApiError;
use crate::instance::Instance;
use crate::journal::Outcome;
use crate::multipart;
use crate::operation::{Authentication, BodyKind, Route, RoutedOperation};
use crate::redact;
use crate::request::Head;
use crate::response::{HeadReset, Response};
use crate::tenant::Tenant;

/// The header of a response to a call of another product of the real API.
const NOT_EMULATED: HeaderName = HeaderName::from_static("x-mock-not-emulated");

/// The result of the first stage.
#[derive(Debug)]
pub(crate) enum Admission {
    /// The response. The body is not read.
    Response(Box<Response>),
    /// A fault rule resets the connection before the request is read.
    Reset(HeadReset, Box<Context>, Box<Reply>),
    /// The body is read next.
    Admitted(Box<Context>),
}

impl From<Response> for Admission {
    fn from(response: Response) -> Self {
        Self::Response(Box::new(response))
    }
}

/// Routes and authenticates a request by its head.
pub(crate) fn begin(instance: &Instance, head: &Head) -> Admission {
    match admin::access(instance, head) {
        Access::Elsewhere => {}
        Access::Response(response) => return Admission::Response(response),
        Access::Granted { reach, takes_snapshot } => {
            let limits = if takes_snapshot { BodyLimits::of_snapshot } else { BodyLimits::of_json };
            let limits = limits(&instance.settings);
            return Admission::Admitted(Box::new(Context::without_tenant(Purpose::Admin(reach), limits)));
        }
    }
    match instance.router.find(&head.method, &head.path) {
        Route::Found(routed) => authenticate(instance, head, routed),
        Route::Redirect(path) => unrouted(instance, head, redirect(instance, head, &path)),
        Route::WrongMethod(allow) => {
            let error = ApiError { allow: Some(allow.into()), ..ApiError::text(405, "Method Not Allowed") };
            instance.drift.note_operation(head);
            unrouted(instance, head, error.into())
        }
        Route::Unknown => unknown(instance, head),
    }
}

/// Finds the tenant of the request, if it has an accepted key.
fn authenticate(instance: &Instance, head: &Head, routed: RoutedOperation) -> Admission {
    if routed.operation.authentication == Authentication::SignedUrl {
        return match routed.param("tenant").and_then(|label| instance.tenants.with_label(label)) {
            Some(tenant) => admit(instance, head, routed, tenant),
            None => unrouted(instance, head, ApiError::text(403, "The URL is not valid").into()),
        };
    }
    let Some(key) = instance.accepted_key(head) else {
        let (limits, error) = (body_limits(instance, &routed), upload_error(&routed, head));
        let context = Context::without_tenant(Purpose::Operation(routed), limits);
        return match error {
            Some(error) => record::refuse(instance, &context, head, &NO_BODY, error).response.into(),
            None => Admission::Admitted(Box::new(context)),
        };
    };
    let tenant = match instance.tenants.admit(key) {
        Ok(tenant) => tenant,
        Err(error) => return unrouted(instance, head, ApiError::text(403, format!("API key: {error}")).into()),
    };
    let mut admission = admit(instance, head, routed, tenant);
    if let Admission::Admitted(context) = &mut admission {
        context.has_real_key = redact::looks_real(key);
    }
    admission
}

/// Applies the fault rules that act on the head of a request of this tenant.
fn admit(instance: &Instance, head: &Head, routed: RoutedOperation, tenant: Arc<Tenant>) -> Admission {
    let limits = body_limits(instance, &routed);
    let operation = routed.operation;
    let mut context = Context::of_tenant(tenant, routed, limits);
    match rules::own_rule(instance, operation, head) {
        Ok(rule) => context.own_rule = rule.map(Arc::new),
        Err(error) => {
            let reply = record::refuse(instance, &context, head, &NO_BODY, error);
            record::end(instance, &context, &reply, Outcome::Sent);
            return reply.response.into();
        }
    }
    rules::decide_head(instance, context, head)
}

fn body_limits(instance: &Instance, routed: &RoutedOperation) -> BodyLimits {
    BodyLimits::of(routed.operation.body, &instance.settings)
}

fn unrouted(instance: &Instance, head: &Head, response: Response) -> Admission {
    record::unrouted(instance, head, &response, None);
    response.into()
}

/// The response to a path that no operation has: it may be one of the real API.
fn unknown(instance: &Instance, head: &Head) -> Admission {
    let Some(product) = api::product_of(&head.path) else {
        instance.drift.note_operation(head);
        return unrouted(instance, head, ApiError::text(404, "Not Found").into());
    };
    let detail =
        format!("llamacloud-mock emulates the index family of the API; this is a call of its product {product}");
    let response = Response::from(ApiError::text(404, detail));
    record::unrouted(instance, head, &response, Some(product));
    response.with_header(NOT_EMULATED, HeaderValue::from_static(product)).into()
}

fn redirect(instance: &Instance, head: &Head, path: &str) -> Response {
    let host = head.header(&HOST).unwrap_or("127.0.0.1");
    let base = instance.settings.public_url.clone().unwrap_or_else(|| format!("http://{host}"));
    let query = head.query.as_deref().filter(|query| !query.is_empty());
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    match HeaderValue::from_str(&format!("{base}{path}{query}")) {
        Ok(location) => Response::empty(307).with_header(LOCATION, location),
        Err(_) => ApiError::text(404, "Not Found").into(),
    }
}

/// Why an upload without an accepted key is refused. The framework of the service reads the form first and may refuse
/// that with 400; here the head decides, so that nobody without a key can send a large body.
fn upload_error(routed: &RoutedOperation, head: &Head) -> Option<ApiError> {
    if routed.operation.body != BodyKind::Multipart {
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
