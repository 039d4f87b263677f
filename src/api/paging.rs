//! The page parameters of lists. A page size over the maximum is reduced to it, as the service documents for its lists;
//! how it refuses sizes under 1 and unknown tokens is not published (`--unknown-value-status`).

use serde::Serialize;
use serde_json::Value;

use super::value_checks;
use crate::config::{Fidelity, Settings};
use crate::error::ApiError;
use crate::response::Payload;
use crate::schema::{Integer, ValidRequest};
use crate::store::{Page, PageRequest, StoreError};

/// The most items of a page.
const MAX_PAGE_SIZE: usize = 1000;

/// The page parameters of a request.
#[derive(Debug)]
pub(super) struct PageParams<'a> {
    /// Where they stand: `query` or `body`.
    pub(super) place: &'static str,
    page_size: Option<Integer>,
    page_token: Option<String>,
    pub(super) settings: &'a Settings,
}

/// A page as the service prints it.
#[derive(Serialize)]
struct PageBody<T> {
    items: Vec<T>,
    next_page_token: Option<String>,
    /// Always null: no parameter asks for it.
    total_size: Option<u64>,
}

/// A page with the body of each of its items.
pub(super) fn payload<T, B: Serialize>(page: &Page<T>, body: impl FnMut(&T) -> B) -> Payload {
    let items = page.items.iter().map(body).collect();
    Payload::json(&PageBody { items, next_page_token: page.next_token.clone(), total_size: None })
}

impl<'a> PageParams<'a> {
    /// The page parameters in the query of a request.
    pub(super) fn of_query(request: &'a ValidRequest) -> Result<Self, ApiError> {
        let (page_size, page_token) = (request.optional_param("page_size")?, request.optional_param("page_token")?);
        Ok(Self { place: "query", page_size, page_token, settings: &request.settings })
    }

    /// The page parameters in the body of a request.
    pub(super) fn of_body(request: &'a ValidRequest) -> Result<Self, ApiError> {
        let (page_size, page_token) = (request.optional_field("page_size")?, request.optional_field("page_token")?);
        Ok(Self { place: "body", page_size, page_token, settings: &request.settings })
    }

    /// Finds the requested page of `list` by `find`.
    ///
    /// Errors: the size or the token of the page is refused.
    pub(super) fn find<T>(
        &self,
        list: &str,
        find: impl FnOnce(PageRequest<'_>) -> Result<T, StoreError>,
    ) -> Result<T, ApiError> {
        let token = self.page_token.as_deref().filter(|token| !token.is_empty());
        find(PageRequest { list, size: self.size()?, token }).map_err(|error| match error {
            StoreError::InvalidCursor => {
                let allowed = "page_token should be one that this list returned";
                self.refusal("page_token", allowed, self.page_token.clone().into())
            }
            other => other.into(),
        })
    }

    fn size(&self) -> Result<usize, ApiError> {
        let Some(number) = &self.page_size else { return Ok(self.settings.page_size) };
        match number.positive() {
            Some(size) => Ok(size.min(MAX_PAGE_SIZE)),
            None if self.settings.fidelity == Fidelity::Contract => Ok(self.settings.page_size),
            None => {
                let number = Value::from(number.clone());
                // The framework echoes what was sent: text in a query.
                let input = if self.place == "body" { number } else { number.to_string().into() };
                Err(self.refusal("page_size", "page_size should be at least 1", input))
            }
        }
    }

    /// The refusal of one of them; `allowed` says which values are valid.
    fn refusal(&self, field: &str, allowed: &str, input: Value) -> ApiError {
        value_checks::refusal(self.settings, vec![self.place.into(), field.into()], allowed, input)
    }
}
