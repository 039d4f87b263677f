//! What is emulated: one file a resource, with its rows of the operation table, its typed inputs, its handlers and its
//! response bodies. Nothing here knows fault rules or the journal.

mod attachments;
mod change;
mod chat;
mod configurations;
mod directories;
mod directory_file_view;
mod directory_files;
mod errors;
mod exported_file;
mod file_filter;
mod files;
mod index_coverage;
mod index_file;
mod index_view;
mod indexes;
mod metadata;
pub(crate) mod openapi;
mod output_files;
mod page_attachment;
mod paging;
mod presets;
mod presigned;
mod products;
mod projects;
mod retrieval;
mod state;
#[cfg(test)]
mod table_tests;
mod upload;
mod value_checks;

pub(crate) use directory_file_view::chunks_of;
pub(crate) use products::product_of;
pub(crate) use projects::check_organization;
pub(crate) use state::{STATE_KINDS, UpcomingChange, state_of, upcoming_changes};

use crate::operation::Operation;

/// Every operation, in the order in which the router of the service tries them.
pub(crate) fn operations() -> impl Iterator<Item = &'static Operation> {
    [
        indexes::OPERATIONS,
        directories::OPERATIONS,
        directory_files::OPERATIONS,
        files::OPERATIONS,
        retrieval::OPERATIONS,
        attachments::OPERATIONS,
        configurations::OPERATIONS,
        chat::OPERATIONS,
        projects::OPERATIONS,
        presigned::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}
