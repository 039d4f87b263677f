//! What a client asks of a list, checked. Page sizes over the most are cut to it rather than refused, as the service
//! documents of its lists; what it does with sizes below 1 and with tokens that are none is not published.

use serde_json::Value;

use super::value_checks;
use crate::config::Fidelity;
use crate::error::ApiError;
use crate::store::{HandlerRequest, PageFault, PageRequest, Store};

/// The most items that a page has.
const MAX_PAGE_SIZE: usize = 1000;

/// The page of `list` (an operation's name) that a request asks for.
pub(super) fn asked(store: &Store, request: &mut HandlerRequest, list: &str) -> Result<PageRequest, ApiError> {
    Ok(PageRequest { size: size(store, request)?, below: below(store, request, list)? })
}

/// A query parameter's text, when it is there.
pub(super) fn text_param<'a>(request: &'a HandlerRequest, name: &str) -> Option<&'a str> {
    request.params.get(name)?.as_str()
}

fn size(store: &Store, request: &HandlerRequest) -> Result<usize, ApiError> {
    let policy = &store.policy;
    let Some(number) = request.params.get("page_size").and_then(Value::as_number) else { return Ok(policy.page_size) };
    // An integer by now, of any length.
    let digits = number.as_str();
    if digits != "0" && !digits.starts_with('-') {
        return Ok(digits.parse().unwrap_or(MAX_PAGE_SIZE).min(MAX_PAGE_SIZE));
    }
    if policy.fidelity == Fidelity::Contract {
        return Ok(policy.page_size);
    }
    Err(value_checks::refusal(policy, &["query", "page_size"], "page_size should be at least 1", digits.into()))
}

fn below(store: &Store, request: &mut HandlerRequest, list: &str) -> Result<Option<u64>, ApiError> {
    let policy = &store.policy;
    let Some(token) = text_param(request, "page_token").filter(|token| !token.is_empty()) else { return Ok(None) };
    let (token, opened) = (token.to_owned(), store.open_page_token(list, token));
    let has_expired = |fault: &mut PageFault| *fault == PageFault::ExpiredToken;
    match opened.filter(|_| request.conditions.page.take_if(has_expired).is_none()) {
        Some(below) => Ok(Some(below)),
        None if policy.fidelity == Fidelity::Contract => Ok(None),
        None => {
            let allowed = "page_token should be one that this list handed out";
            Err(value_checks::refusal(policy, &["query", "page_token"], allowed, token.into()))
        }
    }
}
