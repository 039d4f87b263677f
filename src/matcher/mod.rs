//! Conditions on requests and patterns of operations: one language for fault rules and for queries over the journal.
//!
//! ```text
//! condition = ( "header:" NAME | "query:" NAME | "path:" NAME | "body:" POINTER ) [ ( "=" | "~" ) VALUE ]
//! pattern   = one { "," one }        one = name | family ".*" | "reads" | "writes" | "*"
//! ```

mod condition;
mod operations;
mod parse_error;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use condition::{Condition, RequestParts, check_pointer};
pub(crate) use operations::{OperationFacts, matching_operations};
pub(crate) use parse_error::ParseError;
pub(crate) use words::{quoted, split_words};
