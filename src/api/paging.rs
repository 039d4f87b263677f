//! The page parameters of lists. A page size over the maximum is reduced to it, as the service documents for its lists;
//! how it refuses sizes under 1 and unknown tokens is not published (`--unknown-value-status`).

use serde::Serialize;
use serde_json::Value;

use super::value_checks;
use crate::config::Fidelity;
use crate::error::ApiError;
use crate::schema::{Integer, ValidRequest};
use crate::store::{PageRequest, Policy, StoreError};

/// The most items of a page.
const MAX_PAGE_SIZE: usize = 1000;

/// The page parameters of a request.
#[derive(Debug)]
pub(super) struct PageParams {
    /// Where they stand: `query` or `body`.
    pub(super) place: &'static str,
    page_size: Option<Integer>,
    page_token: Option<String>,
}

/// A page as the service prints it.
#[derive(Serialize)]
pub(super) struct PageBody<T> {
    items: Vec<T>,
    next_page_token: Option<String>,
    /// Always null: no parameter asks for it.
    total_size: Option<u64>,
}

impl<T> PageBody<T> {
    pub(super) fn new(items: Vec<T>, next_page_token: Option<String>) -> Self {
        Self { items, next_page_token, total_size: None }
    }
}

impl PageParams {
    /// Those in the query of a request.
    pub(super) fn of_query(request: &ValidRequest) -> Result<Self, ApiError> {
        let (page_size, page_token) = (request.optional_param("page_size")?, request.optional_param("page_token")?);
        Ok(Self { place: "query", page_size, page_token })
    }

    /// Those in the body of a request.
    pub(super) fn of_body(request: &ValidRequest) -> Result<Self, ApiError> {
        let (page_size, page_token) = (request.optional_field("page_size")?, request.optional_field("page_token")?);
        Ok(Self { place: "body", page_size, page_token })
    }

    /// The page of `list` that is asked for.
    pub(super) fn page<'a>(&'a self, list: &'a str, policy: &Policy) -> Result<PageRequest<'a>, ApiError> {
        let token = self.page_token.as_deref().filter(|token| !token.is_empty());
        Ok(PageRequest { list, size: self.size(policy)?, token })
    }

    fn size(&self, policy: &Policy) -> Result<usize, ApiError> {
        let Some(number) = &self.page_size else { return Ok(policy.page_size) };
        if let Some(size) = number.positive() {
            return Ok(size.min(MAX_PAGE_SIZE));
        }
        if policy.fidelity == Fidelity::Contract {
            return Ok(policy.page_size);
        }
        let allowed = "page_size should be at least 1";
        let number = Value::from(number.clone());
        // The framework echoes what was sent: text in a query.
        let input = if self.place == "body" { number } else { number.to_string().into() };
        Err(value_checks::refusal(policy, &[self.place, "page_size"], allowed, input))
    }

    /// What the store found, or the refusal of an unknown token.
    pub(super) fn refuse_token<T>(&self, found: Result<T, StoreError>, policy: &Policy) -> Result<T, ApiError> {
        found.map_err(|error| match error {
            StoreError::InvalidCursor => {
                let allowed = "page_token should be one that this list returned";
                let token = self.page_token.clone().map_or(Value::Null, Value::from);
                value_checks::refusal(policy, &[self.place, "page_token"], allowed, token)
            }
            other => other.into(),
        })
    }
}
