//! Requests without a server: all stages in place, without a wait.

use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};

use super::begin::{Admission, begin};
use super::context::{BodyLimits, Context};
use super::stages::{Next, act, decide, finish};
use crate::error::ApiError;
use crate::instance::Instance;
use crate::operation::BodyKind;
use crate::request::{Head, Request};
use crate::response::Response;

/// The response that a tenant without state would get to a request with this body; nothing is kept.
pub(crate) fn dry_run(instance: &Instance, operation: &str, body: Vec<u8>) -> Response {
    let Some((_, operation)) = instance.router.named(operation) else {
        return ApiError::text(404, "Not Found").into();
    };
    let limits = BodyLimits::of(BodyKind::Json, &instance.settings);
    if body.len() > limits.bytes {
        return ApiError::body_too_large(limits.bytes, limits.flag).into();
    }
    let key = instance.settings.api_keys.first().map_or("dry-run", String::as_str);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(credential) = HeaderValue::from_str(&format!("Bearer {key}")) {
        headers.insert(AUTHORIZATION, credential);
    }
    let head = Head { method: operation.method.clone(), path: operation.path.to_owned(), query: None, headers };
    let response = respond(instance, &Request { head, body: body.into() });
    if let Some(tenant) = instance.tenants.find(key) {
        // A world that does not fit again is missing for the next payload, which then says so.
        let _ = instance.tenants.reset_store(&tenant, &mut tenant.lock().store);
    }
    response
}

/// The response to a request. A delayed request acts at once.
pub(crate) fn respond(instance: &Instance, request: &Request) -> Response {
    match begin(instance, &request.head) {
        Admission::Response(response) => *response,
        Admission::Reset(_, _, reply) => reply.response,
        Admission::Admitted(context) => respond_at_once(instance, &context, request),
    }
}

fn respond_at_once(instance: &Instance, context: &Context, request: &Request) -> Response {
    let mut next = decide(instance, context, request);
    loop {
        next = match next {
            Next::Reply(reply) => return reply.response,
            Next::Wait(_, in_progress) => act(instance, context, request, in_progress),
            Next::Job(job, in_progress) => {
                finish(instance, context, request, in_progress, job.run(&instance.worker)).into()
            }
        }
    }
}
