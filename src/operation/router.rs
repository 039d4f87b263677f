//! The router: finds the row of the operation table for a method and a path, or decides 404, 405 or 307 as the
//! framework of the service does.

use std::borrow::Cow;

use http::Method;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::{MAX_OPERATIONS, Operation};
use crate::request::PathParams;

/// The operation table, ready to be searched.
#[derive(Debug)]
pub(crate) struct Router {
    rows: Vec<RouterRow>,
}

#[derive(Debug)]
struct RouterRow {
    operation: &'static Operation,
    path: PathPattern,
}

/// The path of a row.
#[derive(Debug)]
struct PathPattern {
    /// The path up to its first parameter. Most rows are left out by it.
    prefix: &'static str,
    /// What follows the prefix; empty for a path without parameters.
    segments: Vec<Segment>,
}

/// A part of a path between two slashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Segment {
    /// This text.
    Literal(&'static str),
    /// A parameter; the schema of the parameters checks its type.
    Param(&'static str),
    /// A parameter that takes the rest of the path, slashes included.
    Rest(&'static str),
}

/// The operation that a request is for.
#[derive(Debug)]
pub(crate) struct RoutedOperation {
    /// Its position in the table.
    pub(crate) position: usize,
    /// Its row.
    pub(crate) operation: &'static Operation,
    /// The values in the path.
    pub(crate) path: PathParams,
}

/// The result of routing a method and a path.
#[derive(Debug)]
pub(crate) enum Route {
    /// An operation has this path and this method.
    Found(RoutedOperation),
    /// No operation has this path, but one has it with, or without, a slash at its end.
    Redirect(String),
    /// An operation has this path, but not this method.
    WrongMethod(&'static str),
    /// No operation has this path.
    Unknown,
}

/// The characters that the redirects of the framework percent-encode in a path.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'#')
    .add(b'?')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

impl RoutedOperation {
    /// The value of a parameter in the path.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.path.iter().find(|(param, _)| *param == name).map(|(_, value)| value.as_str())
    }
}

impl Router {
    /// The router of these operations. Of two rows that match, the first wins.
    pub(crate) fn new(operations: impl Iterator<Item = &'static Operation>) -> Self {
        let rows: Vec<RouterRow> = operations.map(RouterRow::from).collect();
        assert!(rows.len() <= MAX_OPERATIONS, "fault rules hold the set of their operations in {MAX_OPERATIONS} bits");
        Self { rows }
    }

    /// All operations, in the order of the table.
    pub(crate) fn operations(&self) -> impl Iterator<Item = &'static Operation> + '_ {
        self.rows.iter().map(|row| row.operation)
    }

    /// The operation of this name and its position.
    pub(crate) fn named(&self, name: &str) -> Option<(usize, &'static Operation)> {
        self.operations().enumerate().find(|(_, operation)| operation.name == name)
    }

    /// Routes `method` and `path` (not decoded). The framework decodes a path before it matches it, so an escaped slash
    /// is a slash.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Route {
        let decoded = decoded(path);
        let mut rows = self.rows.iter().enumerate().filter(|(_, row)| row.operation.method == *method);
        let matching = |(position, row): (usize, &RouterRow)| {
            row.path.matches(&decoded).map(|path| RoutedOperation { position, operation: row.operation, path })
        };
        if let Some(found) = rows.find_map(matching) {
            return Route::Found(found);
        }
        let other = self.rows.iter().find(|row| row.path.matches(&decoded).is_some());
        other.map_or_else(|| self.redirect(&decoded), |row| Route::WrongMethod(row.operation.method.as_str()))
    }

    fn redirect(&self, path: &str) -> Route {
        let other = if path.ends_with('/') { path.trim_end_matches('/').to_owned() } else { format!("{path}/") };
        if self.rows.iter().any(|row| row.path.matches(&other).is_some()) {
            Route::Redirect(utf8_percent_encode(&other, ESCAPED).to_string())
        } else {
            Route::Unknown
        }
    }
}

/// The names of the parameters in the path of a row.
pub(crate) fn path_param_names(path: &'static str) -> impl Iterator<Item = &'static str> {
    segments(path).into_iter().filter_map(|segment| match segment {
        Segment::Param(name) | Segment::Rest(name) => Some(name),
        Segment::Literal(_) => None,
    })
}

/// The values of the parameters in a path (not decoded) that has this path of a row; empty if it has another one.
pub(crate) fn path_params(row: &'static str, path: &str) -> PathParams {
    PathPattern::new(row).matches(&decoded(path)).unwrap_or_default()
}

fn decoded(path: &str) -> Cow<'_, str> {
    if path.contains('%') { percent_decode_str(path).decode_utf8_lossy() } else { path.into() }
}

fn segments(path: &'static str) -> Vec<Segment> {
    let segment = |segment: &'static str| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        None => Segment::Literal(segment),
        Some(param) => match param.split_once(':') {
            Some((name, "path")) => Segment::Rest(name),
            Some((name, _)) => Segment::Param(name),
            None => Segment::Param(param),
        },
    };
    path.split('/').map(segment).collect()
}

