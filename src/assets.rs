//! What ships inside the binary: the schemas and the fixtures. The only place that includes files; it never reads a disk.

use include_dir::{Dir, include_dir};

/// JSON Schemas: one per request and response body.
pub static SCHEMAS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/schemas");

/// Scenarios and worlds.
pub static FIXTURES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fixtures");
