//! What is emulated: one file per resource, with its rows of the operation table and its handlers. Nothing here knows
//! that it is being emulated: no fault, no journal, no wire.

mod directories;
mod ids;
mod index_view;
mod indexes;
pub mod openapi;
mod paging;
mod value_checks;

pub use directories::all as all_directories;
pub use index_view::all as all_indexes;

use crate::operation::Operation;

/// Every operation, in the order in which the service's router tries them.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    indexes::OPERATIONS.iter().chain(directories::OPERATIONS)
}