impl From<&'static Operation> for RouterRow {
    fn from(operation: &'static Operation) -> Self {
        Self { operation, path: PathPattern::new(operation.path) }
    }
}

impl PathPattern {
    fn new(path: &'static str) -> Self {
        let prefix = path.split('{').next().unwrap_or_default();
        let rest = &path[prefix.len()..];
        let segments = if rest.is_empty() { Vec::new() } else { segments(rest) };
        Self { prefix, segments }
    }

    /// The values in a path, if it matches.
    fn matches(&self, path: &str) -> Option<PathParams> {
        let rest = self.without_newline(path).strip_prefix(self.prefix)?;
        let mut rest = Some(rest).filter(|rest| !rest.is_empty() || !self.segments.is_empty());
        let mut params = PathParams::with_capacity(self.segments.len());
        for segment in &self.segments {
            let path = rest?;
            let (value, after) = match (segment, path.split_once('/')) {
                (Segment::Rest(_), _) | (_, None) => (path, None),
                (_, Some((value, after))) => (value, Some(after)),
            };
            match segment {
                Segment::Literal(text) if *text != value => return None,
                Segment::Literal(_) => {}
                Segment::Param(_) if value.is_empty() => return None,
                Segment::Param(name) | Segment::Rest(name) => params.push((name, value.to_owned())),
            }
            rest = after;
        }
        rest.is_none().then_some(params)
    }

    /// The framework's pattern for a path ends in a `$`, which Python also finds before a final newline.
    fn without_newline<'a>(&self, path: &'a str) -> &'a str {
        match self.segments.last() {
            None | Some(Segment::Literal(_)) => path.strip_suffix('\n').unwrap_or(path),
            Some(Segment::Param(_) | Segment::Rest(_)) => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api;

    /// A path that the row matches.
    fn example(path: &str) -> String {
        let segment = |segment: &str| match segment {
            param if param.starts_with('{') => "0f5d4b92-8f1c-4d43-9c2e-0a1b2c3d4e5f".to_owned(),
            literal => literal.to_owned(),
        };
        path.split('/').map(segment).collect::<Vec<_>>().join("/")
    }

    #[test]
    fn no_two_rows_have_one_name_or_match_one_request() {
        let router = Router::new(api::operations());
        for (position, operation) in router.operations().enumerate() {
            assert_eq!(router.named(operation.name).map(|(found, _)| found), Some(position), "{}", operation.name);
            let path = example(operation.path);
            let matching: Vec<&str> = router
                .rows
                .iter()
                .filter(|row| row.operation.method == operation.method && row.path.matches(&path).is_some())
                .map(|row| row.operation.name)
                .collect();
            assert_eq!(matching, [operation.name], "{path}");
        }
    }

    #[test]
    fn the_table_fits_the_operation_sets_of_fault_rules() {
        assert!(api::operations().count() <= MAX_OPERATIONS);
    }

    #[test]
    fn a_rest_parameter_takes_slashes_and_others_do_not() {
        let router = Router::new(api::operations());
        let found = |path: &str| match router.find(&Method::GET, path) {
            Route::Found(found) => Some((found.operation.name, found.path)),
            _ => None,
        };
        let attachment = |name: &str| Some(("attachments.get", vec![("attachment_name", name.to_owned())]));
        assert_eq!(found("/api/v1/beta/attachments/screenshots%2Fpage_7.jpg"), attachment("screenshots/page_7.jpg"));
        assert_eq!(found("/api/v1/beta/attachments/a/b/c"), attachment("a/b/c"));
        assert!(found("/api/v1/indexes/a/b").is_none());
    }
}
