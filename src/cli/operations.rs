//! The subcommand `operations`: lists the operations of the API.

use std::fmt::Write as _;

use crate::api;

/// One line per operation: its name, method, path and summary. `emulated` stands in each, for the scripts of earlier
/// versions.
pub(super) fn list() -> String {
    let operations: Vec<_> = api::operations().collect();
    let name_width = operations.iter().map(|operation| operation.name.len()).max().unwrap_or(0);
    operations.iter().fold(String::new(), |mut list, operation| {
        let (name, method, path) = (operation.name, operation.method.as_str(), plain_path(operation.path));
        let _ = writeln!(list, "{name:name_width$}  emulated  {method:6} {path}  {}", operation.summary);
        list
    })
}

/// A path whose parameters have names only.
fn plain_path(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment.split_once(':') {
        Some((name, _)) if segment.starts_with('{') => format!("{name}}}"),
        _ => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}
